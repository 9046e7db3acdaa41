"""What the rest of the house asks of the lattice, on whole governed values."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from vanta.lattice.direction import Change, Effect, Order, Tightening
from vanta.lattice.governed import Governed, Group

G = TypeVar("G", bound=Governed)


def compare(a: G, b: G) -> Order:
    """How policy `a` stands to policy `b`; `APART` when any field cannot be ordered."""
    return Group(type(a)).compare(a, b)


def meet(a: G, b: G) -> G:
    """The loosest policy no looser than either on every ordered field; elsewhere `a`."""
    return Group(type(a)).meet(a, b)


def close(value: G) -> G:
    """The tightest policy of this shape; unordered values stay."""
    return Group(type(value)).close(value)


def unbounded(value: G) -> G:
    """The loosest policy of this shape, which restrains nothing; unordered values stay."""
    return Group(type(value)).open(value)


def changes(before: G, after: G) -> tuple[Change, ...]:
    """Every governed field that differs, with what the change does to risk."""
    return tuple(Group(type(before)).changes(before, after, ()))


def classify(found: Iterable[Change]) -> Effect:
    """What a set of changes does as a whole: loosening wins, and the unordered counts as it."""
    effects = {change.effect for change in found}
    if effects & {Effect.LOOSENS, Effect.UNORDERED}:
        return Effect.LOOSENS
    return Effect.TIGHTENS if Effect.TIGHTENS in effects else Effect.NEUTRAL


def tightenings(before: G, after: G) -> tuple[Tightening, ...]:
    """What `after` made tighter than `before`, field by field."""
    return tuple(Group(type(before)).tightenings(before, after, ()))


def tighten(value: G, by: Sequence[Tightening]) -> G:
    """`value` met with each tightening; never looser than `value`, unordered fields untouched."""
    group = Group(type(value))
    for tightening in by:
        value = group.tighten(value, tightening.path, tightening.value)
    return value


def restrain(in_force: G, proposed: G) -> G:
    """The tightest of what is in force and what is proposed, on every ordered field.

    Unordered fields keep the value in force, and members the proposal drops are closed.
    """
    return tighten(in_force, tightenings(in_force, proposed))
