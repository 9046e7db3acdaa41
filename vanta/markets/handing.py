"""Handing signed intents to the bus: what it does not take waits, what it lost is sent again."""

from collections.abc import Callable, Mapping

from vanta.bus.port import Outbox
from vanta.domain.encoding import encode
from vanta.markets.beliefs import Sent


class Handing:
    """Intents that are on disk, on their way to the bus.

    Args:
        outbox: the Markets end of the bus.
        clock: UTC nanoseconds.
    """

    def __init__(self, outbox: Outbox, clock: Callable[[], int]) -> None:
        self._outbox, self._clock = outbox, clock
        self._unsent: dict[str, Sent] = {}
        """By intent id."""

    def add(self, intents: Mapping[str, Sent]) -> None:
        """Let intents go with the next `hand_over`, each under its id."""
        self._unsent |= intents

    def hand_over(self, sent: Mapping[str, Sent]) -> None:
        """Send what waits, oldest first, and everything again to a bus that forgot.

        Args:
            sent: whatever was promoted lately, by id; the receiver knows each by its id.

        Raises:
            UnavailableError: the bus takes nothing; `vanta.bus.port.AWAY` has its codes.
        """
        now = self._clock()
        if self._outbox.forgot():
            self._unsent = {**sent, **self._unsent}
        for name in list(self._unsent):
            one = self._unsent[name]
            if one.expires > now:
                self._outbox.send(name, encode(one.envelope))
            del self._unsent[name]
