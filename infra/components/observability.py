"""Alarms, and who hears of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.permissions import Statement, document


@dataclass(frozen=True)
class AlarmArgs:
    """When a metric is out of bounds, and what that means to whoever is woken."""

    namespace: str
    metric: str
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"]
    comparison: Literal[
        "GreaterThanThreshold", "LessThanThreshold", "GreaterThanOrEqualToThreshold"
    ]
    threshold: float
    meaning: str
    period: int = 300
    periods: int = 1
    missing: Literal["breaching", "notBreaching", "missing"] = "missing"
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ObservabilityArgs:
    """Who is told, and with what the message is kept."""

    account: str
    mail: Sequence[str]
    key: pulumi.Input[str]


class Observability(Component):
    """The topic that alarms go to, with its readers."""

    def __init__(self, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("observability", opts)
        self.topic = aws.sns.Topic("alarms", kms_master_key_id=args.key, opts=self.child())
        aws.sns.TopicPolicy(
            "alarms",
            arn=self.topic.arn,
            policy=document(
                *(
                    Statement(
                        sid,
                        ["sns:Publish"],
                        [self.topic.arn],
                        principals={"Service": service},
                        conditions={"StringEquals": {"aws:SourceAccount": args.account}},
                    )
                    for sid, service in (
                        ("Alarms", "cloudwatch.amazonaws.com"),
                        ("Budgets", "budgets.amazonaws.com"),
                    )
                )
            ),
            opts=self.child(),
        )
        for index, address in enumerate(args.mail):
            aws.sns.TopicSubscription(
                f"alarms-{index}",
                topic=self.topic.arn,
                protocol="email",
                endpoint=address,
                opts=self.child(),
            )
        self.register_outputs({})

    def alarm(self, name: str, args: AlarmArgs) -> aws.cloudwatch.MetricAlarm:
        """An alarm whose readers are this topic's."""
        return aws.cloudwatch.MetricAlarm(
            name,
            namespace=args.namespace,
            metric_name=args.metric,
            statistic=args.statistic,
            comparison_operator=args.comparison,
            threshold=args.threshold,
            period=args.period,
            evaluation_periods=args.periods,
            treat_missing_data=args.missing,
            dimensions=dict(args.dimensions),
            alarm_description=args.meaning,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            opts=self.child(),
        )
