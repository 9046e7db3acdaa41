"""What became of orders at Interactive Brokers: the listing of the day, and the executions.

The vendor's order ids begin anew now and then, so an order is known by its client id alone, which
the listing and every execution carry. Both listings may be asked for once in five seconds, and
lag: an order's end is held back until the executions told add up to what it says it filled.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vanta.domain.conviction import Side
from vanta.domain.instant import DAY, HOUR, SECOND
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.ibkr.portal import Portal
from vanta.executor.brokers.ibkr.wire import Listing, Row, Trade, state_of
from vanta.executor.brokers.port import BrokerOrder, Ended, Executions
from vanta.executor.brokers.rest.exact import exact, nearest, unreadable

LISTING_EVERY = 5 * SECOND
"""The vendor's own pace for each of its two listings."""
OVERLAP = HOUR
"""How far before the watermark the first reading of a process tells again."""
TOLD_FOR = 7 * DAY
"""How long the vendor tells an execution."""
_MILLISECOND = SECOND // 1000
_SIDES: dict[str, Side] = {"B": "buy", "S": "sell"}


@dataclass(frozen=True, slots=True)
class _Known:
    """An execution that was told, or was told by a process before."""

    name: str
    quantity: int
    ts: int


class OrdersReader:
    """Reads orders and executions; remembers what this process has told.

    Args:
        portal: of the account.
        name: of the broker.
        clock: UTC nanoseconds.
        monotonic: nanoseconds that nobody sets.
        every: least nanoseconds between two requests for one listing.
    """

    def __init__(
        self,
        portal: Portal,
        name: str,
        clock: Callable[[], int],
        monotonic: Callable[[], int],
        every: int = LISTING_EVERY,
    ) -> None:
        self._portal, self._name, self._every = portal, name, every
        self._clock, self._monotonic = clock, monotonic
        self._rows: tuple[int, list[Row]] | None = None
        """The last listing and when it was asked for, monotonic."""
        self._gathering: int | None = None
        """When the vendor last said that it only began to gather them."""
        self._trades: tuple[int, int, list[Trade]] | None = None
        """The last executions, for how many days and when they were asked for."""
        self._known: dict[str, _Known] = {}
        """By id, without the number of a correction."""
        self._ended: dict[str, int] = {}
        """When ends were told, by client order id."""
        self._begun = False

    def submitted(self, row: Row) -> None:
        """An order that was acknowledged since the last listing."""
        if self._rows is not None:
            self._rows = (self._rows[0], [*self._rows[1], row])

    def listed(self) -> list[Row]:
        """Every order of the account that the vendor lists, no older than its pace allows.

        Raises:
            BrokerAwayError: the vendor does not say.
        """
        now, portal = self._monotonic(), self._portal
        if self._rows is None or now - self._rows[0] >= self._every:
            waits = self._gathering is not None and now - self._gathering < self._every
            if waits and not portal.urgent:
                raise portal.unready("orders")
            found = portal.told(Listing, portal.api.live_orders(account_id=portal.account))
            if not found.snapshot:
                self._gathering = now
                raise portal.unready("orders")
            mine = [one for one in found.orders if one.account in {"", portal.account}]
            self._rows = (now, mine)
        return self._rows[1]

    def find(self, client_order_id: str) -> list[Row]:
        """Every order under a client id; more than one is the vendor's doing."""
        return [one for one in self.listed() if one.order_ref == client_order_id]

    def seen(self, row: Row) -> BrokerOrder:
        """An order as the port shows it.

        Raises:
            BrokerAwayError: in a state that is not known.
        """
        place = self._portal.place
        state = self.state(row)
        return BrokerOrder(
            row.client_order_id,
            str(row.order_id),
            row.symbol,
            state,
            0 if row.size is None else exact(row.size, place),
            exact(row.filled, place),
            row.status.upper() if state.terminal or row.status == "Inactive" else "",
        )

    def state(self, row: Row) -> OrderState:
        """Where an order stands.

        Raises:
            BrokerAwayError: the word is not known.
        """
        state = state_of(row)
        if state is None:
            raise unreadable(f"an order is {row.status[:40]!r}", self._portal.place)
        return state

    def executed(self, client_order_id: str) -> bool:
        """Whether any execution of the last days is of that order."""
        return any(one.order_ref == client_order_id for one in self._executions(2))

    def since(self, watermark: int) -> Executions:
        """Fills and ends after the watermark.

        What was filled before the vendor's memory is not told. It was of an order that the book
        still has open and the broker has not: that difference holds everything in.

        Raises:
            BrokerAwayError: the vendor does not say; nothing counts as told.
        """
        now = self._clock()
        rows = self.listed()
        days = (now - watermark + OVERLAP) // DAY + 2 if watermark else TOLD_FOR // DAY
        new = {
            one.base: one
            for one in self._executions(min(days, TOLD_FOR // DAY))
            if one.base not in self._known
        }
        known = {base: self._taken(one) for base, one in new.items()}
        fills = [
            self._fill(one)
            for base, one in new.items()
            if self._begun or known[base].ts >= watermark - OVERLAP
        ]
        fills.sort(key=lambda fill: (fill.ts, fill.id))
        ended = self._ends(rows, {**self._known, **known})
        quiet = (now // DAY - 1) * DAY
        reached = max([watermark, quiet, *(fill.ts for fill in fills)])
        # Nothing above changed what counts as told: an error half-way loses nothing.
        self._begun = True
        self._known.update(known)
        self._ended.update({one.client_order_id: now for one in ended})
        horizon = now - 2 * TOLD_FOR
        self._known = {base: one for base, one in self._known.items() if one.ts >= horizon}
        self._ended = {name: at for name, at in self._ended.items() if at >= horizon}
        return Executions(tuple(fills), tuple(ended), reached)

    def _executions(self, days: int) -> list[Trade]:
        now = self._monotonic()
        kept = self._trades
        if kept is None or kept[0] < days or now - kept[1] >= self._every:
            portal = self._portal
            asked = portal.api.trades(days=str(days), account_id=portal.account)
            found = portal.told(list[Trade], asked)
            mine = [one for one in found if one.account in {"", portal.account}]
            kept = self._trades = (days, now, mine)
        return kept[2]

    def _ends(self, rows: list[Row], known: dict[str, _Known]) -> list[Ended]:
        by_name: dict[str, list[Row]] = {}
        for row in rows:
            if row.client_order_id not in self._ended:
                by_name.setdefault(row.client_order_id, []).append(row)
        told = _quantities(known)
        ended = []
        for name, same in by_name.items():
            states = [self.state(row) for row in same]
            if not all(one.terminal for one in states) or told.get(name, 0) < self._filled(same):
                continue
            if OrderState.FILLED not in states:
                state, word = states[-1], same[-1].status
                ended.append(Ended(name, state, word.upper(), f"the broker says {word}"))
        return ended

    def told_all_of(self, rows: list[Row]) -> bool:
        """Whether the executions told of an order add up to what its rows say it filled."""
        told, names = _quantities(self._known), {row.client_order_id for row in rows}
        return sum(told.get(name, 0) for name in names) >= self._filled(rows)

    def _filled(self, rows: list[Row]) -> int:
        return sum(exact(row.filled, self._portal.place) for row in rows)

    def _taken(self, one: Trade) -> _Known:
        quantity = exact(one.size.copy_abs(), self._portal.place)
        return _Known(one.client_order_id, quantity, one.time * _MILLISECOND)

    def _fill(self, one: Trade) -> Fill:
        place = self._portal.place
        if one.side not in _SIDES:
            raise unreadable(f"an execution is {one.side[:40]!r}", place)
        return Fill(
            f"{self._name}-{one.base}",
            one.client_order_id,
            one.name,
            _SIDES[one.side],
            exact(one.size.copy_abs(), place),
            nearest(one.price, place),
            0 if one.commission is None else nearest(one.commission, place),
            one.time * _MILLISECOND,
        )


def _quantities(known: dict[str, _Known]) -> dict[str, int]:
    """What was executed, by client order id."""
    told: dict[str, int] = {}
    for one in known.values():
        told[one.name] = told.get(one.name, 0) + one.quantity
    return told
