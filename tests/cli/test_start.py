"""A halt on the spot holds before what the other commands need is even loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.cli.founded import environment, vanta
from vanta.cli import main
from vanta.cli.main import app
from vanta.cli.start import FLAGS, GROUPS, TAKES, OnTheSpot, on_the_spot
from vanta.governance.latch import LATCH
from vanta.governance.latch_lines import read_latch

HERE = Path("/opt/vanta")

_WATCHED = """
import json, os, sys
heavy, latch, seen = {"typer", "rich", "msgspec", "ctypes", "tempfile"}, sys.argv.pop(1), {}
def look(event, args):
    if event == "import" and args[0].split(".")[0] in heavy:
        seen.setdefault(args[0].split(".")[0], os.path.exists(latch))
sys.addaudithook(look)
from vanta.cli.start import run
try:
    run()
finally:
    print(json.dumps(seen), file=sys.stderr)
"""


@pytest.fixture
def node(tmp_path: Path) -> Path:
    (tmp_path / "memory").mkdir()
    return tmp_path


def halts(node: Path) -> list[str]:
    found = read_latch(node / "memory")
    return [line.reason for line in found.lines] if found else []


def test_the_latch_is_set_before_anything_heavy_is_loaded(node: Path) -> None:
    latch = node / "memory" / LATCH
    typed = ["halt", "--now", "--node", str(node), "--reason", "prices look wrong"]
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, str(latch), *typed],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stderr)
    assert seen.keys() >= {"typer", "rich", "msgspec"}, "it told the rest as ever"
    assert set(seen.values()) == {True}
    assert halts(node) == ["prices look wrong"]
    assert done.stdout.startswith("HALTED under ")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("--now --reason x", (HERE, "x", False)),
        ("--reason x --now", (HERE, "x", False)),
        ("-m x --now --json", (HERE, "x", True)),
        ("--now --reason=a=b", (HERE, "a=b", False)),
        ("--now --reason --now", (HERE, "--now", False)),
        ("--now -m x -m y", (HERE, "y", False)),
        ("--now -m x -n /n", (Path("/n"), "x", False)),
        ("--now -m x --node=/n", (Path("/n"), "x", False)),
        ("--now -m x --switch full_halt", (HERE, "x", False)),
        ("--now -m x -e prod -k key -r . --remote o --branch b --also a -t f", (HERE, "x", False)),
    ],
)
def test_what_is_taken_for_a_halt_of_everything(
    words: str, asked: tuple[Path, str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command itself takes it for the same: two readers of one line must not differ."""
    monkeypatch.delenv("VANTA_NODE", raising=False)
    assert on_the_spot(["halt", *words.split()]) == OnTheSpot(*asked)
    called: list[object] = []

    def halted(node: Path, reason: str, *rest: object, **more: object) -> None:
        called.append(((node, reason, more["as_json"]), rest, more["until"]))

    monkeypatch.setattr("vanta.cli.halt_now.halt_now", halted)
    assert CliRunner().invoke(app, ["halt", *words.split()]).exit_code == 0
    assert called == [(asked, ("full_halt", {}), None)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "halt",
        "resume --now --reason x",
        "governance halt --now --reason x",
        "halt --reason x",
        "halt --now",
        "halt --now --reason",
        "halt --now --reason x --help",
        "halt --now --reason x everything",
        "halt --now --reason x -- --json",
        "halt --now --reason x --vault momentum",
        "halt --now --reason x --venue paper",
        "halt --now --reason x --persona ares",
        "halt --now --reason x --until 2027-01-01T00:00:00Z",
        "halt --now --reason x --switch reduce_only",
        "halt --now=yes --reason x",
        "halt --now --reason x --json=yes",
        "halt --now --reason x --jso",
        "halt --now -mx",
        "halt --reason --now",
        "--version halt --now --reason x",
    ],
)
def test_everything_else_is_left_to_the_command(line: str) -> None:
    assert on_the_spot(line.split()) is None


def test_it_knows_every_option_of_the_command_that_it_may_pass_over() -> None:
    """A new option of `halt` means something; until it is listed the command reads the line."""
    halt: Any = get_command(app).commands["halt"]  # type: ignore[attr-defined]
    scopes = {"--vault", "--venue", "--persona", "--strategy", "--follower"}
    spelled = {name for each in halt.params for name in each.opts} - {"--help"}
    assert spelled == {*TAKES, *FLAGS, *scopes, "--until"}


def test_the_node_may_stand_in_the_environment(node: Path) -> None:
    done = vanta("halt", "--now", "-m", "x", at=node, VANTA_NODE=str(node))
    assert done.returncode == 0, done.stderr
    assert halts(node) == ["x"]


def test_errors_and_usage_are_told_as_by_any_command(node: Path) -> None:
    nowhere = vanta("halt", "--now", "-m", "x", "--node", "/nowhere", at=node)
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert nowhere.stderr == (
        "error: /nowhere/memory: no node is here [NO_NODE]\n  try: name it with --node\n"
    )
    silent = vanta("halt", "--now", "--node", str(node), at=node)
    assert silent.returncode == 2
    assert "Missing option '--reason'" in silent.stderr
    assert halts(node) == []
    assert "--reason" in vanta("halt", "--now", "--help", at=node).stdout


def test_a_node_that_sends_no_orders_says_that_the_executor_goes_on(node: Path) -> None:
    (node / "etc").mkdir(exist_ok=True)
    quiet, elsewhere = "no order is on its way", "the Executor goes on, halt it there"
    for role, said in (("markets", elsewhere), ("executor", quiet)):
        (node / "etc" / "node.yaml").write_text(f"node: here\nrole: {role}\n")
        done = vanta("halt", "--now", "-m", "x", "--node", str(node), at=node)
        assert said in done.stdout, role
        assert (quiet in done.stdout) == (role == "executor")


def test_programs_are_told_in_json(node: Path) -> None:
    done = vanta("halt", "--now", "-m", "x", "--json", "--node", str(node), at=node)
    told = json.loads(done.stdout)
    assert (told["holds"], told["confirmed"], told["why"]) == (True, True, None)
    found = read_latch(node / "memory")
    assert found is not None
    assert [line.nonce for line in found.lines] == [told["nonce"]]


_LOADED = """
import sys
from vanta.cli.start import run
try:
    run()
finally:
    print(*sorted(name for name in sys.modules if name.startswith("vanta.cli.")), file=sys.stderr)
"""


def loaded(*words: str, **variables: str) -> set[str]:
    """Modules of commands that a command line loads."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *words],
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return {name.removeprefix("vanta.cli.") for name in done.stderr.splitlines()[-1].split()}


def test_a_service_loads_its_own_group_and_no_other() -> None:
    assert main.GROUPS.keys() == GROUPS
    for group in GROUPS:
        # `vanta executor explain` is `vanta audit explain`.
        beside = {"audit"} if group == "executor" else set()
        assert (GROUPS | {"main"}) & loaded(group, "--help") == {group, *beside}


def test_who_asks_what_there_is_is_shown_all() -> None:
    for words in (["--help"], ["nothing-of-the-kind"], ["diagnostics", "--help"]):
        assert loaded(*words) >= GROUPS
    assert loaded("node", _VANTA_COMPLETE="complete_bash", COMP_WORDS="vanta", COMP_CWORD="1") >= (
        GROUPS
    )
