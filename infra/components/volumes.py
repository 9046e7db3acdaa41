"""Volumes that outlive their machine: what is on them is backed up every hour."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components import Component
from infra.topology import Node

BACKUP = {"vanta:backup": "hourly"}
"""The tag by which the backup plan finds a volume."""


@dataclass(frozen=True)
class VolumeArgs:
    """Whose it is, how large, and where it is mounted."""

    node: Node
    where: str
    device: str
    zone: str
    gib: int
    key: pulumi.Input[str]


class Volume(Component):
    """One encrypted volume.

    Alpha's export of builds is one, and no Elastic File System: one machine writes, two read signed
    files and check them, and each starts from its own slot when Alpha is gone.
    """

    def __init__(
        self, name: str, args: VolumeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("volume", opts, name)
        self.name = name
        self.where = args.where
        self.device = args.device
        self.volume = aws.ebs.Volume(
            name,
            availability_zone=args.zone,
            size=args.gib,
            type="gp3",
            encrypted=True,
            kms_key_id=args.key,
            tags={"vanta:node": args.node, **BACKUP},
            opts=self.child(),
        )
        self.register_outputs({})
