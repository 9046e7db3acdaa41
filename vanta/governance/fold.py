"""The walk: from commits to the policy in force, one first-parent commit at a time; pure.

Invariants, each a rule of the governance page:

* In force only ever loosens at a commit whose governed tree carries explicit approvals of enough
  distinct people (R1, R4), counted by what the authority in force at that step says (R2).
* Every other commit can only tighten, and only by what somebody who may tighten there signed (R3).
* An approval is worth something only while nothing else happened to the governed tree between it
  and the commit it counts for (R5).
* A halt of the lane restrains until a commit above it has its quorum without it (R6).
* Authority changes by the quorum of root and travels alone; a key is taken back by one (R2).
* The result depends on the history alone, never on when it was looked at: folding to a commit and
  then on is folding past it.

Nothing here reads a clock, a file or a process: `Objects` hands over commits and trees by id, and
`now` is an argument. A commit that cannot be read contributes nothing and stops nothing.
"""

from collections.abc import Iterator

import msgspec

from vanta.domain.errors import RefusedError
from vanta.domain.instant import DAY
from vanta.domain.policy import Policy
from vanta.governance.approvals import carried, seen, standing
from vanta.governance.authority import FROZEN, Need, judge
from vanta.governance.documents.compile import settled
from vanta.governance.firstseen import FirstSeen
from vanta.governance.halts import braked, ended
from vanta.governance.lane import Delivered, beside, deliver, spread, under, with_lane
from vanta.governance.restraint import Restrained, restrained, taken_back
from vanta.governance.revocation import authority_changes
from vanta.governance.sshsig import parse_armor, verify
from vanta.governance.walk import (
    COUNTS,
    NAMESPACE,
    UNREADABLE,
    Approved,
    Candidate,
    Era,
    Objects,
    Seen,
    State,
    Step,
)
from vanta.lattice.algebra import changes
from vanta.lattice.direction import Change, Effect

_LOOSENING = frozenset({Effect.LOOSENS, Effect.UNORDERED})
_OF_AUTHORITY = frozenset({"authority", "nodes", "releases"})
"""What an authority document says, as the roots of paths."""
_NOTHING_SEEN = FirstSeen()
CLOCK_DOUBT = 2 * DAY
"""How far ahead a clock may be without a halt being forgotten by it."""


def introduce(oid: str, fingerprints: frozenset[str], environment: str, objects: Objects) -> State:
    """The state at the pinned introduction, whose tree is in force by that pin.

    Raises:
        RefusedError: it is not signed by a pinned key.
        VantaError: its tree cannot be read.
    """
    commit = objects.commit(oid)
    if commit.signature is None or commit.signed_payload is None:
        raise RefusedError("the introduction is not signed", code="UNSIGNED", place=oid[:12])
    key = verify(parse_armor(commit.signature), commit.signed_payload, NAMESPACE)
    if key.fingerprint not in fingerprints:
        raise RefusedError(
            f"the introduction is signed by {key.fingerprint}, which is not pinned",
            code="UNTRUSTED_INTRODUCTION",
            place=oid[:12],
            remedy="check the fingerprints in the trust file with the people who signed it",
        )
    candidate = objects.candidate(oid)
    return State(
        environment=environment,
        introduction=oid,
        anchor=oid,
        tree=objects.digest(oid),
        authority=candidate.authority,
        policy=candidate.policy,
        approvals={},
        applied=oid,
        whole=objects.digest(oid),
    )


def in_force(state: State) -> Policy:
    """What is to be enforced: what the main line says, with the halts of the lane on."""
    return with_lane(state.policy, (state.lane[oid] for oid in sorted(state.lane)))


