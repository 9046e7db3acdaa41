"""From a folder of files to the one artefact that travels: the same files, the same bytes.

What a packer leaves to chance is fixed here: order, owners, modes, times.
"""

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from vanta.builds.manifest import KIND, Artefact, BuildFile, Manifest, name_of, read_manifest
from vanta.domain.encoding import encode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND
from vanta.journal.durable import fsync_directory
from vanta.journal.files import atomic_write

ARTEFACT, MANIFEST, SUMS = "artefact.tar", "manifest.json", "SHA256SUMS"
SIGNATURE, SIGNOFFS = "manifest.json.sig", "signoffs"


class Source(NamedTuple):
    """Where the files of a build come from; all of it is in the manifest."""

    version: str
    commit: str
    committed: int
    """UTC nanoseconds."""
    lock: str
    schema: str
    python: str
    platform: str
    extras: tuple[str, ...]
    follows: str
    compiler: str = ""
    """CPython's version that wrote the bytecode; empty where there is none."""


def pack(tree: Path, folder: Path, source: Source) -> str:
    """Write artefact, list and manifest of a tree's files into a folder; returns the build's name.

    Args:
        tree: what a slot will hold; nothing in it is changed.
        folder: exists, and is empty.
        source: what the manifest says beside the files.

    Raises:
        RefusedError: `BUILD_TREE`: something in the tree that no build may hold.
        UnavailableError: `WRITE_FAILED`.
        MalformedError: `MANIFEST`: the files are not what a manifest can say.
    """
    paths = sorted(_files(tree), key=lambda found: found[0])
    try:
        artefact, files = _write(paths, folder / ARTEFACT, source.committed // SECOND)
    except OSError as error:
        raise UnavailableError(
            f"cannot be written: {error.strerror}", code="WRITE_FAILED", place=str(folder)
        ) from error
    sums = sums_of(files)
    manifest = encode(
        Manifest(
            kind=KIND,
            artefact=artefact,
            sums=sha256(sums).hexdigest(),
            files=files,
            **source._asdict(),
        )
    )
    read_manifest(manifest, place=str(folder / MANIFEST))
    atomic_write(folder / SUMS, sums, mode=0o644)
    atomic_write(folder / MANIFEST, manifest, mode=0o644)
    fsync_directory(folder)
    return name_of(source.version, manifest)


def sums_of(files: tuple[BuildFile, ...]) -> bytes:
    """The list that `sha256sum --check` reads inside a slot."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()


def _files(tree: Path) -> Iterator[tuple[str, Path]]:
    """Every file with its path below the tree."""
    for folder, folders, names in os.walk(tree):
        for name in folders:
            if (Path(folder) / name).is_symlink():
                raise _no_build(Path(folder) / name, "a link")
        for name in names:
            path = Path(folder) / name
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _no_build(path, "no plain file")
            yield path.relative_to(tree).as_posix(), path


def _no_build(path: Path, what: str) -> RefusedError:
    return RefusedError(
        f"{what} cannot be part of a build",
        code="BUILD_TREE",
        place=str(path),
        remedy="a build holds plain files and folders alone",
    )


def _write(
    paths: list[tuple[str, Path]], target: Path, at: int
) -> tuple[Artefact, tuple[BuildFile, ...]]:
    """The archive, and what is in it as it was read for it."""
    files = []
    with target.open("xb+") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, path in paths:
                data = path.read_bytes()
                mode = 0o555 if path.stat().st_mode & 0o100 else 0o444
                header = tarfile.TarInfo(name)
                header.size, header.mode, header.mtime = len(data), mode, at
                archive.addfile(header, io.BytesIO(data))
                files.append(BuildFile(name, mode, len(data), sha256(data).hexdigest()))
        out.flush()
        os.fsync(out.fileno())
        out.seek(0)
        digest, size = hashlib.file_digest(out, "sha256").hexdigest(), out.tell()
    return Artefact(size, digest), tuple(files)
