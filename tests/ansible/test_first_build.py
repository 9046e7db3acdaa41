"""A node's first build is held against people's keys by what Debian has, and by nothing of ours."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ansible.conftest import ANSIBLE
from tests.builds.making import make
from tests.governance.simulator import person

SCRIPT = ANSIBLE / "roles/build_slots/files/first_build.py"
Take = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people"
    lines = [f"{name} {person(name).key.openssh}\n" for name in ("ada", "grace", "alan")]
    file.write_text("".join(lines))
    return file


@pytest.fixture
def take(tmp_path: Path, people: Path) -> Take:
    def run(release: Path, reviews: int = 2) -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, "-I", str(SCRIPT), str(release), str(people), str(reviews)]
        return subprocess.run(
            [*words, str(tmp_path / "into")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return run


def test_a_build_that_was_signed_and_signed_off_is_unpacked_as_it_was_signed(
    take: Take, tmp_path: Path
) -> None:
    release = make(tmp_path / "export")
    done = take(release)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{release.name}: built by ada, signed off by grace and alan\n"
    tree = tmp_path / "into" / release.name
    sums = subprocess.run(
        ["sha256sum", "--check", "--quiet", "--strict", str(release / "SHA256SUMS")],
        cwd=tree, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert sums.returncode == 0, sums.stderr
    listed = {line.split("  ", 1)[1] for line in (release / "SHA256SUMS").read_text().splitlines()}
    there = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert there == listed | {"manifest.json"}


def _no_signature(release: Path) -> None:
    (release / "manifest.json.sig").unlink()


def _other_manifest(release: Path) -> None:
    manifest = release / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b'"version":"0.1.0"', b'"version":"0.1.1"'))


def _other_artefact(release: Path) -> None:
    artefact = release / "artefact.tar"
    data = bytearray(artefact.read_bytes())
    data[2000] ^= 1
    artefact.chmod(0o644)
    artefact.write_bytes(data)


def _longer_artefact(release: Path) -> None:
    artefact = release / "artefact.tar"
    artefact.chmod(0o644)
    artefact.write_bytes(artefact.read_bytes() + b"more")


def _one_word_missing(release: Path) -> None:
    (release / "signoffs/alan.sig").unlink()


def _own_word(release: Path) -> None:
    """Ada built it: that she signs it off too makes it no two who looked at it."""
    alan = release / "signoffs/alan.sig"
    alan.rename(release / "signoffs/ada.sig")


def _borrowed_word(release: Path) -> None:
    (release / "signoffs/alan.sig").write_bytes((release / "signoffs/grace.sig").read_bytes())


def _link(release: Path) -> None:
    artefact = release / "artefact.tar"
    artefact.rename(release / "elsewhere")
    artefact.symlink_to(release / "elsewhere")


def _renamed(release: Path) -> None:
    release.rename(release.with_name("0.1.0-ffffffffffff"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_no_signature, "signed by none of"),
        (_other_manifest, "signed by none of"),
        (_other_artefact, "not what was signed"),
        (_longer_artefact, "more than"),
        (_one_word_missing, "signed off by 1 of 2"),
        (_own_word, "signed off by 1 of 2"),
        (_borrowed_word, "signed off by 1 of 2"),
        (_link, "Is the export mounted?"),
        (_renamed, "the manifest is that of"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(
    take: Take, tmp_path: Path, spoil: Callable[[Path], None], why: str
) -> None:
    release = make(tmp_path / "export")
    spoil(release)
    [left] = [path for path in (tmp_path / "export/releases").iterdir() if path.is_dir()]
    done = take(left)
    assert done.returncode == 1
    assert why in done.stderr
    assert not (tmp_path / "into" / left.name).exists()


def test_somebody_else_s_build_is_refused(take: Take, tmp_path: Path) -> None:
    done = take(make(tmp_path / "export", builder="olga"))
    assert done.returncode == 1
    assert "build_slots_people" in done.stderr


def test_it_needs_nothing_but_what_debian_has() -> None:
    text = SCRIPT.read_text()
    spec = importlib.util.spec_from_file_location("first_build", SCRIPT)
    assert spec is not None
    named = {line.split()[1].split(".")[0] for line in text.splitlines()
             if line.startswith(("import ", "from "))}  # fmt: skip
    assert named <= sys.stdlib_module_names
