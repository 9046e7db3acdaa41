"""Document shapes derived from governed types, so that a field is declared once and only there.

A governed field `max_quantity: Annotated[int, Cap("quantity")]` becomes the document field
`maxQuantity`, read by the unit its direction names. What a document leaves out keeps the base
value it is compiled onto: the closed one for a vault, the unbounded one for a ceiling.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    create_model,
    model_validator,
)
from pydantic.alias_generators import to_camel

from vanta.governance.documents.mistakes import MistakeError
from vanta.governance.documents.scalars import ONE_MEMBER_PATTERN
from vanta.governance.documents.written import (
    BY_UNIT,
    Label,
    Member,
    Members,
    Ratio,
)
from vanta.lattice.direction import (
    AllowSet,
    DenySet,
    Direction,
    Neutral,
    Steps,
    Tabled,
    steps,
    table,
)
from vanta.lattice.governed import Governed, Group, directions

G = TypeVar("G", bound=Governed)


class Shape(BaseModel):
    """Base of every part of a document: closed, camelCase, immutable."""

    governs: ClassVar[type[Governed] | None] = None
    """The governed type whose fields those of the same name become."""
    closed: ClassVar[bool] = False
    """Whether a field that is not written has the value that `governs` begins with."""
    left_out: ClassVar[Mapping[str, str]] = {}
    """Fields of `governs` that are not written here, to what their writer should do instead."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=False
    )


class Step(Shape):
    """One band: from this conviction on, at most this share of NAV."""

    conviction: Ratio
    """From where on it holds."""
    size: Ratio
    """Greatest share of NAV one position may take."""


def _distinct(points: list[Step]) -> list[Step]:
    edges = [point.conviction for point in points]
    if edges != sorted(set(edges)):
        raise MistakeError(
            "bands do not go from the lowest conviction to the highest, each once", "sort them"
        )
    return points


class _TableShape(BaseModel):
    """A map of names with a required default: it says something about every name."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        if "default" not in value:
            raise MistakeError("nothing says what holds for names not listed", "add `default: ...`")
        for name in value:
            if not re.fullmatch(ONE_MEMBER_PATTERN, str(name)):
                raise MistakeError(
                    f"{name!r} is not a name", "let `default` speak for what is not listed"
                )
        return value


@cache
def _table_shape(unit: str) -> type[BaseModel]:
    inner: Any = BY_UNIT[unit]
    extra: Any = GenericAlias(dict, (str, inner))
    return create_model(
        f"{unit.capitalize()}Table",
        __base__=_TableShape,
        default=(inner, ...),
        __pydantic_extra__=(extra, {}),
    )


def _field(hint: Any, direction: Direction[Any], part: "Part") -> Any:  # noqa: ANN401
    match direction:
        case Group():
            return part(direction.kind)
        case AllowSet() | DenySet():
            return Members
        case Steps():
            return Annotated[list[Step], AfterValidator(_distinct)]
        case Tabled():
            return _table_shape(direction.inner.unit)
        case Neutral():
            return Label
        case _ if hint is bool:
            return BY_UNIT["bool"]
        case _ if direction.unit:
            return BY_UNIT[direction.unit]
        case _:
            return dict[Member, Member]


Part = Callable[[type[Governed]], type[Shape]]
"""How a governed type inside another is written."""


@cache
def shape(kind: type[Governed], *, without: tuple[tuple[str, str], ...] = ()) -> type[Shape]:
    """The document shape of a governed type; every field may be left out.

    Args:
        kind: the governed type.
        without: fields a document does not write (they are compiled from elsewhere), each with
            what to do instead.
    """
    made = _shape(f"{kind.__name__}Shape", kind, dict(without), shape)
    made.closed = True
    return made


_NO_BOUND = "remove it: it has no order, so no ceiling can bound it; the quorum of a vault decides"
_NO_LIMIT = "remove it: it limits nothing"


@cache
def bounds(kind: type[Governed]) -> type[Shape]:
    """The same for what is only met with: fields that nobody can rank have no place in it.

    A ceiling that stated one would read like a limit, and be none.
    """
    part: Part = bounds
    without = {
        name: _NO_LIMIT if isinstance(direction, Neutral) else _NO_BOUND
        for name, direction in directions(kind).items()
        if not direction.ordered
        or (isinstance(direction, Group) and not part(direction.kind).model_fields)
    }
    return _shape(f"{kind.__name__}Bounds", kind, without, part)


def _shape(name: str, kind: type[Governed], without: dict[str, str], part: Part) -> type[Shape]:
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {
        field: (_field(hints[field], direction, part) | None, None)
        for field, direction in directions(kind).items()
        if field not in without
    }
    made = create_model(name, __base__=Shape, __doc__=kind.__doc__, **fields)
    made.governs = kind
    made.left_out = {to_camel(field): remedy for field, remedy in without.items()}
    return made


def compile_onto(base: G, document: BaseModel, *, without: frozenset[str] = frozenset()) -> G:
    """`base` with every field that `document` states replaced by what it states."""
    found = directions(type(base))
    stated: dict[str, Any] = {}
    for name in (document.model_fields_set & found.keys()) - without:
        direction, value = found[name], getattr(document, name)
        match direction:
            case Group():
                stated[name] = compile_onto(getattr(base, name), value)
            case Steps():
                stated[name] = steps(iter((step.conviction, step.size) for step in value))
            case Tabled():
                stated[name] = table(value.default, value.__pydantic_extra__ or {})
            case _:
                stated[name] = value
    return msgspec.structs.replace(base, **stated)
