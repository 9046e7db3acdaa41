"""The paper exchange: what it takes, and how it fills.

Everything it answers is on disk first. How an order fills is a function of the order and the row of
the tape at its market's time: in how many parts, at which prices; so two runs fill the same.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from vanta.domain.encoding import content_id, encode
from vanta.domain.exact import PPM, notional
from vanta.domain.record import Entry
from vanta.domain.trading import Fill, Instrument, Order, OrderState, Quote
from vanta.executor.brokers.paper.ledger import (
    Fact,
    Filled,
    Ledger,
    Over,
    Refused,
    Repeated,
    Resting,
    Taken,
    Voided,
)
from vanta.executor.brokers.paper.tape import Row, Tape
from vanta.executor.brokers.port import (
    Acknowledged,
    BrokerOrder,
    Ended,
    Executions,
    Rejected,
    Statement,
)
from vanta.executor.rails import USD
from vanta.executor.sessions import ALWAYS_OPEN, Sessions
from vanta.journal.reader import read
from vanta.journal.writer import Journal

ACTOR = "paper-broker"


class PaperTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the paper market treats an order. Shares in ppm."""

    slippage: int = 200
    """What an order pays beyond the far side of the market, once more for each of its parts."""
    fee: int = 100
    """Of the notional, rounded up."""
    parts: int = 3
    """Greatest number of parts an order fills in, one a poll."""
    patience: int = 3
    """Polls an order rests beyond its limit before it is cancelled."""


