"""Instants as UTC nanoseconds since 1970, and the text people write for them."""

import re
from datetime import UTC, datetime

from vanta.domain.errors import MalformedError

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = 0
"""An `until` that has passed already: off."""
FOREVER = 2**62
"""An `until` that never comes: on until somebody changes it. Fits a signed 64-bit integer."""

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})\Z",
    re.ASCII,
)


def parse_instant(text: str, *, place: str = "") -> int:
    """Read an RFC 3339 time with a zone as UTC nanoseconds; anything else is refused."""
    match = _RFC3339.match(text)
    if match:
        day, clock, fraction, zone = match.groups()
        try:
            whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
        except ValueError:
            pass
        else:
            return int(whole.timestamp()) * SECOND + int((fraction or "").ljust(9, "0"))
    raise MalformedError(
        f"{text[:60]!r} is not a time with a zone",
        code="TIME",
        place=place,
        remedy="write it like 2026-11-22T15:00:00Z",
    )


def show_instant(ns: int) -> str:
    """RFC 3339 in UTC with as many decimals as are needed; `forever` for `FOREVER`."""
    if ns >= FOREVER:
        return "forever"
    whole, fraction = divmod(ns, SECOND)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{text}{decimals}Z"
