"""Putting bytes on disk so that a crash leaves either the old file or the new one."""

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.journal.durable import fsync_directory, write_all


def atomic_write(
    path: Path, data: bytes, mode: int = 0o640, owner: tuple[int, int] | None = None
) -> None:
    """Replace `path` by a file holding `data`, durable on return; readers see old or new.

    Args:
        path: the file; its directory exists.
        data: the whole content.
        mode: permission bits, whatever the umask.
        owner: uid and gid, given before the file has its name; None keeps the process's own.

    Raises:
        UnavailableError: `WRITE_FAILED`; the old file stands and nothing is left beside it.
    """
    _put(path, data, mode, owner, lambda draft: draft.replace(path))


def atomic_exchange(
    path: Path, data: bytes, mode: int = 0o640, owner: tuple[int, int] | None = None
) -> bytes | None:
    """Replace `path` as `atomic_write` does, and tell what exactly it replaced.

    What somebody wrote to `path` up to the very moment is in what is returned, so it is not lost
    unseen. Where the file system cannot exchange two names, it is what was read just before.

    Returns:
        The old content; None where there was no plain file that can be read.

    Raises:
        UnavailableError: `WRITE_FAILED`; the old file stands and nothing is left beside it.
    """
    displaced: list[bytes | None] = [None]

    def swap(draft: Path) -> None:
        if _exchange(draft, path):
            displaced[0] = _plain_content(draft)
            with contextlib.suppress(IsADirectoryError, PermissionError):
                # A folder in the file's place is only moved aside.
                draft.unlink()
        else:
            displaced[0] = _plain_content(path)
            draft.replace(path)

    _put(path, data, mode, owner, swap)
    return displaced[0]


def _put(
    path: Path,
    data: bytes,
    mode: int,
    owner: tuple[int, int] | None,
    name_it: Callable[[Path], object],
) -> None:
    try:
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            try:
                os.fchmod(fd, mode)
                made = os.fstat(fd)
                # Where it is so already, a service needs no right to give files away.
                if owner is not None and owner != (made.st_uid, made.st_gid):
                    os.fchown(fd, *owner)
                write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            name_it(Path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        fsync_directory(path.parent)
    except OSError as error:
        raise UnavailableError(
            f"cannot be written: {error.strerror}", code="WRITE_FAILED", place=str(path)
        ) from error


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names; False where one is not there, or the system cannot."""
    try:
        swap = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return bool(swap(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)


def _plain_content(path: Path) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            return file.read()
    except OSError:
        return None
