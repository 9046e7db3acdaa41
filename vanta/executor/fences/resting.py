"""Fence 16: no order trades with one of our own. Every order, of any vault, at any broker.

It says so of a way out as well; who then gives way to whom is in `right_of_way`.
"""

from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.fences.fence import fence, holds

SELF_MATCH = "SELF_MATCH"


@fence(16, "NO_SELF_MATCH", codes=(SELF_MATCH,), since=2)
def self_match(order: Order, case: Case, found: list[Finding]) -> None:
    """Nothing of ours that is open on the other side has a price this order would meet.

    A way out that nothing else denies is not denied for it: it waits while what is in its way is
    taken back, an opening order at once, another way out after half a minute.
    """
    resting = case.book.resting.get(order.symbol)
    met = None
    if resting is not None:
        if order.side == "buy":
            if resting.sells and resting.sells[0] <= order.limit_price:
                met = resting.sells[0]
        elif resting.buys and resting.buys[-1] >= order.limit_price:
            met = resting.buys[-1]
    if met is not None or case.every:
        holds(found, 16, SELF_MATCH, met is None, order.limit_price, met, "units")
