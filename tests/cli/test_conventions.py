"""What holds for every command: exit codes are told, programs get JSON, shells get completion."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.founded import environment, vanta
from vanta.cli.main import app

STREAMS = {
    *("broker paper", "executor run", "executor surveil", "executor judge"),
    *("markets follow", "markets promote"),
}
"""They run until they are ended, and their output is their journal."""
WRITERS = {"audit export", "governance hint", "markets sample", "markets tape"}
"""Their output is the file they write, or the message they send."""


def commands(at: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - click's
    here = at if at is not None else typer.main.get_command(app)
    children = getattr(here, "commands", None)
    if children is None:
        yield " ".join(path), here
        return
    for name, child in children.items():
        yield from commands(child, (*path, name))


@pytest.mark.parametrize(("name", "found"), list(commands()), ids=str)
def test_every_command_tells_how_it_ends_and_speaks_json(name: str, found: Any) -> None:  # noqa: ANN401 - as above
    assert "Exit 0" in found.help
    speaks = any("--json" in getattr(each, "opts", ()) for each in found.params)
    assert speaks != (name in STREAMS | WRITERS)


def completed(words: str, number: int, at: Path) -> list[str]:
    """What bash would offer."""
    done = subprocess.run(
        [Path(sys.executable).with_name("vanta")],
        cwd=at,
        env=environment(_VANTA_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(number)),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


def test_a_shell_completes_commands_switches_and_environments(founded: Path) -> None:
    clone = founded / "governance"
    assert "keys" in completed("vanta governance ", 2, clone)
    assert completed("vanta governance keys re", 3, clone) == ["revoke"]
    assert "orders_disabled" in completed("vanta halt --switch o", 3, clone)
    assert completed("vanta halt --environment ", 3, clone) == ["dev", "prod", "staging"]
    assert completed("vanta governance plan -e st", 4, clone) == ["staging"]


def test_no_colour_means_none_on_a_terminal_either(founded: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "vanta.cli", "governance", "plan", "-r", "governance", "-e", "dev"],
        cwd=founded, env=environment(TERM="xterm-256color"), stdout=theirs, stderr=theirs,
        check=False,
    )  # fmt: skip
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)
    assert done.returncode == 0
    assert b"This may be applied." in said
    assert b"\x1b" not in said


def test_json_is_json_and_nothing_else(founded: Path) -> None:
    for typed in (
        ("governance", "plan", "-r", "governance", "-e", "dev"),
        ("governance", "keys", "list", "-r", "governance"),
        ("governance", "log", "governance", "-e", "dev"),
        ("governance", "verify", "forge.git", "-e", "dev", "-t", "governance.trust.json"),
        ("halt", "-r", "governance", "-e", "dev", "-k", "people/grace", "--reason", "x"),
        ("resume", "-r", "governance", "-e", "dev", "-k", "people/ada", "--reason", "y"),
    ):
        done = vanta(*typed, "--json", at=founded)
        assert json.loads(done.stdout), typed
        assert done.stderr == ""
