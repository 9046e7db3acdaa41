"""How the comparison stands, in `run/surveillance.json`: what no journal says of it."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.domain.instant import SECOND
from vanta.journal.files import atomic_write

NAME = "surveillance.json"


class BrokerRead(msgspec.Struct, frozen=True):
    """One broker."""

    name: str
    at: int
    """When its statement came last, UTC nanoseconds; 0 for never."""
    trouble: str
    """Code of why the last one did not come; empty when it did."""


class Compared(msgspec.Struct, frozen=True):
    """The process."""

    brokers: tuple[BrokerRead, ...]
    standing: int
    """Mismatches that stand."""


class Posted:
    """Keeps the file as the process stands, written once a second where that changed."""

    def __init__(self, run: Path) -> None:
        self._path = run / NAME
        self._last: Compared | None = None
        self._at = 0

    def post(self, brokers: Iterable[BrokerRead], standing: int, now: int) -> None:
        """Write it, where it is not what was written last."""
        compared = Compared(tuple(brokers), standing)
        last = self._last
        urgent = last is None or last.standing != standing
        if compared == last or (not urgent and 0 <= now - self._at < SECOND):
            return
        self._last, self._at = compared, now
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self._path, encode(compared) + b"\n")
        except (OSError, VantaError):
            # It compares no better or worse for being looked at.
            return


def read_compared(run: Path) -> Compared | None:
    """What the process wrote last; None where there is nothing to read."""
    try:
        return decode(Compared, (run / NAME).read_bytes(), place=str(run / NAME))
    except (OSError, VantaError):
        return None
