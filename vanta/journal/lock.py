"""One writer per journal, enforced by the kernel and gone with the process."""

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from vanta.domain.errors import UnavailableError
from vanta.journal.durable import write_all

_HELD = frozenset({errno.EACCES, errno.EAGAIN})
_LONGEST_PID = 20


class WriterLock:
    """An exclusive `flock` on a file that names its holder's pid and is never removed."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    @classmethod
    def take(cls, path: Path) -> "WriterLock":
        """Take the lock at `path` or say who holds it.

        Raises:
            UnavailableError: `JOURNAL_LOCKED` while another writer lives; an `OSError`'s reason
                as `JOURNAL_UNWRITABLE` when the lock file cannot be made.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        except OSError as error:
            raise UnavailableError(
                f"no lock can be taken: {error.strerror}",
                code="JOURNAL_UNWRITABLE",
                place=str(path),
                remedy="create the directory and let this user write to it",
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            write_all(fd, str(os.getpid()).encode())
        except OSError as error:
            holder = _holder(fd)
            os.close(fd)
            if error.errno not in _HELD:
                raise UnavailableError(
                    f"no lock can be taken: {error.strerror}",
                    code="JOURNAL_UNWRITABLE",
                    place=str(path),
                ) from error
            raise UnavailableError(
                f"another writer holds the journal: pid {holder}",
                code="JOURNAL_LOCKED",
                place=str(path),
                remedy=f"stop process {holder}; a journal has one writer",
            ) from error
        return cls(fd)

    def release(self) -> None:
        """Give the lock up; a second time does nothing."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _holder(fd: int) -> str:
    with contextlib.suppress(OSError):
        pid = os.pread(fd, _LONGEST_PID, 0)
        if pid.isdigit():
            return pid.decode()
    return "unknown"
