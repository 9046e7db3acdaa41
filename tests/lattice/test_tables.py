"""Maps with a default are total functions: what is not listed has a value too."""

import pytest

from vanta.domain.policy import Exposure, OverlayPolicy
from vanta.domain.switches import Switches
from vanta.lattice.algebra import changes, classify, compare, restrain, tighten, tightenings
from vanta.lattice.direction import DEFAULT, Effect, Order, Table, table
from vanta.lattice.governed import Group

TEN, FIVE, TWO = 100_000, 50_000, 20_000


def per_ticker(default: int, **entries: int) -> Exposure:
    return Exposure(per_ticker=table(default, entries))


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (per_ticker(TEN, AAPL=FIVE), per_ticker(TEN), Effect.LOOSENS),
        (per_ticker(TEN), per_ticker(TEN, AAPL=FIVE), Effect.TIGHTENS),
        (per_ticker(FIVE, AAPL=TEN), per_ticker(FIVE), Effect.TIGHTENS),
        (per_ticker(TEN), per_ticker(FIVE), Effect.TIGHTENS),
        (per_ticker(TEN), per_ticker(FIVE, AAPL=TEN), Effect.TIGHTENS),
        (per_ticker(TEN), per_ticker(TEN, AAPL=TEN), Effect.NEUTRAL),
        (per_ticker(TEN, AAPL=FIVE), per_ticker(FIVE, AAPL=TEN), Effect.LOOSENS),
        (per_ticker(0), per_ticker(0, AAPL=TWO), Effect.LOOSENS),
    ],
)
def test_what_a_change_of_a_table_does(before: Exposure, after: Exposure, effect: Effect) -> None:
    assert classify(changes(before, after)) is effect


def test_an_entry_tightened_and_another_loosened_cannot_be_ordered() -> None:
    assert compare(per_ticker(TEN, A=FIVE), per_ticker(TEN, B=FIVE)) is Order.APART


def test_a_tighter_default_does_not_reach_a_name_the_change_leaves_alone() -> None:
    made = tightenings(per_ticker(TEN), per_ticker(FIVE, AAPL=TEN))
    assert tighten(per_ticker(TEN), made) == per_ticker(FIVE, AAPL=TEN)


def test_a_tighter_default_reaches_names_only_the_policy_in_force_lists() -> None:
    made = tightenings(per_ticker(TEN), per_ticker(FIVE))
    assert tighten(per_ticker(TEN, KO=TEN + 1), made).per_ticker.at("KO") == FIVE


def test_only_what_was_made_tighter_restrains() -> None:
    in_force = per_ticker(TEN, AAPL=FIVE)
    proposed = per_ticker(FIVE, AAPL=TEN, KO=TWO)
    assert restrain(in_force, proposed) == per_ticker(FIVE, KO=TWO)


def test_a_name_tightened_beside_the_default_can_be_had_without_the_default() -> None:
    """Whoever may halt one vault does so even where they also halt what they may not."""
    before, after = (
        OverlayPolicy(),
        OverlayPolicy(
            vaults=table(Switches(maintenance=1), {"crypto": Switches(maintenance=1, full_halt=9)})
        ),
    )
    own = [made for made in tightenings(before, after) if made.path[1:2] == ("crypto",)]
    assert tighten(before, own).vaults.at("crypto") == Switches(maintenance=1, full_halt=9)
    assert tighten(before, own).vaults.default == Switches()


def test_the_default_is_named_in_a_change() -> None:
    (change,) = changes(per_ticker(TEN), per_ticker(FIVE))
    assert change.path == ("per_ticker", DEFAULT)
    assert (change.before, change.after) == (TEN, FIVE)


def test_every_name_of_a_table_has_the_direction_of_its_values() -> None:
    named = Group(Exposure).inside("per_ticker")
    assert named is not None
    for name in (DEFAULT, "AAPL"):
        value = named.inside(name)
        assert value is not None
        assert (value.unit, value.compare(FIVE, TEN)) == ("ratio", Order.TIGHTER)


def test_a_table_has_one_shortest_form() -> None:
    assert table(1, {"b": 2, "a": 1}) == Table(1, {"b": 2})
