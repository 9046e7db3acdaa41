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
from vanta.domain.policy import Policy
from vanta.governance.approvals import carried, seen, standing
from vanta.governance.authority import Need, judge
from vanta.governance.documents.compile import settled
from vanta.governance.firstseen import FirstSeen
from vanta.governance.lane import Delivered, deliver, spread, under, with_lane
from vanta.governance.restraint import Restrained, restrained
from vanta.governance.revocation import authority_changes
from vanta.governance.sshsig import parse_armor, verify
from vanta.governance.walk import (
    COUNTS,
    NAMESPACE,
    UNREADABLE,
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
_NOTHING_SEEN = FirstSeen()


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
        lane: commits of the lane; one that the main line merges is heard just before.

    Raises:
        RefusedError: `head` does not descend from the anchor by first parents.
    """
    for oid in objects.graph.first_parents(head, state.anchor):
        state, _ = heard(state, oid, lane, objects, now)
        witnessed = first_seen.at(oid, state.policy.nodes)
        step = take(state, oid, objects, now if witnessed is None else witnessed)
        yield step
        state = step.state


def heard(
    state: State, oid: str, lane: frozenset[str], objects: Objects, now: int
) -> tuple[State, tuple[Delivered, ...]]:
    """Hear the halts of the lane that a commit is about to merge."""
    if not lane - state.lane.keys():
        return state, ()
    return deliver(
        state, lane.intersection(objects.graph.new_commits(oid, state.anchor)), objects, now
    )


def take(state: State, oid: str, objects: Objects, now: int) -> Step:
    """Judge one first-parent commit and everything that came in with it.

    Args:
        state: at its first parent.
        oid: the commit.
        objects: the repository.
        now: when it was first seen, UTC nanoseconds.
    """
    new = objects.graph.new_commits(oid, state.anchor)
    came = tuple(seen(state.authority, state.environment, each, objects, now) for each in new)
    digest = objects.digest(oid)
    approvals = standing(state.approvals, came, oid, objects, state.environment)
    approvers = frozenset(each.person for each in approvals.values() if each.tree == digest)
    below = under(state, oid, objects)
    held = Restrained(
        with_lane(state.policy, (state.lane[halt] for halt in sorted(below))), state.authority
    )

    def outcome(
        verdict: str,
        after: Restrained,
        *,
        why: tuple[str, str] = ("", ""),
        found: tuple[Change, ...] = (),
        needs: tuple[Need, ...] = (),
        quorum: bool = False,
    ) -> Step:
        left = {h: halt for h, halt in state.lane.items() if not (quorum and h in below)}
        ended = (Era(oid, state.authority),) if after.authority != state.authority else ()
        known = msgspec.structs.replace(
            state,
            anchor=oid,
            tree=digest,
            authority=after.authority,
            policy=after.policy,
            approvals=approvals,
            applied=oid if quorum else state.applied,
            eras=(*state.eras, *ended),
            lane=spread(left, after.policy, state),
        )
        who = tuple(sorted(approvers))
        return Step(oid, digest, verdict, why[0], why[1], found, needs, who, came, known)

    candidate: Candidate | None = None
    found: tuple[Change, ...] = ()
    needs: tuple[Need, ...] = ()
    try:
        candidate = objects.candidate(oid)
    except UNREADABLE as error:
        why = (error.code, str(error))
    else:
        found = _changes(held, candidate, now)
        if len(new) > 1:
            found += _undone(state, came[:-1], candidate, found, objects, now)
        if not found:
            return outcome("unchanged", Restrained(state.policy, state.authority))
        needs = judge(state.authority, candidate.policy, found, approvers, now)
        alone = _travels_alone(found)
        if alone and all(need.met for need in needs):
            wanted = Restrained(candidate.policy, candidate.authority)
            return outcome("applied", wanted, found=found, needs=needs, quorum=True)
        why = _why(_speaker(came, oid, objects, state.environment), needs, alone=alone)
    left = restrained(state, came, approvers, candidate, objects)
    if left == Restrained(state.policy, state.authority):
        return outcome("refused", left, why=why, found=found, needs=needs)
    if candidate is not None and not _changes(left, candidate, now):
        why = ("", "")
    return outcome("tightened", left, why=why, found=found, needs=needs)


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
    roots = {change.path[0] for change in found}
    return "authority" not in roots or roots <= {"authority", "nodes"}


def _speaker(came: tuple[Seen, ...], oid: str, objects: Objects, environment: str) -> Seen | None:
    """The head's own signature, where the head is what must be spoken for.

    Where it only repeats a parent's tree, such as a forge's merge, it is the approvals that lack.
    """
    head = next(each for each in came if each.commit == oid)
    here = objects.digest(oid)
    repeats = any(objects.digest(parent) == here for parent in objects.parents(oid))
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
