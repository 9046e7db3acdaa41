"""A broker in memory that can misbehave: lose answers, answer late, twice, or not at all."""

from collections import Counter
from dataclasses import dataclass, field

from tests.executor.building import NOW
from vanta.domain.exact import notional
from vanta.domain.trading import Fill, Instrument, Order, OrderState, Quote
from vanta.executor.brokers.port import (
    Absent,
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Ended,
    Executions,
    Rejected,
    Statement,
    Unknown,
)
from vanta.executor.positions import proceeds
from vanta.executor.rails import PEG, STABLECOIN, home


@dataclass
class Simulator:
    """Takes every order and fills it whole at the next poll, unless told otherwise."""

    quotes: dict[str, Quote] = field(default_factory=dict)
    name: str = "paper"
    trades: frozenset[str] = frozenset()
    resubmits: bool = True
    lose_answers: int = 0
    """So many of the next submissions are taken, and their answers lost."""
    lose_orders: int = 0
    """So many of the next submissions never arrive."""
    late: int = 0
    """So many of the next submissions arrive only after the next question about them."""
    away: bool = False
    """Nothing is answered."""
    mute: bool = False
    """Nothing is answered about single orders."""
    refuse: str = ""
    """Every submission is rejected with this code."""
    filling: bool = True
    orders: dict[str, Order] = field(default_factory=dict)
    states: dict[str, OrderState] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    submitted: Counter[str] = field(default_factory=Counter)
    """How often each id arrived."""
    sent: list[str] = field(default_factory=list)
    """Ids in the order somebody tried to send them."""
    voided: set[str] = field(default_factory=set)
    happened: list[Fill | Ended] = field(default_factory=list)
    cash_flow: int = 0
    held: Counter[str] = field(default_factory=Counter)
    delayed: list[Order] = field(default_factory=list)
    unstated: list[Fill | Ended] = field(default_factory=list)
    """What happened and a statement leaves out."""
    stated: dict[str, Fill] = field(default_factory=dict)
    """By id: fills a statement tells otherwise."""
    foreign: list[BrokerOrder] = field(default_factory=list)
    """Orders nobody here sent."""

    def submit(self, order: Order, market_time: int) -> Acknowledged | Rejected | Unknown:
        assert market_time
        self.sent.append(order.client_order_id)
        if self.away:
            return Unknown("away")
        if self.lose_orders:
            self.lose_orders -= 1
            return Unknown("timeout")
        if self.late:
            self.late -= 1
            self.delayed.append(order)
            return Unknown("timeout")
        answer = self._take(order)
        if self.lose_answers:
            self.lose_answers -= 1
            return Unknown("timeout")
        return answer

    def _take(self, order: Order) -> Acknowledged | Rejected:
        name = order.client_order_id
        self.submitted[name] += 1
        if name in self.voided:
            return Rejected("VOIDED", "")
        if self.refuse:
            return Rejected(self.refuse, "as told")
        if name not in self.orders:
            self.orders[name] = order
            self.states[name] = OrderState.ACKNOWLEDGED
        return Acknowledged(f"B{list(self.orders).index(name)}", NOW)

    def _arrive(self) -> None:
        for order in self.delayed:
            self._take(order)
        self.delayed.clear()

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        if self.away or self.mute:
            return Unknown("away")
        if client_order_id not in self.orders:
            self.voided.add(client_order_id)
            return OrderState.CANCELLED
        if not self.states[client_order_id].terminal:
            self._end(client_order_id)
        return self.states[client_order_id]

    def _end(self, name: str) -> None:
        self.states[name] = OrderState.CANCELLED
        self.happened.append(Ended(name, OrderState.CANCELLED, "CANCELLED", "asked"))

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        self._answer()
        return tuple(self._seen(name) for name, state in self.states.items() if not state.terminal)

    def executions_since(self, watermark: int) -> Executions:
        self._answer()
        if self.filling:
            for name, state in self.states.items():
                if not state.terminal:
                    self.fill(name)
        news = self.happened[watermark:]
        return Executions(
            tuple(one for one in news if isinstance(one, Fill)),
            tuple(one for one in news if isinstance(one, Ended)),
            len(self.happened),
        )

    def statement(self, watermark: int) -> Statement:
        self._answer()
        told = max(0, watermark - 16)
        news = [one for one in self.happened[told:] if one not in self.unstated]
        fills = tuple(self.stated.get(one.id, one) for one in news if isinstance(one, Fill))
        ended = tuple(one for one in news if isinstance(one, Ended))
        reached = Executions(fills, ended, len(self.happened))
        return Statement((*self.open_orders(), *self.foreign), reached)

    def close(self) -> None:
        """Nothing to hang up."""

    def fill(self, name: str, quantity: int | None = None) -> Fill:
        order = self.orders[name]
        quantity = order.quantity - self.filled[name] if quantity is None else quantity
        fee = notional(order.limit_price, quantity) // 10_000
        fill = Fill(
            f"{self.name}-F{len(self.happened)}", name, order.symbol, order.side, quantity,
            order.limit_price, fee, NOW,
        )  # fmt: skip
        self.happened.append(fill)
        self.filled[name] += quantity
        done = self.filled[name] >= order.quantity
        self.states[name] = OrderState.FILLED if done else OrderState.PARTIALLY_FILLED
        moved = proceeds(order.side, fill.price, quantity, order.multiplier) - fee
        known = self.quotes.get(order.symbol)
        if known is not None and known.instrument.quoted_in == STABLECOIN:
            self.held[PEG] += moved
        else:
            self.cash_flow += moved
        self.held[home(order.symbol)] += quantity if order.side == "buy" else -quantity
        return fill

    def order_status(
        self, client_order_id: str, market_time: int
    ) -> BrokerOrder | Absent | Unknown:
        assert market_time
        if self.away or self.mute:
            return Unknown("away")
        known = client_order_id in self.orders
        self._arrive()
        return self._seen(client_order_id) if known else Absent()

    def _seen(self, name: str) -> BrokerOrder:
        order = self.orders[name]
        return BrokerOrder(
            name, "B", order.symbol, self.states[name], order.quantity, self.filled[name],
            side=order.side, limit_price=order.limit_price,
        )  # fmt: skip

    def positions(self) -> dict[str, int]:
        self._answer()
        return {symbol: held for symbol, held in self.held.items() if held}

    def account(self) -> Account:
        self._answer()
        return Account(self.cash_flow, 0)

    def quote(self, symbol: str, market_time: int) -> Quote | None:
        assert market_time
        self._answer()
        return self.quotes.get(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        found = self.quotes.get(symbol)
        return found.instrument if found else None

    def _answer(self) -> None:
        if self.away:
            raise BrokerAwayError("away", code="BROKER_UNAVAILABLE")
