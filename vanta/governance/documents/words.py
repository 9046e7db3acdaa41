"""What a field of a document means, in the words of its own declaration.

The sentence comes from the docstring below the field, the rest from the direction it declares:
nothing about a field is written down twice.
"""

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any, get_type_hints

from vanta.governance.documents.scalars import show
from vanta.lattice.direction import (
    AllowSet,
    Bands,
    Cap,
    DenySet,
    Direction,
    Floor,
    Neutral,
    Permission,
    Registry,
    Steps,
    Switch,
    Table,
    Tabled,
    Unordered,
)
from vanta.lattice.governed import Governed, directions

UNITS = {
    "money": "dollars",
    "quantity": "shares, coins or contracts",
    "ratio": "ratio: 0.05 is 5 %",
    "count": "count",
    "duration": "time span",
    "until": "time",
}
"""What a number of each unit counts."""

_KINDS: tuple[tuple[type[Direction[Any]], str, str], ...] = (
    # A subclass stands before what it is a kind of.
    (Permission, "permission", "false"),
    (Switch, "switch", "on for longer"),
    (Cap, "cap", "lower"),
    (Floor, "floor", "higher"),
    (AllowSet, "allow-set", "fewer names"),
    (DenySet, "deny-set", "more names"),
    (Registry, "registry", "fewer names and keys"),
    (Steps, "bands", "lower at every conviction"),
    (Neutral, "neutral", "not risk"),
    (Unordered, "unordered", "every change takes the quorum"),
)
_PPM = re.compile(r",? \(?ppm\)?")
"""Documents write ratios as people do; the code that reads policies counts in millionths."""


def kind_of(direction: Direction[Any]) -> tuple[str, str]:
    """What a direction is called, and which way is tighter."""
    if isinstance(direction, Tabled):
        name, tighter = kind_of(direction.inner)
        return f"{name} by name", f"{tighter}, name by name"
    if isinstance(direction, Permission) and direction.unit == "until":
        return "permission", "ending sooner"
    return next((name, way) for kind, name, way in _KINDS if isinstance(direction, kind))


def unit_of(owner: type[Governed], field: str) -> str:
    """What the field's number counts; empty where it is none."""
    direction = directions(owner)[field]
    unit = direction.inner.unit if isinstance(direction, Tabled) else direction.unit
    return "" if get_type_hints(owner)[field] is bool else UNITS.get(unit, "")


def ruled(owner: type[Governed], field: str) -> str:
    """Direction, unit and the tighter way of a governed field, as one sentence."""
    direction, unit = directions(owner)[field], unit_of(owner, field)
    name, tighter = kind_of(direction)
    head = f"{name[:1].upper()}{name[1:]}{unit and f' ({unit})'}"
    return f"{head}; tighter: {tighter}." if direction.ordered else f"{head}; {tighter}."


@cache
def told(owner: type[Any]) -> dict[str, str]:
    """Field to the docstring below it, of a class written in a file."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    except (OSError, TypeError):
        return {}  # made at run time, or without its source
    found: dict[str, str] = {}
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    for field, doc in pairwise(body):
        match field, doc:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = _PPM.sub("", " ".join(text.split()))
    return found


def stated(value: object, direction: Direction[Any]) -> Any:  # noqa: ANN401 - as JSON has it
    """A governed value as a document writes it, for defaults."""
    match value:
        case Table():
            rest = {name: stated(one, direction) for name, one in value.entries.items()}
            return {"default": stated(value.default, direction), **rest}
        case frozenset():
            return sorted(value)
        case bool() | str() | dict():
            return value
        case int():
            text = show(value, direction.unit)
            return int(text) if text.isdigit() else text
    bands: Bands = value if isinstance(value, tuple) else ()
    return [{"conviction": show(at, "ratio"), "size": show(size, "ratio")} for at, size in bands]
