"""`vanta governance status`: who halted what, when and why, and nothing said twice."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import vanta
from vanta.cli.status_text import node_status, status_lines


@pytest.fixture
def fund(founded: Path) -> Path:
    remote = str(founded / "forge.git")
    made = vanta(
        "node", "init", "node", "--role", "executor", "-e", "dev", "--remote", remote, at=founded
    )
    assert made.returncode == 0, made.stderr
    shutil.copy(founded / "governance.trust.json", founded / "node" / "etc" / "trust.json")
    return founded


def look(fund: Path) -> dict[str, Any]:
    done = vanta("governance", "controller", "--node", "node", "--once", at=fund)
    assert done.returncode == 0, done.stderr
    return node_status(fund / "node")


def halt(fund: Path, who: str, why: str, *scope: str) -> None:
    done = vanta(
        "halt", "-r", "governance", "-e", "dev", "-k", f"people/{who}", "-m", why, *scope, at=fund
    )
    assert done.returncode == 0, done.stderr


def test_a_halt_tells_who_when_what_and_why_the_first_first(fund: Path) -> None:
    look(fund)
    for who, why, scope in (
        ("grace", "feed is stale", "--vault=momentum-us"),
        ("alan", "fills are late", "--venue=alpaca"),
        ("ada", "a storm", "--vault=crypto-flow"),
    ):
        halt(fund, who, why, scope)
        # What a commit says of its time it says to the second.
        time.sleep(1.1)
    found = look(fund)
    assert [(each["person"], each["what"]) for each in found["lane_halts"].values()] == [
        ("grace", "full_halt for vault momentum-us"),
        ("alan", "full_halt for venue alpaca"),
        ("ada", "full_halt for vault crypto-flow"),
    ]
    lines = status_lines(found)
    halts = [line for line in lines if line.startswith("HALT of ")]
    assert halts[0].startswith("HALT of grace since 20")
    assert ': full_halt for vault momentum-us, "feed is stale" (environments/dev/' in halts[0]
    assert "ON for vault momentum-us: full_halt" in lines
    assert "ON for venue alpaca: full_halt" in lines


def test_what_is_on_everywhere_is_said_once(fund: Path) -> None:
    look(fund)
    halt(fund, "grace", "feed is stale")
    halt(fund, "alan", "earnings", "--vault=momentum-us", "--switch=reduce_only")
    found = look(fund)
    on = [line for line in status_lines(found) if line.startswith("ON ")]
    assert on == ["ON everywhere: full_halt", "ON for vault momentum-us: reduce_only"]
    assert found["enforced"]["vault_switches"]["crypto-flow"] == ["full_halt"]


def test_a_halt_is_told_of_without_the_mirror_too(fund: Path) -> None:
    look(fund)
    halt(fund, "grace", "feed is stale")
    look(fund)
    (mirror,) = (path.parent for path in (fund / "node").rglob("HEAD"))
    shutil.rmtree(mirror)
    (line,) = (
        line for line in status_lines(node_status(fund / "node")) if line.startswith("HALT of ")
    )
    assert line.startswith("HALT of grace (environments/dev/halts/full-halt-")
