"""A node's slots: complete before they are named, read-only once they are, checked file by file."""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from vanta.builds.manifest import BuildFile, Manifest, checked_name
from vanta.builds.pack import ARTEFACT, MANIFEST, SIGNATURE, SIGNOFFS, SUMS
from vanta.builds.release import (
    Release,
    check_artefact,
    check_sums,
    copy_plain,
    lay_signoffs,
    open_plain,
    read_release,
    tampered,
)
from vanta.builds.room import check_room
from vanta.builds.unpack import FOLDER_MODE, seal_folders, unpack
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.journal.durable import fsync_directory
from vanta.journal.files import atomic_write

_TMP = ".tmp"
_READ_ONLY = 0o444
_CHUNK = 1024 * 1024
_OURS = frozenset({MANIFEST, SIGNATURE, SUMS})
"""What lies in a slot beside the build's own files; and the sign-offs."""


class Slots:
    """The folder of slots.

    Args:
        folder: such as `/opt/vanta/slots`.
        checkpoint: called between any two steps, with what was just done.
    """

    def __init__(
        self, folder: Path, checkpoint: Callable[[str], object] = lambda _name: None
    ) -> None:
        self.folder = folder
        self._checkpoint = checkpoint

    def path(self, build: str) -> Path:
        """A build's slot; it may not exist."""
        return self.folder / checked_name(build)

    def put(self, release: Release) -> None:
        """Unpack a release into its slot; a crash anywhere leaves the slot whole or not there.

        Raises:
            RefusedError, MalformedError: it is not what was signed; nothing is left of it.
            UnavailableError: `SLOT_UNWRITABLE`, `NO_BUILD`, `NO_ROOM`.
        """
        slot = self.path(release.name)
        draft = slot.with_name(slot.name + _TMP)
        manifest = release.manifest
        check_room(self.folder, manifest.artefact.size + sum(each.size for each in manifest.files))
        try:
            if not self.folder.is_dir():
                self.folder.mkdir(parents=True)
                # Whatever the umask: services of other users start from below it.
                self.folder.chmod(0o755)
            discard(draft)
            draft.mkdir(mode=0o755)
            self._checkpoint("made the draft")
            self._fill(draft, release)
            draft.rename(slot)
            self._checkpoint("named the slot")
            fsync_directory(self.folder)
            self._checkpoint("kept the slot's name")
        except OSError as error:
            with contextlib.suppress(OSError):
                discard(draft)
            raise UnavailableError(
                f"cannot be written: {error.strerror}",
                code="SLOT_UNWRITABLE",
                place=str(draft),
                remedy="free the disk; `vanta build gc` shows what may go",
            ) from error
        except VantaError:
            discard(draft)
            raise

    def _fill(self, draft: Path, release: Release) -> None:
        # The export may change while it is read: what is verified is what is unpacked.
        copy = draft / ARTEFACT
        copy_plain(release.folder / ARTEFACT, copy, release.manifest.artefact.size)
        self._checkpoint("copied the artefact")
        check_artefact(copy, release.manifest)
        sums = check_sums(release.folder, release.manifest)
        self._checkpoint("verified the artefact")
        unpack(copy, release.manifest, draft, self._checkpoint)
        copy.unlink()
        self._checkpoint("dropped the copy")
        for name, data in (
            (SUMS, sums),
            (SIGNATURE, release.signature),
            (MANIFEST, release.signed),
        ):
            atomic_write(draft / name, data, mode=_READ_ONLY)
            self._checkpoint(f"wrote {name}")
        (draft / SIGNOFFS).mkdir(mode=0o755)
        for name, data in release.signoffs.items():
            atomic_write(draft / SIGNOFFS / name, data, mode=_READ_ONLY)
        seal_folders(draft)
        self._checkpoint("sealed the draft")

    def renew_signoffs(self, build: str, wanted: Mapping[str, bytes]) -> None:
        """Let a slot hold the sign-offs that stand by now: new ones, and none taken back.

        Args:
            build: its slot is there.
            wanted: file name to the signature in it, as the export has them.

        Raises:
            UnavailableError: `WRITE_FAILED`, `SLOT_UNWRITABLE`.
        """
        folder = self.path(build) / SIGNOFFS
        there = self.read(build).signoffs
        if there == wanted:
            return
        try:
            folder.chmod(0o755)
            try:
                lay_signoffs(folder, wanted, mode=_READ_ONLY, checkpoint=self._checkpoint)
            finally:
                folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise UnavailableError(
                f"cannot be written: {error.strerror}",
                code="SLOT_UNWRITABLE",
                place=str(folder),
                remedy="free or repair the disk, then do the same again",
            ) from error

    def read(self, build: str) -> Release:
        """What a slot says of itself; its files are not looked at.

        Raises:
            UnavailableError: `NO_BUILD`: it is not staged.
        """
        try:
            return read_release(self.path(build))
        except UnavailableError as error:
            raise not_staged(build) from error

    def verify(self, build: str) -> Release:
        """A slot, every file of it held against its manifest.

        Raises:
            RefusedError: `TAMPERED`: a file is missing, changed, extra, a link, or writable.
            UnavailableError: `NOT_STAGED`.
        """
        release = self.read(build)
        try:
            if release.folder.is_symlink():
                raise tampered(release.folder, "it is a link")
            check_sums(release.folder, release.manifest)
            verify_tree(release.folder, release.manifest)
        except RefusedError as error:
            raise RefusedError(
                error.message,
                code=error.code,
                place=error.place,
                remedy=f"find who changed it; move {release.folder} away as evidence, and stage "
                "it again",
            ) from error
        return release

    def drafts(self) -> list[Path]:
        """What a staging that was cut short left behind."""
        return sorted(self.folder.glob(f"*{_TMP}")) if self.folder.is_dir() else []

    def remove(self, build: str) -> None:
        """Take a slot away: renamed first, so that none is ever half there under its name.

        Raises:
            UnavailableError: `SLOT_UNWRITABLE`.
        """
        slot = self.path(build)
        draft = slot.with_name(slot.name + _TMP)
        try:
            discard(draft)
            if slot.exists():
                slot.rename(draft)
                fsync_directory(self.folder)
                self._checkpoint("took the slot's name")
            discard(draft)
        except OSError as error:
            raise UnavailableError(
                f"cannot be removed: {error.strerror}", code="SLOT_UNWRITABLE", place=str(slot)
            ) from error


