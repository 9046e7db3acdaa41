"""The kill switches: one vocabulary and one truth table, read by the gate and the collectors.

A switch with an end is on until whoever publishes the policy turns it off: only the controller
judges whether its clock is good enough to let a halt end.
"""

from enum import Enum
from typing import Annotated

from vanta.domain.instant import FOREVER, NEVER
from vanta.lattice.direction import Switch
from vanta.lattice.governed import Governed

EVERYWHERE = "everywhere"
"""The scope of a switch that is on for all of a node."""


class Switches(Governed, frozen=True):
    """Each switch as the instant it may end at: `NEVER` is off, `FOREVER` has no end."""

    reduce_only: Annotated[int, Switch()] = NEVER
    orders_disabled: Annotated[int, Switch()] = NEVER
    maintenance: Annotated[int, Switch()] = NEVER
    external_calls_disabled: Annotated[int, Switch()] = NEVER
    full_halt: Annotated[int, Switch()] = NEVER


class Action(Enum):
    """What somebody is about to do that a switch may forbid."""

    OPEN = "opening order"
    REDUCE = "reducing order"
    CANCEL = "cancel or broker read"
    CALL_OUT = "collector or other call out"
    MIRROR = "mirror delivery"
    MIRROR_REDUCTION = "mirror delivery of a reduction"


_FORBIDS: dict[str, frozenset[Action]] = {
    "reduce_only": frozenset({Action.OPEN, Action.MIRROR}),
    "orders_disabled": frozenset(
        {Action.OPEN, Action.REDUCE, Action.MIRROR, Action.MIRROR_REDUCTION}
    ),
    "maintenance": frozenset({Action.OPEN, Action.REDUCE, Action.MIRROR, Action.MIRROR_REDUCTION}),
    "external_calls_disabled": frozenset(Action) - {Action.CANCEL},
    "full_halt": frozenset(Action) - {Action.CANCEL},
}
"""The table of the fences page, as what each switch forbids; nothing forbids a cancel."""

SWITCHES = tuple(_FORBIDS)
"""The names of all switches, mildest first."""

HALTED = Switches(full_halt=FOREVER)
"""What an unreadable policy means."""


def forbidding(switches: Switches, action: Action) -> tuple[str, ...]:
    """Names of the switches that are on and forbid `action`; empty when it may happen."""
    return tuple(
        name
        for name, forbidden in _FORBIDS.items()
        if action in forbidden and getattr(switches, name) != NEVER
    )
