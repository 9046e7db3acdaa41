"""What the roles put on nodes, rendered by Ansible for every environment; no machine is touched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.inventory import write
from tests.infra.recording import recorded
from tests.infra.sharing import workers_share  # noqa: F401 - a fixture

REPOSITORY = Path(__file__).resolve().parents[2]
ANSIBLE = REPOSITORY / "ansible"
BIN = Path(sys.executable).parent
ENVIRONMENTS = ("dev", "staging", "prod")
ROLES = ("alpha", "markets", "executor")

Rendered = dict[str, dict[str, Any]]
"""By role of the node: file name to its text, and `services` as the roles name them."""


def ansible(
    *words: str, folder: Path = ANSIBLE, patience: float = 110, path: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run one of Ansible's programs as an operator does: from `ansible/`.

    Args:
        words: the program and its arguments.
        folder: where.
        patience: seconds.
        path: where Python looks for modules first.
    """
    return subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=folder,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
        | ({"PYTHONPATH": path} if path else {}),
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


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """What a cloud changes on the machines of `prod`, by the outputs of its recorded stack."""
    return render_cloud(tmp_path_factory.mktemp("cloud"), recorded("prod").outputs)


@pytest.fixture(scope="session")
def no_cloud(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The same machines where no cloud says anything, as in the lab."""
    return render_cloud(tmp_path_factory.mktemp("no-cloud"), None)


def render_cloud(folder: Path, outputs: dict[str, Any] | None, **given: object) -> Rendered:
    """Render `cloud.yml` for every machine of `prod`.

    Args:
        folder: an empty one.
        outputs: of a stack; without any, addresses alone are known.
        given: variables that win over every other.
    """
    inventory = folder / "prod"
    shutil.copytree(ANSIBLE / "inventories/prod", inventory)
    (folder / "group_vars").symlink_to(ANSIBLE / "group_vars")
    (folder / "cloud.yml").symlink_to(Path(__file__).with_name("cloud.yml"))
    if outputs is not None:
        write(json.dumps(outputs), folder)
    beside = (Path(__file__).with_name("addresses.yml"),) if outputs is None else ()
    variables = {"rendered": str(folder), "vanta_repository": str(REPOSITORY), **given}
    if outputs is None:
        variables["vanta_environment"] = "prod"
    variables |= {"ansible_python_interpreter": sys.executable}
    done = ansible(
        *("ansible-playbook", "-i", str(inventory)),
        *(word for path in beside for word in ("-i", str(path))),
        *("--skip-tags", "roles", "-e", json.dumps(variables), str(folder / "cloud.yml")),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {role: json.loads((folder / f"{role}.json").read_text()) for role in ("jump", *ROLES)}
