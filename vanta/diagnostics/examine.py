"""Examining a node: which looks it takes, all at once, and what every check makes of them."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from vanta.bus.board import Board, DirectoryBoard
from vanta.diagnostics import facts
from vanta.diagnostics.aside import DEADLINE, Look, gather
from vanta.diagnostics.finding import Finding, Moment, Severity, Unseen, findings, worst
from vanta.diagnostics.looks import (
    alpha,
    bus,
    export,
    journals,
    machine,
    markets,
    pipeline,
    services,
    standing,
    switches,
)
from vanta.diagnostics.peers import SUFFIX
from vanta.diagnostics.registry import of_role
from vanta.domain.errors import UnavailableError
from vanta.node.carrier import open_board
from vanta.node.config import NodeConfig, read_config
from vanta.node.layout import Layout


class Report(msgspec.Struct, frozen=True):
    """What examining a node came to; the shape of `--json`."""

    node: str
    role: str
    environment: str
    at: int
    """UTC nanoseconds."""
    verdict: Severity
    """The worst severity found."""
    findings: tuple[Finding, ...]


def configuration(layout: Layout, deadline: float = DEADLINE) -> NodeConfig:
    """The node's configuration, read with a deadline: the disk it is on may hang too.

    Raises:
        VantaError: it cannot be read, as `read_config` says.
    """
    reads = {"config": Look(layout.config.read_bytes, bytes)}
    found = gather(reads, deadline)["config"]
    if isinstance(found, Unseen) and found.code != "CANNOT_READ":
        raise UnavailableError(
            found.why, code=found.code, place=str(layout.config), remedy=found.remedy
        )
    return read_config(layout.config)


def examine(
    layout: Layout,
    config: NodeConfig,
    *,
    clock: Callable[[], int] = time.time_ns,
    deadline: float = DEADLINE,
) -> tuple[Report, facts.NodeStatus | None]:
    """Look at a node and judge it; also what it would tell the others of itself.

    Args:
        layout: the node's folders.
        config: its configuration.
        clock: UTC nanoseconds.
        deadline: seconds the looks have.

    Raises:
        UnavailableError: `NO_PROCESS`: not one more process can be started.
    """
    now = clock()
    checks = of_role(config.role)
    wanted = {check.look for check in checks}
    looks = {
        name: look for name, look in _looks(layout, config, now, deadline).items() if name in wanted
    }
    try:
        gathered = gather(looks, deadline)
    except OSError as error:
        raise UnavailableError(
            f"no process can be started to look: {error.strerror}",
            code="NO_PROCESS",
            remedy="see `ulimit -u` and what runs",
        ) from error
    moment = Moment(now, config.node, config.role)
    said = tuple(
        finding for check in checks for finding in findings(check, gathered[check.look], moment)
    )
    report = Report(config.node, config.role, config.environment, now, worst(said), said)
    return report, _own(gathered, report)


def _own(gathered: Mapping[str, object], report: Report) -> facts.NodeStatus | None:
    found = gathered["standing"]
    if not isinstance(found, facts.Standing):
        return None
    return msgspec.structs.replace(found.own, verdict=str(report.verdict))


def _looks(layout: Layout, config: NodeConfig, now: int, seconds: float) -> dict[str, Look]:
    """Every look there is, by name."""
    return {
        "services": Look(lambda: services.look(layout, config), facts.Services),
        "standing": Look(lambda: standing.look(layout, config, now), facts.Standing),
        "switches": Look(lambda: switches.look(layout, now), facts.Switched),
        "bus": Look(lambda: bus.look(layout, config), facts.Bus),
        "pipeline": Look(lambda: pipeline.look(layout, now), facts.Pipeline),
        "brokers": Look(lambda: pipeline.brokers(layout), facts.Brokers),
        "feeds": Look(lambda: markets.feeds(layout), facts.Feeds),
        "reflection": Look(lambda: markets.reflection(layout), facts.Reflection),
        "alpha": Look(lambda: alpha.look(layout), facts.Alpha),
        "journals": Look(lambda: journals.look(layout, config.node, seconds), facts.Journals),
        "disk": Look(lambda: machine.disk(layout), facts.Disk),
        "clock": Look(lambda: machine.clock(layout, config.role), facts.Clock),
        "export": Look(lambda: export.look(layout, config), facts.Export),
    }


def publishing(layout: Layout, config: NodeConfig) -> tuple[Board, ...]:
    """Where this node puts its status: the board the nodes share, and for Alpha its own export."""
    found: list[Board] = []
    exported = Path(config.builds.export) if config.builds.export else layout.export
    if config.role == "alpha" and exported.is_dir():
        found.append(DirectoryBoard(exported / standing.STATUS, SUFFIX))
    if config.statuses:
        found.append(open_board(config, config.statuses, "statuses", SUFFIX))
    return tuple(found)
