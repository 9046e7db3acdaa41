"""Recorded headlines and syndicated feeds."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY
from vanta.markets.collectors.files import FeedFile, Findings, Found, records, timed
from vanta.markets.collectors.recorded import Layout, RecordedCollector
from vanta.markets.normalise.news import GDELT_STEP
from vanta.markets.times import ASSUMED_ZONE, FARTHEST_ZONE, feed_time, naive_utc, zoned

Row = dict[str, str]
SYNDICATED_BYTES = 2 * 1024 * 1024
"""Of a syndicated feed: the parser takes seconds for each million."""
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def _midnight_late(row: Row) -> int:
    stamp = row["date"]
    return zoned(stamp) + (DAY if stamp[11:19] == "00:00:00" else 0)


def _rows(at: Callable[[Row], int], facts: tuple[str, ...] = ()) -> Callable[[FeedFile], Findings]:
    return lambda file: records(file, at, facts=facts)


def _gdelt(file: FeedFile) -> Findings:
    file.facts["symbol"] = file.facts["name"].upper()
    return records(file, lambda row: naive_utc(row["dt"]) + GDELT_STEP, facts=("symbol",))


def _json(file: FeedFile, kind: Any) -> Any:  # noqa: ANN401 - a type form, and a value of it
    try:
        return msgspec.json.decode(file.document(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(
            f"not the answer expected: {error}", code="MALFORMED_JSON", place=file.place
        ) from error


class _Stories(msgspec.Struct):
    data: list[msgspec.Raw]


class _Attributes(msgspec.Struct, rename="camel"):
    publish_on: str = ""


class _Published(msgspec.Struct):
    attributes: _Attributes = msgspec.field(default_factory=_Attributes)
    publish_on: str = ""


def _published(story: msgspec.Raw) -> int:
    try:
        stamp = msgspec.json.decode(story, type=_Published)
    except msgspec.DecodeError as error:
        raise MalformedError(str(error), code="MALFORMED_JSON") from error
    return zoned(stamp.publish_on or stamp.attributes.publish_on)


def _each(stories: list[msgspec.Raw]) -> Findings:
    for number, story in enumerate(stories, start=1):
        yield Found(number, bytes(story).decode(), timed(_published, story))


def _stories(file: FeedFile) -> Findings:
    return _each(_json(file, _Stories).data)


def _trending(file: FeedFile) -> Findings:
    return _each(_json(file, list[msgspec.Raw]))


def _entry_at(entry: Row) -> int:
    at, quality = feed_time(entry["published"] or entry["updated"])
    return at + (FARTHEST_ZONE if quality == ASSUMED_ZONE else 0)


def _text(value: object) -> str:
    """A parser's string without the halves of characters a feed can spell with a number."""
    return str(value or "").encode("utf-8", "replace").decode()


def syndicated(file: FeedFile) -> Findings:
    """The entries of an RSS, RDF or Atom file, whatever its encoding claims to be."""
    import feedparser  # noqa: PLC0415 - only a node that reads feeds pays for it

    data = file.document(SYNDICATED_BYTES)
    # feedparser drops what it knows of a document type; an entity has no honest use in a feed.
    if _ENTITY.search(data.replace(b"\0", b"")):
        raise MalformedError("declares entities", code="XML_ENTITY", place=file.place)
    try:
        parsed = feedparser.parse(data.lstrip())
    except Exception as error:
        # A foreign parser over foreign bytes raises anything.
        raise MalformedError(
            f"no parser reads it: {type(error).__name__}", code="NO_FEED", place=file.place
        ) from error
    if not parsed.version:
        raise MalformedError("no feed of any kind", code="NO_FEED", place=file.place)
    title = _text(parsed.feed.get("title"))
    for number, entry in enumerate(parsed.entries, start=1):
        # `dict.get`: the parser's own invents an update time and warns about it.
        names = ("title", "summary", "link", "id", "published", "updated")
        item = {name: _text(dict.get(entry, name)) for name in names} | {"feed": title}
        yield Found(number, msgspec.json.encode(item).decode(), timed(_entry_at, item))


SYNDICATED = re.compile(r"[\w.-]+\.(?:rss|atom|xml)")

LAYOUTS = (
    Layout("news-by-ticker", re.compile(r"headlines_by_ticker_.*\.csv"), _rows(_midnight_late)),
    Layout("news-wire", re.compile(r"iex_news_.*\.csv"), _rows(lambda row: zoned(row["datetime"]))),
    Layout("news-gdelt", re.compile(r"(?P<name>[a-z]{1,5})_headlines_.*\.csv"), _gdelt),
    Layout("news-stories", re.compile(r"seekingalpha_top_news_.*\.json"), _stories),
    Layout("news-trending", re.compile(r"seekingalpha_trending_.*\.json"), _trending),
    Layout("syndicated", SYNDICATED, syndicated),
)


def collector(root: Path) -> RecordedCollector:
    """The headlines and feeds below `root`."""
    return RecordedCollector("news", root, folders=("news", "rss"), layouts=LAYOUTS)
