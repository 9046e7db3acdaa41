"""Fence 18: the kill switches, at every scope of the order. Every order.

The gate asks again at the last moment; here a switch is a reason like any other.
"""

from vanta.domain.switches import SWITCHES, Action
from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.fences.fence import fence, holds


@fence(18, "SWITCHES_OFF", codes=tuple(name.upper() for name in SWITCHES), reads=("switches",))
def switches(order: Order, case: Case, found: list[Finding]) -> None:
    """No switch that forbids this order is on, for the vault, the venue, the strategy or all."""
    brake = case.route.brake
    if brake.reducing if order.reducing else brake.opening:
        action = Action.REDUCE if order.reducing else Action.OPEN
        for scope, switch in brake.forbidding(action):
            holds(found, 18, switch.upper(), False, scope)  # noqa: FBT003 - it is on
    elif case.every:
        holds(found, 18, "SWITCHES_OFF", True, order.vault)  # noqa: FBT003 - none is on
