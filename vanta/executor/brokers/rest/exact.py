"""Vendors' numbers as units: decimals from the very digits that were sent, never floats."""

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import parse_instant
from vanta.executor.brokers.port import BrokerAwayError

T = TypeVar("T")

_LARGEST = 13
"""Power of ten of the largest number that is believed."""
_DIGITS = 26
_OFF = Decimal("0.01")
"""Of a unit: further than a binary fraction of a quantity that is traded is off, and nearer than
the ninth decimal place."""


def decode(kind: type[T], body: bytes, place: str) -> T:
    """A vendor's answer, typed.

    Raises:
        BrokerAwayError: torn, or not what the vendor promises; nothing is known.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation) as error:
        # The message names a field and a type, never what was in it.
        raise unreadable(str(error), place) from error


def exact(value: Decimal, place: str) -> int:
    """A number in units, every digit of it.

    Raises:
        BrokerAwayError: not finite, beyond belief, or finer than a unit.
    """
    scaled = _scaled(value, place)
    if scaled != scaled.to_integral_value():
        raise unreadable(f"{value} is finer than 10^-8", place)
    return int(scaled)


def nearest(value: Decimal, place: str) -> int:
    """A number in units, of a vendor that writes binary fractions: 62.450000000000003 is 62.45.

    Raises:
        BrokerAwayError: not finite, or beyond belief.
    """
    return int(_scaled(value, place).to_integral_value(ROUND_HALF_EVEN))


def counted(value: Decimal, place: str) -> int:
    """A quantity in units, of a vendor that writes binary fractions: never another quantity.

    Raises:
        BrokerAwayError: not finite, beyond belief, or finer than a unit by more than such a
            fraction is ever off.
    """
    units, scaled = nearest(value, place), _scaled(value, place)
    if abs(scaled - units) > _OFF:
        raise unreadable(f"{value} is finer than 10^-8", place)
    return units


def whole(value: Decimal, place: str) -> int:
    """A number in whole units: what is less than one is not there yet.

    Raises:
        BrokerAwayError: not finite, or beyond belief.
    """
    return int(_scaled(value, place).to_integral_value(ROUND_FLOOR))


def finest(value: Decimal, place: str) -> int:
    """A number in 10^-18, every digit of it.

    Raises:
        BrokerAwayError: not finite, beyond belief, or finer than that.
    """
    _scaled(value, place)
    scaled = value.scaleb(18)
    if scaled != scaled.to_integral_value():
        raise unreadable(f"{value} is finer than 10^-18", place)
    return int(scaled)


def instant(text: str, place: str) -> int:
    """A vendor's time, UTC nanoseconds.

    Raises:
        BrokerAwayError: no time with a zone.
    """
    try:
        return parse_instant(text)
    except MalformedError as error:
        raise unreadable(error.message, place) from error


def unreadable(why: str, place: str) -> BrokerAwayError:
    """An answer that came whole and says nothing that can be relied on."""
    return BrokerAwayError(
        f"an answer that cannot be read: {why[:200]}",
        code="BROKER_TORN",
        place=place,
        remedy="`vanta broker check NAME` says what works",
    )


def step(value: Decimal, place: str) -> int | None:
    """A market's step in units; None for one that is finer, or none at all.

    Raises:
        BrokerAwayError: not finite, or beyond belief.
    """
    scaled = _scaled(value, place)
    return int(scaled) if scaled > 0 and scaled == scaled.to_integral_value() else None


def number(value: Decimal, place: str) -> Decimal:
    """A number that can be reckoned with: what is none, or too large, is an error in any sum.

    Raises:
        BrokerAwayError: not finite, or beyond belief.
    """
    _scaled(value, place)
    return value


def _scaled(value: Decimal, place: str) -> Decimal:
    if (
        not value.is_finite()
        or value.adjusted() > _LARGEST
        or len(value.as_tuple().digits) > _DIGITS
    ):
        raise unreadable(f"{str(value)[:40]} is no number", place)
    return value.scaleb(8)
