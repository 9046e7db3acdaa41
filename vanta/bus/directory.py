"""The port over a directory on the same machine: one file is one parcel.

A file appears under its final name only when it is whole and flushed, and under a name nobody
else's file has, so there is nothing to lock. What is in the way (another name, a link, a file
that is too large) is moved aside, where a person finds it, and never stops what comes after.
"""

import contextlib
import os
import stat
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from vanta.bus.port import MAX_PAYLOAD, Parcel, check_parcel, is_parcel_id, taken
from vanta.domain.errors import UnavailableError
from vanta.journal.durable import fsync_directory, write_all

_SUFFIX = ".parcel"
_PENDING = ".sending"
_ASIDE = "aside"
MODE = 0o640


def _file_name(parcel_id: str, payload: bytes = b"") -> str:
    check_parcel(parcel_id, payload)
    return parcel_id + _SUFFIX


def _unavailable(directory: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"the bus does not work: {error.strerror}",
        code="BUS_UNAVAILABLE",
        place=str(directory),
        remedy="check that the directory exists, belongs to both services and has room",
    )


class DirectoryOutbox:
    """Sends into `directory`, which exists.

    Args:
        directory: where the parcels wait.
        clock: UTC nanoseconds; parcels are received in the order this gives them.
    """

    def __init__(self, directory: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._directory = directory
        self._clock = clock
        self._last = 0

    def send(self, id: str, payload: bytes) -> None:  # noqa: A002 - the port's own name
        final = self._directory / _file_name(id, payload)
        pending = self._directory / f".{id}.{os.getpid()}{_PENDING}"
        try:
            fd = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, MODE)
            try:
                write_all(fd, payload)
                # The kernel's own stamps are too coarse to tell apart what is sent in one batch.
                self._last = max(self._clock(), self._last + 1)
                os.utime(fd, ns=(self._last, self._last))
                os.fsync(fd)
            finally:
                os.close(fd)
            try:
                # A link, unlike a rename, never takes the place of another parcel.
                os.link(pending, final)
            except FileExistsError:
                self._same(final, payload, id)
            pending.unlink()
            fsync_directory(self._directory)
        except OSError as error:
            raise _unavailable(self._directory, error) from error
        finally:
            with contextlib.suppress(OSError):
                pending.unlink()

    def _same(self, final: Path, payload: bytes, parcel_id: str) -> None:
        try:
            if final.read_bytes() == payload:
                return
        except FileNotFoundError:
            return  # taken meanwhile: the receiver has what was sent first, and knows its id
        raise taken(parcel_id)

    def forgot(self) -> bool:
        """Never: what was sent is on the disk."""
        return False


class DirectoryInbox:
    """Receives from `directory`, which exists; one receiver at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._listed: deque[str] = deque()
        self.set_aside = 0
        """Files moved aside so far."""

    def poll(self, limit: int) -> list[Parcel]:
        found: list[Parcel] = []
        try:
            if not self._listed:
                self._listed.extend(self._oldest_first())
            while self._listed and len(found) < limit:
                name = self._listed.popleft()
                payload = self._read(name)
                if payload is not None:
                    found.append(Parcel(name.removesuffix(_SUFFIX), payload))
        except OSError as error:
            raise _unavailable(self._directory, error) from error
        return found

    def done(self, *ids: str) -> None:
        try:
            for parcel_id in ids:
                (self._directory / _file_name(parcel_id)).unlink(missing_ok=True)
            fsync_directory(self._directory)
        except OSError as error:
            raise _unavailable(self._directory, error) from error

    def _oldest_first(self) -> list[str]:
        """Names of the parcels; what is no parcel is moved aside."""
        parcels: list[tuple[int, str]] = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name == _ASIDE or entry.name.endswith(_PENDING):
                    continue
                whole = entry.name.endswith(_SUFFIX)
                if not whole or not is_parcel_id(entry.name.removesuffix(_SUFFIX)):
                    self._move_aside(entry.name)
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PAYLOAD:
                    self._move_aside(entry.name)
                    continue
                parcels.append((status.st_mtime_ns, entry.name))
        parcels.sort()
        return [name for _, name in parcels]

    def _read(self, name: str) -> bytes | None:
        path = self._directory / name
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(fd, "rb") as file:
            payload = file.read(MAX_PAYLOAD + 1)
        if len(payload) > MAX_PAYLOAD:
            self._move_aside(name)
            return None
        return payload

    def _move_aside(self, name: str) -> None:
        aside = self._directory / _ASIDE
        aside.mkdir(mode=0o750, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self._directory / name).rename(aside / name)
            self.set_aside += 1
        fsync_directory(self._directory)
