"""What a quote says the market is: one reference price, and how far apart its two sides are."""

import re

from vanta.domain.exact import PPM, UNIT
from vanta.domain.trading import Quote

MAGNITUDE = 10**17
"""Largest price or quantity that is believed, units: a billion dollars, a billion shares."""

_OPTION = re.compile(r"[A-Z0-9.]{1,6} *[0-9]{6}([CP])([0-9]{8})")
"""OCC: root, expiry, call or put, strike in thousandths of a dollar."""


def reference(quote: Quote) -> int:
    """The middle of the market, units, rounded down; 0 when the quote does not hold together."""
    bid, ask = quote.bid, quote.ask
    if 0 < bid <= ask <= MAGNITUDE:
        return (bid + ask) // 2
    return 0


def spread(quote: Quote) -> int:
    """Distance of the two sides as a share of the middle, ppm, rounded up."""
    return -(-2 * (quote.ask - quote.bid) * PPM // (quote.ask + quote.bid))


def is_call(symbol: str) -> bool:
    """Whether an OCC option symbol such as `AAPL240119C00190000` names a call."""
    option = _OPTION.fullmatch(symbol)
    return option is not None and option[1] == "C"


def put_strike(symbol: str) -> int:
    """The strike of the put an OCC option symbol names, units; 0 where it names none."""
    option = _OPTION.fullmatch(symbol)
    return int(option[2]) * UNIT // 1000 if option is not None and option[1] == "P" else 0
