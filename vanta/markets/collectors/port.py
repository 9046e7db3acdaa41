"""What a collector is to the harvest, whether it reads a folder or a network."""

from collections.abc import Iterator
from typing import Protocol

from vanta.domain.signal import RawItem, SetAside

PRICES = "prices"
"""The feed of reference bars: evidence for the six, and no feed of its own on disk."""


class Collector(Protocol):
    """Hands over what a feed said in a window."""

    @property
    def feed(self) -> str:
        """One of `vanta.domain.signal.FEEDS`, or `PRICES`."""
        ...

    @property
    def history(self) -> int:
        """How long before a harvest's window its models look back, nanoseconds; often 0."""
        ...

    def collect(self, since: int, until: int) -> Iterator[RawItem | SetAside]:
        """Items that could first be had in `[since, until)`, in any order.

        What cannot be read is set aside with its reason, at each call again. It does not raise
        for the content of a feed.

        Raises:
            UnavailableError: the feed cannot be reached at all.
        """
        ...
