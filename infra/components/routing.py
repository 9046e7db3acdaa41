"""Who hands packets to whom: machines to the inspection, the inspection to NAT, and back again."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.firewall import Firewall
from infra.components.network import Network

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class RoutingArgs:
    """The network, and the inspection that stands in it."""

    network: Network
    firewall: Firewall


class Routing(Component):
    """One table a subnet that has somewhere to go; the others reach the network and no further."""

    def __init__(self, args: RoutingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("routing", opts)
        self._network = args.network
        self._firewall = args.firewall
        network = args.network
        self.node_tables = [self._node(zone) for zone in network.args.zones]
        for zone in network.egress_zones:
            self._inspection(zone)
            self._edge(zone)
        for zone in network.args.zones:
            self._table("entrance", zone, internet=True)
            self._table("data", zone)
        for zone in network.egress_zones:
            self._table("endpoint", zone)
        self.register_outputs({})

    def _table(self, tier: str, zone: str, *, internet: bool = False) -> aws.ec2.RouteTable:
        name = f"{tier}-{zone}"
        table = aws.ec2.RouteTable(name, vpc_id=self._network.vpc.id, opts=self.child())
        aws.ec2.RouteTableAssociation(
            name,
            subnet_id=self._network.subnets[tier, zone].id,  # type: ignore[index]
            route_table_id=table.id,
            opts=self.child(),
        )
        if internet:
            aws.ec2.Route(
                f"{name}-out",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                gateway_id=self._network.gateway.id,
                opts=self.child(),
            )
        return table

    def _node(self, zone: str) -> aws.ec2.RouteTable:
        table = self._table("node", zone)
        aws.ec2.Route(
            f"node-{zone}-out",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            vpc_endpoint_id=self._firewall.endpoint(self._network.egress_zone(zone)),
            opts=self.child(),
        )
        return table

    def _inspection(self, zone: str) -> None:
        table = self._table("firewall", zone)
        aws.ec2.Route(
            f"firewall-{zone}-out",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=self._network.nats[zone].id,
            opts=self.child(),
        )

    def _edge(self, zone: str) -> None:
        table = self._table("edge", zone, internet=True)
        # An answer goes back the way the question came, or the inspection would not know it.
        for served in self._network.args.zones:
            if self._network.egress_zone(served) == zone:
                aws.ec2.Route(
                    f"edge-{zone}-back-{served}",
                    route_table_id=table.id,
                    destination_cidr_block=str(self._network.range_of("node", served)),
                    vpc_endpoint_id=self._firewall.endpoint(zone),
                    opts=self.child(),
                )
