"""Redis runs on Alpha; what there is of it here is that its loss would be noticed and small.

`save 300 1` writes a snapshot every five minutes, a timer on Alpha ships it into the bucket of
backups and says how old the newest there is. The alarm is on that age, and on silence.
"""

from dataclasses import dataclass

import pulumi

from infra.components import Component
from infra.components.buckets import Bucket
from infra.components.identity import METRICS
from infra.components.observability import AlarmArgs, Observability
from infra.permissions import Statement

PREFIX = "redis/"


@dataclass(frozen=True)
class CacheArgs:
    """From what age on somebody is told, and who."""

    alarm_minutes: int
    observability: Observability


class Cache(Component):
    """The alarm on the age of the newest snapshot, and what Alpha needs to ship one."""

    def __init__(self, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cache", opts)
        args.observability.alarm(
            "redis-snapshot-age",
            AlarmArgs(
                namespace=METRICS,
                metric="RedisSnapshotAgeSeconds",
                statistic="Minimum",
                comparison="GreaterThanThreshold",
                threshold=args.alarm_minutes * 60,
                meaning="Redis' newest snapshot outside Alpha is too old, or nobody says its age.",
                missing="breaching",
            ),
        )
        self.register_outputs({})


def shipping(bucket: Bucket, prefix: str, key: pulumi.Input[str], region: str) -> list[Statement]:
    """What a machine needs to put files under one prefix of a bucket, and not to take them back."""
    return [
        Statement(
            f"Put{prefix.strip('/').title().replace('-', '')}",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [pulumi.Output.format("{0}/{1}*", bucket.bucket.arn, prefix)],
        ),
        Statement(
            f"Encrypt{prefix.strip('/').title().replace('-', '')}",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [key],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
        ),
    ]
