"""Whether a process that said it was ready still runs, and what it said.

`run/<service>.ready.json` is written by a service once it is ready and removed at its end; one that
was killed leaves it behind, and its pid may be another process's by now.
"""

import os
import time
from pathlib import Path

from vanta.diagnostics.facts import Ready
from vanta.domain.instant import SECOND
from vanta.node.readiness import read_ready

_SUFFIX = ".ready.json"
_START = 19
"""Place of a process's start time among what follows its name in `/proc/PID/stat`."""
_SLACK = 2 * SECOND


def ready(run: Path, service: str) -> Ready | None:
    """What a service said when it was ready; None where it says nothing."""
    said = read_ready(run, service)
    if said is None:
        return None
    return Ready(said.pid, said.build, said.since, alive=lives(said.pid, said.since))


def all_ready(run: Path) -> dict[str, Ready]:
    """Every service that says it is ready, by name."""
    names = sorted(path.name.removesuffix(_SUFFIX) for path in run.glob(f"*{_SUFFIX}"))
    return {name: found for name in names if (found := ready(run, name))}


def lives(pid: int, since: int) -> bool:
    """Whether the process of this pid runs, and did already at `since` (0 where nobody knows)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    words = stat.rpartition(")")[2].split()
    if words[0] in {"Z", "X"}:
        return False
    started = int(words[_START]) * SECOND // os.sysconf("SC_CLK_TCK")
    up = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - started
    return not since or time.time_ns() - up <= since + _SLACK
