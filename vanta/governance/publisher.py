"""The published files as the controller writes them: whole, with one owner and one mode.

Whoever changes them by a program holds `publishing` meanwhile, so that no edit falls between the
controller's look and its writing.
"""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, read_files
from vanta.journal.files import atomic_exchange

PUBLISHED_MODE = 0o640
LOCK = "publish.lock"

_LOCK_MODE = 0o660
_PATIENCE = 1.0
_AGAIN = 0.002


@contextlib.contextmanager
def publishing(memory: Path, patience: float = _PATIENCE) -> Iterator[bool]:
    """Keep the other one from writing the published files meanwhile.

    Yields:
        Whether the lock was to be had in time; who only ever tightens may go on without.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(memory / LOCK, flags, _LOCK_MODE)
    except OSError:
        yield False
        return
    try:
        yield _locked(fd, time.monotonic() + patience)
    finally:
        os.close(fd)


def _locked(fd: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_AGAIN)
        else:
            return True


def check_folder(memory: Path) -> None:
    """Refuse a memory folder that anybody may write to.

    Raises:
        RefusedError: `MEMORY_WRITABLE`.
        UnavailableError: `NO_MEMORY`: it is not there.
    """
    try:
        found = memory.stat()
    except OSError as error:
        raise UnavailableError(
            f"no memory folder: {error.strerror}",
            code="NO_MEMORY",
            place=str(memory),
            remedy="make the node with `vanta node init`",
        ) from error
    if found.st_mode & stat.S_IWOTH:
        raise RefusedError(
            "everybody may write to the memory folder",
            code="MEMORY_WRITABLE",
            place=str(memory),
            remedy=f"chmod o-w {memory}",
        )


def _group_of(memory: Path) -> int:
    found = memory.stat()
    return found.st_gid if found.st_mode & stat.S_ISGID else os.getegid()


class Publisher:
    """Reads and replaces the two published files.

    Args:
        memory: the node's memory folder.
        group: id of the group that may read them; None for the process's own, or that of a
            folder which gives its group to what is made in it.
        crash: called with the name of each step it took; tests stop there.
    """

    def __init__(self, memory: Path, *, group: int | None, crash: Callable[[str], None]) -> None:
        self._memory = memory
        self._owner = (os.geteuid(), _group_of(memory) if group is None else group)
        self._crash = crash
        for name in (VAULT_FILE, OVERLAY_FILE):
            # What a process that was killed left half done.
            for draft in memory.glob(f".{name}.*.tmp"):
                with contextlib.suppress(OSError):
                    draft.unlink()
        self._left: tuple[tuple[int, ...], ...] = ()

    def untouched(self) -> bool:
        """Whether the files are as this process left them, by their metadata."""
        return bool(self._left) and self._stamps() == self._left

    def touched(self) -> None:
        """Look at the files again next time, whatever their metadata says."""
        self._left = ()

    def read(self) -> dict[str, bytes]:
        """What the files hold; raises `UnavailableError` when one cannot be read."""
        return read_files(self._memory)

    def odd(self) -> str:
        """Why a file's owner or mode is not as it should be; empty when both are."""
        for name in (VAULT_FILE, OVERLAY_FILE):
            found = (self._memory / name).lstat()
            if stat.S_IMODE(found.st_mode) != PUBLISHED_MODE:
                return f"the mode of {name} was changed to {stat.S_IMODE(found.st_mode):o}"
            if (found.st_uid, found.st_gid) != self._owner:
                return f"the owner of {name} was changed to {found.st_uid}:{found.st_gid}"
        return ""

    def write(self, files: dict[str, bytes]) -> dict[str, bytes]:
        """Replace each file that is not as it should be; what was replaced, where it was readable.

        That is what stood there at the moment of replacing, an edit of the last instant included.
        """
        displaced: dict[str, bytes] = {}
        for name in (OVERLAY_FILE, VAULT_FILE):
            path = self._memory / name
            if not self._is(path, files[name]):
                old = atomic_exchange(path, files[name], mode=PUBLISHED_MODE, owner=self._owner)
                if old is not None:
                    displaced[name] = old
                self._crash(f"published {name}")
        stamps = self._stamps()
        # An edit that came after the replacing is not ours, whatever it looks like from outside.
        self._left = stamps if all(self._is(self._memory / n, files[n]) for n in files) else ()
        return displaced

    def _is(self, path: Path, content: bytes) -> bool:
        try:
            found = path.lstat()
            return (
                stat.S_ISREG(found.st_mode)
                and stat.S_IMODE(found.st_mode) == PUBLISHED_MODE
                and (found.st_uid, found.st_gid) == self._owner
                and path.read_bytes() == content
            )
        except OSError:
            return False

    def _stamps(self) -> tuple[tuple[int, ...], ...]:
        try:
            found = [(self._memory / name).lstat() for name in (VAULT_FILE, OVERLAY_FILE)]
        except OSError:
            return ()
        return tuple(
            (one.st_ino, one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_mode)
            for one in found
        )
