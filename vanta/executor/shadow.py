"""A shadow: the live Executor's decisions, made once more by another node, and nothing ever sent.

It reads what the live node recorded (its trade log: intents, quotes, instants, and the book they
met) and decides each again under the shadow's own policy and by its own build. It takes nothing
off any bus and has no broker: there is nothing here that could send. What differs is journalled
with its reason; an intent that the live node let in and never decided is told as missing. Pure.
"""

from collections.abc import Iterable
from itertools import islice
from typing import ClassVar

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError
from vanta.domain.instant import MINUTE
from vanta.domain.policy import Published
from vanta.domain.record import Record
from vanta.domain.trading import Decision
from vanta.executor import events
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import DecisionMade, Event
from vanta.executor.mandate import Mandates
from vanta.executor.what_if_told import SAME, because, kind_of, worth

GRACE = MINUTE
"""How long the live node may take over an intent before it counts as missing."""
REASONS = "reasons"
"""Both deny, and not for the same reasons."""
KEPT = 50
"""Differences a person is shown, the latest."""
MISSED_KEPT = 4096
_TOLD = 5
"""Codes that are named of a decision with other reasons."""


class ShadowAdopted(Event, frozen=True):
    """From here on, the shadow decides under this policy."""

    type: ClassVar[str] = "shadow.adopted"
    published: Published


class ShadowDecided(Event, frozen=True):
    """One live decision, made again."""

    type: ClassVar[str] = "shadow.decided"
    live_seq: int
    """Of the live decision, in the live node's trade log."""
    live_ts: int
    intent_id: str
    vault: str
    symbol: str
    side: str
    outcome: str
    """`same`, `denied`, `allowed`, `smaller`, `larger`, `repriced` or `reasons`."""
    before: int
    """Notional of the live order, units; 0 where there is none."""
    after: int
    """The same as the shadow would have it."""
    because: str
    decision: Decision
    edition: int = 2
    """Of the fences the shadow asked; records from before it was kept are of the second."""


class ShadowMissed(Event, frozen=True):
    """An intent that the live node let in, and decided neither in time nor since."""

    type: ClassVar[str] = "shadow.missed"
    intent_id: str
    let_in: int
    """When, by the live node's record."""


SHADOW: dict[str, type[Event]] = {
    kind.type: kind for kind in (ShadowAdopted, ShadowDecided, ShadowMissed)
}
"""Every type of `shadow.jsonl` but the writer's own."""


class Tally(msgspec.Struct):
    """What the shadow's own journal amounts to; its snapshot."""

    reached: int = -1
    """`seq` of the last live decision that was made again."""
    reached_ts: int = 0
    outcomes: dict[str, int] = {}
    missed: list[str] = []
    """The latest intents that were told as missing."""
    missing: int = 0
    latest: list[ShadowDecided] = []
    """The latest that differ, oldest first."""
    serial: int = 0
    commit: str = ""

    def take(self, event: Event) -> None:
        """Take in the next event of `shadow.jsonl`."""
        match event:
            case ShadowAdopted(published):
                self.serial = published.provenance.serial
                self.commit = published.provenance.commit
            case ShadowDecided():
                self.reached, self.reached_ts = event.live_seq, event.live_ts
                self.outcomes[event.outcome] = self.outcomes.get(event.outcome, 0) + 1
                if event.outcome != SAME:
                    self.latest = [*self.latest, event][-KEPT:]
            case ShadowMissed(name):
                self.missing += 1
                self.missed = [*self.missed, name][-MISSED_KEPT:]
            case _:
                pass

    @property
    def same(self) -> int:
        """Decisions that came out the same."""
        return self.outcomes.get(SAME, 0)

    @property
    def differing(self) -> int:
        """Decisions that did not."""
        return sum(self.outcomes.values()) - self.same


def read_shadow(record: Record) -> Event | None:
    """The event a record of `shadow.jsonl` states; None for the journal's own.

    Raises:
        MalformedError: `EVENT_TYPE`: a type this build does not know; `MALFORMED_JSON`.
    """
    kind = SHADOW.get(record.type)
    if kind is not None:
        return decode(kind, bytes(record.body), place=record.id)
    if record.type.startswith("journal."):
        return None
    raise MalformedError(
        f"{record.type} is not a type of a shadow's journal",
        code="EVENT_TYPE",
        place=record.id,
        remedy="read it with the build that wrote it",
    )


