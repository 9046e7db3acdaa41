"""What is done to machines on purpose, and undone: cables pulled, disks filled."""

from infra.lab.machine import Machine
from infra.lab.programs import run

_FILL = "opt/vanta/.filled"


def cut(machine: Machine) -> None:
    """Pull its network cable."""
    run(["ip", "link", "set", machine.link, "down"])


def mend(machine: Machine) -> None:
    """Put the cable back."""
    run(["ip", "link", "set", machine.link, "up"])


def fill(machine: Machine) -> None:
    """Fill the disk of `/opt/vanta` to the last block."""
    machine.inside("dd", "if=/dev/zero", f"of=/{_FILL}", "bs=1M", check=False)
    machine.inside("dd", "if=/dev/zero", f"of=/{_FILL}.2", "bs=512", check=False)


def free(machine: Machine) -> None:
    """Free it again."""
    machine.inside("rm", "-f", f"/{_FILL}", f"/{_FILL}.2")
