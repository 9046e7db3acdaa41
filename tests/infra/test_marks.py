"""Names, tags, protection and provider: on everything, or on everything that holds data."""

import inspect
from functools import cache

import pulumi_aws as aws
import pytest

from infra.naming import PROTECTED
from tests.infra.recording import ENVIRONMENTS, Resource, recorded, values_in

_TAGS = {"Name", "vanta:environment", "vanta:component", "vanta:owner", "vanta:cost-centre"}


@cache
def _takes_tags(kind: str) -> bool:
    module, _, cls = kind.removeprefix("aws:").partition("/")
    found = getattr(getattr(aws, module), cls.split(":")[-1])
    return "tags" in inspect.signature(found._internal_init).parameters


def _ours(stack: str) -> list[Resource]:
    return [one for one in recorded(stack).resources if one.type.startswith("aws:")]


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_everything_that_takes_tags_says_what_it_is_whose_and_who_pays(stack: str) -> None:
    for resource in _ours(stack):
        if _takes_tags(resource.type):
            tags = resource.inputs["tags"]
            assert set(tags) >= _TAGS, resource.urn
            assert tags["vanta:environment"] == stack
            assert tags["Name"] == f"vanta-{stack}-{resource.name}"
            assert tags["vanta:component"].replace("-", "") in resource.parent.lower()


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_what_holds_data_is_protected_where_the_stack_says_so(
    stack: str,
) -> None:
    protected = {resource.type for resource in _ours(stack) if resource.protect}
    assert protected == (PROTECTED if stack == "prod" else set())
    if stack == "prod":
        assert all(one.protect for one in _ours(stack) if one.type in PROTECTED)


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_everything_is_made_by_the_one_provider_that_knows_its_account(stack: str) -> None:
    [provider] = recorded(stack).of("pulumi:providers:aws")
    assert provider.inputs["allowedAccountIds"] == '["210987654321"]'
    assert {resource.provider.rpartition("::")[0] for resource in _ours(stack)} == {provider.urn}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_everything_has_a_component_above_it(stack: str) -> None:
    assert all("::vanta:infra:" in resource.parent for resource in _ours(stack))


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_two_have_the_same_urn(stack: str) -> None:
    urns = [resource.urn for resource in recorded(stack).resources]
    assert len(urns) == len(set(urns))


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_no_value_got_lost_on_the_way(stack: str) -> None:
    for resource in recorded(stack).resources:
        for path, value in values_in(resource.inputs):
            assert value is not None, f"{resource.urn}: {path}"
            assert "None" not in str(value), f"{resource.urn}: {path}: {value}"
            assert "Output<" not in str(value), f"{resource.urn}: {path}: {value}"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_logical_names_say_nothing_of_the_environment(stack: str) -> None:
    assert not [one.name for one in _ours(stack) if stack in one.name.split("-")]
