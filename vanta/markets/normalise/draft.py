"""What every feed's module uses: reading a raw item's fields, and making the signal."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from vanta.domain.encoding import content_id, decode
from vanta.domain.errors import MalformedError
from vanta.domain.instant import MINUTE
from vanta.domain.signal import RawItem, Signal
from vanta.markets.times import EXACT

SKEW = 5 * MINUTE
"""How far a source's clock may be ahead of the one that recorded it."""

Row = dict[str, str]
"""A CSV row by column; keys that start with `@` are facts of its file."""

_rows = msgspec.json.Decoder(dict[str, str])
T = TypeVar("T")


def row(raw: RawItem) -> Row:
    """The item as a CSV row."""
    try:
        return _rows.decode(raw.content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a row: {error}", code="COLUMNS", place=raw.place) from error


def cell(cells: Row, name: str) -> str:
    """One column of a row; `MalformedError` (`COLUMNS`) when the row has none of that name."""
    try:
        return cells[name]
    except KeyError as error:
        raise MalformedError(f"no column {name!r}", code="COLUMNS") from error


def shaped(raw: RawItem, kind: type[T]) -> T:
    """The item as JSON of a known shape; unknown members are allowed, missing ones are not."""
    return decode(kind, raw.content.encode(), place=raw.place)


def signal(  # the fields of a signal, each said by the layout
    raw: RawItem,
    kind: str,
    *,
    source_id: str = "",
    event: int,
    seen: int | None = None,
    quality: str = EXACT,
    symbols: Iterable[str] = (),
    author: str = "",
    text: str = "",
    measures: dict[str, int] | None = None,
    entities: dict[str, str] | None = None,
) -> Signal:
    """A signal of `raw`.

    Args:
        raw: the item.
        kind: the signal's kind.
        source_id: the source's own id; empty where it has none, and then the content is the id.
        event: when it happened.
        seen: when it could first be known; None for at once.
        quality: of the event's time.
        symbols: as the feed itself names them.
        author: as the feed names them.
        text: cleaned text.
        measures: scaled integers by name.
        entities: parties by role; empty ones are dropped.

    Raises:
        MalformedError: `FUTURE_STAMP`: it says it happened after it was recorded.
    """
    if event > raw.collected + SKEW:
        raise MalformedError("stamped after it was recorded", code="FUTURE_STAMP", place=raw.place)
    identity: tuple[Any, ...] = (
        (source_id,) if source_id else (author, str(event), ",".join(symbols), text)
    )
    return Signal(
        id=content_id("sig", raw.feed.encode(), kind.encode(), *(p.encode() for p in identity)),
        feed=raw.feed,
        kind=kind,
        event_ts=event,
        seen_ts=max(event, seen if seen is not None else event),
        time_quality=quality,
        symbols=tuple(dict.fromkeys(symbol.upper() for symbol in symbols if symbol)),
        author=author,
        text=text,
        measures=measures or {},
        entities={role: name for role, name in (entities or {}).items() if name},
        origin=raw.place,
    )
