"""The controller's journal, and what it knows by it: one cannot move without the other."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.domain.errors import RefusedError, VantaError
from vanta.domain.policy import Published
from vanta.domain.record import Entry, Position
from vanta.governance.memory import Memory, add, recall, remember
from vanta.governance.published import Receipts, Source, render
from vanta.governance.receipts import ANEW, PUBLISHING
from vanta.journal.reader import live_state
from vanta.journal.writer import Journal

JOURNAL = "governance"


class Event(NamedTuple):
    """Something that happened, on its way into the journal."""

    type: str
    subject: str
    """What it is about; with its place in the journal it makes the record's id."""
    body: msgspec.Struct


class Ledger:
    """`governance.jsonl` and its fold; the only writer of both.

    Args:
        memory_dir: the node's memory folder.
        environment: which environment this node enforces.
        actor: service and build.
        clock: UTC nanoseconds.
        crash: called with `receipt` before a record and `publish` after it; tests stop there.

    Raises:
        RefusedError: `WRONG_ENVIRONMENT`: the journal is of another one.
        UnavailableError: another controller runs, or the disk refuses.
        MalformedError: the journal was changed by somebody.
    """

    def __init__(
        self,
        memory_dir: Path,
        environment: str,
        *,
        actor: str,
        clock: Callable[[], int],
        crash: Callable[[str], None],
    ) -> None:
        self.memory = Memory()
        self._crash = crash
        path = memory_dir / f"{JOURNAL}.jsonl"
        self._journal = Journal.open(path, actor=actor, clock=clock, snapshot=lambda: self.memory)
        self._receipts = Receipts(path)
        self._files: tuple[Position, dict[str, bytes]] | None = None
        try:
            self.memory = recall(path)
            self._check(environment, path)
            live = live_state(path)
            self.last_written = [live.opening, *live.records][-1].ts
            """When the last record was written, UTC nanoseconds."""
        except BaseException:
            self.close()
            raise

    def _check(self, environment: str, path: Path) -> None:
        if self.memory.state and self.memory.state.environment != environment:
            raise RefusedError(
                f"this journal is of environment {self.memory.state.environment!r}",
                code="WRONG_ENVIRONMENT",
                place=str(path),
                remedy="a node keeps its environment for life; use a new folder",
            )

    @property
    def position(self) -> Position:
        """How far the journal is durable."""
        return self._journal.position

    def close(self) -> None:
        """Give up the journal."""
        self._receipts.close()
        self._journal.close()

    def rotate(self) -> None:
        """Close the live segment and open the next."""
        self._journal.rotate()

    def record(self, events: Sequence[Event]) -> None:
        """Append records, durable on return, and know what they say.

        Args:
            events: in order; the last one states what follows from all of them where it may.
        """
        after = self.memory
        for event in events:
            after = add(after, event.type, event.body)
        first = self._journal.position.size
        entries = [
            Entry(event.type, f"{event.subject}:{number}", event.body)
            for number, event in enumerate(events, first)
        ]
        if events[-1].type in PUBLISHING:
            body = msgspec.structs.replace(
                events[-1].body, published=after.publication(anew=events[-1].type in ANEW)
            )
            entries[-1] = msgspec.structs.replace(entries[-1], body=body)
        self._crash("receipt")
        self._append(entries)
        self._crash("publish")

    def _append(self, entries: Sequence[Entry]) -> None:
        anchor = self.memory.state.anchor if self.memory.state else ""
        stamped = [msgspec.structs.replace(entry, policy=anchor) for entry in entries]
        written = self._journal.append(stamped)
        end = self._journal.position
        for record in written:
            # Only the last record of a batch states a publication, and it ends the journal.
            self.memory = remember(self.memory, record, end)

    def files(self) -> dict[str, bytes] | None:
        """What the published files hold by the last receipt; None before there is one."""
        if self.memory.published is None or self.memory.at is None:
            return None
        if self._files is None or self._files[0] != self.memory.at:
            rendered = render(self.memory.published, self.memory.at, JOURNAL)
            self._files = (self.memory.at, rendered)
        return self._files[1]

    def vouches(self, source: Source) -> bool:
        """Whether a published file was made from a record of this journal."""
        try:
            self._receipts.published_at(source.size)
        except VantaError:
            return False
        return source.journal == JOURNAL

    def published_at(self, size: int) -> Published:
        """See `Receipts.published_at`."""
        return self._receipts.published_at(size)
