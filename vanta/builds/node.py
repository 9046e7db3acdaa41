"""A node's builds, wired to its configuration: its export, its services, the policy in force."""

import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from vanta.builds.admit import Machine
from vanta.builds.health import Gate, Limits
from vanta.builds.log import JOURNAL, BuildLog, recall
from vanta.builds.processes import Processes
from vanta.builds.services import SERVICES, Services
from vanta.builds.site import Site
from vanta.builds.slots import Slots
from vanta.builds.state import BuildState
from vanta.builds.systemd import Systemd
from vanta.domain.instant import SECOND
from vanta.governance.builders import BuildPermission
from vanta.governance.documents.kinds import API_VERSION
from vanta.governance.published import PolicyReader
from vanta.node.config import NodeConfig, read_config
from vanta.node.layout import Layout


class InForce(NamedTuple):
    """A policy as it was read."""

    permission: BuildPermission
    commit: str
    """The governance commit it is of."""


class BuildsOfNode(NamedTuple):
    """What a command at a node stands on."""

    layout: Layout
    config: NodeConfig
    export: Path
    names: tuple[str, ...]
    services: Services
    limits: Limits
    machine: Machine

    @property
    def slots(self) -> Slots:
        """The folder of slots, to look at."""
        return Slots(self.layout.slots)

    @property
    def gate(self) -> Gate:
        """What looks at the services."""
        return Gate(self.services, self.layout.run, self.limits)

    def now(self) -> BuildState:
        """The state by the journal."""
        return recall(self.layout.journal(JOURNAL))

    def in_force(self) -> InForce:
        """What the policy in force says of builds.

        Raises:
            UnavailableError: there is none to read: then nothing is staged or promoted.
            MalformedError: it cannot be understood; the same holds.
        """
        found = PolicyReader(self.layout.memory)()
        return InForce(BuildPermission(found.policy, time.time_ns()), found.provenance.commit)

    @contextmanager
    def held(self, policy: str = "") -> Iterator[Site]:
        """Hold the node's builds, to change them.

        Args:
            policy: governance commit in force, for the records.

        Raises:
            UnavailableError: `JOURNAL_LOCKED`: somebody else does.
        """
        self.layout.memory.mkdir(mode=0o750, parents=True, exist_ok=True)
        log = BuildLog(
            self.layout.journal(JOURNAL), actor=f"builds@{version('vanta')}", clock=time.time_ns
        )
        try:
            log.policy = policy
            yield Site(self.layout, log, self.services, self.names, self.limits)
        finally:
            log.close()


def builds_of(node: Path) -> BuildsOfNode:
    """The builds of the node in a folder.

    Raises:
        UnavailableError, MalformedError: its configuration cannot be read.
    """
    layout = Layout(node.resolve())
    config = read_config(layout.config)
    wanted = config.builds
    services: Services = (
        Systemd(unit=wanted.unit) if wanted.supervisor == "systemd" else Processes(layout)
    )
    return BuildsOfNode(
        layout,
        config,
        Path(wanted.export) if wanted.export else layout.export,
        SERVICES[config.role] if wanted.services is None else tuple(wanted.services),
        services,
        Limits(wanted.passes, wanted.within / SECOND, wanted.every_ms / 1000),
        Machine(
            config.node,
            f"{sys.version_info.major}.{sys.version_info.minor}",
            f"{sys.platform}_{platform.machine()}",
            API_VERSION,
        ),
    )
