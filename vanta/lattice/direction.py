"""The directions a governed field can have, each with its order, its meet and its tightest value.

A direction answers three questions about the values of one field: is `a` tighter than `b`
(`compare`), what is the loosest value that is at least as tight as both (`meet`), and what is the
tightest there is (`close`). Everything else in this package is derived from those answers.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

BOUNDLESS = 2**62
"""A cap that caps nothing, and a floor nothing reaches."""

EVERYTHING = "*"
"""The set member that stands for all members, named or not yet named."""

V = TypeVar("V")


class Order(Enum):
    """How the first value stands to the second."""

    EQUAL = "equal"
    TIGHTER = "tighter"
    LOOSER = "looser"
    APART = "apart"
    """Neither is tighter: the change cannot be ordered, and so counts as loosening."""

    def and_then(self, other: "Order") -> "Order":
        """The order of two pairs, each compared on its own."""
        if other is Order.EQUAL or self is other:
            return self
        return other if self is Order.EQUAL else Order.APART


class Effect(Enum):
    """What a change of one field does to risk."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    NEUTRAL = "neutral"
    UNORDERED = "unordered"


class Change(msgspec.Struct, frozen=True):
    """One governed field that differs between two policies."""

    path: tuple[str, ...]
    before: Any
    after: Any
    effect: Effect


class Tightening(msgspec.Struct, frozen=True):
    """A field made tighter, as something that can be met with any other policy."""

    path: tuple[str, ...]
    value: Any
    """What to meet the field with; `None` closes the member a keyed collection lost."""


class Direction(ABC, Generic[V]):
    """Which way is tighter for the values of one field."""

    unit: str = ""
    """What a number of this field counts (`money`, `ratio`, ...), for whoever prints it."""
    ordered = True
    """False where `compare` knows only equal and apart, so that `meet` keeps its first argument."""

    @abstractmethod
    def compare(self, a: V, b: V) -> Order:
        """How `a` stands to `b`."""

    @abstractmethod
    def meet(self, a: V, b: V) -> V:
        """The loosest value no looser than either; where unordered, `a`."""

    @abstractmethod
    def close(self, value: V) -> V:
        """The tightest value there is; where unordered, `value` itself."""

    @abstractmethod
    def open(self, value: V) -> V:
        """The loosest value there is; where unordered, `value` itself."""

    def mask(self, before: V, after: V) -> V:
        """What `after` made tighter than `before`, and the loosest value where it did not."""
        met = self.meet(before, after)
        return met if self.compare(met, before) is Order.TIGHTER else self.open(before)

    def inside(self, step: str) -> "Direction[Any] | None":
        """The direction one path step below; `None` for a leaf, or a step that is not there."""
        return None

    def changes(self, before: V, after: V, path: tuple[str, ...]) -> Iterator[Change]:
        """The leaf fields that differ, each with its effect."""
        order = self.compare(after, before)
        if order is not Order.EQUAL:
            effect = {
                Order.TIGHTER: Effect.TIGHTENS,
                Order.LOOSER: Effect.LOOSENS,
                Order.APART: Effect.UNORDERED,
            }[order]
            yield Change(path, before, after, effect)

    def tightenings(self, before: V, after: V, path: tuple[str, ...]) -> Iterator[Tightening]:
        """What `after` made tighter than `before`, even where it also loosened something."""
        if self.ordered:
            met = self.meet(before, after)
            if self.compare(met, before) is Order.TIGHTER:
                yield Tightening(path, met)

    def tighten(self, value: V, path: tuple[str, ...], by: Any) -> V:
        """`value` met with one tightening at `path` below it; never looser than `value`."""
        if path:
            return value
        return self.meet(value, by)


def _by_number(a: int, b: int) -> Order:
    """Smaller is tighter."""
    if a == b:
        return Order.EQUAL
    return Order.TIGHTER if a < b else Order.LOOSER


def _flip(order: Order) -> Order:
    if order is Order.TIGHTER:
        return Order.LOOSER
    return Order.TIGHTER if order is Order.LOOSER else order


class Cap(Direction[int]):
    """A greatest amount: lower is tighter, 0 allows none."""

    def __init__(self, unit: str = "count") -> None:
        self.unit = unit

    def compare(self, a: int, b: int) -> Order:
        return _by_number(a, b)

    def meet(self, a: int, b: int) -> int:
        return min(a, b)

    def close(self, value: int) -> int:
        return 0

    def open(self, value: int) -> int:
        return BOUNDLESS


