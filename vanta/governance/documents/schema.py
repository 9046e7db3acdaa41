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
            part["description"] = f"{meaning(model, name)} {ruling(model, name)}".strip()
            if model.closed and model.governs and ruling(model, name) and not field.is_required():
                value = getattr(model.governs(), name)
                part["default"] = stated(value, directions(model.governs)[name])
        return found


def meaning(model: type[Shape], name: str) -> str:
    """What a field of a document is."""
    field = model.model_fields[name]
    said: dict[str, str] = told(model.governs) if model.governs else {}
    for base in reversed(model.__mro__):
        if issubclass(base, Shape):
            said = {**said, **told(base)}
    inner = shape_in(field.annotation)
    given = field.description or said.get(name) or (inspect.getdoc(inner) if inner else "")
    return " ".join((given or "").split())


def ruling(model: type[Shape], name: str) -> str:
    """Which way of changing a field is tighter; empty for what is not one field of a policy."""
    found = directions(model.governs) if model.governs else {}
    own = model.model_fields[name].description
    if model.governs is None or own or isinstance(found.get(name), Group | Keyed | None):
        return ""
    return ruled(model.governs, name)


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
