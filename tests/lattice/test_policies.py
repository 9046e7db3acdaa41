"""The algebra on whole policies, as the controller uses it."""

from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lattice.strategies import aligned, policies, vaults, with_unordered_of
from vanta.domain.policy import Policy, VaultPolicy
from vanta.lattice.algebra import (
    changes,
    classify,
    close,
    compare,
    meet,
    restrain,
    tighten,
    tightenings,
    unbounded,
)
from vanta.lattice.direction import Effect, Order
from vanta.lattice.governed import Governed

G = TypeVar("G", bound=Governed)
BELOW = {Order.TIGHTER, Order.EQUAL}
KINDS = pytest.mark.parametrize("kind", [VaultPolicy, Policy])
few = settings(max_examples=15)


def with_all_members_of(source: Policy, value: Policy) -> Policy:
    """`value` holding every vault, flip and boost of `source`, so that nothing goes away."""
    overlay = value.overlay
    flips = {**source.overlay.flips, **overlay.flips}
    boosts = {**source.overlay.boosts, **overlay.boosts}
    return Policy(
        **{
            **{name: getattr(value, name) for name in value.__struct_fields__},
            "vaults": {**source.vaults, **value.vaults},
            "overlay": type(overlay)(
                **{
                    **{name: getattr(overlay, name) for name in overlay.__struct_fields__},
                    "flips": flips,
                    "boosts": boosts,
                }
            ),
        }
    )


@KINDS
@few
@given(data=st.data())
def test_meet_is_a_meet(kind: type[G], data: st.DataObject) -> None:
    a, b, c = data.draw(aligned(kind, 3))
    assert compare(meet(a, b), meet(b, a)) is Order.EQUAL
    assert compare(meet(meet(a, b), c), meet(a, meet(b, c))) is Order.EQUAL
    assert compare(meet(a, a), a) is Order.EQUAL
    assert compare(meet(a, b), a) in BELOW
    assert compare(meet(a, b), b) in BELOW


@KINDS
@few
@given(data=st.data())
def test_the_order_is_partial(kind: type[G], data: st.DataObject) -> None:
    a, b, c = data.draw(aligned(kind, 3))
    assert compare(a, a) is Order.EQUAL
    # Any three in a row: what is drawn is seldom comparable.
    low, middle = meet(meet(a, b), c), meet(a, b)
    assert compare(low, middle) in BELOW
    assert compare(low, a) in BELOW
    if compare(a, b) in BELOW and compare(b, a) in BELOW:
        assert not [change for change in changes(a, b) if change.effect is not Effect.NEUTRAL]


@KINDS
@few
@given(data=st.data())
def test_restraining_never_loosens_and_keeps_what_nobody_can_rank(
    kind: type[G], data: st.DataObject
) -> None:
    in_force, proposed = data.draw(
        st.tuples(policies, policies) if kind is Policy else st.tuples(vaults, vaults)
    )
    restrained = restrain(in_force, proposed)
    assert compare(restrained, in_force) in BELOW
    assert with_unordered_of(in_force, restrained) == restrained


@few
@given(vaults, vaults)
def test_restraining_a_vault_is_no_tighter_than_needed(
    in_force: VaultPolicy, proposed: VaultPolicy
) -> None:
    assert compare(restrain(in_force, proposed), meet(in_force, proposed)) is Order.EQUAL


@few
@given(policies, policies)
def test_restraining_a_policy_is_no_tighter_than_needed(in_force: Policy, proposed: Policy) -> None:
    whole = with_all_members_of(in_force, proposed)
    assert compare(restrain(in_force, whole), meet(in_force, whole)) is Order.EQUAL


@few
@given(policies, policies)
def test_a_vault_the_proposal_drops_stays_closed_in_place(
    in_force: Policy, proposed: Policy
) -> None:
    restrained = restrain(in_force, proposed)
    assert restrained.vaults.keys() == in_force.vaults.keys()
    for name in in_force.vaults.keys() - proposed.vaults.keys():
        assert restrained.vaults[name] == close(in_force.vaults[name])


@few
@given(policies, policies, policies)
def test_a_tightening_tightens_whatever_it_is_applied_to(
    before: Policy, after: Policy, value: Policy
) -> None:
    made = tightenings(before, after)
    once = tighten(value, made)
    assert compare(once, value) in BELOW
    assert tighten(once, made) == once
    assert tighten(value, made[::-1]) == once


@KINDS
@few
@given(data=st.data())
def test_a_tightening_of_one_policy_leads_no_further_than_its_meet(
    kind: type[G], data: st.DataObject
) -> None:
    before, after, value = data.draw(aligned(kind, 3))
    reached = tighten(value, tightenings(before, after))
    assert compare(meet(meet(value, before), after), reached) in BELOW


@few
@given(policies, policies)
def test_changes_are_none_only_between_equals_and_name_each_effect(a: Policy, b: Policy) -> None:
    found = changes(a, b)
    effects = {change.effect for change in found} - {Effect.NEUTRAL}
    expected = {
        Order.EQUAL: set(),
        Order.TIGHTER: {Effect.TIGHTENS},
        Order.LOOSER: {Effect.LOOSENS},
    }
    order = compare(b, a)
    if order in expected:
        assert effects == expected[order]
    else:
        assert len(effects) > 1 or effects == {Effect.UNORDERED}


@few
@given(policies, policies)
def test_a_change_loosens_unless_all_of_it_is_ordered_and_tighter(a: Policy, b: Policy) -> None:
    order, verdict = compare(b, a), classify(changes(a, b))
    if order is Order.TIGHTER:
        assert verdict is Effect.TIGHTENS
    elif order is Order.EQUAL:
        assert verdict is Effect.NEUTRAL
    else:
        assert verdict is Effect.LOOSENS


@KINDS
@few
@given(data=st.data())
def test_closed_and_unbounded_are_the_ends(kind: type[G], data: st.DataObject) -> None:
    (value,) = data.draw(aligned(kind, 1))
    assert compare(close(value), value) in BELOW
    assert compare(value, unbounded(value)) in BELOW
    assert meet(value, unbounded(value)) == value or compare(
        meet(value, unbounded(value)), value
    ) is (Order.EQUAL)
