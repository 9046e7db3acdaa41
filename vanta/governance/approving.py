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
from vanta.governance.walk import UNREADABLE
from vanta.governance.would_be import would_be_merge


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
    now: int,
) -> Plan:
    """The plan of a head that somebody is about to approve.

    Args:
        repository: the clone.
        trust: the pinned introduction.
        environment: whose policy.
        head: full commit id.
        base: full id of the commit it would be merged into; empty where it is pushed as it is.
        combined: approve earlier changes that are not in force along with it.
        now: UTC nanoseconds.

    Raises:
        RefusedError: codes `NOTHING_TO_APPROVE`; `NEVER`: no approval can bring it into force;
            `COMBINED`: earlier changes ride along, and `combined` was not given.
    """
    plan = make_plan(repository, trust, environment, head=head, base=base, now=now)
    if not plan.changes and plan.exit == 0:
        raise RefusedError(
            f"the governed tree of {head[:12]} is in force in {environment} already",
            code="NOTHING_TO_APPROVE",
            place=str(repository),
            remedy="check out the proposal: git pull, or git switch to its branch",
        )
    if plan.exit == NEVER_AS_IT_STANDS:
        raise RefusedError(
            f"no approval can bring this into force: {plan.message}",
            code="NEVER",
            place=str(repository),
            remedy="vanta governance plan says what to change",
        )
    if base:
        with would_be_merge(repository, base, head) as would:
            walked = rewalk(would.repository, trust, environment, head=would.merge, now=now)
            rides = riding(would.repository, walked, now)
    else:
        rides = riding(repository, rewalk(repository, trust, environment, head=head, now=now), now)
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


def riding(repository: Path, walked: Walked, now: int) -> Riding | None:
    """What rides along with the tree of a walk's last step."""
    steps = walked.steps
    at = len(steps) - 1
    while at > 0 and steps[at - 1].tree == steps[-1].tree:
        at -= 1
    if at <= 0 or whole(steps[at - 1]):
        return None
    below = steps[at - 1]
    before = steps[at - 2].state if at > 1 else walked.start
    with Repository(repository) as opened:
        try:
            history = History(opened, before.environment)
            there, _ = considered(before, below.commit, history, now)
        except UNREADABLE:
            return Riding(below.commit, ())
    wanted = {change.path for change in steps[-1].changes}
    still = tuple(change for change in there if change.path in wanted)
    # Without any, the proposal takes all of it back.
    return Riding(below.commit, lines(still)) if still else None
