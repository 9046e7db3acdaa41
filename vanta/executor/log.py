"""The trade log: the one place where the book moves, and where what moved it is made durable."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from vanta.domain.record import Entry, Position, Record
from vanta.executor.book import Book, BookState
from vanta.executor.events import DecisionMade, Event, MessageSent, entry, read
from vanta.journal.reader import live_state, read_since
from vanta.journal.writer import ROTATE_AT, Journal

RECENT = 50
"""Decisions a person is shown."""


class TradeLog:
    """`trade_log.jsonl` and the book that is its fold.

    What is stated moves the book at once, so that the next decision of a batch sees it, and is
    durable with the next `commit`. Nothing may be sent between the two. When `commit` fails the
    book is ahead of the disk: whoever holds this must stop, and start again from the journal.

    Args:
        path: of the journal.
        actor: service and build.
        clock: UTC nanoseconds.
        rotate_at: bytes appended to a segment after which it is closed.
    """

    def __init__(
        self, path: Path, *, actor: str, clock: Callable[[], int], rotate_at: int = ROTATE_AT
    ) -> None:
        self.book = Book()
        self._queue: list[Entry] = []
        # A snapshot must hold what was appended and no more, so segments are closed by `commit`.
        self._journal = Journal.open(
            path,
            actor=actor,
            clock=clock,
            rotate_at=rotate_at,
            snapshot=self._state,
            when_asked=True,
        )
        self.recent: deque[DecisionMade] = deque(maxlen=RECENT)
        """The latest decisions of the live segment."""
        self.begun = False
        """Whether another segment was begun; whoever acts on it takes it back."""
        self._path, self._opened = path, 0
        self._decided: set[str] = set()
        try:
            found = live_state(path)
            self._opened = found.opening.ts
            self.book = Book.from_state(bytes(found.state))
            for record in found.records:
                self._recall(record)
        except BaseException:
            self._journal.close()
            raise

    def _state(self) -> BookState:
        return self.book.state()

    def _recall(self, record: Record) -> None:
        event = read(record)
        if event is not None:
            self.book.apply(event)
        if isinstance(event, DecisionMade):
            self.recent.append(event)
            self._decided.add(event.intent.id)

    def decided_since(self, at: int) -> set[str]:
        """Intents of which this log had a decision when it was opened.

        All of those decided since, also what the book no longer remembers, and some of before.

        Args:
            at: UTC nanoseconds.
        """
        decided = self._decided | self.book.decided.keys()
        if at < self._opened:
            for record in read_since(self._path, at):
                if record.type == DecisionMade.type:
                    decided.update(record.parents)
        return decided

    @property
    def position(self) -> Position:
        """How far the journal is durable."""
        return self._journal.position

    @property
    def commit_id(self) -> str:
        """Governance commit in force."""
        published = self.book.published
        return published.provenance.commit if published else ""

    def state(self, event: Event, *, parents: tuple[str, ...] = (), dag_id: str = "") -> None:
        """Say that something happened: the book has it, the disk with the next `commit`."""
        self.book.apply(event)
        if isinstance(event, DecisionMade):
            self.recent.append(event)
        ordinal = self._journal.records + len(self._queue)
        self._queue.append(
            entry(event, ordinal=ordinal, parents=parents, dag_id=dag_id, policy=self.commit_id)
        )

    def of_order(self, client_order_id: str, event: Event) -> None:
        """Say that something happened to an order of the book."""
        book = self.book
        opened = book.open.get(client_order_id) or book.closed[client_order_id]
        self.state(event, parents=(client_order_id,), dag_id=opened.dag_id)

    def message(
        self,
        kind: Literal["cancel", "order"],
        client_order_id: str,
        broker: str,
        at: int,
        *,
        why: str = "",
        who: str = "",
    ) -> None:
        """Say that a cancel, or an order once more, goes to a broker.

        Args:
            kind: of message.
            client_order_id: what it is about.
            broker: where it goes.
            at: UTC nanoseconds.
            why: code of what a cancel is sent for.
            who: the person who asked for it, or the intent that it makes way for.
        """
        book = self.book
        opened = book.open.get(client_order_id) or book.closed.get(client_order_id)
        vault, strategy = (opened.order.vault, opened.order.strategy) if opened else ("", "")
        self.state(
            MessageSent(client_order_id, kind, vault, broker, strategy, at, why, who),
            parents=(client_order_id,) if opened else (),
            dag_id=opened.dag_id if opened else "",
        )

    def commit(self) -> bool:
        """Make everything stated durable; False when there was nothing.

        Raises:
            UnavailableError: it is not durable, and this log takes nothing more.
        """
        if not self._queue:
            return False
        queue, self._queue = self._queue, []
        self._journal.append(queue)
        if self._journal.rotate_if_due():
            self.begun = True
            self.recent.clear()
        return True

    def close(self) -> None:
        """Give the journal up."""
        self._journal.close()
