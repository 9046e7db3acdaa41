"""The workflows in `gitops/`, run: each forge's variables, real Git, real comments over HTTP."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.forges import GITHUB, GITLAB, Comments, Forge, bash, wheel
from tests.cli.founded import git, vanta

# Each installs the wheel as a forge's runner does, and starts it cold.
pytestmark = pytest.mark.slow

VAULT = "environments/dev/vaults/momentum-us.yaml"
TRUST = "governance.trust.json"
DEV = ("-e", "dev")
BOT: dict[str, Any] = {"login": "github-actions[bot]", "id": 41}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What GitHub's first step makes."""
    work = tmp_path_factory.mktemp("runner")
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    done = bash(job["steps"][0]["run"], work, wheels, RUNNER_TEMP=str(work), **job["env"])
    assert done.code == 0, done.log
    return work / "vanta"


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest, founded: Path, wheels: Path, installed: Path) -> Forge:
    git("-C", "governance", "switch", "--quiet", "-c", "change", at=founded)
    return Forge(request.param, founded, wheels, installed)


@pytest.fixture
def comments() -> Iterator[Comments]:
    with Comments(BOT) as served:
        yield served


def edit(forge: Forge, old: str, new: str, path: str = VAULT) -> None:
    file = forge.fund / "governance" / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def propose(forge: Forge, by: str = "ada") -> None:
    done = vanta(
        "governance", "propose", "-r", "governance", *DEV, "-k", f"people/{by}", "-m", "Why",
        at=forge.fund,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def approve(forge: Forge, by: str) -> None:
    done = vanta(
        "governance", "approve", "-r", "governance", *DEV, "-k", f"people/{by}", at=forge.fund
    )
    assert done.returncode == 0, done.stderr


def test_a_request_from_its_opening_to_its_approval(forge: Forge, comments: Comments) -> None:
    edit(forge, "capital: 1000000", "capital: 1200000")
    propose(forge)
    done = forge.run(forge.request(), comments)
    assert done.code == 3, done.log
    (comment,) = comments.said
    assert "**Approvals are missing.**" in comment["body"]
    assert "vaults.momentum-us.capital: 1000000 -> 1200000" in comment["body"]
    assert "1 more of alan, grace" in comment["body"]
    approve(forge, "grace")
    done = forge.run(forge.request(), comments)
    assert done.code == 0, done.log
    (comment,) = comments.said
    assert "**This may be applied.**" in comment["body"]
    assert all("job-token" in token for token in comments.tokens)


def test_what_only_tightens_passes_whoever_signed_it(forge: Forge) -> None:
    edit(forge, "capital: 1000000", "capital: 900000")
    git("-C", "governance", "commit", "--quiet", "-am", "Lower", at=forge.fund)
    done = forge.run(forge.request())
    assert done.code == 0, done.log
    assert "It only tightens." in (done.log + summary(forge))


def summary(forge: Forge) -> str:
    file = forge.work / "summary.md"
    return file.read_text() if file.exists() else ""


def test_what_can_never_apply_fails_and_says_why(forge: Forge, comments: Comments) -> None:
    edit(forge, "capital: 1000000", "capitol: 1000000")
    git("-C", "governance", "commit", "--quiet", "-am", "Misspelt", at=forge.fund)
    done = forge.run(forge.request(), comments)
    assert done.code == 1, done.log
    assert "spec.capitol" in comments.said[0]["body"]
    edit(forge, "capitol: 1000000", "capital: 1200000")
    edit(forge, "loosen: 2", "loosen: 1", "authority.yaml")
    propose(forge)
    approve_anyway = vanta(
        "governance", "approve", "-r", "governance", *DEV, "-k", "people/grace", at=forge.fund,
        VANTA_TRUST="",
    )  # fmt: skip
    assert "NEVER" in approve_anyway.stderr
    done = forge.run(forge.request(), comments)
    assert done.code == 1, done.log
    assert "travels alone" in comments.said[0]["body"]


def test_a_forged_pin_in_the_request_is_not_read(forge: Forge) -> None:
    """Who may push a branch must not choose who is trusted."""
    mine = vanta(
        "governance", "init", "mine", "-k", "people/ada", *(
            f"--person={name}={name}@x=people/{name}.pub" for name in ("ada", "grace", "alan")
        ), at=forge.fund,
    )  # fmt: skip
    assert mine.returncode == 0, mine.stderr
    forged = (forge.fund / "mine.trust.json").read_text()
    for name in ("trust.json", "governance.trust.json", "VANTA_TRUST_JSON"):
        (forge.fund / "governance" / name).write_text(forged)
    edit(forge, "capital: 1000000", "capital: 1200000")
    propose(forge)
    assert forge.run(forge.request()).code == 3
    assert forge.run(forge.request(), VANTA_TRUST_JSON=forged).code == 1


def test_without_the_pin_it_says_what_to_set(forge: Forge) -> None:
    done = forge.run(forge.request(), VANTA_TRUST_JSON="")
    assert done.code == 1
    assert "VANTA_TRUST_JSON" in done.log


def test_a_request_that_moved_on_is_not_judged_under_its_old_head(forge: Forge) -> None:
    """Or a good head could lend its check to a bad one."""
    edit(forge, "capital: 1000000", "capital: 1200000")
    propose(forge)
    old = forge.request()
    approve(forge, "grace")
    forge.request()
    done = forge.run(old)
    assert done.code == 1
    assert "moved on" in done.log


def test_a_comment_that_cannot_be_written_decides_nothing(forge: Forge) -> None:
    edit(forge, "capital: 1000000", "capital: 900000")
    propose(forge)
    assert forge.run(forge.request()).code == 0


def test_another_persons_comment_is_left_alone(forge: Forge, comments: Comments) -> None:
    other = {"login": "mallory", "id": 13}
    comments.said.append(
        {
            "id": 1, "url": f"{comments.url}/comment/1", "user": other, "author": other,
            "body": "<!-- vanta plan -->\nThis may be applied.",
        }
    )  # fmt: skip
    edit(forge, "capital: 1000000", "capital: 1200000")
    propose(forge)
    assert forge.run(forge.request(), comments).code == 3
    assert comments.said[0]["body"].endswith("This may be applied.")
    assert "Approvals are missing" in comments.said[1]["body"]


@pytest.fixture
def flag() -> Iterator[Path]:
    """A file that must not appear, by a path short enough to be spelt twice in a label."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    yield folder / "ran"
    shutil.rmtree(folder)


def test_hostile_names_and_text_run_nothing(forge: Forge, comments: Comments, flag: Path) -> None:
    evil = f"$(touch {flag})`touch {flag}`"
    edit(forge, "label: US momentum", f"label: '{evil} @grace [x](https://evil.example)'")
    (forge.fund / "governance" / ".gitattributes").write_text("* filter=evil diff=evil\n")
    propose(forge)
    git("-C", "governance", "commit", "--quiet", "--allow-empty", "-m", evil, at=forge.fund)
    done = forge.run(forge.request(), comments)
    assert done.code == 0, done.log
    assert not flag.exists()
    assert "@grace" in comments.said[0]["body"]


# What the files say


def steps() -> list[str]:
    """Every piece of shell in both files."""
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    gitlab = yaml.safe_load(GITLAB.read_text())["plan"]["script"]
    return [str(step) for step in (*(each["run"] for each in job["steps"]), *gitlab)]


def test_nothing_is_filled_into_a_script_by_the_forge() -> None:
    """A branch called `$(...)` must stay a value of a variable."""
    assert not any("${{" in step for step in steps())


def test_no_action_of_anybody_else_is_used() -> None:
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    assert all("uses" not in step for step in job["steps"])


def test_github_gives_the_job_no_more_than_it_needs() -> None:
    workflow = yaml.safe_load(GITHUB.read_text())
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["plan"]["permissions"] == {
        "contents": "read",
        "pull-requests": "write",
    }
    # YAML 1.1 reads `on` as true.
    assert list(workflow[True]) == ["pull_request_target"]


def test_nothing_of_a_request_is_checked_out() -> None:
    assert yaml.safe_load(GITLAB.read_text())["plan"]["variables"]["GIT_STRATEGY"] == "none"
    for step in steps():
        assert not re.search(r"git [^\n]*\b(checkout|switch|worktree|pull|merge)\b", step)
        assert "git init" not in step or "--bare" in step


def test_vanta_is_pinned_to_the_version_the_starter_came_with() -> None:
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    gitlab = yaml.safe_load(GITLAB.read_text())["plan"]["variables"]
    assert job["env"]["VANTA_VERSION"] == gitlab["VANTA_VERSION"] == version("vanta")
    pinned = [step.count('"vanta==$VANTA_VERSION"') for step in steps() if "/pip" in step]
    assert pinned == [1, 1]


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_whole_run_installs_it_and_plans_every_environment(
    founded: Path, wheels: Path, name: str
) -> None:
    whole = Forge(name, founded, wheels, None)
    done = whole.run(whole.request(), ENVIRONMENTS="dev staging prod")
    assert done.code == 0, done.log
    told = done.log + (whole.work / "summary.md").read_text() if name == "github" else done.log
    assert [each in told for each in ("` dev `", "` staging `", "` prod `")] == [True] * 3


def test_init_brings_them_along_and_says_that_the_button_does_not_count(founded: Path) -> None:
    for path in (".github/workflows/plan.yaml", ".gitlab-ci.yml", "README.md"):
        assert (founded / "governance" / path).exists()
    page = (founded / "governance" / "README.md").read_text()
    assert "Approve button does not count" in page
