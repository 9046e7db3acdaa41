"""What the vault itself asks for: that it exists, and that its persona acts on this conviction.

Not on the checklist, so under number 0.
"""

from vanta.domain.trading import Finding, Order
from vanta.executor.case import UNSIZED, Case
from vanta.executor.fences.fence import at_least, fence, holds
from vanta.executor.tallies import UNKNOWN


@fence(
    0,
    "WITHIN_TERMS",
    codes=(UNKNOWN, "CONVICTION", "NO_SIZE"),
    reads=("known", "conviction", "flip_conviction"),
)
def terms(order: Order, case: Case, found: list[Finding]) -> None:
    """A vault of the policy, a conviction at or above its floor, and a size above nothing.

    Opening orders; a reducing one needs only a size.
    """
    every = case.every
    if not order.reducing:
        mandate = case.mandate
        if not mandate.known or every:
            holds(found, 0, UNKNOWN, mandate.known, order.vault)
        floor = mandate.flip_conviction if order.flip else mandate.conviction
        if order.conviction < floor or every:
            at_least(found, 0, "CONVICTION", order.conviction, floor, "ppm")
    sized = order.quantity if case.sized == UNSIZED else case.sized
    if sized <= 0 or every:
        at_least(found, 0, "NO_SIZE", sized, 1, "units")
