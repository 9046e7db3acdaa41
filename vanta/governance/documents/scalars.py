"""How a person writes money, ratios, durations, instants and names, and what they become.

The strict YAML reader hands over text, bools, ints and plain decimals; everything here is exact.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictBool, WithJsonSchema

from vanta.domain.errors import MalformedError
from vanta.domain.exact import ppm, show_ppm, show_units, units
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND, parse_instant, show_instant
from vanta.lattice.direction import BOUNDLESS

NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
MEMBER_PATTERN = r"^(?:\*|[A-Za-z0-9][A-Za-z0-9._/-]{0,30})$"
PATH_PATTERN = r"^(?:\*|[a-z_]{1,40}(?:\.(?:\*|[A-Za-z0-9_-]{1,63})){0,6})$"
_DECIMAL_PATTERN = r"^(0|[1-9][0-9]{0,17})(\.[0-9]+)?$"
_DURATION = re.compile(r"(0|[1-9][0-9]{0,8})(s|m|h|d)\Z")
_SPANS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def _text(value: object) -> str:
    """The digits as written; a bool or a float is not a number here."""
    if isinstance(value, bool | float) or value is None:
        raise ValueError(f"{value!r} is not a plain number")
    return str(value)


def _positive(value: int, text: str) -> int:
    if value < 0:
        raise ValueError(f"{text} is negative; limits are not")
    if value >= BOUNDLESS:
        raise ValueError(f"{text} is larger than any limit can be")
    return value


def read_money(value: object) -> int:
    """Plain decimal dollars to units."""
    return _positive(_plain(units, value), str(value))


def read_ratio(value: object) -> int:
    """Plain decimal ratio to ppm: `0.05` is 50,000."""
    return _positive(_plain(ppm, value), str(value))


def _plain(read: Any, value: object) -> int:  # noqa: ANN401 - units or ppm
    try:
        return int(read(_text(value)))
    except MalformedError as error:
        raise ValueError(f"{error.message}; {error.remedy}".rstrip("; ")) from error


def read_count(value: object) -> int:
    """A whole number, 0 or more."""
    text = _text(value)
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise ValueError(f"{text!r} is not a whole number of at most nine digits")
    return int(text)


def read_duration(value: object) -> int:
    """`30s`, `5m`, `2h` or `3d` to nanoseconds."""
    match = _DURATION.match(_text(value))
    if not match:
        raise ValueError(f"{value!r} is not a duration; write it like 30s, 5m, 2h or 3d")
    return _positive(int(match[1]) * _SPANS[match[2]], str(value))


def read_until(value: object) -> int:
    """An RFC 3339 time with a zone to UTC nanoseconds."""
    try:
        instant = parse_instant(_text(value))
    except MalformedError as error:
        raise ValueError(f"{error.message}; {error.remedy}") from error
    if not 0 < instant < FOREVER:
        raise ValueError(f"{value!r} is not a time this century knows")
    return instant


def read_members(value: object) -> frozenset[str]:
    """A list of distinct names, or `*` alone for everything."""
    return _read_set(value, MEMBER_PATTERN, "a name")


def read_paths(value: object) -> frozenset[str]:
    """A list of distinct dotted policy paths, or `*` alone for everything."""
    return _read_set(value, PATH_PATTERN, "a policy path such as vaults.*.exposure")


def _read_set(value: object, pattern: str, what: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise ValueError("this is a list of names, such as [AAPL, MSFT]")  # noqa: TRY004 - pydantic reads ValueError
    seen: set[str] = set()
    for item in value:
        if not isinstance(item, str) or not re.fullmatch(pattern, item):
            raise ValueError(f"{item!r} is not {what}; quote it if YAML reads it as something else")
        if item in seen:
            raise ValueError(f"{item!r} is listed twice")
        seen.add(item)
    if "*" in seen and len(seen) > 1:
        raise ValueError("`*` already means everything; list it alone")
    return frozenset(seen)


_NUMBER_SCHEMA = {
    "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _DECIMAL_PATTERN}]
}

Money = Annotated[int, BeforeValidator(read_money), WithJsonSchema(_NUMBER_SCHEMA)]
Ratio = Annotated[int, BeforeValidator(read_ratio), WithJsonSchema(_NUMBER_SCHEMA)]
Count = Annotated[
    int, BeforeValidator(read_count), WithJsonSchema({"type": "integer", "minimum": 0})
]
Duration = Annotated[
    int,
    BeforeValidator(read_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,8})(s|m|h|d)$"}),
]
Until = Annotated[
    int, BeforeValidator(read_until), WithJsonSchema({"type": "string", "format": "date-time"})
]
Members = Annotated[
    frozenset[str],
    BeforeValidator(read_members),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "pattern": MEMBER_PATTERN},
            "uniqueItems": True,
        }
    ),
]

Paths = Annotated[
    frozenset[str],
    BeforeValidator(read_paths),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string", "pattern": PATH_PATTERN}, "uniqueItems": True}
    ),
]

BY_UNIT: dict[str, Any] = {
    "money": Money,
    "quantity": Money,
    "ratio": Ratio,
    "count": Count,
    "duration": Duration,
    "until": Until,
    "bool": StrictBool,
}
"""The annotated type that reads each unit."""


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
