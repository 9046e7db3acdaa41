"""`builds.jsonl`: who holds it may change a node's builds, and nobody else at that moment."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vanta.builds.events import BuildFailed, Event, FlipBegun, entry, read
from vanta.builds.state import ROLLED_BACK, BuildState, apply
from vanta.domain.encoding import decode
from vanta.domain.errors import UnavailableError
from vanta.journal.reader import LiveState, live_state
from vanta.journal.writer import ROTATE_AT, Journal

JOURNAL = "builds"


class Failure(NamedTuple):
    """Why a build is marked bad."""

    code: str
    reason: str
    evidence: str
    """Folder below the node's logs with what was seen; empty where there is none."""
    at: int
    """UTC nanoseconds."""


class BuildLog:
    """The journal and the state that is its fold; each event is durable when `state` returns.

    Its lock is what keeps two promotes apart, and is gone with the process.

    Args:
        path: of the journal.
        actor: service and build.
        clock: UTC nanoseconds.
        rotate_at: bytes after which a segment is closed.

    Raises:
        UnavailableError: `JOURNAL_LOCKED`: somebody else changes this node's builds just now.
    """

    def __init__(
        self, path: Path, *, actor: str, clock: Callable[[], int], rotate_at: int = ROTATE_AT
    ) -> None:
        self.now = BuildState()
        self.policy = ""
        """Governance commit in force, for the records."""
        try:
            self._journal = Journal.open(
                path, actor=actor, clock=clock, rotate_at=rotate_at, snapshot=lambda: self.now
            )
        except UnavailableError as error:
            raise _busy(error) if error.code == "JOURNAL_LOCKED" else error from error
        try:
            self.now = fold(live_state(path))
        except BaseException:
            self._journal.close()
            raise

    def state(self, event: Event) -> None:
        """Make an event durable, and take it into the state."""
        ordinal = self._journal.position.size
        self._journal.append([entry(event, ordinal=ordinal, policy=self.policy)])
        self.now = apply(self.now, event)

    def rotate(self) -> None:
        """Close the live segment and open the next with the state."""
        self._journal.rotate()

    @property
    def position(self) -> int:
        """How many records there are."""
        return self._journal.position.size

    def close(self) -> None:
        """Let others have it."""
        self._journal.close()


def _busy(error: UnavailableError) -> UnavailableError:
    """Nobody is to stop a promotion because another one has to wait for it."""
    return UnavailableError(
        f"somebody changes this node's builds just now: {error.message}",
        code=error.code,
        place=error.place,
        remedy="wait until that is done, then look: `vanta build status`",
    )


def fold(found: LiveState) -> BuildState:
    """The state a journal's live segment amounts to."""
    text = bytes(found.state)
    state = BuildState() if text == b"null" else decode(BuildState, text, place="snapshot")
    for record in found.records:
        event = read(record)
        if event is not None:
            state = apply(state, event)
    return state


def recall(path: Path) -> BuildState:
    """The state by the journal as it is now, read beside whoever writes it."""
    return remember(path)[0]


def remember(path: Path) -> tuple[BuildState, dict[str, Failure]]:
    """The state, and why builds that are bad are so, as far as the live segment goes."""
    try:
        found = live_state(path)
    except UnavailableError as error:
        if error.code != "JOURNAL_MISSING":
            raise
        return BuildState(), {}
    state = fold(found)
    failures: dict[str, Failure] = {}
    for record in found.records:
        event = read(record)
        if isinstance(event, BuildFailed):
            failures[event.build] = Failure(event.code, event.reason, event.evidence, record.ts)
        elif isinstance(event, FlipBegun) and event.how == "rollback" and event.before:
            why = f"somebody went back from it to {event.build}"
            failures[event.before] = Failure(ROLLED_BACK, why, "", record.ts)
    # What was begun may not have come to its end, and what was bad may run well by now.
    bad = state.bad
    return state, {name: one for name, one in failures.items() if bad.get(name) == one.code}
