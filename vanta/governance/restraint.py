"""What a step takes away where its quorum is not met: rules R1 and R3; pure.

Whoever may tighten somewhere does so by signing, whatever else the tree holds and whoever made it.
"""

import contextlib
from collections.abc import Callable, Iterator

import msgspec

from vanta.domain.policy import Policy
from vanta.governance.authority import Authority, may
from vanta.governance.documents.compile import consistent
from vanta.governance.halts import halted, personas_of, switched_on
from vanta.governance.revocation import Revocation, may_revoke, revocations, revoked
from vanta.governance.walk import UNREADABLE, Candidate, Objects, Seen, State
from vanta.lattice.algebra import tighten, tightenings
from vanta.lattice.direction import Tightening


class Restrained(msgspec.Struct, frozen=True):
    """What is in force after it."""

    policy: Policy
    authority: Authority


def restrained(
    state: State,
    seen: tuple[Seen, ...],
    approvers: frozenset[str],
    candidate: Candidate | None,
    objects: Objects,
) -> Restrained:
    """In force, met with every tightening its signer may make.

    Args:
        state: before the step; its authority says who may.
        seen: the new commits, judged.
        approvers: people whose approvals of the step's tree stand, those that came late too.
        candidate: what that tree asks for, where it can be read.
        objects: the repository.
    """
    policy, authority = state.policy, state.authority
    for each in seen:
        if each.signer:
            made, taken = _made_by(each.commit, state, objects)
            policy = tighten(policy, list(filter(permitted(state, each.signer), made)))
            authority = revoked(authority, filter(_revocable(state, each.signer), taken))
    if candidate is not None:
        made = list(tightenings(state.policy, candidate.policy))
        taken = list(revocations(state.authority, candidate.authority))
        for person in sorted(approvers):
            policy = tighten(policy, list(filter(permitted(state, person), made)))
            authority = revoked(authority, filter(_revocable(state, person), taken))
    # What is in force is consistent, and most commits tighten nothing.
    return Restrained(policy if policy is state.policy else consistent(policy), authority)


def taken_back(state: State, seen: tuple[Seen, ...], objects: Objects) -> Authority:
    """The authority in force without the keys that new commits take back."""
    authority = state.authority
    for each in seen:
        if each.signer:
            taken = _taken_by(each.commit, state, objects)
            authority = revoked(authority, filter(_revocable(state, each.signer), taken))
    return authority


def permitted(
    state: State, person: str, authority: Authority | None = None
) -> Callable[[Tightening], bool]:
    """Which tightenings this person may make alone."""
    who = authority or state.authority
    return lambda found: may(who, person, "tighten", state.environment, found.path)


def _revocable(state: State, person: str) -> Callable[[Revocation], bool]:
    return lambda found: may_revoke(state.authority, person, found)


def _made_by(oid: str, state: State, objects: Objects) -> tuple[list[Tightening], list[Revocation]]:
    """What a commit made tighter than some parent, as far as their trees can be read."""
    made: list[Tightening] = []
    for parent in _others(oid, objects):
        made += _halts_added(parent, oid, state, objects)
        with contextlib.suppress(*UNREADABLE):
            made += tightenings(_policy_of(parent, state, objects), objects.candidate(oid).policy)
    return made, _taken_by(oid, state, objects)


def _taken_by(oid: str, state: State, objects: Objects) -> list[Revocation]:
    """The keys a commit takes back from some parent's authority."""
    taken: list[Revocation] = []
    for parent in _others(oid, objects):
        with contextlib.suppress(*UNREADABLE):
            taken += revocations(_authority_of(parent, state, objects), objects.authority(oid))
    return taken


def _others(oid: str, objects: Objects) -> Iterator[str]:
    """The parents whose governed tree is another; of the same one nothing was made."""
    tree = objects.digest(oid)
    return (parent for parent in objects.parents(oid) if objects.digest(parent) != tree)


def _policy_of(parent: str, state: State, objects: Objects) -> Policy:
    """What a commit's policy is held against: on a tree nobody can read, what is in force."""
    try:
        return objects.candidate(parent).policy
    except UNREADABLE:
        return state.policy


def _authority_of(parent: str, state: State, objects: Objects) -> Authority:
    """What a commit's authority is held against: who spoils the parent's keeps no key."""
    try:
        return objects.authority(parent)
    except UNREADABLE:
        return state.authority


def _halts_added(parent: str, oid: str, state: State, objects: Objects) -> tuple[Tightening, ...]:
    """Switches are read apart from every other document, so that they land on any tree.

    They are held against what is in force, not against the parent, where somebody without a say
    may have pretended to them already.
    """
    entries = switched_on(objects.halts_added(oid, parent))
    if not entries:
        return ()
    return tightenings(state.policy, halted(state.policy, entries, [personas_of(state.policy)]))
