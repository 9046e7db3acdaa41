"""The numbers feeds carry, as scaled integers; NaN, infinities and nulls stop here."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from vanta.domain.errors import MalformedError
from vanta.domain.exact import UNIT

_BOUND = 2**62
_DIGITS = 18
"""Before and after the point; beyond stands a mistake, or an attack."""
_TEN_THOUSANDTH = UNIT // 10_000
_ONE = Decimal(1)


def _no_number(value: object) -> MalformedError:
    return MalformedError(f"{str(value)[:64]!r} is not a number of this feed", code="NUMBER")


def decimal(value: object) -> Decimal | None:
    """A decimal of a size that can be one here; None for anything else, however it is written.

    The size is looked at first: writing out `1e999999` would take minutes.
    """
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    sane = number.is_finite() and abs(number.adjusted()) <= _DIGITS
    return number if sane or number == 0 else None


def scaled(value: str | float, scale: int = UNIT) -> int:
    """A decimal as a scaled integer, rounded half-even: feeds print the noise of their floats.

    Raises:
        MalformedError: `NUMBER`: not a finite number, or too large to be one.
    """
    number = decimal(value)
    if number is None:
        raise _no_number(value)
    whole = int((number * scale).quantize(_ONE, rounding=ROUND_HALF_EVEN))
    if abs(whole) >= _BOUND:
        raise _no_number(value)
    return whole


def positive(value: str | float, scale: int = UNIT) -> int:
    """A price or a strike: above nothing."""
    number = scaled(value, scale)
    if number <= 0:
        raise _no_number(value)
    return number


def amount(value: str | float, scale: int = UNIT) -> int:
    """A volume or a size: nothing or more."""
    number = scaled(value, scale)
    if number < 0:
        raise _no_number(value)
    return number


def x10000(value: str) -> int:
    """A price in ten-thousandths of a dollar, in units."""
    return positive(value, _TEN_THOUSANDTH)


def count(value: str | int) -> int:
    """A whole number of contracts, shares or rows; nothing or more."""
    try:
        number = int(value)
    except ValueError as error:
        raise _no_number(value) from error
    if not 0 <= number < _BOUND:
        raise _no_number(value)
    return number
