"""A decision asked again, and what became of its order in money.

Both come from the Executor's own book, folded over its own journal: up to the decision for the
numbers every fence saw, and on to the journal's end for what was gained or lost.
"""

from collections.abc import Iterable
from typing import TypeGuard

import msgspec

from vanta.audit.bias import Bias, bias
from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT
from vanta.domain.trading import Finding, HeldPosition
from vanta.executor import events
from vanta.executor.book import Book
from vanta.executor.case import Case
from vanta.executor.decide import decide, name_of, propose
from vanta.executor.edition import EDITION
from vanta.executor.fences.registry import measure
from vanta.executor.mandate import Mandates
from vanta.executor.positions import OpenOrder, worth
from vanta.executor.sums import SymbolTotals


class Exit(msgspec.Struct, frozen=True):
    """A later order that closed some of the same position."""

    client_order_id: str
    quantity: int
    realised: int
    """What its fills realised after their fees, units; by average cost."""


class Outcome(msgspec.Struct, frozen=True):
    """Where an order stands at the end of the journal, and its money. Amounts in units."""

    state: str
    """Of `OrderState`."""
    filled: int
    average_price: int
    """Of its fills, rounded down; 0 when there is none."""
    fees: int
    realised: int
    """What its own fills realised, after their fees."""
    mark: int
    """Last price of the symbol; 0 when there is none."""
    marked: int
    """The market's time of that price."""
    still_held: int
    """How much of what it opened the vault still holds."""
    unrealised: int
    """What that is worth at the mark, less what its fills paid for it."""
    position: HeldPosition
    """What the vault holds of the symbol."""
    exits: tuple[Exit, ...]
    """Orders that closed some of the position after it, until the vault was out of it."""


class Conversion(msgspec.Struct, frozen=True):
    """A conversion that was made for an intent before it was decided."""

    intent_id: str
    side: str
    quantity: int
    """Of the stablecoin, as it was wanted."""
    filled: int
    price: int
    """Of its fills on average, rounded down; 0 without any."""


class Retraced(msgspec.Struct, frozen=True):
    """What the Executor's journal says of one intent."""

    serial: int
    """Of the policy in force at the decision; 0 when none was."""
    findings: tuple[Finding, ...]
    """Every question every fence asked, passed or not, with its numbers."""
    reproduced: bool
    """Whether deciding again gave the recorded decision, byte for byte."""
    outcome: Outcome | None
    """None when nothing was ordered."""
    bias: Bias | None = None
    """What the vault's persona made of it; None when no policy was in force."""
    conversions: tuple[Conversion, ...] = ()
    """What it waited for, in order."""


def retrace(told: Iterable[events.Event], intent_id: str) -> Retraced | None:
    """Fold a trade log and say what it says of one intent.

    Args:
        told: every event of `trade_log.jsonl`, in order.
        intent_id: the intent.

    Returns:
        None when the journal holds no decision on it.

    Raises:
        MalformedError: events that cannot follow each other.
    """
    book = Book()
    asked: tuple[int, tuple[Finding, ...], bool] | None = None
    traced: _Traced | None = None
    biased: Bias | None = None
    awaited: list[events.ConversionWanted] = []
    for event in told:
        if isinstance(event, events.ConversionWanted) and event.serves == intent_id:
            awaited.append(event)
        if (
            traced is None
            and isinstance(event, events.DecisionMade)
            and event.intent.id == intent_id
        ):
            asked = _ask_again(event, book)
            if book.published is not None:
                biased = bias(book.published.policy, event, book)
            traced = _Traced(event.decision.order.client_order_id if event.decision.order else "")
        book.apply(event)
        if traced is not None:
            traced.see(event, book)
    if asked is None or traced is None:
        return None
    serial, findings, reproduced = asked
    converted = tuple(_converted(one, book) for one in awaited)
    return Retraced(serial, findings, reproduced, traced.outcome(book), biased, converted)


