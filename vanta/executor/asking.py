"""How often a halt asks a broker to cancel one order: at once, and then less and less often.

A cancellation passes every limit of ours, so what paces it is this alone. One that a vendor has
taken and not got to, of a market that is closed or halted, is asked for again only in case it was
lost: how it ends is heard without asking.
"""

from collections.abc import KeysView

from vanta.domain.instant import SECOND

LONGEST = 10 * SECOND
"""Longest time between two attempts on one order; until then it is doubled after each."""


class Asking:
    """When each order was asked to be cancelled, and how often.

    Args:
        every: nanoseconds between the first two attempts on one order.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._asked: dict[str, tuple[int, int, str]] = {}
        """By order: when it was asked last, how often before, and what was known of it."""

    def __bool__(self) -> bool:
        return bool(self._asked)

    @property
    def names(self) -> KeysView[str]:
        """Of the orders that were asked to be cancelled."""
        return self._asked.keys()

    def due(self, name: str, now: int, known: str = "") -> bool:
        """Whether it is time to ask for an order; if so, it counts as asked.

        Args:
            name: of the order.
            now: UTC nanoseconds.
            known: where it stands; where that is news, it is asked for at once.
        """
        at, before, as_known = self._asked.get(name, (now, -1, known))
        if known != as_known:
            before = -1
        # A time that is yet to come is due: the clock was set back since.
        if before >= 0 and 0 <= now - at < min(self._every << min(before, 20), LONGEST):
            return False
        self._asked[name] = now, before + 1, known
        return True

    def clear(self) -> None:
        """Let go of all."""
        self._asked.clear()
