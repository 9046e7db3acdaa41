"""Every playbook is one that Ansible can run, and every role keeps the contract it states."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.conftest import ANSIBLE, ansible

PLAYBOOKS = ("promote", "rollback", "halt", "introduce", "rotate-keys", "drift")
NODES = ("units", "restart", "node", "governance", "build_slots", "alpha", "markets", "executor")


def loaded(path: Path) -> Any:  # noqa: ANN401 - of a file
    return yaml.safe_load(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_is_understood(name: str) -> None:
    done = ansible("ansible-playbook", "-i", "inventories/prod", "--syntax-check", f"{name}.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NODES)
def test_every_default_of_a_role_is_in_its_contract(name: str) -> None:
    role = ANSIBLE / "roles" / name
    specs = loaded(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = loaded(role / "defaults/main.yml") or {}
    own = {option for option in specs if option.startswith(f"{name}_")}
    assert set(defaults) <= own, "a default that no specification names"
    asked = {option for option in own if specs[option].get("required")}
    assert own - asked == set(defaults), "an option without a default"


@pytest.mark.parametrize("name", NODES)
def test_every_variable_of_a_role_begins_with_its_name(name: str) -> None:
    role = ANSIBLE / "roles" / name
    for part in ("defaults", "vars"):
        for variable in loaded(role / part / "main.yml") or {}:
            assert variable.startswith(f"{name}_"), variable


@pytest.mark.parametrize("name", NODES)
def test_every_option_says_what_it_is(name: str) -> None:
    specs = loaded(ANSIBLE / "roles" / name / "meta/argument_specs.yml")["argument_specs"]["main"]
    assert specs["short_description"]
    assert specs["description"]
    for option, said in specs["options"].items():
        assert {"type", "description"} <= set(said), option