def fold(
    state: State,
    head: str,
    objects: Objects,
    now: int,
    *,
    first_seen: FirstSeen = _NOTHING_SEEN,
    lane: frozenset[str] = frozenset(),
) -> Iterator[Step]:
    """Every step from the anchor to `head`, oldest first.

    Args:
        state: where to go on from.
        head: the commit to fold to.
        objects: the repository.
        now: UTC nanoseconds; the latest the caller ever saw.
        first_seen: when commits were first seen, for a node that was not there.
        lane: what its refs point to; a halt of it that the main line merges is heard just before.

    Raises:
        RefusedError: `head` does not descend from the anchor by first parents.
    """
    lane = beside(lane, state.anchor, objects)
    for oid in objects.graph.first_parents(head, state.anchor):
        witnessed = first_seen.at(oid, state.policy.nodes)
        instant = now if witnessed is None else witnessed
        state, _ = heard(state, oid, lane, objects, instant)
        step = take(state, oid, objects, instant)
        yield step
        state = step.state


def heard(
    state: State, oid: str, lane: frozenset[str], objects: Objects, now: int
) -> tuple[State, tuple[Delivered, ...]]:
    """Hear the halts that a commit is about to merge, as the lane has them.

    Where people have come and gone, halts the lane has no more are heard too: whoever gave one may
    have been somebody then, and a merge that drops it must not pass for taking it back.
    """
    if not state.eras and not lane - state.lane.keys():
        return state, ()
    merged = objects.graph.new_commits(oid, state.anchor)[:-1]
    found = merged if state.eras else lane.intersection(merged)
    after, outcomes = deliver(state, found, objects, now)
    return after, tuple(each for each in outcomes if not each.code)


class _Arrival(msgspec.Struct, frozen=True):
    """A first-parent commit and everything that came in with it, before it is judged."""

    commit: str
    tree: str
    came: tuple[Seen, ...]
    approvals: dict[str, Approved]
    approvers: frozenset[str]
    """Whose approvals of this tree count."""
    tighteners: frozenset[str]
    """Those, and who approved it too late to loosen anything."""
    below: frozenset[str]
    """Halts of the lane that it may take back."""
    held: Restrained
    """What is in force for it to be compared with: with those halts, and no others."""

    @property
    def silent(self) -> bool:
        """Whether nobody speaks, so that nothing can change."""
        return not self.tighteners and not self.below and not any(e.signer for e in self.came)


def take(state: State, oid: str, objects: Objects, now: int) -> Step:
    """Judge one first-parent commit and everything that came in with it.

    Args:
        state: at its first parent.
        oid: the commit.
        objects: the repository.
        now: when it was first seen, UTC nanoseconds.
    """
    arrival = _arrived(state, oid, objects, now)
    if not arrival.silent:
        return _judged(state, arrival, objects, now)
    # What nobody signed costs no more than its bytes: its documents are not even read.
    same = Restrained(state.policy, state.authority)
    if arrival.tree == state.whole:
        return _stepped(state, arrival, "unchanged", same, whole=arrival.tree)
    why = _unspoken(arrival, state)
    return _stepped(state, arrival, "refused", same, whole=state.whole, why=why)


def _arrived(state: State, oid: str, objects: Objects, now: int) -> _Arrival:
    new = objects.graph.new_commits(oid, state.anchor)
    came = _speaking(state, new, objects, now)
    tree = objects.digest(oid)
    approvals = standing(state.approvals, came, oid, objects, state.environment)
    here = [each for each in approvals.values() if each.tree == tree]
    below = under(state, oid, objects)
    policy = with_lane(state.policy, (state.lane[halt] for halt in sorted(below)))
    return _Arrival(
        commit=oid,
        tree=tree,
        came=came,
        approvals=approvals,
        approvers=frozenset(each.person for each in here if not each.late),
        tighteners=frozenset(each.person for each in here),
        below=below,
        held=Restrained(policy, state.authority),
    )


