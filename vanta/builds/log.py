"""`builds.jsonl`: who holds it may change a node's builds, and nobody else at that moment."""

from collections.abc import Callable
from pathlib import Path

from vanta.builds.events import Event, entry, read
from vanta.builds.state import BuildState, apply
from vanta.domain.encoding import decode
from vanta.domain.errors import UnavailableError
from vanta.journal.reader import LiveState, live_state
from vanta.journal.writer import ROTATE_AT, Journal

JOURNAL = "builds"


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
        self._journal = Journal.open(
            path, actor=actor, clock=clock, rotate_at=rotate_at, snapshot=lambda: self.now
        )
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
    try:
        return fold(live_state(path))
    except UnavailableError as error:
        if error.code != "JOURNAL_MISSING":
            raise
        return BuildState()
