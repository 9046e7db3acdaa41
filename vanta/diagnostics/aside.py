"""Looking in a child process, so that a disk or a mount that hangs cannot hang the command.

A process that waits for a dead NFS server cannot be ended, not even by a signal, and its threads
keep the whole process. So every look runs in a child of its own; a child that does not answer in
time is sent SIGKILL and left behind, and holds nothing of its parent's that anybody waits for.
"""

import contextlib
import errno
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from vanta.diagnostics.finding import Unseen
from vanta.domain.errors import VantaError

DEADLINE = 5.0
"""Seconds all looks have together; they run side by side."""

_BLOCK = 65_536
_STALE = frozenset({errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT})


class Look(NamedTuple):
    """One look: what gathers, and what it gathers."""

    gather: Callable[[], object]
    kind: type[Any]


def gather(looks: Mapping[str, Look], deadline: float = DEADLINE) -> dict[str, object | Unseen]:
    """Take all looks at once; each gives its facts, or says why there are none.

    Args:
        looks: by name.
        deadline: seconds until those that have not answered are given up.
    """
    until = time.monotonic() + deadline
    children = {name: _Child(look) for name, look in looks.items()}
    waiting = {child.fd: child for child in children.values()}
    poll = select.poll()
    for fd in waiting:
        poll.register(fd, select.POLLIN | select.POLLHUP)
    while waiting and (left := until - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            if waiting[fd].take():
                poll.unregister(fd)
                del waiting[fd]
    return {name: child.end(deadline) for name, child in children.items()}


class _Child:
    """A child that looks and writes what it found into a pipe."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._said = bytearray()
        self._whole = False
        self.fd, writes = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self.fd)
            _look_and_end(look, writes)
        os.close(writes)

    def take(self) -> bool:
        """Take in what it said since; whether that was all."""
        block = os.read(self.fd, _BLOCK)
        self._said += block
        self._whole = not block
        return self._whole

    def end(self, deadline: float) -> object | Unseen:
        """Its facts, or why there are none; it is gone, or given up, afterwards."""
        os.close(self.fd)
        if not self._whole:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._leave()
            return Unseen(
                "NO_ANSWER",
                f"no answer within {deadline:g} s: a disk or a mount may hang",
                "see `dmesg` and `findmnt`; a dead NFS server shows as `server not responding`",
            )
        self._reap(0)
        try:
            if self._said[:1] == b"+":
                facts: object = msgspec.msgpack.decode(self._said[1:], type=self._look.kind)
                return facts
            return msgspec.msgpack.decode(self._said[1:], type=Unseen)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return Unseen("LOOK_FAILED", f"the look ended without an answer: {error}")

    def _leave(self) -> None:
        """Reap it where it does end; one that hangs in the kernel is init's to wait for."""
        for _ in range(20):
            if self._reap(os.WNOHANG):
                return
            time.sleep(0.005)

    def _reap(self, how: int) -> bool:
        """Whether it is gone; one whose parent ignores its children is gone by itself."""
        try:
            return os.waitpid(self._pid, how) != (0, 0)
        except ChildProcessError:
            return True


def _look_and_end(look: Look, writes: int) -> None:
    """In the child: look, tell, and end without anything of the parent's being run again."""
    # Whoever reads the command's output must not wait for a child that hangs.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nowhere, fd)
    try:
        said = b"+" + msgspec.msgpack.encode(look.gather())
    except VantaError as error:
        place = f"{error.place}: " if error.place else ""
        said = _unseen(error.code, f"{place}{error.message} [{error.code}]", error.remedy)
    except OSError as error:
        code = "DISK_ERROR" if error.errno in _STALE else "CANNOT_READ"
        said = _unseen(code, f"{error.filename or 'a file'}: {error.strerror}", "")
    except BaseException as error:  # noqa: BLE001 - a look that breaks is a look that saw nothing
        said = _unseen("LOOK_FAILED", f"{type(error).__name__}: {error}", "")
    with contextlib.suppress(OSError):
        while said:
            said = said[os.write(writes, said) :]
    os._exit(0)


def _unseen(code: str, why: str, remedy: str) -> bytes:
    return b"-" + msgspec.msgpack.encode(Unseen(code, why[:500], remedy))
