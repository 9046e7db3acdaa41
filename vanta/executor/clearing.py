"""Cancel-all: what a full halt covers is taken back, until the broker says that none of it is left.

A halt keeps in what has not left; this is for what left before it. Cancels pass every switch. A
cancel may be asked for any number of times, so a process that is killed half-way asks again.
"""

from collections.abc import Callable
from typing import NamedTuple

from vanta.domain.instant import NEVER
from vanta.domain.trading import OrderState
from vanta.executor.asking import Asking
from vanta.executor.book import Book
from vanta.executor.brokers.port import Broker
from vanta.executor.events import BookCleared, OrderCancelled
from vanta.executor.gate import LATCHED
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.positions import OpenOrder

FULL_HALT = "FULL_HALT"
OURS = "ord_"
"""What the client ids of this system begin with; nobody else's order is touched."""


class Covered(NamedTuple):
    """The open orders that a full halt covers."""

    why: str
    """`HALT_LATCHED` or `FULL_HALT`; empty where nothing is halted."""
    orders: tuple[OpenOrder, ...] = ()
    everything: bool = False
    """Whether the halt is of the whole node: then no order of ours may be left at the broker, not
    even one the book does not know."""


def covered(book: Book, mandates: Mandates | None, *, latched: bool) -> Covered:
    """What is to be taken back now; pure.

    Args:
        book: everything that is open.
        mandates: the policy in force; `None` where there is none.
        latched: whether the node's latch is set.
    """
    if latched:
        return Covered(LATCHED, tuple(book.open.values()), everything=True)
    if mandates is None or not mandates.halting:
        return Covered("")
    if mandates.policy.overlay.everywhere.full_halt != NEVER:
        return Covered(FULL_HALT, tuple(book.open.values()), everything=True)
    found = tuple(one for one in book.open.values() if _halted(one, mandates))
    return Covered(FULL_HALT if found else "", found)


def _halted(opened: OpenOrder, mandates: Mandates) -> bool:
    order = opened.order
    brake = mandates.of(order.vault).brake(order.broker, order.strategy)
    return any(switches.full_halt != NEVER for _, switches in brake.scopes)


class Clearing:
    """Takes back, and states once it is confirmed.

    Args:
        log: the trade log and its book.
        broker: where the orders are.
        poll: takes in what the broker says happened.
        clock: UTC nanoseconds.
        every: nanoseconds between the first two attempts on an order that is not over yet.
    """

    def __init__(
        self,
        log: TradeLog,
        broker: Broker,
        poll: Callable[[], int],
        clock: Callable[[], int],
        every: int,
    ) -> None:
        self._log, self._broker, self._poll, self._clock = log, broker, poll, clock
        self._asked = Asking(every)
        """Of the orders of this halt."""
        self._looked = Asking(every)
        """Of the broker, whether any is left."""

    def step(self, mandates: Mandates | None, *, latched: bool) -> int:
        """One attempt on everything that is covered and not over; how many cancels were asked.

        Raises:
            BrokerAwayError: the broker does not say what became of it; what is open stays open.
        """
        found = covered(self._log.book, mandates, latched=latched)
        asked = 0
        for opened in found.orders:
            if opened.order.broker == self._broker.name:
                asked += self._cancel(opened, found.why)
        over = self._asked and not any(name in self._log.book.open for name in self._asked.names)
        if over and self._looked.due(self._broker.name, self._clock()):
            self._confirm(found)
        return asked

    def _cancel(self, opened: OpenOrder, why: str) -> bool:
        name, now = opened.order.client_order_id, self._clock()
        if not self._asked.due(name, now, opened.state.value):
            return False
        self._log.message("cancel", name, self._broker.name, now, why=why)
        if self._broker.cancel(name) is OrderState.CANCELLED:
            # What was filled before the cancel is taken in before the order is over.
            self._poll()
            if name in self._log.book.open:
                self._log.of_order(name, OrderCancelled(name, why))
        # After the cancel: it is counted, and waits for no disk.
        self._log.commit()
        return True

    def _confirm(self, found: Covered) -> None:
        """State that everything asked for is gone, once the broker shows none of it."""
        alive = {order.client_order_id for order in self._broker.open_orders()}
        left = alive & self._asked.names
        if found.everything:
            left |= {name for name in alive if name.startswith(OURS)}
        if left:
            now = self._clock()
            for name in sorted(left):
                if self._asked.due(name, now):
                    self._log.message("cancel", name, self._broker.name, now, why=found.why)
                    self._broker.cancel(name)
            self._log.commit()
            return
        names, name = tuple(sorted(self._asked.names)), self._broker.name
        self._log.state(BookCleared(found.why, names, name, self._clock()))
        self._log.commit()
        self._asked.clear()
        self._looked.clear()
