"""The shadow's process: it follows a live node's journals and writes `shadow.jsonl`, its own."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import DAY
from vanta.domain.policy import Published
from vanta.domain.record import Position
from vanta.executor.events import Event, entry
from vanta.executor.mandate import Mandates
from vanta.executor.shadow import Shadow, ShadowAdopted, Tally, read_shadow
from vanta.journal.reader import Tail, live_state, read_since
from vanta.journal.writer import ROTATE_AT, Journal
from vanta.node.ending import Ending
from vanta.node.layout import Layout

JOURNAL = "shadow"


def tally(path: Path) -> Tally:
    """What a shadow's journal amounts to.

    Raises:
        UnavailableError: there is none.
    """
    found = live_state(path)
    state = bytes(found.state)
    made = Tally() if state == b"null" else decode(Tally, state, place=str(path))
    for record in found.records:
        event = read_shadow(record)
        if event is not None:
            made.take(event)
    return made


class ShadowNode:
    """Follows one live node; the only writer of its own journal, and of nothing else.

    Args:
        layout: of the shadow's own node.
        live: of the live node; read, never written.
        read_policy: the policy published on the shadow's node; raises where there is none.
        clock: UTC nanoseconds.
        actor: service and build.
        since: where there is no journal yet, the first live record that counts, UTC nanoseconds.
        rotate_at: bytes after which a segment is closed.

    Raises:
        RefusedError: `SHADOW_OF_ITSELF`.
        UnavailableError: no live trade log, or another process holds the shadow's journal.
    """

    def __init__(
        self,
        layout: Layout,
        live: Layout,
        *,
        read_policy: Callable[[], Published],
        clock: Callable[[], int],
        actor: str,
        since: int = 0,
        rotate_at: int = ROTATE_AT,
    ) -> None:
        if layout.root.resolve() == live.root.resolve():
            raise RefusedError(
                "a node is no shadow of itself",
                code="SHADOW_OF_ITSELF",
                place=str(layout.root),
                remedy="name the live node with --live and the staging node with --node",
            )
        self._read_policy, self._clock = read_policy, clock
        self._published: Published | None = None
        self._mandates: Mandates | None = None
        self._trades, self._intents = live.journal("trade_log"), live.journal("intents")
        if not self._trades.exists():
            raise UnavailableError(
                "there is no live trade log to follow",
                code="NO_TRADE_LOG",
                place=str(self._trades),
                remedy="name the live Executor's folder with --live",
            )
        self.tally = Tally()
        """What the shadow's journal amounts to."""
        path = layout.journal(JOURNAL)
        self._journal = Journal.open(
            path, actor=actor, clock=clock, rotate_at=rotate_at, snapshot=self._snapshot
        )
        try:
            self.tally = tally(path)
            began = self.tally.reached >= 0
            self._since = self.tally.reached_ts if began else since
            self._shadow = Shadow(
                reached=self.tally.reached,
                since=self._since,
                missed=self.tally.missed,
            )
        except BaseException:
            self._journal.close()
            raise
        self._trade_tail: Tail | None = None
        self._intent_tail: Tail | None = None

    def close(self) -> None:
        """Give the journal up, and let go of the live node's."""
        for tail in (self._trade_tail, self._intent_tail):
            if tail is not None:
                tail.close()
        self._journal.close()

    def run(self, stop: Ending, *, idle: float = 0.2) -> None:
        """Step until `stop`; `idle` seconds between steps that found nothing."""
        while not stop.is_set():
            if not self.step():
                stop.wait(idle)

    def step(self) -> int:
        """Take in what the live node wrote since; how many records that was.

        Raises:
            UnavailableError: there is no policy to decide under, or a journal cannot be read.
        """
        mandates = self._adopt()
        told: list[Event] = []
        if self._trade_tail is None:
            self._trade_tail = _from(self._trades, self._since)
        records = self._trade_tail.poll()
        for record in records:
            made = self._shadow.take(record, mandates)
            if made is not None:
                told.append(made)
        if self._intent_tail is None and self._intents.exists():
            self._intent_tail = _from(self._intents, max(self._since, self._clock() - DAY))
        for record in self._intent_tail.poll() if self._intent_tail is not None else ():
            if record.ts >= self._since:
                self._shadow.let_in(record)
        told += self._shadow.missing(self._clock())
        self._write(told)
        return len(records)

    def _adopt(self) -> Mandates:
        published = self._read_policy()
        if self._mandates is None or published != self._published:
            self._published, self._mandates = published, Mandates(published.policy)
            self._write([ShadowAdopted(published)])
        return self._mandates

    def _write(self, told: list[Event]) -> None:
        if not told:
            return
        size = self._journal.position.size
        commit = self._published.provenance.commit if self._published else ""
        entries = [
            entry(event, ordinal=size + place, policy=commit) for place, event in enumerate(told)
        ]
        # A snapshot holds what was appended before, and no more.
        self._journal.append(entries)
        for event in told:
            self.tally.take(event)

    def _snapshot(self) -> Tally:
        return msgspec.structs.replace(self.tally)


def _from(path: Path, since: int) -> Tail:
    """Follow a journal from the segment on that was being written at an instant."""
    first = next(read_since(path, since))
    return Tail(path, Position(first.seq, first.prev))
