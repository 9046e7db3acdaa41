"""`plan` and `approve` as they are typed, on clones of one forge."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.founded import git, vanta

DEV = ("-e", "dev")
VAULT = "environments/dev/vaults/momentum-us.yaml"
TRUST = "governance.trust.json"


@pytest.fixture
def fund(founded: Path) -> Path:
    """Ada works in `governance`, grace and alan each in a clone of their own."""
    for name in ("grace", "alan"):
        git("clone", "--quiet", "forge.git", name, at=founded)
    return founded


def clone_of(name: str) -> str:
    return "governance" if name == "ada" else name


def pull(fund: Path, name: str, branch: str = "main") -> None:
    git("-C", clone_of(name), "pull", "--quiet", "--ff-only", "origin", branch, at=fund)


def edit(fund: Path, name: str, old: str, new: str, path: str = VAULT) -> None:
    file = fund / clone_of(name) / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def propose(fund: Path, name: str, *more: str, code: int = 0) -> str:
    done = vanta(
        "governance", "propose", "-r", clone_of(name), *DEV, "-k", f"people/{name}", "-m", "Why",
        *more, at=fund,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout


def approve(fund: Path, name: str, *more: str, code: int = 0, **env: str) -> str:
    env = env or {"VANTA_TRUST": TRUST}
    done = vanta(
        "governance", "approve", "-r", clone_of(name), *DEV, "-k", f"people/{name}", *more,
        at=fund, **env,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def plan(fund: Path, name: str, *more: str) -> tuple[int, dict[str, Any]]:
    done = vanta(
        "governance", "plan", "-r", clone_of(name), *DEV, "--json", *more, at=fund,
        VANTA_TRUST=TRUST,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def head(fund: Path, repository: str, ref: str = "HEAD") -> str:
    return git("-C", repository, "rev-parse", ref, at=fund)


def test_the_pin_beside_the_clone_is_found(fund: Path) -> None:
    for folder in ("governance", "governance/environments"):
        done = vanta("governance", "plan", "-r", folder, *DEV, at=fund)
        assert done.returncode == 0, done.stderr
    inside = vanta("governance", "plan", *DEV, at=fund / "governance")
    assert inside.returncode == 0, inside.stderr


def test_a_pin_inside_the_clone_is_not_believed(fund: Path) -> None:
    """Whoever proposes a change must not choose who is trusted."""
    text = (fund / TRUST).read_text()
    for name in ("trust.json", "grace.trust.json", TRUST):
        (fund / "grace" / name).write_text(text)
    done = vanta("governance", "plan", "-r", "grace", *DEV, at=fund)
    assert done.returncode == 2
    assert "--trust" in done.stderr


def test_an_approval_shows_what_it_approves_first(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    said = approve(fund, "grace", "--push")
    assert said.index("LOOSENS    vaults.momentum-us.capital") < said.index("approved by grace")
    assert said.rstrip().endswith("dev: This may be applied.")
    pull(fund, "alan")
    code, found = plan(fund, "alan")
    assert (code, found["verdict"]) == (0, "applied")
    assert {each["person"] for each in found["approvals"]} == {"ada", "grace"}


def test_there_must_be_something_to_approve(fund: Path) -> None:
    before = head(fund, "grace")
    assert "[NOTHING_TO_APPROVE]" in approve(fund, "grace", code=1)
    assert head(fund, "grace") == before


def test_what_no_approval_can_help_is_not_approved(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    edit(fund, "ada", "name: root ", "name: root   ", "authority.yaml")
    edit(fund, "ada", "loosen: 2", "loosen: 1", "authority.yaml")
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    assert "[NEVER]" in approve(fund, "grace", code=1)


def test_somebody_elses_unapproved_change_is_not_approved_in_passing(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    edit(fund, "grace", "perSymbol: 100000", "perSymbol: 110000")
    propose(fund, "grace", "--push")
    pull(fund, "alan")
    before = head(fund, "alan")
    said = approve(fund, "alan", code=1)
    assert "[COMBINED]" in said
    assert "vaults.momentum-us.capital: 1000000 -> 1200000" in said
    assert "--combined" in said
    assert head(fund, "alan") == before
    approve(fund, "alan", "--combined", "--push")
    code, found = plan(fund, "alan")
    assert (code, found["verdict"]) == (0, "applied")


def test_several_environments_are_approved_at_once_or_not_at_all(fund: Path) -> None:
    for environment in ("dev", "prod"):
        path = f"environments/{environment}/overlay.yaml"
        edit(
            fund,
            "ada",
            "switches: []",
            'switches: [{name: x, switch: maintenance, reason: "x"}]',
            path,
        )
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    before = head(fund, "grace")
    approve(fund, "grace", "-e", "staging", code=1)
    assert head(fund, "grace") == before
    done = vanta(
        "governance", "approve", "-r", "grace", "-k", "people/grace", "-e", "prod", "--json",
        "--trust", TRUST, at=fund,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["commit"] == head(fund, "grace")
    assert [each["environment"] for each in said["approvals"]] == ["prod"]
    assert said["plan"]["exit"] == 0


def test_without_a_pin_an_approval_is_signed_and_says_it_was_not_judged(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    said = approve(fund, "grace", VANTA_OTHER="x")
    assert "not judged" in said
    assert "approved by grace" in said


@pytest.mark.parametrize(
    ("expires", "code", "says"),
    [("2h", 0, ""), ("soon", 1, "[TIME]"), ("0s", 1, "[TIME]"), ("-2h", 1, "[TIME]")],
)
def test_an_approval_says_how_long_it_may_be_first_seen(
    fund: Path, expires: str, code: int, says: str
) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push", "--expires", "1h")
    pull(fund, "grace")
    assert says in approve(fund, "grace", f"--expires={expires}", code=code)
    if code == 0:
        _, found = plan(fund, "grace")
        ends = {each["person"]: each["until"] for each in found["approvals"]}
        assert ends["ada"] < ends["grace"]


def test_an_approval_is_by_its_author(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push")
    pull(fund, "grace")
    vanta(
        "governance", "approve", "-r", "grace", *DEV, "-k", "people/grace", "--trust", TRUST,
        at=fund, GIT_AUTHOR_NAME="Other", GIT_AUTHOR_EMAIL="other@x", EMAIL="third@x",
    )  # fmt: skip
    assert git("-C", "grace", "log", "-1", "--format=%ae %ce", at=fund) == " ".join(
        ["grace@fund.example"] * 2
    )


def test_a_pull_request_is_planned_as_the_forge_would_merge_it(fund: Path) -> None:
    git("-C", "governance", "switch", "--quiet", "-c", "raise", at=fund)
    edit(fund, "ada", "capital: 1000000", "capital: 1200000")
    propose(fund, "ada", "--push")
    merge = ("--head", "origin/raise", "--base", "origin/main")
    git("-C", "grace", "fetch", "--quiet", at=fund)
    assert plan(fund, "grace", *merge)[0] == 3
    assert plan(fund, "grace", *merge, "--gate")[0] == 3
    git("-C", "alan", "fetch", "--quiet", at=fund)
    git("-C", "alan", "switch", "--quiet", "raise", at=fund)
    approve(fund, "alan", "--push")
    git("-C", "grace", "fetch", "--quiet", at=fund)
    code, found = plan(fund, "grace", *merge)
    assert (code, found["moved"], found["only_tightens"]) == (0, 0, False)
    git("-C", "grace", "merge", "--quiet", "--no-ff", "-m", "Merge", "origin/raise", at=fund)
    code, made = plan(fund, "grace")
    assert (code, made["verdict"], made["changes"]) == (0, "applied", found["changes"])


def test_the_gate_lets_through_what_only_tightens(fund: Path) -> None:
    git("-C", "grace", "switch", "--quiet", "-c", "lower", at=fund)
    edit(fund, "grace", "capital: 1000000", "capital: 900000")
    git("-C", "grace", "commit", "--quiet", "-am", "By somebody whose key nobody has", at=fund)
    code, found = plan(fund, "grace", "--base", "origin/main")
    assert (code, found["only_tightens"]) == (3, True)
    assert plan(fund, "grace", "--base", "origin/main", "--gate")[0] == 0


def test_a_shallow_clone_says_what_to_fetch(fund: Path) -> None:
    edit(fund, "ada", "capital: 1000000", "capital: 900000")
    propose(fund, "ada", "--push")
    git("clone", "--quiet", "--depth=1", f"file://{fund}/forge.git", "shallow", at=fund)
    done = vanta("governance", "plan", "-r", "shallow", *DEV, "-t", TRUST, at=fund)
    assert done.returncode == 1
    assert "git fetch --unshallow" in done.stderr


@pytest.mark.parametrize("name", ["no-such-branch", "--upload-pack=touch x", "HEAD~999", ""])
def test_a_ref_that_is_none_is_an_error(fund: Path, name: str) -> None:
    done = vanta("governance", "plan", "-r", "grace", *DEV, "-t", TRUST, f"--head={name}", at=fund)
    assert done.returncode == 1
    assert "[GIT_FAILED]" in done.stderr


def test_markdown_is_what_is_printed(fund: Path) -> None:
    label = "label: 'Momentum :skull: @grace [x](https://evil.example)'"
    edit(fund, "ada", "label: US momentum", label)
    propose(fund, "ada")
    done = vanta("governance", "plan", "-r", "governance", *DEV, "--markdown", at=fund)
    assert "### VANTA plan for ` dev `" in done.stdout
    assert ":skull:" in done.stdout


def test_a_branch_is_approved_as_it_would_be_merged(fund: Path) -> None:
    """Once the governed branch was merged into it, by itself it looks as if nothing was left."""
    git("-C", "governance", "switch", "--quiet", "-c", "raise", at=fund)
    edit(fund, "ada", "gross: 900000", "gross: 950000")
    propose(fund, "ada", "--push")
    git("-C", "grace", "fetch", "--quiet", at=fund)
    git("-C", "grace", "switch", "--quiet", "raise", at=fund)
    approve(fund, "grace", "--push")
    edit(fund, "alan", "maxNotional: 100000", "maxNotional: 90000")
    propose(fund, "alan", "--push")

    pull(fund, "ada", "raise")
    git("-C", "governance", "fetch", "--quiet", at=fund)
    who = ("-c", "user.name=ada", "-c", "user.email=ada@fund.example")
    git("-C", "governance", *who, "merge", "--quiet", "--no-edit", "origin/main", at=fund)
    shown = approve(fund, "ada", "--push")
    assert "gross: 900000 -> 950000" in shown
    assert "maxNotional" not in shown

    git("-C", "grace", "fetch", "--quiet", at=fund)
    pull(fund, "grace", "raise")
    assert plan(fund, "grace")[0] == 3
    assert "This may be applied." in approve(fund, "grace", "--push")
    assert plan(fund, "grace", "--base", "origin/main")[0] == 0
