"""What the Executor's two journals say: the bodies of their records, and how they are read.

The book is the fold of `trade_log.jsonl`: every type of it is in `TRADE_LOG`. An event becomes an
`Entry` by `entry` and comes back from a `Record` by `read`, so a type's name, id and body are
declared in one place.
"""

from typing import ClassVar, Literal

import msgspec

from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.exits import ExitCause
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Record
from vanta.domain.trading import Decision, Envelope, Fill, Intent, Order, Quote
from vanta.executor import encoded
from vanta.executor.rails import Conversion


class Event(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of every body; `type` is the record's."""

    type: ClassVar[str]

    @property
    def body(self) -> object:
        """What is encoded: itself, or what comes to the same bytes sooner."""
        return self

    def record_id(self, ordinal: int) -> str:
        """Id of the event's record.

        Args:
            ordinal: the record's place in the journal; the same thing can happen twice.
        """
        return content_id("evt", self.type.encode(), encode(self), ordinal.to_bytes(8, "big"))


class IntentAccepted(Event, frozen=True):
    """An intent that passed intake, with the bytes that prove it."""

    type: ClassVar[str] = "intent.accepted"
    envelope: Envelope
    intent: Intent

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return self.intent.id


class IntentRefused(Event, frozen=True):
    """A parcel that did not pass intake."""

    type: ClassVar[str] = "intent.refused"
    code: str
    reason: str
    node: str
    """Who it says it is from; empty when it could not be read."""
    digest: str
    """SHA-256 of the parcel, in hex."""


class VaultFunded(Event, frozen=True):
    """Money a vault starts from."""

    type: ClassVar[str] = "vault.funded"
    vault: str
    cash: int
    at: int


class PolicyAdopted(Event, frozen=True):
    """From here on, decisions are made under this policy."""

    type: ClassVar[str] = "policy.adopted"
    published: Published
    at: int = 0
    """UTC nanoseconds; 0 in records from before it was kept."""


class CommitsPassed(Event, frozen=True):
    """Governance commits this node has judged, whether or not each changed what is enforced."""

    type: ClassVar[str] = "commits.passed"
    commits: tuple[str, ...]
    """Oldest first."""


class DecisionMade(Event, frozen=True):
    """A decision with everything it was made from, but for the book and the policy in force."""

    type: ClassVar[str] = "decision.made"
    intent: Intent
    quote: Quote | None
    now: int
    broker: str
    """Where the order would go, and where the quote is from."""
    decision: Decision
    edition: int = 1
    """Of the fences it was put to (`fences.fence.EDITION`); records from before it was kept have
    none and are of the first."""

    @property
    def body(self) -> object:
        shared = encoded.decision_made(
            self.intent, self.quote, self.now, self.broker, self.decision, self.edition
        )
        return self if shared is None else shared

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return self.decision.id


class ExitWanted(Event, frozen=True):
    """A way out the Executor wants of its own, and everything but the book it was found from."""

    type: ClassVar[str] = "exit.wanted"
    intent: Intent
    cause: ExitCause
    quote: Quote
    now: int
    broker: str
    """Where the quote is from."""

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return self.intent.id


class ConversionWanted(Event, frozen=True):
    """Money to be brought to another currency, and all but the book that was worked out from."""

    type: ClassVar[str] = "conversion.wanted"
    intent: Intent
    """The conversion's own."""
    quantity: int
    """Of the stablecoin, units: the plan's, or as much of it as one order may have."""
    plan: tuple[Conversion, ...]
    peg: Quote
    """Dollars for one of the stablecoin."""
    broker: str
    """Where that quote is from, and where the conversion would go."""
    now: int
    edition: int
    """Of the fences the order it is for was put to."""
    served: Intent | None = None
    """What waits for the money; none where the buffer is made up."""
    market: Quote | None = None
    """Of what waits."""
    venue: str = ""
    """Where that quote is from."""

    @property
    def serves(self) -> str:
        """The intent that waits for the money; empty for none."""
        return "" if self.served is None else self.served.id

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return self.intent.id


class BranchEnded(Event, frozen=True):
    """The node's clock reached the end of a flip or a boost: it stays over, whatever is set."""

    type: ClassVar[str] = "branch.ended"
    vault: str
    kind: Literal["flip", "boost"]
    until: int
    at: int
    """UTC nanoseconds by the node's clock."""


class OrderPrepared(Event, frozen=True):
    """An order that is on disk and may be sent."""

    type: ClassVar[str] = "order.prepared"
    order: Order

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return self.order.client_order_id


class _OfOrder(Event, frozen=True):
    client_order_id: str


class MessageSent(_OfOrder, frozen=True, omit_defaults=True):
    """A cancel, or an order once more, was sent to a broker; the first time is its decision's."""

    type: ClassVar[str] = "message.sent"
    kind: Literal["cancel", "order"]
    vault: str
    """Empty, like the strategy, for an order that is not in the book."""
    broker: str
    strategy: str
    at: int
    why: str = ""
    """Code of what a cancel was sent for; empty in records from before it was kept."""
    who: str = ""
    """The person who asked for it, or the intent that it makes way for."""


class OrderWithheld(_OfOrder, frozen=True):
    """The gate was shut: the order never left."""

    type: ClassVar[str] = "order.withheld"
    codes: tuple[str, ...]


class OrderAcknowledged(_OfOrder, frozen=True):
    """The broker has the order."""

    type: ClassVar[str] = "order.acknowledged"
    broker_order_id: str
    ts: int


class OrderUnknown(_OfOrder, frozen=True):
    """Nobody can say yet whether the broker has the order; its exposure stays reserved."""

    type: ClassVar[str] = "order.unknown"
    reason: str


class OrderRejected(_OfOrder, frozen=True):
    """The broker refused the order."""

    type: ClassVar[str] = "order.rejected"
    code: str
    reason: str


class OrderFilled(Event, frozen=True):
    """One execution."""

    type: ClassVar[str] = "order.filled"
    fill: Fill

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return f"fill_{self.fill.id}"


class OrderCancelled(_OfOrder, frozen=True):
    """What was left of the order is gone from the broker."""

    type: ClassVar[str] = "order.cancelled"
    reason: str


class Difference(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One thing the book and the broker do not agree about."""

    code: str
    subject: str
    """Order or symbol."""
    ours: int | str | None
    theirs: int | str | None


class Share(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A vault's part of what moved without an execution."""

    vault: str
    amount: int
    """Units of money, of the same sign as the whole."""
    kept: int = 0
    """Of what was kept of a coin, in 10^-18."""


class AccountOpened(Event, frozen=True):
    """From here on a broker's cash is held against the book, and what moves it is taken in."""

    type: ClassVar[str] = "account.opened"
    broker: str
    cash: int
    """What lay there, units."""
    known: tuple[str, ...]
    """Ids of what had moved it shortly before, and is in that."""
    at: int


class FeeCharged(Event, frozen=True):
    """A fee that was told later than its execution."""

    type: ClassVar[str] = "fee.charged"
    id: str
    """The broker's own, after the broker's name."""
    broker: str
    amount: int
    """What it cost, units of money; of a part of a coin, what that is worth."""
    day: int
    """The day it is for, as the broker dates it: its first nanosecond, UTC."""
    said: str
    """The broker's word for it."""
    symbol: str
    """Empty where the broker names none."""
    client_order_id: str
    """Of the order it is for; empty where the broker does not say which."""
    kept: int
    """What the broker kept of the coin instead of money, in 10^-18."""
    price: int
    """That the worth of it was counted at."""
    shares: tuple[Share, ...]
    """Whose cost it is (`bearers`), which adds up to all of it, or to nothing where nobody's."""
    at: int
    """When it was taken in, UTC nanoseconds."""
    presumed: bool = False
    """Whether nobody told of it yet: what was bought is there but for that."""
    before: int = 0
    """What of the coin was presumed before, in 10^-18; `kept` is the rest, of either sign."""

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return f"fee_{self.id}"


class CashMoved(Event, frozen=True):
    """Money that moved at a broker for another reason: a dividend, interest, a transfer."""

    type: ClassVar[str] = "cash.moved"
    id: str
    broker: str
    kind: Literal["dividend", "interest", "transfer", "other"]
    amount: int
    """Units, negative where it went away."""
    day: int
    said: str
    symbol: str
    shares: tuple[Share, ...]
    """Whose gain or loss it is (`bearers`); nobody's where it is brought in or taken out."""
    at: int

    def record_id(self, ordinal: int) -> str:  # noqa: ARG002 - has its own id
        return f"cash_{self.id}"


class BookMarked(Event, frozen=True):
    """What is held was priced, so that losses count whether or not anybody asks to trade it."""

    type: ClassVar[str] = "book.marked"
    quotes: tuple[Quote, ...]


class BookReconciled(Event, frozen=True):
    """The book was held against a broker, whose executions are known up to `watermark`."""

    type: ClassVar[str] = "book.reconciled"
    differences: tuple[Difference, ...]
    watermark: int
    broker: str


class BookCleared(Event, frozen=True):
    """A full halt took back what was open, and the broker says that none of it is left."""

    type: ClassVar[str] = "book.cleared"
    why: str
    """`HALT_LATCHED` or `FULL_HALT`; empty where the halt was over by then."""
    orders: tuple[str, ...]
    """The orders that were taken back."""
    broker: str
    at: int
    """When the broker said so, UTC nanoseconds."""


TRADE_LOG: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        VaultFunded,
        PolicyAdopted,
        CommitsPassed,
        BranchEnded,
        ExitWanted,
        ConversionWanted,
        DecisionMade,
        OrderPrepared,
        MessageSent,
        OrderWithheld,
        OrderAcknowledged,
        OrderUnknown,
        OrderRejected,
        OrderFilled,
        OrderCancelled,
        AccountOpened,
        FeeCharged,
        CashMoved,
        BookMarked,
        BookReconciled,
        BookCleared,
    )
}
"""Every type of `trade_log.jsonl` but the writer's own."""

