"""`make lab-test`: from nothing to three governed nodes, attacked, checked and taken down.

Each step is what an operator types. What is measured is printed at the end, whatever failed.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.lab.converge import Played, play
from infra.lab.fund import Fund
from infra.lab.lab import Lab
from vanta.domain.errors import RefusedError

# Each waits for a machine's answer and takes little of this one.
_BESIDE_EACH_OTHER = ("-n", "4", "--dist", "loadfile")
_IN_ORDER = ("-n", "0", "--maxfail=3")
AIMS = {
    "three nodes converged": "≤ 180 s, warm",
    "again, with nothing to do": "≤ 45 s",
    "again, with nothing to do, tasks": "0 changed",
    "Lynis on executor": "≥ 85",
    "rolled back, each node from flip to gated-ready": "≤ 3000 ms, all",
}
"""What a figure should be; a figure belongs to its machine, so none of these fails a run."""
Tell = Callable[[str], None]


class Trial:
    """One run.

    Args:
        lab: whose machines are made anew.
        repository: the checkout that is tried.
        tell: is told each step and each figure.
    """

    def __init__(self, lab: Lab, repository: Path, tell: Tell) -> None:
        self._lab = lab
        self._repository = repository
        self._tell = tell
        self._fund = Fund(lab.plan.fund, repository)
        self.figures: dict[str, str] = {}

    def converge(self) -> None:
        """Boot, introduce the fund, and bring everything up.

        Raises:
            UnavailableError: a machine or a playbook failed.
            RefusedError: `NOT_IDEMPOTENT`: the second run changed something.
        """
        with self._step("machines booted from the image"):
            self._lab.down()
            self._lab.up()
        with self._step("a fund of three people, and a build they signed off"):
            self._fund.prepare()
        self._play("site.yml", "machines hardened, keys made on each")
        self._play("introduce.yml", "public halves taken home")
        self._fund.found(self._lab.plan.forge)
        there = f"repository={self._fund.governance}"
        self._play("introduce.yml", "the fund introduced", "-e", there)
        self._play("site.yml", "three nodes converged")
        again = self._play("site.yml", "again, with nothing to do")
        if again.changed:
            raise RefusedError(
                f"{again.changed} tasks changed something the second time: "
                + "; ".join(again.tasks[:8]),
                code="NOT_IDEMPOTENT",
                place="site.yml",
            )

    def check(self) -> bool:
        """Hold every machine to what is said of it, after all that; whether all of it holds."""
        told = ("tests/lab", "--ignore=tests/lab/story")
        return self.run("every machine checked", *told, *_BESIDE_EACH_OTHER)

    def story(self) -> bool:
        """Do to the nodes what happens to nodes; whether they did what they should."""
        return self.run("halted, promoted, broken, cut off", "tests/lab/story", *_IN_ORDER)

    def run(self, what: str, *words: str) -> bool:
        """Run tests against the lab that runs; whether all passed."""
        told = self._lab.plan.state / "figures.json"
        told.unlink(missing_ok=True)
        asked = ["-m", "pytest", "-q", "-m", "lab", "--timeout", "900", *words]
        environment = {
            **os.environ,
            "VANTA_LAB": self._lab.plan.name,
            "VANTA_LAB_FIGURES": str(told),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        with self._step(what):
            done = subprocess.run(
                [sys.executable, *asked], cwd=self._repository, env=environment, check=False
            )
        if told.exists():
            self.figures.update(json.loads(told.read_text()))
        return done.returncode == 0

    def _play(self, playbook: str, what: str, *words: str) -> Played:
        with self._step(what):
            played = play(self._lab.plan, self._repository, playbook, *words)
        self.figures[f"{what}, tasks"] = f"{played.ok} ok, {played.changed} changed"
        return played

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self._tell(f"== {what} ...")
        before = time.monotonic()
        try:
            yield
        finally:
            self.figures[what] = f"{time.monotonic() - before:.1f} s"
            self._tell(f"   {self.figures[what]}")
