"""What a quote says the market is: one reference price, and how far apart its two sides are."""

import re

from vanta.domain.exact import PPM
from vanta.domain.trading import Quote

MAGNITUDE = 10**17
"""Largest price or quantity that is believed, units: a billion dollars, a billion shares."""

_CALL = re.compile(r"[A-Z0-9.]{1,6} *[0-9]{6}C[0-9]{8}")


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
    return _CALL.fullmatch(symbol) is not None