def _speaking(state: State, new: list[str], objects: Objects, now: int) -> tuple[Seen, ...]:
    """The new commits, judged; a key that another of them takes back approves nothing here.

    Above the revocation or beside it: a thief chooses what to build on.
    """
    came = tuple(seen(state.authority, state.environment, each, objects, now) for each in new)
    if taken_back(state, came, objects) == state.authority:
        return came

    def still(each: Seen) -> Seen:
        others = tuple(other for other in came if other != each)
        left = taken_back(state, others, objects)
        if seen(left, state.environment, each.commit, objects, now).signer:
            return each
        return msgspec.structs.replace(each, approval="KEY_REVOKED")

    return tuple(still(each) if each.approval else each for each in came)


def _judged(state: State, arrival: _Arrival, objects: Objects, now: int) -> Step:
    candidate: Candidate | None = None
    found: tuple[Change, ...] = ()
    needs: tuple[Need, ...] = ()
    try:
        candidate = objects.candidate(arrival.commit)
    except UNREADABLE as error:
        why = (error.code, str(error))
    else:
        found = _changes(arrival.held, candidate, now)
        if len(arrival.came) > 1:
            found += _undone(state, arrival.came[:-1], candidate, found, objects, now)
        if not found:
            after = _unchanged(state, arrival, candidate, objects, now)
            return _stepped(state, arrival, "unchanged", after, whole=arrival.tree)
        needs = judge(state.authority, candidate.policy, found, arrival.approvers, now)
        alone = _travels_alone(found)
        if alone and all(need.met for need in needs):
            after = _applied(arrival.held, candidate, now)
            return _stepped(
                state, arrival, "applied", after, whole=arrival.tree, found=found, needs=needs
            )
        why = _why(_speaker(arrival, objects, state.environment), needs, alone=alone)
    left = restrained(state, arrival.came, arrival.tighteners, candidate, objects)
    if left == Restrained(state.policy, state.authority):
        return _stepped(
            state, arrival, "refused", left, whole=state.whole, why=why, found=found, needs=needs
        )
    whole = ""
    if candidate is not None and not _changes(left, candidate, now):
        whole, why = arrival.tree, ("", "")
    else:
        # Somebody who has just halted reads this: first, that they have.
        why = why[0], f"what it tightens holds; for the rest, {why[1]}"
    return _stepped(
        state, arrival, "tightened", left, whole=whole, why=why, found=found, needs=needs
    )


def _unchanged(
    state: State, arrival: _Arrival, candidate: Candidate, objects: Objects, now: int
) -> Restrained:
    """What is in force where nothing changes from now on.

    A halt that has ended by this clock, which may be ahead, is kept all the same.
    """
    left = restrained(state, arrival.came, arrival.tighteners, candidate, objects)
    same = settled(left.policy, now) == settled(state.policy, now)
    return Restrained(left.policy if same else state.policy, state.authority)


def _applied(held: Restrained, candidate: Candidate, now: int) -> Restrained:
    """What is in force once a quorum applied a candidate.

    By a clock that is ahead a halt seems to have ended; it is kept until it surely has. What
    loosens for a while and seems over was not asked about, and must not begin when the clock is
    put right.
    """
    doubtful = ended(held.policy.overlay, now - CLOCK_DOUBT, now)
    left = settled(candidate.policy, now).overlay
    overlay = msgspec.structs.replace(
        candidate.policy.overlay, flips=left.flips, boosts=left.boosts
    )
    policy = msgspec.structs.replace(candidate.policy, overlay=overlay)
    return Restrained(braked(policy, doubtful), candidate.authority)


def _stepped(
    state: State,
    arrival: _Arrival,
    verdict: str,
    after: Restrained,
    *,
    whole: str,
    why: tuple[str, str] = ("", ""),
    found: tuple[Change, ...] = (),
    needs: tuple[Need, ...] = (),
) -> Step:
    """The step with the state after it."""
    applied = verdict == "applied"
    released = arrival.below if applied else frozenset()
    left = {oid: halt for oid, halt in state.lane.items() if oid not in released}
    changed = after.authority != state.authority
    known = msgspec.structs.replace(
        state,
        anchor=arrival.commit,
        tree=arrival.tree,
        authority=after.authority,
        policy=after.policy,
        approvals=arrival.approvals,
        applied=arrival.commit if applied else state.applied,
        whole=whole,
        eras=(*state.eras, Era(arrival.commit, state.authority)) if changed else state.eras,
        lane=spread(left, after.policy, state),
    )
    return Step(
        commit=arrival.commit,
        tree=arrival.tree,
        verdict=verdict,
        reason=why[0],
        message=why[1],
        changes=found,
        needs=needs,
        approvers=tuple(sorted(arrival.approvers)),
        seen=arrival.came,
        state=known,
    )


