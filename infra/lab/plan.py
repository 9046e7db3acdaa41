"""Which machines a lab has, and where each of them is."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from vanta.domain.errors import RefusedError

CACHE = Path("/var/cache/vanta-lab")
"""Images, for all labs of a host; takes about 1 GB."""
STATE = Path("/var/lib/vanta-lab")
"""What machines wrote, a folder for each lab."""

MACHINES = {"jump": 10, "alpha": 11, "markets": 12, "executor": 13}
"""Every machine by name, with the last part of its address."""
DEFAULT = "lab"
_LONGEST = 9
"""A bridge is called `vl-` and the lab, a link has three letters more, Linux takes fifteen."""


@dataclass(frozen=True)
class Plan:
    """One lab.

    Args:
        name: of the lab; several may run beside each other.
        state: the folder of what its machines write.
        cache: the folder of images.
    """

    name: str
    state: Path
    cache: Path = CACHE

    @property
    def bridge(self) -> str:
        """The bridge its machines are on."""
        return f"vl-{self.name}"

    @property
    def _third(self) -> int:
        if self.name == DEFAULT:
            return 0
        return 1 + hashlib.sha256(self.name.encode()).digest()[0] % 254

    @property
    def network(self) -> str:
        """The internal range."""
        return f"10.77.{self._third}.0/24"

    @property
    def host(self) -> str:
        """The operator's own address: this host."""
        return f"10.77.{self._third}.1"

    def address(self, machine: str) -> str:
        """The address of a machine."""
        return f"10.77.{self._third}.{MACHINES[known(machine)]}"

    def folder(self, machine: str) -> Path:
        """The disk of a machine, its console and what is known of its process."""
        return self.state / known(machine)

    @property
    def forge(self) -> str:
        """The governance repository on Alpha, as its people push to it."""
        return f"ssh://git@{self.address('alpha')}/srv/governance.git"

    @property
    def fund(self) -> Path:
        """The practice fund: its people's keys, its builds, its repository."""
        return self.state / "fund"

    @property
    def keys(self) -> Path:
        """The operator's key, the machines' host keys and the SSH configuration."""
        return self.state / "ssh"


def known(machine: str) -> str:
    """The name of a machine, if there is one of that name.

    Raises:
        RefusedError: `NO_MACHINE`.
    """
    if machine not in MACHINES:
        raise RefusedError(
            "a lab has no such machine",
            code="NO_MACHINE",
            place=machine,
            remedy=f"one of: {', '.join(MACHINES)}",
        )
    return machine


def plan_of(name: str | None = None, state: Path = STATE) -> Plan:
    """The lab of a name; without one that of `VANTA_LAB`, or `lab`.

    Raises:
        RefusedError: `LAB_NAME`: a bridge cannot be called after it.
    """
    chosen = name or os.environ.get("VANTA_LAB") or DEFAULT
    if len(chosen) > _LONGEST or not chosen.isascii() or not chosen.isalnum():
        raise RefusedError(
            "a lab's name is one to nine letters and digits",
            code="LAB_NAME",
            place=chosen,
            remedy="set VANTA_LAB to a shorter one",
        )
    return Plan(chosen, state / chosen)
