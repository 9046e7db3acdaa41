"""What stands in a latch: read line by line, and taken away once all of it is released."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.governance.latch import LATCH, SAFELY, LatchLine, is_at
from vanta.journal.durable import fsync_directory

_LONGEST = 64 * 1024
_LONGEST_TEXT = 400
_NONCE = re.compile(r"[A-Za-z0-9]{8,64}")
_LOCK_PATIENCE = 0.05
_AGAIN = 0.0005


class Latch(NamedTuple):
    """A latch as it was found."""

    lines: tuple[LatchLine, ...]
    rest: str
    """What in it has no nonce that can be read: a digest of it, or why; empty for nothing."""


class _Line(msgspec.Struct, frozen=True):
    nonce: str
    reason: str
    who: str
    at: int


def read_latch(memory: Path) -> Latch | None:
    """What stands in the latch; None when it is not set."""
    try:
        with _opened(memory / LATCH, fcntl.LOCK_SH) as fd:
            return _parsed(os.pread(fd, _LONGEST + 1, 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Latch((), f"it cannot be read: {error.strerror}")


def lift(memory: Path, released: Callable[[Latch], bool]) -> bool:
    """Take the latch away if all that stands in it is released; whether it is gone now.

    Args:
        memory: the node's memory folder.
        released: asked while nobody can add a line.
    """
    path = memory / LATCH
    try:
        with _opened(path, fcntl.LOCK_EX) as fd:
            if not is_at(fd, path) or not released(_parsed(os.pread(fd, _LONGEST + 1, 0))):
                return False
            path.unlink()
    except FileNotFoundError:
        return True
    except BlockingIOError:
        # Somebody is adding a line.
        return False
    except OSError as error:
        if not released(Latch((), f"it cannot be read: {error.strerror}")):
            return False
        try:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError:
            return False
    fsync_directory(memory)
    return True


@contextlib.contextmanager
def _opened(path: Path, lock: int) -> Iterator[int]:
    """The latch under a lock; a writer that never ends is not waited for."""
    fd = os.open(path, os.O_RDONLY | SAFELY)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file")
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(fd, lock | fcntl.LOCK_NB)
            except BlockingIOError:
                if lock == fcntl.LOCK_EX:
                    raise
                if time.monotonic() >= deadline:
                    break
                time.sleep(_AGAIN)
            else:
                break
        yield fd
    finally:
        os.close(fd)


def _parsed(data: bytes) -> Latch:
    if len(data) > _LONGEST:
        return Latch((), f"it is longer than {_LONGEST} bytes")
    lines: list[LatchLine] = []
    rest: list[bytes] = []
    for text in filter(bytes.strip, data.split(b"\n")):
        line = _line(text)
        if line is None:
            rest.append(text)
        else:
            lines.append(line)
    unread = hashlib.sha256(b"\n".join(rest)).hexdigest()[:16] if rest or not lines else ""
    return Latch(tuple(lines), unread)


def _line(text: bytes) -> LatchLine | None:
    try:
        line = msgspec.json.decode(text, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not _NONCE.fullmatch(line.nonce):
        return None
    # Anybody who may halt may write here, and people read it on their terminals.
    return LatchLine(line.nonce, plain(line.reason), plain(line.who), line.at)


def plain(text: str) -> str:
    """What somebody wrote about a halt, as it may stand on a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_TEXT])
