"""Whose sign-offs count on this node, and whose key is whose."""

from typing import NamedTuple

from vanta.domain.errors import UnavailableError, VantaError
from vanta.domain.policy import Policy
from vanta.governance.builders import BuildPermission
from vanta.governance.keys import PublicKey
from vanta.governance.memory import recall
from vanta.governance.published import PolicyReader
from vanta.node.layout import Layout


class Reviews(NamedTuple):
    """What governance says of reviews on this node."""

    permission: BuildPermission
    """Nobody's, where no policy is published here."""
    commit: str
    """Governance commit that says so; empty where there is none."""
    trouble: str = ""
    """Why there is none."""


def reviews(layout: Layout, now: int) -> Reviews:
    """What the policy published on this node says; where there is none, nobody may anything."""
    try:
        published = PolicyReader(layout.memory)()
    except VantaError as error:
        nobody = Policy(environment="")
        return Reviews(BuildPermission(nobody, now), "", trouble=error.message)
    return Reviews(BuildPermission(published.policy, now), published.provenance.commit)


def required(layout: Layout, now: int) -> Reviews:
    """The same where a sign-off is added, which takes a policy.

    Raises:
        UnavailableError: `NO_POLICY`.
    """
    found = reviews(layout, now)
    if found.trouble:
        raise UnavailableError(
            f"nobody can say whose sign-off counts: {found.trouble}",
            code="NO_POLICY",
            place=str(layout.memory),
            remedy="start `vanta governance controller` on this node",
        )
    return found


def person_of(layout: Layout, key: PublicKey) -> str | None:
    """Whose key it is by the authority in force, whatever they may.

    Raises:
        UnavailableError, MalformedError: the node's governance journal cannot be read.
    """
    state = recall(layout.journal("governance")).state
    return state.authority.person_of(key) if state is not None else None
