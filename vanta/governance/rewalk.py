"""Any repository, folded from its introduction as a node would: main line, lane and receipts."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from vanta.domain.errors import RefusedError, VantaError
from vanta.governance.ahead import deliver_ahead
from vanta.governance.commits import is_oid
from vanta.governance.firstseen import FirstSeen, Sightings
from vanta.governance.fold import considered, fold, introduce
from vanta.governance.history import History
from vanta.governance.lane import Delivered, beside
from vanta.governance.repository import Repository
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE, State, Step

LANE = "refs/vanta/halts"
RECEIPTS = "refs/vanta/receipts"
NOTES = 32
"""Most records that are read, the last by name: nobody signed them yet, and reading takes time."""


class Walked(msgspec.Struct, frozen=True):
    """A fold from the introduction to a head."""

    head: str
    start: State
    steps: tuple[Step, ...]
    stopped: VantaError | None
    """What kept the head from being walked to its end."""
    state: State
    """At the end, with the halts of the lane."""
    lane: tuple[Delivered, ...]

    @property
    def before_last(self) -> State:
        """What was known before the last step."""
        return self.steps[-2].state if len(self.steps) > 1 else self.start

    def at(self, commit: str) -> State:
        """What was known at a commit of the first-parent line.

        Raises:
            RefusedError: code `NOT_DESCENDANT`: the head does not descend from it that way.
        """
        if commit == self.start.anchor:
            return self.start
        found = next((step.state for step in self.steps if step.commit == commit), None)
        if found is None:
            raise RefusedError(
                f"the head {self.head[:12]} does not descend from {commit[:12]} by first parents",
                code="NOT_DESCENDANT",
                remedy="put the branch back on top of what the nodes have evaluated",
            )
        return found


def rewalk(
    repository: Path, trust: Trust, environment: str, *, head: str = "HEAD", now: int
) -> Walked:
    """Fold a repository from its introduction, then hear the halts of its lane.

    Args:
        repository: a clone or bare repository; nothing in it is trusted or configured.
        trust: the pinned introduction.
        environment: whose policy.
        head: a ref or a full commit id.
        now: UTC nanoseconds; a commit is judged at this time where no receipt says better.

    Raises:
        VantaError: there is no such repository, head or introduction.
    """
    with Repository(repository) as opened:
        tip, stopped = _tip(opened, head)
        history = History(opened, environment)
        try:
            pinned = frozenset(trust.fingerprints)
            state = introduce(trust.introduction, pinned, environment, history)
        except VantaError as error:
            # Of an empty repository, that it has no branch says more.
            raise stopped or error from error
        halts = frozenset(opened.refs(LANE).values())
        start, steps = state, list[Step]()
        try:
            said = opened.refs(RECEIPTS).get(receipts_ref(environment))
            seen = read_receipts(opened, said, environment)
            for step in fold(state, tip or state.anchor, history, now, first_seen=seen, lane=halts):
                steps.append(step)
                state = step.state
        except VantaError as error:
            # What was folded so far holds, and a halt of the lane lands on it.
            stopped = error
        state, lane = deliver_ahead(state, beside(halts, state.anchor, history), history, now)
        lane = tuple(each for each in lane if not each.code or each.commit in halts)
        if steps:
            before = steps[-2].state if len(steps) > 1 else start
            steps[-1] = _explained(steps[-1], before, history, now)
    return Walked(tip, start, tuple(steps), stopped, state, lane)


def _tip(repository: Repository, head: str) -> tuple[str, VantaError | None]:
    """The commit to fold to, or why there is none: who hides the branch does not hide the lane."""
    try:
        return head if is_oid(head) else repository.resolve(head), None
    except VantaError as error:
        return "", error


def _explained(step: Step, before: State, history: History, now: int) -> Step:
    """The last step with what its tree asks for, where nobody spoke for it and nothing was said."""
    if step.verdict != "refused" or step.changes:
        return step
    try:
        found, needs = considered(before, step.commit, history, now)
    except VantaError as error:
        return msgspec.structs.replace(step, message=f"{step.message}; {error}")
    return msgspec.structs.replace(step, changes=found, needs=needs)


def receipts_ref(environment: str) -> str:
    """Where the first-seen records of an environment lie."""
    return f"{RECEIPTS}/{environment}"


def read_receipts(repository: Repository, oid: str | None, environment: str) -> FirstSeen:
    """What the records in a commit say about when commits were first seen.

    Nobody is believed yet, and a record that cannot be read says nothing.

    Args:
        repository: that holds it.
        oid: what `receipts_ref` points to; `None` where there is no such ref.
        environment: whose records.
    """
    return FirstSeen(sightings(repository, oid, environment) if oid else ())


def sightings(repository: Repository, oid: str, environment: str) -> Iterator[Sightings]:
    """The readable records of a commit that `receipts_ref` points to."""
    try:
        files = repository.tree_files(repository.links(oid).tree, environment)
        notes = [repository.blob(file.oid) for file in list(files.values())[-NOTES:]]
    except VantaError:
        return
    for note in notes:
        try:
            yield Sightings(note, environment)
        except UNREADABLE:
            continue
