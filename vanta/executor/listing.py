"""Every order an Executor prepared, and how far it came: a reading of the journal."""

from collections.abc import Iterable

import msgspec

from vanta.domain.record import Record
from vanta.domain.trading import Order, OrderState
from vanta.executor import events


class ListedOrder(msgspec.Struct):
    """One order."""

    order: Order
    prepared: int
    """UTC nanoseconds."""
    state: OrderState = OrderState.PREPARED
    filled: int = 0
    """Quantity units."""
    paid: int = 0
    """Price times quantity of the fills, in units of units: divide by `filled` for the price."""
    fees: int = 0
    """Units of money; what was kept in coin counts at its worth."""
    kept: int = 0
    """Of them, what was kept of the coin, in 10^-18."""
    why: str = ""

    @property
    def stands(self) -> str:
        """Its state, and why where that says more than the state does."""
        state = self.state.value
        return state if self.why.lower() in {"", state} else f"{state} {self.why}"


class Listing(msgspec.Struct):
    """What became of every intent."""

    orders: dict[str, ListedOrder] = msgspec.field(default_factory=dict)
    accepted: int = 0
    denied: dict[str, int] = msgspec.field(default_factory=dict)
    """Denied decisions by the code of each fence that said no."""


def listing(records: Iterable[Record], before: Listing | None = None) -> Listing:
    """Fold a trade log into the orders it speaks of, oldest first.

    Args:
        records: from the beginning of the log, or from where `before` ended.
        before: what came before, which grows; None for nothing.

    Raises:
        MalformedError: a record this build does not know.
    """
    found = before or Listing()
    for record in records:
        event = events.read(record)
        match event:
            case events.DecisionMade():
                if event.decision.verdict == "accept":
                    found.accepted += 1
                for finding in event.decision.reasons:
                    found.denied[finding.code] = found.denied.get(finding.code, 0) + 1
            case events.OrderPrepared():
                listed = ListedOrder(event.order, record.ts)
                found.orders[event.order.client_order_id] = listed
            case _:
                _happened(found.orders, event)
    return found


def _happened(orders: dict[str, ListedOrder], event: events.Event | None) -> None:
    match event:
        case events.OrderFilled(fill):
            one = orders[fill.client_order_id]
            one.filled += fill.quantity
            one.paid += fill.price * fill.quantity
            one.fees += fill.fee
            one.kept += fill.kept
            whole = one.filled >= one.order.quantity
            one.state = OrderState.FILLED if whole else OrderState.PARTIALLY_FILLED
        case events.OrderAcknowledged(name):
            if orders[name].state in {OrderState.PREPARED, OrderState.UNKNOWN}:
                orders[name].state = OrderState.ACKNOWLEDGED
        case events.OrderUnknown(name, reason):
            orders[name].state, orders[name].why = OrderState.UNKNOWN, reason
        case events.OrderRejected(name, code):
            orders[name].state, orders[name].why = OrderState.REJECTED, code
        case events.OrderCancelled(name, reason):
            orders[name].state, orders[name].why = OrderState.CANCELLED, reason
        case events.OrderWithheld(name, codes):
            orders[name].state, orders[name].why = OrderState.WITHHELD, ", ".join(codes)
        case _:
            pass
