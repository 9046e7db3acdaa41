"""The command line as people and programs meet it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.founded import vanta


@pytest.fixture(scope="module")
def fund(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People, one node and a governance repository, made with the commands themselves."""
    root = tmp_path_factory.mktemp("fund")
    (root / "people").mkdir()
    people = []
    for name in ("ada", "grace", "alan"):
        key = root / "people" / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)], check=True
        )
        people.append(f"--person={name}={name}@fund.example={key}.pub")
    node = ["node", "init", "node", "--role", "executor", "-e", "dev", "--remote", "forge.git"]
    assert vanta(*node, at=root).returncode == 0
    made = vanta(
        "governance", "init", "governance", "--key", "people/ada", *people, "--node", "node",
        at=root,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    clone = ["git", "clone", "--quiet", "--bare", "governance", "forge.git"]
    subprocess.run(clone, cwd=root, check=True)
    remote = ["git", "-C", "governance", "remote", "add", "origin", str(root / "forge.git")]
    subprocess.run(remote, cwd=root, check=True)
    return root


def test_every_command_explains_itself() -> None:
    for path in (
        [], ["governance"], ["governance", "plan"], ["node"], ["markets"], ["executor"],
        ["broker"], ["audit"], ["halt"], ["resume"],
    ):  # fmt: skip
        done = vanta(*path, "--help")
        assert done.returncode == 0
        assert "Usage" in done.stdout


def test_the_version_is_the_packages() -> None:
    assert vanta("--version").stdout.startswith("vanta 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["governance", "status", "--node", "nowhere"], 1, "JOURNAL_MISSING"),
        (["governance", "controller", "--node", "nowhere"], 1, "NO_CONFIG"),
        (["executor", "orders", "--node", "nowhere"], 1, "JOURNAL_MISSING"),
        (["markets", "run", "--node", "nowhere", "--feeds", "."], 1, "NO_CONFIG"),
        (["audit", "verify", "--node", "nowhere"], 1, "NO_NODE"),
        (["governance", "verify", ".", "-e", "dev", "--trust", "nowhere"], 2, "NO_TRUST"),
        (["governance", "plan", "-e", "dev"], 2, "--trust"),
        (
            ["halt", "--reason", "x", "-e", "dev", "-k", "no", "--switch", "stop"],
            1,
            "NO_SUCH_SWITCH",
        ),
        (["no-such-command"], 2, "No such command"),
    ],
)
def test_an_error_is_one_line_with_a_code_and_no_traceback(
    tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    done = vanta(*arguments, at=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not list(tmp_path.iterdir())


def test_init_refuses_people_who_could_be_locked_out(fund: Path) -> None:
    person = "--person=ada=ada@fund.example=people/ada.pub"
    done = vanta("governance", "init", "other", "--key", "people/ada", person, at=fund)
    assert done.returncode == 1
    assert "ROOT_LOCKOUT" in done.stderr
    assert not (fund / "other").exists()


def test_init_does_not_write_over_anything(fund: Path) -> None:
    people = ["--person=ada=ada@fund.example=people/ada.pub"]
    done = vanta("governance", "init", "governance", "--key", "people/ada", *people, at=fund)
    assert done.returncode == 1
    assert "NOT_EMPTY" in done.stderr


def test_init_tells_programs_where_it_wrote(fund: Path) -> None:
    people = [f"--person={n}={n}@fund.example=people/{n}.pub" for n in ("ada", "grace", "alan")]
    done = vanta("governance", "init", "told", "--key", "people/ada", *people, "--json", at=fund)
    said = json.loads(done.stdout)
    assert (said["repository"], said["trust_file"]) == ("told", "told.trust.json")
    assert (fund / "told" / "schemas" / "vault.schema.json").is_file()


def test_the_door_speaks_json(fund: Path) -> None:
    done = vanta(
        "governance", "verify", "forge.git", "--trust", "governance.trust.json", "-e", "dev",
        "--json", at=fund,
    )  # fmt: skip
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["verdict"] == "unchanged"
    assert said["policy"]["environment"] == "dev"


def test_the_controller_publishes_once_and_status_tells(fund: Path) -> None:
    done = vanta("governance", "controller", "--node", "node", "--once", at=fund)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(vanta("governance", "status", "--node", "node", "--json", at=fund).stdout)
    assert said["enforced"]["serial"] == 1
    assert said["trouble"] is None


def test_a_proposal_that_cannot_be_read_is_not_committed(fund: Path) -> None:
    vault = fund / "governance/environments/dev/vaults/momentum-us.yaml"
    original = vault.read_text()
    before = subprocess.check_output(["git", "-C", "governance", "rev-parse", "HEAD"], cwd=fund)
    vault.write_text(original.replace("capital: 1000000", "capitol: 1000000"))
    done = vanta(
        "governance", "propose", "-r", "governance", "-e", "dev", "-k", "people/ada", "-m", "x",
        at=fund,
    )  # fmt: skip
    vault.write_text(original)
    assert done.returncode == 1
    assert "environments/dev/vaults/momentum-us.yaml:9: spec.capitol" in done.stderr
    assert "look for a misspelling: there is `capital`" in done.stderr
    after = subprocess.check_output(["git", "-C", "governance", "rev-parse", "HEAD"], cwd=fund)
    assert before == after


def test_a_stranger_cannot_halt(fund: Path) -> None:
    key = fund / "people" / "mallory"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    done = vanta("halt", "-r", "governance", "-e", "dev", "-k", str(key), "--reason", "x", at=fund)
    assert done.returncode == 1
    assert "UNKNOWN_SIGNER" in done.stderr
