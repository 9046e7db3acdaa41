"""What the environment may cost, and who hears before it costs more."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component


@dataclass(frozen=True)
class BudgetArgs:
    """The limit of a month, and the topic of alarms."""

    environment: str
    monthly_usd: int
    topic: pulumi.Input[str]


class Budget(Component):
    """A budget over everything that bears the environment's tag."""

    def __init__(self, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("budget", opts)
        aws.budgets.Budget(
            "month",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[
                aws.budgets.BudgetCostFilterArgs(
                    name="TagKeyValue", values=[f"user:vanta:environment${args.environment}"]
                )
            ],
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    comparison_operator="GREATER_THAN",
                    notification_type=kind,
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[args.topic],
                )
                for kind, percent in (("ACTUAL", 50), ("ACTUAL", 90), ("FORECASTED", 100))
            ],
            opts=self.child(),
        )
        self.register_outputs({})
