"""What the paper exchange remembers of its orders, folded from its journal."""

from typing import ClassVar

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.exact import notional
from vanta.domain.record import Record
from vanta.domain.trading import Fill, Order, OrderState
from vanta.executor.brokers.port import Account, BrokerOrder, Ended
from vanta.executor.positions import proceeds
from vanta.executor.rails import PEG, STABLECOIN, USD, home


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every body of the exchange's journal."""

    type: ClassVar[str]


class Taken(Fact, frozen=True):
    """An order was taken."""

    type: ClassVar[str] = "paper.taken"
    order: Order
    market_time: int
    broker_order_id: str
    ts: int
    money: str = USD
    """What its market's prices are in."""


class Refused(Fact, frozen=True):
    """An order was refused."""

    type: ClassVar[str] = "paper.refused"
    client_order_id: str
    code: str
    reason: str


class Filled(Fact, frozen=True):
    """A part of an order filled."""

    type: ClassVar[str] = "paper.filled"
    fill: Fill


class Over(Fact, frozen=True):
    """What was left of an order is gone."""

    type: ClassVar[str] = "paper.ended"
    client_order_id: str
    code: str
    reason: str


class Voided(Fact, frozen=True):
    """An order that never came was cancelled: it will be refused if it comes."""

    type: ClassVar[str] = "paper.voided"
    client_order_id: str


class Repeated(Fact, frozen=True):
    """An order was submitted that was there already."""

    type: ClassVar[str] = "paper.repeated"
    client_order_id: str


_FACTS: dict[str, type[Fact]] = {
    kind.type: kind for kind in (Taken, Refused, Filled, Over, Voided, Repeated)
}


class Resting(msgspec.Struct):
    """An order the exchange has taken."""

    taken: Taken
    state: OrderState = OrderState.ACKNOWLEDGED
    filled: int = 0
    parts: int = 0
    waited: int = 0
    """Polls it has rested beyond its limit; not remembered across a restart."""
    reason: str = ""

    @property
    def seen(self) -> BrokerOrder:
        """As a broker shows it."""
        order = self.taken.order
        return BrokerOrder(
            order.client_order_id,
            self.taken.broker_order_id,
            order.symbol,
            self.state,
            order.quantity,
            self.filled,
            self.reason,
            order.side,
            order.limit_price,
        )


class Ledger:
    """The fold of the exchange's journal."""

    def __init__(self) -> None:
        self.orders: dict[str, Resting] = {}
        """By client order id, in the order they came."""
        self.resting: dict[str, Resting] = {}
        """Those of them that are alive."""
        self.refused: dict[str, Refused] = {}
        self.happened: list[Fill | Ended] = []
        """Fills and ends, in their order; a watermark is a place in it."""
        self.positions: dict[str, int] = {}
        self._cash_flow = self._fees = 0
        self.repeated = 0
        """Submissions of an id that was there already."""

    def recall(self, record: Record) -> None:
        """Take one record of the journal in."""
        kind = _FACTS.get(record.type)
        if kind is not None:
            self.apply(decode(kind, bytes(record.body), place=record.id))

    def apply(self, fact: Fact) -> None:
        """Take one fact in."""
        match fact:
            case Taken(order=order):
                self.orders[order.client_order_id] = Resting(fact)
                self.resting[order.client_order_id] = self.orders[order.client_order_id]
            case Refused(client_order_id=name):
                self.refused[name] = fact
            case Voided(client_order_id=name):
                self.refused[name] = Refused(name, "VOIDED", "cancelled before it came")
            case Filled(fill=fill):
                self._fill(fill)
            case Over(client_order_id=name):
                resting = self.resting.pop(name)
                resting.state, resting.reason = OrderState.CANCELLED, fact.code
                self.happened.append(Ended(name, resting.state, fact.code, fact.reason))
            case Repeated():
                self.repeated += 1

    @property
    def account(self) -> Account:
        """What its fills moved."""
        return Account(self._cash_flow, self._fees)

    def lacks(self, order: Order, money: str) -> str:
        """The currency, other than dollars, of which an order would spend more than is free."""
        if money != USD and order.side == "buy":
            needed = notional(order.limit_price, order.quantity, order.multiplier)
            return money if needed > self.free(money) else ""
        if order.symbol == PEG and order.side == "sell" and order.quantity > self.free(STABLECOIN):
            return STABLECOIN
        return ""

    def free(self, money: str) -> int:
        """What lies there of another currency than dollars, and no order that rests may take."""
        symbol, taken = f"{money}-{USD}", 0
        for one in self.resting.values():
            order, left = one.taken.order, one.taken.order.quantity - one.filled
            if order.side == "buy" and one.taken.money == money:
                taken += notional(order.limit_price, left, order.multiplier)
            elif order.side == "sell" and order.symbol == symbol:
                taken += left
        return self.positions.get(symbol, 0) - taken

    def _move(self, symbol: str, quantity: int) -> None:
        self.positions[symbol] = self.positions.get(symbol, 0) + quantity

    def _fill(self, fill: Fill) -> None:
        name = fill.client_order_id
        resting = self.resting[name]
        resting.filled += fill.quantity
        resting.parts += 1
        resting.state = OrderState.PARTIALLY_FILLED
        if resting.filled >= resting.taken.order.quantity:
            resting.state = OrderState.FILLED
            del self.resting[name]
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        money, multiplier = resting.taken.money, resting.taken.order.multiplier
        moved = proceeds(fill.side, fill.price, fill.quantity, multiplier) - fill.taken
        if money == USD:
            self._move(fill.symbol, signed)
            self._cash_flow += moved
        else:
            # One coin, whichever of its markets it was traded in.
            self._move(home(fill.symbol), signed)
            self._move(f"{money}-{USD}", moved)
        self._fees += fill.fee
        self.happened.append(fill)
