"""A board: what each node says last, under its name; the newest takes the place of the one before.

What hangs there is signed by who says it. Whoever may write to it can take something down or hang
up an older one, and can make nothing up.
"""

import os
from contextlib import closing
from pathlib import Path
from typing import Protocol

from vanta.bus.access import Access, recoverable
from vanta.bus.port import MAX_PAYLOAD, check_parcel
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.journal.files import atomic_write

_MODE = 0o644


class Board(Protocol):
    """Where nodes read what other nodes say."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def post(self, name: str, payload: bytes) -> None:
        """Hang up what `name` says, in place of what it said before.

        Raises:
            RefusedError: `PARCEL_ID`, `PARCEL_SIZE`.
            UnavailableError: it cannot be written.
        """

    def read(self, name: str) -> bytes | None:
        """What `name` says; None where that is nothing.

        Raises:
            MalformedError: `NOTICE_SIZE`: more than anybody says.
            UnavailableError: the board cannot be read.
        """


def _bounded(payload: bytes, place: str) -> bytes:
    if len(payload) > MAX_PAYLOAD:
        raise MalformedError(
            f"more than {MAX_PAYLOAD} bytes", code="NOTICE_SIZE", place=place, remedy="remove it"
        )
    return payload


class DirectoryBoard:
    """A folder on this machine, or one that is mounted: a file for each name.

    Args:
        folder: made where it is missing and something is hung up.
        suffix: of the files.
    """

    def __init__(self, folder: Path, suffix: str) -> None:
        self._folder, self._suffix = folder, suffix

    @property
    def place(self) -> str:
        return str(self._folder)

    def post(self, name: str, payload: bytes) -> None:
        check_parcel(name, payload)
        try:
            self._folder.mkdir(mode=0o755, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                f"no folder to tell other nodes in: {error.strerror}",
                code="BUS_UNAVAILABLE",
                place=self.place,
                remedy="mount it, or make the folder above it",
            ) from error
        atomic_write(self._folder / f"{name}{self._suffix}", payload, mode=_MODE)

    def read(self, name: str) -> bytes | None:
        check_parcel(name, b"")
        path = self._folder / f"{name}{self._suffix}"
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(fd, "rb") as file:
            return _bounded(file.read(MAX_PAYLOAD + 1), str(path))


class RedisBoard:
    """A key for each name, so that the server's rules can let each node write its own alone.

    Args:
        access: to the server.
        prefix: of the keys.
    """

    def __init__(self, access: Access, prefix: str) -> None:
        self._access, self._prefix = access, prefix

    @property
    def place(self) -> str:
        return f"{self._access.url} {self._prefix}:*"

    def post(self, name: str, payload: bytes) -> None:
        check_parcel(name, payload)
        try:
            with closing(self._access.connect()) as client:
                client.set(f"{self._prefix}:{name}", payload)
        except recoverable() as error:
            raise self._access.failed(error) from error

    def read(self, name: str) -> bytes | None:
        check_parcel(name, b"")
        try:
            with closing(self._access.connect()) as client:
                # One byte more than anybody says, whatever lies there.
                found: bytes = client.getrange(f"{self._prefix}:{name}", 0, MAX_PAYLOAD)
        except recoverable() as error:
            raise self._access.failed(error) from error
        return _bounded(found, f"{self._prefix}:{name}") or None
