"""What there is one of in an account: the trail of who did what, and defaults that close."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.components.buckets import Bucket, BucketArgs
from infra.naming import path
from infra.permissions import Statement, assumed_by, document


@dataclass(frozen=True)
class AccountArgs:
    """Whose account it is, and how long its trail is kept."""

    environment: str
    account: str
    region: str
    storage_key: pulumi.Input[str]
    log_key: pulumi.Input[str]
    log_days: int
    lock: Literal["GOVERNANCE", "COMPLIANCE"]
    trail_days: int


class Account(Component):
    """Left out where several environments share an account and another's stack has it."""

    def __init__(self, args: AccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("account", opts)
        self.trail_log = self._trail(args)
        self._defaults()
        self.register_outputs({})

    def _defaults(self) -> None:
        aws.ebs.EncryptionByDefault("volumes", enabled=True, opts=self.child())
        aws.ebs.SnapshotBlockPublicAccess("snapshots", state="block-all-sharing", opts=self.child())
        aws.ec2.InstanceMetadataDefaults(
            "metadata",
            http_tokens="required",
            http_put_response_hop_limit=1,
            opts=self.child(),
        )
        aws.s3.AccountPublicAccessBlock(
            "buckets",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child(),
        )
        aws.accessanalyzer.Analyzer(
            "access", analyzer_name="vanta", type="ACCOUNT", opts=self.child()
        )
        aws.guardduty.Detector(
            "threats",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            opts=self.child(),
        )

    def _trail(self, args: AccountArgs) -> aws.cloudwatch.LogGroup:
        # The name is ours, since the bucket must let the trail in before there is one.
        name = f"vanta-{args.environment}"
        arn = f"arn:aws:cloudtrail:{args.region}:{args.account}:trail/{name}"
        service = {"Service": "cloudtrail.amazonaws.com"}
        by_trail = {"StringEquals": {"aws:SourceArn": arn}}
        bucket = Bucket(
            "trail",
            BucketArgs(
                account=args.account,
                key=args.storage_key,
                lock=args.lock,
                locked_days=args.trail_days,
                writers=lambda bucket: (
                    Statement(
                        "TrailLooks",
                        ["s3:GetBucketAcl"],
                        [bucket],
                        principals=service,
                        conditions=by_trail,
                    ),
                    Statement(
                        "TrailWrites",
                        ["s3:PutObject"],
                        [pulumi.Output.format("{0}/AWSLogs/{1}/*", bucket, args.account)],
                        principals=service,
                        conditions=by_trail,
                    ),
                ),
            ),
            self.child(),
        )
        group = aws.cloudwatch.LogGroup(
            "trail",
            name=f"/{path(args.environment, 'trail')}",
            retention_in_days=args.log_days,
            kms_key_id=args.log_key,
            opts=self.child(),
        )
        role = aws.iam.Role(
            "trail",
            assume_role_policy=assumed_by("cloudtrail.amazonaws.com", args.account, arn),
            opts=self.child(),
        )
        streams = pulumi.Output.format("{0}:log-stream:*", group.arn)
        permission = aws.iam.RolePolicy(
            "trail",
            role=role.name,
            policy=document(
                Statement("Write", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
            ),
            opts=self.child(),
        )
        aws.cloudtrail.Trail(
            "trail",
            name=name,
            s3_bucket_name=bucket.bucket.bucket,
            kms_key_id=args.storage_key,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=pulumi.Output.format("{0}:*", group.arn),
            cloud_watch_logs_role_arn=role.arn,
            opts=self.child(after=[bucket.policy, permission]),
        )
        return group
