"""Whose builds an environment runs, from the roles that say so; pure."""

from collections.abc import Iterable

from vanta.domain.instant import show_instant
from vanta.domain.policy import ReleasePolicy
from vanta.governance.documents.kinds import AuthoritySpec, Grant, KeyEntry, OverlayDocument, Person
from vanta.lattice.direction import EVERYTHING

TERM = " until="
"""Between a key and the instant from which it may not approve; a key without an end has none."""


def release_policy(
    authority: AuthoritySpec, overlays: Iterable[OverlayDocument], environment: str
) -> ReleasePolicy:
    """Who may sign builds and sign them off, by the roles' grants for this environment."""
    builders: set[str] = set()
    reviewers: set[str] = set()
    reviews = 0
    for role in authority.roles:
        for grant in role.grants:
            if not _is_about(grant, environment):
                continue
            if grant.build is not None:
                builders.update(role.people)
            if grant.review is not None:
                reviewers.update(role.people)
                reviews = max(reviews, grant.review)
    people = sorted(authority.people, key=lambda person: person.name)
    return ReleasePolicy(
        builders={one.name: _keys(one) for one in people if one.name in builders},
        reviewers={one.name: _keys(one) for one in people if one.name in reviewers},
        reviews=reviews,
        frozen=_together(document.spec.frozen for document in overlays),
    )


def _is_about(grant: Grant, environment: str) -> bool:
    """A build is about no vault, and so about all."""
    here = EVERYTHING in grant.environments or environment in grant.environments
    return here and EVERYTHING in grant.vaults


def _keys(person: Person) -> tuple[str, ...]:
    """What the person signs with and was not revoked, each with its end."""
    found = []
    for entry in person.keys:
        if not isinstance(entry, KeyEntry):
            found.append(entry)
        elif not entry.revoked:
            end = "" if entry.expires is None else TERM + show_instant(entry.expires)
            found.append(entry.key + end)
    return tuple(found)


def _together(said: Iterable[frozenset[str]]) -> frozenset[str]:
    frozen = frozenset[str]().union(*said)
    return frozenset({EVERYTHING}) if EVERYTHING in frozen else frozen
