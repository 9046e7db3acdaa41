"""Quotes and instruments from Tradier's market data."""

import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlencode

from vanta.domain.exact import UNIT, notional
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Instrument, Quote
from vanta.executor.brokers.option_ticks import option_tick
from vanta.executor.brokers.rest.exact import decode, nearest
from vanta.executor.brokers.rest.session import Session, to_come
from vanta.executor.brokers.tradier.wire import (
    OPTION,
    Borrowables,
    Clock,
    Quotes,
    TradierQuote,
    framed,
    listed,
    ours,
    theirs,
)

_CLOCK_KEPT = 5 * SECOND
_MILLISECOND = SECOND // 1000
_TICK = UNIT // 100
_KINDS = {"stock": "equity", "etf": "equity", "option": "option"}


class MarketReader:
    """Reads the market.

    Args:
        session: of the brokerage API.
        clock: UTC nanoseconds.
    """

    def __init__(self, session: Session, clock: Callable[[], int]) -> None:
        self._session, self._clock = session, clock
        self._borrowable: frozenset[str] = frozenset()
        self._borrowed = -1
        """The day the list of what is easy to borrow is of."""
        self._open = (0, False)
        """When the exchange's clock was read, monotonic, and what it said."""

    def quote(self, symbol: str) -> Quote | None:
        """The market now; None where there is none.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        found = self._read(symbol)
        instrument = None if found is None else self._instrument(symbol, found)
        if instrument is None or found is None or found.bid is None or found.ask is None:
            return None
        place = self._session.place
        last = nearest(found.last, place) if found.last is not None else 0
        # Of a market whose sides have not moved for a while, the newer one's time.
        at = max(found.bid_date, found.ask_date) * _MILLISECOND
        if to_come(at, self._clock()):
            return None
        # What is traded seldom has no average there; then the day's own volume stands for it.
        volume = nearest(found.average_volume or found.volume, place)
        return Quote(
            symbol=symbol,
            bid=nearest(found.bid, place),
            ask=nearest(found.ask, place),
            last=last,
            ts=min(self._clock(), at),
            market_time=at,
            adv=notional(last, volume, instrument.multiplier),
            session=self._trading(),
            instrument=instrument,
        )

    def instrument(self, symbol: str) -> Instrument | None:
        """What the venue says of a symbol of ours.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        found = self._read(symbol)
        return None if found is None else self._instrument(symbol, found)

    def _read(self, symbol: str) -> TradierQuote | None:
        asked = urlencode({"symbols": theirs(symbol), "greeks": "false"})
        reply = self._session.read(f"/markets/quotes?{asked}")
        quotes = decode(Quotes, reply.body, self._session.place).quotes
        found = listed(framed(quotes, self._session.place))
        return next((one for one in found if ours(one.symbol) == symbol), None)

    def _instrument(self, symbol: str, found: TradierQuote) -> Instrument | None:
        kind = _KINDS.get(found.type)
        if kind is None:
            return None
        if kind == "equity":
            return Instrument(
                symbol,
                kind,
                "fiat",
                _TICK,
                UNIT,
                shortable=symbol in self._easy_to_borrow(),
                tradable=True,
            )
        matched = OPTION.match(symbol)
        return Instrument(
            symbol,
            kind,
            "fiat",
            self._option_tick(found),
            UNIT,
            multiplier=found.contract_size,
            shortable=True,
            underlying=ours(found.underlying) or (matched.group(1) if matched else ""),
            tradable=True,
        )

    def _option_tick(self, found: TradierQuote) -> int:
        return option_tick(
            *(nearest(one, self._session.place) for one in (found.bid, found.ask) if one)
        )

    def _easy_to_borrow(self) -> frozenset[str]:
        day = self._clock() // DAY
        if day != self._borrowed:
            reply = self._session.read("/markets/etb")
            said = decode(Borrowables, reply.body, self._session.place).securities
            found = listed(framed(said, self._session.place))
            self._borrowable = frozenset(ours(one.symbol) for one in found)
            self._borrowed = day
        return self._borrowable

    def _trading(self) -> Literal["open", "closed"]:
        now = time.monotonic_ns()
        if not self._open[0] or now - self._open[0] > _CLOCK_KEPT:
            reply = self._session.read("/markets/clock")
            said = decode(Clock, reply.body, self._session.place)
            self._open = (now, said.clock.state == "open")
        return "open" if self._open[1] else "closed"
