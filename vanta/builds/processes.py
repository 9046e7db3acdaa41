"""Services as processes of ours, where there is no systemd: on a laptop, in a demo, in a test.

What runs is read off the system's own list and never off a file: whoever started a service may have
been killed before they could write down that they had.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from vanta.builds.services import COMMANDS, Look
from vanta.domain.errors import UnavailableError
from vanta.node.layout import Layout
from vanta.node.readiness import read_ready

_TO_END = 10.0
"""Seconds a service has to end by itself."""
_EVERY = 0.01
_TAIL = 65_536


class Processes:
    """The services of one node's folder.

    Args:
        layout: of the node.
        commands: service to its `vanta` command, which `--node` follows.
        environment: of the processes.
        to_start: seconds a service has to say that it is ready, before the next is started.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        commands: dict[str, tuple[str, ...]] | None = None,
        environment: dict[str, str] | None = None,
        to_start: float = 10.0,
    ) -> None:
        self._layout = layout
        self._commands = COMMANDS if commands is None else commands
        self._environment = dict(os.environ if environment is None else environment)
        self._to_start = to_start
        self._started: set[int] = set()
        self._printed: dict[str, int] = {}
        """Service to how much its log held when it was started here."""

    def restart(self, *services: str) -> None:
        """End each, start it from `current`, and wait until it is ready or has ended."""
        for service in services:
            self._restart(service)

    def _restart(self, service: str) -> None:
        self.stop(service)
        layout = self._layout
        words = self._words(service)
        try:
            layout.logs.mkdir(parents=True, exist_ok=True)
            layout.run.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._printed[service] = _size(self._log(service))
            # No object of ours waits for it: it outlives this command.
            pid = os.posix_spawn(
                words[0],
                words,
                self._environment,
                file_actions=_output_to(self._log(service)),
                setsid=True,
            )
        except OSError as error:
            raise UnavailableError(
                f"{words[0]} cannot be started: {error.strerror}",
                code="SERVICE",
                place=service,
                remedy="see `vanta build status`",
            ) from error
        until = time.monotonic() + self._to_start
        self._started.add(pid)
        # Its command line is there a moment later than it is.
        while self._goes_on(pid) and time.monotonic() < until:
            ready = read_ready(layout.run, service)
            if ready is not None and ready.pid == pid:
                return
            time.sleep(_EVERY)

    def look(self, service: str) -> Look:
        found = self._running(service)
        return Look("up", 0, max(found)) if found else Look("down", 0, 0)

    def said(self, service: str) -> str:
        try:
            with self._log(service).open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._printed.get(service, 0), end - _TAIL))
                return log.read(_TAIL).decode(errors="replace")
        except OSError:
            return ""

    def stop(self, service: str) -> bool:
        """End a service; one that does not end by itself is killed. Whether it ran."""
        found = left = self._running(service)
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + _TO_END
            for pid in left:
                self._send(pid, service, number)
            while left and time.monotonic() < until:
                time.sleep(_EVERY)
                left = [pid for pid in left if self._is(pid, service)]
        return bool(found)

    def stop_all(self) -> list[str]:
        """End everything that runs; what it was."""
        return [service for service in self._commands if self.stop(service)]

    def _words(self, service: str) -> list[str]:
        root = self._layout.root
        start = str(self._layout.current / "bin" / "vanta")
        return [start, *self._commands[service], "--node", str(root)]

    def _running(self, service: str) -> list[int]:
        """The processes of a service; more than one where somebody was killed while starting it."""
        pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
        return [pid for pid in pids if self._is(pid, service)]

    def _is(self, pid: int, service: str) -> bool:
        words = self._words(service)
        return self._goes_on(pid) and _typed(pid)[-len(words) :] == words

    def _goes_on(self, pid: int) -> bool:
        """Whether a process has not ended; of one that was started here, nothing stays behind."""
        if pid in self._started:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self._started.discard(pid)
                    return False
        return True

    def _send(self, pid: int, service: str, number: signal.Signals) -> None:
        """Send a signal to a process of a service, and to no other that has its number by now."""
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(pid)
            try:
                if self._is(pid, service):
                    signal.pidfd_send_signal(handle, number)
            finally:
                os.close(handle)

    def _log(self, service: str) -> Path:
        return self._layout.logs / f"{service}.log"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _output_to(log: Path) -> list[tuple[int, int, str, int, int] | tuple[int, int, int]]:
    """Nothing to read, and everything printed at the end of a log."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o640),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def _typed(pid: int) -> list[str]:
    """A living process's command line; empty where there is none, or it only waits to be buried."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return text.decode(errors="surrogateescape").split("\0")[:-1]
