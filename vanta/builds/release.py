"""A release folder as it lies on the export: read within bounds, judged by its signatures alone.

Nothing here unpacks anything, and nothing of the folder is believed before its manifest's
signature is.
"""

import errno
import os
import re
import stat
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vanta.builds.manifest import (
    BUILD_NAMESPACE,
    MOST_MANIFEST,
    REVIEW_NAMESPACE,
    Manifest,
    checked_name,
    name_of,
    read_manifest,
)
from vanta.builds.pack import MANIFEST, SIGNATURE, SIGNOFFS, SUMS, sums_of
from vanta.builds.seal import signer_of
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.domain.name import NAME
from vanta.governance.keys import PublicKey
from vanta.governance.sshsig import MAX_ARMOR
from vanta.journal.durable import fsync_directory
from vanta.journal.files import atomic_write

RELEASES = "releases"
"""Folder of the export that nodes stage from."""
_MOST_SIGNOFFS = 64
_SIGNOFF = re.compile(rf"{NAME}\.sig\Z")
_CHUNK = 1024 * 1024


class Release(NamedTuple):
    """A build on its way: everything of it but the artefact."""

    folder: Path
    name: str
    manifest: Manifest
    signed: bytes
    """The manifest's bytes: what every signature is over."""
    signature: bytes
    """The builder's; empty where there is none."""
    signoffs: Mapping[str, bytes]
    """File name to the signature in it."""

    def builders_key(self) -> PublicKey:
        """Who signed it.

        Raises:
            RefusedError: `UNSIGNED`, or what is wrong with the signature.
        """
        if not self.signature:
            raise RefusedError(
                "nobody signed this build",
                code="UNSIGNED",
                place=str(self.folder / SIGNATURE),
                remedy=f"its builder signs it: `vanta build create`, or `ssh-keygen -Y sign "
                f"-n {BUILD_NAMESPACE} -f KEY {MANIFEST}`",
            )
        return signer_of(
            self.signature, self.signed, BUILD_NAMESPACE, place=str(self.folder / SIGNATURE)
        )

    def reviewers_keys(self) -> tuple[list[PublicKey], list[VantaError]]:
        """Whose sign-offs hold, and what is wrong with the others: a bad one takes no good one."""
        keys, wrong = [], list[VantaError]()
        for name, armour in sorted(self.signoffs.items()):
            place = str(self.folder / SIGNOFFS / name)
            try:
                keys.append(signer_of(armour, self.signed, REVIEW_NAMESPACE, place=place))
            except VantaError as error:
                wrong.append(error)
        return keys, wrong


def read_release(folder: Path) -> Release:
    """Read a release, candidate or slot folder.

    Raises:
        UnavailableError: `NO_BUILD`: there is none.
        MalformedError: `MANIFEST`, `MALFORMED_JSON`.
        RefusedError: `OTHER_BUILD`: the folder is called after another build.
    """
    signed = _read(folder / MANIFEST, MOST_MANIFEST)
    if signed is None:
        raise UnavailableError(
            "there is no build",
            code="NO_BUILD",
            place=str(folder),
            remedy="`vanta build status` shows what is here and on the export; is it mounted?",
        )
    manifest = read_manifest(signed, place=str(folder / MANIFEST))
    name = name_of(manifest.version, signed)
    if folder.resolve().name.removesuffix(".tmp") != name:
        raise RefusedError(
            f"the manifest is that of {name}",
            code="OTHER_BUILD",
            place=str(folder),
            remedy="copy the release again; a build is called after its manifest",
        )
    return Release(
        folder,
        name,
        manifest,
        signed,
        _read(folder / SIGNATURE, MAX_ARMOR) or b"",
        _signoffs(folder / SIGNOFFS),
    )


def check_artefact(path: Path, manifest: Manifest) -> None:
    """Hold an artefact against its manifest, byte for byte.

    Raises:
        RefusedError: `TAMPERED`.
        UnavailableError: `NO_BUILD`: it is not there.
    """
    digest, size = sha256(), 0
    try:
        with open_plain(path) as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > manifest.artefact.size:
                    break
                digest.update(chunk)
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}",
            code="NO_BUILD",
            place=str(path),
            remedy="copy the release again",
        ) from error
    if (size, digest.hexdigest()) != (manifest.artefact.size, manifest.artefact.sha256):
        raise tampered(path, "it is not the artefact that was signed")


