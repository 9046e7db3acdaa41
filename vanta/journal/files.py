"""Putting bytes on disk so that a crash leaves either the old file or the new one."""

import contextlib
import os
import tempfile
from pathlib import Path

from vanta.domain.errors import UnavailableError


def write_all(fd: int, data: bytes) -> None:
    """Write every byte of `data` to `fd`; the kernel may take fewer at a time.

    Raises:
        OSError: not everything was written (`ENOSPC`, `EFBIG`, `EIO`, ...).
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable: creations, renames and removals so far."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


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
    try:
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            try:
                os.fchmod(fd, mode)
                if owner is not None:
                    os.fchown(fd, *owner)
                write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        fsync_directory(path.parent)
    except OSError as error:
        raise UnavailableError(
            f"cannot be written: {error.strerror}", code="WRITE_FAILED", place=str(path)
        ) from error
