"""The judge's own fold of the trade log: what was done, held against what was decided."""

from pathlib import Path

from vanta.domain.record import Record
from vanta.executor.book import Book
from vanta.executor.events import (
    BookReconciled,
    Difference,
    Event,
    OrderAcknowledged,
    OrderFilled,
    OrderPrepared,
    read,
)
from vanta.journal.reader import Tail, live_state


class Evidence:
    """Follows the trade log as it grows.

    Args:
        path: of the trade log; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tail: Tail | None = None
        self.book = Book()
        self.unbacked: list[str] = []
        self._differing: dict[str, tuple[int, tuple[Difference, ...]]] = {}

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the book and any broker do not agree about."""
        return tuple(one for _, found in self._differing.values() for one in found)

    @property
    def differing_since(self) -> int:
        """When a broker was first found to differ, by the record; 0 while all agree."""
        return min((since for since, _ in self._differing.values()), default=0)

    def close(self) -> None:
        """Let go of the journal."""
        if self._tail is not None:
            self._tail.close()

    def look(self) -> None:
        """Take in what was written since the last look.

        Raises:
            MalformedError: a record that cannot follow what is before it.
            UnavailableError: the journal is there and cannot be read.
        """
        if self._tail is None:
            self._begin()
        else:
            for record in self._tail.poll():
                self._take(record)

    def _begin(self) -> None:
        if not self._path.exists():
            return
        found = live_state(self._path)
        self.book = Book.from_state(bytes(found.state))
        for record in found.records:
            self._take(record)
        self._tail = Tail(self._path, found.position)

    def _take(self, record: Record) -> None:
        event = read(record)
        if event is None:
            return
        if found := self._against_the_record(event):
            self.unbacked.append(found)
        self.book.apply(event)
        if isinstance(event, BookReconciled):
            since, _ = self._differing.pop(event.broker, (record.ts, ()))
            if event.differences:
                self._differing[event.broker] = since, event.differences

    def _against_the_record(self, event: Event) -> str:
        """What is wrong with an event though it can follow; empty for nothing."""
        orders = self.book.open
        match event:
            case OrderPrepared(order):
                decided = orders.get(order.client_order_id)
                if decided is None or decided.order != order:
                    return f"order {order.client_order_id[:12]} is not the one that was decided"
            case OrderAcknowledged(name):
                if name in orders and not orders[name].prepared:
                    return f"order {name[:12]} was sent before it was on disk"
            case OrderFilled(fill):
                opened = orders.get(fill.client_order_id) or self.book.closed.get(
                    fill.client_order_id
                )
                if opened is None or fill.id in opened.fills:
                    return ""
                order = opened.order
                if (fill.symbol, fill.side) != (order.symbol, order.side):
                    return f"fill {fill.id} is not of the order it names"
                if fill.quantity > opened.remaining:
                    return f"order {order.client_order_id[:12]} filled by more than it is"
        return ""
