"""The pace a vendor allows, and who goes first when it runs short."""

import time
from collections.abc import Callable
from enum import IntEnum

from vanta.domain.instant import MINUTE, SECOND
from vanta.executor.brokers.port import BrokerAwayError

PATIENCE = SECOND // 4
"""Longest wait for a turn: the Executor has other things to do."""
LONGEST_PAUSE = MINUTE
"""A vendor that asks for a longer pause is asked again after this."""


class Urgency(IntEnum):
    """Who may use the last turns. Orders leave some to reads, and reads some to cancels."""

    CANCEL = 0
    READ = 1
    ORDER = 2


class Throttle:
    """A bucket of turns that fills evenly.

    Args:
        per_minute: turns the vendor allows.
        clock: monotonic nanoseconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._turn = MINUTE // per_minute
        """Nanoseconds in which a turn comes back."""
        self._full = self._turn * max(3, per_minute // 6)
        self._clock, self._sleep = clock, sleep
        self._credit, self._seen, self._shut = self._full, clock(), 0

    def take(self, urgency: Urgency) -> None:
        """Take a turn, waiting a little for one.

        A cancel never waits and is never refused: what it takes beyond the bucket, up to another
        one, is made good by what is less urgent.

        Raises:
            BrokerAwayError: none in time; nothing was sent.
        """
        now = self._clock()
        self._credit = min(self._full, self._credit + now - self._seen)
        self._seen = now
        if urgency is Urgency.CANCEL:
            self._credit = max(-self._full, self._credit - self._turn)
            return
        # A sixth of the bucket is kept for what is more urgent, for each step down.
        needed = self._turn + urgency * (self._full // 6)
        wait = max(0, needed - self._credit, self._shut - now)
        if wait > PATIENCE:
            raise BrokerAwayError(
                "the broker's rate limit leaves no turn",
                code="BROKER_THROTTLED",
                remedy="wait; `vanta broker check NAME` shows what is left",
            )
        if wait:
            self._sleep(wait / SECOND)
            self._credit = min(self._full, self._credit + wait)
            self._seen += wait
        self._credit -= self._turn

    def pause(self, duration: int) -> None:
        """The vendor asked for silence, so many nanoseconds; cancels are tried all the same."""
        self._shut = self._clock() + max(0, min(duration, LONGEST_PAUSE))
