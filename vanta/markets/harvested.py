"""What the harvest journal amounts to: the fold every restart, view and replay goes through."""

from collections.abc import Iterable

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.record import Record
from vanta.domain.signal import FEEDS, Signal
from vanta.markets.dedupe import Memory, Recent
from vanta.markets.observed import Observed
from vanta.markets.records import (
    DIRECTORY_LOADED,
    HARVEST_FINISHED,
    ITEM_SET_ASIDE,
    SIGNAL_HARVESTED,
    DirectoryLoaded,
    HarvestFinished,
    SignalHarvested,
)

SHOWN = 200
"""Signals of a feed its view lists; the journal has the rest."""
ASIDES = 50_000
"""Items set aside that are remembered, so that a second look does not count them twice."""
VIEWS = {feed: f"{feed}_signals" for feed in FEEDS}
"""Feed to the name of its view; reference bars have none."""


class Tally(msgspec.Struct):
    """What came of a feed since the journal began."""

    taken: int = 0
    duplicate: int = 0
    set_aside: dict[str, int] = msgspec.field(default_factory=dict)


class Snapshot(msgspec.Struct, frozen=True):
    """All of it, as a segment opens with it."""

    directory: str
    memory: Memory
    observed: tuple[Signal, ...]
    asides: tuple[str, ...]
    reached: dict[str, tuple[int, int]]
    tallies: dict[str, Tally]


class Harvested:
    """The state of a harvest journal."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.directory = snapshot.directory if snapshot else ""
        """Digest of the directory loaded last."""
        self.recent = Recent(snapshot.memory if snapshot else None)
        self.observed = Observed(snapshot.observed if snapshot else ())
        self.asides: dict[str, None] = dict.fromkeys(snapshot.asides if snapshot else ())
        self.reached = dict(snapshot.reached) if snapshot else {}
        self.tallies = dict(snapshot.tallies) if snapshot else {}

    def snapshot(self) -> Snapshot:
        """All there is to know it again."""
        return Snapshot(
            self.directory,
            self.recent.memory(),
            tuple(self.observed),
            tuple(self.asides),
            dict(self.reached),
            dict(self.tallies),
        )

    def fold(self, records: Iterable[Record]) -> None:
        """Take records in, in order; types of no consequence pass."""
        for record in records:
            if record.type == SIGNAL_HARVESTED:
                self.take(decode(SignalHarvested, bytes(record.body), place=record.id).signal)
            elif record.type == ITEM_SET_ASIDE:
                self.set_aside(record.id)
            elif record.type == HARVEST_FINISHED:
                self.finish(decode(HarvestFinished, bytes(record.body), place=record.id))
            elif record.type == DIRECTORY_LOADED:
                self.directory = decode(DirectoryLoaded, bytes(record.body)).digest

    def take(self, signal: Signal) -> None:
        """A signal that is on disk."""
        self.recent.remember(signal)
        self.observed.add(signal)

    def set_aside(self, record_id: str) -> None:
        """An item set aside that is on disk."""
        self.asides[record_id] = None
        if len(self.asides) > ASIDES:
            del self.asides[next(iter(self.asides))]

    def finish(self, finished: HarvestFinished) -> None:
        """The count of a harvest that is on disk."""
        self.reached |= finished.reached
        for feed, taken in finished.feeds.items():
            tally = self.tallies.setdefault(feed, Tally())
            tally.taken += taken.taken
            tally.duplicate += taken.duplicate
            for code, count in taken.set_aside.items():
                tally.set_aside[code] = tally.set_aside.get(code, 0) + count

    def view(self, feed: str) -> dict[str, object]:
        """What `<feed>_signals.json` says."""
        return {
            "feed": feed,
            "counts": self.tallies.get(feed, Tally()),
            "latest": self.observed.latest(feed, SHOWN)[::-1],
        }
