"""Recorded tweets."""

import calendar
import re
from pathlib import Path

import msgspec

from vanta.domain.errors import MalformedError
from vanta.markets.collectors.files import Fault, FeedFile, Findings, Found, timed
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.times import twitter_time, zoned


class _Stamp(msgspec.Struct):
    ts: str = ""
    created_at: str = ""


_stamp = msgspec.json.Decoder(_Stamp)


def _at(stamp: _Stamp) -> int:
    return zoned(stamp.ts) if stamp.ts else twitter_time(stamp.created_at)


def _read(file: FeedFile) -> Findings:
    for number, line in file.lines():
        try:
            stamp = _stamp.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Fault(number, "MALFORMED_JSON", f"not a tweet: {error}")
            continue
        yield Found(number, line, timed(_at, stamp))


def month(facts: dict[str, str]) -> tuple[int, int]:
    """The month a file's name promises."""
    try:
        _, last = calendar.monthrange(int(facts["year"]), int(facts["month"]))
    except calendar.IllegalMonthError as error:
        raise MalformedError(f"there is no month {facts['month']}", code="FILE_NAME") from error
    named = f"{facts['year']}-{facts['month']}"
    return days(f"{named}-01", f"{named}-{last}")


def _day(facts: dict[str, str]) -> tuple[int, int]:
    return days(facts["date"], facts["date"])


LAYOUTS = (
    Layout(
        "twitter-study",
        re.compile(r"tweets_(?P<date>\d{4}-\d{2}-\d{2})\.jsonl"),
        _read,
        _day,
    ),
    Layout(
        "twitter-study",
        re.compile(r"tweets_(?P<year>\d{4})-(?P<month>\d{2})\.jsonl"),
        _read,
        month,
    ),
    Layout("twitter-api", re.compile(r"raw_api_tweets.*\.jsonl"), _read),
)


def collector(root: Path) -> RecordedCollector:
    """The tweets below `root`."""
    return RecordedCollector("twitter", root, folders=("twitter",), layouts=LAYOUTS)
