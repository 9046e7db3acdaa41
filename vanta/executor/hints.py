"""Hints that something happened at a broker: a file each in `run/hint/`, touched by whoever heard.

A hint carries nothing but that it came. All it does is that the broker is asked at once instead of
at its next turn, so a lost one costs time, a false one a question, and a flood no more questions
than the broker's pace has room for.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from vanta.domain.instant import SECOND

BURST = 5
"""Hints that are followed one upon the other."""
REFILL = 2 * SECOND
"""Time in which another one may be."""
EVERYBODY = "@all"
"""Instead of a broker's name, which has no such character: look at all of them again."""
_FOLDER = 0o770


def send_hint(run: Path, broker: str) -> None:
    """Hint that something happened at a broker; where nobody listens, nothing."""
    with contextlib.suppress(OSError):
        path = run / "hint" / broker
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660))
        os.utime(path)


class Hints:
    """The Executor's side, of one broker.

    Args:
        run: the node's folder of running processes.
        broker: its name.
        clock: UTC nanoseconds.
    """

    def __init__(self, run: Path, broker: str, clock: Callable[[], int]) -> None:
        self._path, self._clock = run / "hint" / broker, clock
        with contextlib.suppress(OSError):
            # Who has no such folder hears no hints, and asks in turn.
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.parent.chmod(_FOLDER)
        self._seen = self._stamp()
        self._credit, self._at = BURST * REFILL, clock()

    def due(self) -> bool:
        """Whether a hint came since the last one that was followed, and it is its turn."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        now = self._clock()
        self._credit = min(BURST * REFILL, self._credit + max(0, now - self._at))
        self._at = now
        if self._credit < REFILL:
            return False
        self._credit -= REFILL
        self._seen = stamp
        return True

    def _stamp(self) -> tuple[int, int]:
        try:
            found = self._path.lstat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns
