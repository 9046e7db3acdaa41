"""What the models look at: the signals taken lately, held within bounds.

Like the dedupe memory it is a fold over the signals of the harvest journal, in order, so that a
replay that reads as far as a reflection did looks at exactly what it looked at.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from vanta.domain.encoding import encode
from vanta.domain.signal import Signal
from vanta.markets.collectors.port import PRICES

BYTES = {
    "twitter": 3_000_000,
    "reddit": 3_000_000,
    "news": 3_000_000,
    "sec": 2_000_000,
    "crypto": 7_000_000,
    "options": 14_000_000,
    PRICES: 8_000_000,
}
"""How much of each feed is held, as it is written; oldest taken goes first.

Together they stay well below the longest line a journal writes, which holds them at a rotation.
"""


class Observed:
    """The signals taken lately, by feed, in the order they were taken."""

    def __init__(self, signals: Iterable[Signal] | None = None) -> None:
        self._held: dict[str, deque[Signal]] = {feed: deque() for feed in BYTES}
        self._sizes = dict.fromkeys(BYTES, 0)
        for signal in signals or ():
            self.add(signal)

    def __iter__(self) -> Iterator[Signal]:
        """Every signal held, feed by feed."""
        for held in self._held.values():
            yield from held

    def add(self, signal: Signal) -> None:
        """Take one in, and let go of the oldest of its feed beyond the bound."""
        held = self._held[signal.feed]
        held.append(signal)
        self._sizes[signal.feed] += len(encode(signal))
        while self._sizes[signal.feed] > BYTES[signal.feed]:
            self._sizes[signal.feed] -= len(encode(held.popleft()))

    def latest(self, feed: str, count: int) -> list[Signal]:
        """The signals of a feed taken last, newest last."""
        held = self._held[feed]
        return [held[at] for at in range(max(0, len(held) - count), len(held))]