class PaperExchange:
    """Takes, fills and remembers orders.

    Args:
        journal: where its journal is; its directory exists.
        tape: the market.
        clock: UTC nanoseconds.
        terms: how orders are treated.
    """

    def __init__(
        self,
        journal: Path,
        tape: Tape,
        clock: Callable[[], int],
        terms: PaperTerms | None = None,
    ) -> None:
        self._tape = tape
        self._clock = clock
        self._terms = terms or PaperTerms()
        self._sessions = Sessions()
        self.ledger = Ledger()
        if tape.asset_classes() - ALWAYS_OPEN:
            self._sessions.warm()
        self._journal = Journal.open(journal, actor=ACTOR, clock=clock)
        for record in read(journal):
            self.ledger.recall(record)

    def close(self) -> None:
        """Give the journal up."""
        self._journal.close()

    def submit(self, order: Order, market_time: int) -> Acknowledged | Rejected:
        """Take an order, once; a second time is answered as the first was."""
        name = order.client_order_id
        if name in self.ledger.orders or name in self.ledger.refused:
            self._keep(Repeated(name))
            return self._answer(name)
        row = self._tape.at(order.symbol, market_time)
        refusal = self._refusal(order, row, market_time)
        if refusal or row is None:
            self._keep(Refused(name, *refusal))
        else:
            number = f"P{self._journal.position.size:08d}"
            self._keep(Taken(order, market_time, number, self._clock(), _money(row)))
        return self._answer(name)

    def cancel(self, client_order_id: str) -> OrderState:
        """End an order; one that never came is refused if it comes."""
        if client_order_id in self.ledger.resting:
            self._keep(Over(client_order_id, "CANCELLED", "as asked"))
        order = self.ledger.orders.get(client_order_id)
        if order is not None:
            return order.state
        if client_order_id not in self.ledger.refused:
            self._keep(Voided(client_order_id))
        return OrderState.CANCELLED

    def executions_since(self, watermark: int) -> Executions:
        """Let every live order fill one part more, then tell what happened since."""
        self._keep(*[fact for order in self.ledger.resting.values() if (fact := self._next(order))])
        return self._happened(watermark)

    def statement(self, watermark: int) -> Statement:
        """What is alive and what happened; looking moves no market."""
        return Statement(self.open_orders(), self._happened(watermark))

    def _happened(self, watermark: int) -> Executions:
        news = self.ledger.happened[max(0, watermark) :]
        return Executions(
            tuple(item for item in news if isinstance(item, Fill)),
            tuple(item for item in news if isinstance(item, Ended)),
            len(self.ledger.happened),
        )

    def order_status(self, client_order_id: str) -> BrokerOrder | None:
        """One order; None when it never came."""
        order = self.ledger.orders.get(client_order_id)
        if order is not None:
            return order.seen
        refused = self.ledger.refused.get(client_order_id)
        if refused is None:
            return None
        return BrokerOrder(client_order_id, "", "", OrderState.REJECTED, 0, 0, refused.code)

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Every live order."""
        return tuple(order.seen for order in self.ledger.resting.values())

    def positions(self) -> dict[str, int]:
        """Signed quantity by symbol."""
        return {symbol: held for symbol, held in sorted(self.ledger.positions.items()) if held}

    def quote(self, symbol: str, market_time: int) -> Quote | None:
        """The market at an instant of its own time."""
        row = self._tape.at(symbol, market_time)
        if row is None:
            return None
        return Quote(
            symbol=symbol,
            bid=row.bid,
            ask=row.ask,
            last=row.last,
            ts=self._clock(),
            market_time=row.market_time,
            adv=row.adv,
            session=self._sessions.at(row.instrument.asset_class, market_time),
            instrument=row.instrument,
        )

    def instrument(self, symbol: str) -> Instrument | None:
        """What the venue says of a symbol."""
        return self._tape.instrument(symbol)

    def _answer(self, name: str) -> Acknowledged | Rejected:
        refused = self.ledger.refused.get(name)
        if refused is not None:
            return Rejected(refused.code, refused.reason)
        taken = self.ledger.orders[name].taken
        return Acknowledged(taken.broker_order_id, taken.ts)

    def _refusal(
        self, order: Order, row: Row | None, market_time: int
    ) -> tuple[str, str] | tuple[()]:
        if row is None:
            return "NO_MARKET", f"no price of {order.symbol} then"
        if self._sessions.at(row.instrument.asset_class, market_time) != "open":
            return "SESSION", "the venue is closed"
        if order.quantity <= 0 or order.quantity % row.instrument.lot:
            return "LOT", "not a whole number of lots"
        if order.limit_price <= 0 or order.limit_price % row.instrument.tick:
            return "TICK", "not on a tick"
        if lacking := self.ledger.lacks(order, _money(row)):
            return "FUNDS", f"not so much {lacking} is free"
        return ()

    def _next(self, resting: Resting) -> Fact | None:
        """The next part of one order, or its end when the market stays beyond its limit."""
        taken, order = resting.taken, resting.taken.order
        row = self._tape.at(order.symbol, taken.market_time)
        price = 0 if row is None else price_of(order, row, resting.parts, self._terms.slippage)
        if row is None or price == 0:
            resting.waited += 1
            if resting.waited < self._terms.patience:
                return None
            return Over(order.client_order_id, "NOT_REACHED", "the market stayed beyond the limit")
        left = order.quantity - resting.filled
        quantity = part_of_order(order, row.instrument.lot, resting.parts, left, self._terms.parts)
        fee = -(-notional(price, quantity, order.multiplier) * self._terms.fee // PPM)
        return Filled(
            Fill(
                id=f"{taken.broker_order_id}-{resting.parts}",
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                side=order.side,
                quantity=quantity,
                price=price,
                fee=fee,
                ts=self._clock(),
            )
        )

    def _keep(self, *facts: Fact) -> None:
        """Journal facts together, then take them in."""
        size = self._journal.position.size
        self._journal.append(
            [
                Entry(fact.type, content_id("paper", encode(size + place), encode(fact)), fact)
                for place, fact in enumerate(facts)
            ]
        )
        for fact in facts:
            self.ledger.apply(fact)


def _money(row: Row) -> str:
    """What a market's prices are in."""
    money = row.instrument.quoted_in
    return USD if money is msgspec.UNSET else money


def price_of(order: Order, row: Row, part: int, slippage: int) -> int:
    """What a part of an order fills at, on a tick; 0 while the market is beyond its limit.

    Args:
        order: the order.
        row: the market.
        part: parts filled before; each slips once more.
        slippage: beyond the far side of the market, ppm.
    """
    tick = row.instrument.tick
    slipped = (part + 1) * slippage
    if order.side == "buy":
        if row.ask > order.limit_price:
            return 0
        price = -(-row.ask * (PPM + slipped) // (PPM * tick)) * tick
        return min(price, order.limit_price)
    if row.bid < order.limit_price:
        return 0
    price = row.bid * (PPM - slipped) // (PPM * tick) * tick
    return max(price, order.limit_price)


def part_of_order(order: Order, lot: int, part: int, left: int, most: int) -> int:
    """How much of an order its next part fills: even parts in whole lots, the last takes the rest.

    In how many parts is a function of the order alone.
    """
    digest = sha256(order.client_order_id.encode()).digest()
    parts = 1 + digest[0] % most
    even = order.quantity // parts // lot * lot
    return left if part + 1 >= parts or even == 0 else min(even, left)
