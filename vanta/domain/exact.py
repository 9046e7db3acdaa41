"""Exact numbers: decimals at the edges, scaled integers inside.

Money, prices and quantities are integers of 10^-8 (`units`); ratios, scores and weights are
integers of 10^-6 (`ppm`). NaN, infinities, exponents and more digits than the scale holds are
refused where they enter, so nothing behind the edge ever rounds by accident.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from vanta.domain.errors import MalformedError

UNIT = 10**8
"""Scaled integers of one dollar, one share, one coin."""

FINEST = 10**10
"""Finest parts of a unit, 10^-18 of a coin: what is kept as a fee comes in finer steps than what is
traded."""

PPM = 10**6
"""Scaled integers of the ratio 1."""

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?\Z")


def _scaled(text: str, digits: int, place: str) -> int:
    if not _PLAIN.match(text):
        raise MalformedError(
            f"{text[:60]!r} is not a plain decimal",
            code="NUMBER",
            place=place,
            remedy="write it as digits with at most one point, such as 12500.50",
        )
    whole, _, fraction = text.partition(".")
    if len(fraction.rstrip("0")) > digits:
        raise MalformedError(
            f"{text[:60]!r} has more than {digits} decimal places", code="NUMBER", place=place
        )
    # As an integer from the digits themselves: a decimal context would round long ones.
    return int(whole + fraction[:digits].ljust(digits, "0"))


def units(text: str, *, place: str = "") -> int:
    """Read a plain decimal as 10^-8 units: `"1.25"` is 125_000_000."""
    return _scaled(text, 8, place)


def ppm(text: str, *, place: str = "") -> int:
    """Read a plain decimal ratio as parts per million: `"0.05"` is 50_000."""
    return _scaled(text, 6, place)


def _shown(value: int, scale: int) -> str:
    text = format(Decimal(value) / scale, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_units(value: int) -> str:
    """The shortest plain decimal of a 10^-8 integer."""
    return _shown(value, UNIT)


def show_finest(value: int) -> str:
    """The shortest plain decimal of a 10^-18 integer."""
    return _shown(value, UNIT * FINEST)


def show_money(value: int) -> str:
    """Dollars and whole cents, rounded toward zero: for people; `show_units` is exact."""
    cents = abs(value) * 100 // UNIT
    return f"{'-' if value < 0 and cents else ''}${cents // 100:,}.{cents % 100:02}"


def show_ppm(value: int) -> str:
    """The shortest plain decimal of a parts-per-million integer."""
    return _shown(value, PPM)


def notional(price: int, quantity: int, multiplier: int = 1) -> int:
    """Price times quantity times contract multiplier in units, rounded away from zero.

    Rounding away from zero means an exposure is never counted smaller than it is.
    """
    product = price * quantity * multiplier
    return -(-product // UNIT) if product >= 0 else product // UNIT


def part_of(amount: int, ratio: int) -> int:
    """`amount` times a ppm ratio, rounded toward zero, so that a share never exceeds its whole."""
    product = amount * ratio
    return product // PPM if product >= 0 else -(-product // PPM)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts by weight, which add up to it exactly.

    What whole units cannot share goes to the largest remainders, the first of equals first; where
    no weight is above zero, all of it to the first.

    Args:
        amount: units, either sign.
        weights: none below zero.
    """
    whole = sum(weights)
    if not whole:
        return [amount if number == 0 else 0 for number in range(len(weights))]
    size, sign = abs(amount), 1 if amount >= 0 else -1
    parts = [size * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(size * weights[at] % whole), at))
    for at in order[: size - sum(parts)]:
        parts[at] += 1
    return [sign * part for part in parts]
