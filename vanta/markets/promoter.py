"""The promoter: the one process of Markets that has the node's key, and the bus.

It follows the reflection journal, holds each proposal against the policy in force, signs what
passes, writes that down, and hands it over. So whoever takes over what reads strangers' words has
no key to sign with, and nothing to reach the Executor by.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.bus.port import AWAY, Outbox
from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Position, Record
from vanta.domain.trading import Intent
from vanta.governance.latch import latched
from vanta.journal.reader import Tail, live_state
from vanta.journal.writer import ROTATE_AT, Journal
from vanta.markets import promote, records
from vanta.markets.beliefs import SENT, Sent
from vanta.markets.handing import Handing
from vanta.markets.reflection import seal
from vanta.node.ending import Ending
from vanta.node.layout import Layout

IDLE = 0.2
"""Seconds between two looks at the journal."""
BATCH = 4096
"""Records of one look."""


class Promotions(msgspec.Struct):
    """What the promotion journal amounts to; a segment opens with it."""

    read: records.Evidence | None = None
    """How far of the reflection journal."""
    sent: dict[str, Sent] = {}
    """By intent id, the last ones."""

    def fold(self, found: Iterable[Record]) -> None:
        """Take records in, in order; types of no consequence pass."""
        for record in found:
            if record.type == records.INTENT_PROMOTED:
                promoted = decode(records.IntentPromoted, bytes(record.body), place=record.id)
                self.sent[record.id] = Sent(promoted.intent.expires, promoted.envelope)
                while len(self.sent) > SENT:
                    del self.sent[next(iter(self.sent))]
            elif record.type == records.PROMOTION_FINISHED:
                finished = decode(records.PromotionFinished, bytes(record.body), place=record.id)
                self.read = finished.reflection


class Promoter:
    """Promotes what one node's reflector proposes; the only writer of `promotion.jsonl`.

    Args:
        layout: the node's folders.
        policy: reads the published policy; may raise, and then proposals wait.
        clock: UTC nanoseconds.
        key: the node's own, registered in `Authority`.
        outbox: the Markets end of the bus.
        node: the name the key is registered under.
        build: what is written down as the actor.
        rotate_at: bytes after which the journal begins a new segment.

    Raises:
        UnavailableError: another process holds the journal, or the disk refuses.
        MalformedError: a journal was changed by somebody.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        policy: Callable[[], Published],
        clock: Callable[[], int],
        key: Ed25519PrivateKey,
        outbox: Outbox,
        node: str,
        build: str,
        rotate_at: int = ROTATE_AT,
    ) -> None:
        self._layout, self._policy, self._clock = layout, policy, clock
        self._key, self._node, self._build = key, node, build
        self._handing = Handing(outbox, clock)
        self.state = Promotions()
        self.trouble = ""
        """Code of what keeps it from its work; empty for nothing."""
        self.promoted = 0
        """By this process."""
        path = layout.journal(records.PROMOTION)
        self._journal = Journal.open(
            path, actor=build, clock=clock, rotate_at=rotate_at, snapshot=lambda: self.state
        )
        try:
            live = live_state(path)
            state = bytes(live.state)
            if state != b"null":
                self.state = decode(Promotions, state, place=str(path))
            self.state.fold(live.records)
            read = self.state.read
            after = Position(read.size, read.head) if read else None
            self._tail = Tail(layout.journal(records.REFLECTION), after)
        except BaseException:
            self._journal.close()
            raise
        now = clock()
        self._handing.add({n: one for n, one in self.state.sent.items() if one.expires > now})
        self._waiting: list[Record] = []
        """Proposals that are read and not judged yet: there is no policy to judge them by."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the journals up."""
        self._tail.close()
        self._journal.close()

    def run(
        self,
        stop: Ending,
        *,
        told: Callable[[str], object] = lambda _line: None,
        working: Callable[[str], object] = lambda _status: None,
    ) -> None:
        """Promote until `stop`.

        Args:
            stop: when to end.
            told: given a line for each promotion and denial.
            working: called after each look with how it stands.

        Raises:
            UnavailableError: a journal takes no more: end the process.
        """
        while not stop.is_set():
            for line in self.step():
                told(line)
            working(self.trouble or f"{self.promoted} intents promoted")
            stop.wait(IDLE)

    def step(self) -> list[str]:
        """Judge what was proposed since, write it down, and hand it over; what came of it."""
        self.trouble = ""
        try:
            came = self._tail.poll(BATCH)
            self._waiting += [one for one in came if one.type == records.INTENT_PROPOSED]
        except UnavailableError as error:
            if error.code != "JOURNAL_MISSING":
                raise
        lines = self._judge() if self._waiting else []
        try:
            self._handing.hand_over(self.state.sent)
        except UnavailableError as error:
            if error.code not in AWAY:
                raise
            self.trouble = error.code
        return lines

    def _judge(self) -> list[str]:
        proposed = [
            decode(records.IntentProposed, bytes(record.body), place=record.id).intent
            for record in self._waiting
        ]
        # What was signed before a crash, and not finished, is not signed again.
        new = [intent for intent in proposed if intent.id not in self.state.sent]
        if not new:
            self._waiting.clear()
            return []
        try:
            published = self._policy()
        except VantaError as error:
            self.trouble = error.code
            return []
        if latched(self._layout.memory):
            self.trouble = "LATCHED"
            return []
        terms, now = promote.terms_of(published.policy), self._clock()
        signed, denied = promote.admit(new, terms, now)
        self._record(published, terms, now, signed, denied)
        self._waiting.clear()
        self.promoted += len(signed)
        self._handing.add({one.id: self.state.sent[one.id] for one in signed})
        return [
            *(f"promoted {one.id}: {one.side} {one.symbol} for {one.vault}" for one in signed),
            *(f"denied {one.intent.id}: {', '.join(one.codes)}" for one in denied),
        ]

    def _record(
        self,
        published: Published,
        terms: tuple[promote.Terms, ...],
        now: int,
        signed: Sequence[Intent],
        denied: Sequence[promote.Denied],
    ) -> None:
        """Write it down: durable on return, and finished last, so that a crash repeats it."""
        commit = published.provenance.commit
        started = records.PromotionStarted(
            now, terms, published.provenance, self._build, self._node
        )
        at = str(self._journal.position.size).encode()
        ident = content_id("promotion", at, encode(started))
        read = self._tail.position
        finished = records.PromotionFinished(records.Evidence(read.size, read.head))
        entries = [Entry(records.PROMOTION_STARTED, ident, started, dag_id=ident, policy=commit)]
        entries += [
            Entry(
                records.INTENT_PROMOTED,
                one.id,
                records.IntentPromoted(one, seal(one, self._node, self._key)),
                parents=(one.conviction_id,),
                dag_id=one.dag_id,
                policy=commit,
            )
            for one in signed
        ]
        entries += [
            Entry(
                records.INTENT_DENIED,
                content_id("denial", ident.encode(), one.intent.id.encode()),
                records.IntentDenied(one.intent.id, one.intent.vault, one.codes),
                parents=(one.intent.conviction_id,),
                dag_id=one.intent.dag_id,
                policy=commit,
            )
            for one in denied
        ]
        name = content_id("promoted", ident.encode())
        entries.append(
            Entry(records.PROMOTION_FINISHED, name, finished, dag_id=ident, policy=commit)
        )
        self.state.fold(self._journal.append(entries))
