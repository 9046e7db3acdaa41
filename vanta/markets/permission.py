"""Whether collectors may run now, by the switches that everything else is held by."""

from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import RefusedError, VantaError
from vanta.domain.policy import Published
from vanta.domain.switches import HALTED, Action, forbidding
from vanta.governance.latch import latched


class CollectorsHaltedError(RefusedError):
    """A switch forbids calls out, or no policy can be read, which means the same."""


class Permission(NamedTuple):
    """What the policy in force says of calls out."""

    commit: str
    """Empty where no policy can be read."""
    forbidden: tuple[str, ...]
    """The switches that forbid them; empty where they may happen."""
    why: str

    def require(self) -> None:
        """Go on only where nothing forbids it.

        Raises:
            CollectorsHaltedError: with the switches, and who is to be asked.
        """
        if self.forbidden:
            raise CollectorsHaltedError(
                f"no collector runs: {self.why} ({', '.join(self.forbidden)})",
                code="COLLECTORS_HALTED",
                remedy="`vanta governance status` says who switched it and what lets it go",
            )


def permission(memory: Path, in_force: Published | VantaError) -> Permission:
    """What is said of calls out by the policy, or by its absence, and by the latch in `memory`."""
    if isinstance(in_force, VantaError):
        switches, commit, why = HALTED, "", f"no policy can be read: {in_force}"
    else:
        switches, commit = in_force.policy.overlay.everywhere, in_force.provenance.commit
        why = "a switch forbids calls out"
    if latched(memory):
        switches, why = HALTED, "the latch is set"
    return Permission(commit, forbidding(switches, Action.CALL_OUT), why)
