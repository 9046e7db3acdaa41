"""What the roles put on nodes, rendered by Ansible for every environment; no machine is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ANSIBLE = REPOSITORY / "ansible"
BIN = Path(sys.executable).parent
ENVIRONMENTS = ("dev", "staging", "prod")
ROLES = ("alpha", "markets", "executor")

Rendered = dict[str, dict[str, Any]]
"""By role of the node: file name to its text, and `services` as the roles name them."""


def ansible(
    *words: str, folder: Path = ANSIBLE, patience: float = 110
) -> "subprocess.CompletedProcess[str]":
    """Run one of Ansible's programs as an operator does: from `ansible/`."""
    return subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """The name of an environment."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def rendered(environment: str, tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """Everything that would be put on the nodes of an environment."""
    out = tmp_path_factory.mktemp(f"rendered-{environment}")
    here = Path(__file__).parent
    given = {"rendered": str(out), "vanta_repository": str(REPOSITORY)}
    given |= {"vanta_environment": environment}
    done = ansible(
        *("ansible-playbook", "-i", f"inventories/{environment}"),
        *("-i", str(here / "addresses.yml"), "-e", json.dumps(given), str(here / "render.yml")),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {role: json.loads((out / f"{role}.json").read_text()) for role in ROLES}
