"""Copies of the machines' volumes: each hour here, each day in the other region."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.permissions import assumed_by
from infra.settings import Backups as Terms

_SERVICE_POLICIES = {
    "make": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
}


@dataclass(frozen=True)
class BackupsArgs:
    """How long copies stay, who may shorten that, and what they are encrypted with."""

    account: str
    terms: Terms
    key: pulumi.Input[str]
    replica_region: str
    replica_key: pulumi.Input[str]


class Backups(Component):
    """A vault, a plan for everything tagged `vanta:backup`, and a second vault far away."""

    def __init__(self, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("backups", opts)
        self._args = args
        vault = self._vault("hourly", args.key, None, args.terms.hourly_days)
        copies = (
            self._vault("copies", args.replica_key, args.replica_region, args.terms.daily_days)
            if args.terms.copied
            else None
        )
        role = aws.iam.Role(
            "backup",
            assume_role_policy=assumed_by("backup.amazonaws.com", args.account),
            opts=self.child(),
        )
        for name, policy in _SERVICE_POLICIES.items():
            aws.iam.RolePolicyAttachment(
                f"backup-{name}", role=role.name, policy_arn=policy, opts=self.child()
            )
        plan = aws.backup.Plan(
            "volumes",
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name="hourly",
                    target_vault_name=vault.name,
                    schedule="cron(0 * * * ? *)",
                    start_window=60,
                    completion_window=180,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=args.terms.hourly_days),
                ),
                aws.backup.PlanRuleArgs(
                    rule_name="daily",
                    target_vault_name=vault.name,
                    # After the markets close in New York, summer and winter.
                    schedule="cron(30 22 * * ? *)",
                    start_window=60,
                    completion_window=360,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=args.terms.daily_days),
                    copy_actions=[
                        aws.backup.PlanRuleCopyActionArgs(
                            destination_vault_arn=copies.arn,
                            lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(
                                delete_after=args.terms.daily_days
                            ),
                        )
                    ]
                    if copies
                    else None,
                ),
            ],
            opts=self.child(),
        )
        aws.backup.Selection(
            "volumes",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            selection_tags=[
                aws.backup.SelectionSelectionTagArgs(
                    type="STRINGEQUALS", key="vanta:backup", value="hourly"
                )
            ],
            opts=self.child(),
        )
        self.register_outputs({})

    def _vault(
        self, name: str, key: pulumi.Input[str], region: str | None, days: int
    ) -> aws.backup.Vault:
        vault = aws.backup.Vault(
            name, kms_key_arn=key, force_destroy=False, region=region, opts=self.child()
        )
        if self._args.terms.locked:
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=min(days, self._args.terms.hourly_days),
                region=region,
                opts=self.child(),
            )
        return vault
