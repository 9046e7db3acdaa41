"""AWS's own services, inside the network: machines reach them without a way outside."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.network import Network
from infra.components.routing import Routing
from infra.permissions import EVERYTHING, Statement, document

# What each service is used for, and so what may be asked of it through the network.
_INTERFACES: dict[str, tuple[str, ...]] = {
    "ec2messages": (
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
    ),
    "kms": ("kms:Decrypt", "kms:GenerateDataKey"),
    "logs": ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    "monitoring": ("cloudwatch:PutMetricData",),
    "secretsmanager": ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
    "ssm": ("ssm:UpdateInstanceInformation",),
    "ssmmessages": (
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
}


@dataclass(frozen=True)
class EndpointsArgs:
    """The network, the group of the endpoints, and what of which buckets may be reached."""

    account: str
    region: str
    network: Network
    routing: Routing
    group: pulumi.Input[str]
    buckets: list[pulumi.Input[str]]
    locks: pulumi.Input[str]
    """The one folder in which something is taken away: locks of Alpha's backups."""


class Endpoints(Component):
    """One endpoint a service; each lets this account's own roles in, and nobody else's."""

    def __init__(self, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("endpoints", opts)
        self._args = args
        ours = {"StringEquals": {"aws:PrincipalAccount": args.account}}
        subnets = [args.network.subnets["endpoint", zone].id for zone in args.network.egress_zones]
        for service, actions in _INTERFACES.items():
            aws.ec2.VpcEndpoint(
                service,
                vpc_id=args.network.vpc.id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.region}.{service}",
                private_dns_enabled=True,
                subnet_ids=subnets,
                security_group_ids=[args.group],
                policy=document(
                    Statement("Ours", actions, [EVERYTHING], principals="*", conditions=ours)
                ),
                opts=self.child(),
            )
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=args.network.vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.region}.s3",
            route_table_ids=[table.id for table in args.routing.node_tables],
            policy=document(*self._object_store(ours)),
            opts=self.child(),
        )
        self.register_outputs({})

    def _object_store(self, ours: dict[str, dict[str, str]]) -> list[Statement]:
        objects = [pulumi.Output.format("{0}/*", arn) for arn in self._args.buckets]
        return [
            Statement(
                "Objects",
                ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                objects,
                principals="*",
                conditions=ours,
            ),
            Statement(
                "Locks",
                ["s3:DeleteObject"],
                [pulumi.Output.format("{0}/*", self._args.locks)],
                principals="*",
                conditions=ours,
            ),
            Statement(
                "Lists", ["s3:ListBucket"], self._args.buckets, principals="*", conditions=ours
            ),
            # Where AWS keeps the agent of Session Manager. It is public, and checked by digest.
            Statement(
                "Agent",
                ["s3:GetObject"],
                [f"arn:aws:s3:::amazon-ssm-{self._args.region}/*"],
                principals="*",
            ),
        ]
