"""`vanta-run` starts a tool of the build that runs, or one of this node, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.cli.run_tool import environment, find
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.node.layout import Layout

CONFIG = "node: executor\nrole: executor\nenvironment: prod\ngovernance: {remote: x}\n"
SAYS = '#!/bin/sh\necho "{name} in $VANTA_ENVIRONMENT of $VANTA_NODE: $*"\n'


@pytest.fixture
def node(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "node")
    layout.etc.mkdir(parents=True)
    layout.config.write_text(CONFIG)
    slot = layout.slots / "0.1.0-aaaaaaaaaaaa"
    for name in ("vt-list", "shared"):
        tool(slot / "bin" / name, name)
    layout.current.symlink_to(f"slots/{slot.name}")
    tool(layout.tools / "shared", "the node's own")
    return layout


def tool(path: Path, name: str) -> Path:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_text(SAYS.format(name=name))
    path.chmod(0o755)
    return path


def run(node: Layout, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).with_name("vanta-run"), *words],
        env={**os.environ, "VANTA_NODE": str(node.root), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_tool_of_the_build_becomes_the_process(node: Layout) -> None:
    done = run(node, "vt-list", "--open", "$(id)", VANTA_ENVIRONMENT="dev")
    assert done.stdout == f"vt-list in prod of {node.root}: --open $(id)\n"
    assert done.returncode == 0


def test_the_nodes_own_tool_comes_first(node: Layout) -> None:
    assert run(node, "shared").stdout.startswith("the node's own in prod")
    assert run(node, "--list").stdout.splitlines() == [
        f"shared  {node.tools / 'shared'}",
        f"vt-list  {node.current / 'bin' / 'vt-list'}",
    ]


def test_a_tool_is_of_the_slot_that_runs_when_it_starts(node: Layout) -> None:
    assert find(node, "vt-list") == node.slots / "0.1.0-aaaaaaaaaaaa" / "bin" / "vt-list"


@pytest.mark.parametrize("name", ["nothing", "../bin/vt-list", "/bin/sh", "", ".hidden"])
def test_what_is_no_tool_is_not_started(node: Layout, name: str) -> None:
    tool(node.tools / ".hidden", "hidden")
    with pytest.raises(UnavailableError) as found:
        find(node, name)
    assert found.value.code == "NO_TOOL"
    assert found.value.remedy == "here are shared, vt-list"


@pytest.mark.parametrize("which", ["shared", "."])
def test_what_others_may_write_is_not_started(node: Layout, which: str) -> None:
    (node.tools / which).chmod(0o775)
    with pytest.raises(RefusedError) as found:
        find(node, "shared")
    assert found.value.code == "TOOL_WRITABLE"
    done = run(node, "shared")
    assert (done.returncode, done.stdout) == (1, "")
    assert "[TOOL_WRITABLE]" in done.stderr


def test_nothing_around_a_tool_changes_which_code_it_runs(node: Layout) -> None:
    given = {"PYTHONPATH": "elsewhere", "LD_PRELOAD": "x.so", "VANTA_KEY": "k", "HOME": "/root"}
    found = environment(node, {**given, "PATH": "/bin"})
    assert found == {
        "HOME": "/root",
        "PATH": f"{node.tools}:{node.current}/bin:/bin",
        "VANTA_NODE": str(node.root),
        "VANTA_ENVIRONMENT": "prod",
    }


def test_it_says_how_it_is_used(node: Layout) -> None:
    assert run(node).returncode == 2
    assert "usage: vanta-run" in run(node, "--help").stdout
    missing = run(node, "nothing")
    assert missing.returncode == 1
    assert "[NO_TOOL]" in missing.stderr
