"""Services as processes of ours, where there is no systemd: on a laptop, in a demo, in a test.

What was started is on disk, so that the next command finds it. A number that another process has
by now is told from ours by when that process began.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import msgspec

from vanta.builds.services import COMMANDS, Look
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import UnavailableError, VantaError
from vanta.journal.files import atomic_write
from vanta.node.layout import Layout
from vanta.node.readiness import read_ready

_TABLE = "services.json"
_TO_END = 10.0
"""Seconds a service has to end by itself."""
_EVERY = 0.01
_TAIL = 65_536


class Started(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A process as it was started."""

    pid: int
    began: int
    """In clock ticks after the boot, as the kernel counts them."""


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

    def restart(self, service: str) -> None:
        """End it, start it from `current`, and wait until it is ready or has ended."""
        self.stop(service)
        layout = self._layout
        words = [str(layout.current / "bin" / "vanta"), *self._commands[service]]
        try:
            layout.logs.mkdir(parents=True, exist_ok=True)
            layout.run.mkdir(mode=0o750, parents=True, exist_ok=True)
            # No object of ours waits for it: it outlives this command.
            pid = os.posix_spawn(
                words[0],
                [*words, "--node", str(layout.root)],
                self._environment,
                file_actions=_output_to(self._log(service)),
                setsid=True,
            )
        except OSError as error:
            raise UnavailableError(
                f"cannot be started: {error.strerror}",
                code="SERVICE",
                place=words[0],
                remedy="see `vanta build status`",
            ) from error
        started = Started(pid, _began(pid) or 0)
        self._keep({**self._table(), service: started})
        until = time.monotonic() + self._to_start
        while _lives(started) and time.monotonic() < until:
            ready = read_ready(layout.run, service)
            if ready is not None and ready.pid == pid:
                return
            time.sleep(_EVERY)

    def look(self, service: str) -> Look:
        started = self._table().get(service)
        if started is None or not _lives(started):
            return Look("down", 0, 0)
        return Look("up", 0, started.pid)

    def said(self, service: str) -> str:
        try:
            return self._log(service).read_bytes()[-_TAIL:].decode(errors="replace")
        except OSError:
            return ""

    def stop(self, service: str) -> None:
        """End a service; one that does not end by itself is killed."""
        table = self._table()
        started = table.pop(service, None)
        if started is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + _TO_END
            if _lives(started):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(started.pid, number)
            while _lives(started) and time.monotonic() < until:
                time.sleep(_EVERY)
        self._keep(table)

    def stop_all(self) -> list[str]:
        """End everything that was started; what it was."""
        found = list(self._table())
        for service in found:
            self.stop(service)
        return found

    def _log(self, service: str) -> Path:
        return self._layout.logs / f"{service}.log"

    def _table(self) -> dict[str, Started]:
        path = self._layout.run / _TABLE
        try:
            return decode(dict[str, Started], path.read_bytes(), place=str(path))
        except (OSError, VantaError):
            return {}

    def _keep(self, table: dict[str, Started]) -> None:
        atomic_write(self._layout.run / _TABLE, encode(table) + b"\n")


def _output_to(log: Path) -> list[tuple[int, int, str, int, int] | tuple[int, int, int]]:
    """Nothing to read, and everything printed at the end of a log."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o640),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def _lives(started: Started) -> bool:
    with contextlib.suppress(ChildProcessError):
        # Of a child of ours that ended, nothing must stay behind.
        os.waitpid(started.pid, os.WNOHANG)
    return _began(started.pid) == started.began


def _began(pid: int) -> int | None:
    """When a living process began; None where there is none, or it only waits to be buried."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is a name in brackets, which may hold anything.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])
