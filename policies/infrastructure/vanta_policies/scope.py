"""What the other policies do not look at, which is the hole in every list of policies."""

from collections.abc import Iterable, Iterator

from vanta_policies.framework import design
from vanta_policies.rule import MEDIUM, Rule, words
from vanta_policies.stack import Finding, Stack, StackRule, stack_rule

_HARMLESS = (
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/volumeAttachment:VolumeAttachment",
    "aws:accessanalyzer/analyzer:Analyzer",
    "aws:backup/selection:Selection",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:kms/alias:Alias",
    "aws:lb/targetGroup:TargetGroup",
    "aws:networkfirewall/loggingConfiguration:LoggingConfiguration",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:route53/record:Record",
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
    "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
    "aws:sns/topicSubscription:TopicSubscription",
)
"""Kinds that hold nothing and let nobody in, or that are judged with what needs them."""

_OURS = ("pulumi:pulumi:Stack", "vanta:")


def scope(rules: Iterable[Rule | StackRule]) -> StackRule:
    """The policy that everything else is judged by one of `rules`, or is on the list."""
    judged = frozenset(kind for one in rules for kind in one.kinds)

    @stack_rule(
        "nothing-is-made-that-nobody-judges",
        grounds=design("reach"),
        severity=MEDIUM,
        remedy="write a policy for the kind, or put it on the list `harmless` with a reason in the"
        " commit",
        settings={"harmless": words(*_HARMLESS, says="Kinds that need no policy.")},
    )
    def known(stack: Stack) -> Iterator[Finding]:
        """Whatever is made is of a kind that a policy judges, or that somebody has looked at."""
        for member in stack.members:
            kind = member.kind
            if not kind.startswith(_OURS) and kind not in {*judged, *stack.settings["harmless"]}:
                yield Finding(f"no policy judges {kind}", member)

    return known
