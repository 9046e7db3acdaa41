"""Policies and cases speak of what the provider has: a misspelt input would judge nothing."""

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pulumi._types import input_type_types, is_input_type

from tests.policies.infrastructure.change import put
from tests.policies.infrastructure.estate import ESTATE
from tests.policies.infrastructure.test_resource_policies import CASES, subject
from vanta_policies import kinds
from vanta_policies.pack import EVERY, RULES

KINDS = {value for name, value in vars(kinds).items() if name.isupper()}
OF_OTHER_PROVIDERS = {kinds.PROVIDER, kinds.RANDOM_PASSWORD, kinds.TLS_KEY}


@cache
def arguments_of(kind: str) -> type:
    """The SDK's class of a kind's inputs."""
    module, _, name = kind.removeprefix("aws:").partition("/")
    file, _, name = name.partition(":")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", file).lower()
    found = importlib.import_module(f"pulumi_aws.{module}.{snake}")
    resource = getattr(found, name)
    assert resource.pulumi_type == kind
    # Where an object of another kind took the name, the SDK gives the resource's another.
    arguments: type = getattr(found, f"{name}InitArgs", None) or getattr(found, f"{name}Args")
    return arguments


def strange(given: object, kind: type, path: str = "") -> Iterator[str]:
    """Paths of inputs that the class does not have, at any depth."""
    if not isinstance(given, Mapping):
        return
    types = input_type_types(kind)
    for name, value in given.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in types:
            yield here
            continue
        inner = object_in(types[name])
        for one in value if isinstance(value, list) else [value]:
            if inner is not None:
                yield from strange(one, inner, here)


def object_in(hint: Any) -> type | None:  # noqa: ANN401 - a type hint
    """The class of inputs within a hint, if there is one."""
    if isinstance(hint, type) and is_input_type(hint):
        return hint
    return next(filter(None, map(object_in, get_args(hint))), None)


def untagged(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Without the tags, which the small stack puts on everything."""
    return {name: value for name, value in inputs.items() if name != "tags"}


def test_each_kind_is_one_of_the_provider_and_is_judged_or_leads_to_what_is() -> None:
    assert all(arguments_of(kind) is not None for kind in KINDS - OF_OTHER_PROVIDERS)
    assert {kind for rule in EVERY for kind in rule.kinds} <= KINDS


def test_what_cases_change_is_there_to_be_changed() -> None:
    for case in CASES:
        if case.kind in OF_OTHER_PROVIDERS:
            continue
        for bad in case.bad:
            made = put(subject(case), bad.changes)
            found = list(strange(untagged(made.inputs), arguments_of(case.kind)))
            assert not found, case


def test_what_must_be_tagged_can_be() -> None:
    for rule in RULES:
        if rule.name.startswith("everything"):
            for kind in rule.kinds:
                assert "tags" in input_type_types(arguments_of(kind)), kind


def test_the_small_stack_is_made_of_what_there_is() -> None:
    for made in ESTATE:
        if made.kind not in OF_OTHER_PROVIDERS:
            assert not list(strange(untagged(made.inputs), arguments_of(made.kind))), made
