"""Room on a node's disk: journals come first, and a build takes what they leave."""

import os
from pathlib import Path

from vanta.domain.errors import UnavailableError

RESERVE = 64 * 1024 * 1024
"""Bytes that are left to journals; with less the judge halts, and a service may not start."""


def check_room(folder: Path, wanted: int = 0) -> None:
    """Let a build be put somewhere, or started there, that has room for it and for the journals.

    Args:
        folder: it may not exist yet.
        wanted: bytes the build takes.

    Raises:
        UnavailableError: `NO_ROOM`.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    disk = os.statvfs(there)
    free = disk.f_bavail * disk.f_frsize
    if free < wanted + RESERVE:
        raise UnavailableError(
            f"{_mib(free)} are free, and it takes {_mib(wanted + RESERVE)}: a service that cannot "
            "write its journal stops",
            code="NO_ROOM",
            place=str(folder),
            remedy="make room: `vanta build gc`, old logs, a larger disk",
        )


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
