"""The walk: from commits to the policy in force, one first-parent commit at a time; pure.

Invariants, each a rule of the governance page:

* In force only ever loosens at a commit whose governed tree carries explicit approvals of enough
  distinct people (R1, R4), counted by what the authority in force at that step says (R2).
* Every other commit can only tighten, and only by what somebody who may tighten there signed (R3).
* An approval is worth something only while nothing else happened to the governed tree between it
  and the commit it counts for (R5).
* The result depends on the history alone, never on when it was looked at: folding to a commit and
  then on is folding past it.

Nothing here reads a clock, a file or a process: `Objects` hands over commits and trees by id, and
`now` is an argument. A commit that cannot be read contributes nothing and stops nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from vanta.domain.errors import MalformedError, RefusedError
from vanta.domain.policy import Policy
from vanta.governance.authority import AUTHORITY_PATH, Authority, Need, judge, may
from vanta.governance.commits import Commit, parse_approval
from vanta.governance.documents.compile import consistent, halt_tables, settled
from vanta.governance.documents.kinds import OverlayDocument
from vanta.governance.documents.read import read_document
from vanta.governance.graph import Graph
from vanta.governance.sshsig import parse_armor, verify
from vanta.lattice.algebra import changes, tighten, tightenings
from vanta.lattice.direction import Change, Effect, Tightening

UNREADABLE = (MalformedError, RefusedError)
"""What the same bytes raise on every node: it contributes nothing and the walk goes on.

`UnavailableError` is not among them. It is a fault of this node's store, and a walk that went on
would step over a halt it never read.
"""

_LOOSENING = frozenset({Effect.LOOSENS, Effect.UNORDERED})

NAMESPACE = "git"
"""The SSHSIG namespace of a commit signature."""


class Candidate(msgspec.Struct, frozen=True):
    """What a governed tree asks for."""

    policy: Policy
    authority: Authority


class Objects(Protocol):
    """What the walk reads, by id; the edge keeps it honest and bounded."""

    @property
    def graph(self) -> Graph:
        """Ancestry."""

    def commit(self, oid: str) -> Commit:
        """A commit, strictly parsed; raises `UNREADABLE` when its bytes are not one."""

    def digest(self, oid: str) -> str:
        """The digest of a commit's governed tree; equal only for equal trees, readable or not."""

    def candidate(self, oid: str) -> Candidate:
        """What a commit's governed tree compiles to; raises `UNREADABLE` when it does not."""

    def halt_files(self, oid: str) -> Mapping[str, bytes]:
        """A commit's halt files as raw bytes, whatever the rest of its tree is.

        Raises `UNREADABLE` when its folder of halts holds something else.
        """

    def parents(self, oid: str) -> tuple[str, ...]:
        """A commit's parents, first parent first."""


class Approved(msgspec.Struct, frozen=True):
    """An approval that was good when it was first seen."""

    person: str
    tree: str
    fallen: bool = False
    """Something happened to the tree since (R5): it never counts again, and is not asked again."""


class State(msgspec.Struct, frozen=True):
    """What the fold knows after a commit."""

    environment: str
    anchor: str
    tree: str
    authority: Authority
    policy: Policy
    approvals: dict[str, Approved]
    """By commit id: judged once, when new, and never again."""


class Seen(msgspec.Struct, frozen=True):
    """What became of one new commit's signature."""

    commit: str
    signer: str
    """The person, or empty."""
    code: str
    """Why it speaks for nobody, or empty."""


class Step(msgspec.Struct, frozen=True):
    """What one first-parent commit did."""

    commit: str
    tree: str
    verdict: str
    """`applied`, `tightened`, `unchanged` or `refused`."""
    reason: str
    """A code where something was not done; empty otherwise."""
    message: str
    changes: tuple[Change, ...]
    needs: tuple[Need, ...]
    approvers: tuple[str, ...]
    seen: tuple[Seen, ...]
    state: State


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
        anchor=oid,
        tree=objects.digest(oid),
        authority=candidate.authority,
        policy=candidate.policy,
        approvals={},
    )


def fold(state: State, head: str, objects: Objects, now: int) -> Iterator[Step]:
    """Every step from the anchor to `head`, oldest first.

    Raises:
        RefusedError: `head` does not descend from the anchor by first parents.
    """
    for oid in objects.graph.first_parents(head, state.anchor):
        step = take(state, oid, objects, now)
        yield step
        state = step.state


