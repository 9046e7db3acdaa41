"""What a stack exports is what Ansible reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.inventory import inventory_of, write
from infra.topology import NODES
from tests.infra.recording import ENVIRONMENTS, recorded
from vanta.domain.errors import MalformedError

ANSIBLE = Path(__file__).parents[2] / "ansible"


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_every_machine_is_reached_through_the_entrance(stack: str) -> None:
    outputs = recorded(stack).outputs
    environment, inventory = inventory_of(outputs)
    hosts = inventory["all"]["hosts"]
    assert environment == stack
    assert set(hosts) == {f"{node}-{stack}" for node in NODES}
    assert hosts[f"jump-{stack}"]["ansible_host"] == outputs["entrance"]
    for node in NODES:
        host = hosts[f"{node}-{stack}"]
        assert host["vanta_address"] == outputs["nodes"][node]["address"]
        assert host["vanta_operators"] == ["8.8.4.0/28"]
        if node != "jump":
            assert host["ansible_ssh_common_args"].endswith(f"@{outputs['entrance']}")


def test_ansible_reads_it_beside_the_groups_that_are_there(tmp_path: Path) -> None:
    home = tmp_path / "prod"
    home.mkdir()
    (home / "hosts.yml").write_bytes((ANSIBLE / "inventories/prod/hosts.yml").read_bytes())
    assert write(json.dumps(recorded("prod").outputs), tmp_path) == home / "stack.json"
    ran = subprocess.run(
        [Path(sys.executable).parent / "ansible-inventory", "-i", str(home), "--list"],
        capture_output=True,
        check=True,
        timeout=100,
    )
    read = json.loads(ran.stdout)
    assert read["executor"]["hosts"] == ["executor-prod"]
    assert read["_meta"]["hostvars"]["executor-prod"]["vanta_address"] == "10.40.32.13"
    assert read["_meta"]["hostvars"]["executor-prod"]["vanta_role"] == "executor"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "STACK_OUTPUTS"),
        ("{}", "STACK_OUTPUTS"),
        ('{"environment": "../x"}', "STACK_OUTPUTS"),
    ],
)
def test_what_is_not_a_stacks_is_refused_and_nothing_written(
    tmp_path: Path, text: str, code: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        write(text, tmp_path)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_an_environment_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="NO_INVENTORY"):
        write(json.dumps(recorded("prod").outputs), tmp_path)
