"""From an artefact that was verified to files on disk: exactly what the manifest lists, or nothing.

The manifest is signed and read strictly, so every check here is a comparison with it.
"""

import ctypes
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from vanta.builds.manifest import BuildFile, Manifest
from vanta.builds.release import open_plain
from vanta.domain.errors import MalformedError, RefusedError
from vanta.journal.durable import write_all

FOLDER_MODE = 0o555
_CHUNK = 1024 * 1024


def unpack(
    artefact: Path, manifest: Manifest, slot: Path, checkpoint: Callable[[str], object]
) -> None:
    """Write a build's files below `slot`, each read-only; `seal_folders` makes them durable.

    Args:
        artefact: a local copy, already held against the manifest.
        manifest: what must be in it, in order.
        slot: a new folder of ours that nobody else writes to.
        checkpoint: called after every file.

    Raises:
        RefusedError: `EXTRA_FILE`, `MISSING_FILE`, `NOT_A_FILE`, `ESCAPES`, `TWICE`, `WRONG_MODE`,
            `WRONG_SIZE`, `WRONG_DIGEST`.
        MalformedError: `ARTEFACT`: no archive.
        OSError: the disk.
    """
    left = list(reversed(manifest.files))
    done = set[str]()
    try:
        with open_plain(artefact) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                _check_kind(member, done)
                if not left:
                    raise _refused(member.name, "EXTRA_FILE", "a file no manifest lists")
                wanted = left.pop()
                _check(member, wanted)
                content = archive.extractfile(member)
                if content is None:
                    raise _refused(member.name, "NOT_A_FILE", "no plain file")
                _write(slot / wanted.path, content.read, wanted)
                done.add(member.name)
                checkpoint(f"unpacked {wanted.path}")
    except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
        raise MalformedError(
            f"no archive: {error}",
            code="ARTEFACT",
            place=str(artefact),
            remedy="build it again with `vanta build create`",
        ) from error
    if left:
        raise _refused(left[-1].path, "MISSING_FILE", "the manifest lists it, and it is not there")


def seal_folders(slot: Path) -> None:
    """Make every folder of a slot read-only, and all of it durable.

    Raises:
        OSError: the disk; also where it failed to write something of the slot before.
    """
    for folder, _, _ in os.walk(slot, topdown=False):
        Path(folder).chmod(FOLDER_MODE)
    _flush(slot)


def _flush(folder: Path) -> None:
    """Flush the file system once: thousands of files, one by one, take minutes on some disks."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(fd):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(fd)


def _check_kind(member: tarfile.TarInfo, done: set[str]) -> None:
    name = member.name
    if name.startswith("/") or ".." in name.split("/"):
        raise _refused(name, "ESCAPES", "a path out of the slot")
    if name in done:
        raise _refused(name, "TWICE", "the same file a second time")
    if not member.isreg() or member.issparse() or member.linkname:
        raise _refused(name, "NOT_A_FILE", "a link, a device or a folder of its own")


def _check(member: tarfile.TarInfo, wanted: BuildFile) -> None:
    if member.name != wanted.path:
        if member.name > wanted.path:
            raise _refused(wanted.path, "MISSING_FILE", f"{member.name[:120]!r} is in its place")
        raise _refused(member.name, "EXTRA_FILE", "a file no manifest lists")
    if member.mode != wanted.mode:
        raise _refused(member.name, "WRONG_MODE", f"{member.mode:o}, not {wanted.mode:o}")
    if member.size != wanted.size:
        raise _refused(member.name, "WRONG_SIZE", f"{member.size} bytes, not {wanted.size}")


def _write(path: Path, read: Callable[[int], bytes], wanted: BuildFile) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest = sha256()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags, 0o600)
    try:
        while chunk := read(_CHUNK):
            digest.update(chunk)
            write_all(fd, chunk)
        if digest.hexdigest() != wanted.sha256:
            raise _refused(wanted.path, "WRONG_DIGEST", "not the bytes that were signed")
        os.fchmod(fd, wanted.mode)
    finally:
        os.close(fd)


def _refused(name: str, code: str, what: str) -> RefusedError:
    return RefusedError(
        f"{name[:120]!r}: {what}",
        code=code,
        place="artefact.tar",
        remedy="keep it as evidence; nothing of it was put in place",
    )
