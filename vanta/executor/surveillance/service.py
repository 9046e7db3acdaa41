"""The comparison's process: read, compare, alert, and halt where nobody decided what is there."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from vanta.domain.encoding import decode
from vanta.domain.instant import MINUTE, SECOND
from vanta.executor import events
from vanta.executor.hints import send_hint
from vanta.executor.surveillance.comparing import Comparison, Reading
from vanta.executor.surveillance.following import Followed
from vanta.executor.surveillance.mismatch import (
    JOURNAL,
    MOST,
    PASSING,
    Mismatch,
    MismatchFound,
    MismatchOver,
    Standing,
    read_alert,
)
from vanta.executor.surveillance.posted import BrokerRead, Posted
from vanta.executor.surveillance.settling import Settlements
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.governance.clock import boot_id
from vanta.governance.heartbeat import Heartbeat
from vanta.governance.latch import set_latch
from vanta.journal.reader import live_state
from vanta.journal.writer import ROTATE_AT, Journal
from vanta.node.layout import Layout

SAVE_EVERY = 5 * SECOND
OLD = MINUTE
"""Of what was written longer ago, no statement is expected to tell again."""


def standing(path: Path) -> Standing:
    """What a node's alerts amount to.

    Raises:
        UnavailableError: there is no such journal.
    """
    found = live_state(path)
    state = bytes(found.state)
    made = Standing() if state == b"null" else decode(Standing, state, place=str(path))
    for record in found.records:
        made.take(read_alert(record))
    return made


class Surveillance:
    """Compares one node; the only writer of its alerts, and of nothing else.

    Args:
        layout: of the node.
        brokers: names of those that are compared.
        clock: UTC nanoseconds.
        actor: service and build.
        halt: sets the latch: the memory folder, the reason, the time.
        rotate_at: bytes after which a segment of the alerts is closed.

    Raises:
        UnavailableError: another process holds the alerts, or the disk refuses.
    """

    def __init__(
        self,
        layout: Layout,
        brokers: Sequence[str],
        *,
        clock: Callable[[], int],
        actor: str,
        halt: Callable[[Path, str, int], object] = set_latch,
        rotate_at: int = ROTATE_AT,
    ) -> None:
        self._layout, self._clock, self._halt = layout, clock, halt
        self.standing = Standing()
        now = clock()
        path = layout.journal(JOURNAL)
        self._journal = Journal.open(
            path, actor=actor, clock=clock, rotate_at=rotate_at, snapshot=lambda: self.standing
        )
        try:
            self.standing = standing(path)
            self._followed = Followed(layout, list(brokers), now)
        except BaseException:
            self._journal.close()
            raise
        for side in self.comparison.sides.values():
            side.answered = now
        self._sign = Heartbeat(layout.memory, boot_id(), name=SURVEILLANCE_SIGN)
        self._settlements = Settlements(layout.run)
        self._posted = Posted(layout.run)
        self._read = {name: BrokerRead(name, 0, "") for name in brokers}
        self._at = self._saved = now
        self.comparison.set_back(now)
        self._since = {name: self.comparison.since(name) for name in brokers}

    @property
    def comparison(self) -> Comparison:
        """What is compared, as far as it has come."""
        return self._followed.comparison

    def since(self, broker: str) -> int:
        """The watermark to read a broker's statement from, as of the last look."""
        return self._since[broker]

    def close(self) -> None:
        """Keep what is known, and give the journals up."""
        try:
            self._followed.save()
        finally:
            self._followed.close()
            self._journal.close()

    def look(self, readings: Iterable[Reading] = ()) -> tuple[MismatchFound, ...]:
        """Take in what was written, then what was read, and tell what is wrong.

        Returns:
            The alerts that are new.

        Raises:
            VantaError: a journal cannot be followed or written; end the process.
        """
        readings, found = tuple(readings), list[Mismatch]()
        # After the statements came: what is at a broker was on disk before it was sent.
        news, now = self._followed.news(), self._clock()
        if now < self._at:
            self.comparison.set_back(now)
            self._saved = min(self._saved, now)
        self._at = now
        for record in (*news.intents, *news.trades):
            found += self.comparison.take(events.read(record), now, old=now - record.ts > OLD)
        for reading in readings:
            found += self.comparison.read(reading)
            at = reading.answered if reading.statement else self._read[reading.broker].at
            self._read[reading.broker] = BrokerRead(reading.broker, at, reading.why)
        passing = list(self.comparison.due(now))
        self._hint()
        told = self._tell([*found, *passing], now)
        self._end({one.id for one in passing} | self.comparison.suspects.keys(), now)
        self._write(self._settlements.take(self.standing, now))
        self.comparison.forget(now)
        self._since = {name: self.comparison.since(name) for name in self._since}
        if now - self._saved >= SAVE_EVERY:
            self._saved = now
            self._followed.save()
        self._posted.post(self._read.values(), len(self.standing.found), now)
        self._sign.beat()
        return told

    def _hint(self) -> None:
        """Tell the Executor to look at once where a broker shows fills that it has not."""
        for one in self.comparison.suspects.values():
            if one.mismatch.code == "FILL_MISSING" and not one.hinted:
                one.hinted = True
                send_hint(self._layout.run, one.mismatch.broker)

    def _tell(self, found: Sequence[Mismatch], now: int) -> tuple[MismatchFound, ...]:
        new: dict[str, MismatchFound] = {}
        for mismatch in found:
            if mismatch.id in new or self.standing.knows(mismatch):
                continue
            if len(self.standing.found) + len(new) >= MOST:
                mismatch = Mismatch("TOO_MANY", "", "", MOST, None)  # noqa: PLW2901
                if self.standing.knows(mismatch):
                    continue
            suspect = self.comparison.suspects.get(mismatch.id)
            seen = suspect.seen if suspect else now
            new[mismatch.id] = MismatchFound(mismatch, seen, now, mismatch.halts)
        told = tuple(new.values())
        for one in told:
            if one.halts:
                # Before it is told: a process that is killed in between tells it again.
                self._halt(self._layout.memory, f"surveillance: {one.mismatch.why}", now)
        self._write(told)
        return told

    def _end(self, doubted: set[str], now: int) -> None:
        over = [
            MismatchOver(name, now)
            for name, one in self.standing.found.items()
            if one.mismatch.code in PASSING and name not in doubted
        ]
        over += [
            MismatchOver(name, now)
            for name, code in self.standing.settled.items()
            if code in PASSING and name not in doubted
        ]
        self._write(over)

    def _write(self, told: Sequence[events.Event]) -> None:
        if not told:
            return
        size = self._journal.position.size
        # A snapshot holds what was appended before, and no more.
        self._journal.append(
            [events.entry(event, ordinal=size + place) for place, event in enumerate(told)]
        )
        for event in told:
            self.standing.take(event)
