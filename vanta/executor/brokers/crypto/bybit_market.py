"""Bybit's answers, and what it says of its markets.

Every answer says first whether it is one. The list of all markets is read once a day: from it come
steps, and our names for theirs.
"""

from collections.abc import Callable
from typing import Any

from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Instrument, Quote
from vanta.executor.brokers.crypto.bybit_wire import (
    LATE,
    NO_MARKET,
    STRANGERS,
    THROTTLED,
    Head,
    Market,
    Markets,
    Tickers,
)
from vanta.executor.brokers.crypto.venue import Headers, Venue
from vanta.executor.brokers.crypto.writing import Writing
from vanta.executor.brokers.rest.edge import Reply
from vanta.executor.brokers.rest.exact import decode, unreadable
from vanta.executor.brokers.rest.session import Session, to_come
from vanta.executor.brokers.rest.throttle import Urgency

MS = SECOND // 1000
MONEY = "USDT"
"""What the account counts in: told as dollars."""
SPOT = {"category": "spot"}


class BybitMarkets(Venue):
    """The markets of one venue that speaks to Bybit.

    Args:
        session: to ask over.
        headers: of the next request.
        writing: how requests are written and signed.
        clock: UTC nanoseconds.
    """

    def __init__(
        self, session: Session, headers: Headers, writing: Writing, clock: Callable[[], int]
    ) -> None:
        super().__init__(session, headers, writing)
        self._clock = clock
        self._day = 0
        self._markets: dict[str, Market] = {}
        """By our symbol; loaded once a day."""
        self._names: dict[str, str] = {}
        """Our symbols by Bybit's."""

    def quote(self, symbol: str) -> Quote | None:
        instrument = self.instrument(symbol)
        if instrument is None:
            return None
        product = self._markets[symbol].symbol
        asked = {**SPOT, "symbol": product}
        reply = self.ask(["public"], "GET", "v5/market/tickers", asked)
        if self._code(reply) in NO_MARKET:
            return None
        found = [one for one in self._told(Tickers, reply).result.list if one.symbol == product]
        if not found or not found[0].bid or not found[0].ask:
            return None
        at = decode(Head, reply.body, self.place).time * MS
        if to_come(at, self._clock()):
            return None
        return Quote(
            symbol=symbol,
            bid=self.exact(found[0].bid),
            ask=self.exact(found[0].ask),
            last=self.exact(found[0].last),
            ts=min(self._clock(), at),
            market_time=at,
            adv=self.nearest(found[0].turnover),
            session="open" if instrument.tradable else "halted",
            instrument=instrument,
        )

    def instrument(self, symbol: str) -> Instrument | None:
        self._load()
        market = self._markets.get(symbol)
        if market is None:
            return None
        tick = self.step(market.price_filter.tick_size)
        lot = self.step(market.lot_size_filter.base_precision)
        if tick is None or lot is None:
            return None
        usable = market.status == "Trading"
        return Instrument(
            symbol,
            "crypto",
            "crypto",
            tick,
            lot,
            restricted=not usable,
            # What it pays with elsewhere is none of the account's money.
            tradable=usable and market.quote_coin == MONEY,
        )

    def _load(self, urgency: Urgency = Urgency.READ) -> None:
        if self._day == self._clock() // DAY:
            return
        reply = self.ask(["public"], "GET", "v5/market/instruments-info", SPOT, urgency)
        found = self._told(Markets, reply).result.list
        self._markets = {f"{one.base_coin}-{one.quote_coin}": one for one in found}
        self._names = {one.symbol: name for name, one in self._markets.items()}
        self._day = self._clock() // DAY

    def _ours(self, symbol: str, urgency: Urgency = Urgency.READ) -> str:
        self._load(urgency)
        return self._names.get(symbol, symbol)

    def _theirs(self, symbol: str) -> str:
        market = self._markets.get(symbol)
        return symbol if market is None else market.symbol

    def _time(self, text: str) -> int:
        if not text.isdecimal() or len(text) > 15:  # noqa: PLR2004
            raise unreadable("a text where a time belongs", self.place)
        return int(text) * MS

    def _code(self, reply: Reply) -> int:
        return decode(Head, reply.body, self.place).code if reply.status == 200 else 0  # noqa: PLR2004

    def _told(self, kind: type[Any], reply: Reply) -> Any:  # noqa: ANN401 - of the kind
        if reply.status == 401:  # noqa: PLR2004 - of HTTP
            raise self.strange()
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            raise self.session.refusal(reply)
        head = decode(Head, reply.body, self.place)
        if head.code in STRANGERS:
            raise self.strange()
        if head.code == LATE:
            raise self.away(
                "CLOCK_SKEW",
                "the broker says that the node's clock is not its own",
                "`timedatectl` must say that the clock is synchronised",
            )
        if head.code in THROTTLED:
            raise self.away("BROKER_THROTTLED", "the broker asks for fewer requests")
        if head.code:
            raise self.away("BROKER_REFUSED", f"the broker refused to answer ({head.code})")
        return decode(kind, reply.body, self.place)
