"""In which steps a US option may be quoted, where the vendor does not say which class it is in."""

from vanta.domain.exact import UNIT

NICKEL, DIME = UNIT // 20, UNIT // 10
WIDER_FROM = 27 * UNIT // 10
"""Options step in nickels below three dollars and in dimes from there on; those that may be quoted
in cents take both. Dimes are taken from a little earlier on: a limit may reach past the far side of
the market, and a dime is a step on either side."""


def option_tick(*prices: int) -> int:
    """The step that every option takes at these prices, units; without a price, a dime."""
    return DIME if max(prices, default=WIDER_FROM) >= WIDER_FROM else NICKEL