def considered(
    state: State, oid: str, objects: Objects, now: int
) -> tuple[tuple[Change, ...], tuple[Need, ...]]:
    """What a commit nobody spoke for asks for, and what that would need: for people to read.

    Raises:
        VantaError: its tree cannot be read.
    """
    candidate = objects.candidate(oid)
    found = _changes(Restrained(in_force(state), state.authority), candidate, now)
    return found, judge(state.authority, candidate.policy, found, frozenset(), now)


def _unspoken(arrival: _Arrival, state: State) -> tuple[str, str]:
    """Why a step in which nobody speaks is refused."""
    head = arrival.came[-1]
    if arrival.tree == state.tree and head.code == "UNSIGNED":
        return "QUORUM_MISSING", "what is there already lacks approvals"
    return head.code, f"{head.commit[:12]} speaks for nobody"


def _changes(before: Restrained, candidate: Candidate, now: int) -> tuple[Change, ...]:
    if before.policy == candidate.policy and before.authority == candidate.authority:
        return ()
    return (
        *authority_changes(before.authority, candidate.authority),
        *changes(settled(before.policy, now), settled(candidate.policy, now)),
    )


def _undone(
    state: State,
    merged: tuple[Seen, ...],
    candidate: Candidate,
    found: tuple[Change, ...],
    objects: Objects,
    now: int,
) -> tuple[Change, ...]:
    """What a merge takes back of what the commits it brings in tightened.

    In force does not show it where it was never in force, and dropping it loosens all the same.
    """
    held = restrained(state, merged, frozenset(), None, objects)
    known = {change.path for change in found if change.effect in _LOOSENING}
    return tuple(
        change
        for change in _changes(held, candidate, now)
        if change.effect in _LOOSENING and change.path not in known
    )


def _travels_alone(found: tuple[Change, ...]) -> bool:
    """Whether a change of authority comes without any other."""
    roots = {change.path[0] for change in found if change.path != FROZEN}
    frozen = any(change.path == FROZEN for change in found)
    return "authority" not in roots or (roots <= _OF_AUTHORITY and not frozen)


def _speaker(arrival: _Arrival, objects: Objects, environment: str) -> Seen | None:
    """The head's own signature, where the head is what must be spoken for.

    Where it only repeats a parent's tree, such as a forge's merge, it is the approvals that lack.
    """
    head = arrival.came[-1]
    oid = arrival.commit
    repeats = any(objects.digest(parent) == arrival.tree for parent in objects.parents(oid))
    silent = not head.signer and carried(oid, objects, environment) is None
    return None if repeats and silent else head


def _why(head: Seen | None, needs: tuple[Need, ...], *, alone: bool) -> tuple[str, str]:
    """The first reason a readable commit was not applied as it stands."""
    if head and not head.signer:
        return head.code, f"{head.commit[:12]} speaks for nobody"
    if head and head.approval not in {"", COUNTS}:
        return head.approval, f"{head.signer}'s approval in {head.commit[:12]} does not count"
    if not alone:
        return "AUTHORITY_NOT_ALONE", "a change of authority travels alone; split the commit"
    unmet = next(need for need in needs if not need.met)
    if not unmet.role:
        return "NO_RULE", f"no role may {unmet.action} {unmet.scope}"
    return "QUORUM_MISSING", (
        f"{unmet.action} {unmet.scope} needs {unmet.quorum} of {unmet.role}, has "
        f"{len(unmet.approved)}; still to ask: {', '.join(unmet.missing)}"
    )