def take(state: State, oid: str, objects: Objects, now: int) -> Step:
    """Judge one first-parent commit and everything that came in with it."""
    new = objects.graph.new_commits(oid, state.anchor)
    seen = tuple(_seen(state.authority, new_oid, objects) for new_oid in new)
    digest = objects.digest(oid)
    approvals = _standing({**state.approvals, **_approved(state, seen, objects, now)}, oid, objects)
    approvers = frozenset(
        approved.person
        for approved in approvals.values()
        if approved.tree == digest and not approved.fallen
    )

    def outcome(
        verdict: str,
        *,
        why: tuple[str, str] = ("", ""),
        found: tuple[Change, ...] = (),
        needs: tuple[Need, ...] = (),
        policy: Policy = state.policy,
        authority: Authority = state.authority,
    ) -> Step:
        after = State(state.environment, oid, digest, authority, policy, approvals)
        who = tuple(sorted(approvers))
        return Step(oid, digest, verdict, why[0], why[1], found, needs, who, seen, after)

    candidate: Candidate | None = None
    found: tuple[Change, ...] = ()
    needs: tuple[Need, ...] = ()
    try:
        candidate = objects.candidate(oid)
    except UNREADABLE as error:
        why = (error.code, str(error))
    else:
        found = _changes(state, candidate, now)
        if len(new) > 1:
            found += _undone(state, seen[:-1], candidate, found, objects, now)
        if not found:
            return outcome("unchanged")
        needs = judge(state.authority, candidate.policy, found, approvers, now)
        alone = _travels_alone(found)
        if alone and all(need.met for need in needs):
            policy, authority = candidate.policy, candidate.authority
            return outcome("applied", found=found, needs=needs, policy=policy, authority=authority)
        why = _why(seen, needs, alone=alone, oid=oid)
    restrained = _restrained(state, seen, approvers, candidate, objects)
    if restrained == state.policy:
        return outcome("refused", why=why, found=found, needs=needs)
    whole = msgspec.structs.replace(state, policy=restrained)
    if candidate is not None and not _changes(whole, candidate, now):
        why = ("", "")
    return outcome("tightened", why=why, found=found, needs=needs, policy=restrained)


def _seen(authority: Authority, oid: str, objects: Objects) -> Seen:
    """Who signed a commit, by the authority in force."""
    try:
        commit = objects.commit(oid)
        if commit.signature is None or commit.signed_payload is None:
            return Seen(oid, "", "UNSIGNED")
        key = verify(parse_armor(commit.signature), commit.signed_payload, NAMESPACE)
    except UNREADABLE as error:
        return Seen(oid, "", error.code)
    person = authority.person_of(key)
    if person is None:
        return Seen(oid, "", "UNKNOWN_SIGNER")
    if commit.committer_email != authority.people[person].email:
        return Seen(oid, "", "COMMITTER_MISMATCH")
    return Seen(oid, person, "")


def _approved(
    state: State, seen: tuple[Seen, ...], objects: Objects, now: int
) -> dict[str, Approved]:
    """The approvals among new commits that are good now, and so for good."""
    good: dict[str, Approved] = {}
    for each in seen:
        if not each.signer:
            continue
        try:
            approval = parse_approval(objects.commit(each.commit))
        except UNREADABLE:
            continue
        if (
            approval is not None
            and approval.environment == state.environment
            and approval.until_ns > now
            and approval.tree_digest == objects.digest(each.commit)
        ):
            good[each.commit] = Approved(each.signer, approval.tree_digest)
    return good


def _standing(approvals: dict[str, Approved], oid: str, objects: Objects) -> dict[str, Approved]:
    """The approvals as they stand at `oid`, those of its own tree judged."""
    digest = objects.digest(oid)
    fallen = {
        at: msgspec.structs.replace(approved, fallen=True)
        for at, approved in approvals.items()
        if approved.tree == digest
        and not approved.fallen
        and not _still_counts(at, digest, oid, approvals, objects)
    }
    return {**approvals, **fallen}


