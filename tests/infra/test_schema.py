"""Schema-verified: risky types have values that AWS knows, by cfn-lint's copy of its schemas."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.cloudformation import MAPPED, launches_of, template_of
from tests.infra.recording import ENVIRONMENTS, recorded

_OURS = {
    # A zone is a decision of the stack file here; a template should be the same in any region.
    "W3010",
    # Environments lie in accounts of their own, and are looked at in one pass.
    "E3019",
}


_NAMES = {"Description", "DestinationSecurityGroupId", "GroupId", "SourceSecurityGroupId", "Tags"}
"""In what resources may differ and still be the same to a schema."""


def _lint(resources: dict[str, Any]) -> list[str]:
    from cfnlint.api import lint  # noqa: PLC0415 - seconds to import, and needed here alone

    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    return [
        f"{'/'.join(str(part) for part in match.path or [])}: {match.message} [{match.rule.id}]"
        for match in lint(json.dumps(template), regions=["us-east-1"])
        if match.rule.id not in _OURS
    ]


def _resources(stack: str) -> dict[str, Any]:
    recording = recorded(stack)
    found: dict[str, Any] = template_of(recording)["Resources"]
    assert len(found) == sum(len(recording.of(token)) for token in MAPPED) > 80
    found |= launches_of(recording)["Resources"]
    return found


@pytest.mark.timeout(300)
def test_the_risky_types_have_values_that_aws_knows() -> None:
    # One pass over whatever differs between environments: the schemas take seconds to load.
    different: dict[str, Any] = {}
    seen = set()
    for stack in ENVIRONMENTS:
        for name, resource in _resources(stack).items():
            properties = {k: v for k, v in resource["Properties"].items() if k not in _NAMES}
            key = json.dumps([resource["Type"], properties], sort_keys=True)
            if key not in seen:
                seen.add(key)
                different[f"{stack.title()}{name}"] = resource
    assert _lint(different) == []


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(resource: dict[str, Any]) -> None:
        at: Any = resource["Properties"]
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = to

    return change


MUTANTS: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "no such machine": ("InstanceAlpha", _set("InstanceType", to="m7i.hugest")),
    "a misspelt token": (
        "LaunchInstanceAlpha",
        _set("LaunchTemplateData", "MetadataOptions", "HttpTokens", to="requird"),
    ),
    "no such class": ("InstanceDatabase", _set("DBInstanceClass", to="db.m9z.large")),
    "too long a retention": ("InstanceDatabase", _set("BackupRetentionPeriod", to=99)),
    "no such lock": (
        "BucketJournals",
        _set("ObjectLockConfiguration", "Rule", "DefaultRetention", "Mode", to="FOREVER"),
    ),
    "no such encryption": (
        "BucketJournals",
        _set(
            "BucketEncryption",
            "ServerSideEncryptionConfiguration",
            0,
            "ServerSideEncryptionByDefault",
            "SSEAlgorithm",
            to="aws:kmz",
        ),
    ),
    "no such effect": (
        "RolePolicyAlpha",
        _set("PolicyDocument", "Statement", 0, "Effect", to="Permit"),
    ),
    "no such action": (
        "RolePolicyAlpha",
        _set("PolicyDocument", "Statement", 0, "Action", to=["s3:PutObjekt"]),
    ),
    "no such protocol": (
        "SecurityGroupIngressRuleNfsMarkets",
        _set("IpProtocol", to="tpc"),
    ),
    "too short a wait": ("KeyStorage", _set("PendingWindowInDays", to=2)),
    "no such volume": ("VolumeAlphaData", _set("VolumeType", to="gp9")),
}
"""What the SDK takes and AWS would not."""


def test_a_value_that_aws_does_not_know_is_seen() -> None:
    spoilt = {}
    for index, (name, change) in enumerate(MUTANTS.values()):
        resource = json.loads(json.dumps(_resources("prod")[name]))
        change(resource)
        spoilt[f"Mutant{index}"] = resource
    found = _lint(spoilt)
    for index, what in enumerate(MUTANTS):
        assert any(f"Mutant{index}/" in line for line in found), f"{what}: {found}"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_nothing_risky_is_left_out(stack: str) -> None:
    kinds = {resource.type for resource in recorded(stack).resources}
    risky = {"Instance", "Bucket", "BucketPolicy", "Role", "RolePolicy", "Key", "Volume"}
    risky |= {"SecurityGroup", "SecurityGroupIngressRule", "SecurityGroupEgressRule"}
    assert {
        kind for kind in kinds if kind[:4] == "aws:" and kind.rpartition(":")[2] in risky
    } == set(MAPPED)
