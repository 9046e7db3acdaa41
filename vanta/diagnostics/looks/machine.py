"""What a node stands on: its disks and its clock."""

import os
import time
from pathlib import Path

import msgspec

from vanta.diagnostics.facts import Clock, Disk, Volume
from vanta.diagnostics.looks.pipeline import brokers
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import MINUTE
from vanta.governance.clock import kernel_clock
from vanta.governance.status import read_status
from vanta.node.layout import Layout

_MOUNTS = Path("/proc/self/mountinfo")
_SKEW = "CLOCK_SKEW"
_TOLD_LATELY = 2 * MINUTE
"""How old what the controller said of the kernel's clock may be, where nobody else may ask."""


def disk(layout: Layout) -> Disk:
    """The file systems that the node's folders lie on, each once."""
    found: dict[int, list[str]] = {}
    for name in ("memory", "logs", "run", "slots"):
        folder = layout.root / name
        if folder.is_dir():
            found.setdefault(folder.stat().st_dev, []).append(name)
    mounts = _MOUNTS.read_text()
    return Disk(
        tuple(_volume(layout.root, device, names, mounts) for device, names in found.items())
    )


def only_read(mountinfo: str, device: int) -> bool | None:
    """Whether a file system itself takes nothing any more; None where no mount is of it.

    Whoever looks may be let write nowhere, and see each folder mounted to be read: that is no
    fault of the disk, which every other service writes to.

    Args:
        mountinfo: `/proc/self/mountinfo`.
        device: as `stat` tells it.
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if before.split(" ")[2] == number:
            return "ro" in after.split(" ")[2].split(",")
    return None


def _volume(root: Path, device: int, names: list[str], mounts: str) -> Volume:
    stat = os.statvfs(root / names[0])
    read_only = only_read(mounts, device)
    if read_only is None:
        read_only = bool(stat.f_flag & os.ST_RDONLY)
    return Volume(
        folders=tuple(names),
        total=stat.f_blocks * stat.f_frsize,
        free=stat.f_bavail * stat.f_frsize,
        inodes=stat.f_files,
        free_inodes=stat.f_favail,
        read_only=read_only,
        errors=_errors(device),
    )


def _errors(device: int) -> int:
    """What ext4 counted; 0 for file systems that do not count."""
    link = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    try:
        return int(Path("/sys/fs/ext4", link.resolve().name, "errors_count").read_text())
    except (OSError, ValueError):
        return 0


def clock(layout: Layout, role: str) -> Clock:
    """What the kernel, the controller and the brokers say of the clock.

    Raises:
        UnavailableError: the kernel does not say.
    """
    status = read_status(layout.memory)
    found = kernel_clock()
    if found is None and status and time.time_ns() - status.written < _TOLD_LATELY:
        found = status.kernel_clock
    if found is None:
        raise UnavailableError("the kernel does not tell how its clock stands", code="NO_ADJTIMEX")
    doubts = [
        one.message
        for one in (status.conditions if status else ())
        if one.type == "ClockHealthy" and not one.good
    ]
    skewed: tuple[str, ...] = ()
    if role == "executor":
        try:
            said = brokers(layout).brokers
        except msgspec.MsgspecError:
            said = ()
        skewed = tuple(one.name for one in said if one.trouble == _SKEW)
    return Clock(
        synchronised=found.synchronised,
        offset=found.offset,
        error=found.error,
        doubt="; ".join(doubts),
        skewed=skewed,
    )
