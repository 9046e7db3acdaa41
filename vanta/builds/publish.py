"""From a candidate that enough people signed off to a release on the export."""

import os
import shutil
from pathlib import Path

from vanta.builds.admit import Approved, approved
from vanta.builds.pack import ARTEFACT, MANIFEST, SIGNATURE, SIGNOFFS, SUMS
from vanta.builds.permission import Permission
from vanta.builds.release import Release, check_artefact, check_sums, read_release
from vanta.builds.slots import discard
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.journal.durable import fsync_directory
from vanta.journal.files import atomic_write

_PARTS = (ARTEFACT, SUMS, MANIFEST, SIGNATURE)


def plan_release(candidate: Path, permission: Permission) -> tuple[Release, Approved]:
    """A candidate that may be released; every byte of it was looked at.

    Raises:
        RefusedError: `UNSIGNED`, `UNKNOWN_BUILDER`, `UNAPPROVED`, `TAMPERED`.
        UnavailableError: `NO_BUILD`.
    """
    release = read_release(candidate)
    found = approved(release, permission)
    check_artefact(candidate / ARTEFACT, release.manifest)
    check_sums(candidate, release.manifest)
    return release, found


def publish(release: Release, releases: Path) -> Path:
    """Put a candidate among the releases, whole or not at all; one that is there gets sign-offs.

    Raises:
        UnavailableError: `EXPORT_UNWRITABLE`.
        RefusedError: `TAMPERED`: what was copied is not what was looked at.
    """
    target = releases / release.name
    draft = releases / f"{release.name}.tmp"
    try:
        releases.mkdir(mode=0o755, parents=True, exist_ok=True)
        if target.is_dir():
            _put_signoffs(release, target)
            return target
        discard(draft)
        (draft / SIGNOFFS).mkdir(mode=0o755, parents=True)
        for name in _PARTS:
            shutil.copyfile(release.folder / name, draft / name, follow_symlinks=False)
            (draft / name).chmod(0o444)
            with (draft / name).open("rb") as file:
                os.fsync(file.fileno())
        _put_signoffs(release, draft)
        copied = read_release(draft)
        if copied.signed != release.signed:
            raise RefusedError(
                "another manifest was copied than was looked at",
                code="TAMPERED",
                place=str(draft),
                remedy="find who changes the candidate meanwhile, then release it again",
            )
        check_artefact(draft / ARTEFACT, copied.manifest)
        check_sums(draft, copied.manifest)
        fsync_directory(draft)
        draft.rename(target)
        fsync_directory(releases)
    except OSError as error:
        raise UnavailableError(
            f"cannot be written: {error.strerror}",
            code="EXPORT_UNWRITABLE",
            place=str(draft),
            remedy="releases are made on Alpha, whose export it is; free its disk",
        ) from error
    return target


def _put_signoffs(release: Release, folder: Path) -> None:
    for name, armour in release.signoffs.items():
        atomic_write(folder / SIGNOFFS / name, armour, mode=0o444)
