"""Tradier's orders: those of the day, and what they have filled so far.

It tells of every order how much of it is done, and not in which executions. So what is told on is
the sum; the book counts what it does not have yet. The price is that of what was done since this
process last told of the order, worked out of its averages.
"""

from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlencode

from vanta.domain.exact import UNIT
from vanta.domain.trading import OrderState
from vanta.executor.brokers.port import BrokerOrder, Ended, Executions, Sum
from vanta.executor.brokers.rest.exact import counted, decode, instant, nearest, unreadable
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import Urgency
from vanta.executor.brokers.tradier.wire import (
    OneOrder,
    Orders,
    TradierOrder,
    framed,
    listed,
    name_of,
    ours,
    state_of,
)

A_PAGE = 1000
SMALLEST_PAGE = 20
"""What is listed in fewer has no second page, whatever the vendor makes of the limit."""
NOT_THERE = 404


@dataclass(frozen=True, slots=True)
class _Told:
    filled: int
    average: int
    state: OrderState


class OrdersReader:
    """Reads an account's orders; remembers what this process has told.

    Args:
        session: of the brokerage API.
        account: the path of the account.
        page: most entries of a page; the vendor's own where None.
    """

    def __init__(self, session: Session, account: str, page: int | None = None) -> None:
        self._session, self._page = session, page or A_PAGE
        self._path = f"{account}/orders"
        self._told: dict[int, _Told] = {}
        self._watched: set[int] = set()
        """Orders that were alive when last seen."""

    def watch(self, number: int) -> None:
        """Follow an order to its end, even when the listing has gone on to the next day."""
        if number not in self._told or not self._told[number].state.terminal:
            self._watched.add(number)

    def listed(self, urgency: Urgency = Urgency.READ) -> list[TradierOrder]:
        """The orders of the day, every page of them.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        found: dict[int, TradierOrder] = {}
        page = 1
        while True:
            asked = {"includeTags": "true", "page": page, "limit": self._page}
            reply = self._session.read(f"{self._path}?{urlencode(asked)}", urgency)
            frame = framed(
                decode(Orders, reply.body, self._session.place).orders, self._session.place
            )
            new = [one for one in listed(frame) if one.id not in found]
            if not new:
                # A page past the last is empty, or, where pages are not known, the first again.
                return list(found.values())
            found |= {one.id: one for one in new}
            if len(new) < min(self._page, SMALLEST_PAGE):
                return list(found.values())
            page += 1

    def one(self, number: int, urgency: Urgency = Urgency.READ) -> TradierOrder | None:
        """An order of any day, by Tradier's id; None where there is none."""
        reply = self._session.read(f"{self._path}/{number}?includeTags=true", urgency)
        if reply.status == NOT_THERE:
            return None
        return decode(OneOrder, reply.body, self._session.place).order

    def find(self, client_order_id: str, urgency: Urgency = Urgency.READ) -> TradierOrder | None:
        """The order of the day under a client id; None where there is none."""
        found = [one for one in self.listed(urgency) if name_of(one) == client_order_id]
        if len(found) > 1:
            raise unreadable("two orders under one tag", self._session.place)
        return found[0] if found else None

    def seen(self, order: TradierOrder) -> BrokerOrder:
        """An order as the port tells it."""
        state, place = self._state(order), self._session.place
        why = (order.reason_description or order.status.upper()) if state.terminal else ""
        return BrokerOrder(
            name_of(order),
            str(order.id),
            ours(order.option_symbol or order.symbol),
            state,
            counted(order.quantity, place),
            counted(order.exec_quantity, place),
            why[:200],
            "buy" if order.side.startswith("buy") else "sell",
            nearest(order.price, place),
        )

    def since(self, watermark: int) -> Executions:
        """Sums and ends that this process has not told.

        Raises:
            BrokerAwayError: the vendor does not say; nothing counts as told.
        """
        orders = {one.id: one for one in self.listed()}
        for number in self._watched - orders.keys():
            gone = self.one(number)
            if gone is not None:
                orders[number] = gone
        sums: list[Sum] = []
        ended: list[Ended] = []
        told: dict[int, _Told] = {}
        for one in sorted(orders.values(), key=lambda order: (order.transaction_date, order.id)):
            before = self._told.get(one.id, _NOTHING)
            now = self._standing(one)
            told[one.id] = now
            if now.filled > before.filled:
                sums.append(self._sum(one, before, now))
            if now.state in _ENDS and before.state not in _ENDS:
                ended.append(self._end(one, now.state))
        times = [instant(one.transaction_date, self._session.place) for one in orders.values()]
        self._told.update(told)
        alive = {number for number, now in told.items() if not now.state.terminal}
        self._watched = alive | (self._watched - orders.keys())
        return Executions((), tuple(ended), max([watermark, *times]), tuple(sums))

    def told_all_of(self, order: TradierOrder) -> bool:
        """Whether the sum told of an order is what it says it filled; a listing may be older."""
        told = self._told.get(order.id, _NOTHING).filled
        return told >= counted(order.exec_quantity, self._session.place)

    def statement(self) -> tuple[list[TradierOrder], list[Sum]]:
        """The orders of the day that are alive, and what each of them all has filled so far.

        It is for whoever compares: everything is told every time. Its prices are averages.
        """
        orders = self.listed()
        alive = [one for one in orders if not self._state(one).terminal]
        place, sums = self._session.place, list[Sum]()
        for one in orders:
            now = self._standing(one)
            if now.filled:
                at = instant(one.transaction_date, place)
                sums.append(Sum(name_of(one), str(one.id), now.filled, now.average, at))
        return alive, sums

    def _standing(self, order: TradierOrder) -> _Told:
        place = self._session.place
        filled, average = order.exec_quantity, order.avg_fill_price
        return _Told(counted(filled, place), nearest(average, place), self._state(order))

    def _sum(self, order: TradierOrder, before: _Told, now: _Told) -> Sum:
        place, more = self._session.place, now.filled - before.filled
        if more == counted(order.last_fill_quantity, place):
            price = nearest(order.last_fill_price, place)
        else:
            paid = now.average * now.filled - before.average * before.filled
            price = (paid + more // 2) // more
        if price <= 0:
            raise unreadable("something was filled for nothing", place)
        at = instant(order.transaction_date, place)
        # An average is rounded to eight decimals; what it is of has four, for shares and options.
        amount = round(Fraction(now.average * now.filled, UNIT * _STEP)) * _STEP
        return Sum(name_of(order), str(order.id), now.filled, price, at, amount)

    def _end(self, order: TradierOrder, state: OrderState) -> Ended:
        said = order.reason_description or f"the broker says {order.status}"
        return Ended(name_of(order), state, order.status.upper(), said[:200])

    def _state(self, order: TradierOrder) -> OrderState:
        state = state_of(order)
        if state is None:
            raise unreadable(f"an order is {order.status[:40]!r}", self._session.place)
        return state


_STEP = UNIT // 10_000
_NOTHING = _Told(0, 0, OrderState.ACKNOWLEDGED)
_ENDS = frozenset({OrderState.CANCELLED, OrderState.REJECTED})
