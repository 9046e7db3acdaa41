"""Quotes and instruments from Alpaca's market data."""

import time
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import Literal
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET

from vanta.domain.exact import UNIT, notional
from vanta.domain.instant import DAY, SECOND, show_instant
from vanta.domain.trading import Instrument, Quote
from vanta.executor.brokers.alpaca.wire import (
    MARKET_CLASSES,
    Asset,
    Bar,
    Bars,
    Clock,
    Contract,
    Snapshot,
    Snapshots,
    class_of,
    ours,
    theirs,
)
from vanta.executor.brokers.option_ticks import option_tick
from vanta.executor.brokers.rest.exact import decode, exact, instant, nearest, number
from vanta.executor.brokers.rest.session import Session, to_come
from vanta.executor.rails import PEG, USD

_PATHS = {
    "equity": "/v2/stocks",
    "option": "/v1beta1/options",
    "crypto": "/v1beta3/crypto/us",
}
_DAYS = 20
"""Trading days an average is taken over."""
_CLOCK_KEPT = 5 * SECOND
_TICK = UNIT // 100
_UNIT = Decimal("0.00000001")


class MarketReader:
    """Reads the market; instruments and averages are kept for the day.

    Args:
        trading: session of the trading API.
        data: session of the market data API.
        clock: UTC nanoseconds.
    """

    def __init__(self, trading: Session, data: Session, clock: Callable[[], int]) -> None:
        self._trading, self._data, self._clock = trading, data, clock
        self._day = 0
        self._instruments: dict[str, Instrument] = {}
        self._adv: dict[str, int] = {}
        self._open = (0, False)
        """When the exchange's clock was read, monotonic, and what it said."""

    def quote(self, symbol: str) -> Quote | None:
        """The market now; None where there is none.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        instrument = self.instrument(symbol)
        found = None if instrument is None else self._snapshot(instrument)
        if instrument is None or found is None or found.latest_quote is None:
            return None
        place, sides = self._data.place, found.latest_quote
        at, last = instant(sides.at, place), found.latest_trade
        if to_come(at, self._clock()):
            return None
        bid, ask = exact(sides.bid, place), exact(sides.ask, place)
        if instrument.asset_class == "option":
            priced = [side for side in (bid, ask) if side]
            instrument = msgspec.structs.replace(instrument, tick=option_tick(*priced))
        return Quote(
            symbol=symbol,
            bid=bid,
            ask=ask,
            last=exact(last.price, place) if last else 0,
            ts=min(self._clock(), at),
            market_time=at,
            adv=self._average(instrument),
            session=self._session(instrument),
            instrument=instrument,
        )

    def instrument(self, symbol: str) -> Instrument | None:
        """What the venue says of a symbol of ours.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        if self._day != self._clock() // DAY:
            self._day = self._clock() // DAY
            self._instruments.clear()
            self._adv.clear()
        if symbol not in self._instruments:
            kind = class_of(symbol)
            found = self._contract(symbol) if kind == "option" else self._asset(symbol)
            if found is None:
                return None
            self._instruments[symbol] = found
        return self._instruments[symbol]

    def named(self, symbol: str) -> str:
        """Our name of a crypto position: Alpaca writes it without a slash there, `BTCUSD`."""
        reply = self._trading.read(f"/v2/assets/{quoted(symbol, safe='')}")
        return ours(decode(Asset, reply.body, self._trading.place).symbol)

    def _asset(self, symbol: str) -> Instrument | None:
        reply = self._trading.read(f"/v2/assets/{quoted(theirs(symbol), safe='')}")
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            return None
        place = self._trading.place
        asset = decode(Asset, reply.body, place)
        kind = MARKET_CLASSES.get(asset.kind)
        if kind is None:
            return None
        crypto = kind == "crypto"
        money = symbol.rpartition("-")[2] if crypto else USD
        # What it keeps of stablecoin is told in the evening, and no purse follows that.
        follows = money == USD and symbol != PEG
        return Instrument(
            symbol,
            kind,
            "crypto" if crypto else "fiat",
            _step(asset.price_increment, place) if crypto else _TICK,
            _step(asset.min_trade_increment, place) if crypto else UNIT,
            shortable=asset.shortable and asset.easy_to_borrow,
            restricted=not asset.tradable or asset.status != "active",
            tradable=asset.tradable and follows,
            quoted_in=UNSET if money == USD else money,
        )

    def _contract(self, symbol: str) -> Instrument | None:
        reply = self._trading.read(f"/v2/options/contracts/{quoted(symbol, safe='')}")
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            return None
        place = self._trading.place
        found = decode(Contract, reply.body, place)
        return Instrument(
            symbol,
            "option",
            "fiat",
            option_tick(),
            UNIT,
            multiplier=exact(found.size, place) // UNIT,
            shortable=True,
            restricted=not found.tradable or found.status != "active",
            tradable=found.tradable,
            underlying=found.underlying_symbol,
        )

    def _snapshot(self, instrument: Instrument) -> Snapshot | None:
        name, kind = theirs(instrument.symbol), instrument.asset_class
        target = f"{_PATHS[kind]}/snapshots?{urlencode({'symbols': name})}"
        reply = self._data.read(target)
        if kind == "equity":
            return decode(dict[str, Snapshot | None], reply.body, self._data.place).get(name)
        return decode(Snapshots, reply.body, self._data.place).snapshots.get(name)

    def _average(self, instrument: Instrument) -> int:
        """Average daily traded notional of the last weeks; 0 where nothing was traded."""
        name = theirs(instrument.symbol)
        if instrument.symbol not in self._adv:
            asked = {
                "symbols": name,
                "timeframe": "1Day",
                "start": show_instant((self._clock() // DAY - 2 * _DAYS) * DAY),
                "limit": "1000",
            }
            target = f"{_PATHS[instrument.asset_class]}/bars?{urlencode(asked)}"
            found = decode(Bars, self._data.read(target).body, self._data.place).bars or {}
            days = found.get(name, [])[-_DAYS:]
            traded = sum(self._traded(day) for day in days) * instrument.multiplier
            self._adv[instrument.symbol] = traded // len(days) if days else 0
        return self._adv[instrument.symbol]

    def _traded(self, day: Bar) -> int:
        place = self._data.place
        # Crypto volumes have more digits than a unit: an average may lose them.
        return notional(exact(day.close, place), nearest(day.volume, place))

    def _session(self, instrument: Instrument) -> Literal["open", "closed"]:
        if instrument.asset_class == "crypto":
            return "open"
        now = time.monotonic_ns()
        if not self._open[0] or now - self._open[0] > _CLOCK_KEPT:
            reply = self._trading.read("/v2/clock")
            self._open = (now, decode(Clock, reply.body, self._trading.place).is_open)
        return "open" if self._open[1] else "closed"


def _step(value: Decimal | None, place: str) -> int:
    """A step in units; of one finer than a unit the next coarser that we count."""
    if value is None or not number(value, place):
        return 1
    return exact(value.quantize(_UNIT, ROUND_CEILING) if value < _UNIT else value, place)
