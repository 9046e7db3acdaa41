"""Looking before approving: what HEAD asks for, and whether somebody else's change rides along."""

from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import RefusedError
from vanta.governance.fold import considered
from vanta.governance.history import History
from vanta.governance.plan import NEVER_AS_IT_STANDS, Line, Plan
from vanta.governance.planning import lines, make_plan, whole
from vanta.governance.repository import Repository
from vanta.governance.rewalk import Walked, rewalk
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE, Step


@dataclass(frozen=True)
class Riding:
    """Changes that were below the proposal already, and that nobody let into force."""

    below: str
    """The commit the proposal is based on."""
    changes: tuple[Line, ...]
    """Those of its changes that the proposal still holds; empty when it cannot be read."""


def look(
    repository: Path,
    trust: Trust,
    environment: str,
    head: str,
    *,
    base: str = "",
    combined: bool,
    idle: bool = False,
    now: int,
) -> Plan:
    """The plan of a head that somebody is about to approve.

    Args:
        repository: the clone.
        trust: the pinned introduction.
        environment: whose policy.
        head: full commit id.
        base: full id of the commit it will be merged into; empty when it is to be pushed.
        combined: approve earlier changes that are not in force along with it.
        idle: it may ask for nothing: a halt that has ended by itself is taken back all the same.
        now: UTC nanoseconds.

    Raises:
        RefusedError: codes `NOTHING_TO_APPROVE`; `NEVER`: no approval can bring it into force;
            `OTHER_TREE`: the merge will have another governed tree than the one to approve;
            `COMBINED`: earlier changes ride along, and `combined` was not given.
    """
    plan = make_plan(repository, trust, environment, head=head, base=base, now=now)
    if plan.exit == NEVER_AS_IT_STANDS:
        raise RefusedError(
            f"no approval can bring this into force: {plan.message}",
            code="NEVER",
            place=str(repository),
            remedy="vanta governance plan says what to change",
        )
    if not plan.same_tree:
        raise RefusedError(
            f"{base[:12]} moved in governed files: merging will not give the tree of {head[:12]}",
            code="OTHER_TREE",
            place=str(repository),
            remedy="merge it into this branch first, and approve the result",
        )
    if not plan.changes and not idle:
        raise RefusedError(
            f"the governed tree of {head[:12]} is in force in {environment} already",
            code="NOTHING_TO_APPROVE",
            place=str(repository),
            remedy="check out the proposal: git pull, or git switch to its branch",
        )
    walked = rewalk(repository, trust, environment, head=base or head, now=now)
    rides = riding(repository, walked, _below(walked, merged=bool(base)), plan, now)
    if rides is not None and not combined:
        said = "; ".join(each.says for each in rides.changes) or "it cannot be read"
        raise RefusedError(
            f"below this proposal, {rides.below[:12]} is not in force either, and would be "
            f"approved with it: {said}",
            code="COMBINED",
            place=str(repository),
            remedy="approve both with --combined, or base the proposal on what is in force",
        )
    return plan


def _below(walked: Walked, *, merged: bool) -> int:
    """Which step the proposal is based on: where it will be merged, or below its tree's first."""
    at = len(walked.steps) - 1
    if merged:
        return at
    while at > 0 and walked.steps[at - 1].tree == walked.steps[-1].tree:
        at -= 1
    return at - 1


def riding(repository: Path, walked: Walked, at: int, plan: Plan, now: int) -> Riding | None:
    """What rides along with a plan from the step it is based on.

    Args:
        repository: the clone.
        walked: the walk that step is of.
        at: its number; below 0 for the introduction.
        plan: what is asked for.
        now: UTC nanoseconds.
    """
    if at < 0 or whole(walked.steps[at]):
        return None
    below: Step = walked.steps[at]
    before = walked.steps[at - 1].state if at else walked.start
    with Repository(repository) as opened:
        try:
            history = History(opened, before.environment)
            there, _ = considered(before, below.commit, history, now)
        except UNREADABLE:
            return Riding(below.commit, ())
    wanted = {change.field for change in plan.changes}
    still = tuple(each for each in lines(there) if each.field in wanted)
    # Without any, the proposal takes all of it back.
    return Riding(below.commit, still) if still else None
