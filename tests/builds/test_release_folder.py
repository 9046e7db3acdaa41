"""The page on builds is right: its commands alone check a release, and it has every code."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.builds.making import make
from tests.docs.pages import DOCS, blocks
from tests.governance.simulator import person
from vanta.builds.pack import ARTEFACT, SUMS

ROOT = DOCS.parent
PAGE = DOCS / "reference" / "builds.md"
OTHERS = frozenset(
    {"JOURNAL_MISSING", "SHA256SUMS", "RECORD", "INSTALLER", "REQUESTED"}
    | {"PYTHON", "VANTA_NODE", "VANTA_ENVIRONMENT", "LC_ALL", "UV_PYTHON_DOWNLOADS"}
)
"""Of the journal; files, and variables."""


def checked(release: Path) -> "subprocess.CompletedProcess[str]":
    """What the page says to type, in a release folder; it goes no further than what fails."""
    lines = [f"{name} {person(name).key.openssh}" for name in ("ada", "alan", "grace")]
    (release / "people").write_text("\n".join(lines) + "\n")
    [block] = blocks(PAGE.read_text())
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.commands],
        cwd=release,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_is_checked_without_vanta(tmp_path: Path) -> None:
    done = checked(make(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for who, namespace in (
        ("ada", "vanta-build"),
        ("alan", "vanta-review"),
        ("grace", "vanta-review"),
    ):
        assert f'Good "{namespace}" signature for {who}' in done.stdout


@pytest.mark.parametrize("name", [ARTEFACT, SUMS, "manifest.json"])
def test_and_so_is_found_what_somebody_changed(tmp_path: Path, name: str) -> None:
    release = make(tmp_path)
    data = bytearray((release / name).read_bytes())
    data[len(data) // 2] ^= 1
    (release / name).write_bytes(bytes(data))
    assert checked(release).returncode != 0


@pytest.mark.parametrize("how", [{"builder": "grace"}, {"reviewers": ("grace",)}])
def test_and_whose_word_is_missing(tmp_path: Path, how: dict[str, str]) -> None:
    assert checked(make(tmp_path, **how)).returncode != 0  # type: ignore[arg-type]


def test_every_code_has_a_row_and_every_row_a_code() -> None:
    sources = [*(ROOT / "vanta" / "builds").glob("*.py"), ROOT / "vanta" / "cli" / "run_tool.py"]
    said = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[A-Z][A-Z0-9_]{3,}[A-Z0-9]", node.value)
    }
    rows = re.findall(r"^\| (`[A-Z][^|]*`) \|", PAGE.read_text(), re.MULTILINE)
    listed = {code for row in rows for code in re.findall(r"`([A-Z_0-9]+)`", row)}
    assert listed - OTHERS - said == set()
    assert said - OTHERS - listed == set()
