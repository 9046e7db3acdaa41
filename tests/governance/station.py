"""A node that governs itself by a `Fund`: a memory folder, a mirror, and a controller over both."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.governance.fund import ENVIRONMENT, Fund
from vanta.audit.refold import refold
from vanta.audit.trail import trail
from vanta.domain.policy import Published
from vanta.domain.record import Record
from vanta.governance.bounds import Bounds
from vanta.governance.clock import NodeClock
from vanta.governance.controller import Controller
from vanta.governance.fetcher import Source
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, PolicyReader, parse, read_files
from vanta.governance.repository import Repository
from vanta.governance.timekeeping import Ages
from vanta.governance.watcher import Watcher
from vanta.journal.reader import live_state


class Killed(Exception):  # noqa: N818 - no error: the process is gone
    """The controller dies here."""


class Station:
    """One node; `start` is a boot, and ends whatever ran before."""

    def __init__(self, tmp_path: Path, fund: Fund) -> None:
        self.fund = fund
        self.memory = tmp_path / "memory"
        self.memory.mkdir(exist_ok=True)
        self.journal = self.memory / "governance.jsonl"
        self.remote = str(fund.sim.path)
        self.mirror = tmp_path / "mirror.git"
        self._running: Controller | None = None
        self._repository: Repository | None = None
        self._time = fund.now
        self._set = 0
        self.synchronised = False
        self.reader = PolicyReader(self.memory, patience=0.02)

    def since_boot(self) -> int:
        """The fund's time, and never backwards: nobody can set this one."""
        self._time = max(self._time + 1, self.fund.now)
        return self._time

    def clock(self) -> int:
        """The wall clock, as it was set."""
        return self.since_boot() + self._set

    def later(self, ns: int) -> None:
        """Let time pass on the node."""
        self._time += ns

    def set_clock(self, ns: int) -> None:
        """Set the wall clock forwards, or back."""
        self._set += ns

    def start(
        self,
        *,
        crash: Callable[[str], None] = lambda _step: None,
        environment: str = ENVIRONMENT,
        ages: Ages | None = None,
        watcher: Watcher | None = None,
        boot: str = "this",
        group: int | None = None,
        bounds: Bounds | None = None,
    ) -> Controller:
        self.stop()
        self._repository = Repository.create(self.mirror, bounds)
        self._running = Controller(
            self.memory,
            self._repository,
            Source(self.remote),
            environment,
            self.fund.trust,
            clock=NodeClock(
                self.clock,
                self.since_boot,
                boot=boot,
                synchronised=lambda: self.synchronised,
            ),
            ages=ages,
            group=group,
            watcher=watcher,
            crash=crash,
        )
        return self._running

    def stop(self) -> None:
        """End the controller, and let go of what a dead process would have let go of."""
        if self._running:
            self._running.close()
        if self._repository:
            self._repository.close()
        self._running = self._repository = None

    def published(self) -> Published:
        """What the files hold."""
        return parse(read_files(self.memory))

    def edit(self, name: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Edit a published file the way a person would."""
        path = self.memory / name
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content, indent=2))

    def overlay(self, **switches: object) -> None:
        """Set switches at the top of the overlay."""
        self.edit(OVERLAY_FILE, lambda content: content.update(switches))

    def limit(self, capital: int, of: str = "momentum") -> None:
        """Set a vault's capital."""
        self.edit(VAULT_FILE, lambda c: c["policy"]["vaults"][of].update(capital=capital * 10**8))

    def records(self, kind: str = "") -> list[Record]:
        """The journal's records of one type, or all but its opening."""
        found = live_state(self.journal).records
        return [record for record in found if record.type == kind or not kind]

    def refolded(self) -> int:
        """Compute every receipt again from the commits; how many there are.

        Raises:
            AssertionError: one comes out otherwise.
        """
        found = list(refold(trail("node", self.journal), self.mirror, self.fund.trust))
        for one in found:
            assert one.recorded == one.recomputed, one.record_id
        return len(found)

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Their bodies."""
        return [msgspec.json.decode(record.body) for record in self.records(kind)]
