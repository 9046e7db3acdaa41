"""Where things lie on a node, below one root: `/opt/vanta` in production, any folder elsewhere."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The folders and files of one node."""

    root: Path

    @property
    def memory(self) -> Path:
        """Journals and views."""
        return self.root / "memory"

    @property
    def logs(self) -> Path:
        """Operational logs, JSON lines."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What belongs to running processes alone: the socket for hints."""
        return self.root / "run"

    @property
    def etc(self) -> Path:
        """Configuration and trust roots; read-only to services."""
        return self.root / "etc"

    @property
    def config(self) -> Path:
        """The node's configuration."""
        return self.etc / "node.yaml"

    @property
    def trust(self) -> Path:
        """The pinned introduction of the governance repository."""
        return self.etc / "trust.json"

    @property
    def key(self) -> Path:
        """The node's private key; its public half is registered in `Authority`."""
        return self.etc / "keys" / "node"

    @property
    def mirror(self) -> Path:
        """The controller's bare copy of the governance repository.

        In a folder of its own, which the controller's user may write: a copy that something
        happened to is replaced by one made beside it, and the node's own folder stays root's.
        """
        return self.root / "mirror" / "governance.git"

    @property
    def witnessed(self) -> Path:
        """Alpha's copies of what it countersigned: how far the journals of other nodes reached."""
        return self.root / "witnessed"

    def journal(self, name: str) -> Path:
        """The live segment of a journal, such as `trade_log`."""
        return self.memory / f"{name}.jsonl"

    def view(self, name: str) -> Path:
        """A view, such as `open_orders`."""
        return self.memory / f"{name}.json"

    @property
    def export(self) -> Path:
        """Alpha's export, where it is mounted: releases, and candidates under review."""
        return self.root / "build"

    @property
    def slots(self) -> Path:
        """The builds that are here, each in a folder of its name; read-only."""
        return self.root / "slots"

    @property
    def current(self) -> Path:
        """The link to the slot that runs."""
        return self.root / "current"

    @property
    def tools(self) -> Path:
        """Tools of this node alone, which no build has."""
        return self.root / "tools"
