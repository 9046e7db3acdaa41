"""Alpha's export where a worker sees it: mounted, read-only, and how fresh."""

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from vanta.bus.board import DirectoryBoard
from vanta.diagnostics.facts import Export
from vanta.diagnostics.looks.standing import STATUS
from vanta.diagnostics.peers import SUFFIX, peers
from vanta.domain.errors import VantaError
from vanta.governance.published import PolicyReader
from vanta.node.config import NodeConfig
from vanta.node.layout import Layout

RELEASES = "releases"
_OCTAL = re.compile(r"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """A line of the kernel's list of mounts."""

    kind: str
    source: str
    read_only: bool


def look(layout: Layout, config: NodeConfig) -> Export:
    """How `build/` stands; listing it is what hangs when its server is gone."""
    folder = Path(config.builds.export) if config.builds.export else layout.export
    mounted = mount_at(_MOUNTS.read_text(), folder)
    began = time.monotonic_ns()
    there = folder.is_dir()
    releases = folder / RELEASES
    count = len(os.listdir(releases)) if releases.is_dir() else 0  # noqa: PTH208 - names only
    took = time.monotonic_ns() - began
    read_only = bool(os.statvfs(folder).f_flag & os.ST_RDONLY) if there else False
    return Export(
        there=there,
        mount=mounted.kind if mounted else "",
        source=mounted.source if mounted else "",
        read_only=read_only or bool(mounted and mounted.read_only),
        releases=count,
        alpha=_alpha(layout, config, folder),
        took=took,
    )


def _alpha(layout: Layout, config: NodeConfig, folder: Path) -> int | None:
    """When Alpha last put its status into the export."""
    try:
        nodes = PolicyReader(layout.memory)().policy.nodes
    except VantaError:
        return None
    found = peers(
        (DirectoryBoard(folder / STATUS, SUFFIX),), nodes, config.node, config.environment
    )
    return max((one.status.at for one in found if one.status and one.status.role == "alpha"),
               default=None)  # fmt: skip


def mount_at(mountinfo: str, folder: Path) -> Mount | None:
    """What is mounted at a folder, the last mount over it; None where nothing is.

    Args:
        mountinfo: `/proc/self/mountinfo`, which answers although a server does not.
        folder: an absolute path; it is not looked at, for that could hang.
    """
    found = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        _, _, _, _, point, options, *_ = before.split(" ")
        if _spelled(point) == str(folder):
            kind, source, superblock = after.split(" ", 2)
            read_only = "ro" in options.split(",") or "ro" in superblock.split(",")
            found = Mount(kind, _spelled(source), read_only)
    return found


def _spelled(text: str) -> str:
    """A name as it is: the kernel writes spaces and the like as octal numbers."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
