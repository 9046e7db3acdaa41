"""Harvest: whatever the collectors hand over, judged item by item and journalled."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from vanta.domain.encoding import content_id
from vanta.domain.record import Entry
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.journal.writer import Journal
from vanta.markets import records
from vanta.markets.collectors.port import Collector
from vanta.markets.dedupe import Recent, Staged, seen
from vanta.markets.entities import Directory, resolve
from vanta.markets.harvested import Harvested
from vanta.markets.normalise.signals import to_signal

BATCH = 1_000
"""Records of one append: one flush each."""


def judge(item: RawItem, recent: Recent, directory: Directory) -> Signal | SetAside | None:
    """The signal of an item, why there is none, or None where it was taken before."""
    signal = to_signal(item)
    if isinstance(signal, SetAside):
        return signal
    if seen(signal, recent):
        return None
    return resolve(signal, directory)


def aside_id(aside: SetAside) -> str:
    """What an item set aside is known by: the same fault at the same place is one."""
    parts = (aside.feed, aside.place, aside.code)
    return content_id("aside", *(part.encode() for part in parts))


class Harvest:
    """Runs collectors into the harvest journal.

    Args:
        journal: `harvest.jsonl`, held by this process.
        state: what it amounts to; kept up to date here.
        directory: the names to resolve by; journalled when the journal does not end with it.
    """

    def __init__(self, journal: Journal, state: Harvested, directory: Directory) -> None:
        self._journal = journal
        self.state = state
        self._directory = directory

    def know_names(self, policy: str) -> None:
        """Journal the directory, so that every signal after it can be resolved again."""
        if self.state.directory == self._directory.digest:
            return
        body = records.DirectoryLoaded(self._directory.digest, self._directory.companies)
        entry = Entry(records.DIRECTORY_LOADED, self._load_id(), body, policy=policy)
        self.state.fold(self._journal.append([entry]))

    def _load_id(self) -> str:
        at = str(self._journal.position.size).encode()
        return content_id("load", self._directory.digest.encode(), at)

    def run(
        self,
        collectors: Sequence[Collector],
        since: int,
        until: int,
        policy: str,
        permit: Callable[[], object] = lambda: None,
    ) -> records.HarvestFinished:
        """Take everything that could first be had in `[since, until)`, and journal the count.

        Args:
            collectors: each reads as far back as its models look, once.
            since: UTC nanoseconds.
            until: UTC nanoseconds.
            policy: commit in force.
            permit: asked before each feed and each batch; what it raises ends the harvest there,
                and what was taken before is not taken again.
        """
        reached: dict[str, tuple[int, int]] = {}
        feeds: dict[str, records.Taken] = {}
        for collector in collectors:
            begin, reached[collector.feed] = self._stretch(collector, since, until)
            permit()
            feeds[collector.feed] = self._feed(collector.collect(begin, until), policy, permit)
        finished = records.HarvestFinished(since, until, reached, feeds)
        ident = content_id("harvest", str(self._journal.position.size).encode())
        entry = Entry(records.HARVEST_FINISHED, ident, finished, policy=policy)
        self._journal.append([entry])
        self.state.finish(finished)
        return finished

    def _stretch(self, collector: Collector, since: int, until: int) -> tuple[int, tuple[int, int]]:
        """From when to read on, and what will have been read then."""
        begin = since - collector.history
        before = self.state.reached.get(collector.feed)
        if before is None or not before[0] <= begin <= before[1]:
            return begin, (begin, until)
        return min(since, before[1]), (before[0], max(before[1], until))

    def _feed(
        self, items: Iterable[RawItem | SetAside], policy: str, permit: Callable[[], object]
    ) -> records.Taken:
        count = _Count()
        batch = _Batch(self.state)
        for item in _in_time(items):
            raw = item if isinstance(item, RawItem) else None
            found = item if raw is None else judge(raw, batch.recent, self._directory)
            if found is None:
                count.duplicate += 1
            elif isinstance(found, Signal) and raw is not None:
                count.taken += 1
                batch.take(raw, found, policy)
            elif isinstance(found, SetAside) and batch.set_aside(raw, found, policy):
                count.set_aside[found.code] = count.set_aside.get(found.code, 0) + 1
            if len(batch.entries) >= BATCH:
                batch = self._commit(batch)
                permit()
        self._commit(batch)
        return records.Taken(count.taken, count.duplicate, dict(sorted(count.set_aside.items())))

    def _commit(self, batch: "_Batch") -> "_Batch":
        """Journal a batch; only what is on disk becomes state."""
        self._journal.append(batch.entries)
        for signal in batch.signals:
            self.state.take(signal)
        for known in batch.asides:
            self.state.set_aside(known)
        return _Batch(self.state)


class _Count:
    def __init__(self) -> None:
        self.taken = 0
        self.duplicate = 0
        self.set_aside: dict[str, int] = {}


class _Batch:
    """What will be appended together, and what is known once it is."""

    def __init__(self, state: Harvested) -> None:
        self._state = state
        self.recent: Recent = Staged(state.recent)
        self.entries: list[Entry] = []
        self.signals: list[Signal] = []
        self.asides: dict[str, None] = {}

    def take(self, item: RawItem, signal: Signal, policy: str) -> None:
        self.recent.remember(signal)
        self.signals.append(signal)
        body = records.SignalHarvested(item, signal)
        self.entries.append(
            Entry(records.SIGNAL_HARVESTED, signal.id, body, dag_id=signal.id, policy=policy)
        )

    def set_aside(self, item: RawItem | None, aside: SetAside, policy: str) -> bool:
        """Whether this fault is new."""
        known = aside_id(aside)
        if known in self.asides or known in self._state.asides:
            return False
        self.asides[known] = None
        body = records.ItemSetAside(item, aside)
        self.entries.append(Entry(records.ITEM_SET_ASIDE, known, body, policy=policy))
        return True


def _in_time(items: Iterable[RawItem | SetAside]) -> Iterator[RawItem | SetAside]:
    """By the time they could be had, so that of two that say the same the first one counts."""
    yield from sorted(items, key=lambda item: item.collected if isinstance(item, RawItem) else 0)
