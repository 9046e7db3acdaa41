"""Which commit a halt is signed on, so that every node takes it for a child of the main line."""

from collections.abc import Sequence

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance.clone import Clone
from vanta.governance.rewalk import rewalk
from vanta.governance.signing import LOOK_BACK, Signing
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE


def known_tips(clone: Clone, remote: str, branch: str) -> tuple[str, ...]:
    """Where the governed branch is, best knowledge first: asked for, remembered, checked out.

    A forge that is down, or that lost the branch, keeps no halt from being signed.

    Raises:
        UnavailableError: nothing at all is known.
    """
    remembered = [
        oid
        for ref in (f"refs/remotes/{remote}/{branch}", f"refs/heads/{branch}")
        for name, oid in clone.refs(ref).items()
        if name == ref
    ]
    tips: list[str] = []
    try:
        tips.append(clone.fetch(remote, branch))
    except UnavailableError:
        if not remembered:
            raise
    return tuple(dict.fromkeys((*tips, *remembered)))


def anchor(desk: Signing, tips: Sequence[str], trust: Trust | None) -> str:
    """The last commit of the main line that reads and is good enough.

    Args:
        desk: whose clone.
        tips: what the main line may be, best knowledge first.
        trust: with it, the last commit the nodes did not refuse; without, the nearest one below
            a tip that reads and knows the signer.

    Raises:
        VantaError: there is none.
    """
    if trust is not None:
        lines = (_folded(desk, tip, trust) for tip in tips)
        return next(filter(None, lines), trust.introduction)
    for tip in tips:
        if found := _nearest(desk, tip):
            return found
    # Says what is wrong with the key, or with the tree.
    desk.signer_below(tips[0])
    return tips[0]


def _folded(desk: Signing, tip: str, trust: Trust) -> str:
    """The last commit the nodes did not refuse; empty where they would not follow this line."""
    try:
        walked = rewalk(desk.clone.git_dir(), trust, desk.environment, head=tip, now=desk.now)
    except VantaError:
        return ""
    if walked.stopped is not None and not walked.steps:
        return ""
    taken = (step.commit for step in reversed(walked.steps) if step.verdict != "refused")
    return next((oid for oid in taken if _reads(desk, oid)), trust.introduction)


def _nearest(desk: Signing, tip: str) -> str:
    at = tip
    for _ in range(LOOK_BACK):
        if _reads(desk, at):
            return at
        parents = desk.repository.parents(at)
        if not parents:
            break
        at = parents[0]
    return ""


def _reads(desk: Signing, commit: str) -> bool:
    try:
        desk.signer(commit)
        desk.check(desk.tree(commit))
    except UNREADABLE:
        return False
    return True
