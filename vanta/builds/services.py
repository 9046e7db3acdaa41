"""What runs a node's services: started anew in order, and looked at."""

from typing import Literal, NamedTuple, Protocol

SERVICES: dict[str, tuple[str, ...]] = {
    "alpha": ("governance",),
    "markets": ("governance", "promoter", "markets"),
    "executor": ("governance", "judge", "surveillance", "executor"),
}
"""Role to what runs there, each after what it needs."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "governance": ("governance", "controller"),
    "judge": ("executor", "judge"),
    "surveillance": ("executor", "surveil"),
    "executor": ("executor", "run"),
    "markets": ("markets", "follow"),
    "promoter": ("markets", "promote"),
}
"""Service to the `vanta` command it is."""

Condition = Literal["up", "starting", "down"]


class Look(NamedTuple):
    """A service at one moment."""

    condition: Condition
    restarts: int
    """How often it was started again because it had ended by itself."""
    pid: int
    """Of its main process; 0 where there is none."""


class Services(Protocol):
    """A supervisor."""

    def restart(self, *services: str) -> None:
        """End services and start them from `current`, whether they run or not.

        Args:
            services: each after what it needs.

        Raises:
            UnavailableError: `SERVICE`: one cannot be started; its place is that service.
        """

    def look(self, service: str) -> Look:
        """How it stands."""

    def said(self, service: str) -> str:
        """The end of what it printed since it was last restarted by this command, for people."""
