"""R9, pure: what is over by two instants, one for halts and one for what loosens."""

import msgspec

from vanta.domain.instant import FOREVER, NEVER
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.governance.terms import in_term, next_ends, over
from vanta.lattice.algebra import compare
from vanta.lattice.direction import Order, Table

POLICY = Policy(
    environment="prod",
    overlay=OverlayPolicy(
        everywhere=Switches(reduce_only=50, full_halt=FOREVER),
        vaults=Table(
            Switches(reduce_only=50, full_halt=FOREVER), {"momentum": Switches(maintenance=70)}
        ),
        followers=Table(Switches(), {"zoe": Switches(full_halt=60)}),
        flips={"momentum": Flip(until=40)},
        boosts={"crypto": Boost(until=45)},
    ),
)


def test_what_has_not_ended_stays() -> None:
    assert in_term(POLICY, 0, 0) == POLICY
    assert over(POLICY, 0, 0) == ()


def test_halts_and_loosenings_end_by_instants_of_their_own() -> None:
    later = in_term(POLICY, 0, 100)
    assert later.overlay == msgspec.structs.replace(POLICY.overlay, flips={}, boosts={})
    assert compare(later, POLICY) is Order.TIGHTER
    later = in_term(POLICY, 100, 0)
    assert later.overlay.flips == POLICY.overlay.flips
    assert later.overlay.everywhere == Switches(full_halt=FOREVER)
    assert later.overlay.followers == Table(Switches())


def test_an_end_has_come_at_its_instant_and_not_before() -> None:
    assert in_term(POLICY, 49, 0).overlay.everywhere.reduce_only == 50
    assert in_term(POLICY, 50, 0).overlay.everywhere.reduce_only == NEVER
    assert "momentum" in in_term(POLICY, 0, 39).overlay.flips
    assert in_term(POLICY, 0, 40).overlay.flips == {}


def test_what_ends_is_named() -> None:
    assert over(POLICY, 60, 44) == (
        "everywhere.reduce_only",
        "vaults.(default).reduce_only",
        "followers.zoe.full_halt",
        "flips.momentum",
    )


def test_the_next_ends_are_known() -> None:
    assert next_ends(POLICY) == (50, 40)
    assert next_ends(in_term(POLICY, 50, 40)) == (60, 45)
    assert next_ends(in_term(POLICY, 70, 45)) == (FOREVER, FOREVER)
    assert next_ends(Policy(environment="prod")) == (FOREVER, FOREVER)


def test_ending_twice_is_ending_once() -> None:
    once = in_term(POLICY, 55, 42)
    assert in_term(once, 55, 42) == once
    assert in_term(once, 20, 20) == once
