"""Markets by the clock: each turn takes what the feeds have by now, and reflects on it.

It proposes and has no key: the promoter signs. Who writes the feeds is somebody else: a collector,
or a recorder long ago. A turn looks back over the last two hours too, for what was written late;
what was handed over before is left out, and what a restart hands over again the harvest knows.
"""

import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.signal import RawItem, SetAside
from vanta.markets.collectors.port import Collector
from vanta.markets.records import HarvestFinished
from vanta.markets.reflection import Reflected
from vanta.markets.service import MarketsNode
from vanta.node.ending import Ending

LATE = 2 * HOUR
"""How long after an item could be had its collector may write it: the deep ones run by the hour."""
FIRST = DAY
"""How far back the very first turn looks."""
AGEING = 15 * MINUTE
"""Without anything new, until the views are formed again: old evidence ages by itself."""
WAIT = 1.0
"""Seconds between two signs of life."""

_ABSENT = frozenset({"FEEDS_MISSING"})


class Recorded:
    """The market's time of a recorded window that is gone through as if it were happening now.

    Args:
        start: where it begins, UTC nanoseconds.
        end: where it ends, and time stops.
        pace: how much faster than it happened.
        clock: UTC nanoseconds.
    """

    def __init__(self, start: int, end: int, pace: int, clock: Callable[[], int]) -> None:
        self._start, self._end, self._pace, self._clock = start, end, pace, clock
        self._began = clock()

    def __call__(self) -> int:
        passed = max(0, self._clock() - self._began)
        return min(self._end, self._start + self._pace * passed)


class Newly:
    """A collector that hands over what it has not handed over before."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._seen: set[bytes] = set()

    @property
    def feed(self) -> str:
        """That of the collector."""
        return self._collector.feed

    @property
    def history(self) -> int:
        """That of the collector."""
        return self._collector.history

    def collect(self, since: int, until: int) -> Iterator[RawItem | SetAside]:
        """See `port.Collector.collect`."""
        before, self._seen = self._seen, set()
        for item in self._collector.collect(since, until):
            known = _digest(item)
            self._seen.add(known)
            if known not in before:
                yield item

    def again(self) -> None:
        """Hand over everything once more: what came last may not be on disk."""
        self._seen.clear()


def _digest(item: RawItem | SetAside) -> bytes:
    said = item.content if isinstance(item, RawItem) else item.code
    return blake2b(f"{item.place}\0{said}".encode("utf-8", "replace"), digest_size=16).digest()


class Turn(NamedTuple):
    """What one turn came to."""

    until: int
    harvest: HarvestFinished | RefusedError | None
    """None where no time passed in the market."""
    reflection: Reflected | None
    """None where there was no reason to think again."""
    trouble: str
    """Code of what kept it from its work; it is tried again. Empty for nothing."""

    @property
    def taken(self) -> int:
        """Signals that are new."""
        feeds = self.harvest.feeds if isinstance(self.harvest, HarvestFinished) else {}
        return sum(feed.taken for feed in feeds.values())


class Following:
    """Turns of one Markets node.

    Args:
        markets: the node, over `collectors`.
        collectors: those it harvests by.
        now: the market's time.
        every: nanoseconds from one turn to the next.
        first: where the very first turn begins; a day ago where that is not said.
    """

    def __init__(
        self,
        markets: MarketsNode,
        collectors: tuple[Newly, ...],
        now: Callable[[], int],
        every: int,
        first: int | None = None,
    ) -> None:
        self._markets, self._collectors, self._now, self._every = markets, collectors, now, every
        self._since = markets.reached or (now() - FIRST if first is None else first)
        started = markets.beliefs.started
        self._reflected = started.as_of if started else 0
        self._commit = started.provenance.commit if started and started.provenance else ""

    def run(
        self,
        stop: Ending,
        *,
        told: Callable[[Turn], object] = lambda _turn: None,
        working: Callable[[str], object] = lambda _status: None,
    ) -> None:
        """Turn by turn until `stop`.

        Args:
            stop: when to end.
            told: given each turn.
            working: called about once a second with how it stands.

        Raises:
            UnavailableError: a journal takes no more: end the process.
        """
        due, status = time.monotonic(), "about to look"
        while not stop.is_set():
            if time.monotonic() >= due:
                due = time.monotonic() + self._every / SECOND
                turn = self.turn()
                status = _status(turn)
                told(turn)
            working(status)
            stop.wait(min(WAIT, max(0.0, due - time.monotonic())))

    def turn(self) -> Turn:
        """Take what is new, and think again where there is a reason to."""
        until = self._now()
        harvest: HarvestFinished | RefusedError | None = None
        if until > self._since:
            try:
                harvest = self._markets.harvest(min(self._since, until) - LATE, until)
                self._since = until
            except (RefusedError, UnavailableError) as error:
                for collector in self._collectors:
                    collector.again()
                if isinstance(error, UnavailableError):
                    if error.code not in _ABSENT:
                        raise
                    return Turn(until, None, None, error.code)
                harvest = error
        turn = Turn(until, harvest, None, "")
        if not self._wants_thought(turn):
            return turn
        self._reflected, self._commit = until, self._markets.in_force
        return turn._replace(reflection=self._markets.reflect(until))

    def _wants_thought(self, turn: Turn) -> bool:
        aged = turn.until - self._reflected >= AGEING
        return bool(turn.taken) or aged or self._markets.in_force != self._commit


def _status(turn: Turn) -> str:
    """A turn in a line."""
    if turn.trouble:
        return turn.trouble
    if isinstance(turn.harvest, RefusedError):
        return turn.harvest.code
    intents = len(turn.reflection.intents) if turn.reflection else 0
    return f"the last turn took {turn.taken} signals and proposed {intents} intents"
