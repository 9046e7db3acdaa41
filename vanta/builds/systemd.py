"""Services as systemd units, asked by `systemctl` and nothing else."""

import os
import subprocess
import time
from collections.abc import Callable

from vanta.builds.services import Condition, Look
from vanta.domain.errors import UnavailableError
from vanta.node.config import BuildsConfig

_PATIENCE = 180
"""Seconds: services that wait for each other have a minute each."""
_BY_DEFAULT = BuildsConfig()
_LINES = 200
_SAID = 300
"""Letters of what systemctl says that are told."""
_CONDITIONS: dict[str, Condition] = {
    "active": "up",
    "reloading": "up",
    "activating": "starting",
    "deactivating": "starting",
}


class Systemd:
    """The units of this machine.

    Args:
        systemctl: the program and what always comes first, such as `--user`.
        unit: service to its unit.
    """

    def __init__(
        self,
        systemctl: tuple[str, ...] = ("systemctl",),
        unit: Callable[[str], str] = _BY_DEFAULT.unit,
    ) -> None:
        self._systemctl = systemctl
        self._unit = unit
        self._since: dict[str, float] = {}
        """Service to when it was restarted here."""

    def restart(self, *services: str) -> None:
        if not services:
            return
        units = {self._unit(service): service for service in services}
        self._since.update(dict.fromkeys(services, time.time()))
        # A unit that failed too often is not started again before it is forgiven.
        self._run("reset-failed", *units)
        # All in one: what does not wait for another starts beside it.
        done = self._run("restart", *units)
        # A job that failed is the service's own fault, and the gate finds it; anything else is not.
        if done.returncode and "job for " not in done.stderr.lower():
            named = [service for unit, service in units.items() if unit in done.stderr]
            raise UnavailableError(
                " ".join(done.stderr.split())[:_SAID] or f"systemctl ended with {done.returncode}",
                code="SERVICE",
                place=(named or list(services))[0],
                remedy="install its unit, or name this node's services under `builds.services` in "
                "etc/node.yaml; without systemd: `builds.supervisor: processes`",
            )

    def look(self, service: str) -> Look:
        shown = self._run(
            "show", "--property=ActiveState,NRestarts,MainPID", self._unit(service)
        ).stdout
        said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        return Look(
            _CONDITIONS.get(said.get("ActiveState", ""), "down"),
            int(said.get("NRestarts", "0") or 0),
            int(said.get("MainPID", "0") or 0),
        )

    def said(self, service: str) -> str:
        words = ["journalctl", "--no-pager", "-q", "-n", str(_LINES), "-o", "cat"]
        since = [f"--since=@{self._since[service]:.6f}"] if service in self._since else []
        # What the service printed, and not what systemd says of it.
        return _run([*words, *since, f"_SYSTEMD_UNIT={self._unit(service)}"]).stdout

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return _run([*self._systemctl, *words])


def _run(words: list[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(
            f"{words[0]} does not answer: {error}",
            code="SERVICE",
            place=" ".join(words),
            remedy="is this a machine with systemd? If not: `builds.supervisor: processes`",
        ) from error
