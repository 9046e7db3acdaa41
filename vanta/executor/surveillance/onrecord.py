"""What the node's own journals say, as far as a broker's statement can still be about it.

It grows with what is open, and forgets orders a while after they were over: its memory is bounded
however long the journals become. Pure.
"""

from collections.abc import Iterator

import msgspec

from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Fill, Intent, Order, OrderState
from vanta.executor import events
from vanta.executor.positions import OpenOrder
from vanta.executor.surveillance.mismatch import Mismatch

KEPT = 4096
"""Orders that are over and remembered, whenever that was."""
KEPT_FOR = 30 * SECOND
"""How long every one is remembered, however many there are."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One fill, as one side has it. Units."""

    quantity: int
    price: int
    fee: int
    kept: int = 0
    """Of the coin, as the fill has it."""

    def __str__(self) -> str:
        """For a person."""
        kept = f", kept {self.kept}" if self.kept else ""
        return f"{self.quantity} at {self.price}, fee {self.fee}{kept}"

    @classmethod
    def of(cls, fill: Fill) -> "Recorded":
        """What is compared of a fill."""
        return cls(fill.quantity, fill.price, fill.fee, fill.kept)


class Known(msgspec.Struct):
    """An order on record, and what either side says was executed of it."""

    order: Order
    over: int = 0
    """When its end was read, UTC nanoseconds; 0 while it is open."""
    withheld: bool = False
    ours: dict[str, Recorded | None] = {}
    """By the broker's id; None for one whose price is no longer at hand."""
    theirs: dict[str, Recorded] = {}
    whole: int = 0
    """Quantity on record."""
    stated: int = 0
    """Quantity by the single fills the broker told."""
    summed: int = -1
    """Quantity by the sums it told; -1 for a broker that told none of this order."""


class OnRecord(msgspec.Struct):
    """The fold of both journals."""

    orders: dict[str, Known] = {}
    over: dict[str, int] = {}
    """When orders were over, in that order."""
    intents: dict[str, Intent] = {}
    """Let in, and not decided."""
    used: dict[str, str] = {}
    """By intent: the order it was decided as."""
    forgotten: int = 0
    """Of what was executed up to then, the order may be one that was forgotten."""

    def carry(self, opened: OpenOrder, at: int) -> None:
        """Take in an order of a snapshot: what it filled is known by its ids alone."""
        order = opened.order
        self.used[order.intent_id] = order.client_order_id
        if not opened.prepared:
            return
        known = Known(order, ours=dict.fromkeys(opened.fills), whole=opened.filled)
        known.withheld = opened.state is OrderState.WITHHELD
        self.orders[order.client_order_id] = known
        if opened.state.terminal:
            self._end(order.client_order_id, at)

    def take(self, event: events.Event | None, at: int) -> Iterator[Mismatch]:
        """Take in what happened, read at `at`; what of it no intent stands behind.

        Of a decision, the intents that were let in before it come first.
        """
        match event:
            case (
                events.IntentAccepted(_, intent)
                | events.ExitWanted(intent)
                | events.ConversionWanted(intent)
            ):
                self.intents[intent.id] = intent
            case events.DecisionMade():
                yield from self._decide(event)
            case events.OrderPrepared(order):
                yield from self._prepare(order)
            case events.OrderWithheld(name):
                if name in self.orders:
                    self.orders[name].withheld = True
                    self._end(name, at)
            case events.OrderCancelled(name) | events.OrderRejected(name):
                self._end(name, at)
            case _:
                pass

    def filled(self, fill: Fill, at: int) -> Known | None:
        """Take in a fill on record; its order, None where that is forgotten or the fill known."""
        known = self.orders.get(fill.client_order_id)
        if known is None or fill.id in known.ours:
            return None
        known.ours[fill.id] = Recorded.of(fill)
        known.whole += fill.quantity
        if known.whole >= known.order.quantity:
            self._end(fill.client_order_id, at)
        return known

    def set_back(self, now: int) -> None:
        """Take what was over at a time yet to come for over just now."""
        for name, at in self.over.items():
            if at > now:
                self.orders[name].over = self.over[name] = now

    def forget(self, now: int, doubted: set[str]) -> None:
        """Let go of orders that were over long enough, but for those still in doubt."""
        spare = len(self.over) - KEPT
        if spare > 0:
            old = [name for name, at in list(self.over.items())[:spare] if now - at > KEPT_FOR]
            for name in old:
                if name not in doubted:
                    self.forgotten = max(self.forgotten, self.over.pop(name))
                    self.used.pop(self.orders.pop(name).order.intent_id, None)
        while self.intents:
            first = next(iter(self.intents))
            if self.intents[first].expires > now - DAY:
                return
            del self.intents[first]

    def _decide(self, event: events.DecisionMade) -> Iterator[Mismatch]:
        wanted, order = event.intent, event.decision.order
        asked = self.intents.pop(wanted.id, None)
        if order is None:
            return
        name = order.client_order_id
        if first := self.used.get(wanted.id):
            yield Mismatch("INTENT_TWICE", "", wanted.id, name, first)
        elif asked is None:
            yield Mismatch("INTENT_MISSING", "", name, wanted.id, None)
        elif asked != wanted or _what(order) != _what(asked):
            yield Mismatch("INTENT_DIFFERS", "", name, _what(order), _what(asked))
        self.used.setdefault(wanted.id, name)

    def _prepare(self, order: Order) -> Iterator[Mismatch]:
        name, first = order.client_order_id, self.used.get(order.intent_id)
        if first is None:
            yield Mismatch("INTENT_MISSING", "", name, order.intent_id, None)
            self.used[order.intent_id] = name
        elif first != name or name in self.orders:
            yield Mismatch("INTENT_TWICE", "", order.intent_id, name, first)
        self.orders.setdefault(name, Known(order))

    def _end(self, name: str, at: int) -> None:
        known = self.orders.get(name)
        if known is not None and not known.over:
            known.over = self.over[name] = at


def _what(asked: Order | Intent) -> str:
    return f"{asked.vault} {asked.side} {asked.symbol}"
