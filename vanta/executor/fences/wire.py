"""Fence 17: what goes to a broker never exceeds the order it was decided as. Asked at the wire.

The other fences judge what is proposed; this one is asked by the router with the book as it is at
that moment, of every submission, also of one that is made again.
"""

import msgspec

from vanta.domain.trading import Finding, Order, OrderState
from vanta.executor.positions import OpenOrder

NUMBER = 17
CODES = ("NO_PARENT", "CHILD_QUANTITY", "CHILD_PRICE", "CHILD_DIFFERS")


def within_parent(child: Order, parent: OpenOrder | None, *, absent: bool) -> tuple[Finding, ...]:
    """Why a submission must not be made; empty when it may. Pure.

    Args:
        child: what would be sent.
        parent: the order of the book with that id, not over; None where there is none.
        absent: whether the broker has just proved that it has nothing of it.
    """
    if parent is None or parent.state.terminal:
        return (_no("NO_PARENT", child.client_order_id, None, ""),)
    decided = parent.order
    found = []
    alive = 0 if absent or parent.state is OrderState.PREPARED else parent.remaining
    whole = parent.filled + alive + child.quantity
    if whole > decided.quantity:
        found.append(_no("CHILD_QUANTITY", whole, decided.quantity, "units"))
    beyond = child.limit_price - decided.limit_price
    if (beyond if decided.side == "buy" else -beyond) > 0:
        found.append(_no("CHILD_PRICE", child.limit_price, decided.limit_price, "units"))
    alike = msgspec.structs.replace(
        child, quantity=decided.quantity, limit_price=decided.limit_price
    )
    if alike != decided:
        found.append(_no("CHILD_DIFFERS", child.client_order_id, decided.client_order_id, ""))
    return tuple(found)


def _no(code: str, observed: int | str, limit: int | str | None, unit: str) -> Finding:
    return Finding(NUMBER, code, False, observed, limit, unit)  # noqa: FBT003 - a finding's field
