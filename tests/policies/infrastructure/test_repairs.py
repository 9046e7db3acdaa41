"""Where a policy is told to remediate, it makes what passes, and touches nothing else."""

import copy

import pytest

from tests.policies.infrastructure.change import Bad, Case, put
from tests.policies.infrastructure.engine import UNKNOWN, Engine
from tests.policies.infrastructure.estate import first
from tests.policies.infrastructure.test_resource_policies import BADS, BY_NAME, label, subject
from vanta_policies import kinds as k
from vanta_policies.pack import RULES

REPAIRED = [(case, bad) for case, bad in BADS if BY_NAME[case.policy].repair and not case.always]
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the wire's mark of one
SIGNATURE = "4dabf18193072939515e22adb298388d"


def remediating(policy: str) -> dict[str, dict[str, object]]:
    return {policy: {"enforcementLevel": "remediate"}}


@pytest.mark.parametrize(("case", "bad"), REPAIRED, ids=[label(case) for case, _ in REPAIRED])
def test_what_is_repaired_passes(case: Case, bad: Bad, updating: Engine) -> None:
    updating.configure(remediating(case.policy))
    broken = put(subject(case), bad.changes)
    repaired, diagnostic = updating.remediate(broken)
    assert not diagnostic
    assert repaired is not None
    answer = updating.analyze(type(broken)(broken.kind, repaired, broken.name, stack="prod"))
    assert case.policy not in answer.policies
    expected = copy.deepcopy(dict(broken.inputs))
    repair = BY_NAME[case.policy].repair
    assert repair is not None
    repair(expected)
    assert repaired == expected


@pytest.mark.parametrize("case", [one for one, _ in REPAIRED], ids=label)
def test_what_passes_is_left_alone(case: Case, updating: Engine) -> None:
    updating.configure(remediating(case.policy))
    assert updating.remediate(subject(case)) == (None, "")


def test_what_is_not_known_is_not_overwritten(previewing: Engine) -> None:
    policy = "instance-metadata-needs-a-session"
    previewing.configure(remediating(policy))
    unknown = put(first(k.INSTANCE), {"metadataOptions.httpTokens": UNKNOWN})
    repaired, diagnostic = previewing.remediate(unknown)
    assert repaired is None
    assert "metadataOptions.httpTokens can't be known" in diagnostic
    # It is told again when the resource is judged, and then it is in the way.
    assert {one.level for one in previewing.analyze(unknown).said} == {"mandatory"}


def test_secrets_and_unknowns_beside_it_stay_what_they_are(updating: Engine) -> None:
    updating.configure(remediating("database-is-private"))
    password = {SIGNATURE: SECRET, "value": "correct horse"}
    broken = put(
        first(k.DATABASE),
        {"publiclyAccessible": True, "password": password, "kmsKeyId": UNKNOWN},
    )
    repaired, _ = updating.remediate(broken)
    assert repaired is not None
    assert repaired["password"] == password
    assert repaired["kmsKeyId"] == UNKNOWN
    assert repaired["publiclyAccessible"] is False


def test_what_is_exempt_or_elsewhere_is_not_repaired(updating: Engine) -> None:
    policy = "database-survives-a-slip"
    terms = {"name": "database", "reason": "Made anew each night by hand.", "until": "2099-12-31"}
    updating.configure({policy: {"enforcementLevel": "remediate", "exempt": [terms]}})
    broken = put(first(k.DATABASE), {"deletionProtection": False})
    assert updating.remediate(broken) == (None, "")
    updating.configure(remediating(policy))
    in_dev = put(broken, {"tags.vanta:environment": "dev"})
    in_dev = type(in_dev)(in_dev.kind, in_dev.inputs, in_dev.name, stack="dev")
    assert updating.remediate(in_dev) == (None, "")


def test_a_repair_replaces_nothing() -> None:
    """Of these inputs AWS makes the resource anew, or they need more than one value."""
    replacing = {
        "associatePublicIpAddress",
        "encrypted",
        "storageEncrypted",
        "kmsKeyId",
        "rootBlockDevice",
        "multiAz",
    }
    for rule in RULES:
        if rule.repair is None:
            continue
        inputs: dict[str, object] = {"rules": []}
        rule.repair(inputs)
        assert not replacing & {*inputs}, rule.name
