"""A build from a clean commit and its lock file: resolved by uv, packed here.

Nothing of the machine it is made on gets in: sources come from the commit and not from the folder,
packages by the digests in the lock file, and what an installer writes about itself is left out.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from vanta.builds.bytecode import write_bytecode
from vanta.builds.pack import MANIFEST, Source, pack
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND
from vanta.governance.documents.kinds import API_VERSION
from vanta.journal.durable import fsync_directory

PACKAGE = "vanta"
_OF_THE_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_OF_UV = frozenset({"uv_cache.json", "uv_build.json"})
_PATIENCE = 900
"""Seconds for one step: the first download of everything may be slow."""

_VERSION = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)

_START = """\
#!/usr/bin/python3 -I
# Starts {module}:{function} of the build this file lies in, and of no other.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.dont_write_bytecode = True
from {module} import {function}

sys.exit({function}())
"""


class Wanted(NamedTuple):
    """What to build, for whom."""

    repository: Path
    """A clone; its HEAD is what is built."""
    extras: tuple[str, ...]
    """Roles and brokers, such as `executor` and `ibkr`."""
    follows: str = ""
    python: str = "3.11"
    platform: str = "x86_64"


def create(wanted: Wanted, out: Path, told: Callable[[str], object] = lambda _: None) -> str:
    """Make a build; returns its name, and leaves it in a folder of that name below `out`.

    Raises:
        RefusedError: `DIRTY_TREE`: the folder is not what its commit says; `NO_LOCK`.
        UnavailableError: `BUILD_STEP`: Git, uv or Python did not do their part; with what they
            said; `NO_UV`, `NO_PYTHON`, `EXPORT_UNWRITABLE`.
    """
    with _room_in(out) as room:
        # Git and uv run in folders of their own, where a relative path is another.
        work = Path(room).resolve()
        source = _sources(wanted, work / "source", told)
        tree = work / "tree"
        told("packages of the lock file")
        _packages(wanted, work, tree / "lib")
        told("this package")
        _package(wanted, work, tree / "lib", source.committed)
        _clean(tree / "lib")
        _starts(tree)
        told("bytecode of what its services import")
        compiler = write_bytecode(tree / "lib", PACKAGE, wanted.python, _run)
        told("packing")
        packed = work / "packed"
        packed.mkdir(mode=0o755)
        name = pack(tree, packed, source._replace(compiler=compiler))
        target = out / name
        if target.exists():
            _must_be_same(target, packed)
        else:
            packed.rename(target)
            fsync_directory(out)
    return name


def _room_in(out: Path) -> "tempfile.TemporaryDirectory[str]":
    try:
        out.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".create-", dir=out)
    except OSError as error:
        raise UnavailableError(
            f"nothing can be put there: {error.strerror}",
            code="EXPORT_UNWRITABLE",
            place=str(out),
            remedy="name a folder that you may write to, such as `modules` on Alpha's export",
        ) from error


def planned(wanted: Wanted) -> Source:
    """What a build would be made of; nothing is made.

    Raises:
        RefusedError, UnavailableError: as `create`.
    """
    with tempfile.TemporaryDirectory(prefix="vanta-create-") as room:
        return _sources(wanted, Path(room) / "source", lambda _: None)


def _must_be_same(there: Path, made: Path) -> None:
    if (there / MANIFEST).read_bytes() != (made / MANIFEST).read_bytes():
        raise RefusedError(
            "another build of this name is there",
            code="BUILD_EXISTS",
            place=str(there),
            remedy="look at what lies there; no two builds have one name",
        )


def _sources(wanted: Wanted, folder: Path, told: Callable[[str], object]) -> Source:
    told("sources of the commit")
    git = _Git(wanted.repository)
    if changed := git("status", "--porcelain", "--untracked-files=no"):
        raise RefusedError(
            f"the folder has changes that no commit has: {changed.splitlines()[0]}",
            code="DIRTY_TREE",
            place=str(wanted.repository),
            remedy="commit or put back what `git status` shows",
        )
    commit = git("rev-parse", "HEAD")
    archive = folder.with_suffix(".tar")
    git("archive", "--format=tar", "-o", str(archive), commit)
    with tarfile.open(archive) as held:
        held.extractall(folder, filter="data")
    lock = folder / "uv.lock"
    if not lock.is_file():
        raise RefusedError("the commit has no uv.lock", code="NO_LOCK", place=commit)
    found = re.search(
        r'^version = "([^"]+)"$', (folder / "pyproject.toml").read_text(), re.MULTILINE
    )
    if found is None:
        raise RefusedError("the project says no version", code="NO_VERSION", place=commit)
    return Source(
        version=found[1],
        commit=commit,
        committed=int(git("show", "-s", "--format=%ct", commit)) * SECOND,
        lock=sha256(lock.read_bytes()).hexdigest(),
        schema=API_VERSION,
        python=wanted.python,
        platform=f"linux_{wanted.platform}",
        extras=tuple(sorted(wanted.extras)),
        follows=wanted.follows,
    )


class _Git:
    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def __call__(self, *words: str) -> str:
        try:
            return _run(["git", "-C", str(self._repository), *words]).strip()
        except UnavailableError as error:
            raise UnavailableError(
                error.message,
                code=error.code,
                place=str(self._repository),
                remedy="name a clone with `--source`; its HEAD is what is built",
            ) from error


def _packages(wanted: Wanted, work: Path, lib: Path) -> None:
    listed = work / "requirements.txt"
    extras = [word for extra in sorted(wanted.extras) for word in ("--extra", extra)]
    _uv(
        work / "source",
        *("export", "--frozen", "--quiet", "--no-emit-project", "--no-default-groups"),
        *("--format", "requirements-txt", "-o", str(listed), *extras),
    )
    _uv(
        work / "source",
        *("pip", "install", "--quiet", "--target", str(lib), "--requirements", str(listed)),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--link-mode", "copy"),
        *("--python-version", wanted.python, "--no-compile-bytecode", "--no-config"),
        *("--python-platform", f"{wanted.platform}-manylinux_2_28"),
    )


def _package(wanted: Wanted, work: Path, lib: Path, committed: int) -> None:
    wheels = work / "wheels"
    _uv(
        work / "source",
        *("build", "--quiet", "--wheel", "--out-dir", str(wheels), "."),
        SOURCE_DATE_EPOCH=str(committed // SECOND),
    )
    [wheel] = wheels.glob("*.whl")
    _uv(
        work,
        *("pip", "install", "--quiet", "--target", str(lib), "--no-deps", "--no-config"),
        *("--link-mode", "copy", "--no-compile-bytecode", "--python-version", wanted.python),
        *("--python-platform", f"{wanted.platform}-manylinux_2_28", str(wheel)),
    )


def _clean(lib: Path) -> None:
    """Leave out what an installer says of itself, its start scripts, and its bytecode."""
    for name in ("bin", ".lock"):
        path = lib / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in sorted(lib.rglob("*")):
        if path.name == "__pycache__":
            shutil.rmtree(path)
        elif path.parent.name.endswith(".dist-info") and path.name in (_OF_THE_INSTALLER | _OF_UV):
            path.unlink()


def _starts(tree: Path) -> None:
    """One file for each command of this package, which starts this build's and no other."""
    bin_ = tree / "bin"
    bin_.mkdir()
    [entries] = (tree / "lib").glob(f"{PACKAGE}-*.dist-info/entry_points.txt")
    listed = ConfigParser(delimiters=("=",), interpolation=None)
    listed.optionxform = str  # type: ignore[assignment,method-assign]
    listed.read_string(entries.read_text())
    for name, target in sorted(listed["console_scripts"].items()):
        module, _, function = target.partition(":")
        path = bin_ / name
        path.write_text(_START.format(module=module, function=function))
        path.chmod(0o755)


def _uv(folder: Path, *words: str, **environment: str) -> None:
    uv = shutil.which("uv") or _beside()
    _run([uv, *words], folder=folder, **environment)


def _beside() -> str:
    """The uv that a checkout's set-up fetched."""
    own = Path(__file__).resolve().parents[2] / ".uv" / "bin" / "uv"
    if own.is_file():
        return str(own)
    raise UnavailableError(
        "uv is not installed", code="NO_UV", remedy="pip install uv==0.13.9, or run tools/setup"
    )


def _run(words: Sequence[str], *, folder: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C", "UV_PYTHON_DOWNLOADS": "never", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UnavailableError(
            f"{Path(words[0]).name} ended with {done.returncode}: {' / '.join(said[-3:])[:400]}",
            code="BUILD_STEP",
            place=str(folder or ""),
            remedy="look at what it says; a lock file that is out of date: `uv lock`",
        )
    return done.stdout
