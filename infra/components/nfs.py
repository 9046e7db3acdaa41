"""Alpha's export of builds: a volume of its own, which outlives Alpha and is backed up apart.

It is not Elastic File System: one machine writes, two read signed files and check them, and each
node starts from its own slot when Alpha is gone. A managed file system would be one more thing to
pay and to trust for no property that the design lacks.
"""

from dataclasses import dataclass

import pulumi

from infra.components import Component
from infra.components.nodes import NFS_DEVICE, Machine


@dataclass(frozen=True)
class NfsArgs:
    """The machine that exports, and how much room there is."""

    alpha: Machine
    gib: int


class Nfs(Component):
    """The volume under `/opt/vanta/build`."""

    def __init__(self, args: NfsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("nfs", opts)
        self.volume = args.alpha.volume("nfs", args.gib, NFS_DEVICE)
        self.register_outputs({})
