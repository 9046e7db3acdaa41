"""What was executed at Alpaca since a watermark, whole and in order.

Executions are listed by their time, and a listing may lag behind the orders it is about. So each
reading begins a little before the watermark, tells what this process has not told, and holds an
order's end back until the executions told of it add up to what the order says it filled.
"""

from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import urlencode

from vanta.domain.conviction import Side
from vanta.domain.instant import DAY, MINUTE, show_instant
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.alpaca.wire import Activity, AlpacaOrder, ours, state_of
from vanta.executor.brokers.port import Ended, Executions
from vanta.executor.brokers.rest.exact import decode, exact, instant, unreadable
from vanta.executor.brokers.rest.session import Session

OVERLAP = 2 * MINUTE
"""How far before the watermark each reading begins."""
LONGEST_ORDER = 7 * DAY
"""How long before its end an order may have been submitted; day orders over a long weekend."""
ORDERS_A_PAGE = 500
ACTIVITIES_A_PAGE = 100

T = TypeVar("T", AlpacaOrder, Activity)


class ExecutionsReader:
    """Reads on from a watermark; remembers what this process has told.

    Args:
        session: of the trading API.
        page: most entries of a page; the vendor's own where None.
    """

    def __init__(self, session: Session, page: int | None = None) -> None:
        self._session = session
        self._orders_a_page = page or ORDERS_A_PAGE
        self._activities_a_page = page or ACTIVITIES_A_PAGE
        self._told: dict[str, int] = {}
        """Times by id of the fills told."""
        self._filled: dict[str, int] = {}
        """Quantity told by the vendor's order id."""
        self._names: dict[str, str] = {}
        """Client ids by the vendor's."""
        self._watched: dict[str, AlpacaOrder] = {}
        """Orders whose end was not told yet."""
        self._finished: dict[str, int] = {}
        """When orders ended whose end was told."""
        self._begun = False

    def watch(self, order: AlpacaOrder) -> None:
        """Follow an order to its end."""
        if order.id not in self._finished:
            self._names[order.id] = order.client_order_id
            self._watched.setdefault(order.id, order)

    def told_all_of(self, order: AlpacaOrder) -> bool:
        """Whether the executions told of an order add up to what it says it filled."""
        if order.id in self._finished:
            return True
        return self._filled.get(order.id, 0) >= self._exact(order.filled_qty)

    def open_orders(self) -> list[AlpacaOrder]:
        """Every order that is alive."""
        return list(self._orders(status="open"))

    def since(self, watermark: int) -> Executions:
        """Fills and ends after the watermark.

        Raises:
            BrokerAwayError: the vendor does not say; nothing counts as told.
        """
        alive = {order.id: order for order in self.open_orders()}
        if not self._begun:
            begin = max(0, watermark - LONGEST_ORDER)
            for order in self._orders(status="closed", after=begin):
                if instant(order.updated_at, self._session.place) >= watermark - OVERLAP:
                    self.watch(order)
        for order in alive.values():
            self.watch(order)
        gone = [self._order(name) for name in self._watched if name not in alive]
        # What was only just taken may not be listed yet, in either way.
        over = [one for one in gone if self._state(one).terminal]
        begin = max(0, watermark - OVERLAP)
        found = {one.id: one for one in self._activities(begin)}
        told = self._sums(found)
        late = [one for one in over if told.get(one.id, 0) < self._exact(one.filled_qty)]
        if late:
            # The listing of the last minutes does not show all they filled: look further back.
            oldest = min(instant(one.submitted_at, self._session.place) for one in late)
            found |= {one.id: one for one in self._activities(min(begin, oldest))}
            told = self._sums(found)
        fills = [self._fill(one) for one in found.values() if one.id not in self._told]
        fills.sort(key=lambda fill: (fill.ts, fill.id))
        done = [one for one in over if told.get(one.id, 0) >= self._exact(one.filled_qty)]
        ended = [end for one in done if (end := self._end(one))]
        held_back = [one for one in over if one not in done]
        reached = self._reached(watermark, fills, done, held_back)
        # Nothing above changed what counts as told: an error half-way loses nothing.
        self._begun = True
        self._filled = told
        self._told.update({fill.id: fill.ts for fill in fills})
        for one in done:
            self._finished[one.id] = instant(one.updated_at, self._session.place)
            self._watched.pop(one.id, None)
            self._names.pop(one.id, None)
            self._filled.pop(one.id, None)
        self._forget(reached)
        return Executions(tuple(fills), tuple(ended), reached)

    def statement(self, watermark: int, now: int) -> tuple[list[AlpacaOrder], list[Fill], int]:
        """What is alive, every fill since a little before the watermark, and how far that is.

        It is for whoever compares: what was told before is told again, in case it changed.

        Args:
            watermark: of the statement before.
            now: UTC nanoseconds.
        """
        alive = self.open_orders()
        known = {order.id: order.client_order_id for order in alive}
        found = list(self._activities(max(0, watermark - OVERLAP)))
        for one in found:
            if one.order_id in self._names:
                known.setdefault(one.order_id, self._names[one.order_id])
        unnamed = {one.order_id for one in found} - known.keys()
        if len(unnamed) > 1:
            # Orders that filled between two statements: one listing names them all.
            after = max(0, watermark - 2 * OVERLAP)
            for order in self._orders(status="all", after=after):
                known[order.id] = order.client_order_id
        self._names = known
        fills = [self._fill(one) for one in found]
        return alive, fills, max([watermark, now - OVERLAP, *(fill.ts for fill in fills)])

    def _reached(
        self,
        watermark: int,
        fills: list[Fill],
        done: list[AlpacaOrder],
        held_back: list[AlpacaOrder],
    ) -> int:
        place = self._session.place
        times = [fill.ts for fill in fills] + [instant(one.updated_at, place) for one in done]
        reached = max([watermark, *times])
        waiting = [instant(one.updated_at, place) for one in held_back]
        return max(watermark, min([reached, *waiting]))

    def _forget(self, reached: int) -> None:
        """Let go of what no reading will show again: orders that are over, long before."""
        horizon = reached - LONGEST_ORDER
        self._told = {name: at for name, at in self._told.items() if at >= horizon}
        self._finished = {name: at for name, at in self._finished.items() if at >= horizon}

    def _sums(self, found: dict[str, Activity]) -> dict[str, int]:
        sums = dict(self._filled)
        for one in found.values():
            if one.id not in self._told:
                sums[one.order_id] = sums.get(one.order_id, 0) + self._exact(one.qty)
        return sums

    def _fill(self, one: Activity) -> Fill:
        place = self._session.place
        if one.order_id not in self._names:
            self._names[one.order_id] = self._order(one.order_id).client_order_id
        side: Side = "buy" if one.side == "buy" else "sell"
        return Fill(
            one.id,
            self._names[one.order_id],
            ours(one.symbol),
            side,
            exact(one.qty, place),
            exact(one.price, place),
            0,
            instant(one.transaction_time, place),
        )

    def _end(self, order: AlpacaOrder) -> Ended | None:
        state = self._state(order)
        if state in {OrderState.CANCELLED, OrderState.REJECTED}:
            said = f"the broker says {order.status}"
            return Ended(order.client_order_id, state, order.status.upper(), said)
        return None

    def _state(self, order: AlpacaOrder) -> OrderState:
        state = state_of(order)
        if state is None:
            raise unreadable(f"an order is {order.status[:40]!r}", self._session.place)
        return state

    def _exact(self, quantity: object) -> int:
        return exact(quantity, self._session.place)  # type: ignore[arg-type]

    def _order(self, name: str) -> AlpacaOrder:
        reply = self._session.read(f"/v2/orders/{name}")
        return decode(AlpacaOrder, reply.body, self._session.place)

    def _orders(self, *, status: str, after: int = 0) -> Iterator[AlpacaOrder]:
        """Oldest first. A page begins just before the last one's end: times may be the same."""
        place, limit = self._session.place, self._orders_a_page
        seen: set[str] = set()
        while True:
            asked = {"status": status, "direction": "asc", "limit": str(limit), "nested": "false"}
            if after:
                asked["after"] = show_instant(after)
            page = self._page(f"/v2/orders?{urlencode(asked)}", list[AlpacaOrder])
            new = [one for one in page if one.id not in seen]
            yield from new
            if len(page) < limit:
                return
            if not new:
                raise unreadable("more orders of one instant than a page holds", place)
            seen |= {one.id for one in new}
            after = instant(page[-1].submitted_at, place) - 1

    def _activities(self, after: int) -> Iterator[Activity]:
        token, limit = "", self._activities_a_page
        while True:
            asked = {"direction": "asc", "page_size": str(limit)}
            if after:
                asked["after"] = show_instant(after)
            if token:
                asked["page_token"] = token
            page = self._page(f"/v2/account/activities/FILL?{urlencode(asked)}", list[Activity])
            yield from page
            if len(page) < limit:
                return
            if page[-1].id == token:
                raise unreadable("a page that follows itself", self._session.place)
            token = page[-1].id

    def _page(self, target: str, kind: type[list[T]]) -> list[T]:
        reply = self._session.read(target)
        return decode(kind, reply.body, self._session.place)
