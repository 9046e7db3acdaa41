"""Alpha's export as workers see it.

No container has an NFS client of its own: where a worker would mount the export, the lab shows it
the same folder, read-only, and takes it away when Alpha is off. The export itself is real, and is
tried over the wire.
"""

import os
from pathlib import Path

from infra.lab.machine import Machine
from infra.lab.programs import run

WORKERS = ("markets", "executor")


def _place(worker: Machine) -> Path:
    return worker.data / "build"


def show(worker: Machine, alpha: Machine) -> None:
    """Let a worker see Alpha's export; both disks are mounted, whoever of them is on."""
    if os.path.ismount(_place(worker)):
        return
    # What a machine sees is a copy of the mount as it was made: read-only from the beginning.
    seen = worker.folder / "export"
    seen.mkdir(exist_ok=True)
    run(["mount", "--bind", alpha.data / "build", seen])
    run(["mount", "-o", "remount,bind,ro,nosuid,nodev,noexec", seen])
    run(["mount", "--bind", seen, _place(worker)])
    run(["umount", seen])


def hide(worker: Machine) -> None:
    """Take it away, as a server that does not answer does."""
    if os.path.ismount(_place(worker)):
        run(["umount", "--lazy", _place(worker)])
