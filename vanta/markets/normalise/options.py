"""Options flow: minutes of trades per contract, open interest, and a screen of unusual volume."""

from typing import Literal

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.exact import UNIT, notional
from vanta.domain.instant import MINUTE
from vanta.domain.signal import RawItem, Signal
from vanta.markets.amounts import count, positive, scaled, x10000
from vanta.markets.normalise.draft import Row, cell, row, shaped, signal
from vanta.markets.times import ROUNDED, epoch_seconds, millis_of_day, new_york_midnight

SHARES = 100
"""Shares one contract stands for."""
_RIGHTS = {"call": "call", "put": "put", "C": "call", "P": "put"}
_UNDERLYING = {"SPXW": "SPX"}
"""Weekly roots trade on the index itself."""


def _right(text: str) -> str:
    try:
        return _RIGHTS[text]
    except KeyError as error:
        raise MalformedError(f"{text[:16]!r} is neither call nor put", code="OPTION") from error


def _contract(cells: Row) -> tuple[str, str, dict[str, int]]:
    root = cell(cells, "underlying")
    expiry = cell(cells, "expiry")
    new_york_midnight(expiry)
    terms = {
        "strike_units": x10000(cell(cells, "strike_x10000")),
        "expiry_yyyymmdd": count(expiry.replace("-", "")),
    }
    return _UNDERLYING.get(root, root), _right(cell(cells, "right")), terms


def _begin(cells: Row) -> int:
    midnight = new_york_midnight(cell(cells, "trade_date"))
    return millis_of_day(midnight, cell(cells, "ms_since_midnight_ny"))


def minute_trades(raw: RawItem) -> Signal:
    """What traded of one contract in one minute; its premium is volume times the close."""
    cells = row(raw)
    underlying, right, terms = _contract(cells)
    contracts = count(cell(cells, "volume"))
    if not contracts:
        raise MalformedError("nothing traded in this minute", code="NO_TRADES")
    close = x10000(cell(cells, "close_x10000"))
    end = _begin(cells) + MINUTE
    return signal(
        raw,
        "option_flow",
        source_id=f"trades {cell(cells, 'underlying')} {right} {terms} {end}",
        event=end,
        symbols=[underlying],
        author=raw.layout,
        measures=terms
        | {
            "contracts_count": contracts,
            "premium_units": notional(close, contracts * UNIT, SHARES),
        },
        entities={"right": right},
    )


def open_interest(raw: RawItem) -> Signal:
    """Contracts open in the morning."""
    cells = row(raw)
    underlying, right, terms = _contract(cells)
    at = _begin(cells)
    return signal(
        raw,
        "option_flow",
        source_id=f"open {cell(cells, 'underlying')} {right} {terms} {at}",
        event=at,
        symbols=[underlying],
        author=raw.layout,
        measures=terms | {"open_count": count(cell(cells, "open_interest"))},
        entities={"right": right},
    )


class Unusual(msgspec.Struct, frozen=True):
    """One row of the screen; its one-letter keys: ask, bid, strike, type, volume."""

    a: float
    b: float
    s: float
    t: Literal["C", "P"]
    tk: str
    v: float
    oi: float
    expiry: str
    updated: str = msgspec.field(name="@updated")


def unusual(raw: RawItem) -> Signal:
    """A contract that traded many times its open interest, as of the screen's last update."""
    item = shaped(raw, Unusual)
    day = item.expiry.replace("-", "")
    new_york_midnight(day)
    at = epoch_seconds(item.updated)
    contracts = scaled(item.v, 1)
    middle = (scaled(item.a) + scaled(item.b)) // 2
    if contracts <= 0 or middle < 0:
        raise MalformedError("no volume, or a negative price", code="OPTION")
    return signal(
        raw,
        "option_flow",
        source_id=f"screen {item.tk} {item.t} {item.s} {item.expiry} {at}",
        event=at,
        quality=ROUNDED,
        symbols=[item.tk],
        author=raw.layout,
        measures={
            "strike_units": positive(item.s),
            "expiry_yyyymmdd": count(day),
            "contracts_count": contracts,
            "open_count": scaled(item.oi, 1),
            "premium_units": notional(middle, contracts * UNIT, SHARES),
        },
        entities={"right": _right(item.t)},
    )