def check_sums(folder: Path, manifest: Manifest) -> bytes:
    """The list for `sha256sum`, held against the manifest.

    Raises:
        RefusedError: `TAMPERED`.
    """
    sums = sums_of(manifest.files)
    there = _read(folder / SUMS, MOST_MANIFEST)
    if there != sums or sha256(sums).hexdigest() != manifest.sums:
        raise tampered(folder / SUMS, "it is not the list that was signed")
    return sums


def tampered(path: Path, what: str) -> RefusedError:
    """Something is not what was signed."""
    return RefusedError(
        what,
        code="TAMPERED",
        place=str(path),
        remedy="keep it as evidence, find who changed it, and copy the release again",
    )


def find(export: Path, build: str) -> Path:
    """Where the export has a release; a candidate is none, however many signed it off.

    Raises:
        RefusedError: `BUILD_NAME`.
        UnavailableError: `NO_BUILD`.
    """
    folder = export / RELEASES / checked_name(build)
    if folder.is_dir():
        return folder
    if not export.is_dir():
        raise UnavailableError(
            "the export is not there, so nothing can be staged from it",
            code="NO_BUILD",
            place=str(export),
            remedy="mount it, or correct `builds.export` in etc/node.yaml; what runs goes on",
        )
    raise UnavailableError(
        f"the export has no release {build}",
        code="NO_BUILD",
        place=str(export),
        remedy="is it mounted? `vanta build release` on Alpha puts a candidate among the releases",
    )


def _signoffs(folder: Path) -> dict[str, bytes]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return {}
    found = {}
    for name in [each for each in names if _SIGNOFF.fullmatch(each)][:_MOST_SIGNOFFS]:
        armour = _read(folder / name, MAX_ARMOR)
        if armour:
            found[name] = armour
    return found


def lay_signoffs(
    folder: Path,
    wanted: Mapping[str, bytes],
    *,
    mode: int,
    checkpoint: Callable[[str], object] = lambda _name: None,
) -> None:
    """Let a folder hold exactly these sign-offs; what was taken back goes first.

    Args:
        folder: `signoffs`; it is there.
        wanted: file name to the signature in it.
        mode: of the files.
        checkpoint: called between any two steps.

    Raises:
        OSError, UnavailableError: the disk takes nothing; doing it again goes on.
    """
    there = _signoffs(folder)
    for name in sorted(there.keys() - wanted.keys()):
        (folder / name).unlink()
        checkpoint(f"dropped {name}")
    for name, data in wanted.items():
        if there.get(name) != data:
            atomic_write(folder / name, data, mode=mode)
            checkpoint(f"wrote {name}")
    fsync_directory(folder)


def open_plain(path: Path) -> BinaryIO:
    """A plain file to read, and never what a link or a pipe in its place leads to.

    Raises:
        OSError: there is none.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a plain file")
    return os.fdopen(fd, "rb")


def copy_plain(source: Path, target: Path, most: int) -> None:
    """Copy a plain file, durably and never what a link in its place leads to.

    Args:
        source: it may change while it is read: whoever copies looks at the copy.
        target: it does not exist.
        most: bytes that are read; one more is copied, which is enough to see that it is another.

    Raises:
        UnavailableError: `NO_BUILD`: there is nothing to copy.
        OSError: the target cannot be written.
    """
    try:
        content = open_plain(source)
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}",
            code="NO_BUILD",
            place=str(source),
            remedy="is the export mounted? copy the release again",
        ) from error
    with content, target.open("xb") as out:
        left = most + 1
        while left and (chunk := content.read(min(_CHUNK, left))):
            out.write(chunk)
            left -= len(chunk)
        out.flush()
        os.fsync(out.fileno())


def _read(path: Path, most: int) -> bytes | None:
    """A plain file's bytes, one more than are allowed at most; None where there is none."""
    try:
        with open_plain(path) as file:
            return file.read(most + 1)
    except OSError:
        return None
