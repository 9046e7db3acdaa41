"""A service says that it is ready, which process it is, and which build it runs.

Whoever promotes a build believes nothing else. systemd is told too, where it started the service:
that it is ready, how it stands, that its work goes on, and that it ends.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.governance.notify import Watchdog, notify
from vanta.journal.files import atomic_write
from vanta.node.build import running_build


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a service that is ready says."""

    service: str
    pid: int
    build: str
    """Empty where it runs from a checkout."""
    since: int
    """UTC nanoseconds."""


class Readiness:
    """One service's sign, in `run/<service>.ready.json`, from when it is ready until its end.

    Args:
        run: the node's folder for running processes.
        service: such as `executor`.
        build: the one it runs.
        clock: UTC nanoseconds.
    """

    def __init__(
        self,
        run: Path,
        service: str,
        *,
        build: str | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._path = ready_path(run, service)
        self._service = service
        self._build = running_build() if build is None else build
        self._clock = clock
        self._announced = False
        self._watchdog = Watchdog()
        self._status = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        notify("STOPPING=1")
        self.withdraw()

    def announce(self) -> None:
        """Say it, once; a folder that takes nothing keeps no service from its work."""
        if self._announced:
            return
        self._announced = True
        ready = Ready(self._service, os.getpid(), self._build, self._clock())
        with contextlib.suppress(OSError, VantaError):
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            atomic_write(self._path, encode(ready) + b"\n", mode=0o644)
        self._tell("")
        notify("READY=1")

    def works(self, status: str | None = None) -> None:
        """From each round of work: that it goes on, and how it stands; the first says it is ready.

        Args:
            status: a line for people, told where it changed; None where it did not.
        """
        self.announce()
        if status is not None and status != self._status:
            self._tell(status)
        self._watchdog.bark()

    def _tell(self, status: str) -> None:
        self._status = status
        build = self._build or "none: a checkout"
        notify(f"STATUS=build {build}{f'; {status}' if status else ''}")

    def withdraw(self) -> None:
        """Take it back, unless another process of this service said it since."""
        if not self._announced:
            return
        found = read_ready(self._path.parent, self._service)
        if found is not None and found.pid == os.getpid():
            with contextlib.suppress(OSError):
                self._path.unlink()


def ready_path(run: Path, service: str) -> Path:
    """Where a service says it."""
    return run / f"{service}.ready.json"


def read_ready(run: Path, service: str) -> Ready | None:
    """What a service says; None where it says nothing, or nothing that can be read."""
    path = ready_path(run, service)
    try:
        return decode(Ready, path.read_bytes(), place=str(path))
    except (OSError, VantaError):
        return None
