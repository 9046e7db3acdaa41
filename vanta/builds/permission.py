"""Whose builds may run on a node: what promoting asks of the policy in force.

`vanta.governance.builders.BuildPermission` answers it.
"""

from collections.abc import Iterable
from typing import Protocol

from vanta.governance.keys import PublicKey


class Permission(Protocol):
    """A policy, asked about builds at one instant."""

    @property
    def needed(self) -> int:
        """How many people must have signed a build off."""

    @property
    def askable(self) -> tuple[str, ...]:
        """Whose sign-off would count."""

    def builder(self, key: PublicKey) -> str | None: ...

    def reviewers(self, keys: Iterable[PublicKey], *, builder: str = "") -> frozenset[str]: ...

    def frozen(self, node: str) -> bool: ...
