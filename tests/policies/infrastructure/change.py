"""Changes to resources and stacks: what a case differs in, and what a mutant of our stack does."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.policies.infrastructure.engine import Made
from tests.policies.infrastructure.estate import Reference

ABSENT = object()
"""In place of a value: the input is left out."""

Members = tuple[Made, ...]
Edit = Callable[[Members], Members]


def put(made: Made, changes: Mapping[str, object]) -> Made:
    """The resource with other values at some paths; `rules.0.status` is in the first rule.

    `@protect` is the option of that name, which is no input.
    """
    inputs = copy.deepcopy(dict(made.inputs))
    for path, value in changes.items():
        if path == "@protect":
            made = replace(made, protect=bool(value))
            continue
        *above, last = path.split(".")
        here: Any = inputs
        for name in above:
            here = here[int(name)] if isinstance(here, list) else here.setdefault(name, {})
        if value is ABSENT:
            here.pop(last, None)
        elif isinstance(here, list):
            here[int(last)] = value
        else:
            here[last] = value
    return replace(made, inputs=inputs)


def found(members: Members, kind: str, name: str) -> Made:
    """The first of a kind whose name begins so."""
    return next(one for one in members if one.kind == kind and one.name.startswith(name))


def _swap(members: Members, old: Made, *new: Made) -> Members:
    at = members.index(old)
    return (*members[:at], *new, *members[at + 1 :])


def changed(kind: str, changes: Mapping[str, object], name: str = "") -> Edit:
    """The stack with one resource that has other inputs."""

    def edit(members: Members) -> Members:
        old = found(members, kind, name)
        return _swap(members, old, put(old, changes))

    return edit


def dropped(kind: str, name: str = "") -> Edit:
    """The stack without one resource."""

    def edit(members: Members) -> Members:
        return _swap(members, found(members, kind, name))

    return edit


def rewired(kind: str, path: str, *to: Reference, name: str = "") -> Edit:
    """The stack with one resource's input made from other resources, or from none."""

    def edit(members: Members) -> Members:
        old = found(members, kind, name)
        urns = tuple(found(members, *reference).address for reference in to)
        return _swap(members, old, replace(old, needs={**old.needs, path: urns}))

    return edit


def added(
    kind: str,
    name: str,
    inputs: Mapping[str, Any],
    needs: Mapping[str, Sequence[Reference]] | None = None,
) -> Edit:
    """The stack with one more resource."""

    def edit(members: Members) -> Members:
        stack = members[0].stack
        made = Made(
            kind,
            dict.fromkeys(needs or {}, "what-it-is-made-of") | dict(inputs),
            name,
            {
                path: tuple(found(members, *reference).address for reference in many)
                for path, many in (needs or {}).items()
            },
            stack,
        )
        return (*members, made)

    return edit


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(members: Members) -> Members:
        for one in edits:
            members = one(members)
        return members

    return edit


@dataclass(frozen=True)
class Bad:
    """What is wrong, what the policy says of it, and which other policies rightly say so too."""

    changes: Mapping[str, object]
    says: str
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """A policy over one resource: what it judges, and what trips it."""

    policy: str
    kind: str
    unknown: str
    """An input that it judges; where it is not known, the policy does not pass."""
    bad: tuple[Bad, ...]
    name: str = ""
    enough: bool = False
    """Whether it asks only that something is named there: then not known is enough."""
    always: bool = False
    """Whether nothing of the kind passes, but by an exemption."""


def case(
    policy: str,
    kind: str,
    unknown: str,
    *bad: tuple[Mapping[str, object], str] | tuple[Mapping[str, object], str, set[str]],
    name: str = "",
    enough: bool = False,
    always: bool = False,
) -> Case:
    """A row of a table."""
    rows = (Bad(one[0], one[1], frozenset(one[2] if len(one) > 2 else ())) for one in bad)
    return Case(policy, kind, unknown, tuple(rows), name, enough, always)


@dataclass(frozen=True)
class Broken:
    """A stack with something wrong, what is said of it, and by which other policies too."""

    edit: Edit
    says: str
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StackCase:
    """A policy over a stack: what trips it, what it cannot judge, and where it does not apply."""

    policy: str
    broken: tuple[Broken, ...]
    unknown: Edit
    """What is not known, or made from nothing that is: the policy does not pass."""


def stack_case(
    policy: str,
    *broken: tuple[Edit, str] | tuple[Edit, str, set[str]],
    unknown: Edit,
) -> StackCase:
    """A row of a table."""
    rows = (Broken(one[0], one[1], frozenset(one[2] if len(one) > 2 else ())) for one in broken)
    return StackCase(policy, tuple(rows), unknown)
