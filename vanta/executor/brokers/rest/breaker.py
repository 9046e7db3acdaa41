"""The circuit breaker: a vendor that keeps failing is left alone, and then tried once."""

import time
from collections.abc import Callable

from vanta.domain.instant import SECOND
from vanta.executor.brokers.port import BrokerAwayError

FAILURES = 5
"""In a row, after which it opens."""
REST = 10 * SECOND
"""How long it stays open before one try."""


class Breaker:
    """Open after `failures` in a row; after `rest` one try closes it, or opens it anew.

    Args:
        failures: in a row.
        rest: nanoseconds.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        failures: int = FAILURES,
        rest: int = REST,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._most, self._rest, self._clock = failures, rest, clock
        self._failures, self._until = 0, 0

    @property
    def state(self) -> str:
        """`closed`, `open`, or `probing` where the next exchange is the one try."""
        if self._failures < self._most:
            return "closed"
        return "open" if self._clock() < self._until else "probing"

    def admit(self) -> None:
        """Let an exchange pass.

        Raises:
            BrokerAwayError: it is open; nothing was sent.
        """
        if self.state == "open":
            raise BrokerAwayError(
                f"the broker failed {self._failures} times in a row and is left alone",
                code="BROKER_CIRCUIT_OPEN",
                remedy="it is tried again by itself; `vanta broker check NAME` says what is wrong",
            )

    def succeeded(self) -> None:
        """The vendor answered, whatever it said."""
        self._failures = 0

    def failed(self) -> None:
        """The vendor did not answer, or only that it cannot."""
        self._failures += 1
        self._until = self._clock() + self._rest
