"""What people type, on their own machine and over SSH on the fund's."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.lab.access import ssh
from infra.lab.converge import Played, play
from infra.lab.fund import Fund
from infra.lab.lab import Lab

__all__ = ["Fund", "People"]

_ROOT = "/opt/vanta"
_VANTA = f"{_ROOT}/current/bin/vanta"


class People:
    """Operators of the lab.

    Args:
        lab: whose machines they work on.
        fund: whose keys and builds they have.
        repository: the checkout they type in.
    """

    def __init__(self, lab: Lab, fund: Fund, repository: Path) -> None:
        self.lab = lab
        self.fund = fund
        self._repository = repository

    def on(
        self, machine: str, *words: str, typed: str | None = None, patience: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Type something on a machine, as root, through the jump host."""
        # What ssh is given is one line for the other side's shell.
        asked = ssh(self.lab.plan, machine, shlex.join(("sudo", *words)))
        return subprocess.run(
            asked, input=typed, capture_output=True, text=True, check=False, timeout=patience
        )

    def send(self, folder: Path, machine: str, to: str) -> None:
        """Copy a build into a folder of a machine, as the tracker's user, without sign-offs."""
        packed = self.fund.folder / "sent.tar"
        pack = ["tar", "-C", str(folder.parent), "--exclude=signoffs", "-cf", str(packed)]
        subprocess.run([*pack, folder.name], check=True, timeout=60)
        tracker = ("sudo", "-u", "vanta-alpha")
        unpack = ssh(self.lab.plan, machine, *tracker, "tar", "-C", to, "-xf", "-")
        with packed.open("rb") as sent:
            subprocess.run(unpack, stdin=sent, check=True, timeout=120)

    def vanta(self, machine: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command of the build that runs there."""
        return self.on(machine, _VANTA, *words, "--node", _ROOT)

    def told(self, machine: str, *words: str) -> Any:  # noqa: ANN401 - JSON
        """What a command says in JSON, however it ends."""
        done = self.vanta(machine, *words, "--json")
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None

    def here(self, person: str, *words: str, check: bool = True) -> str:
        """What somebody types in their own clone of the governance repository, which may push."""
        way = f"ssh -F {self.lab.plan.keys}/config -i {self.fund.key(person)}"
        program = Path(sys.executable).parent
        environment = {
            **os.environ,
            "PATH": f"{program}:{os.environ['PATH']}",
            "GIT_SSH_COMMAND": way,
            "VANTA_TRUST": str(self.fund.trust),
            "GIT_AUTHOR_NAME": person,
            "GIT_AUTHOR_EMAIL": f"{person}@fund.example",
            "GIT_COMMITTER_NAME": person,
            "GIT_COMMITTER_EMAIL": f"{person}@fund.example",
        }
        clone = self.clone(person)
        if not clone.exists():
            self._clone(clone, environment)
        done = subprocess.run(
            words,
            cwd=clone,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def clone(self, person: str) -> Path:
        """Where somebody's clone of the governance repository is, once they typed something."""
        return self.fund.folder / "clones" / person

    def _clone(self, clone: Path, environment: dict[str, str]) -> None:
        """Somebody's own clone, with the halts and receipts that are beside its branches."""
        made = ["git", "clone", "-q", self.lab.plan.forge, str(clone)]
        refs = ["git", "-C", str(clone), "config", "--add", "remote.origin.fetch"]
        for words in (made, [*refs, "+refs/vanta/*:refs/vanta/*"]):
            subprocess.run(words, env=environment, check=True, timeout=120)

    def play(self, playbook: str, *words: str) -> Played:
        """Run a playbook."""
        return play(self.lab.plan, self._repository, playbook, *words)

    def status(self, machine: str) -> dict[str, Any]:
        """How governance stands on a node."""
        return self.told(machine, "governance", "status") or {}


def wait(for_: Callable[[], Any], within: float, what: str) -> float:
    """Look until something is so.

    Returns:
        Seconds it took.
    """
    before = time.monotonic()
    last: Any = None
    while time.monotonic() - before < within:
        last = for_()
        if last:
            return time.monotonic() - before
        time.sleep(0.2)
    raise AssertionError(f"not within {within:.0f} s: {what}; last seen: {last!r}")
