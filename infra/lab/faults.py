"""What is done to machines on purpose, and undone: cables pulled, disks filled, clocks set."""

from infra.lab.machine import Machine
from infra.lab.programs import run

_FILL = "opt/vanta/.filled"
_CLOCK = ".clock"
_READS_CLOCK = (
    "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    f"FAKETIME_TIMESTAMP_FILE=/opt/vanta/{_CLOCK}",
    "FAKETIME_NO_CACHE=1",
    # The time since boot goes on: it is the clock that is set, as somebody with `date` does.
    "DONT_FAKE_MONOTONIC=1",
)


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


def wind(machine: Machine) -> None:
    """Give VANTA's services a clock that can be set; the machine's own is the host's, and stays."""
    machine.inside("apt-get", "install", "-y", "-qq", "libfaketime")
    set_clock(machine, "+0")
    machine.inside("systemctl", "set-environment", *_READS_CLOCK)
    machine.inside("systemctl", "restart", "vanta.target")


def set_clock(machine: Machine, by: str) -> None:
    """Set that clock off by some time, such as `+10m`."""
    draft = machine.data / f"{_CLOCK}.new"
    draft.write_text(f"{by}\n")
    draft.replace(machine.data / _CLOCK)


def unwind(machine: Machine) -> None:
    """Give them the machine's own clock again."""
    names = [each.partition("=")[0] for each in _READS_CLOCK]
    machine.inside("systemctl", "unset-environment", *names)
    machine.inside("systemctl", "restart", "vanta.target")
    (machine.data / _CLOCK).unlink()
