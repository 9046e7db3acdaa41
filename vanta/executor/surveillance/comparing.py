"""The comparison: a broker's statements against what is on record. Pure.

What no delay explains is a mismatch at once: an order nobody prepared, another quantity, another
price, more than was ordered. What a listing or the Executor may only be late with has until shortly
before the five seconds are over, counted from the last statement that did not show it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from vanta.domain.exact import show_units
from vanta.domain.instant import SECOND
from vanta.domain.trading import Fill, Order
from vanta.executor import events
from vanta.executor.brokers.port import BrokerOrder, Statement, Sum
from vanta.executor.post_trade import fill_name, of_sum
from vanta.executor.surveillance.mismatch import NOT_COMPARED, Mismatch
from vanta.executor.surveillance.onrecord import Known, OnRecord, Recorded

DEADLINE = 9 * SECOND // 2
"""From when something can first have been shown until it is told; the rest is for telling."""
LEAST = SECOND
"""What anybody has to catch up, however late it was seen."""
NOT_READ = 10 * SECOND
"""A statement older than this is none."""
_OURS = re.compile(r"ord_[0-9a-f]{32}\Z")


class Reading(NamedTuple):
    """A statement, and when it was asked for."""

    broker: str
    began: int
    answered: int
    statement: Statement | None
    why: str = ""
    """Code of why there is none."""


class Suspect(msgspec.Struct):
    """Something that may be over in a moment."""

    mismatch: Mismatch
    seen: int
    due: int
    alive: bool = False
    """Whether a statement without it ends it."""
    executed: int = 0
    """When the fill happened that a statement does not show; statements begin before it."""
    hinted: bool = False
    """Whether the Executor was told to look at once."""


class Side(msgspec.Struct):
    """How far one broker was read."""

    watermark: int = 0
    begun: int = 0
    """When the last statement was asked for; 0 for never."""
    answered: int = 0
    blind: int = 0
    """When it last gave no statement: until then it showed nothing to anybody."""
    fresh: bool = True
    """Whether the first statement is yet to come: it may tell of times before this memory."""


class Comparison(msgspec.Struct):
    """Everything that is compared; encoded, another process goes on where this one stopped."""

    record: OnRecord = msgspec.field(default_factory=OnRecord)
    sides: dict[str, Side] = {}
    suspects: dict[str, Suspect] = {}
    """By id of the mismatch."""

    def since(self, broker: str) -> int:
        """The watermark to read a broker's statement from."""
        awaited = [
            one.executed
            for one in self.suspects.values()
            if one.executed and one.mismatch.broker == broker
        ]
        return min([self.sides[broker].watermark, *awaited])

    def take(self, event: events.Event | None, at: int, *, old: bool = False) -> Iterator[Mismatch]:
        """Take in what a journal says, read at `at`; what is wrong with it.

        Args:
            event: what happened.
            at: UTC nanoseconds.
            old: whether it was written so long ago that a statement need not tell of it again.
        """
        if not isinstance(event, events.OrderFilled):
            yield from self.record.take(event, at)
            return
        fill = event.fill
        known = self.record.filled(fill, at)
        if known is None or known.order.broker not in self.sides:
            return
        broker = known.order.broker
        if known.summed >= 0 or (of_sum(fill, broker) and not old):
            self._weigh(known, at, at)
        elif fill.id in known.theirs:
            self._clear("FILL_MISSING", broker, fill_name(fill))
            yield from _priced(broker, fill, known)
        elif not old:
            # A statement that was asked for before this cannot be expected to have it.
            self._doubt("FILL_NOT_THEIRS", broker, fill_name(fill), fill.quantity, None, at, at)
            self.suspects[_id("FILL_NOT_THEIRS", broker, fill_name(fill))].executed = fill.ts

    def read(self, reading: Reading) -> Iterator[Mismatch]:
        """Take in a statement; both journals were read to their ends after it came."""
        broker, statement = reading.broker, reading.statement
        side = self.sides[broker]
        if statement is None:
            side.blind = reading.answered
            return
        before = max(side.begun, side.blind) or reading.answered
        alive = set[str]()
        for theirs in statement.orders:
            alive.add(theirs.client_order_id)
            yield from self._alive(broker, theirs, before, reading)
        self._gone(broker, alive)
        for fill in statement.executions.fills:
            yield from self._filled(broker, fill, before, reading.answered)
        for told in statement.executions.sums:
            yield from self._summed(broker, told, before, reading.answered)
        for ended in statement.executions.ended:
            name = ended.client_order_id
            if name not in self.record.orders and not side.fresh:
                yield _unknown(broker, name, name, ended.state.value)
        side.watermark = max(side.watermark, statement.executions.watermark)
        side.begun, side.answered, side.fresh = reading.began, reading.answered, False

    def due(self, now: int) -> Iterator[Mismatch]:
        """What nobody can still be only late with."""
        for broker, side in self.sides.items():
            if now - side.answered > NOT_READ:
                yield Mismatch(NOT_COMPARED, broker, broker, None, None)
        for one in self.suspects.values():
            if now >= one.due and self._looked(one):
                yield one.mismatch

    def set_back(self, now: int) -> None:
        """Take what lies ahead of the clock for done just now: nothing waits until it is there."""
        for side in self.sides.values():
            side.begun, side.answered = min(side.begun, now), min(side.answered, now)
            side.blind = min(side.blind, now)
        for one in self.suspects.values():
            one.seen, one.due = min(one.seen, now), min(one.due, now + DEADLINE)
        self.record.set_back(now)

    def forget(self, now: int) -> None:
        """Let go of what is over and agreed about."""
        subjects = {one.mismatch.subject.split(" ")[0] for one in self.suspects.values()}
        self.record.forget(now, subjects)

    def _looked(self, one: Suspect) -> bool:
        """Whether a statement that could have shown it was read."""
        if one.mismatch.code != "FILL_NOT_THEIRS":
            return True
        return self.sides[one.mismatch.broker].begun >= one.seen + LEAST

    def _alive(
        self, broker: str, theirs: BrokerOrder, before: int, reading: Reading
    ) -> Iterator[Mismatch]:
        name = theirs.client_order_id
        known = self.record.orders.get(name)
        if known is None or known.order.broker != broker:
            found = _unknown(broker, name, name, theirs.state.value)
            if found.halts:
                yield found
            else:
                self._suspect(Suspect(found, reading.answered, reading.answered, alive=True))
            return
        ours, shown = wire(known.order, theirs)
        if ours != shown:
            yield Mismatch("WIRE_DIFFERS", broker, name, ours, shown)
        if known.withheld:
            yield Mismatch("WITHHELD_SENT", broker, name, "withheld", "sent")
        elif known.over and reading.began >= known.over + LEAST:
            over = Mismatch("STILL_ALIVE", broker, name, "over", theirs.state.value)
            due = max(before + DEADLINE, reading.answered + LEAST)
            self._suspect(Suspect(over, reading.answered, due, alive=True))

    def _gone(self, broker: str, alive: set[str]) -> None:
        gone = [
            name
            for name, one in self.suspects.items()
            if one.alive and one.mismatch.broker == broker and one.mismatch.subject not in alive
        ]
        for name in gone:
            del self.suspects[name]

    def _filled(self, broker: str, fill: Fill, before: int, at: int) -> Iterator[Mismatch]:
        known = self.record.orders.get(fill.client_order_id)
        if known is None or known.order.broker != broker:
            if fill.ts > self.record.forgotten:
                yield _unknown(broker, fill.client_order_id, fill_name(fill), fill.quantity, "FILL")
            return
        one, told = Recorded.of(fill), known.theirs.get(fill.id)
        if told == one:
            return
        if told is not None:
            yield Mismatch("FILL_DIFFERS", broker, fill_name(fill), f"told as {told}", str(one))
            return
        known.theirs[fill.id] = one
        known.stated += fill.quantity
        if (fill.symbol, fill.side) != (known.order.symbol, known.order.side):
            ordered = f"{known.order.side} {known.order.symbol}"
            yield Mismatch(
                "FILL_DIFFERS", broker, fill_name(fill), ordered, f"{fill.side} {fill.symbol}"
            )
        yield from _beyond(broker, known)
        if known.summed >= 0:
            self._weigh(known, before, at)
        elif fill.id in known.ours:
            self._clear("FILL_NOT_THEIRS", broker, fill_name(fill))
            yield from _priced(broker, fill, known)
        else:
            self._doubt("FILL_MISSING", broker, fill_name(fill), None, fill.quantity, before, at)

    def _summed(self, broker: str, told: Sum, before: int, at: int) -> Iterator[Mismatch]:
        known = self.record.orders.get(told.client_order_id)
        if known is None or known.order.broker != broker:
            if told.ts > self.record.forgotten:
                name = told.client_order_id
                yield _unknown(broker, name, name, told.filled, "FILL")
            return
        # A smaller sum is an old answer.
        known.summed = max(known.summed, told.filled)
        yield from _beyond(broker, known)
        self._weigh(known, before, at)

    def _weigh(self, known: Known, before: int, at: int) -> None:
        """Of a broker that tells sums, the sums are what it can be held to."""
        broker, name = known.order.broker, known.order.client_order_id
        theirs = max(known.summed, known.stated)
        for code, differs in (
            ("FILL_MISSING", theirs > known.whole),
            ("FILL_NOT_THEIRS", theirs < known.whole),
        ):
            if differs:
                self._doubt(code, broker, name, known.whole, theirs, before, at)
            else:
                self._clear(code, broker, name)

    def _doubt(
        self,
        code: str,
        broker: str,
        subject: str,
        ours: int | None,
        theirs: int | None,
        before: int,
        at: int,
    ) -> None:
        mismatch = Mismatch(code, broker, subject, ours, theirs)
        self._suspect(Suspect(mismatch, at, max(before + DEADLINE, at + LEAST)))

    def _suspect(self, one: Suspect) -> None:
        known = self.suspects.setdefault(one.mismatch.id, one)
        known.mismatch = one.mismatch

    def _clear(self, code: str, broker: str, subject: str) -> None:
        self.suspects.pop(_id(code, broker, subject), None)


