"""Whose builds may run here, and whose word on them counts: the policy in force, asked about keys.

Pure. A build is signed by one person and signed off by others: nobody reviews what they built.
"""

from collections.abc import Iterable
from typing import NamedTuple

from vanta.domain.instant import FOREVER, parse_instant
from vanta.domain.policy import Policy
from vanta.governance.documents.releases import TERM
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.lattice.direction import EVERYTHING

Registered = dict[str, tuple[str, ...]]


class BuildPermission(NamedTuple):
    """What a policy says of builds at one instant."""

    policy: Policy
    now: int
    """UTC nanoseconds: a key whose term is over signs for nobody."""

    def builder(self, key: PublicKey) -> str | None:
        """Who signs builds with this key; none when nobody may."""
        return _owner(self.policy.releases.builders, key, self.now)

    def reviewers(self, keys: Iterable[PublicKey], *, builder: str = "") -> frozenset[str]:
        """Distinct people whose sign-offs count.

        Args:
            keys: that signed one manifest off, each with a signature that holds.
            builder: who built it, and so is not asked.
        """
        registered = self.policy.releases.reviewers
        found = {_owner(registered, key, self.now) for key in keys}
        return frozenset(name for name in found if name is not None and name != builder)

    @property
    def needed(self) -> int:
        """How many of them it takes; nobody's word is never enough."""
        return max(1, self.policy.releases.reviews)

    @property
    def askable(self) -> tuple[str, ...]:
        """Everybody whose sign-off would count, but for who built it."""
        return tuple(sorted(self.policy.releases.reviewers))

    def frozen(self, node: str) -> bool:
        """Whether a node's build stays as it is."""
        names = self.policy.releases.frozen
        return node in names or EVERYTHING in names


def _owner(registered: Registered, key: PublicKey, now: int) -> str | None:
    text = key.openssh
    for name, entries in sorted(registered.items()):
        for entry in entries:
            known, _, until = entry.partition(TERM)
            over = parse_instant(until) if until else FOREVER
            if parse_public_key(known).openssh == text and now < over:
                return name
    return None
