"""What the stack tells Ansible and people. No secret is among it: only where each lies."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import pulumi

from infra import provider
from infra.addresses import resolver
from infra.components.database import Database
from infra.components.directory import host
from infra.components.entrance import Entrance
from infra.components.nodes import Machine
from infra.components.secrets import Secrets
from infra.components.shipping import BACKUPS
from infra.components.storage import Storage
from infra.settings import Settings
from infra.topology import NODES, Node, flows, outside
from vanta.diagnostics.cloud_metrics import NAMESPACE


def export(
    *,
    environment: str,
    settings: Settings,
    addresses: Mapping[Node, IPv4Address],
    machines: Mapping[Node, Machine],
    entrance: Entrance,
    database: Database,
    storage: Storage,
    secrets: Secrets,
) -> None:
    """Export the stack's outputs."""
    region = settings.account.region
    pulumi.export("environment", environment)
    pulumi.export("entrance", entrance.balancer.dns_name)
    pulumi.export(
        "nodes",
        {
            node: {
                "name": host(environment, node),
                "address": str(addresses[node]),
                "instance": machines[node].instance.id,
                "volumes": {volume.where: volume.volume.id for volume in machines[node].volumes},
                "secrets": secrets.read_by(node),
                "services": provider.services_of(
                    node, region, agent=settings.nodes.agent is not None
                ),
            }
            for node in NODES
        },
    )
    pulumi.export("network", str(settings.network.cidr))
    pulumi.export("resolver", str(resolver(settings.network.cidr)))
    pulumi.export("operators", [str(network) for network in settings.network.operators])
    pulumi.export(
        "database",
        {
            "name": host(environment, "database"),
            "address": database.instance.address,
            "port": database.instance.port,
            "password": database.password,
        },
    )
    pulumi.export(
        "buckets",
        {"journals": storage.journals.bucket.bucket, "backups": storage.backups.bucket.bucket},
    )
    pulumi.export(
        "backups",
        pulumi.Output.format(
            "s3:https://{0}/{1}/{2}",
            provider.object_store(region),
            storage.backups.bucket.bucket,
            BACKUPS,
        ),
    )
    pulumi.export("metrics", {"namespace": NAMESPACE, "region": region})
    pulumi.export("snapshot_minutes", settings.cache.snapshot_minutes)
    pulumi.export("ports", [flow.model_dump(by_alias=True, mode="json") for flow in flows()])
    pulumi.export("egress", [entry.model_dump(mode="json") for entry in outside()])
