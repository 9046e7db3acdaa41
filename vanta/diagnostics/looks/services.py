"""The services of a node: signs of life, ready files, and systemd where there is one."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from vanta.diagnostics.facts import Service, Services, Unit
from vanta.diagnostics.looks.processes import all_ready
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.governance.heartbeat import HEARTBEAT, NEVER_HEARD, Silence
from vanta.node.layout import Layout

EXPECTED = {
    "alpha": ("controller",),
    "markets": ("controller",),
    "executor": ("controller", "executor", "judge"),
}
"""What has to run on a node of each role; what else says it is ready is told too."""

SIGNS = {"controller": HEARTBEAT, "executor": EXECUTOR_SIGN, "judge": JUDGE_SIGN}
"""Service to the file of its signs of life."""

UNIT = "vanta-{}.service"
"""A service's unit, by its name."""

_SYSTEMD = Path("/run/systemd/system")
_SECONDS = 3
_ASKED = ("LoadState", "ActiveState", "SubState", "NRestarts", "Result")


def look(layout: Layout, role: str) -> Services:
    """Every service that is expected or that says it is ready."""
    expected = EXPECTED[role]
    ready = all_ready(layout.run)
    names = (*expected, *sorted(ready.keys() - set(expected)))
    units, trouble = _units(names)
    return Services(
        tuple(
            Service(
                name,
                expected=name in expected,
                signs=name in SIGNS,
                silent=_silent(layout.memory, name),
                ready=ready.get(name),
                unit=units.get(name),
            )
            for name in names
        ),
        trouble,
    )


def _silent(memory: Path, name: str) -> int | None:
    sign = SIGNS.get(name)
    lasted = Silence(memory, 0, name=sign).lasted() if sign else NEVER_HEARD
    return None if lasted == NEVER_HEARD else max(0, lasted)


def _units(names: Iterable[str]) -> tuple[dict[str, Unit], str]:
    """The units that are loaded, by service; and why systemd could not be asked."""
    if not _SYSTEMD.is_dir():
        return {}, "there is no systemd here"
    found: dict[str, Unit] = {}
    for name in names:
        try:
            done = subprocess.run(
                ["systemctl", "show", f"--property={','.join(_ASKED)}", UNIT.format(name)],  # noqa: S607 - the node's own
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return found, f"systemd does not answer: {error}"
        unit = read_unit(done.stdout)
        if unit is not None:
            found[name] = unit
    return found, ""


def read_unit(said: str) -> Unit | None:
    """A unit as `systemctl show` tells it; None for one that is not loaded."""
    told = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if told.get("LoadState") != "loaded":
        return None
    restarts = told.get("NRestarts", "")
    return Unit(
        told.get("ActiveState", ""),
        told.get("SubState", ""),
        int(restarts) if restarts.isdigit() else 0,
        told.get("Result", ""),
    )
