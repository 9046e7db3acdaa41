"""Every governed field declares exactly one direction, where it is defined."""

from typing import Annotated

import pytest

from vanta.domain import policy, switches
from vanta.domain.policy import Flip, Policy, VaultPolicy
from vanta.lattice.algebra import changes, classify, compare, restrain
from vanta.lattice.direction import Cap, Effect, Floor, Order
from vanta.lattice.governed import Governed, Group, Keyed, directions

KINDS = sorted(
    {
        kind
        for module in (policy, switches)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Governed) and kind is not Governed
    },
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_declares_one_direction(kind: type[Governed]) -> None:
    assert tuple(directions(kind)) == kind.__struct_fields__


class Undecided(Governed, frozen=True):
    cap: Annotated[int, Cap()]
    amount: int


class Contradicting(Governed, frozen=True):
    amount: Annotated[int, Cap(), Floor()]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Undecided, "Undecided.amount declares 0 directions"),
        (Contradicting, "Contradicting.amount declares 2 directions"),
    ],
)
def test_a_field_without_exactly_one_is_a_type_error(kind: type[Governed], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        directions(kind)


def test_the_default_of_every_policy_is_the_closed_one() -> None:
    """What nobody granted is not allowed; floors and bans need something to stand on."""
    granted = VaultPolicy(capital=1, rails=frozenset({"fiat"}), bands=((0, 1),))
    assert compare(VaultPolicy(), granted) is Order.TIGHTER


def test_a_new_vault_loosens_and_nothing_is_in_force_for_it() -> None:
    before = Policy(environment="prod")
    after = Policy(environment="prod", vaults={"momentum": VaultPolicy()})
    assert classify(changes(before, after)) is Effect.LOOSENS
    assert restrain(before, after) == before


def test_a_vault_that_goes_tightens() -> None:
    before = Policy(environment="prod", vaults={"momentum": VaultPolicy(capital=1)})
    after = Policy(environment="prod")
    (change,) = changes(before, after)
    assert change.path == ("vaults", "momentum")
    assert change.effect is Effect.TIGHTENS


def test_a_renamed_vault_is_one_that_goes_and_a_new_one() -> None:
    before = Policy(environment="prod", vaults={"old": VaultPolicy(capital=1)})
    after = Policy(environment="prod", vaults={"new": VaultPolicy(capital=1)})
    assert [change.effect for change in changes(before, after)] == [
        Effect.LOOSENS,
        Effect.TIGHTENS,
    ]


def test_a_change_nobody_can_rank_counts_as_loosening() -> None:
    before = Policy(environment="prod")
    after = Policy(environment="dev")
    assert classify(changes(before, after)) is Effect.LOOSENS
    assert restrain(before, after) == before


def test_a_machines_key_that_goes_tightens_and_one_that_comes_loosens() -> None:
    before = Policy(environment="prod", nodes={"alpha": ("A", "B"), "markets": ("M",)})
    fewer = Policy(environment="prod", nodes={"alpha": ("B",)})
    assert classify(changes(before, fewer)) is Effect.TIGHTENS
    assert restrain(before, fewer) == fewer
    swapped = Policy(environment="prod", nodes={"alpha": ("A", "C"), "markets": ("M",)})
    assert classify(changes(before, swapped)) is Effect.LOOSENS
    assert restrain(before, swapped).nodes == {"alpha": ("A",), "markets": ("M",)}
    assert restrain(fewer, before) == fewer


def test_a_label_is_a_change_and_no_risk() -> None:
    (change,) = changes(VaultPolicy(label="old"), VaultPolicy(label="new"))
    assert change.effect is Effect.NEUTRAL
    assert classify([change]) is Effect.NEUTRAL


def test_a_path_leads_to_the_direction_of_its_field() -> None:
    root = Group(Policy)
    assert root.inside("nowhere") is None
    vaults = root.inside("vaults")
    assert isinstance(vaults, Keyed)
    capital = vaults.inside("momentum").inside("capital")
    assert capital is not None
    assert capital.unit == "money"
    assert capital.inside("further") is None


def test_a_tightening_without_a_path_is_of_the_whole() -> None:
    """What a table's default gives: the mask has no name below the table's own path."""
    before, after = Flip(until=5, slice=9), Flip(until=7, slice=3)
    assert Group(Flip).tighten(before, (), after) == Flip(until=5, slice=3)
    flips = Keyed(Flip)
    assert flips.tighten({"a": before, "b": before}, (), {"a": after}) == {
        "a": Flip(until=5, slice=3)
    }


def test_nothing_lies_below_a_number() -> None:
    """A path that leads nowhere tightens nothing, and breaks nothing either."""
    assert Cap().tighten(5, (), 3) == 3
    assert Cap().tighten(5, ("further",), 3) == 5
    flip = Flip(until=5)
    assert Group(Flip).tighten(flip, ("until", "further"), 3) == flip


def test_members_meet_where_both_are_present() -> None:
    flips = Keyed(Flip)
    assert flips.meet({"a": Flip(until=5), "b": Flip()}, {"a": Flip(until=3)}) == {
        "a": Flip(until=3)
    }
    assert flips.compare({}, {"a": Flip()}) is Order.TIGHTER
