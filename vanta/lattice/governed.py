"""Governed values: structs whose every field declares its direction, once, where it is defined."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from vanta.lattice.direction import (
    Change,
    Direction,
    Order,
    Tightening,
)


class Governed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every policy struct.

    A field is annotated with exactly one direction, `gross: Annotated[int, Cap()]`, or is itself
    a governed struct, compared field by field.
    """


G = TypeVar("G", bound=Governed)


@cache
def directions(kind: type[Governed]) -> dict[str, Direction[Any]]:
    """Field name to direction of a governed type.

    Raises:
        TypeError: a field declares none, or more than one.
    """
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Direction[Any]] = {}
    for name in kind.__struct_fields__:
        hint = hints[name]
        marks: list[Direction[Any]] = []
        if get_origin(hint) is Annotated:
            marks = [mark for mark in get_args(hint)[1:] if isinstance(mark, Direction)]
        elif isinstance(hint, type) and issubclass(hint, Governed):
            marks = [Group(hint)]
        if len(marks) != 1:
            raise TypeError(f"{kind.__name__}.{name} declares {len(marks)} directions, not one")
        found[name] = marks[0]
    return found


class Group(Direction[G]):
    """A governed struct as a field of another: tighter when tighter in every part."""

    def __init__(self, kind: type[G]) -> None:
        self.kind = kind

    def inside(self, step: str) -> Direction[Any] | None:
        return directions(self.kind).get(step)

    def _parts(self) -> Iterable[tuple[str, Direction[Any]]]:
        return directions(self.kind).items()

    def compare(self, a: G, b: G) -> Order:
        order = Order.EQUAL
        for name, direction in self._parts():
            order = order.and_then(direction.compare(getattr(a, name), getattr(b, name)))
        return order

    def meet(self, a: G, b: G) -> G:
        return self.kind(**{n: d.meet(getattr(a, n), getattr(b, n)) for n, d in self._parts()})

    def close(self, value: G) -> G:
        return self.kind(**{n: d.close(getattr(value, n)) for n, d in self._parts()})

    def open(self, value: G) -> G:
        return self.kind(**{n: d.open(getattr(value, n)) for n, d in self._parts()})

    def mask(self, before: G, after: G) -> G:
        return self.kind(
            **{n: d.mask(getattr(before, n), getattr(after, n)) for n, d in self._parts()}
        )

    def changes(self, before: G, after: G, path: tuple[str, ...]) -> Iterator[Change]:
        # Equal values differ in no field, and comparing them whole costs next to nothing.
        if before == after:
            return
        for name, direction in self._parts():
            yield from direction.changes(getattr(before, name), getattr(after, name), (*path, name))

    def tightenings(self, before: G, after: G, path: tuple[str, ...]) -> Iterator[Tightening]:
        if before == after:
            return
        for name, direction in self._parts():
            yield from direction.tightenings(
                getattr(before, name), getattr(after, name), (*path, name)
            )

    def tighten(self, value: G, path: tuple[str, ...], by: Any) -> G:
        if not path:
            return self.meet(value, by)
        name = path[0]
        part = directions(self.kind)[name].tighten(getattr(value, name), path[1:], by)
        return msgspec.structs.replace(value, **{name: part})


class Keyed(Direction[dict[str, G]]):
    """Governed structs by name, where a name that is absent is allowed nothing.

    A member that appears has nothing in force before it, and so loosens. A member that goes is
    closed rather than forgotten when restraining: its unordered values still protect what is
    left of it.
    """

    def __init__(self, kind: type[G]) -> None:
        self.group = Group(kind)

    def inside(self, step: str) -> Group[G]:
        return self.group

    def compare(self, a: dict[str, G], b: dict[str, G]) -> Order:
        order = Order.EQUAL
        for name in sorted(a.keys() | b.keys()):
            if name in a and name in b:
                order = order.and_then(self.group.compare(a[name], b[name]))
            else:
                order = order.and_then(Order.TIGHTER if name in b else Order.LOOSER)
        return order

    def meet(self, a: dict[str, G], b: dict[str, G]) -> dict[str, G]:
        return {name: self.group.meet(a[name], b[name]) for name in sorted(a) if name in b}

    def close(self, value: dict[str, G]) -> dict[str, G]:
        return {name: self.group.close(value[name]) for name in sorted(value)}

    def open(self, value: dict[str, G]) -> dict[str, G]:
        """Every member loosest; names that are absent stay absent, for nothing bounds them."""
        return {name: self.group.open(value[name]) for name in sorted(value)}

    def changes(
        self, before: dict[str, G], after: dict[str, G], path: tuple[str, ...]
    ) -> Iterator[Change]:
        for name in sorted(before.keys() | after.keys()):
            here = (*path, name)
            if name in before and name in after:
                yield from self.group.changes(before[name], after[name], here)
            else:
                yield from super().changes(
                    {name: before[name]} if name in before else {},
                    {name: after[name]} if name in after else {},
                    here,
                )

    def tightenings(
        self, before: dict[str, G], after: dict[str, G], path: tuple[str, ...]
    ) -> Iterator[Tightening]:
        for name in sorted(before):
            here = (*path, name)
            if name in after:
                yield from self.group.tightenings(before[name], after[name], here)
            else:
                yield Tightening(here, None)

    def tighten(self, value: dict[str, G], path: tuple[str, ...], by: Any) -> dict[str, G]:
        if not path:
            return self.meet(value, by)
        name, rest = path[0], path[1:]
        if name not in value:
            return value
        part = value[name]
        if rest or by is not None:
            closed = self.group.tighten(part, rest, by)
        else:
            closed = self.group.close(part)
        return {**value, name: closed}
