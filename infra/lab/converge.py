"""Ansible against the lab, as an operator runs it, with what it counted and how long it took."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from infra.lab.plan import Plan
from infra.lab.programs import run
from vanta.domain.errors import UnavailableError

_PATIENCE = 1800.0


@dataclass(frozen=True)
class Played:
    """A playbook that ended well.

    Attributes:
        seconds: from its start to its end.
        ok: tasks that ran, of all machines.
        changed: those of them that changed something.
        tasks: each that changed something, with the machine.
    """

    seconds: float
    ok: int
    changed: int
    tasks: tuple[str, ...]


def play(plan: Plan, repository: Path, playbook: str, *words: str) -> Played:
    """Run a playbook against the lab's inventory.

    Args:
        plan: of the lab.
        repository: the checkout the playbook is of.
        playbook: such as `site.yml`.
        words: further arguments.

    Raises:
        UnavailableError: `PLAYBOOK`: it failed; with the task, the machine and what it said.
    """
    log = plan.state / f"{Path(playbook).stem}.json"
    program = Path(sys.executable).with_name("ansible-playbook")
    asked = [str(program), "-i", "inventories/lab", playbook, *words]
    before = time.monotonic()
    done = run(
        ["env", "-C", str(repository / "ansible"), *_environment(plan), *asked],
        check=False,
        patience=_PATIENCE,
    )
    took = time.monotonic() - before
    log.write_text(done.stdout)
    told = _told(done.stdout)
    if done.returncode or told is None:
        raise UnavailableError(
            _why(told) or (done.stderr or done.stdout)[-2000:],
            code="PLAYBOOK",
            place=f"ansible-playbook {' '.join(asked[1:])}",
            remedy=f"the whole of it is in {log}",
        )
    counts = told.stats.values()
    return Played(
        took,
        sum(each.ok for each in counts),
        sum(each.changed for each in counts),
        tuple(f"{host}: {task}" for task, host, did in told.steps() if did.changed),
    )


def _environment(plan: Plan) -> list[str]:
    """Variables of a run: JSON for us, and Mitogen where it is installed, which is quicker."""
    said = [
        f"PATH={Path(sys.executable).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        f"VANTA_LAB={plan.name}",
        "ANSIBLE_STDOUT_CALLBACK=ansible.posix.json",
        "ANSIBLE_DEPRECATION_WARNINGS=0",
    ]
    if find_spec("ansible_mitogen") is not None:
        said.append("ANSIBLE_STRATEGY=mitogen_unpinned")
    return said


class _Task(msgspec.Struct):
    name: str = ""


class _Done(msgspec.Struct):
    """What one task did on one machine."""

    changed: bool = False
    failed: bool = False
    unreachable: bool = False
    msg: Any = ""
    stderr: Any = ""


class _Step(msgspec.Struct):
    task: _Task
    hosts: dict[str, _Done]


class _Play(msgspec.Struct):
    tasks: list[_Step]


class _Counted(msgspec.Struct):
    ok: int = 0
    changed: int = 0


class _Told(msgspec.Struct):
    plays: list[_Play]
    stats: dict[str, _Counted]

    def steps(self) -> Iterator[tuple[str, str, _Done]]:
        """Each task on each machine, with what it did."""
        for play_ in self.plays:
            for step in play_.tasks:
                for host, did in step.hosts.items():
                    yield step.task.name, host, did


def _told(text: str) -> _Told | None:
    """What Ansible said, without what plugins put before it; none where it is no JSON."""
    try:
        return msgspec.json.decode(text[text.index("{") :], type=_Told)
    except (ValueError, msgspec.DecodeError):
        return None


def _why(told: _Told | None) -> str:
    """The last task that failed, and what it said: those before it may have been rescued."""
    why = ""
    for task, host, did in told.steps() if told else ():
        if did.failed or did.unreachable:
            why = f"{host}: {task}: {did.msg} {did.stderr}".strip()
    return why
