"""Everything that was computed, computed again from what was recorded, and compared by bytes.

It happens in a fresh process with another hash seed, so that nothing this process knows or has in
memory can help: what comes out depends on the records and on the code alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

import vanta
from vanta.audit.nodes import nodes
from vanta.audit.replay_worker import Difference, Line, Skipped, StepReport
from vanta.domain.encoding import decode
from vanta.domain.errors import UnavailableError
from vanta.node.layout import Layout

__all__ = ("Difference", "ReplayReport", "Skipped", "StepReport", "replay")

_SEEDS = ("1", "2")
_SAID = 2_000
"""Bytes of a dead worker's last words that are told."""


class ReplayReport(msgspec.Struct, frozen=True):
    """What every step came to when it was made again."""

    steps: tuple[StepReport, ...]
    skipped: tuple[Skipped, ...]
    hash_seed: str
    """Of the process that computed."""

    @property
    def same(self) -> bool:
        """Whether everything that could be made again came out byte for byte."""
        return all(step.same for step in self.steps)

    @property
    def compared(self) -> int:
        """How many recorded facts were computed again."""
        return sum(step.compared for step in self.steps)


def replay(
    layouts: Sequence[Layout],
    *,
    hash_seed: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> ReplayReport:
    """Replay nodes in a fresh process.

    Args:
        layouts: the nodes' folders; services may be running.
        hash_seed: of the process that computes; None for another one than this process has.
        progress: told what is being compared.

    Raises:
        UnavailableError: `REPLAY_DIED`: the process did not finish; with what it said last.
        UnavailableError, RefusedError, MalformedError: no nodes are there; see `nodes.nodes`.
    """
    nodes(layouts)
    seed = hash_seed or next(s for s in _SEEDS if s != os.environ.get("PYTHONHASHSEED"))
    folders = [str(layout.root.resolve()) for layout in layouts]
    lines: list[Line] = []
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "vanta.audit.replay_worker", *folders],
            env=_environment(seed),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as worker:
            for line in worker.stdout or ():
                told = decode(Line, line, place="replay worker")
                lines.append(told)
                if told.doing and progress:
                    progress(f"replaying {told.doing}")
        if worker.returncode or not lines or lines[-1].hash_seed != seed:
            errors.seek(0, os.SEEK_END)
            errors.seek(max(0, errors.tell() - _SAID))
            raise _died(worker.returncode, errors.read().decode(errors="replace"))
    return ReplayReport(
        steps=tuple(line.step for line in lines if line.step),
        skipped=tuple(line.skipped for line in lines if line.skipped),
        hash_seed=seed,
    )


def _environment(seed: str) -> dict[str, str]:
    """Nothing of the caller's environment but where programs are."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": str(Path(vanta.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _died(code: int, said: str) -> UnavailableError:
    last = said.strip().splitlines()[-1:] or ["nothing"]
    return UnavailableError(
        f"the replaying process ended with {code}; it said: {last[0]}",
        code="REPLAY_DIED",
        remedy="replay one node at a time to see which, with every role's packages installed",
    )
