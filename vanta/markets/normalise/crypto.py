"""Single trades on crypto exchanges; their bars are in `bars`."""

from typing import Literal

import msgspec

from vanta.domain.signal import RawItem, Signal
from vanta.markets.amounts import positive
from vanta.markets.normalise.draft import cell, row, shaped, signal
from vanta.markets.times import epoch_millis, epoch_seconds


class Trade(msgspec.Struct, frozen=True):
    """A trade as ccxt unifies it; `side` is the taker's."""

    id: str
    timestamp: int
    symbol: str
    side: Literal["buy", "sell"]
    price: float | str
    amount: float | str


def _trade(
    raw: RawItem, symbol: str, trade_id: str, at: int, *, price: int, size: int, side: str
) -> Signal:
    return signal(
        raw,
        "trade",
        source_id=f"{raw.layout} {symbol} {trade_id}",
        event=at,
        symbols=[symbol],
        author=raw.layout,
        measures={"price_units": price, "amount_units": size},
        entities={"taker_side": side},
    )


def unified_trade(raw: RawItem) -> Signal:
    """A line of a trades file, which also holds the exchange's own record."""
    trade = shaped(raw, Trade)
    return _trade(
        raw,
        trade.symbol.replace("/", "-"),
        trade.id,
        epoch_millis(trade.timestamp),
        price=positive(trade.price),
        size=positive(trade.amount),
        side=trade.side,
    )


def public_trade(raw: RawItem) -> Signal:
    """`timestamp,id,type,side,price,amount,cost,date`."""
    cells = row(raw)
    return _trade(
        raw,
        cell(cells, "@symbol"),
        cell(cells, "id"),
        epoch_millis(cell(cells, "timestamp")),
        price=positive(cell(cells, "price")),
        size=positive(cell(cells, "amount")),
        side=cell(cells, "side"),
    )


def kraken_trade(raw: RawItem) -> Signal:
    """Epoch seconds, price, amount: no id, so the line it stands on tells twins apart."""
    cells = row(raw)
    return _trade(
        raw,
        cell(cells, "@symbol"),
        f"{cell(cells, 'time')} {cell(cells, '@line')}",
        epoch_seconds(cell(cells, "time")),
        price=positive(cell(cells, "price")),
        size=positive(cell(cells, "amount")),
        side="",
    )
