"""What machines put outside themselves, and may not take back: journals, and Alpha's backups.

Redis runs on Alpha (decision 0025). `save 300 1` writes a snapshot every five minutes, Alpha puts
it here and says how old the newest is; `alarms` listens. Nobody on a machine can read a bucket or
delete from it, so whoever takes a machine over has neither yesterday's journals nor a way to lose
them. Restoring is an operator's, with their own credentials.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.components.storage import Storage
from infra.permissions import Statement
from infra.topology import Node

BACKUPS = ("redis/", "repository/", "postgres/")
"""Folders that Alpha writes in the bucket of backups."""


@dataclass(frozen=True)
class Shipping:
    """Statements for the roles of the machines."""

    storage: Storage
    key: pulumi.Input[str]
    region: str

    def statements(self) -> Mapping[Node, Sequence[Statement]]:
        """What each machine needs to put its files out."""
        encrypt = Statement(
            "EncryptShipped",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [self.key],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{self.region}.amazonaws.com"}},
        )
        workers: tuple[Node, ...] = ("markets", "executor")
        found: dict[Node, Sequence[Statement]] = {
            node: (self._put("ShipJournals", self.storage.journals.bucket.arn, f"{node}/"), encrypt)
            for node in workers
        }
        found["alpha"] = (
            self._put("ShipJournals", self.storage.journals.bucket.arn, "alpha/"),
            self._put("ShipBackups", self.storage.backups.bucket.arn, *BACKUPS),
            encrypt,
        )
        return found

    def _put(self, sid: str, bucket: pulumi.Output[str], *folders: str) -> Statement:
        return Statement(
            sid,
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [pulumi.Output.format("{0}/{1}*", bucket, folder) for folder in folders],
        )
