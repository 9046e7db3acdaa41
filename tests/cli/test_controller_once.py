"""`vanta governance controller --once` tells everything that happened, whatever heard it first."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import vanta

SIGN = ("-r", "governance", "-e", "dev")


@pytest.fixture
def fund(founded: Path) -> Path:
    """A node that follows the forge, and has looked once."""
    remote = str(founded / "forge.git")
    made = vanta(
        "node", "init", "node", "--role", "executor", "-e", "dev", "--remote", remote, at=founded
    )
    assert made.returncode == 0, made.stderr
    shutil.copy(founded / "governance.trust.json", founded / "node" / "etc" / "trust.json")
    return founded


def look(fund: Path, *more: str, code: int = 0) -> str:
    done = vanta("governance", "controller", "--node", "node", "--once", *more, at=fund)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def happened(fund: Path) -> list[dict[str, Any]]:
    return list(json.loads(look(fund, "--json"))["happened"])


def halt(fund: Path, *more: str) -> dict[str, Any]:
    done = vanta("halt", *SIGN, "-k", "people/grace", "-m", "stale", "--json", *more, at=fund)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_introduction_is_told_once(fund: Path) -> None:
    assert "policy.introduced: in force by the pin" in look(fund)
    assert look(fund) == ""


def test_a_halt_that_the_lane_heard_first_is_told_before_the_branch(fund: Path) -> None:
    look(fund)
    signed = halt(fund)
    heard, step = look(fund).splitlines()
    at = signed["commit"][:12]
    assert heard.endswith(f"{at} halt.delivered by grace: {signed['detail']}")
    assert step.endswith(f"{at} unchanged")


def test_programs_are_told_the_same(fund: Path) -> None:
    look(fund)
    signed = halt(fund)
    heard, step = happened(fund)
    assert (heard["what"], heard["verdict"]) == ("halt.delivered", "tightened")
    assert heard["signed"][0] == {"commit": signed["commit"], "person": "grace", "code": ""}
    assert (step["what"], step["verdict"]) == ("policy.evaluated", "unchanged")
    assert happened(fund) == []


def test_a_hand_edit_that_was_put_back_is_told(fund: Path) -> None:
    look(fund)
    file = fund / "node" / "memory" / "vault.json"
    text = file.read_text()
    file.chmod(0o600)
    file.write_text("{}")
    (line,) = look(fund).splitlines()
    assert " edit.reverted " in line
    assert file.read_text() != "{}"
    assert text


def test_a_latch_is_told_when_it_is_taken_up_and_when_it_is_put_back(fund: Path) -> None:
    look(fund)
    done = vanta("halt", "--now", "--node", "node", "-m", "prices look wrong", at=fund)
    assert done.returncode == 0, done.stderr
    (line,) = look(fund).splitlines()
    assert " latch.set: " in line
    assert line.endswith("prices look wrong")
    (fund / "node" / "memory" / "halt.latch").unlink()
    (line,) = look(fund).splitlines()
    assert " latch.restored: put back, for no quorum has released it: " in line


def test_json_goes_with_one_look(fund: Path) -> None:
    done = vanta("governance", "controller", "--node", "node", "--json", at=fund)
    assert done.returncode == 2
    assert "--once" in done.stderr
