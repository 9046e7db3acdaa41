"""What is wrong in a document, in words: where it stands and what to write instead."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_snake

from vanta.domain.errors import MalformedError
from vanta.domain.retired import FIELDS, Retired
from vanta.governance.yaml_tree import Node, place_of


class MistakeError(ValueError):
    """A value that means nothing here, as pydantic wants it raised: what is wrong, what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


_REMEDIES = {
    "missing": "add it",
    "literal_error": "write one of these",
    "bool_type": "write true or false, without quotes",
    "string_type": "write text, in quotes where it looks like a number",
    "string_pattern_mismatch": "write it like that",
    "string_too_short": "say something",
    "string_too_long": "shorten it",
    "list_type": "write a list: [one, two], or one `- item` a line",
    "too_short": "list at least one",
    "dict_type": "write `name: value` pairs below it",
    "model_type": "write `name: value` pairs below it",
}
_SAID = {
    "string_pattern_mismatch": "it does not match {pattern}",
    "bool_type": "this is a switch, and nothing but true or false is one",
    "missing": "this field is required",
    "extra_forbidden": "there is no such field here",
    "model_type": "this holds fields, and is none",
    "dict_type": "this holds names with values, and is none",
}
"""What is said in our words; of other types pydantic's own sentence is."""


def malformed(error: ValidationError, node: Node, model: type[BaseModel]) -> MalformedError:
    """The mistake that stands first in the file, as the error a person is told.

    Args:
        error: what pydantic found.
        node: the document, for places.
        model: what the document was to be, for the names of fields nearby.
    """
    found = error.errors(include_url=False, include_input=False)
    # A name that meant something once is told before anything else that may be wrong.
    old = [one for one in found if _retired(one, model)]
    first = min(old or found, key=lambda one: place_of(node, one["loc"]).line)
    message, remedy = _told(first, model)
    gone = _retired(first, model)
    if gone is not None:
        message, remedy = f"this field was retired in {gone.since}", gone.instead
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return MalformedError(
        message + more,
        code="RETIRED_FIELD" if gone is not None else "INVALID_FIELD",
        place=str(place_of(node, first["loc"])),
        remedy=remedy,
    )


def _retired(found: Mapping[str, Any], model: type[BaseModel]) -> Retired | None:
    """What is known of a field that was there once; None for any other mistake."""
    if found["type"] != "extra_forbidden":
        return None
    governs = getattr(_shape_at(model, found["loc"][:-1]), "governs", None)
    name = to_snake(str(found["loc"][-1]))
    return FIELDS.get(f"{governs.__name__}.{name}") if governs is not None else None


def _told(found: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    kind, context = found["type"], found.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, MistakeError):
        return cause.message, cause.remedy
    said = _SAID.get(kind, "").format(**context) or found["msg"]
    if kind == "extra_forbidden":
        return said, _instead(str(found["loc"][-1]), _shape_at(model, found["loc"][:-1]))
    return said[:1].lower() + said[1:], _REMEDIES.get(kind, "look it up in the reference")


def _instead(name: str, shape: type[BaseModel]) -> str:
    """What to do about a field that its shape does not have."""
    left_out: Mapping[str, str] = getattr(shape, "left_out", {})
    if name in left_out:
        return left_out[name]
    names = list(_aliases(shape))
    close = get_close_matches(name, names, 1)
    if close:
        return f"look for a misspelling: there is `{close[0]}`"
    return f"remove it, or look for a misspelling: there is {', '.join(names)}"


def _aliases(shape: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in shape.model_fields.items()}


def _shape_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The shape that holds what stands at `path`; list positions and unions are passed through."""
    for part in path:
        inner = shape_in(_aliases(model).get(str(part)))
        model = inner or model
    return model


def shape_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - an annotated type
    """The last shape an annotation names: of a union of text and a shape, the shape."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [shape for part in get_args(annotation) if (shape := shape_in(part))]
    return found[-1] if found else None