class Permission(Cap):
    """Something allowed, as a bool or until an instant: off, or ending sooner, is tighter."""

    def close(self, value: int) -> int:
        return type(value)(0)

    def open(self, value: int) -> int:
        return True if isinstance(value, bool) else BOUNDLESS


class Floor(Direction[int]):
    """A least amount: higher is tighter."""

    def __init__(self, unit: str = "count") -> None:
        self.unit = unit

    def compare(self, a: int, b: int) -> Order:
        return _flip(_by_number(a, b))

    def meet(self, a: int, b: int) -> int:
        return max(a, b)

    def close(self, value: int) -> int:
        return BOUNDLESS

    def open(self, value: int) -> int:
        return 0


class Switch(Floor):
    """A brake, as the instant until which it is on: on for longer is tighter."""

    def __init__(self) -> None:
        super().__init__("until")


class AllowSet(Direction[frozenset[str]]):
    """What is allowed: fewer members is tighter; `*` is everything."""

    def compare(self, a: frozenset[str], b: frozenset[str]) -> Order:
        return _by_inclusion(a, b)

    def meet(self, a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
        if EVERYTHING in a:
            return frozenset({EVERYTHING}) if EVERYTHING in b else b
        return a if EVERYTHING in b else a & b

    def close(self, value: frozenset[str]) -> frozenset[str]:
        return frozenset()

    def open(self, value: frozenset[str]) -> frozenset[str]:
        return frozenset({EVERYTHING})


class DenySet(Direction[frozenset[str]]):
    """What is forbidden: more members is tighter; `*` is everything."""

    def compare(self, a: frozenset[str], b: frozenset[str]) -> Order:
        return _flip(_by_inclusion(a, b))

    def meet(self, a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
        return frozenset({EVERYTHING}) if EVERYTHING in a | b else a | b

    def close(self, value: frozenset[str]) -> frozenset[str]:
        return frozenset({EVERYTHING})

    def open(self, value: frozenset[str]) -> frozenset[str]:
        return frozenset()


def _by_inclusion(a: frozenset[str], b: frozenset[str]) -> Order:
    a_all, b_all = EVERYTHING in a, EVERYTHING in b
    if a_all or b_all:
        return _by_number(a_all, b_all)
    if a == b:
        return Order.EQUAL
    if a < b:
        return Order.TIGHTER
    return Order.LOOSER if a > b else Order.APART


class Registry(Direction[dict[str, tuple[str, ...]]]):
    """Names to what is registered under each: fewer is tighter, and an absent name has nothing."""

    def compare(self, a: dict[str, tuple[str, ...]], b: dict[str, tuple[str, ...]]) -> Order:
        order = Order.EQUAL
        for name in sorted(a.keys() | b.keys()):
            order = order.and_then(
                _by_inclusion(frozenset(a.get(name, ())), frozenset(b.get(name, ())))
            )
        return order

    def meet(
        self, a: dict[str, tuple[str, ...]], b: dict[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        both = {name: tuple(item for item in a[name] if item in b.get(name, ())) for name in a}
        return {name: items for name, items in both.items() if items}

    def close(self, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {}

    def open(self, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """What is registered; nothing bounds who is not."""
        return value


class Neutral(Direction[Any]):
    """A label: it may change freely and touches no risk."""

    ordered = False

    def compare(self, a: Any, b: Any) -> Order:
        return Order.EQUAL

    def meet(self, a: Any, b: Any) -> Any:
        return a

    def close(self, value: Any) -> Any:
        return value

    def open(self, value: Any) -> Any:
        return value

    def changes(self, before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Change]:
        if before != after:
            yield Change(path, before, after, Effect.NEUTRAL)


class Unordered(Direction[Any]):
    """A value whose change can by itself cause an order, or that nobody can rank."""

    def __init__(self, unit: str = "") -> None:
        self.unit = unit

    ordered = False

    def compare(self, a: Any, b: Any) -> Order:
        return Order.EQUAL if a == b else Order.APART

    def meet(self, a: Any, b: Any) -> Any:
        return a

    def close(self, value: Any) -> Any:
        return value

    def open(self, value: Any) -> Any:
        return value


Bands = tuple[tuple[int, int], ...]
"""Breakpoints of a step function: from this point on, this value; below the first, 0."""


class Steps(Direction[Bands]):
    """A greatest size that depends on conviction: pointwise lower is tighter."""

    def compare(self, a: Bands, b: Bands) -> Order:
        order = Order.EQUAL
        for point in _points(a, b):
            order = order.and_then(_by_number(step_at(a, point), step_at(b, point)))
        return order

    def meet(self, a: Bands, b: Bands) -> Bands:
        return steps((point, min(step_at(a, point), step_at(b, point))) for point in _points(a, b))

    def close(self, value: Bands) -> Bands:
        return ()

    def open(self, value: Bands) -> Bands:
        return ((0, BOUNDLESS),)


def _points(a: Bands, b: Bands) -> list[int]:
    return sorted({point for point, _ in a} | {point for point, _ in b})


def step_at(bands: Bands, point: int) -> int:
    """The value of a step function at `point`."""
    value = 0
    for start, size in bands:
        if start > point:
            break
        value = size
    return value


def steps(pairs: Iterator[tuple[int, int]]) -> Bands:
    """A step function in its one shortest form: sorted, without steps that change nothing."""
    out: list[tuple[int, int]] = []
    for start, size in sorted(pairs):
        if size != (out[-1][1] if out else 0):
            out.append((start, size))
    return tuple(out)


class Table(msgspec.Struct, Generic[V], frozen=True):
    """A total function from names to values: a default, and the names that differ from it."""

    default: V
    entries: dict[str, V] = {}

    def at(self, name: str) -> V:
        """The value for `name`."""
        return self.entries.get(name, self.default)


def table(default: V, entries: Mapping[str, V]) -> Table[V]:
    """A table in its one shortest form: entries equal to the default are left out."""
    kept = {name: entries[name] for name in sorted(entries) if entries[name] != default}
    return Table(default, kept)


DEFAULT = "(default)"
"""The path step that names a table's default."""


class Tabled(Direction[Table[V]]):
    """A table compared name by name; dropping a tight entry under a loose default loosens."""

    def __init__(self, inner: Direction[V]) -> None:
        self.inner = inner

    def inside(self, step: str) -> Direction[V]:
        return self.inner

    def _names(self, a: Table[V], b: Table[V]) -> list[str]:
        return sorted(a.entries.keys() | b.entries.keys())

    def compare(self, a: Table[V], b: Table[V]) -> Order:
        order = self.inner.compare(a.default, b.default)
        for name in self._names(a, b):
            order = order.and_then(self.inner.compare(a.at(name), b.at(name)))
        return order

    def meet(self, a: Table[V], b: Table[V]) -> Table[V]:
        met = {name: self.inner.meet(a.at(name), b.at(name)) for name in self._names(a, b)}
        return table(self.inner.meet(a.default, b.default), met)

    def close(self, value: Table[V]) -> Table[V]:
        return Table(self.inner.close(value.default))

    def changes(self, before: Table[V], after: Table[V], path: tuple[str, ...]) -> Iterator[Change]:
        yield from self.inner.changes(before.default, after.default, (*path, DEFAULT))
        for name in self._names(before, after):
            yield from self.inner.changes(before.at(name), after.at(name), (*path, name))

    def open(self, value: Table[V]) -> Table[V]:
        return Table(self.inner.open(value.default))

    def mask(self, before: Table[V], after: Table[V]) -> Table[V]:
        masks = {n: self.inner.mask(before.at(n), after.at(n)) for n in self._names(before, after)}
        return table(self.inner.mask(before.default, after.default), masks)

    def tightenings(
        self, before: Table[V], after: Table[V], path: tuple[str, ...]
    ) -> Iterator[Tightening]:
        mask = self.mask(before, after)
        default = self.inner.meet(before.default, mask.default)
        if self.inner.compare(default, before.default) is Order.TIGHTER:
            # As one table, open where nothing was tightened: a tighter default must not reach a
            # name that the same change leaves alone.
            yield Tightening(path, mask)
        # Names too: whoever may tighten one of them alone does so beside a default they may not.
        for name in self._names(before, after):
            yield from self.inner.tightenings(before.at(name), after.at(name), (*path, name))

    def tighten(self, value: Table[V], path: tuple[str, ...], by: Any) -> Table[V]:
        if not path:
            return self.meet(value, by)
        part = self.inner.tighten(value.at(path[0]), path[1:], by)
        return table(value.default, {**value.entries, path[0]: part})
