"""Whose signature a commit carries, and which approvals count: rules R2, R4 and R5; pure."""

from collections.abc import Iterable, Mapping

from vanta.domain.errors import MalformedError
from vanta.governance.authority import Authority
from vanta.governance.commits import Approval, Commit, parse_approval
from vanta.governance.sshsig import parse_armor, verify
from vanta.governance.walk import COUNTS, LATE, NAMESPACE, UNREADABLE, Approved, Objects, Seen

EXPIRED_KEY = "EXPIRED_KEY"
"""The signer may still stop things: expiry protects against old keys that loosen."""
BAD_IDENTITY = "BAD_IDENTITY"
"""Likewise: who reads the history may be shown another name than the signer's."""


def seen(authority: Authority, environment: str, oid: str, objects: Objects, now: int) -> Seen:
    """Who signed a commit, and whether it approves its tree, by the authority in force."""
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
    expired = EXPIRED_KEY if authority.approves_until(key) <= now else ""
    code = expired if commit.legible else BAD_IDENTITY
    return Seen(oid, person, code, _approval(commit, environment, expired, objects, now))


def _approval(commit: Commit, environment: str, code: str, objects: Objects, now: int) -> str:
    """Whether the approval in a commit of a known person counts; empty where there is none."""
    try:
        approval = parse_approval(commit)
    except MalformedError as error:
        return error.code
    if approval is None or approval.environment != environment:
        return ""
    if commit.author_email != commit.committer_email:
        # Somebody rebased, amended or picked another's approval, and looked at nothing.
        return "APPROVAL_NOT_OWN"
    if not commit.legible:
        return BAD_IDENTITY
    if approval.tree_digest != objects.digest(commit.oid):
        return "APPROVAL_OTHER_TREE"
    if code:
        return code
    return COUNTS if approval.until_ns > now else "APPROVAL_EXPIRED"


def standing(
    known: Mapping[str, Approved], new: Iterable[Seen], oid: str, objects: Objects, environment: str
) -> dict[str, Approved]:
    """The approvals that hold at `oid`, those before it and those that came in with it (R5).

    Args:
        known: what stood before.
        new: every commit that came in, judged.
        oid: the first-parent commit it came in with.
        objects: the repository.
        environment: whose governed tree.
    """
    came = tuple(new)
    moved = {each.commit for each in came if _moves(each.commit, objects, environment)}
    held = {
        at: approved
        for at, approved in known.items()
        if all(objects.digest(each) == approved.tree for each in moved)
    }
    for each in came:
        if each.approval == COUNTS or each.approval in LATE:
            tree = objects.digest(each.commit)
            between = objects.graph.new_commits(oid, each.commit)
            if all(
                objects.digest(other) == tree or not _moves(other, objects, environment)
                for other in between
            ):
                held[each.commit] = Approved(each.signer, tree, late=each.approval != COUNTS)
    return held


def _moves(oid: str, objects: Objects, environment: str) -> bool:
    """Whether something happens to the governed tree here: a change, a choice or an approval."""
    parents = objects.parents(oid)
    here = objects.digest(oid)
    # A root is one only where the approval was given on another history.
    if not parents or any(objects.digest(parent) != here for parent in parents):
        return True
    return carried(oid, objects, environment) is not None


def carried(oid: str, objects: Objects, environment: str) -> Approval | None:
    """The approval a commit carries for this environment, whoever signed it."""
    try:
        approval = parse_approval(objects.commit(oid))
    except UNREADABLE:
        return None
    return approval if approval and approval.environment == environment else None
