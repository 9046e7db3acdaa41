"""What a pack can be told: settings, levels, exemptions that end, and what it refuses."""

import jsonschema
import pytest

from tests.policies.infrastructure.change import dropped, put
from tests.policies.infrastructure.engine import Engine
from tests.policies.infrastructure.estate import ESTATE, first
from vanta_policies import kinds as k
from vanta_policies.pack import EVERY

SIZE = "instance-size-is-one-we-pay-for"
PRIVATE = "instance-has-no-public-address"
WHY = "Looked at by two people; it is harmless where it is."


def test_a_setting_changes_what_passes(updating: Engine) -> None:
    machine = put(first(k.INSTANCE), {"instanceType": "p5.48xlarge"})
    assert updating.analyze(machine).policies == {SIZE}
    updating.configure({SIZE: {"families": ["p5"], "sizes": ["48xlarge"]}})
    assert not updating.analyze(machine).said
    assert updating.analyze(first(k.INSTANCE)).policies == {SIZE}


def test_a_number_arrives_as_a_number(updating: Engine) -> None:
    database = put(first(k.DATABASE), {"backupRetentionPeriod": 31.0})
    assert not updating.analyze(database).said
    updating.configure({"database-can-be-restored-for-a-month": {"days": 35}})
    (said,) = updating.analyze(database).said
    assert "is 31, less than 35" in said.message


@pytest.mark.parametrize(
    ("policy", "settings"),
    [
        (SIZE, {"families": "m7i"}),
        ("database-can-be-restored", {"days": 0}),
        (PRIVATE, {"exempt": [{"name": "jump", "until": "2099-01-01"}]}),
        (PRIVATE, {"exempt": [{"name": "jump", "reason": "because", "until": "2099-01-01"}]}),
        (PRIVATE, {"exempt": [{"name": "jump", "reason": WHY}]}),
        (PRIVATE, {"exempt": [{"name": "jump", "reason": WHY, "until": "soon"}]}),
    ],
)
def test_the_engine_refuses_what_does_not_fit(
    policy: str, settings: dict[str, object], updating: Engine
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        updating.configure({policy: settings})


def test_a_misspelt_setting_is_told_although_the_engine_lets_it_pass(updating: Engine) -> None:
    updating.configure({SIZE: {"familys": ["p5"]}, "buckets-are-whole": {"exemptt": []}})
    (said,) = updating.analyze(first(k.INSTANCE)).said
    assert "no setting familys" in said.message
    (said,) = updating.analyze_stack(ESTATE).said
    assert "no setting exemptt" in said.message


def test_an_exemption_names_a_resource_a_reason_and_an_end(updating: Engine) -> None:
    public = put(first(k.INSTANCE, name="jump"), {"associatePublicIpAddress": True})
    terms = {"name": "jump", "reason": WHY, "until": "2099-12-31"}
    updating.configure({PRIVATE: {"exempt": [terms]}})
    answer = updating.analyze(public)
    assert not answer.said
    assert answer.elsewhere[PRIVATE] == f"{WHY} (until 2099-12-31)"
    other = put(first(k.INSTANCE, name="alpha"), {"associatePublicIpAddress": True})
    assert updating.analyze(other).policies == {PRIVATE}


def test_an_exemption_that_has_ended_is_told_with_its_reason(updating: Engine) -> None:
    public = put(first(k.INSTANCE, name="jump"), {"associatePublicIpAddress": True})
    terms = {"name": "jump", "reason": WHY, "until": "2026-01-31"}
    updating.configure({PRIVATE: {"exempt": [terms]}})
    (said,) = updating.analyze(public).said
    assert f"its exemption has ended: {WHY} (until 2026-01-31)" in said.message


def test_a_resource_is_exempt_from_a_policy_over_the_stack_too(updating: Engine) -> None:
    broken = dropped(k.BUCKET_LIFECYCLE, "journals")(ESTATE)
    assert updating.analyze_stack(broken).policies == {"buckets-are-whole"}
    terms = {"name": "journals", "reason": WHY, "until": "2099-12-31"}
    updating.configure({"buckets-are-whole": {"exempt": [terms]}})
    assert not updating.analyze_stack(broken).said
    terms["until"] = "2026-01-31"
    updating.configure({"buckets-are-whole": {"exempt": [terms]}})
    (said,) = updating.analyze_stack(broken).said
    assert "its exemption has ended" in said.message


def test_a_level_is_what_it_is_told_to_be(updating: Engine) -> None:
    machine = put(first(k.INSTANCE), {"instanceType": "p5.48xlarge"})
    updating.configure({SIZE: {"enforcementLevel": "advisory"}})
    assert {one.level for one in updating.analyze(machine).said} == {"advisory"}
    updating.configure({SIZE: {"enforcementLevel": "disabled"}})
    assert not updating.analyze(machine).said


def test_which_environments_are_production_can_be_told(updating: Engine) -> None:
    moved = put(first(k.DATABASE), {"multiAz": False, "tags.vanta:environment": "eu"})
    moved = type(moved)(moved.kind, moved.inputs, moved.name, stack="eu", protect=True)
    assert not updating.analyze(moved).said
    updating.configure({"database-has-a-standby": {"production": ["prod", "eu"]}})
    assert updating.analyze(moved).policies == {"database-has-a-standby"}


def test_a_tag_that_is_not_known_does_not_make_production_of_less(updating: Engine) -> None:
    # The stack's name still says it.
    machine = put(
        first(k.INSTANCE),
        {"disableApiTermination": False, "tags": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
    )
    assert "instance-survives-a-slip" in updating.analyze(machine).policies


def test_tags_of_the_provider_count(updating: Engine) -> None:
    bare = put(first(k.BUCKET), {"tags": {}})
    tags = {
        "vanta:environment": "prod",
        "vanta:component": "storage",
        "vanta:owner": "platform@vanta.fund",
        "vanta:cost-centre": "trading",
    }
    assert updating.analyze(bare).policies == {"everything-says-whose-it-is"}
    provided = type(bare)(
        bare.kind,
        bare.inputs,
        bare.name,
        stack="prod",
        protect=True,
        provider={"defaultTags": {"tags": tags}},
    )
    assert not updating.analyze(provided).said


def test_the_pack_says_what_it_is(updating: Engine) -> None:
    assert updating.info.name == "vanta-infrastructure"
    assert updating.info.supportsConfig
    assert list(updating.policies) == [rule.name for rule in EVERY]
    for policy in updating.policies.values():
        assert policy.enforcementLevel == 1, "mandatory"
        assert policy.description.endswith(".")
        assert policy.framework.name in {"CIS AWS Foundations Benchmark", "VANTA design"}
        assert policy.framework.reference
        assert policy.framework.specification
        assert policy.remediation_steps
        assert policy.severity
