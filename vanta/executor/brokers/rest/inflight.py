"""What may still be on its way: an order a vendor does not show yet is not proven absent."""

import time
from collections.abc import Callable

from vanta.domain.instant import MINUTE

LANDING = 2 * MINUTE
"""Longest between sending an order and its being seen or refused: beyond any gateway's patience."""


class InFlight:
    """When each order was last sent by this process, or may have been by the one before it.

    Args:
        clock: monotonic nanoseconds.
        landing: nanoseconds.
    """

    def __init__(
        self, clock: Callable[[], int] = time.monotonic_ns, landing: int = LANDING
    ) -> None:
        self._clock, self._landing = clock, landing
        self._started = clock()
        self._sent: dict[str, int] = {}

    def sent(self, client_order_id: str) -> None:
        """An order goes out now."""
        now = self._clock()
        self._sent = {name: at for name, at in self._sent.items() if now - at < self._landing}
        self._sent[client_order_id] = now

    def landed(self, client_order_id: str) -> bool:
        """Whether it would have to be there by now, had it ever been sent."""
        return self._clock() - self._sent.get(client_order_id, self._started) >= self._landing
