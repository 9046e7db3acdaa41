"""What was executed at an exchange since a watermark, whole and in order.

A listing may lag behind the orders it is about. So each reading begins a little before the
watermark, tells what this process has not told, and holds an order's end back until the
executions told of it add up to what the order says it filled.
"""

from vanta.domain.instant import DAY, MINUTE
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.crypto.venue import Venue, VenueExecution, VenueOrder
from vanta.executor.brokers.port import Ended, Executions
from vanta.executor.brokers.rest.exact import unreadable

OVERLAP = 2 * MINUTE
"""How far before the watermark each reading begins."""
LONGEST_ORDER = 7 * DAY
"""How long before its end an order may have been submitted that no process watched."""
_ENDS = frozenset({OrderState.CANCELLED, OrderState.REJECTED})


class ExecutionsReader:
    """Reads on from a watermark; remembers what this process has told.

    Args:
        venue: to read from.
        name: of the broker, in front of every fill's id.
    """

    def __init__(self, venue: Venue, name: str) -> None:
        self._venue, self._name = venue, name
        self._told: dict[str, int] = {}
        """Times by id of the fills told."""
        self._filled: dict[str, int] = {}
        """Quantity told by the exchange's order id."""
        self._names: dict[str, str] = {}
        """Client ids by the exchange's."""
        self._watched: dict[str, str] = {}
        """Orders whose end was not told yet: client ids by the exchange's."""
        self._finished: dict[str, int] = {}
        """When orders ended whose end was told."""
        self._begun = False

    def watch(self, name: str, client_order_id: str) -> None:
        """Follow an order to its end, by the exchange's id and ours."""
        if name not in self._finished:
            self._names[name] = self._watched[name] = client_order_id

    def id_of(self, client_order_id: str) -> str | None:
        """The exchange's id of an order that is followed."""
        found = (name for name, ours in self._watched.items() if ours == client_order_id)
        return next(found, None)

    def told_all_of(self, order: VenueOrder) -> bool:
        """Whether the executions told of an order add up to what it says it filled."""
        return order.id in self._finished or self._filled.get(order.id, 0) >= order.filled

    def since(self, watermark: int) -> Executions:
        """Fills and ends after the watermark.

        Raises:
            BrokerAwayError: the exchange does not say; nothing counts as told.
        """
        alive = {order.id: order for order in self._venue.open_orders()}
        listed: dict[str, VenueOrder] = {}
        if not self._begun:
            for order in self._venue.ended_orders(max(0, watermark - LONGEST_ORDER)):
                if not order.dated or order.updated >= watermark - OVERLAP:
                    self.watch(order.id, order.client_order_id)
                    listed[order.id] = order
        for order in alive.values():
            self.watch(order.id, order.client_order_id)
        gone = [
            listed.get(name) or self._venue.order(name)
            for name in self._watched
            if name not in alive
        ]
        # What was only just taken may not be shown yet, in either way.
        over = [one for one in gone if one is not None and one.state.terminal]
        begin = max(0, watermark - OVERLAP)
        found = {one.id: one for one in self._venue.executions(begin)}
        told = self._sums(found)
        late = [one for one in over if told.get(one.id, 0) < one.filled]
        if late:
            # The listing of the last minutes does not show all they filled: look further back.
            oldest = min(one.created for one in late)
            found |= {one.id: one for one in self._venue.executions(min(begin, oldest))}
            told = self._sums(found)
        fills = [self._fill(one) for one in found.values() if one.id not in self._told]
        fills.sort(key=lambda fill: (fill.ts, fill.id))
        done = [one for one in over if told.get(one.id, 0) >= one.filled]
        held_back = [one for one in over if one not in done]
        ended = tuple(_end(one) for one in done if one.state in _ENDS)
        reached = _reached(watermark, fills, done, held_back)
        # Nothing above changed what counts as told: an error half-way loses nothing.
        self._begun = True
        self._filled = told
        self._told.update({one.id: one.ts for one in found.values()})
        for one in done:
            self._finished[one.id] = one.updated
            self._watched.pop(one.id, None)
            self._names.pop(one.id, None)
            self._filled.pop(one.id, None)
        self._forget(reached)
        return Executions(tuple(fills), ended, reached)

    def statement(self, watermark: int, now: int) -> tuple[list[VenueOrder], list[Fill], int]:
        """What is alive, every fill since a little before the watermark, and how far that is.

        It is for whoever compares: what was told before is told again, in case it changed.

        Args:
            watermark: of the statement before.
            now: UTC nanoseconds.
        """
        alive = list(self._venue.open_orders())
        known = {order.id: order.client_order_id for order in alive}
        found = list(self._venue.executions(max(0, watermark - OVERLAP)))
        for one in found:
            if one.order_id in self._names:
                known.setdefault(one.order_id, self._names[one.order_id])
        self._names = known
        fills = [self._fill(one) for one in found]
        return alive, fills, max([watermark, now - OVERLAP, *(fill.ts for fill in fills)])

    def _forget(self, reached: int) -> None:
        """Let go of what no reading will show again: orders that are over, long before."""
        horizon = reached - LONGEST_ORDER
        self._told = {name: at for name, at in self._told.items() if at >= horizon}
        self._finished = {name: at for name, at in self._finished.items() if at >= horizon}

    def _sums(self, found: dict[str, VenueExecution]) -> dict[str, int]:
        sums = dict(self._filled)
        for one in found.values():
            if one.id not in self._told:
                sums[one.order_id] = sums.get(one.order_id, 0) + one.quantity
        return sums

    def _fill(self, one: VenueExecution) -> Fill:
        if one.order_id not in self._names:
            order = self._venue.order(one.order_id)
            if order is None:
                raise unreadable("an execution of no order", self._venue.place)
            self._names[one.order_id] = order.client_order_id
        return Fill(
            f"{self._name}:{one.id}",
            self._names[one.order_id],
            one.symbol,
            one.side,
            one.quantity,
            one.price,
            one.fee,
            one.ts,
            one.kept,
        )


def _end(order: VenueOrder) -> Ended:
    said = order.reason or f"the broker says {order.said}"
    return Ended(order.client_order_id, order.state, order.said.upper(), said[:200])


def _reached(
    watermark: int, fills: list[Fill], done: list[VenueOrder], held_back: list[VenueOrder]
) -> int:
    reached = max([watermark, *(fill.ts for fill in fills), *(one.updated for one in done)])
    return max(watermark, min([reached, *(one.updated for one in held_back)]))
