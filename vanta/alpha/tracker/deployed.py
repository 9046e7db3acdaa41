"""What runs on nodes, and what became of builds there, as their own `builds.jsonl` says."""

from collections.abc import Iterable, Iterator

import msgspec

from vanta.builds import events
from vanta.builds.events import Event, read
from vanta.builds.log import JOURNAL
from vanta.builds.state import BuildState, apply
from vanta.domain.encoding import decode
from vanta.domain.errors import UnavailableError
from vanta.domain.record import Record
from vanta.journal.reader import live_state
from vanta.node.config import read_config
from vanta.node.layout import Layout


class Outcome(msgspec.Struct, frozen=True):
    """What became of a build on a node."""

    node: str
    build: str
    good: bool
    """Whether its services ran and passed the gate; else it was gone back from."""
    why: str
    """Why it was gone back from."""
    at: int


class Runs(msgspec.Struct, frozen=True):
    """A node, and what it runs."""

    node: str
    build: str
    """Empty before anything was promoted there."""
    since: int
    """When that came to run, as far as the live segment goes; 0 where it does not say."""
    bad: dict[str, str]
    """Builds that are not to run there again, and the code of what was wrong with each."""
    outcomes: tuple[Outcome, ...]
    """Oldest first."""


def deployed(layouts: Iterable[Layout]) -> list[Runs]:
    """What each node runs; one that never had a build is left out.

    Raises:
        MalformedError: a journal was changed.
        UnavailableError: one cannot be read.
    """
    return [found for layout in layouts if (found := _of(layout)) is not None]


def _of(layout: Layout) -> Runs | None:
    path = layout.journal(JOURNAL)
    try:
        live = live_state(path)
    except UnavailableError as error:
        if error.code == "JOURNAL_MISSING" and not path.exists():
            return None
        raise
    node = read_config(layout.config).node if layout.config.exists() else layout.root.name
    text = bytes(live.state)
    state = BuildState() if text == b"null" else decode(BuildState, text, place=str(path))
    outcomes: list[Outcome] = []
    since = 0
    for record in live.records:
        event = read(record)
        if event is None:
            continue
        outcomes += _outcomes(node, state, event, record)
        before, state = state.current, apply(state, event)
        since = record.ts if state.current != before else since
    return Runs(node, state.current, since, state.bad, tuple(outcomes))


def _outcomes(node: str, state: BuildState, event: Event, record: Record) -> Iterator[Outcome]:
    """What an event says became of builds.

    Args:
        node: where.
        state: before it.
        event: what happened.
        record: that states it.
    """
    match event:
        case events.BuildPromoted():
            pending = state.pending
            if pending is not None and pending.how == "rollback" and pending.before:
                why = f"somebody went back to {event.build}"
                yield Outcome(node, pending.before, good=False, why=why, at=record.ts)
            yield Outcome(node, event.build, good=True, why="", at=record.ts)
        case events.BuildFailed():
            why = f"{event.reason} [{event.code}]"
            yield Outcome(node, event.build, good=False, why=why, at=record.ts)
