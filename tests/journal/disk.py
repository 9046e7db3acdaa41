"""A disk that dies: every system call that changes it may be the last one.

`Disk` stands between the journal and the real file system. It numbers the calls that change
anything; at a chosen one the process is killed: that call and all after it do nothing (a write may
still get a part of its bytes out). A power cut also takes back what was never flushed: bytes
written since a file's last flush, and names changed since their directory's last flush.
"""

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

Name = str | os.PathLike[str]


class KilledError(BaseException):
    """The process is gone; nothing in it may catch this and go on."""


class Disk:
    """Watches, and at call `deadly` ends, everything done below `directory`."""

    def __init__(self, patch: pytest.MonkeyPatch, directory: Path, deadly: int = 0) -> None:
        self.directory = directory
        self.calls: list[str] = []
        self.deadly = deadly
        self.partial = random.Random(deadly)
        self._real = {name: getattr(os, name) for name in (*_CHANGES, "open", "close")}
        self._open: set[int] = set()
        self._flushed: dict[int, int] = {}
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self._kept = 0
        self._shadow = Path(tempfile.mkdtemp(dir=directory.parent))
        for name in _CHANGES:
            patch.setattr(os, name, getattr(self, name))
        patch.setattr(os, "open", self.open)
        patch.setattr(os, "close", self.close)

    @property
    def dead(self) -> bool:
        return bool(self.deadly) and len(self.calls) >= self.deadly

    def _enter(self, name: str) -> None:
        if self.dead:
            raise KilledError
        self.calls.append(name)
        if self.dead and name != "write":
            raise KilledError

    def open(self, file: Name, flags: int, mode: int = 0o777) -> int:
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        existed = Path(file).exists()
        if writes:
            self._enter("open")
        fd: int = self._real["open"](file, flags, mode)
        self._open.add(fd)
        if writes and existed:
            # What an earlier process wrote may be flushed long since, or not: take it as flushed.
            self._flushed.setdefault(os.fstat(fd).st_ino, os.fstat(fd).st_size)
        elif writes:
            self._flushed[os.fstat(fd).st_ino] = 0
            self._undo.append(("open", lambda: Path(file).unlink()))
        return fd

    def close(self, fd: int) -> None:
        self._open.discard(fd)
        self._real["close"](fd)

    def write(self, fd: int, data: bytes) -> int:
        self._enter("write")
        if self.dead:
            self._real["write"](fd, data[: self.partial.randrange(len(data) + 1)])
            raise KilledError
        written: int = self._real["write"](fd, data)
        return written

    def _flush(self, fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").resolve() == self.directory.resolve():
            self._undo.clear()
        else:
            self._flushed[os.fstat(fd).st_ino] = os.fstat(fd).st_size

    def fsync(self, fd: int) -> None:
        self._enter("fsync")
        self._flush(fd)

    def fdatasync(self, fd: int) -> None:
        self._enter("fdatasync")
        self._flush(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        self._enter("ftruncate")
        self._real["ftruncate"](fd, length)
        inode = os.fstat(fd).st_ino
        self._flushed[inode] = min(self._flushed.get(inode, 0), length)

    def fchmod(self, fd: int, mode: int) -> None:
        self._enter("fchmod")
        self._real["fchmod"](fd, mode)

    def link(self, source: Name, target: Name) -> None:
        self._enter("link")
        self._real["link"](source, target)
        self._undo.append(("link", lambda: Path(target).unlink()))

    def unlink(self, file: Name) -> None:
        self._enter("unlink")
        kept = self._keep(file)
        self._real["unlink"](file)
        self._undo.append(("unlink", lambda: self._rename(kept, file)))

    def replace(self, source: Name, target: Name) -> None:
        self._enter("replace")
        kept = self._keep(target) if Path(target).exists() else None
        self._real["replace"](source, target)

        def undo() -> None:
            self._rename(target, source)
            if kept:
                self._rename(kept, target)

        self._undo.append(("replace", undo))

    def _rename(self, source: Name, target: Name) -> None:
        self._real["replace"](source, target)

    def _keep(self, file: Name) -> Path:
        """Another name, elsewhere, for what `file` is now."""
        kept = self._shadow / str(self._kept)
        self._kept += 1
        self._real["link"](file, kept)
        return kept

    def bury(self) -> None:
        """What the kernel does for a process that is gone: close its files, and so its locks."""
        for fd in tuple(self._open):
            self.close(fd)

    def power_cut(self, chance: random.Random) -> None:
        """Take back some of what was not flushed.

        Name changes are taken back from the last one on, but a new second name may be lost even
        where a later change was kept: nothing orders the two but a flush between them.
        """
        for change in [pending for pending in self._undo if pending[0] == "link"]:
            if chance.random() < 0.5:
                change[1]()
                self._undo.remove(change)
        for _ in range(chance.randint(0, len(self._undo))):
            self._undo.pop()[1]()
        for file in self.directory.iterdir():
            status = file.stat()
            flushed = self._flushed.get(status.st_ino, status.st_size)
            if status.st_size > flushed:
                left = chance.randint(flushed, status.st_size)
                os.truncate(file, left)
                if chance.random() < 0.3:  # the size reached the disk and the bytes did not
                    with file.open("ab") as hole:
                        hole.write(b"\0" * (status.st_size - left))


_CHANGES = ("write", "fsync", "fdatasync", "ftruncate", "fchmod", "link", "unlink", "replace")
