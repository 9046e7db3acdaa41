"""The stack files are read strictly, and what is wrong is named the way it is put right."""

from typing import Any

import pytest

from infra.settings import Settings, read_settings
from tests.infra.recording import ENVIRONMENTS, config_of, filled, record
from vanta.domain.errors import MalformedError, RefusedError


def _read(config: dict[str, Any], secrets: tuple[str, ...] = ()) -> Settings:
    found: list[Settings] = []
    record(
        "dev",
        config=config,
        secrets=secrets,
        program=lambda: found.append(read_settings("dev")),
    )
    return found[0]


def _changed(path: str, value: object) -> dict[str, Any]:
    """The configuration of dev with one value changed, or gone where it is `...`."""
    config: dict[str, Any] = filled(config_of("dev"))
    key, *rest = f"vanta:{path}".split(".")
    if not rest:
        config[key] = value
        return config
    inner = config[key]
    for part in rest[:-1]:
        inner = inner[part]
    if value is ...:
        del inner[rest[-1]]
    else:
        inner[rest[-1]] = value
    return config


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_stack_file_with_its_samples_replaced_is_read(stack: str) -> None:
    settings = _read(filled(config_of(stack)))
    assert settings.network.cidr.prefixlen == 16
    assert settings.nodes.machine("executor").zone in settings.network.zones


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_a_stack_file_as_it_lies_here_provisions_nothing(stack: str) -> None:
    with pytest.raises(RefusedError) as caught:
        _read(config_of(stack))
    assert caught.value.code == "SAMPLE"
    assert caught.value.place == "infra/Pulumi.dev.yaml: vanta:account.id"
    assert "aws sts get-caller-identity" in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "sample", "remedy"),
    [
        ("account.id", "123456789012", "aws sts"),
        ("ownership.owner", "platform@example.com", "somebody reads"),
        ("network.operators", ["203.0.113.0/28"], "your people come from"),
        ("network.operators", ["198.51.100.7/32"], "your people come from"),
        ("nodes.image", "ami-0123456789abcdef0", "aws ec2 describe-images"),
        ("observability.mail", ["risk@example.com"], "somebody reads"),
    ],
)
def test_no_sample_is_provisioned(path: str, sample: object, remedy: str) -> None:
    with pytest.raises(RefusedError) as caught:
        _read(_changed(path, sample))
    assert caught.value.place.startswith(f"infra/Pulumi.dev.yaml: vanta:{path}")
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("database.retentionDays", 99, "less than or equal to 35"),
        ("database.retentionDays", "7", "valid integer"),
        ("database.retentionDays", True, "valid integer"),
        ("database.instanceClass", "m7g.large", "match pattern"),
        ("database.maxGib", 20, "so that the disk can grow"),
        ("account.id", "12345", "match pattern"),
        ("account.replicaRegion", "us-east-1", "does not survive it"),
        ("network.cidr", "10.0.0.0/8", "a private range between /16 and /20"),
        ("network.cidr", "8.8.0.0/16", "a private range between /16 and /20"),
        ("network.zones", ["a"], "at least 2"),
        ("network.zones", ["a", "a"], "each once"),
        ("network.operators", ["0.0.0.0/0"], "wider than a /24"),
        ("network.operators", [], "at least 1"),
        ("nodes.markets.zone", "c", "nodes.markets.zone: not one of network.zones"),
        ("nodes.alpha.dataGib", 0, "outlive the machine"),
        ("cache.alarmMinutes", 7, "twice snapshotMinutes"),
        ("storage.lock", "NONE", "'GOVERNANCE' or 'COMPLIANCE'"),
        ("secrets.readers", {"alpaca-key": ["everybody"]}, "'jump', 'alpha'"),
        ("secrets.readers", {"alpaca-key": []}, "at least 1"),
        ("observability.logDays", 8, "Input should be"),
        ("budget.monthlyUsd", 0, "greater than or equal to 50"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(path: str, value: object, says: str) -> None:
    with pytest.raises(MalformedError) as caught:
        _read(_changed(path, value))
    assert caught.value.code == "SETTING"
    assert says in caught.value.message
    # A rule between two values names the part of the configuration that both are in.
    assert caught.value.place.startswith("infra/Pulumi.dev.yaml: vanta:")
    key = caught.value.place.split("vanta:")[1]
    assert path.startswith(key) or key.startswith(path) or key == "*"
    assert "pulumi config set --path vanta:" in caught.value.remedy


def test_what_is_missing_says_how_to_set_it() -> None:
    with pytest.raises(MalformedError) as caught:
        _read(_changed("database.retentionDays", ...))
    assert str(caught.value) == (
        "infra/Pulumi.dev.yaml: vanta:database.retentionDays: Field required [SETTING];"
        " pulumi config set --path vanta:database.retentionDays VALUE"
    )


@pytest.mark.parametrize("path", ["database.retentiondays", "databse"])
def test_what_is_not_known_says_how_to_remove_it(path: str) -> None:
    with pytest.raises(MalformedError) as caught:
        _read(_changed(path, {"a": 1} if "." not in path else 7))
    assert caught.value.message == "nothing is called that"
    assert f"pulumi config rm --path vanta:{path}" in caught.value.remedy


@pytest.mark.parametrize("value", ["prod", 7, [1]])
def test_a_key_that_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(MalformedError, match="not an object"):
        _read(_changed("budget", value))


def test_a_secret_in_the_stack_file_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        _read(filled(config_of("dev")), secrets=("vanta:secrets",))
    assert caught.value.code == "SECRET_IN_CONFIG"
    assert "Secrets Manager" in caught.value.remedy
