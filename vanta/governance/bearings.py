"""What the controller last knew of the time and of its forge: a help for the next process.

It is no journal's business, and a lost or forged one costs little: a head confirmed longer ago
than it says is still told by the next fetch, and time is never taken for earlier than the journal.
"""

from pathlib import Path

import msgspec

from vanta.governance.clock import Reference
from vanta.journal.files import atomic_write

BEARINGS = "governance.bearings"
_LONGEST = 4096


class Bearings(msgspec.Struct, frozen=True):
    """Where the last process stood in time."""

    boot: str = ""
    """Which boot of the machine."""
    offset: int = 0
    """Wall clock less time since boot, nanoseconds."""
    latest: int = 0
    """The latest time seen, UTC nanoseconds."""
    confirmed: int = 0
    """When a head was confirmed last, UTC nanoseconds; 0 for never."""

    @property
    def reference(self) -> Reference:
        """For the clock of the next process."""
        return Reference(self.boot, self.offset)


def read_bearings(memory: Path) -> Bearings:
    """What the last process left; empty where that is nothing, or cannot be read."""
    try:
        data = (memory / BEARINGS).read_bytes()[:_LONGEST]
        return msgspec.json.decode(data, type=Bearings)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Bearings()


def write_bearings(memory: Path, bearings: Bearings) -> None:
    """Leave it to the next process; raises `UnavailableError` when the folder takes nothing."""
    atomic_write(memory / BEARINGS, msgspec.json.encode(bearings) + b"\n")
