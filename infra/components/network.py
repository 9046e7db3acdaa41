"""The private network: ranges, zones, the ways in and out of it, and a log of every connection."""

from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.addresses import TIERS, Tier, subnet
from infra.components import Component
from infra.naming import path
from infra.permissions import Statement, assumed_by, document

_FLOW_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr}"
    " ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action}"
    " ${tcp-flags} ${flow-direction} ${log-status}"
)
"""With the packet's own addresses beside the interface's: behind NAT only those say who it was."""


@dataclass(frozen=True)
class NetworkArgs:
    """The range, the zones by their letters, and where the log of connections goes."""

    environment: str
    account: str
    region: str
    cidr: IPv4Network
    zones: tuple[str, ...]
    egress_per_zone: bool
    flow_log_days: int
    log_key: pulumi.Input[str]


class Network(Component):
    """A network whose machines have no public address; the firewall stands before the way out."""

    def __init__(self, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("network", opts)
        self.args = args
        self.egress_zones = args.zones if args.egress_per_zone else args.zones[:1]
        self.vpc = aws.ec2.Vpc(
            "network",
            cidr_block=str(args.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            opts=self.child(),
        )
        # What is made in the network without a group of its own reaches nobody.
        aws.ec2.DefaultSecurityGroup(
            "default", vpc_id=self.vpc.id, ingress=[], egress=[], opts=self.child()
        )
        self.subnets = {
            (tier, zone): self._subnet(tier, zone) for tier in TIERS for zone in self._zones(tier)
        }
        self.gateway = aws.ec2.InternetGateway("internet", vpc_id=self.vpc.id, opts=self.child())
        self.nats = {zone: self._nat(zone) for zone in self.egress_zones}
        self._log_flows()
        self.register_outputs({})

    def _zones(self, tier: Tier) -> tuple[str, ...]:
        through = tier in {"firewall", "edge", "endpoint"}
        return self.egress_zones if through else self.args.zones

    def egress_zone(self, zone: str) -> str:
        """The zone through which traffic of `zone` leaves."""
        return zone if zone in self.egress_zones else self.egress_zones[0]

    def range_of(self, tier: Tier, zone: str) -> IPv4Network:
        """The addresses of one subnet."""
        return subnet(self.args.cidr, self.args.zones.index(zone), tier)

    def _subnet(self, tier: Tier, zone: str) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{tier}-{zone}",
            vpc_id=self.vpc.id,
            availability_zone=f"{self.args.region}{zone}",
            cidr_block=str(self.range_of(tier, zone)),
            map_public_ip_on_launch=False,
            tags={"vanta:tier": tier},
            opts=self.child(),
        )

    def _nat(self, zone: str) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(f"nat-{zone}", domain="vpc", opts=self.child(after=[self.gateway]))
        return aws.ec2.NatGateway(
            f"nat-{zone}",
            allocation_id=address.allocation_id,
            subnet_id=self.subnets["edge", zone].id,
            opts=self.child(after=[self.gateway]),
        )

    def _log_flows(self) -> None:
        args = self.args
        group = aws.cloudwatch.LogGroup(
            "flows",
            name=f"/{path(args.environment, 'flows')}",
            retention_in_days=args.flow_log_days,
            kms_key_id=args.log_key,
            opts=self.child(),
        )
        role = aws.iam.Role(
            "flow-log",
            assume_role_policy=assumed_by("vpc-flow-logs.amazonaws.com", args.account),
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            "flow-log",
            role=role.name,
            policy=document(
                Statement(
                    "Write",
                    [
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    [group.arn, pulumi.Output.format("{0}:log-stream:*", group.arn)],
                )
            ),
            opts=self.child(),
        )
        aws.ec2.FlowLog(
            "flows",
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            log_format=_FLOW_FORMAT,
            max_aggregation_interval=60,
            opts=self.child(),
        )
