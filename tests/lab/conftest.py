"""The running lab as testinfra sees it: every check runs on each machine it is about.

These tests need a converged lab: `make lab-test` makes one. They are left out of everything else.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from infra.lab.lab import Lab
from infra.lab.plan import MACHINES, plan_of

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab that runs."""
    lab = Lab(plan_of())
    off = [stand.name for stand in lab.status() if stand.state == "off"]
    if off:
        pytest.exit(f"the lab is not up ({', '.join(off)} off): make lab-test", returncode=2)
    return lab


@pytest.fixture(scope="session")
def variables() -> dict[str, dict[str, Any]]:
    """What Ansible knows of each machine, by the machine's name in the lab."""
    words = ["ansible-inventory", "-i", "inventories/lab", "--list", "--export"]
    bin_ = REPOSITORY / ".venv/bin" / words[0]
    done = subprocess.run(
        [str(bin_), *words[1:]],
        cwd=REPOSITORY / "ansible",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    hosts: dict[str, dict[str, Any]] = json.loads(done.stdout)["_meta"]["hostvars"]
    return {values["vanta_role"]: values for values in hosts.values()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a check that asks for `machine` on each, or on those its module names in `ON`."""
    if "machine" in metafunc.fixturenames:
        names = getattr(metafunc.module, "ON", tuple(MACHINES))
        metafunc.parametrize("machine", names, scope="session")


_HOSTS: dict[str, Host] = {}


@pytest.fixture(scope="session")
def host(lab: Lab, machine: str) -> Host:
    """A machine, over SSH through the jump host, as root: what an operator would see."""
    if machine not in _HOSTS:
        config = lab.plan.keys / "config"
        _HOSTS[machine] = testinfra.get_host(
            f"ssh://{lab.plan.address(machine)}", ssh_config=str(config), sudo=True
        )
    return _HOSTS[machine]