def wire(order: Order, theirs: BrokerOrder) -> tuple[str, str]:
    """An order as it was prepared and as the broker has it, in what the broker tells of it."""
    ours = f"{show_units(order.quantity)} {order.symbol}"
    shown = f"{show_units(theirs.quantity)} {theirs.symbol}"
    if theirs.side:
        ours, shown = f"{order.side} {ours}", f"{theirs.side} {shown}"
    if theirs.limit_price:
        ours += f" at {show_units(order.limit_price)}"
        shown += f" at {show_units(theirs.limit_price)}"
    return ours, shown


def _beyond(broker: str, known: Known) -> Iterator[Mismatch]:
    theirs, ordered = max(known.summed, known.stated), known.order.quantity
    if theirs > ordered:
        yield Mismatch("OVERFILLED", broker, known.order.client_order_id, ordered, theirs)


def _priced(broker: str, fill: Fill, known: Known) -> Iterator[Mismatch]:
    ours, theirs = known.ours[fill.id], known.theirs[fill.id]
    if ours is not None and ours != theirs:
        yield Mismatch("FILL_DIFFERS", broker, fill_name(fill), str(ours), str(theirs))


def _unknown(
    broker: str, name: str, subject: str, theirs: int | str, what: str = "ORDER"
) -> Mismatch:
    """An order under a name of this node's making, or somebody else's."""
    code = "UNPREPARED" if _OURS.match(name) else f"{what}_NOT_OURS"
    return Mismatch(code, broker, name if code == "UNPREPARED" else subject, None, theirs)


def _id(code: str, broker: str, subject: str) -> str:
    return Mismatch(code, broker, subject, None, None).id
