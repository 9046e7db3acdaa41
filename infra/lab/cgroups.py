"""Groups of processes: each machine gets its own, or two systemds would share one tree by name.

Units of the same name would then be in one group, and a machine that stops its unit would remove
the group under the other's.
"""

import contextlib
import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OURS = "vanta-lab"


def enclose(machine: str, pid: int) -> None:
    """Put a process, and what it starts from then on, into groups of its own in every hierarchy.

    Args:
        machine: what they are called after.
        pid: the process.
    """
    for root in _hierarchies():
        own = root / _OURS / machine
        own.mkdir(parents=True, exist_ok=True)
        _inherit(root / _OURS)
        _inherit(own)
        (own / "cgroup.procs").write_text(str(pid))


def release(machine: str) -> None:
    """Remove the groups of a machine that is off."""
    for root in _hierarchies():
        own = root / _OURS / machine
        for folder, _, _ in os.walk(own, topdown=False):
            # What a process that is just ending still holds goes the next time.
            with contextlib.suppress(OSError):
                Path(folder).rmdir()


def _hierarchies() -> list[Path]:
    """Where each hierarchy of the kernel is mounted: one, or one for each controller."""
    found = []
    for line in _MOUNTS.read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in {"cgroup", "cgroup2"}:
            found.append(Path(before.split()[4]))
    return found


def _inherit(group: Path) -> None:
    """A new group of the first version may use no processor until it is told which."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        own, parents = group / name, group.parent / name
        if own.exists() and parents.exists() and not own.read_text().strip():
            own.write_text(parents.read_text())
