"""`vanta governance schema`, as people and editors' setups call it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.governance.documents.kinds import KINDS
from vanta.governance.documents.schema import render


def schema(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vanta.cli", "governance", "schema", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_kind_it_lists_every_kind_with_what_it_is() -> None:
    lines = schema().stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(KINDS)
    assert all(line.endswith(".") for line in lines)
    listed = json.loads(schema("--json").stdout)
    assert [one["kind"] for one in listed] == list(KINDS)


@pytest.mark.parametrize("spelled", ["Vault", "vault", "VAULT"])
def test_a_kind_is_printed_as_its_file_holds_it(spelled: str) -> None:
    assert schema(spelled).stdout.encode() == render("Vault")
    assert schema(spelled, "--json").stdout.encode() == render("Vault")


def test_files_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    written = schema("--output", str(folder))
    assert written.stdout.count("wrote ") == len(KINDS)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"{kind.lower()}.schema.json": render(kind) for kind in KINDS
    }
    one = schema("Overlay", "--output", str(tmp_path), "--json")
    assert json.loads(one.stdout) == [str(tmp_path / "overlay.schema.json")]


def test_a_kind_nobody_knows_is_told_the_known_ones() -> None:
    done = schema("Valt")
    assert done.returncode == 1
    assert "UNKNOWN_KIND" in done.stderr
    assert ", ".join(KINDS) in done.stderr
