"""Arbitrary governed values: one strategy for each direction, and whole policies made of them.

Numbers and names are drawn from few, so that equal, tighter and looser pairs all come up often.
"""

from typing import Any, TypeVar, get_type_hints

from hypothesis import strategies as st

from vanta.domain.policy import OverlayPolicy, Policy, VaultPolicy
from vanta.lattice.direction import (
    BOUNDLESS,
    EVERYTHING,
    AllowSet,
    DenySet,
    Direction,
    Steps,
    Tabled,
    steps,
    table,
)
from vanta.lattice.governed import Governed, Group, Keyed, directions

G = TypeVar("G", bound=Governed)

NAMES = ("a", "b", "c")
AMOUNTS = st.sampled_from([0, 1, 2, 50_000, BOUNDLESS])
SETS = st.one_of(
    st.just(frozenset({EVERYTHING})), st.frozensets(st.sampled_from(NAMES), max_size=3)
)
BANDS = st.dictionaries(st.integers(0, 4), st.integers(0, 3), max_size=4).map(
    lambda points: steps(iter(points.items()))
)
MAPS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y"]), max_size=2)
KEYS = st.dictionaries(st.sampled_from(NAMES), st.just(("ssh-ed25519 AAAA",)), max_size=2)
LABELS = st.sampled_from(["", "one", "other"])


def tables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Tables over the values of `inner`."""
    return st.builds(table, inner, st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))


def values(direction: Direction[Any], hint: object) -> st.SearchStrategy[Any]:
    """Values of one field.

    Args:
        direction: the direction the field declares.
        hint: the field's type without its direction.
    """
    match direction:
        case Group():
            return governed(direction.kind)
        case Keyed():
            return st.dictionaries(
                st.sampled_from(NAMES), governed(direction.group.kind), max_size=2
            )
        case Tabled():
            return tables(values(direction.inner, int))
        case AllowSet() | DenySet():
            return SETS
        case Steps():
            return BANDS
    by_type: dict[object, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: AMOUNTS,
        str: LABELS,
        dict[str, str]: MAPS,
    }
    return by_type.get(hint, KEYS)


def governed(kind: type[G]) -> st.SearchStrategy[G]:
    """Values of a governed type with every field arbitrary."""
    hints = get_type_hints(kind)
    return st.builds(
        kind, **{name: values(how, hints[name]) for name, how in directions(kind).items()}
    )


vaults = governed(VaultPolicy)
overlays = governed(OverlayPolicy)
policies = governed(Policy)


def with_unordered_of(source: G, value: G) -> G:
    """`value` with every label and unordered field as `source` has it, wherever both have one.

    Two policies that agree on these are ordered by their other fields alone.
    """
    parts: dict[str, Any] = {}
    for name, direction in directions(type(value)).items():
        theirs, own = getattr(source, name), getattr(value, name)
        if isinstance(direction, Group):
            parts[name] = with_unordered_of(theirs, own)
        elif isinstance(direction, Keyed):
            parts[name] = {
                key: with_unordered_of(theirs[key], member) if key in theirs else member
                for key, member in own.items()
            }
        else:
            parts[name] = own if direction.ordered else theirs
    return type(value)(**parts)


def aligned(kind: type[G], count: int) -> st.SearchStrategy[tuple[G, ...]]:
    """As many values as asked for, which differ in ordered fields and in their members alone."""
    return st.tuples(*[governed(kind)] * count).map(
        lambda drawn: tuple(_in_turn(drawn, at) for at in range(count))
    )


def _in_turn(drawn: tuple[G, ...], at: int) -> G:
    """The value at `at`, agreeing with each one before it."""
    value = drawn[at]
    for before in reversed(drawn[:at]):
        value = with_unordered_of(before, value)
    return value
