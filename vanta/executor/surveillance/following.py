"""Following the node's two journals from where the process before this one stopped."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.domain.instant import DAY
from vanta.domain.record import Position, Record
from vanta.executor.book import Book
from vanta.executor.surveillance.comparing import Comparison, Side
from vanta.journal.files import atomic_write
from vanta.journal.reader import POLL_LIMIT, Tail, live_state, read_since
from vanta.node.layout import Layout

MEMORY = "surveillance.state"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it at one instant."""

    trades: Position
    intents: Position
    comparison: Comparison


class News(NamedTuple):
    """What was written since the last look: intents first, since every decision follows its own."""

    intents: list[Record]
    trades: list[Record]


class Followed:
    """Both journals, and what the comparison made of them so far.

    Args:
        layout: of the node; its journals need not exist yet.
        brokers: names of those that are compared.
        now: UTC nanoseconds.
    """

    def __init__(self, layout: Layout, brokers: list[str], now: int) -> None:
        self._trades, self._intents = layout.journal("trade_log"), layout.journal("intents")
        self._memory = layout.memory / MEMORY
        self._first: list[Record] = []
        self._saved = b""
        self._trade_tail: Tail | None = None
        self._intent_tail: Tail | None = None
        self.comparison = self._go_on() or self._begin(now)
        sides = self.comparison.sides
        self.comparison.sides = {name: sides.get(name, Side()) for name in brokers}

    def close(self) -> None:
        """Let go of both."""
        for tail in (self._trade_tail, self._intent_tail):
            if tail is not None:
                tail.close()

    def news(self) -> News:
        """Everything that was on disk when this was asked.

        Raises:
            VantaError: a journal that cannot be followed; the judge halts for it.
        """
        first, self._first = self._first, []
        if self._trade_tail is None:
            # Nothing can have been decided before the Executor first ran.
            self._trade_tail = Tail(self._trades)
        trades = first + _all(self._trade_tail)
        if self._intent_tail is None:
            self._intent_tail = Tail(self._intents)
        return News(_all(self._intent_tail), trades)

    def save(self) -> None:
        """Keep it for the next process.

        Raises:
            UnavailableError: the folder takes nothing.
        """
        if self._trade_tail is None or self._intent_tail is None:
            return
        kept = _Kept(self._trade_tail.position, self._intent_tail.position, self.comparison)
        data = encode(kept)
        if data != self._saved:
            atomic_write(self._memory, data)
            self._saved = data

    def _go_on(self) -> Comparison | None:
        """Where the process before stopped; None where nobody can say."""
        try:
            kept = decode(_Kept, self._memory.read_bytes(), place=str(self._memory))
            trades = Tail(self._trades, kept.trades)
            intents = Tail(self._intents, kept.intents)
            # Not from where it stopped where the journal is another one by now.
            trades.poll(0)
            intents.poll(0)
        except (OSError, VantaError):
            return None
        self._trade_tail, self._intent_tail = trades, intents
        return kept.comparison

    def _begin(self, now: int) -> Comparison:
        """From the live segment, and the book it opened with."""
        made = Comparison()
        if not self._trades.exists():
            # Whatever the account did before is nothing of this node's.
            made.record.forgotten = now
            return made
        found = live_state(self._trades)
        at = found.opening.ts
        book = Book.from_state(bytes(found.state))
        record = made.record
        record.forgotten = at
        for opened in (*book.closed.values(), *book.open.values()):
            record.carry(opened, at)
        record.intents = dict(book.wanted)
        made.sides = {name: Side(venue.watermark) for name, venue in book.venues.items()}
        self._first = found.records
        self._trade_tail = Tail(self._trades, found.position)
        if self._intents.exists():
            first = next(read_since(self._intents, at - DAY))
            self._intent_tail = Tail(self._intents, Position(first.seq, first.prev))
        return made


def _all(tail: Tail) -> list[Record]:
    return list(_polled(tail))


def _polled(tail: Tail) -> Iterator[Record]:
    while records := tail.poll():
        yield from records
        if len(records) < POLL_LIMIT:
            return
