"""Every playbook is one that Ansible can run, and every role keeps the contract it states."""

import os
import subprocess
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


def quick(tmp_path: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Ask here, by the strategy of this repository, how many cores a task may use: all."""
    cores = "import os; print(len(os.sched_getaffinity(0)))"
    asked = {"ansible.builtin.command": {"argv": ["python3", "-c", cores]}, "register": "asked"}
    here = len(os.sched_getaffinity(0))
    held = {"ansible.builtin.assert": {"that": f"asked.stdout | int == {here}"}}
    play = {"hosts": "localhost", "connection": "local", "become": False, "gather_facts": False}
    book = tmp_path / "play.yml"
    book.write_text(
        yaml.safe_dump([{**play, "strategy": "mitogen_unpinned", "tasks": [asked, held]}])
    )
    hosts = tmp_path / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": None}}}))
    return ansible("ansible-playbook", "-i", str(hosts), str(book), path=path)


def test_tasks_run_by_mitogen_on_any_core(tmp_path: Path) -> None:
    done = quick(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok=2" in done.stdout


def test_without_mitogen_it_says_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "ansible_mitogen"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ImportError")
    done = quick(tmp_path, str(tmp_path))
    assert done.returncode != 0
    assert "python -m pip install mitogen" in done.stdout + done.stderr
