"""The judge's process: look, judge, and set the latch; whatever goes wrong in here halts too."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import VantaError
from vanta.executor.judge.evidence import Evidence
from vanta.executor.judge.rules import Facts, Limits, Verdict, judge
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.governance.clock import boot_id
from vanta.governance.heartbeat import Heartbeat, Silence
from vanta.governance.latch import latched, set_latch
from vanta.node.ending import Ending
from vanta.node.layout import Layout

EVERY = 0.25
"""Seconds between two looks."""


class Clocks(NamedTuple):
    """The two clocks whose difference shows that one was set."""

    wall: Callable[[], int] = time.time_ns
    since_boot: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Judge:
    """Judges one node.

    Args:
        layout: of the node.
        limits: how far a fact may go.
        clocks: the node's.
        halt: sets the latch: the memory folder, the reason, the time.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        limits: Limits | None = None,
        clocks: Clocks | None = None,
        halt: Callable[[Path, str, int], object] = set_latch,
    ) -> None:
        self._memory = layout.memory
        self._limits = limits or Limits()
        self._clocks = clocks or Clocks()
        self._halt = halt
        self._evidence = Evidence(layout.journal("trade_log"))
        boot = boot_id()
        self._sign = Heartbeat(layout.memory, boot, self._clocks.since_boot, name=JUDGE_SIGN)
        self._executor = Silence(
            layout.memory, self._limits.silent, boot, self._clocks.since_boot, name=EXECUTOR_SIGN
        )
        self._began = self._offset()
        self._started = self._clocks.since_boot()
        self._told: set[str] = set()

    def close(self) -> None:
        """Let go of the journal."""
        self._evidence.close()

    def run(
        self,
        stop: Ending,
        told: Callable[[Verdict], None],
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Look until `stop`; each reason to halt is told once, and `ready` is called each time."""
        while not stop.is_set():
            for verdict in self.look():
                told(verdict)
            ready()
            stop.wait(EVERY)

    def look(self) -> tuple[Verdict, ...]:
        """Look once, halt where there is a reason to, and give a sign of life.

        What breaks in here is a reason of its own. No sign is given where a halt could not be
        set: the gate shuts without one.

        Returns:
            The reasons that are new.
        """
        try:
            verdicts = judge(self._facts(), self._limits)
        except Exception as error:  # noqa: BLE001 - a judge that breaks is itself a halt
            code = f"JUDGE_{type(error).__name__}".upper()
            verdicts = (Verdict(code, f"the judge broke: {error}"[:300]),)
        if not latched(self._memory):
            # A quorum let everything go that was told: what is still so is told again.
            self._told.clear()
        new = tuple(one for one in verdicts if one.code not in self._told)
        for verdict in new:
            self._halt(self._memory, f"judge: {verdict.why} [{verdict.code}]", self._clocks.wall())
            self._told.add(verdict.code)
        self._sign.beat()
        return new

    def _facts(self) -> Facts:
        trail = ""
        try:
            self._evidence.look()
        except VantaError as error:
            trail = f"{error.message} [{error.code}]"
        evidence = self._evidence
        since = evidence.differing_since
        stat = os.statvfs(self._memory)
        return Facts(
            trail=trail,
            unbacked=tuple(evidence.unbacked),
            differences=evidence.differences,
            differing=self._clocks.wall() - since if since else 0,
            open_orders=len(evidence.book.open),
            # Of a boot that has just begun, no silence is older than the judge.
            silent=min(self._executor.lasted(), self._clocks.since_boot() - self._started),
            stepped=self._offset() - self._began,
            free=stat.f_bavail * stat.f_frsize,
        )

    def _offset(self) -> int:
        return self._clocks.wall() - self._clocks.since_boot()
