"""The policy a head asks for, whoever has signed it: what a plan's question "what if" is about."""

from pathlib import Path

from vanta.domain.policy import Policy
from vanta.governance.documents.compile import settled
from vanta.governance.history import History
from vanta.governance.repository import Repository
from vanta.governance.walk import UNREADABLE
from vanta.governance.would_be import would_be_merge


def proposed_policy(
    repository: Path, environment: str, *, head: str, base: str = "", now: int
) -> Policy | None:
    """What the documents of a head, or of its merge, compile to.

    Halts that stand beside the branch and hand edits of a node are not in it.

    Args:
        repository: a clone.
        environment: whose policy.
        head: full commit id.
        base: full id of the commit it would be merged into; empty for the head itself.
        now: UTC nanoseconds; what has ended by then is left out.

    Returns:
        None where its documents cannot be read, or the merge needs somebody's choice.

    Raises:
        UnavailableError: a commit is missing.
    """
    if not base:
        return _compiled(repository, environment, head, now)
    with would_be_merge(repository, base, head) as would:
        if would.conflicts:
            return None
        return _compiled(would.repository, environment, would.merge or base, now)


def _compiled(repository: Path, environment: str, commit: str, now: int) -> Policy | None:
    with Repository(repository) as opened:
        try:
            return settled(History(opened, environment).candidate(commit).policy, now)
        except UNREADABLE:
            return None