def not_staged(build: str) -> UnavailableError:
    """A build is asked for that no record says is here."""
    return UnavailableError(
        "it is not in a slot of this node",
        code="NOT_STAGED",
        place=build,
        remedy=f"vanta build stage {build}",
    )


def verify_tree(slot: Path, manifest: Manifest) -> None:
    """Hold a slot's files against a manifest.

    Raises:
        RefusedError: `TAMPERED`, with the first file that differs.
    """
    wanted = {file.path: file for file in manifest.files}
    for path in _files(slot):
        name = path.relative_to(slot).as_posix()
        file = wanted.pop(name, None)
        if file is not None:
            _check(path, file)
        elif name not in _OURS and path.parent != slot / SIGNOFFS:
            raise tampered(path, "it is no file of this build")
    if wanted:
        raise tampered(slot / min(wanted), "it is not there")


def _files(slot: Path) -> Iterator[Path]:
    owner = slot.parent.stat().st_uid
    for folder, folders, names in os.walk(slot):
        _check_folder(Path(folder), owner)
        for name in folders:
            path = Path(folder) / name
            if path.is_symlink():
                raise tampered(path, "it is a link")
        for name in names:
            path = Path(folder) / name
            if path.lstat().st_uid != owner:
                raise tampered(path, "it is another user's, who may change it")
            yield path


def _check_folder(folder: Path, owner: int) -> None:
    """A folder that others may write to holds, a moment later, what they like."""
    found = folder.lstat()
    if found.st_uid != owner:
        raise tampered(folder, "it is another user's, who may change it")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise tampered(folder, f"others may write to it: its mode is {found.st_mode & 0o7777:o}")


def _check(path: Path, file: BuildFile) -> None:
    try:
        with open_plain(path) as content:
            found = os.fstat(content.fileno())
            if stat.S_IMODE(found.st_mode) != file.mode:
                raise tampered(path, f"its mode is {stat.S_IMODE(found.st_mode):o}")
            if found.st_size != file.size:
                raise tampered(path, f"it has {found.st_size} bytes, not {file.size}")
            digest = sha256()
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise tampered(path, f"it cannot be read: {error.strerror}") from error
    if digest.hexdigest() != file.sha256:
        raise tampered(path, "its bytes are not those that were signed")


def discard(folder: Path) -> None:
    """Remove a folder of ours with everything in it, read-only or not; a link only as itself."""
    if folder.is_symlink():
        folder.unlink()
        return
    if not folder.exists():
        return
    for each, folders, _ in os.walk(folder):
        Path(each).chmod(0o755)
        for name in folders:
            path = Path(each) / name
            if not path.is_symlink():
                path.chmod(0o755)
    shutil.rmtree(folder)
