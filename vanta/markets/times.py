"""The time stamps feeds carry, read as UTC nanoseconds; each function reads one way of writing."""

import re
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.markets.amounts import decimal

EXACT = "exact"
ROUNDED = "rounded"
DAY_ONLY = "day"
ASSUMED_ZONE = "assumed_zone"

FARTHEST_ZONE = 12 * HOUR
"""How much later than read as UTC a zone-less stamp can be: the clocks west of Greenwich."""
SETTLED = 30 * MINUTE
"""After the close, until a day's bar can be had."""

_EARLIEST = 631_152_000 * SECOND
_LATEST = 4_102_444_800 * SECOND
"""1990 and 2100: a stamp outside is a misread number, not a time."""

NEW_YORK = ZoneInfo("America/New_York")
_SATURDAY = 5
_OPEN = time(9, 30)
_CLOSE = time(16, 0)
_EDGAR_SHUTS = time(22, 0)
"""EDGAR accepts until 22:00, so what was filed on a day is out when the day's desk shuts."""

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_PORTUGUESE = {
    "fev": "Feb",
    "abr": "Apr",
    "mai": "May",
    "ago": "Aug",
    "set": "Sep",
    "out": "Oct",
    "dez": "Dec",
}
"""Month names that differ from the English ones of RFC 822."""
_DAY_NAME = re.compile(r"^\s*[^\W\d]+\.?,\s*")
_EPOCH = re.compile(r"[0-9]{9,10}\Z")


def _unreadable(text: object) -> MalformedError:
    return MalformedError(f"{str(text)[:64]!r} is not a time of this feed", code="TIME")


def _bounded(ns: int, text: object) -> int:
    if not _EARLIEST <= ns < _LATEST:
        raise _unreadable(text)
    return ns


def _ns(moment: datetime, text: object) -> int:
    try:
        whole = int(moment.replace(microsecond=0).timestamp())
    except (OverflowError, ValueError, OSError) as error:
        raise _unreadable(text) from error
    return _bounded(whole * SECOND + moment.microsecond * 1000, text)


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise _unreadable(text) from error


def zoned(text: str) -> int:
    """ISO 8601 with an offset, `T` or blank between date and clock; without one it is refused."""
    moment = _iso(text)
    if moment.tzinfo is None:
        raise _unreadable(text)
    return _ns(moment, text)


def naive_utc(text: str) -> int:
    """ISO 8601 without a zone, read as UTC; one that names a zone is refused."""
    moment = _iso(text)
    if moment.tzinfo is not None:
        raise _unreadable(text)
    return _ns(moment.replace(tzinfo=UTC), text)


def epoch_seconds(text: str | float) -> int:
    """Seconds since 1970, whole or with decimals."""
    seconds = decimal(text)
    if seconds is None:
        raise _unreadable(text)
    return _bounded(int(seconds * SECOND), text)


def epoch_millis(value: str | int) -> int:
    """Milliseconds since 1970."""
    try:
        ns = int(value) * 1_000_000
    except ValueError as error:
        raise _unreadable(value) from error
    return _bounded(ns, value)


@lru_cache(maxsize=4096)
def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _unreadable(text) from error


@lru_cache(maxsize=4096)
def utc_midnight(day: str) -> int:
    """00:00 UTC of `2014-06-06` or `20140606`."""
    return _ns(datetime.combine(_date(day), time(), UTC), day)


@lru_cache(maxsize=4096)
def new_york_midnight(day: str) -> int:
    """00:00 in New York of `2014-06-06` or `20140606`."""
    return _ns(datetime.combine(_date(day), time(), NEW_YORK), day)


@lru_cache(maxsize=4096)
def new_york_close(day: str) -> int:
    """16:00 in New York."""
    return _ns(datetime.combine(_date(day), _CLOSE, NEW_YORK), day)


@lru_cache(maxsize=4096)
def edgar_day_end(day: str) -> int:
    """When everything filed with the SEC on a day is out."""
    return _ns(datetime.combine(_date(day), _EDGAR_SHUTS, NEW_YORK), day)


def regular_hours(at: int) -> bool:
    """Whether New York's clocks read 9:30 to 16:00 on a weekday; holidays it does not know."""
    local = datetime.fromtimestamp(at // SECOND, NEW_YORK)
    return local.weekday() < _SATURDAY and _OPEN <= local.time() < _CLOSE


@lru_cache(maxsize=4096)
def new_york_open(day: str) -> int:
    """9:30 in New York."""
    return _ns(datetime.combine(_date(day), _OPEN, NEW_YORK), day)


def new_york_day(at: int) -> str:
    """The day in New York, as `20140606`."""
    return datetime.fromtimestamp(at // SECOND, NEW_YORK).strftime("%Y%m%d")


def new_york(text: str) -> int:
    """A New York local time without a zone, as `20220506183057`."""
    stamp = text.strip()
    moment = _iso(f"{stamp[:8]}T{stamp[8:]}")
    if moment.tzinfo is not None:
        raise _unreadable(text)
    return _ns(moment.replace(tzinfo=NEW_YORK), text)


def millis_of_day(midnight: int, text: str) -> int:
    """A midnight plus milliseconds, as minute files count."""
    try:
        millis = int(text)
    except ValueError as error:
        raise _unreadable(text) from error
    if not 0 <= millis * 1_000_000 < DAY:
        raise _unreadable(text)
    return midnight + millis * 1_000_000


_TWITTER = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) \+0000 (\d{4})\Z", re.ASCII
)
_MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, start=1)}


def twitter_time(text: str) -> int:
    """`Sun Jun 01 01:05:54 +0000 2014`."""
    match = _TWITTER.match(text)
    if match is None:
        raise _unreadable(text)
    month, *digits, year = match.groups()
    day, hour, minute, second = (int(part) for part in digits)
    try:
        moment = datetime(int(year), _MONTHS[month], day, hour, minute, second, tzinfo=UTC)
    except (ValueError, KeyError) as error:
        raise _unreadable(text) from error
    return _ns(moment, text)


def feed_time(text: str) -> tuple[int, str]:
    """The date of a syndicated feed's entry, and its quality.

    ISO 8601 (Atom, `dc:date`), RFC 822 (RSS), RFC 822 with Portuguese names, or epoch seconds.
    """
    written = text.strip()
    if _EPOCH.match(written):
        return epoch_seconds(written), EXACT
    moment = _iso(written) if written[:4].isdigit() else _rfc822(written)
    if moment.tzinfo is None:
        return _ns(moment.replace(tzinfo=UTC), text), ASSUMED_ZONE
    return _ns(moment, text), EXACT


def _rfc822(text: str) -> datetime:
    words = _DAY_NAME.sub("", text).split()
    words = [_PORTUGUESE.get(word.casefold().rstrip("."), word) for word in words]
    try:
        return parsedate_to_datetime(" ".join(words))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise _unreadable(text) from error
