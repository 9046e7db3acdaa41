"""Recorded options flow."""

import re
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import MINUTE
from vanta.markets.collectors.files import FeedFile, Findings, Found, records, timed
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.times import epoch_seconds, millis_of_day, new_york_midnight

Row = dict[str, str]


def _begin(row: Row) -> int:
    return millis_of_day(new_york_midnight(row["trade_date"]), row["ms_since_midnight_ny"])


def _trades(file: FeedFile) -> Findings:
    return records(file, lambda row: _begin(row) + MINUTE)


def _open_interest(file: FeedFile) -> Findings:
    return records(file, _begin)


class _Screen(msgspec.Struct):
    data: list[dict[str, msgspec.Raw]]
    last_updated: str


def _unusual(file: FeedFile) -> Findings:
    try:
        screen = msgspec.json.decode(file.document(), type=_Screen)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(
            f"not a screen: {error}", code="MALFORMED_JSON", place=file.place
        ) from error
    at = timed(epoch_seconds, screen.last_updated)
    for number, row in enumerate(screen.data, start=1):
        item = {**row, "@updated": screen.last_updated}
        yield Found(number, msgspec.json.encode(item).decode(), at)


def _day(facts: Row) -> tuple[int, int]:
    return days(facts["date"], facts["date"])


_DATE = r"(?P<date>\d{4}-?\d{2}-?\d{2})"

LAYOUTS = (
    Layout("options-minute", re.compile(rf"[a-z]+_trades_minute_{_DATE}\.csv"), _trades, _day),
    Layout(
        "options-open-interest",
        re.compile(rf"[a-z]+_open_interest_{_DATE}\.csv"),
        _open_interest,
        _day,
    ),
    Layout("options-unusual", re.compile(r"fdscanner_.*\.json"), _unusual),
)


def collector(root: Path) -> RecordedCollector:
    """The options flow below `root`."""
    return RecordedCollector("options", root, folders=("options",), layouts=LAYOUTS)
