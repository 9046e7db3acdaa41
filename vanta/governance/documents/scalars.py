"""How a person writes money, ratios, durations, instants and names, and what they become.

The strict YAML reader hands over text, bools, ints and plain decimals; everything here is exact.
"""

import re
from collections.abc import Callable
from typing import Any

from vanta.domain.errors import MalformedError
from vanta.domain.exact import ppm, show_ppm, show_units, units
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND, parse_instant, show_instant
from vanta.governance.documents.mistakes import MistakeError
from vanta.governance.yaml_tree import Number
from vanta.lattice.direction import BOUNDLESS, EVERYTHING

ONE_MEMBER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/@+-]{0,30}$"
MEMBER_PATTERN = r"^(?:\*|[A-Za-z0-9][A-Za-z0-9._/@+-]{0,30})$"
PATH_PATTERN = r"^(?:\*|[a-z_]{1,40}(?:\.(?:\*|[A-Za-z0-9_-]{1,63})){0,6})$"
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(s|m|h|d)\Z")
_SPANS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def _digits(value: object) -> str:
    """The digits as written; a bool or a float is not a number here."""
    if isinstance(value, bool | float) or value is None:
        raise MistakeError(
            f"{_as_written(value)} is not a plain number", "write digits, such as 0.05"
        )
    return str(value)


def _as_written(value: object) -> str:
    """A value as its writer would know it again."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(str(value) if isinstance(value, Number) else value)[:60]


def read_text(value: object) -> str:
    """Text; a number or a switch is not text, however it is spelled."""
    if not isinstance(value, str) or isinstance(value, Number):
        what = "a list or a map" if isinstance(value, list | dict) else _as_written(value)
        raise MistakeError(f"{what} is no text", "put quotes around it if it is meant as text")
    return value


def _positive(value: int, text: str) -> int:
    if value < 0:
        raise MistakeError(f"{text} is negative", "write 0 or more; a limit has no sign")
    if value >= BOUNDLESS:
        raise MistakeError(f"{text} is larger than any limit can be", "write a smaller one")
    return value


def read_money(value: object) -> int:
    """Plain decimal dollars to units."""
    return _positive(_plain(units, value), str(value))


def read_ratio(value: object) -> int:
    """Plain decimal ratio to ppm: `0.05` is 50,000."""
    return _positive(_plain(ppm, value), str(value))


def _plain(read: Any, value: object) -> int:  # noqa: ANN401 - units or ppm
    try:
        return int(read(_digits(value)))
    except MalformedError as error:
        remedy = error.remedy or "round it; nothing finer is kept"
        raise MistakeError(error.message, remedy) from error


def read_count(value: object) -> int:
    """A whole number, 0 or more."""
    text = _digits(value)
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise MistakeError(
            f"{text[:60]!r} is not a whole number of at most nine digits", "write it like 20"
        )
    return int(text)


def read_duration(value: object) -> int:
    """`30s`, `5m`, `2h` or `3d` to nanoseconds."""
    match = _DURATION.match(_digits(value))
    if not match:
        raise MistakeError(
            f"{_as_written(value)} is not a duration", "write it like 30s, 5m, 2h or 3d"
        )
    return _positive(int(match[1]) * _SPANS[match[2]], str(value))


def read_until(value: object) -> int:
    """An RFC 3339 time with a zone to UTC nanoseconds."""
    try:
        instant = parse_instant(_digits(value))
    except MalformedError as error:
        raise MistakeError(error.message, f"{error.remedy}, an absolute time") from error
    if not 0 < instant < FOREVER:
        raise MistakeError(
            f"{_as_written(value)} is not a time this century knows",
            "write it like 2026-11-22T15:00:00Z",
        )
    return instant


def read_members(value: object) -> frozenset[str]:
    """A list of distinct names, or `*` alone for everything."""
    return _read_set(value, MEMBER_PATTERN, "a name")


def read_nonces(value: object) -> frozenset[str]:
    """A list of distinct nonces; there is no `*`, for each release names what it lets go."""
    return _read_set(value, ONE_MEMBER_PATTERN, "a nonce")


def read_paths(value: object) -> frozenset[str]:
    """A list of distinct dotted policy paths, or `*` alone for everything."""
    return _read_set(value, PATH_PATTERN, "a policy path such as vaults.*.exposure")


def _read_set(value: object, pattern: str, what: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise MistakeError("this is not a list of names", "write it like [AAPL, MSFT]")
    seen: set[str] = set()
    for item in value:
        text = isinstance(item, str) and not isinstance(item, Number)
        if not text or not re.fullmatch(pattern, item):
            raise MistakeError(
                f"{_as_written(item)} is not {what}",
                "use ASCII letters and digits, and quote it if YAML reads it as something else",
            )
        if item in seen:
            raise MistakeError(f"{item!r} is listed twice", "list it once")
        seen.add(item)
    if EVERYTHING in seen and len(seen) > 1:
        raise MistakeError("`*` already means everything", "list it alone, or leave it out")
    return frozenset(seen)


def show(value: object, unit: str) -> str:
    """A governed value the way a person would write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, frozenset):
        return "[" + ", ".join(sorted(value)) + "]"
    if not isinstance(value, int):
        return str(value)
    if value >= BOUNDLESS:
        return "forever" if unit == "until" else "unlimited"
    return _SHOWN.get(unit, str)(value)


def _show_duration(value: int) -> str:
    for letter in "dhm":
        if value and value % _SPANS[letter] == 0:
            return f"{value // _SPANS[letter]}{letter}"
    return f"{value // SECOND}s"


_SHOWN: dict[str, Callable[[int], str]] = {
    "money": show_units,
    "quantity": show_units,
    "ratio": show_ppm,
    "duration": _show_duration,
    "until": lambda value: show_instant(value) if value else "off",
}
