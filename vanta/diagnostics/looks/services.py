"""The services of a node: signs of life, ready files, and systemd where there is one."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from vanta.builds.services import SERVICES
from vanta.diagnostics.facts import Service, Services, Unit
from vanta.diagnostics.looks.processes import all_ready
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.governance.heartbeat import HEARTBEAT, NEVER_HEARD, Silence
from vanta.node.config import NodeConfig
from vanta.node.layout import Layout

SIGNS = {
    "governance": HEARTBEAT,
    "executor": EXECUTOR_SIGN,
    "judge": JUDGE_SIGN,
    "surveillance": SURVEILLANCE_SIGN,
}
"""Service to the file of its signs of life."""

_ALWAYS = {
    "alpha": ("governance",),
    "markets": ("governance",),
    "executor": ("governance", "judge", "executor"),
}
"""What no node of a role does without; Markets may work by the hour, and be gone between."""

_SYSTEMD = Path("/run/systemd/system")
_SECONDS = 3
_ASKED = ("LoadState", "ActiveState", "SubState", "NRestarts", "Result")


def expected_on(config: NodeConfig) -> tuple[str, ...]:
    """The services that have to run on a node: those its configuration names, or its role's."""
    if config.builds.services is not None:
        return tuple(config.builds.services)
    compared = config.role == "executor" and config.executor.surveillance.silent_after is not None
    return (*_ALWAYS[config.role], *(("surveillance",) if compared else ()))


def look(layout: Layout, config: NodeConfig) -> Services:
    """Every service that is expected, that has a unit here, or that says it is ready."""
    expected = expected_on(config)
    ready = all_ready(layout.run)
    services = {*expected, *SERVICES[config.role], *ready}
    units, trouble = _units({name: config.builds.unit(name) for name in services})
    names = (*expected, *sorted((ready.keys() | units.keys()) - set(expected)))
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


def _units(named: Mapping[str, str]) -> tuple[dict[str, Unit], str]:
    """The units that are loaded, by service, and why systemd did not say; none where it is not."""
    if not _SYSTEMD.is_dir():
        return {}, ""
    found: dict[str, Unit] = {}
    for name, unit_name in named.items():
        try:
            done = subprocess.run(
                ["systemctl", "show", f"--property={','.join(_ASKED)}", unit_name],  # noqa: S607 - the node's own
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return found, f"systemd does not answer: {error}"
        unit = read_unit(done.stdout, unit_name)
        if unit is not None:
            found[name] = unit
    return found, ""


def read_unit(said: str, name: str = "") -> Unit | None:
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
        name,
    )
