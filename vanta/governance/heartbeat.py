"""A sign of life from a service, which costs its readers one `stat`.

A file such as `governance.heartbeat` has the time since boot as its modification time, so that
setting the clock makes no service look alive or dead. Nothing but its name, its time and the boot
it is of is ever read.
"""

import contextlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from vanta.governance.clock import boot_id
from vanta.journal.files import atomic_write

HEARTBEAT = "governance.heartbeat"
NEVER_HEARD = 2**63
"""Silence for longer than any limit, nanoseconds."""
_LENGTH = 64
_MODE = 0o640


def _since_boot() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Heartbeat:
    """The controller's side.

    Args:
        memory: the node's memory folder.
        boot: which boot this is.
        since_boot: nanoseconds since boot.
        name: of the file; the controller's by default.
    """

    def __init__(
        self,
        memory: Path,
        boot: str,
        since_boot: Callable[[], int] = _since_boot,
        *,
        name: str = HEARTBEAT,
    ) -> None:
        self._path = memory / name
        self._boot = boot
        self._since_boot = since_boot
        self._inode = 0

    def silence(self, limit: int) -> int:
        """How long readers of that limit have taken it for gone, nanoseconds; 0 where they do not.

        A boot begins in silence: whoever reads before the first sign of it hears none.
        """
        try:
            given = self._path.lstat().st_mtime_ns
        except OSError:
            return max(1, self._since_boot())
        now = self._since_boot()
        if given > now or _boot_of(self._path) != self._boot:
            return max(1, now)
        return now - given if now - given > limit else 0

    def beat(self) -> None:
        """Give a sign of life.

        Raises:
            UnavailableError: the folder takes nothing.
        """
        now = self._since_boot()
        with contextlib.suppress(OSError):
            found = self._path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_ino == self._inode:
                os.utime(self._path, ns=(now, now), follow_symlinks=False)
                return
        # A file of this process's own, so that readers look again which boot it is of.
        draft = self._path.with_name(f"{self._path.name}.next")
        atomic_write(draft, f"{self._boot}\n".encode(), mode=_MODE)
        os.utime(draft, ns=(now, now), follow_symlinks=False)
        draft.replace(self._path)
        self._inode = self._path.lstat().st_ino


class Silence:
    """A reader's side: whether a service has given no sign of life for too long.

    Args:
        memory: the node's memory folder.
        limit: nanoseconds.
        boot: which boot this is.
        since_boot: nanoseconds since boot.
        name: of the file; the controller's by default.
    """

    def __init__(
        self,
        memory: Path,
        limit: int,
        boot: str | None = None,
        since_boot: Callable[[], int] = _since_boot,
        *,
        name: str = HEARTBEAT,
    ) -> None:
        self._path = memory / name
        self._limit = limit
        self._boot = boot_id() if boot is None else boot
        self._since_boot = since_boot
        self._inode = 0

    def lasts(self) -> bool:
        """Whether it does; no file, or one of another boot, is silence too."""
        return self.lasted() > self._limit

    def lasted(self) -> int:
        """Nanoseconds since the last sign of life; `NEVER_HEARD` where no service gave one."""
        try:
            found = self._path.lstat()
        except OSError:
            return NEVER_HEARD
        if found.st_ino != self._inode or not stat.S_ISREG(found.st_mode):
            self._inode = 0
            if _boot_of(self._path) != self._boot:
                return NEVER_HEARD
            self._inode = found.st_ino
        lasted = self._since_boot() - found.st_mtime_ns
        # The clock is read after the file, so a time yet to come was given by no service: by
        # `touch`, or by whoever copied the folder. It would be life until then.
        return lasted if lasted >= 0 else NEVER_HEARD


def _boot_of(path: Path) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return file.read(_LENGTH).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
