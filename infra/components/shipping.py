"""What machines put outside themselves, and may not take back: journals, and Alpha's backups.

Redis runs on Alpha (decision 0025). `save 300 1` writes a snapshot every five minutes, restic puts
it here, encrypted, and Alpha says how old the newest is; `alarms` listens. Nobody on a machine can
read what was put or delete it, so whoever takes a machine over has neither yesterday's journals nor
a way to lose them. Restoring is an operator's, with their own credentials.

restic cannot add to a store that it may not look at. So Alpha reads what says which parts are there
(never the parts), and takes away locks of its own: in a bucket with versions and a lock on each,
that hides them, and everything stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.components.storage import Storage
from infra.permissions import Statement
from infra.topology import Node

BACKUPS = "alpha"
"""The folder of the bucket of backups in which Alpha's restic keeps its store."""
_DESCRIBES = ("config", "index/*", "keys/*", "locks/*", "snapshots/*")
"""Of that store, what says what there is. What was backed up is in `data/`."""
_LOCKS = "locks/*"


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
            self._put("ShipBackups", self.storage.backups.bucket.arn, f"{BACKUPS}/"),
            Statement("DescribeBackups", ["s3:GetObject"], self._of_store(*_DESCRIBES)),
            Statement("UnlockBackups", ["s3:DeleteObject"], self._of_store(_LOCKS)),
            # Without a prefix: restic asks first whether there is a bucket.
            Statement("ListBackups", ["s3:ListBucket"], [self.storage.backups.bucket.arn]),
            encrypt,
        )
        return found

    def _of_store(self, *paths: str) -> list[pulumi.Output[str]]:
        bucket = self.storage.backups.bucket.arn
        return [pulumi.Output.format("{0}/{1}/{2}", bucket, BACKUPS, path) for path in paths]

    def _put(self, sid: str, bucket: pulumi.Output[str], *folders: str) -> Statement:
        return Statement(
            sid,
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [pulumi.Output.format("{0}/{1}*", bucket, folder) for folder in folders],
        )
