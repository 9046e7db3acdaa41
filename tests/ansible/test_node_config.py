"""The configuration that is rendered is one that nodes read."""

from pathlib import Path

import pytest

from tests.ansible.conftest import ROLES, Rendered
from vanta.builds.services import SERVICES
from vanta.node.config import NodeConfig, read_config


@pytest.fixture
def configs(rendered: Rendered, tmp_path: Path) -> dict[str, NodeConfig]:
    found = {}
    for role in ROLES:
        file = tmp_path / f"{role}.yaml"
        file.write_text(rendered[role]["node.yaml"])
        found[role] = read_config(file)
    return found


def test_every_node_knows_who_it_is(configs: dict[str, NodeConfig], environment: str) -> None:
    for role, config in configs.items():
        assert (config.role, config.node, config.environment) == (role, role, environment)


def test_every_node_fetches_with_a_key_and_host_keys_of_its_own(
    configs: dict[str, NodeConfig],
) -> None:
    for config in configs.values():
        assert config.governance.remote.startswith("ssh://")
        assert config.governance.identity == Path("/etc/vanta/keys/fetch")
        assert config.governance.known_hosts == Path("/etc/vanta/known_hosts")


def test_what_a_promotion_starts_are_units_that_are_there(
    configs: dict[str, NodeConfig], rendered: Rendered
) -> None:
    for role, config in configs.items():
        names = config.builds.services
        assert names is not None
        assert tuple(names) == SERVICES[role]
        for name in names:
            assert config.builds.unit(name) in rendered[role], name


def test_secrets_stand_there_by_name_alone(configs: dict[str, NodeConfig]) -> None:
    for config in configs.values():
        assert config.redis.password == "redis-password"  # noqa: S105 - its name
