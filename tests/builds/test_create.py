"""A build from this very commit, made twice on machines that differ: the same bytes."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vanta.builds.create import Wanted, create
from vanta.builds.manifest import read_manifest
from vanta.builds.pack import ARTEFACT, MANIFEST
from vanta.domain.errors import RefusedError, UnavailableError

ROOT = Path(__file__).resolve().parents[2]
MAKE = """
import sys
from pathlib import Path
from vanta.builds.create import Wanted, create
print(create(Wanted(Path(sys.argv[1]), ("executor",)), Path(sys.argv[2])))
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository at its HEAD."""
    folder = tmp_path_factory.mktemp("sources") / "vanta"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return folder


def made(clone: Path, out: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(clone), str(out)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_two_machines_make_the_same_bytes(clone: Path, tmp_path: Path) -> None:
    one = made(clone, tmp_path / "one", TZ="UTC", PYTHONHASHSEED="1")
    before = os.umask(0o077)
    try:
        other = made(clone, tmp_path / "other", TZ="Asia/Tokyo", PYTHONHASHSEED="2", LANG="tr_TR")
    finally:
        os.umask(before)
    assert one == other
    for name in (ARTEFACT, MANIFEST):
        assert (tmp_path / "one" / one / name).read_bytes() == (
            tmp_path / "other" / one / name
        ).read_bytes()
    manifest = read_manifest((tmp_path / "one" / one / MANIFEST).read_bytes())
    paths = {file.path for file in manifest.files}
    assert {"bin/vanta", "lib/vanta/cli/start.py"} <= paths
    assert not [path for path in paths if path.endswith("direct_url.json")]
    assert manifest.compiler == platform.python_version()
    compiled = f"lib/vanta/executor/__pycache__/service.{sys.implementation.cache_tag}.pyc"
    assert compiled in paths
    # Made again where it is already: nothing changes.
    assert made(clone, tmp_path / "one") == one


def test_what_no_commit_has_is_not_built(clone: Path, tmp_path: Path) -> None:
    (clone / "README.md").write_text("changed by hand\n")
    try:
        with pytest.raises(RefusedError) as refused:
            create(Wanted(clone, ()), tmp_path)
    finally:
        subprocess.run(["git", "-C", str(clone), "checkout", "-q", "."], check=True)
    assert refused.value.code == "DIRTY_TREE"
    assert "README.md" in refused.value.message
    assert list(tmp_path.iterdir()) == []


def test_what_git_or_uv_say_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as failed:
        create(Wanted(tmp_path, ()), tmp_path / "out")
    assert failed.value.code == "BUILD_STEP"
    assert "not a git repository" in failed.value.message
