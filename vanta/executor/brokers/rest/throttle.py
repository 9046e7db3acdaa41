"""The pace a vendor allows, and who goes first when it runs short."""

import time
from collections.abc import Callable
from enum import IntEnum

from vanta.domain.instant import MINUTE, SECOND
from vanta.executor.brokers.port import BrokerAwayError

PATIENCE = SECOND // 4
"""Longest wait for a turn: the Executor has other things to do."""
ORDER_PATIENCE = 2 * SECOND
LONGEST_PAUSE = MINUTE
"""A vendor that asks for a longer pause is asked again after this."""


class NoTurnError(BrokerAwayError):
    """There was no turn in time; nothing was sent."""


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
        # A full bucket and a minute's refill together are what the vendor allows in a minute.
        burst = max(3, per_minute // 5)
        self._turn = -(-MINUTE // max(1, per_minute - burst))
        """Nanoseconds in which a turn comes back."""
        self._full = self._turn * burst
        self._clock, self._sleep = clock, sleep
        self._credit, self._seen, self._shut = self._full, clock(), 0
        self._dry = False
        """Whether somebody was sent away: then it fills up before it gives again, so that
        who begins a row of questions gets to its end instead of eating every turn as it comes."""

    def take(self, urgency: Urgency) -> None:
        """Take a turn, waiting a little for one.

        A cancel never waits and is never refused: what it takes beyond the bucket, up to another
        one, is made good by what is less urgent.

        Raises:
            NoTurnError: none in time; nothing was sent.
        """
        now = self._clock()
        self._credit = min(self._full, self._credit + now - self._seen)
        self._seen = now
        if urgency is Urgency.CANCEL:
            self._credit = max(-self._full, self._credit - self._turn)
            return
        # An eighth of the bucket is kept for what is more urgent, for each step down.
        needed = self._turn + urgency * (self._full // 8)
        if urgency is Urgency.READ and self._dry:
            needed = max(needed, self._full - self._turn)
        wait = max(0, needed - self._credit, self._shut - now)
        if wait > (ORDER_PATIENCE if urgency is Urgency.ORDER else PATIENCE):
            self._dry = self._dry or urgency is Urgency.READ
            raise NoTurnError(
                "the broker's rate limit leaves no turn",
                code="BROKER_THROTTLED",
                remedy="wait; `vanta broker check NAME` shows what is left",
            )
        if wait:
            self._sleep(wait / SECOND)
            self._credit = min(self._full, self._credit + wait)
            self._seen += wait
        if urgency is Urgency.READ:
            self._dry = False
        self._credit -= self._turn

    def pause(self, duration: int) -> None:
        """The vendor asked for silence, so many nanoseconds; cancels are tried all the same."""
        self._shut = self._clock() + max(0, min(duration, LONGEST_PAUSE))
