"""Where operators write: one at a time, in the order they came, each for as long as it takes.

Every command opens the journal, says what it has to say, writes the view anew and lets go. Another
one that comes meanwhile waits for its turn: what it then reads holds all that was written before.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from vanta.alpha.tracker import events, threads
from vanta.alpha.tracker.candidate import Candidate, Found, SignOff, find
from vanta.alpha.tracker.events import Event
from vanta.alpha.tracker.state import TrackerState, fold
from vanta.alpha.tracker.threads import Severity, Thread
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.record import Position
from vanta.journal.files import atomic_write
from vanta.journal.reader import live_state
from vanta.journal.view import render_view
from vanta.journal.writer import Journal
from vanta.node.layout import Layout

JOURNAL = "tracker"
VIEW = "thread_tracker"

ROTATE_AT = 1024 * 1024
"""Bytes after which a segment is closed: a command reads a snapshot, and not much after it."""
_TOO_LARGE = 48 * 1024 * 1024
"""Bytes of a live segment whose snapshot may no longer fit one line: it is only added to."""
_NEVER = 2**62
PATIENCE = 15.0
"""Seconds a command waits for its turn."""
_AGAIN = (0.002, 0.02)
"""Seconds between two tries: not the same for two who came together."""


def look(layout: Layout) -> tuple[TrackerState, Position]:
    """What the tracker says, read from its journal beside whoever writes it.

    Raises:
        UnavailableError: `NO_NODE`: there is no such node.
        MalformedError: the journal was changed.
    """
    path = _journal(layout)
    try:
        found = live_state(path)
    except UnavailableError as error:
        if error.code == "JOURNAL_MISSING" and not path.exists():
            return TrackerState(), Position(0, "")
        raise
    return fold(found.opening, found.records), found.position


def render(state: TrackerState, position: Position) -> bytes:
    """The bytes of `thread_tracker.json`."""
    return render_view(state, source=JOURNAL, position=position)


def _journal(layout: Layout) -> Path:
    if not layout.memory.is_dir():
        raise UnavailableError(
            "no node is here",
            code="NO_NODE",
            place=str(layout.root),
            remedy="name Alpha's folder with --node or VANTA_NODE",
        )
    return layout.journal(JOURNAL)


def _check_alpha(layout: Layout) -> None:
    """A tracker begins on Alpha and nowhere else.

    Raises:
        RefusedError: `NOT_ALPHA`.
    """
    if not layout.config.exists():
        return
    from vanta.node.config import read_config  # noqa: PLC0415 - takes long, and once is enough

    role = read_config(layout.config).role
    if role != "alpha":
        raise RefusedError(
            f"this node's role is {role}, and the tracker is Alpha's",
            code="NOT_ALPHA",
            place=str(layout.root),
            remedy="type it on Alpha, or name Alpha's folder with --node or VANTA_NODE",
        )


def _turn(path: Path, patience: float, opening: Callable[[], Journal]) -> Journal:
    deadline = time.monotonic() + patience
    while True:
        try:
            return opening()
        except UnavailableError as error:
            if error.code != "JOURNAL_LOCKED":
                raise
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"others wrote for {patience:g} s: {error.message}",
                    code="TRACKER_BUSY",
                    place=str(path),
                    remedy="type it again; if it stays so, look at that process",
                ) from error
        time.sleep(random.uniform(*_AGAIN))  # noqa: S311 - whoever comes first


class Desk:
    """One operator's turn at the tracker, from opening it to closing it.

    Args:
        layout: Alpha's folders.
        by: who writes.
        actor: service and build.
        clock: UTC nanoseconds.
        patience: seconds to wait for one's turn.
        rotate_at: bytes after which a segment is closed.

    Raises:
        UnavailableError: `TRACKER_BUSY`: others wrote for all that time; `NO_NODE`.
        RefusedError: `NOT_ALPHA`: it would begin on another node.
        MalformedError: the journal was changed.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        by: str,
        actor: str,
        clock: Callable[[], int],
        patience: float = PATIENCE,
        rotate_at: int = ROTATE_AT,
    ) -> None:
        path = _journal(layout)
        if not path.exists():
            _check_alpha(layout)
        large = path.exists() and path.stat().st_size > _TOO_LARGE
        self.layout = layout
        self.state = TrackerState()
        self._by = by
        self._journal = _turn(
            path,
            patience,
            lambda: Journal.open(
                path,
                actor=actor,
                clock=clock,
                rotate_at=_NEVER if large else rotate_at,
                snapshot=lambda: self.state,
            ),
        )
        try:
            found = live_state(path)
            self.state = fold(found.opening, found.records)
        except BaseException:
            self._journal.close()
            raise
        self._at = self._journal.position.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the view, where anything was said, and let the next one write."""
        journal = self._journal
        try:
            if journal.position.size != self._at and not journal.failed:
                text = render(self.state, journal.position)
                atomic_write(self.layout.view(VIEW), text)
        finally:
            journal.close()

    def add(self, module: str, title: str, severity: Severity, owner: str = "") -> Thread:
        """Open a thread."""
        known = self.state.next_id
        self._say(
            events.ThreadOpened(
                thread=known,
                module=threads.one_line(module, threads.LONGEST_NAME, "module"),
                title=threads.one_line(title, threads.LONGEST_TITLE, "title"),
                severity=severity,
                owner=_maybe(owner),
                by=self._by,
            )
        )
        return self.state.threads[known]

    def note(self, thread: Thread, text: str) -> Thread:
        """Say something in a thread."""
        said = threads.several_lines(text, threads.LONGEST_NOTE, "note")
        return self._of(thread, events.ThreadNoted(thread.id, said, self._by))

    def correct(
        self,
        thread: Thread,
        *,
        module: str = "",
        title: str = "",
        severity: Severity | None = None,
        owner: str | None = None,
    ) -> Thread:
        """Put right what a thread says of itself; what is not given stays."""
        event = events.ThreadCorrected(
            thread=thread.id,
            module=threads.one_line(module, threads.LONGEST_NAME, "module") if module else "",
            title=threads.one_line(title, threads.LONGEST_TITLE, "title") if title else "",
            severity=severity,
            owner=None if owner is None else _maybe(owner),
            by=self._by,
        )
        return self._of(thread, event)

    def link(self, thread: Thread, commit: str) -> Thread:
        """Link a governance commit; a second time does nothing."""
        if commit in thread.commits:
            return thread
        return self._of(thread, events.CommitLinked(thread.id, commit, self._by))

    def name(self, thread: Thread, build: str) -> Thread:
        """Name the build that is to put a thread right, and bring it before the reviewers.

        Raises:
            UnavailableError, RefusedError, MalformedError: it is not there as it should be.
        """
        found = self.found(build)
        known = self.state.candidates.get(thread.candidate)
        if known is not None and (known.build, known.manifest) == (build, found.stated):
            return thread
        return self._of(thread, events.CandidateNamed(thread.id, build, found.stated, self._by))

    def mark(self, thread: Thread, status: threads.Status, why: str, policy: str = "") -> Thread:
        """Give a thread a status that `threads.check_mark` lets be typed.

        Args:
            thread: with the status it has now, sign-offs asked again.
            status: the new one.
            why: for whoever reads it; may be empty where nobody asks.
            policy: governance commit it was judged by, if by any.
        """
        said = threads.several_lines(why, threads.LONGEST_NOTE, "reason") if why else ""
        threads.check_mark(thread, status, said)
        return self._of(thread, events.ThreadMarked(thread.id, status, said, self._by), policy)

    def sign(
        self, candidate: Candidate, signed: SignOff, counted: tuple[str, ...], needed: int,
        policy: str,
    ) -> Candidate:  # fmt: skip
        """Record a sign-off that was verified."""
        event = events.SignOffAdded(
            build=candidate.build,
            person=signed.person,
            key=signed.key,
            signature=signed.signature,
            counted=counted,
            needed=needed,
            by=self._by,
        )
        self._say(event, candidate.record, policy)
        return self.state.candidates[candidate.build]

    def withdraw(self, candidate: Candidate, person: str, signature: str, why: str) -> Candidate:
        """Take a sign-off back; it takes nobody's signature, because it only tightens."""
        said = threads.several_lines(why, threads.LONGEST_NOTE, "reason")
        event = events.SignOffWithdrawn(candidate.build, person, signature, said, self._by)
        self._say(event, candidate.record)
        return self.state.candidates[candidate.build]

    def found(self, build: str) -> Found:
        """A candidate as it lies there, if it is still the one that is known by that name.

        Raises:
            UnavailableError, RefusedError, MalformedError: see `candidate.find`.
        """
        return find(self.layout, build)

    def _of(self, thread: Thread, event: Event, policy: str = "") -> Thread:
        self._say(event, thread.record, policy)
        return self.state.threads[thread.id]

    def _say(self, event: Event, cause: str = "", policy: str = "") -> None:
        ordinal = self._journal.position.size
        entry = events.entry(event, ordinal=ordinal, cause=cause, policy=policy)
        [record] = self._journal.append([entry])
        self.state.take(record)


def _maybe(text: str) -> str:
    return threads.one_line(text, threads.LONGEST_NAME, "owner") if text.strip() else ""
