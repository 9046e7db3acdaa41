"""The types of a document's values: how each is read, and what a JSON Schema can say of it.

A schema is never stricter than the reader beside it, and looser only where none could know.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, StrictBool, StringConstraints, WithJsonSchema

from vanta.domain.exact import PPM, UNIT
from vanta.domain.name import NAME_PATTERN
from vanta.governance.documents.scalars import (
    MEMBER_PATTERN,
    ONE_MEMBER_PATTERN,
    PATH_PATTERN,
    read_count,
    read_duration,
    read_members,
    read_money,
    read_nonces,
    read_paths,
    read_ratio,
    read_text,
    read_until,
)
from vanta.lattice.direction import BOUNDLESS, EVERYTHING

LINE_PATTERN = r"^[^\n]*[^\s][^\n]*$"
LABEL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$"

SCALARS: dict[str, dict[str, Any]] = {}
"""What a JSON Schema can say of each of the types below, by its name."""


def _schema(name: str, description: str, *examples: object, **what: object) -> WithJsonSchema:
    SCALARS[name] = {"description": description, **what, "examples": list(examples)}
    # The comment lets a schema that holds one many times say it once.
    return WithJsonSchema({"$comment": name, **SCALARS[name]})


def _decimal(
    name: str, description: str, digits: int, scale: int, *examples: object
) -> WithJsonSchema:
    """A plain decimal as a number, or as text, of at most so many digits after the point."""
    text = rf"^(0|[1-9][0-9]{{0,17}})(\.[0-9]{{1,{digits}}}0*)?$"
    number = {"type": "number", "minimum": 0, "exclusiveMaximum": BOUNDLESS / scale}
    either = [number, {"type": "string", "pattern": text}]
    return _schema(name, description, *examples, anyOf=either)


def _names(name: str, description: str, pattern: str, *examples: object) -> WithJsonSchema:
    """A list of distinct names, in which `*` stands alone."""
    return _schema(
        name,
        description,
        *examples,
        type="array",
        items={"type": "string", "pattern": pattern},
        uniqueItems=True,
        **{"if": {"contains": {"const": EVERYTHING}}, "then": {"maxItems": 1}},
    )


_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_UNTIL = rf"^{_DATE}[Tt]{_TIME}:[0-9]{{2}}(\.[0-9]{{1,9}})?([Zz]|[+-]{_TIME})$"

Money = Annotated[
    int,
    BeforeValidator(read_money),
    _decimal("Money", "An amount: a plain decimal, or text of one.", 8, UNIT, 100_000, "0.25"),
]
Ratio = Annotated[
    int,
    BeforeValidator(read_ratio),
    _decimal("Ratio", "A ratio: 0.05 is 5 %.", 6, PPM, 0.05, "1.25"),
]
Count = Annotated[
    int,
    BeforeValidator(read_count),
    _schema(
        "Count",
        "A whole number.",
        20,
        anyOf=[
            {"type": "integer", "minimum": 0, "maximum": 999_999_999},
            {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,8})$"},
        ],
    ),
]
Duration = Annotated[
    int,
    BeforeValidator(read_duration),
    _schema(
        "Duration",
        "A span of time: seconds, minutes, hours or days.",
        *("30s", "5m", "2h", "3d"),
        type="string",
        pattern=r"^(0|[1-9][0-9]{0,8})(s|m|h|d)$",
    ),
]
Until = Annotated[
    int,
    BeforeValidator(read_until),
    _schema(
        "Until",
        "An absolute time with a zone (RFC 3339).",
        "2026-12-01T15:00:00Z",
        type="string",
        format="date-time",
        pattern=_UNTIL,
    ),
]
Members = Annotated[
    frozenset[str],
    BeforeValidator(read_members),
    _names("Members", "Distinct names, or `*` alone for all.", MEMBER_PATTERN, ["AAPL"], ["*"]),
]
Nonces = Annotated[
    frozenset[str],
    BeforeValidator(read_nonces),
    _names("Nonces", "Distinct nonces.", ONE_MEMBER_PATTERN, ["3f9c2a7d41b80e65"]),
]
Paths = Annotated[
    frozenset[str],
    BeforeValidator(read_paths),
    _names(
        "Paths",
        "Distinct parts of a policy, or `*` alone for all.",
        PATH_PATTERN,
        ["overlay", "vaults.*.exposure"],
    ),
]

Text = Annotated[str, BeforeValidator(read_text)]
Name = Annotated[
    Text,
    StringConstraints(pattern=NAME_PATTERN),
    _schema(
        "Name",
        "Lower-case letters, digits and dashes.",
        "momentum-us",
        type="string",
        pattern=NAME_PATTERN,
    ),
]
"""What a document, person, role or entry is called."""
Member = Annotated[
    Text,
    StringConstraints(pattern=ONE_MEMBER_PATTERN),
    _schema(
        "Member",
        "What the world calls it: a symbol, a sector.",
        "AAPL",
        type="string",
        pattern=ONE_MEMBER_PATTERN,
    ),
]
"""What the world calls something: a symbol, a sector."""
Line = Annotated[
    Text,
    StringConstraints(max_length=300, pattern=LINE_PATTERN),
    _schema(
        "Line",
        "A sentence on one line.",
        "the feed is late",
        type="string",
        maxLength=300,
        pattern=LINE_PATTERN,
    ),
]
"""A sentence on one line."""
LabelName = Annotated[
    Text,
    StringConstraints(pattern=LABEL_PATTERN),
    _schema("LabelName", "What a label is called.", "desk", type="string", pattern=LABEL_PATTERN),
]
Label = Annotated[
    Text,
    StringConstraints(max_length=200),
    _schema(
        "Label",
        "Text that means nothing to the rules.",
        "US equities",
        type="string",
        maxLength=200,
    ),
]
"""Text that means nothing to the rules."""

BY_UNIT: dict[str, Any] = {
    "money": Money,
    "quantity": Money,
    "ratio": Ratio,
    "count": Count,
    "duration": Duration,
    "until": Until,
    "bool": StrictBool,
}
"""The annotated type that reads each unit."""
