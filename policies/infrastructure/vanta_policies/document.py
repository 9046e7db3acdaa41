"""Documents of permission, as IAM, buckets, keys, topics and endpoints have them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vanta_policies.rule import Resource


class UnreadableDocumentError(Exception):
    """A document that cannot be judged, because it is not one."""


@dataclass(frozen=True)
class Statement:
    """One statement of a document."""

    where: str
    """Its `Sid`, or which one it is."""
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    inverted: tuple[str, ...]
    """Which of `NotAction`, `NotResource` and `NotPrincipal` it uses."""
    principals: Mapping[str, tuple[str, ...]]
    """Kind of principal to names; `*` alone is `{"*": ("*",)}`."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Operator to key (in lower case) to values."""

    @property
    def anybody(self) -> bool:
        """Whether it is about everybody."""
        return "*" in self.principals or "*" in self.principals.get("AWS", ())

    def demands(self, key: str, *operators: str) -> tuple[str, ...]:
        """The values that a condition on `key` demands; of these operators, where any are given."""
        found: list[str] = []
        for operator, keys in self.conditions.items():
            if not operators or operator in operators:
                found += keys.get(key.lower(), ())
        return tuple(found)


def statements(one: Resource, path: str) -> tuple[Statement, ...]:
    """The statements of the document at `path`; none where there is no document.

    Raises:
        UnknownValueError: it is not known yet.
        UnreadableDocumentError: it is not JSON, or not a document.
    """
    text = one.at(path)
    if text in (None, ""):
        return ()
    try:
        document = json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        raise UnreadableDocumentError(f"{path} is not JSON: {error}") from error
    found = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(found, Mapping):
        found = [found]
    if not found or not all(isinstance(each, Mapping) for each in found):
        raise UnreadableDocumentError(f"{path} has no statements")
    try:
        return tuple(_statement(number, each) for number, each in enumerate(found, 1))
    except (AttributeError, TypeError) as error:
        raise UnreadableDocumentError(f"{path} has a statement that is not one") from error


def _statement(number: int, given: Mapping[str, Any]) -> Statement:
    principal = given.get("Principal", {})
    if isinstance(principal, str):
        principal = {principal: principal}
    return Statement(
        where=str(given.get("Sid") or f"statement {number}"),
        # What is neither is read as the worse of both.
        allows=given.get("Effect") != "Deny",
        actions=_many(given.get("Action")),
        resources=_many(given.get("Resource")),
        inverted=tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if key in given),
        principals={kind: _many(names) for kind, names in principal.items()},
        conditions={
            operator: {key.lower(): _many(values) for key, values in keys.items()}
            for operator, keys in given.get("Condition", {}).items()
        },
    )


def _many(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    if value is None:
        return ()
    return (str(value),) if not isinstance(value, list) else tuple(map(str, value))


_BOUND_BY = (
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:sourceowner",
    "aws:sourcevpce",
    "kms:calleraccount",
)
"""Conditions that leave of everybody only whom we know."""


def open_to_anybody(one: Resource, path: str) -> Iterator[Statement]:
    """The statements that give something to everybody and bind it by nothing."""
    for each in statements(one, path):
        bound = any(value not in ("", "*") for key in _BOUND_BY for value in each.demands(key))
        if each.allows and each.anybody and not bound:
            yield each


def refuses_plain_http(one: Resource, path: str) -> bool:
    """Whether the document denies everything to whoever comes without TLS."""
    return any(
        not each.allows
        and each.anybody
        and not each.inverted
        and any(action in ("*", "s3:*") for action in each.actions)
        and "false" in [value.lower() for value in each.demands("aws:SecureTransport", "Bool")]
        for each in statements(one, path)
    )
