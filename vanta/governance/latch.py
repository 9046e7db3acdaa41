"""The latch: one file whose presence halts the node, without Git, key or controller (R7).

The gate and the collectors look whether it is there and never read it, so a latch that nobody can
read halts too. It holds one JSON line for each halt, with a nonce; the controller journals each
nonce, and takes the file away when a quorum has released every one of them (`latch_lines`).

Whoever writes it or takes it away holds a lock on the file itself, so that no halt is lost to
another one or to the removal. It imports next to nothing: a halt waits for it to load.
"""

import contextlib
import errno
import fcntl
import json
import os
import pwd
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import UnavailableError
from vanta.journal.durable import fsync_directory, write_all

LATCH = "halt.latch"
LOCK = "gate.lock"
"""Every send holds it together with the others while it lasts; a halt takes it alone."""

PATIENCE = 10.0
"""Seconds a halt waits for the sends that have begun."""

_AGAIN = 0.0005
_MODE = 0o660
SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LatchLine(NamedTuple):
    """One halt in a latch."""

    nonce: str
    reason: str
    who: str
    """As the writer's own system calls them; it proves nothing, and nothing depends on it."""
    at: int
    """UTC nanoseconds by the writer's clock."""


class Halted(NamedTuple):
    """A halt that holds."""

    line: LatchLine
    trouble: str
    """Why the latch, which is set, does not hold this line; empty when it does."""


def latched(memory: Path) -> bool:
    """Whether the latch of a memory folder is set, or cannot be looked at."""
    try:
        (memory / LATCH).lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def set_latch(memory: Path, reason: str, now: int) -> Halted:
    """Set the latch, or add a line to the one that is set; durable on return.

    Raises:
        UnavailableError: `NOT_HALTED`: there is no latch, and none can be made.
    """
    line = LatchLine(os.urandom(8).hex(), reason, who(), now)
    try:
        append(memory, [line])
    except OSError as error:
        why = error.strerror or str(error)
        if not latched(memory):
            raise UnavailableError(
                f"the latch cannot be set: {why}",
                code="NOT_HALTED",
                place=str(memory / LATCH),
                remedy="run it as root, or stop the Executor's service",
            ) from error
        return Halted(line, why)
    return Halted(line, "")


def append(memory: Path, lines: Sequence[LatchLine]) -> None:
    """Add lines to the latch, setting it where it is not; raises `OSError`."""
    path = memory / LATCH
    written = b"".join(map(_written, lines))
    while True:
        try:
            fd = os.open(path, os.O_RDWR | SAFELY)
        except FileNotFoundError:
            try:
                _appear(memory, written)
            except FileExistsError:
                continue
            except OSError:
                # Where the disk or the file system refuses that, an empty latch halts too.
                fd = _open_or_make(path, memory, os.O_RDWR)
            else:
                return
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OSError(errno.EINVAL, "it is not a plain file")
            if not is_at(fd, path):
                continue
            size = os.fstat(fd).st_size
            torn = b"" if not size or os.pread(fd, 1, size - 1) == b"\n" else b"\n"
            os.lseek(fd, 0, os.SEEK_END)
            write_all(fd, torn + written)
            os.fsync(fd)
        finally:
            os.close(fd)
        fsync_directory(memory)
        return


def _appear(memory: Path, written: bytes) -> None:
    """Set a latch that has its lines from the first moment.

    Whoever looks while one is empty would take that for a halt of its own, with its own release.
    """
    folder = os.open(memory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = os.open(memory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, _MODE)
        try:
            _give(fd, memory)
            write_all(fd, written)
            os.fsync(fd)
            # With a folder named, it is linkat(2), which follows what /proc has for the file.
            os.link(f"/proc/self/fd/{fd}", LATCH, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(fd)
    finally:
        os.close(folder)
    fsync_directory(memory)


def _written(line: LatchLine) -> bytes:
    # A command line may be any bytes: what of it is no text is shown as such.
    return json.dumps(line._asdict(), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def wait_for_sends(memory: Path, patience: float = PATIENCE) -> None:
    """Return once no send is on its way: what was shut before this stays shut after it.

    Args:
        memory: the node's memory folder.
        patience: seconds.

    Raises:
        UnavailableError: `NOT_CONFIRMED`: a send has not ended, or the lock cannot be taken.
    """
    deadline = time.monotonic() + patience
    try:
        fd = open_gate_lock(memory)
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise _unconfirmed(f"a send still goes on after {patience:g} s") from None
                    time.sleep(_AGAIN)
                else:
                    return
        finally:
            os.close(fd)
    except OSError as error:
        raise _unconfirmed(f"the gate's lock cannot be taken: {error.strerror}") from error


def open_gate_lock(memory: Path) -> int:
    """A descriptor of the gate's lock, made where it is not there; raises `OSError`."""
    return _open_or_make(memory / LOCK, memory, os.O_RDONLY)


def _unconfirmed(why: str) -> UnavailableError:
    return UnavailableError(
        f"what was shut is shut, and yet an order may be on its way: {why}",
        code="NOT_CONFIRMED",
        remedy="look at the open orders at the broker: `vanta executor orders`",
    )


def _open_or_make(path: Path, memory: Path, flags: int) -> int:
    while True:
        try:
            return os.open(path, flags | SAFELY)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                return _made(path, memory)


def _made(path: Path, memory: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | SAFELY, _MODE)
    try:
        _give(fd, memory)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _give(fd: int, memory: Path) -> None:
    """Root's file belongs to whoever the folder belongs to, so that services can use it."""
    os.fchmod(fd, _MODE)
    if os.geteuid() == 0:
        owner = memory.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)


def is_at(fd: int, path: Path) -> bool:
    """Whether the file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def who() -> str:
    """Who asks for the halt, through `sudo` too."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
