"""Coinbase's answers, and what it says of its markets."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from vanta.domain.exact import notional
from vanta.domain.instant import DAY
from vanta.domain.trading import Instrument, Quote
from vanta.executor.brokers.crypto.coinbase_wire import Pricebooks, Problem, Product
from vanta.executor.brokers.crypto.venue import Headers, Venue
from vanta.executor.brokers.crypto.writing import Writing
from vanta.executor.brokers.rest.edge import Reply
from vanta.executor.brokers.rest.exact import decode, instant, unreadable
from vanta.executor.brokers.rest.session import Session, to_come
from vanta.executor.rails import USD

PRIVATE = ["v3", "private"]
NOT_THERE = 404


class CoinbaseMarkets(Venue):
    """The markets of one venue that speaks to Coinbase.

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
        self._instruments: dict[str, Instrument] = {}

    def quote(self, symbol: str) -> Quote | None:
        product = self._product(symbol)
        instrument = None if product is None else self._kept(product)
        if product is None or instrument is None:
            return None
        reply = self.ask(PRIVATE, "GET", "brokerage/best_bid_ask", {"product_ids": [symbol]})
        books = self._told(Pricebooks, reply).pricebooks
        book = next((one for one in books if one.product_id == symbol), None)
        if book is None or not book.bids or not book.asks:
            return None
        at, last = instant(book.time, self.place), self.exact(product.price)
        if to_come(at, self._clock()):
            return None
        halted = product.cancel_only or product.auction_mode or product.post_only
        return Quote(
            symbol=symbol,
            bid=self.exact(book.bids[0].price),
            ask=self.exact(book.asks[0].price),
            last=last,
            ts=min(self._clock(), at),
            market_time=at,
            adv=notional(last, self.nearest(product.volume_24h)),
            session="halted" if halted or product.trading_disabled else "open",
            instrument=instrument,
        )

    def instrument(self, symbol: str) -> Instrument | None:
        if self._day != self._clock() // DAY:
            self._day = self._clock() // DAY
            self._instruments.clear()
        if symbol not in self._instruments:
            product = self._product(symbol)
            return None if product is None else self._kept(product)
        return self._instruments[symbol]

    def _kept(self, product: Product) -> Instrument | None:
        tick = self.step(product.price_increment or product.quote_increment)
        lot = self.step(product.base_increment)
        if product.product_type != "SPOT" or tick is None or lot is None:
            return None
        usable = product.status == "online" and not (
            product.is_disabled or product.trading_disabled or product.view_only
        )
        money = product.product_id.rpartition("-")[2]
        found = Instrument(
            product.product_id,
            "crypto",
            "crypto",
            tick,
            lot,
            restricted=not usable,
            tradable=usable,
            quoted_in=UNSET if money == USD else money,
        )
        self._instruments[product.product_id] = found
        return found

    def _product(self, symbol: str) -> Product | None:
        path = "brokerage/products/{product_id}"
        reply = self.ask(PRIVATE, "GET", path, {"product_id": symbol})
        if reply.status in {400, NOT_THERE}:
            decode(Problem, reply.body, self.place)
            return None
        found: Product = self._told(Product, reply)
        if found.product_id != symbol:
            raise unreadable("another market than was asked for", self.place)
        return found

    def _told(self, kind: type[Any], reply: Reply) -> Any:  # noqa: ANN401 - of the kind
        if reply.status == 401:  # noqa: PLR2004 - of HTTP
            raise self.strange()
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            raise self.session.refusal(reply)
        return decode(kind, reply.body, self.place)
