"""`vanta governance log` as it is typed."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.founded import git, vanta

VAULT = "environments/dev/vaults/momentum-us.yaml"


@pytest.fixture
def fund(founded: Path) -> Path:
    file = founded / "governance" / VAULT
    file.write_text(file.read_text().replace("capital: 1000000", "capital: 1200000"))
    sign = ("-r", "governance", "-e", "dev")
    for typed in (
        ("governance", "propose", *sign, "-k", "people/ada", "-m", "Raise"),
        ("governance", "approve", *sign, "-k", "people/grace", "--push"),
        ("halt", *sign, "-k", "people/alan", "--reason", "stop"),
    ):
        done = vanta(*typed, at=founded)
        assert done.returncode == 0, done.stderr
    git("-C", "governance", "pull", "--quiet", "origin", "main", at=founded)
    return founded


def log(fund: Path, *more: str) -> list[dict[str, object]]:
    done = vanta("governance", "log", *more, "--json", at=fund)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["steps"])


def test_a_policy_is_walked_back_to_its_people(fund: Path) -> None:
    text = vanta("governance", "log", "governance", "-e", "dev", at=fund).stdout
    steps = [line for line in text.splitlines() if not line.startswith(" ")]
    assert ["tightened" in steps[0], "applied" in steps[1], "refused" in steps[2]] == [True] * 3
    assert "approved: ada, grace" in text
    assert "LOOSENS    vaults.momentum-us.capital: 1000000 -> 1200000" in text
    assert text.rstrip().endswith("in force by the pin")


def test_as_many_steps_as_asked_for(fund: Path) -> None:
    assert len(log(fund, "governance", "-e", "dev")) == 4
    (newest,) = log(fund, "governance", "-e", "dev", "-c", "1")
    assert newest["verdict"] == "tightened"
    assert vanta("governance", "log", "governance", "-e", "dev", "-c", "0", at=fund).returncode == 2


def test_a_node_tells_what_it_saw(fund: Path) -> None:
    remote = str(fund / "forge.git")
    made = vanta(
        "node", "init", "node", "--role", "executor", "-e", "dev", "--remote", remote, at=fund
    )
    assert made.returncode == 0, made.stderr
    shutil.copy(fund / "governance.trust.json", fund / "node" / "etc" / "trust.json")
    once = vanta("governance", "controller", "--node", "node", "--once", at=fund)
    assert once.returncode == 0, once.stderr
    by_node = [
        each for each in log(fund, "--node", "node") if str(each["what"]).startswith("policy.")
    ]
    by_repository = log(fund, "forge.git", "-e", "dev", "-t", "governance.trust.json")
    assert [each["commit"] for each in by_node] == [each["commit"] for each in by_repository]
    assert {each["clock"] for each in by_node} == {"observed"}


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["governance", "--node", "node", "-e", "dev"], 2, "not both"),
        (["governance"], 2, "--environment"),
        (["forge.git", "-e", "dev"], 2, "--trust"),
        (["nowhere", "-e", "dev", "-t", "governance.trust.json"], 1, "GIT_FAILED"),
        (["--node", "nowhere"], 1, "JOURNAL_MISSING"),
        (["governance", "-e", "nowhere"], 1, "MISSING_CEILING"),
    ],
)
def test_what_cannot_be_told_is_an_error(fund: Path, more: list[str], code: int, says: str) -> None:
    done = vanta("governance", "log", *more, at=fund)
    assert done.returncode == code
    assert says in done.stderr
