"""What each machine may do in the account: one role each, in whole names of actions.

A role says what its machine is for. That Markets cannot read a broker's key, and that nobody but
Alpha writes backups of the bus, is written here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.naming import path
from infra.permissions import EVERYTHING, Statement, assumed_by, document
from infra.topology import NODES, Node
from vanta.diagnostics.cloud_metrics import NAMESPACE

# Session Manager knows no narrower resource: which machine it is, its credentials say.
_SESSION = Statement(
    "Session",
    [
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ],
    [EVERYTHING],
)
_METRICS = Statement(
    "Metrics",
    ["cloudwatch:PutMetricData"],
    [EVERYTHING],
    conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
)


@dataclass(frozen=True)
class IdentityArgs:
    """What the machines need: secrets by node, further statements by node, and the keys."""

    environment: str
    account: str
    region: str
    log_key: pulumi.Input[str]
    log_days: int
    secrets: Mapping[Node, Sequence[pulumi.Input[str]]]
    secrets_key: pulumi.Input[str]
    statements: Mapping[Node, Sequence[Statement]] = field(default_factory=dict)


class Identity(Component):
    """A role, its profile and its log group for each machine."""

    def __init__(self, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("identity", opts)
        self._args = args
        self.logs = {
            node: aws.cloudwatch.LogGroup(
                node,
                name=f"/{path(args.environment, node)}",
                retention_in_days=args.log_days,
                kms_key_id=args.log_key,
                opts=self.child(),
            )
            for node in NODES
        }
        self.roles = {
            node: aws.iam.Role(
                node,
                assume_role_policy=assumed_by("ec2.amazonaws.com", args.account),
                max_session_duration=3600,
                opts=self.child(),
            )
            for node in NODES
        }
        for node in NODES:
            aws.iam.RolePolicy(
                node,
                role=self.roles[node].name,
                policy=document(*self._statements(node)),
                opts=self.child(),
            )
        self.profiles = {
            node: aws.iam.InstanceProfile(node, role=self.roles[node].name, opts=self.child())
            for node in NODES
        }
        self.register_outputs({})

    def _statements(self, node: Node) -> list[Statement]:
        args = self._args
        found = [
            _SESSION,
            _METRICS,
            Statement(
                "Logs",
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [pulumi.Output.format("{0}:log-stream:*", self.logs[node].arn)],
            ),
        ]
        if secrets := args.secrets.get(node):
            found += [
                Statement(
                    "Secrets",
                    ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                    secrets,
                ),
                Statement(
                    "ReadSecrets",
                    ["kms:Decrypt"],
                    [args.secrets_key],
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": f"secretsmanager.{args.region}.amazonaws.com"
                        }
                    },
                ),
            ]
        return [*found, *args.statements.get(node, ())]
