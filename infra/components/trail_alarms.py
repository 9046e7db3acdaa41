"""What nobody should do in the account without others hearing of it: read from its trail.

The patterns follow the monitoring section of the CIS AWS Foundations Benchmark; its item is beside
each. They look at what was asked, so a refused attempt is heard, too.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.observability import AlarmArgs, Observability
from vanta.diagnostics.cloud_metrics import NAMESPACE


def _events(source: str, *names: str) -> str:
    asked = " || ".join(f"($.eventName = {name})" for name in names)
    return f"{{ ($.eventSource = {source}.amazonaws.com) && ({asked}) }}"


WATCHED: dict[str, tuple[str, str, str]] = {
    "unauthorised-calls": (
        "4.1",
        '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }',
        "Somebody, or a machine, asked for what its role does not allow.",
    ),
    "console-without-mfa": (
        "4.2",
        (
            '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
            ' && ($.userIdentity.type = "IAMUser")'
            ' && ($.responseElements.ConsoleLogin = "Success") }'
        ),
        "Somebody logged in to the console with a password alone.",
    ),
    "root": (
        "4.3",
        (
            '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS'
            ' && $.eventType != "AwsServiceEvent" }'
        ),
        "The account's root was used.",
    ),
    "permissions": (
        "4.4",
        _events(
            "iam",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "PutUserPolicy",
            "UpdateAssumeRolePolicy",
        ),
        "What a role or a user may do was changed.",
    ),
    "trail": (
        "4.5",
        _events("cloudtrail", "CreateTrail", "DeleteTrail", "StopLogging", "UpdateTrail"),
        "The trail was changed or stopped.",
    ),
    "keys": (
        "4.7",
        _events("kms", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"),
        "A key was disabled, opened, or is to be deleted.",
    ),
    "bucket-policies": (
        "4.8",
        _events(
            "s3",
            "DeleteBucketLifecycle",
            "DeleteBucketPolicy",
            "DeleteBucketReplication",
            "PutBucketAcl",
            "PutBucketLifecycle",
            "PutBucketPolicy",
            "PutBucketReplication",
        ),
        "Who reads a bucket, or how long it keeps things, was changed.",
    ),
    "security-groups": (
        "4.10",
        _events(
            "ec2",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
            "ModifySecurityGroupRules",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ),
        "Who may reach whom was changed.",
    ),
    "network-lists": (
        "4.11",
        _events(
            "ec2",
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "ReplaceNetworkAclAssociation",
            "ReplaceNetworkAclEntry",
        ),
        "What may cross a subnet's edge was changed.",
    ),
    "ways-out": (
        "4.12",
        _events(
            "ec2",
            "AttachInternetGateway",
            "CreateInternetGateway",
            "CreateNatGateway",
            "CreateRoute",
            "CreateRouteTable",
            "ReplaceRoute",
        ),
        "A way out of the network was made or moved.",
    ),
    "firewall": (
        "4.14",
        _events(
            "network-firewall",
            "AssociateFirewallPolicy",
            "DeleteFirewall",
            "UpdateFirewallPolicy",
            "UpdateRuleGroup",
        ),
        "What may leave the network was changed.",
    ),
}
"""Each with the benchmark's item, the pattern, and what it means."""


@dataclass(frozen=True)
class TrailAlarmsArgs:
    """The trail's log, and who is told."""

    trail_log: pulumi.Input[str]
    observability: Observability


class TrailAlarms(Component):
    """A count and an alarm for each."""

    def __init__(self, args: TrailAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trail-alarms", opts)
        for name, (item, pattern, meaning) in WATCHED.items():
            metric = "Trail" + name.title().replace("-", "")
            aws.cloudwatch.LogMetricFilter(
                name,
                log_group_name=args.trail_log,
                pattern=pattern,
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=metric, namespace=NAMESPACE, value="1", default_value="0"
                ),
                opts=self.child(),
            )
            args.observability.alarm(
                f"trail-{name}",
                AlarmArgs(
                    namespace=NAMESPACE,
                    metric=metric,
                    statistic="Sum",
                    comparison="GreaterThanThreshold",
                    # A broken script asks and is refused now and then; once is enough of the rest.
                    threshold=5 if name == "unauthorised-calls" else 0,
                    missing="notBreaching",
                    meaning=f"{meaning} (CIS AWS Foundations {item})",
                ),
            )
        self.register_outputs({})
