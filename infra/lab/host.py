"""What the lab needs of this host: said before anything is begun, with what to do about it."""

import os
import platform
import shutil
from pathlib import Path

from vanta.domain.errors import UnavailableError

_PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "apt-ftparchive": "apt-utils",
}
_NEEDED = 12 << 30


def lacking() -> list[str]:
    """Debian packages whose programs are not here, sorted."""
    return sorted({package for name, package in _PROGRAMS.items() if not shutil.which(name)})


def look(cache: Path) -> None:
    """Look whether machines can be made and booted here.

    Args:
        cache: the folder of images, which need not exist.

    Raises:
        UnavailableError: why they cannot, and what to do.
    """
    if platform.system() != "Linux":
        raise UnavailableError(
            "the lab boots Linux machines as containers of systemd-nspawn",
            code="NOT_LINUX",
            place=platform.system(),
            remedy="run it on any Debian 12 machine, a virtual one too",
        )
    if os.geteuid() != 0:
        raise UnavailableError(
            "only root may make a bridge and boot machines",
            code="NOT_ROOT",
            place="make lab",
            remedy="sudo make lab",
        )
    if missing := lacking():
        raise UnavailableError(
            f"missing: {', '.join(missing)}",
            code="NO_PROGRAM",
            place="make lab",
            remedy=f"apt-get install {' '.join(missing)}",
        )
    kinds = Path("/proc/filesystems").read_text(encoding="ascii").split()
    if "overlay" not in kinds and not shutil.which("modprobe"):
        raise UnavailableError(
            "this kernel has no overlayfs, on which machines are layers over one image",
            code="NO_OVERLAY",
            place="/proc/filesystems",
            remedy="use a kernel that has it: Debian's own does",
        )
    nearest = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if (free := shutil.disk_usage(nearest).free) < _NEEDED:
        raise UnavailableError(
            f"{free >> 20} MiB are free, and image and disks take about {_NEEDED >> 30} GiB",
            code="DISK_FULL",
            place=str(nearest),
            remedy="free some; `make lab-down` frees what a lab wrote",
        )
