"""JSON Schemas of the documents, generated from the models that read them.

An editor that knows them completes and checks a document while it is written, and says of every
field which way is tighter. They are never stricter than the reader, and never looser where a
schema can know; `tests/governance/test_documents_schema.py` lists what only the reader knows.
"""

import inspect
import json
import re
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from vanta.governance.documents.derive import Shape
from vanta.governance.documents.editor import file_name
from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.mistakes import shape_in
from vanta.governance.documents.scalars import ONE_MEMBER_PATTERN
from vanta.governance.documents.words import ruled, stated, told
from vanta.governance.documents.written import SCALARS
from vanta.lattice.governed import Group, Keyed, directions

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of document."""
    model = KINDS[kind]
    made = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    scalars: dict[str, Any] = {}
    folded = _folded(made, scalars)
    parts = {**folded.pop("$defs"), **scalars}
    return {
        "$schema": DIALECT,
        "$id": f"https://vanta.dev/v1/{file_name(kind)}",
        **folded,
        "title": kind,
        "$defs": {name: parts[name] for name in sorted(parts)},
    }


def describe() -> dict[str, str]:
    """Every kind with what it is, in one sentence."""
    return {kind: (inspect.getdoc(model) or "").partition("\n")[0] for kind, model in KINDS.items()}


def render(kind: str) -> bytes:
    """The schema file of one kind; the same bytes for the same code."""
    return (json.dumps(schema(kind), indent=2) + "\n").encode()


class _Generator(GenerateJsonSchema):
    """Says what a strict reader means: nothing is null, and every field explains itself."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        # A field that may be left out; written, it has a value.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if schema.get("default_factory") is list:
            found["default"] = []
        return {key: value for key, value in found.items() if (key, value) != ("default", None)}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        found["title"] = _PART.sub("", model.__name__)
        found["description"] = " ".join((inspect.getdoc(model) or "").split())
        if not issubclass(model, Shape):
            return _tabled(found)
        for name, field in model.model_fields.items():
            part = found["properties"][field.alias or name]
            part["title"] = name.replace("_", " ").capitalize()
            part["description"] = _sentences(model, name, field)
            if model.closed and _governs(model, name) and not field.is_required():
                _begin(part, model, name)
        return found


def _governs(model: type[Shape], name: str) -> bool:
    """Whether a field becomes one of a policy, and is not a group of others."""
    found = directions(model.governs) if model.governs else {}
    return name in found and not isinstance(found[name], Group | Keyed)


def _sentences(model: type[Shape], name: str, field: FieldInfo) -> str:
    """What a field is, and which way of changing it is tighter."""
    if field.description:
        return field.description
    owner, inner = model.governs, shape_in(field.annotation)
    said = {one: text for base in _shapes(model) for one, text in told(base).items()}
    if owner:
        said = {**told(owner), **said}
    if name not in said and inner:
        return " ".join((inspect.getdoc(inner) or "").split())
    ruling = ruled(owner, name) if owner and _governs(model, name) else ""
    return f"{said.get(name, '')} {ruling}".strip()


def _shapes(model: type[Shape]) -> list[type[Shape]]:
    """The model with what it is made of, the most general first."""
    return [base for base in reversed(model.__mro__) if issubclass(base, Shape)]


def _begin(part: dict[str, Any], model: type[Shape], name: str) -> None:
    """State what holds where the field is left out."""
    if model.governs is not None:
        part["default"] = stated(getattr(model.governs(), name), directions(model.governs)[name])


def _tabled(found: dict[str, Any]) -> dict[str, Any]:
    """A table: names that have a value each, and what holds for every other name."""
    found["description"] = "A value by name; `default` holds for every name that is not listed."
    found["properties"]["default"] |= {
        "title": "Default",
        "description": "What holds for every name that is not listed.",
    }
    found["propertyNames"] = {"pattern": ONE_MEMBER_PATTERN}
    return found


def _folded(value: Any, scalars: dict[str, Any]) -> Any:  # noqa: ANN401 - any part of a schema
    """The schema with each scalar said once, under its name, and keys in the order people read."""
    if isinstance(value, list):
        return [_folded(item, scalars) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get("$comment")
    if isinstance(name, str):
        scalar = SCALARS[name]
        scalars[name] = {"title": name, **scalar}
        own = {k: v for k, v in value.items() if k != "$comment" and scalar.get(k) != v}
        value = {"$ref": f"#/$defs/{name}", **own}
    ordered = sorted(value, key=lambda key: _FIRST.get(key, len(_FIRST)))
    return {key: _folded(value[key], scalars) for key in ordered}


_PART = re.compile("(Shape|Bounds|Spec|Entry|Document)$")
_FIRST = {key: at for at, key in enumerate(("title", "description", "$ref", "type"))}
