"""One flush for everybody who is waiting for one."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Entry, Record
from vanta.journal.writer import Journal

MOST = 4096
"""Entries of one batch, unless a single producer brings more."""


class _Ticket:
    """One producer's entries and what became of them."""

    __slots__ = ("_done", "entries", "error", "leads", "records")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.records: list[Record] = []
        self.error: BaseException | None = None
        self.leads = False
        # A bare lock is the cheapest thing one thread can wait on and another release.
        self._done = threading.Lock()
        self._done.acquire()

    def wait(self) -> None:
        self._done.acquire()

    def wake(self) -> None:
        self._done.release()


class GroupCommit:
    """Lets many threads commit to one journal, sharing flushes.

    Whoever comes while nobody writes leads: it appends everything that is waiting as one batch,
    hands the lead to the first who came meanwhile, and wakes the others.

    Args:
        journal: written through here only.
        fold: called with each durable batch, in journal order, before any of its producers hears
            of it; where the journal takes snapshots, this is what keeps the state it snapshots.
        most: entries of one batch.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        fold: Callable[[Sequence[Record]], None] | None = None,
        most: int = MOST,
    ) -> None:
        self._journal = journal
        self._fold = fold
        self._most = most
        self._turn = threading.Lock()
        self._waiting: deque[_Ticket] = deque()
        self._led = False
        self._unfolded = ""

    def commit(self, entries: Sequence[Entry]) -> list[Record]:
        """Append `entries`, together and in order, and return their records once durable.

        Raises:
            MalformedError: one of these entries cannot be a record; others' are not affected.
            UnavailableError: the batch could not be written (everybody in it is told), or `fold`
                failed on this or an earlier one (`JOURNAL_FOLD`).
        """
        ticket = _Ticket(entries)
        with self._turn:
            self._waiting.append(ticket)
            ticket.leads = not self._led
            self._led = True
        if not ticket.leads:
            self._wait(ticket)
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.records

    def _wait(self, ticket: _Ticket) -> None:
        try:
            ticket.wait()
        except BaseException:
            # A signal in the main thread. Nobody may be left waiting for a leader that went away.
            with self._turn:
                if not ticket.leads and ticket in self._waiting:
                    self._waiting.remove(ticket)
            if ticket.leads:
                self._lead()
            raise

    def _lead(self) -> None:
        """Serve everybody waiting, the leader among them, and pass the lead on."""
        with self._turn:
            batch = self._take()
        try:
            self._write(batch)
        except BaseException as error:
            left = [ticket for ticket in batch if not ticket.records and ticket.error is None]
            self._tell(left, f"interrupted: {type(error).__name__}", "JOURNAL_FAILED")
            raise
        finally:
            with self._turn:
                self._led = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].wake()
            for ticket in batch[1:]:
                ticket.wake()

    def _take(self) -> list[_Ticket]:
        """The leader's ticket, which is the first, and as many more as one batch holds."""
        batch = [self._waiting.popleft()]
        count = len(batch[0].entries)
        while self._waiting and count + len(self._waiting[0].entries) <= self._most:
            batch.append(self._waiting.popleft())
            count += len(batch[-1].entries)
        return batch

    def _write(self, batch: Sequence[_Ticket]) -> None:
        if self._unfolded:
            self._tell(batch, self._unfolded, "JOURNAL_FOLD")
            return
        try:
            records = self._journal.append([e for ticket in batch for e in ticket.entries])
        except MalformedError as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            # Nothing was written: let each stand alone, so that only the culprit is refused.
            for ticket in batch:
                self._write([ticket])
            return
        except UnavailableError as error:
            self._tell(batch, error.message, error.code, error.remedy)
            return
        try:
            if self._fold:
                self._fold(records)
        except Exception as error:  # noqa: BLE001 - whatever it is, every producer is told
            self._unfolded = f"records are written that the state does not hold: {error!r}"
            self._tell(batch, self._unfolded, "JOURNAL_FOLD")
            return
        start = 0
        for ticket in batch:
            ticket.records = records[start : start + len(ticket.entries)]
            start += len(ticket.entries)

    def _tell(
        self, batch: Sequence[_Ticket], why: str, code: str, remedy: str = "restart the service"
    ) -> None:
        for ticket in batch:
            ticket.error = UnavailableError(
                why, code=code, place=str(self._journal.path), remedy=remedy
            )