INTENTS: dict[str, type[Event]] = {kind.type: kind for kind in (IntentAccepted, IntentRefused)}
"""Every type of `intents.jsonl` but the writer's own."""


def read(record: Record) -> Event | None:
    """The event a record states; None for the journal's own records.

    Raises:
        MalformedError: `EVENT_TYPE`: a type this build does not know; `MALFORMED_JSON`.
    """
    kind = TRADE_LOG.get(record.type) or INTENTS.get(record.type)
    if kind is None:
        if record.type.startswith("journal."):
            return None
        raise MalformedError(
            f"{record.type} is not a type of the Executor's journals",
            code="EVENT_TYPE",
            place=record.id,
            remedy="read it with the build that wrote it",
        )
    return decode(kind, bytes(record.body), place=record.id)


def entry(
    event: Event,
    *,
    ordinal: int,
    parents: tuple[str, ...] = (),
    dag_id: str = "",
    policy: str = "",
) -> Entry:
    """The entry that states an event.

    Args:
        event: what happened.
        ordinal: the place its record will have in the journal.
        parents: ids of the records that caused it.
        dag_id: of the conviction it grew from; empty for none.
        policy: governance commit in force.
    """
    return Entry(
        type=event.type,
        id=event.record_id(ordinal),
        body=event.body,
        parents=parents,
        dag_id=dag_id,
        policy=policy,
    )
