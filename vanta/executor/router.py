"""The router: from an order on disk to a broker, and from the broker back into the book.

Exactly once, in three steps: the order is on disk; it passes the gate and is sent once under its
deterministic id; and where the answer is not clear it is UNKNOWN, keeps its exposure, and the
broker is asked. An order is sent a second time only where the broker proves that it has none and
takes the same id as the same order.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

from vanta.domain.exact import UNIT
from vanta.domain.trading import Fill, Order, OrderState
from vanta.executor.brokers.port import (
    Absent,
    Acknowledged,
    Broker,
    BrokerOrder,
    Ended,
    Rejected,
    Sum,
    Unknown,
)
from vanta.executor.brokers.rest.words import MOST_OF_CODE, vendor_words
from vanta.executor.cashbook import Cashbook
from vanta.executor.events import (
    BookReconciled,
    Difference,
    Event,
    OrderAcknowledged,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    OrderWithheld,
)
from vanta.executor.fences.wire import within_parent
from vanta.executor.gate import Gate
from vanta.executor.log import TradeLog
from vanta.executor.positions import OpenOrder
from vanta.executor.reconcile import BrokerState, compare

Checkpoint = Callable[[str], None]
"""Called between steps with the name of the one just done; where a crash test strikes."""

ABSENT = "ABSENT"
"""Why an order was cancelled that the broker never had."""

_ASK = frozenset({OrderState.PREPARED, OrderState.UNKNOWN})


def passing(_: str) -> None:
    """The checkpoint that does nothing."""


class Router:
    """Sends what is on disk, and takes in what comes of it.

    Args:
        log: the trade log and its book.
        gate: asked before every send.
        broker: where orders go.
        clock: UTC nanoseconds.
        checkpoint: called between steps.
    """

    def __init__(
        self,
        log: TradeLog,
        gate: Gate,
        broker: Broker,
        clock: Callable[[], int],
        checkpoint: Checkpoint = passing,
    ) -> None:
        self._log = log
        self._gate = gate
        self._broker = broker
        self._clock = clock
        self._checkpoint = checkpoint
        self.cashbook = Cashbook(log, broker, clock)
        self._differences: tuple[Difference, ...] = ()
        """What the last comparison found."""
        self.strays: dict[str, Difference] = {}
        """Executions of orders that are not in the book."""
        self._given_up: dict[str, OrderWithheld | OrderRejected] = {}
        """By order: what kept it from being sent once more; it is not tried a third time."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What book and broker differed in when they were last compared."""
        return self._differences

    def send(self, orders: Iterable[OpenOrder]) -> None:
        """Send orders that are on disk, each past the gate; their outcomes are on disk after."""
        for opened in orders:
            self._take(opened.order.client_order_id, self._send(opened))
        self._log.commit()
        self._checkpoint("outcomes journalled")

    def _take(self, name: str, outcome: Event | None) -> None:
        if outcome is not None:
            self._log.of_order(name, outcome)

    def _send(self, opened: OpenOrder, *, absent: bool = False) -> Event | None:
        """Send one order; what became of it, None where it is no order of the book.

        Args:
            opened: what to send.
            absent: whether the broker has just proved that it has nothing of it.
        """
        order = opened.order
        with self._gate.look(order) as shut:
            self._checkpoint("gate looked")
            parent = self._log.book.open.get(order.client_order_id)
            if found := within_parent(order, parent, absent=absent):
                return self._kept_off(order, parent, tuple(one.code for one in found))
            if shut:
                return OrderWithheld(order.client_order_id, shut)
            answer = self._broker.submit(order, opened.market_time)
        self._checkpoint("submitted")
        match answer:
            case Acknowledged(broker_order_id, ts):
                return OrderAcknowledged(order.client_order_id, broker_order_id, ts)
            case Rejected(code, reason):
                return _rejected(order.client_order_id, code, reason)
            case Unknown(reason):
                return OrderUnknown(order.client_order_id, vendor_words(reason))
        assert_never(answer)

    def _kept_off(
        self, order: Order, parent: OpenOrder | None, codes: tuple[str, ...]
    ) -> Event | None:
        """What was not sent is something this program got wrong: it holds everything in."""
        name = order.client_order_id
        self.strays[name] = Difference(codes[0], name, None, order.quantity)
        if parent is None:
            return None
        if parent.state is OrderState.PREPARED and not parent.filled:
            return OrderWithheld(name, codes)
        # Some of it is there: its exposure stays, and the broker is asked.
        return OrderUnknown(name, codes[0])

    def settle(self) -> None:
        """Ask the broker about every order of its own whose fate is not known."""
        mine = self._broker.name
        for opened in list(self._log.book.open.values()):
            if opened.state in _ASK and opened.order.broker == mine:
                self._settle(opened)
        self._log.commit()
        self._checkpoint("settled")

    def _settle(self, opened: OpenOrder) -> None:
        name = opened.order.client_order_id
        answer = self._broker.order_status(name, opened.market_time)
        match answer:
            case BrokerOrder(state=OrderState.REJECTED) if answer.filled <= opened.filled:
                event = _rejected(name, answer.reason, "as the broker says")
                self._log.of_order(name, event)
            case BrokerOrder():
                # Of one that is over, too: its end is told after what it filled.
                found = OrderAcknowledged(name, answer.broker_order_id, self._clock())
                self._log.of_order(name, found)
            case Absent():
                self._absent(opened)
            case Unknown(reason):
                if opened.state is not OrderState.UNKNOWN:
                    self._log.of_order(name, OrderUnknown(name, vendor_words(reason)))

    def _absent(self, opened: OpenOrder) -> None:
        """The broker has never seen the order: send it after all, or make sure it never comes."""
        name = opened.order.client_order_id
        now = self._clock()
        again = self._broker.resubmits and opened.expires > now and name not in self._given_up
        if again and not within_parent(opened.order, opened, absent=True):
            self._log.message("order", name, self._broker.name, now)
            # Whatever leaves is on record as sent before it leaves.
            self._log.commit()
            outcome = self._send(opened, absent=True)
            if not isinstance(outcome, OrderWithheld | OrderRejected):
                self._take(name, outcome)
                return
            self._give_up(name, outcome)
        self._log.message("cancel", name, self._broker.name, now, why=ABSENT)
        if self._broker.cancel(name) is OrderState.CANCELLED:
            refused = self._given_up.pop(name, None)
            # It was sent before, so it is no order that never left.
            over = refused if isinstance(refused, OrderRejected) else OrderCancelled(name, ABSENT)
            self._log.of_order(name, over)

    def _give_up(self, name: str, outcome: OrderWithheld | OrderRejected) -> None:
        """Leave an order unsent: its first sending may still land, so it keeps what it reserves."""
        book = self._log.book
        left = {one: why for one, why in self._given_up.items() if one in book.open}
        self._given_up = {**left, name: outcome}
        codes = outcome.codes if isinstance(outcome, OrderWithheld) else (outcome.code,)
        reason = vendor_words(f"not sent again: {' '.join(codes)}")
        self._log.of_order(name, OrderUnknown(name, reason))

    def poll(self) -> int:
        """Take in what was executed since the watermark; returns the number of news.

        Raises:
            UnavailableError: the broker does not answer.
        """
        book, name = self._log.book, self._broker.name
        watermark = book.venue(name).watermark
        news = self._broker.executions_since(watermark)
        self._checkpoint("executions read")
        for fill in news.fills:
            if fill.client_order_id not in book.open and fill.client_order_id not in book.closed:
                stray = Difference("FILL_NOT_OURS", fill.client_order_id, None, fill.quantity)
                self.strays[fill.id] = stray
            elif not book.knows_fill(fill.client_order_id, fill.id):
                self._log.of_order(fill.client_order_id, OrderFilled(fill))
        for told in news.sums:
            self._take_sum(told)
        for ended in news.ended:
            if ended.client_order_id in book.open:
                self._log.of_order(ended.client_order_id, _end(ended))
        if news.watermark != watermark:
            self._log.state(BookReconciled(self._differences, news.watermark, name))
        self._log.commit()
        self._checkpoint("executions journalled")
        return len(news.fills) + len(news.ended)

    def _take_sum(self, told: Sum) -> None:
        """Of a sum, what the book does not have yet is a fill; a smaller one is an old answer."""
        book, name = self._log.book, told.client_order_id
        opened = book.open.get(name) or book.closed.get(name)
        fill_id = f"{self._broker.name}-{told.broker_order_id}:{told.filled}"
        if opened is None:
            self.strays[fill_id] = Difference("FILL_NOT_OURS", name, None, told.filled)
        elif told.filled > opened.filled:
            order = opened.order
            more = told.filled - opened.filled
            price = _price_of(told, opened)
            fill = Fill(fill_id, name, order.symbol, order.side, more, price, 0, told.ts)
            self._log.of_order(name, OrderFilled(fill))

    def reconcile(self) -> tuple[Difference, ...]:
        """Hold the book against the broker; what differs twice in a row holds everything in.

        The second look is for what was executed between the reads of the first.

        Raises:
            UnavailableError: the broker does not answer.
        """
        differences = self._compare()
        if differences:
            self.poll()
            again = self._compare()
            lasting = (one for one in again if one in differences)
            differences = tuple(one for one in lasting if not self.cashbook.presume(one))
        if differences or self._differences:
            # That they agree again is on record too: the judge counts how long they do not.
            name = self._broker.name
            watermark = self._log.book.venue(name).watermark
            self._log.state(BookReconciled(differences, watermark, name))
            self._log.commit()
        self._differences = differences
        self._gate.holds[self._broker.name] = ("RECONCILIATION_DRIFT",) if differences else ()
        return differences

    def _compare(self) -> tuple[Difference, ...]:
        broker = self._broker
        state = BrokerState(broker.open_orders(), broker.positions(), broker.account())
        found = compare(self._log.book, state, broker.name)
        if not any(one.code == "CASH" for one in found):
            self.cashbook.agreed()
        lasting = (one for one in found if self.cashbook.lasts(one))
        return (*lasting, *self.strays.values())


def _price_of(told: Sum, opened: OpenOrder) -> int:
    """By the piece, what the book does not have of a sum was traded for, to the nearest unit.

    What one price was rounded by, the next makes good.
    """
    more = told.filled - opened.filled
    unpaid = told.amount * UNIT - opened.paid
    if told.amount == 0 or opened.paid < 0 or unpaid <= 0:
        return told.price
    return (2 * unpaid + more) // (2 * more)


def _end(ended: Ended) -> Event:
    if ended.state is OrderState.REJECTED:
        return _rejected(ended.client_order_id, ended.code, ended.reason)
    return OrderCancelled(ended.client_order_id, vendor_words(ended.code, MOST_OF_CODE))


def _rejected(name: str, code: str, reason: str) -> OrderRejected:
    return OrderRejected(name, vendor_words(code, MOST_OF_CODE), vendor_words(reason))
