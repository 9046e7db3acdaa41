"""Keys of KMS: one a purpose, so that who may read logs cannot read secrets."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.naming import path
from infra.permissions import EVERYTHING, Statement, document

# Whole names: the account's own administrators, who are let in by their IAM policies. That it
# includes PutKeyPolicy is what keeps a key from being locked to everybody.
_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_SERVICE_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True)
class KeysArgs:
    """Where the keys lie."""

    environment: str
    account: str
    region: str
    replica_region: str


class Keys(Component):
    """The environment's keys, and those that the copies in the other region are written with."""

    def __init__(self, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keys", opts)
        self._args = args
        self.volumes = self._key("volumes", "Volumes of machines, and copies of them.")
        self.database = self._key("database", "The database, its copies and its password.")
        self.storage = self._key(
            "storage",
            "Buckets of journals and backups.",
            # The trail writes into a bucket, and names itself when it does.
            self._service("Trail", "cloudtrail.amazonaws.com"),
        )
        self.secrets = self._key("secrets", "Secrets Manager.")
        self.logs = self._key(
            "logs",
            "Log groups and alarms.",
            Statement(
                "Logs",
                _SERVICE_USE,
                [EVERYTHING],
                principals={"Service": f"logs.{args.region}.amazonaws.com"},
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": (
                            f"arn:aws:logs:{args.region}:{args.account}:log-group:*"
                        )
                    }
                },
            ),
            self._service("Alarms", "cloudwatch.amazonaws.com"),
            self._service("Budgets", "budgets.amazonaws.com"),
        )
        self.replica = self._key(
            "replica",
            "What is copied into this region from the other.",
            region=args.replica_region,
        )
        self.register_outputs({})

    def _service(self, sid: str, service: str) -> Statement:
        """Use by an AWS service, for this account alone."""
        return Statement(
            sid,
            _SERVICE_USE,
            [EVERYTHING],
            principals={"Service": service},
            conditions={"StringEquals": {"aws:SourceAccount": self._args.account}},
        )

    def _key(
        self, name: str, description: str, *more: Statement, region: str | None = None
    ) -> aws.kms.Key:
        key = aws.kms.Key(
            name,
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=document(*self._statements(), *more),
            region=region,
            opts=self.child(),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{path(self._args.environment, name)}",
            target_key_id=key.key_id,
            region=region,
            opts=self.child(),
        )
        return key

    def _statements(self) -> Sequence[Statement]:
        everybody = {"AWS": f"arn:aws:iam::{self._args.account}:root"}
        return (
            Statement("Administer", _ADMINISTER, [EVERYTHING], principals=everybody),
            # To IAM: a role may use the key if its own policy says so.
            Statement("UseByPolicy", _USE, [EVERYTHING], principals=everybody),
        )
