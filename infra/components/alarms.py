"""What wakes somebody: each alarm says in its own text what is wrong, in the words of a runbook."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.components import Component
from infra.components.database import Database
from infra.components.firewall import Firewall
from infra.components.network import Network
from infra.components.nodes import Machine
from infra.components.observability import AlarmArgs, Observability
from infra.topology import Node
from vanta.diagnostics.cloud_metrics import (
    HEALTHY,
    NAMESPACE,
    SNAPSHOT_AGE,
    of_environment,
    of_node,
)

_GIB = 1024**3


@dataclass(frozen=True)
class AlarmsArgs:
    """What is watched, and who is told."""

    environment: str
    region: str
    observability: Observability
    machines: Mapping[Node, Machine]
    database: Database
    database_gib: int
    firewall: Firewall
    network: Network
    snapshot_minutes: int


class Alarms(Component):
    """Machines that are down, silence, disks that fill, and what the firewall turned away."""

    def __init__(self, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alarms", opts)
        alarm = args.observability.alarm
        for node, machine in args.machines.items():
            alarm(
                f"{node}-down",
                AlarmArgs(
                    namespace="AWS/EC2",
                    metric="StatusCheckFailed",
                    statistic="Maximum",
                    comparison="GreaterThanThreshold",
                    threshold=0,
                    period=60,
                    periods=2,
                    missing="breaching",
                    meaning=f"{node} does not answer its provider. The others go on without it.",
                    dimensions={"InstanceId": machine.instance.id},
                ),
            )
            if node == "jump":
                continue  # nothing of ours runs there that could say how it is
            alarm(
                f"{node}-silent",
                AlarmArgs(
                    namespace=NAMESPACE,
                    metric=HEALTHY,
                    statistic="Minimum",
                    comparison="LessThanThreshold",
                    threshold=1,
                    missing="breaching",
                    meaning=f"vanta-diagnostics finds {node} unwell, or says nothing.",
                    dimensions=of_node(args.environment, node),
                ),
            )
        alarm(
            "redis-snapshot-age",
            AlarmArgs(
                namespace=NAMESPACE,
                metric=SNAPSHOT_AGE,
                statistic="Minimum",
                comparison="GreaterThanThreshold",
                threshold=args.snapshot_minutes * 60,
                missing="breaching",
                meaning="Redis' newest snapshot outside Alpha is too old, or nobody says its age.",
                dimensions=of_environment(args.environment),
            ),
        )
        self._database(args)
        for zone in args.network.egress_zones:
            alarm(
                f"firewall-drops-{zone}",
                AlarmArgs(
                    namespace="AWS/NetworkFirewall",
                    metric="DroppedPackets",
                    statistic="Sum",
                    comparison="GreaterThanThreshold",
                    threshold=100,
                    missing="notBreaching",
                    meaning="A machine asks for names that are not in egress.yaml: see the log.",
                    dimensions={
                        "FirewallName": args.firewall.firewall.name,
                        "AvailabilityZone": f"{args.region}{zone}",
                        "Engine": "Stateful",
                    },
                ),
            )
        self.register_outputs({})

    def _database(self, args: AlarmsArgs) -> None:
        which = {"DBInstanceIdentifier": args.database.instance.identifier}
        alarm = args.observability.alarm
        alarm(
            "database-space",
            AlarmArgs(
                namespace="AWS/RDS",
                metric="FreeStorageSpace",
                statistic="Minimum",
                comparison="LessThanThreshold",
                threshold=args.database_gib * _GIB / 10,
                missing="breaching",
                meaning="Less than a tenth of the database's disk is free, or it says nothing.",
                dimensions=which,
            ),
        )
        alarm(
            "database-busy",
            AlarmArgs(
                namespace="AWS/RDS",
                metric="CPUUtilization",
                statistic="Average",
                comparison="GreaterThanThreshold",
                threshold=90,
                periods=3,
                meaning="The database has been busy for a quarter of an hour.",
                dimensions=which,
            ),
        )
