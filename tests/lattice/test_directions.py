"""Each direction on its own: an order, and a meet that is its greatest lower bound."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lattice.strategies import AMOUNTS, BANDS, SETS, governed, tables
from vanta.domain.policy import Flip
from vanta.domain.switches import Switches
from vanta.lattice.direction import (
    BOUNDLESS,
    EVERYTHING,
    AllowSet,
    Cap,
    DenySet,
    Direction,
    Floor,
    Neutral,
    Order,
    Permission,
    Steps,
    Switch,
    Tabled,
    Unordered,
    step_at,
)
from vanta.lattice.governed import Group, Keyed

DIRECTIONS: dict[str, tuple[Direction[Any], st.SearchStrategy[Any]]] = {
    "cap": (Cap(), AMOUNTS),
    "floor": (Floor(), AMOUNTS),
    "switch": (Switch(), AMOUNTS),
    "permission": (Permission(), st.booleans()),
    "permission until": (Permission("until"), AMOUNTS),
    "allow-set": (AllowSet(), SETS),
    "deny-set": (DenySet(), SETS),
    "steps": (Steps(), BANDS),
    "table": (Tabled(Cap()), tables(AMOUNTS)),
    "table of sets": (Tabled(AllowSet()), tables(SETS)),
    "table of groups": (Tabled(Group(Switches)), tables(governed(Switches))),
    "group": (Group(Switches), governed(Switches)),
    "keyed": (Keyed(Flip), st.dictionaries(st.sampled_from("ab"), governed(Flip))),
}

each = pytest.mark.parametrize("name", DIRECTIONS)
BELOW = {Order.TIGHTER, Order.EQUAL}
REVERSED = {
    Order.TIGHTER: Order.LOOSER,
    Order.LOOSER: Order.TIGHTER,
    Order.EQUAL: Order.EQUAL,
    Order.APART: Order.APART,
}


@each
@settings(max_examples=50)
@given(data=st.data())
def test_the_order_is_reflexive_and_reverses(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    a, b = data.draw(values), data.draw(values)
    assert direction.compare(a, a) is Order.EQUAL
    assert direction.compare(b, a) is REVERSED[direction.compare(a, b)]


@each
@settings(max_examples=50)
@given(data=st.data())
def test_the_order_is_transitive(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    a, b, c = data.draw(values), data.draw(values), data.draw(values)
    for x, y, z in ((a, b, c), (direction.meet(direction.meet(c, b), a), direction.meet(c, b), c)):
        if direction.compare(x, y) in BELOW and direction.compare(y, z) in BELOW:
            assert direction.compare(x, z) in BELOW


@each
@settings(max_examples=50)
@given(data=st.data())
def test_meet_is_commutative_associative_and_idempotent(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    a, b, c = data.draw(values), data.draw(values), data.draw(values)
    meet = direction.meet
    assert direction.compare(meet(a, b), meet(b, a)) is Order.EQUAL
    assert direction.compare(meet(meet(a, b), c), meet(a, meet(b, c))) is Order.EQUAL
    assert direction.compare(meet(a, a), a) is Order.EQUAL


@each
@settings(max_examples=50)
@given(data=st.data())
def test_meet_is_the_loosest_value_no_looser_than_either(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    a, b, other = data.draw(values), data.draw(values), data.draw(values)
    met = direction.meet(a, b)
    assert direction.compare(met, a) in BELOW
    assert direction.compare(met, b) in BELOW
    if direction.compare(other, a) in BELOW and direction.compare(other, b) in BELOW:
        assert direction.compare(other, met) in BELOW


@each
@settings(max_examples=50)
@given(data=st.data())
def test_everything_lies_between_close_and_open(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    a = data.draw(values)
    assert direction.compare(direction.close(a), a) in BELOW
    assert direction.compare(a, direction.open(a)) in BELOW


@each
@settings(max_examples=50)
@given(data=st.data())
def test_a_mask_gives_back_exactly_what_was_made_tighter(name: str, data: st.DataObject) -> None:
    direction, values = DIRECTIONS[name]
    before, after = data.draw(values), data.draw(values)
    masked = direction.meet(before, direction.mask(before, after))
    assert direction.compare(masked, direction.meet(before, after)) is Order.EQUAL


@given(SETS, SETS)
def test_an_allow_set_and_a_deny_set_are_opposites(a: frozenset[str], b: frozenset[str]) -> None:
    assert AllowSet().compare(a, b) is REVERSED[DenySet().compare(a, b)]


@given(BANDS, BANDS, st.integers(0, 5))
def test_bands_meet_at_every_conviction(
    a: tuple[tuple[int, int], ...], b: tuple[tuple[int, int], ...], conviction: int
) -> None:
    met = Steps().meet(a, b)
    assert step_at(met, conviction) == min(step_at(a, conviction), step_at(b, conviction))


def test_bands_written_differently_are_one_function() -> None:
    short, long = ((5, 2),), ((0, 0), (5, 2), (7, 2))
    assert Steps().compare(short, long) is Order.EQUAL
    assert Steps().meet(long, long) == short


def test_bands_that_cross_are_apart() -> None:
    assert Steps().compare(((1, 3),), ((0, 1),)) is Order.APART


@pytest.mark.parametrize(
    ("direction", "tighter", "looser"),
    [
        (Cap(), 1, 2),
        (Floor(), 2, 1),
        (Switch(), 20, 10),
        (Permission(), False, True),
        (Permission("until"), 10, 20),
        (AllowSet(), frozenset({"a"}), frozenset({"a", "b"})),
        (AllowSet(), frozenset({"a"}), frozenset({EVERYTHING})),
        (AllowSet(), frozenset(), frozenset({"a"})),
        (DenySet(), frozenset({"a", "b"}), frozenset({"a"})),
        (DenySet(), frozenset({EVERYTHING}), frozenset({"a"})),
        (Steps(), ((50, 1),), ((50, 2),)),
        (Steps(), ((60, 2),), ((50, 2),)),
        (Steps(), (), ((50, 2),)),
    ],
)
def test_which_way_is_tighter(direction: Direction[Any], tighter: object, looser: object) -> None:
    assert direction.compare(tighter, looser) is Order.TIGHTER
    assert direction.meet(tighter, looser) == tighter == direction.meet(looser, tighter)


@pytest.mark.parametrize(
    ("direction", "closed"),
    [
        (Cap(), 0),
        (Floor(), BOUNDLESS),
        (Permission("until"), 0),
        (AllowSet(), frozenset()),
        (DenySet(), frozenset({EVERYTHING})),
        (Steps(), ()),
    ],
)
def test_what_closed_is(direction: Direction[Any], closed: object) -> None:
    assert direction.close(direction.open(closed)) == closed


def test_a_closed_permission_is_still_a_bool() -> None:
    assert Permission().close(value=True) is False
    assert Permission().open(value=False) is True


@pytest.mark.parametrize("values", list(product([1, 2], repeat=2)))
def test_unordered_values_are_equal_or_apart_and_the_first_stays(values: tuple[int, int]) -> None:
    a, b = values
    assert Unordered().compare(a, b) is (Order.EQUAL if a == b else Order.APART)
    assert Unordered().meet(a, b) == a
    assert Unordered().close(a) == a == Unordered().open(a)


def test_labels_never_differ_in_risk() -> None:
    assert Neutral().compare("old", "new") is Order.EQUAL
    assert Neutral().meet("old", "new") == "old"
