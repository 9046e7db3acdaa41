"""How the running process stands, in `run/executor.json`: what no journal says of it.

It belongs to the process and is no view: whoever reads it looks at the process's sign of life too.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.executor.desk import Desk
from vanta.executor.events import Difference
from vanta.journal.files import atomic_write

NAME = "executor.json"


class BrokerStanding(msgspec.Struct, frozen=True):
    """One broker."""

    name: str
    armed: bool
    """Whether it was asked about everything that was open before this process."""
    trouble: str
    """Code of what keeps new orders from it; empty when nothing does."""
    reconciled: int
    """When it was last compared with the book, UTC nanoseconds; 0 for never."""
    differences: tuple[Difference, ...]


class Standing(msgspec.Struct, frozen=True):
    """The process."""

    trouble: str
    waiting: int
    """Intents without a decision."""
    brokers: tuple[BrokerStanding, ...]


class Posted:
    """Keeps the file as the process stands, written where that changed."""

    def __init__(self, run: Path) -> None:
        self._path = run / NAME
        self._last: Standing | None = None

    def post(self, trouble: str, waiting: int, desks: Sequence[Desk]) -> None:
        """Write it, where it is not what was written last."""
        standing = Standing(
            trouble,
            waiting,
            tuple(
                BrokerStanding(
                    desk.broker.name,
                    desk.armed,
                    desk.trouble,
                    desk.reconciled,
                    desk.router.differences,
                )
                for desk in desks
            ),
        )
        if standing == self._last:
            return
        self._last = standing
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._path, encode(standing) + b"\n")
        except (OSError, VantaError):
            # Nobody trades better or worse for being looked at.
            return


def read_standing(run: Path) -> Standing | None:
    """What the process wrote last; None where there is nothing to read."""
    try:
        return decode(Standing, (run / NAME).read_bytes(), place=str(run / NAME))
    except (OSError, VantaError):
        return None
