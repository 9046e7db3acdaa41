"""Object storage: what must outlive machines, people's mistakes and people's intentions.

Every bucket is versioned, locked, encrypted with our key, private, and reached by TLS alone. What
is written stays for as long as the stack says; a copy lies in another region, where deleting here
deletes nothing.
"""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.buckets import Bucket, BucketArgs
from infra.permissions import Statement, assumed_by, document


@dataclass(frozen=True)
class StorageArgs:
    """How long what is kept, and where the copies go."""

    account: str
    region: str
    key: pulumi.Input[str]
    lock: Literal["GOVERNANCE", "COMPLIANCE"]
    journal_days: int
    backup_days: int
    replica_region: str
    replica_key: pulumi.Input[str]
    replicated: bool


class Storage(Component):
    """Two buckets and their copies: journals for the auditor, backups for the operator."""

    def __init__(self, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("storage", opts)
        self._args = args
        self.journals = self._bucket("journals", args.journal_days)
        # restic's store: today's backup is made of parts that lie there since the first one.
        self.backups = self._bucket("backups", args.backup_days)
        if args.replicated:
            for bucket, days in (
                (self.journals, args.journal_days),
                (self.backups, args.backup_days),
            ):
                self._replicate(bucket, days)
        self.register_outputs({})

    def _bucket(self, name: str, days: int) -> Bucket:
        return Bucket(
            name,
            BucketArgs(
                account=self._args.account,
                key=self._args.key,
                lock=self._args.lock,
                locked_days=days,
            ),
            self.child(),
        )

    def _replicate(self, source: Bucket, days: int) -> None:
        args = self._args
        name = f"{source.name}-replica"
        copy = Bucket(
            name,
            BucketArgs(
                account=args.account,
                key=args.replica_key,
                lock=args.lock,
                locked_days=days,
                region=args.replica_region,
            ),
            self.child(),
        )
        role = aws.iam.Role(
            f"{source.name}-replication",
            assume_role_policy=assumed_by("s3.amazonaws.com", args.account),
            opts=self.child(),
        )
        objects = pulumi.Output.format("{0}/*", source.bucket.arn)
        copies = pulumi.Output.format("{0}/*", copy.bucket.arn)
        permission = aws.iam.RolePolicy(
            f"{source.name}-replication",
            role=role.name,
            policy=document(
                Statement(
                    "Source",
                    ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                    [source.bucket.arn],
                ),
                Statement(
                    "Read",
                    [
                        "s3:GetObjectRetention",
                        "s3:GetObjectLegalHold",
                        "s3:GetObjectVersionAcl",
                        "s3:GetObjectVersionForReplication",
                        "s3:GetObjectVersionTagging",
                    ],
                    [objects],
                ),
                # Not ReplicateDelete: what is deleted here stays there.
                Statement("Copy", ["s3:ReplicateObject", "s3:ReplicateTags"], [copies]),
                Statement(
                    "Decrypt",
                    ["kms:Decrypt"],
                    [args.key],
                    conditions={
                        "StringEquals": {"kms:ViaService": f"s3.{args.region}.amazonaws.com"}
                    },
                ),
                Statement(
                    "Encrypt",
                    ["kms:Encrypt", "kms:GenerateDataKey"],
                    [args.replica_key],
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": f"s3.{args.replica_region}.amazonaws.com"
                        }
                    },
                ),
            ),
            opts=self.child(),
        )
        rule = aws.s3.BucketReplicationConfigRuleArgs(
            id="everything",
            status="Enabled",
            priority=1,
            filter=aws.s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
            delete_marker_replication=aws.s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
                status="Disabled"
            ),
            source_selection_criteria=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                sse_kms_encrypted_objects=(
                    aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                        status="Enabled"
                    )
                )
            ),
            destination=aws.s3.BucketReplicationConfigRuleDestinationArgs(
                bucket=copy.bucket.arn,
                storage_class="STANDARD_IA",
                encryption_configuration=(
                    aws.s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                        replica_kms_key_id=args.replica_key
                    )
                ),
                # Fifteen minutes, by AWS's word, and a metric that says when it is longer.
                replication_time=aws.s3.BucketReplicationConfigRuleDestinationReplicationTimeArgs(
                    status="Enabled",
                    time=aws.s3.BucketReplicationConfigRuleDestinationReplicationTimeTimeArgs(
                        minutes=15
                    ),
                ),
                metrics=aws.s3.BucketReplicationConfigRuleDestinationMetricsArgs(
                    status="Enabled",
                    event_threshold=(
                        aws.s3.BucketReplicationConfigRuleDestinationMetricsEventThresholdArgs(
                            minutes=15
                        )
                    ),
                ),
            ),
        )
        aws.s3.BucketReplicationConfig(
            source.name,
            bucket=source.bucket.bucket,
            role=role.arn,
            rules=[rule],
            # It is refused where either side is not versioned yet, or the role may not copy yet.
            opts=self.child(after=[source.versioning, copy.versioning, permission]),
        )