def _converted(wanted: events.ConversionWanted, book: Book) -> Conversion:
    """What came of a conversion, by the book at the end."""
    name = f"ord_{name_of(wanted.intent)}"
    opened = book.open.get(name) or book.closed.get(name)
    filled = opened.filled if opened else 0
    price = opened.paid // filled if opened and filled else 0
    intent = wanted.intent
    return Conversion(intent.id, intent.side, wanted.quantity, filled, price)


def _decides(event: events.Event, intent_id: str) -> TypeGuard[events.DecisionMade]:
    return isinstance(event, events.DecisionMade) and event.intent.id == intent_id


def _ask_again(event: events.DecisionMade, book: Book) -> tuple[int, tuple[Finding, ...], bool]:
    """Serial of the policy, every fence's numbers, and whether the decision comes out the same."""
    if book.published is None:
        return 0, event.decision.findings, False
    policy = Mandates(book.published.policy)
    intent = event.intent
    edition = min(event.edition, EDITION)
    mandate, quote, now = policy.of(intent.vault), event.quote, event.now
    again = decide(intent, book, policy, quote, now, broker=event.broker, edition=edition)
    case = Case(intent, book, mandate, quote, now, event.broker, edition)
    order, _ = propose(case)
    serial = book.published.provenance.serial
    return serial, measure(order, case), encode(again) == encode(event.decision)


class _Traced:
    """One order, followed from its decision on."""

    def __init__(self, client_order_id: str) -> None:
        self.id = client_order_id
        self.opened: OpenOrder | None = None
        self.paid = 0
        """Price times quantity of its fills, before rounding."""
        self.cost = 0
        """The same in dollars."""
        self.quantity = 0
        self.fees = 0
        self.out = False
        """Whether the vault has been out of the position since."""
        self.exits: dict[str, OpenOrder] = {}

    def see(self, event: events.Event, book: Book) -> None:
        """Look at the book just after an event."""
        if self.opened is None:
            self.opened = book.open.get(self.id)
        if self.opened is None or not isinstance(event, events.OrderFilled):
            return
        fill, own = event.fill, self.opened.order
        if fill.client_order_id == self.id:
            self.paid += fill.price * fill.quantity
            # Of a coin paid in stablecoin: what that was worth then.
            rate = book.peg if self.opened.in_stablecoin else UNIT
            self.cost += fill.price * fill.quantity * rate // UNIT
            self.quantity += fill.quantity
            self.fees += -(-fill.fee * rate // UNIT)
            return
        other = book.open.get(fill.client_order_id) or book.closed.get(fill.client_order_id)
        if other is None or self.out or not self.quantity or own.reducing:
            return
        line = book.line_of(self.opened)
        if book.line_of(other) is line and other.order.side != own.side:
            self.exits[fill.client_order_id] = other
            self.out = line.quantity == 0

    def outcome(self, book: Book) -> Outcome | None:
        """Where it stands in the book as it is now."""
        if self.opened is None:
            return None
        order = self.opened.order
        line = book.line_of(self.opened)
        symbol = book.symbols.get(line.symbol) or SymbolTotals(mark=book.peg, marked=book.pegged)
        direction = 1 if order.side == "buy" else -1
        kept = unrealised = 0
        if self.quantity and not order.reducing and not self.out:
            kept = min(self.quantity, max(0, direction * line.quantity))
            if symbol.mark:
                paid = self.cost * kept * order.multiplier // (self.quantity * UNIT)
                value = worth(symbol.mark, kept, order.multiplier)
                unrealised = direction * (value - paid)
        return Outcome(
            state=self.opened.state.value,
            filled=self.quantity,
            average_price=self.paid // self.quantity if self.quantity else 0,
            fees=self.fees,
            realised=self.opened.realised,
            mark=symbol.mark,
            marked=symbol.marked,
            still_held=kept,
            unrealised=unrealised,
            position=HeldPosition(
                order.vault, line.symbol, line.quantity, line.cost, line.realised, line.fees
            ),
            exits=tuple(
                Exit(exit_id, exiting.filled, exiting.realised)
                for exit_id, exiting in self.exits.items()
            ),
        )
