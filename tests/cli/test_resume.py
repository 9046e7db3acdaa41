"""`vanta resume` as it is typed: what its commit approves is shown, and nothing rides along."""

import json
import time
from pathlib import Path

import pytest

from tests.cli.founded import git, vanta
from vanta.domain.instant import SECOND, show_instant

DEV = ("-e", "dev")
VAULT = "environments/dev/vaults/momentum-us.yaml"


@pytest.fixture
def fund(founded: Path) -> Path:
    """Ada works in `governance` with the pin beside it, grace in a clone without one."""
    git("clone", "--quiet", "forge.git", "grace", at=founded)
    return founded


def halt(fund: Path, *more: str) -> str:
    done = vanta(
        "halt", "-r", "grace", *DEV, "-k", "people/grace", "-m", "feed is stale", "--json", *more,
        at=fund,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["detail"])


def resume(fund: Path, *more: str, code: int = 0, clone: str = "governance") -> str:
    done = vanta(
        "resume", "-r", clone, *DEV, "-k", "people/ada", "-m", "feed is back", *more, at=fund
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def raise_a_cap(fund: Path) -> None:
    """Ada proposes and pushes what nobody else has approved."""
    file = fund / "governance" / VAULT
    file.write_text(file.read_text().replace("capital: 1000000", "capital: 1200000"))
    done = vanta(
        "governance", "propose", "-r", "governance", *DEV, "-k", "people/ada", "-m", "Why",
        "--push", at=fund,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def tip(fund: Path) -> str:
    return git("-C", "forge.git", "rev-parse", "main", at=fund)


def test_a_resume_shows_what_it_approves_before_it_signs_off(fund: Path) -> None:
    file = halt(fund)
    said = resume(fund)
    assert said.index("full_halt") < said.index("resume proposed and approved by ada:")
    assert f"  {file}\n" in said
    assert "needs loosen" in said


def test_somebody_elses_change_below_a_halt_is_not_approved_in_passing(fund: Path) -> None:
    raise_a_cap(fund)
    halt(fund)
    before = tip(fund)
    said = resume(fund, code=1)
    assert "[COMBINED]" in said
    assert "vaults.momentum-us.capital" in said
    assert "--combined" in said
    assert tip(fund) == before


def test_what_rides_along_is_approved_and_shown_where_it_is_said(fund: Path) -> None:
    raise_a_cap(fund)
    halt(fund)
    before = tip(fund)
    said = resume(fund, "--combined")
    assert "LOOSENS    vaults.momentum-us.capital" in said
    assert tip(fund) != before


def test_what_lies_in_the_working_tree_does_not_ride_along(fund: Path) -> None:
    halt(fund)
    file = fund / "governance" / VAULT
    edited = file.read_text().replace("capital: 1000000", "capital: 1200000")
    file.write_text(edited)
    assert "capital" not in resume(fund)
    assert file.read_text() == edited
    assert "1200000" not in git("-C", "forge.git", "show", f"main:{VAULT}", at=fund)


def test_without_the_pin_a_resume_says_that_nothing_was_judged(fund: Path) -> None:
    halt(fund)
    assert "warning: not judged: no trust file" in resume(fund, clone="grace")


def test_a_halt_that_ended_by_itself_can_be_taken_back(fund: Path) -> None:
    until = time.time_ns() + 5 * SECOND
    halt(fund, "--until", show_instant(until))
    while time.time_ns() <= until:
        time.sleep(0.1)
    assert "nothing changes" in resume(fund)


def test_halts_and_hand_edits_go_in_one_commit_and_are_listed_each(fund: Path) -> None:
    files = [halt(fund), halt(fund, "--switch", "maintenance")]
    names = [f"--name={Path(each).stem}" for each in files]
    nonces = ["0123456789abcdef", "fedcba9876543210"]
    before = tip(fund)
    said = resume(fund, *names, *(f"--edit={each}" for each in nonces))
    for each in files:
        assert f"  {each}\n" in said
    for each in nonces:
        assert f"  environments/dev/halts/release-{each}.yaml\n" in said
    assert git("-C", "forge.git", "rev-list", "--count", f"{before}..main", at=fund) == "1"


def test_a_resume_for_programs_says_the_plan_too(fund: Path) -> None:
    file = halt(fund)
    found = json.loads(resume(fund, "--json"))
    assert found["files"] == [file]
    assert [each["field"] for each in found["plan"]["changes"]] == ["overlay.everywhere.full_halt"]
