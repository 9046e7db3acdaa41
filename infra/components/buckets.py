"""One bucket as we have them, with everything that makes it safe: none is made in another way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.permissions import Statement, document


@dataclass(frozen=True)
class BucketArgs:
    """Its key, how long what it holds is locked, and the region where not the stack's."""

    account: str
    key: pulumi.Input[str]
    lock: Literal["GOVERNANCE", "COMPLIANCE"]
    locked_days: int
    region: str | None = None
    writers: Callable[[pulumi.Output[str]], tuple[Statement, ...]] = lambda _: ()
    """Which AWS services may put things in; people and machines are let in by their roles."""


_NONCURRENT_DAYS = 30
"""How long an older version stays once its lock ends; a lock outlasts any rule."""
_COLD_DAYS = 90


class Bucket(Component):
    """A versioned, locked, encrypted, private bucket.

    What lies in it stays until somebody deletes it, in colder storage after a while. What was
    deleted is gone some time after its lock ended.
    """

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("bucket", opts, name)
        self.name = name
        self._region = args.region
        self.bucket = aws.s3.Bucket(
            name,
            object_lock_enabled=True,
            force_destroy=False,
            region=args.region,
            opts=self.child(),
        )
        self.versioning = aws.s3.BucketVersioning(
            name,
            bucket=self.bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            region=args.region,
            opts=self.child(),
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="aws:kms", kms_master_key_id=args.key
                        )
                    ),
                    bucket_key_enabled=True,
                )
            ],
            region=args.region,
            opts=self.child(),
        )
        aws.s3.BucketObjectLockConfiguration(
            name,
            bucket=self.bucket.bucket,
            object_lock_enabled="Enabled",
            rule=aws.s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=aws.s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode=args.lock, days=args.locked_days
                )
            ),
            region=args.region,
            opts=self.child(after=[self.versioning]),
        )
        self.policy = self._close(args)
        self._age(args)
        self.register_outputs({})

    def _close(self, args: BucketArgs) -> aws.s3.BucketPolicy:
        aws.s3.BucketOwnershipControls(
            self.name,
            bucket=self.bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            region=args.region,
            opts=self.child(),
        )
        block = aws.s3.BucketPublicAccessBlock(
            self.name,
            bucket=self.bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=args.region,
            opts=self.child(),
        )
        objects = pulumi.Output.format("{0}/*", self.bucket.arn)
        return aws.s3.BucketPolicy(
            self.name,
            bucket=self.bucket.bucket,
            policy=document(
                Statement(
                    "TlsOnly",
                    ["s3:*"],
                    [self.bucket.arn, objects],
                    principals="*",
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                    effect="Deny",
                ),
                Statement(
                    "ModernTlsOnly",
                    ["s3:*"],
                    [self.bucket.arn, objects],
                    principals="*",
                    conditions={"NumericLessThan": {"s3:TlsVersion": "1.2"}},
                    effect="Deny",
                ),
                Statement(
                    "OursOnly",
                    ["s3:*"],
                    [self.bucket.arn, objects],
                    principals="*",
                    conditions={
                        "StringNotEquals": {"aws:PrincipalAccount": args.account},
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    },
                    effect="Deny",
                ),
                *args.writers(self.bucket.arn),
            ),
            region=args.region,
            opts=self.child(after=[block]),
        )

    def _age(self, args: BucketArgs) -> None:
        aws.s3.BucketLifecycleConfiguration(
            self.name,
            bucket=self.bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="age",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    # What nothing lies beneath any more, such as the mark on a lock of restic's.
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        expired_object_delete_marker=True
                    ),
                    transitions=[
                        aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                            days=_COLD_DAYS, storage_class="GLACIER_IR"
                        )
                    ],
                    noncurrent_version_expiration=(
                        aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                            noncurrent_days=args.locked_days + _NONCURRENT_DAYS
                        )
                    ),
                    abort_incomplete_multipart_upload=(
                        aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=7
                        )
                    ),
                )
            ],
            region=args.region,
            # Rules about older versions want the versions first.
            opts=self.child(after=[self.versioning]),
        )
