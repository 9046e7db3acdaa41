"""Bytecode of what a build's services import, so that none of them compiles at its start.

It is written by the compiler of the Python that the build is for, and by `importing`, which writes
the same code the same way each time. A compiler of another micro version may make other code of a
few files, so the manifest says which one it was. People read sources, and bytecode is what runs:
the same compiler holds one against the other.
"""

import platform
import shutil
import sys
import tarfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

from vanta.builds import importing
from vanta.builds.manifest import BuildFile, Manifest
from vanta.builds.pack import ARTEFACT
from vanta.builds.release import Release, open_plain, tampered
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError

Read = Callable[[BuildFile], bytes]
Run = Callable[[list[str]], str]


def write_bytecode(lib: Path, package: str, python: str, run: Run) -> str:
    """Write it beside the sources; returns the version of the compiler, such as `3.11.7`.

    Args:
        lib: what a build starts from; nothing is imported from elsewhere but Python's own.
        package: whose modules are imported, one by one.
        python: what the build is for, such as `3.11`.
        run: runs a program and returns what it prints.

    Raises:
        UnavailableError: `NO_PYTHON`, or as `run` does.
    """
    program = [_interpreter(python), "-I", "-S", "-B", str(Path(importing.__file__).resolve())]
    return run([*program, str(lib), package]).strip()


def _interpreter(python: str) -> str:
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    if found := shutil.which(f"python{python}"):
        return found
    raise UnavailableError(
        f"python{python}, which the build is for, is not installed: only it writes its bytecode",
        code="NO_PYTHON",
        remedy=f"install it, with `uv python install {python}` for example",
    )


def check_bytecode(release: Release) -> bool:
    """Hold a build's bytecode against its sources; whether this Python can, or is another one.

    Args:
        release: a folder with the artefact, or a slot; held against its manifest already.

    Raises:
        RefusedError: `OTHER_BYTECODE`: it is of no source of the build, or not what that says.
    """
    manifest = release.manifest
    files = {file.path: file for file in manifest.files}
    pairs = [(file, files.get(_source_of(file.path))) for file in _bytecode(manifest)]
    for file, source in pairs:
        if source is None or not manifest.compiler:
            raise _other(file.path, "bytecode of no source of this build")
    if manifest.compiler != platform.python_version():
        return False
    with _reading(release.folder) as read:
        for file, source in pairs:
            if source is not None and read(file) != _compiled(read(source), source.path):
                raise _other(file.path, f"{source.path} says something else")
    return True


def _bytecode(manifest: Manifest) -> list[BuildFile]:
    return [file for file in manifest.files if file.path.endswith((".pyc", ".pyo"))]


def _source_of(path: str) -> str:
    """The source that bytecode stands for; empty for a file that Python would run without one."""
    file = PurePosixPath(path)
    if file.parent.name != "__pycache__":
        return ""
    return str(file.parents[1] / f"{file.name.split('.')[0]}.py")


def _compiled(text: bytes, path: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importing.compiled(text, path.removeprefix("lib/"))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _other(path, f"it cannot be compiled: {error}"[:200]) from error


@contextmanager
def _reading(folder: Path) -> Iterator[Read]:
    """What reads a build's files: out of its artefact, or of the slot it is in."""
    if not (folder / ARTEFACT).exists():
        yield lambda file: (folder / file.path).read_bytes()
        return
    with open_plain(folder / ARTEFACT) as held:
        try:
            with tarfile.open(fileobj=held, mode="r:") as archive:
                members = {member.name: member for member in archive}
                yield lambda file: _member(archive, members.get(file.path), file)
        except tarfile.TarError as error:
            raise MalformedError(
                f"no archive: {error}", code="ARTEFACT", place=str(folder / ARTEFACT)
            ) from error


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo | None, file: BuildFile) -> bytes:
    content = archive.extractfile(member) if member and member.size == file.size else None
    data = content.read() if content else b""
    if sha256(data).hexdigest() != file.sha256:
        raise tampered(Path(ARTEFACT), f"{file.path} is not in it as the manifest lists it")
    return data


def _other(path: str, what: str) -> RefusedError:
    return RefusedError(
        what,
        code="OTHER_BYTECODE",
        place=path,
        remedy="do not sign it off: ask its builder, who signed that it is what the sources say",
    )