def _still_counts(
    at: str, digest: str, oid: str, approvals: Mapping[str, Approved], objects: Objects
) -> bool:
    """R5: nothing else happened to the governed tree between the approval and `oid`."""
    for between in objects.graph.new_commits(oid, at):
        here = objects.digest(between)
        if here == digest:
            continue
        parents = objects.parents(between)
        # A root is one only where the approval was given on another history.
        if between in approvals or not parents or any(objects.digest(p) != here for p in parents):
            return False
    return True


def _changes(state: State, candidate: Candidate, now: int) -> tuple[Change, ...]:
    found = _changes_policy(state.policy, candidate.policy, now)
    if candidate.authority != state.authority:
        found = (Change(AUTHORITY_PATH, None, None, Effect.UNORDERED), *found)
    return found


def _changes_policy(before: Policy, after: Policy, now: int) -> tuple[Change, ...]:
    return changes(settled(before, now), settled(after, now))


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
    held = _restrained(state, merged, frozenset(), None, objects)
    known = {change.path for change in found if change.effect in _LOOSENING}
    return tuple(
        change
        for change in _changes_policy(held, candidate.policy, now)
        if change.effect in _LOOSENING and change.path not in known
    )


def _travels_alone(found: tuple[Change, ...]) -> bool:
    """Whether a change of authority comes without any other."""
    roots = {change.path[0] for change in found}
    return "authority" not in roots or roots <= {"authority", "nodes"}


def _why(
    seen: tuple[Seen, ...], needs: tuple[Need, ...], *, alone: bool, oid: str
) -> tuple[str, str]:
    """The first reason a readable commit was not applied as it stands."""
    head = next(each for each in seen if each.commit == oid)
    if head.code:
        return head.code, f"{oid[:12]} speaks for nobody"
    if not alone:
        return "AUTHORITY_NOT_ALONE", "a change of authority travels alone; split the commit"
    unmet = next(need for need in needs if not need.met)
    if not unmet.role:
        return "NO_RULE", f"no role may {unmet.action} {unmet.scope}"
    return "QUORUM_MISSING", (
        f"{unmet.action} {unmet.scope} needs {unmet.quorum} of {unmet.role}, has "
        f"{len(unmet.approved)}; still to ask: {', '.join(unmet.missing)}"
    )


def _restrained(
    state: State,
    seen: tuple[Seen, ...],
    approvers: frozenset[str],
    candidate: Candidate | None,
    objects: Objects,
) -> Policy:
    """In force, met with every tightening its signer may make."""
    policy = state.policy

    def permitted(person: str) -> Callable[[Tightening], bool]:
        return lambda found: may(state.authority, person, "tighten", state.environment, found.path)

    for each in seen:
        if each.signer:
            for parent in objects.parents(each.commit):
                made = _tightened(parent, each.commit, state, objects)
                policy = tighten(policy, list(filter(permitted(each.signer), made)))
    if candidate is not None:
        for person in sorted(approvers):
            made = tightenings(state.policy, candidate.policy)
            policy = tighten(policy, list(filter(permitted(person), made)))
    return consistent(policy)


def _tightened(parent: str, oid: str, state: State, objects: Objects) -> tuple[Tightening, ...]:
    """What a commit made tighter than one parent, as far as their trees can be read."""
    halted = _halts_added(parent, oid, state, objects)
    try:
        made = tightenings(objects.candidate(parent).policy, objects.candidate(oid).policy)
    except UNREADABLE:
        return halted
    return (*made, *halted)


def _halts_added(parent: str, oid: str, state: State, objects: Objects) -> tuple[Tightening, ...]:
    """R6 in its plain form: a halt file is read apart from every other document.

    It is held against what is in force, not against the parent, where somebody without a say
    may have pretended to it already.
    """
    try:
        after = objects.halt_files(oid)
    except UNREADABLE:
        return ()
    try:
        before = objects.halt_files(parent)
    except UNREADABLE:
        before = {}
    halted = state.policy
    for path in sorted(after):
        if before.get(path) != after[path]:
            try:
                document = read_document(after[path], file=path)
            except UNREADABLE:
                continue
            if isinstance(document, OverlayDocument):
                overlay = halt_tables(document, state.policy)
                wanted = msgspec.structs.replace(halted, overlay=overlay)
                halted = tighten(halted, tightenings(halted, wanted))
    return tightenings(state.policy, halted)
