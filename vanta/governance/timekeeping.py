"""What the passing of time does to a node: ends, ages, silence, a clock in doubt (R9)."""

from dataclasses import dataclass
from pathlib import Path

from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.governance import receipts
from vanta.governance.bearings import Bearings, read_bearings, write_bearings
from vanta.governance.clock import NodeClock
from vanta.governance.heartbeat import Heartbeat
from vanta.governance.ledger import Event, Ledger
from vanta.governance.receipts import (
    ClockDoubted,
    ClockTrusted,
    HeadAged,
    HeadConfirmed,
    SilenceEnded,
    TermEnded,
)
from vanta.governance.terms import next_ends, over

FRESH_BEARINGS = 5 * SECOND
"""How often the bearings are left for the next process."""


@dataclass(frozen=True)
class Ages:
    """How old things may grow, nanoseconds; None for any age."""

    alert_after: int | None = 5 * MINUTE
    """Without a confirmed head, until the status says so."""
    reduce_only_after: int | None = DAY
    """Without a confirmed head, until only reductions are allowed."""
    silent_after: int | None = None
    """Without a sign of the controller, until its readers allow only reductions."""


class Timekeeping:
    """Turns the passing of time into records.

    Args:
        memory_dir: the node's memory folder.
        ledger: the journal.
        clock: the node's time.
        ages: how old things may grow.
    """

    def __init__(self, memory_dir: Path, ledger: Ledger, clock: NodeClock, ages: Ages) -> None:
        self._dir = memory_dir
        self._ledger = ledger
        self._clock = clock
        self.ages = ages
        bearings = read_bearings(memory_dir)
        written = ledger.last_written
        clock.start(written, bearings.latest, bearings.reference)
        self._heartbeat = Heartbeat(memory_dir, clock.reference.boot, clock.since_boot)
        self.now = clock.look()
        """As of the last look."""
        # What says that it was later than now cannot be believed.
        left = bearings.confirmed if bearings.confirmed <= self.now.time else 0
        known = max(left, ledger.memory.confirmed) or self.now.time
        self.confirmed = min(known, self.now.time)
        """When a head was confirmed last, UTC nanoseconds."""
        self._left = 0
        self._doubted = False

    def look(self) -> None:
        """Look at the clock, and journal when it begins or ceases to be believed."""
        self.now = self._clock.look()
        if bool(self.now.doubt) != self._doubted:
            self._doubted = bool(self.now.doubt)
            if self._doubted:
                body = ClockDoubted(self.now.doubt, self.now.latest)
                self._ledger.record([Event(receipts.CLOCK_DOUBTED, "clock", body)])
            else:
                self._ledger.record([Event(receipts.CLOCK_TRUSTED, "clock", ClockTrusted())])

    def settle(self) -> None:
        """Journal what time has brought about since the last look."""
        if self._ledger.memory.published is not None:
            self._end_terms()
            self._judge_age()

    def _end_terms(self) -> None:
        memory = self._ledger.memory
        if memory.published is None:
            return
        halts = max(memory.halts, self.now.halts)
        loosenings = max(memory.loosenings, self.now.latest)
        first_switch, first_flip = next_ends(memory.published.policy)
        if first_switch <= halts or first_flip <= loosenings:
            what = over(memory.published.policy, halts, loosenings)
            body = TermEnded(what, halts, loosenings)
            self._ledger.record([Event(receipts.TERM_ENDED, "term", body)])

    def _judge_age(self) -> None:
        limit = self.ages.reduce_only_after
        if limit is not None and not self._ledger.memory.aged and self.age > limit:
            self._ledger.record([Event(receipts.HEAD_AGED, "head:aged", HeadAged(self.confirmed))])

    @property
    def age(self) -> int:
        """How long ago a head was confirmed, nanoseconds."""
        return max(0, self.now.time - self.confirmed)

    def confirm(self) -> None:
        """A head was walked to its end: publish what waited for that."""
        self.confirmed = self.now.time
        memory = self._ledger.memory
        if memory.aged or memory.published is None or memory.serial <= memory.floor.serial:
            event = Event(receipts.HEAD_CONFIRMED, "head:confirmed", HeadConfirmed(self.confirmed))
            self._ledger.record([event])

    def leave_signs(self) -> bool:
        """Say that the controller lives, and what it knows of the time.

        Readers that went reduce-only by themselves come back by a new serial and no sooner. It is
        recorded after the sign of life: a reader that saw that serial before it would keep both.

        Returns:
            Whether there was silence, and something is to be published anew.
        """
        limit = self.ages.silent_after
        lasted = 0 if limit is None else self._heartbeat.silence(limit)
        self._heartbeat.beat()
        anew = lasted > 0 and self._ledger.memory.published is not None
        if anew:
            event = Event(receipts.SILENCE_ENDED, "silence", SilenceEnded(lasted))
            self._ledger.record([event])
        if abs(self.now.time - self._left) >= FRESH_BEARINGS:
            boot, offset = self._clock.reference
            bearings = Bearings(boot, offset, self.now.latest, self.confirmed)
            write_bearings(self._dir, bearings)
            self._left = self.now.time
        return anew