class _Opening(msgspec.Struct):
    state: msgspec.Raw


class Shadow:
    """Folds the live node's trade log and intents, and decides beside it.

    Args:
        reached: `seq` of the last live decision that was made again before; -1 for none.
        since: what the live node recorded before is not made again, UTC nanoseconds.
        missed: intents that were told as missing before.
    """

    def __init__(self, *, reached: int = -1, since: int = 0, missed: Iterable[str] = ()) -> None:
        self.book = Book()
        """The live node's, as far as it was read."""
        self._reached, self._since = reached, since
        self._missed = set(missed)
        self._let_in: dict[str, int] = {}
        """Intents without a live decision, to when they were let in."""

    def follow(self, record: Record) -> None:
        """The next record of the live trade log, about which nothing is decided."""
        if isinstance(event := self._read(record), Event):
            self.book.apply(event)

    def take(
        self, record: Record, mandates: Mandates, *, edition: int = EDITION
    ) -> ShadowDecided | None:
        """The next record of the live trade log; what the shadow decides where it is a decision.

        Args:
            record: in order, the first one a segment's opening.
            mandates: of the shadow's own policy.
            edition: of the fences that are asked.
        """
        event = self._read(record)
        if event is None:
            return None
        told = None
        if isinstance(event, DecisionMade):
            self._let_in.pop(event.intent.id, None)
            if record.seq > self._reached and record.ts >= self._since:
                told = self._beside(event, record, mandates, edition)
                self._reached = record.seq
        self.book.apply(event)
        return told

    def _read(self, record: Record) -> Event | None:
        """Its event; the book is the snapshot's where a segment opens."""
        if record.type.startswith("journal."):
            state = msgspec.json.decode(record.body, type=_Opening).state
            self.book = Book.from_state(bytes(state))
            return None
        return events.read(record)

    def _beside(
        self, live: DecisionMade, record: Record, mandates: Mandates, edition: int
    ) -> ShadowDecided:
        intent, book = live.intent, self.book
        own = decide(
            intent, book, mandates, live.quote, live.now, broker=live.broker, edition=edition
        )
        outcome, why = compare(live.decision, own)
        return ShadowDecided(
            live_seq=record.seq,
            live_ts=record.ts,
            intent_id=intent.id,
            vault=intent.vault,
            symbol=intent.symbol,
            side=intent.side,
            outcome=outcome,
            before=worth(live.decision.order),
            after=worth(own.order),
            because=why,
            decision=own,
            edition=edition,
        )

    def let_in(self, record: Record) -> None:
        """The next record of the live node's intents."""
        if record.type != events.IntentAccepted.type:
            return
        event = events.read(record)
        if (
            isinstance(event, events.IntentAccepted)
            and event.intent.id not in self.book.decided
            and event.intent.id not in self._missed
        ):
            self._let_in[event.intent.id] = record.ts

    def missing(self, now: int) -> list[ShadowMissed]:
        """Intents that wait for a live decision for too long, each told once."""
        late = [(name, ts) for name, ts in self._let_in.items() if now - ts > GRACE]
        for name, _ in late:
            del self._let_in[name]
            self._missed.add(name)
        return [ShadowMissed(name, ts) for name, ts in late]


def compare(live: Decision, own: Decision) -> tuple[str, str]:
    """How the shadow's decision differs from the live one, and why, in a sentence."""
    kind = kind_of(live, own)
    if kind != SAME:
        return kind, because(live, own, kind)
    theirs = dict.fromkeys(finding.code for finding in live.reasons)
    ours = dict.fromkeys(finding.code for finding in own.reasons)
    if theirs.keys() == ours.keys():
        return SAME, ""
    more = _first(code for code in ours if code not in theirs)
    less = _first(code for code in theirs if code not in ours)
    told = [f"here also for {more}" if more else "", f"here not for {less}" if less else ""]
    return REASONS, "; ".join(filter(None, told))


def _first(codes: Iterable[str]) -> str:
    """Codes in the order of their fences: a vault that is not there is one, and thirty follow."""
    left = iter(codes)
    first, more = list(islice(left, _TOLD)), sum(1 for _ in left)
    return ", ".join(first) + (f" and {more} more" if more else "")
