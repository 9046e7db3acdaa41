"""A command of the node's own that is run for each alert, and never waited for."""

import contextlib
import subprocess
import time
from collections.abc import Sequence

from vanta.domain.encoding import encode
from vanta.executor.surveillance.mismatch import MismatchFound

PATIENCE = 30.0
"""Seconds one may take."""
AT_ONCE = 4


class Hook:
    """Runs the command with the alert as JSON on its standard input, without a shell.

    Args:
        command: its words; none for nothing.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._running: list[tuple[float, subprocess.Popen[bytes]]] = []
        self.failed = 0
        """How many could not be started, ended otherwise than with 0, or took too long."""

    def tell(self, alert: MismatchFound) -> None:
        """Start it, unless too many run: the alert is on disk and counted all the same."""
        self.reap()
        if not self._command:
            return
        if len(self._running) >= AT_ONCE:
            self.failed += 1
            return
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            self.failed += 1
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError), process.stdin as given:
                # It fits into any pipe; whoever reads none of it was told all the same.
                given.write(_line(alert))
        self._running.append((time.monotonic(), process))

    def reap(self) -> None:
        """Let go of those that ended, and end those that do not."""
        kept = []
        for began, process in self._running:
            status = process.poll()
            if status is None and time.monotonic() - began > PATIENCE:
                process.kill()
                status = process.wait()
            if status is None:
                kept.append((began, process))
            elif status:
                self.failed += 1
        self._running = kept


def _line(alert: MismatchFound) -> bytes:
    one = alert.mismatch
    return encode({"alert": alert, "id": one.id, "why": one.why}) + b"\n"
