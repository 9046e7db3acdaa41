"""Taking a signed commit to where nodes and people look for it, by every transport at hand."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.clone import Clone

_PUSH_TRIES = 5
_SECRET = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True)
class Delivery:
    """What one transport made of a commit."""

    where: str
    """Remote and ref."""
    taken: bool
    said: str = ""
    """Why it was not taken."""
    commit: str = ""
    """The commit that was pushed, or that was the last to be refused."""


Way = Callable[[], Delivery]
"""One attempt, which never raises."""


def deliver(ways: Sequence[Way]) -> tuple[Delivery, ...]:
    """Try all ways at once: a forge that hangs must not hold up the way past it."""
    with ThreadPoolExecutor(max_workers=max(1, len(ways))) as pool:
        return tuple(pool.map(lambda way: way(), ways))


def to_ref(clone: Clone, remote: str, oid: str, ref: str) -> Delivery:
    """Push a commit to one ref."""
    where = f"{shown(remote)} {ref}"
    try:
        clone.push_ref(remote, oid, ref)
    except VantaError as error:
        return Delivery(where, taken=False, said=shown(error.message), commit=oid)
    return Delivery(where, taken=True, commit=oid)


def onto_branch(
    clone: Clone, remote: str, branch: str, tip: str, commit_on: Callable[[str], str]
) -> Delivery:
    """Push a commit onto a branch, made again on its new tip for as long as others are faster.

    Args:
        clone: where from.
        remote: where to.
        branch: its name.
        tip: where it is, as far as known.
        commit_on: the commit to push when the branch is at a given one.
    """
    where = f"{shown(remote)} refs/heads/{branch}"
    said = oid = ""
    for _ in range(_PUSH_TRIES):
        try:
            oid = commit_on(tip)
        except VantaError as error:
            # Such as a tree that has a file where a folder of ours belongs.
            return Delivery(where, taken=False, said=shown(str(error)), commit=oid)
        delivery = to_ref(clone, remote, oid, f"refs/heads/{branch}")
        if delivery.taken:
            return delivery
        said = delivery.said
        try:
            now_at = clone.fetch(remote, branch)
        except VantaError:
            break
        if now_at == tip:
            # Nobody was faster: it was refused, and will be again.
            break
        tip = now_at
    return Delivery(where, taken=False, said=said, commit=oid)


def require_one(deliveries: Sequence[Delivery], what: str, remedy: str) -> None:
    """Refuse to call something delivered that nobody took.

    Raises:
        UnavailableError: code `NOT_DELIVERED`.
    """
    if not any(each.taken for each in deliveries):
        said = "; ".join(f"{each.where}: {each.said}" for each in deliveries)
        raise UnavailableError(f"{what}: {said}", code="NOT_DELIVERED", remedy=remedy)


def shown(text: str) -> str:
    """A remote, or what Git said of it, without the password in its URL."""
    return _SECRET.sub("", text)
