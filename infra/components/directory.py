"""Names inside the network: what certificates, mounts and playbooks call a machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.topology import Node


@dataclass(frozen=True)
class DirectoryArgs:
    """The network, and which machine is where."""

    environment: str
    vpc: pulumi.Input[str]
    addresses: Mapping[Node, IPv4Address]
    database: pulumi.Input[str]


def host(environment: str, name: str) -> str:
    """A machine's name inside, such as `alpha.prod.vanta.internal`."""
    return f"{name}.{environment}.vanta.internal"


class Directory(Component):
    """A private zone with a name for each machine, and one for the database."""

    def __init__(self, args: DirectoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("directory", opts)
        zone = aws.route53.Zone(
            "inside",
            name=f"{args.environment}.vanta.internal",
            vpcs=[aws.route53.ZoneVpcArgs(vpc_id=args.vpc)],
            opts=self.child(),
        )
        records: dict[str, tuple[str, pulumi.Input[str]]] = {
            node: ("A", str(address)) for node, address in args.addresses.items()
        }
        records["database"] = ("CNAME", args.database)
        for name, (kind, value) in records.items():
            aws.route53.Record(
                name,
                zone_id=zone.zone_id,
                name=host(args.environment, name),
                type=kind,
                ttl=60,
                records=[value],
                opts=self.child(),
            )
        self.register_outputs({})
