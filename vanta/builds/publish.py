"""From a candidate that enough people signed off to a release on the export."""

from pathlib import Path

from vanta.builds.admit import Approved, approved
from vanta.builds.manifest import MOST_MANIFEST
from vanta.builds.pack import ARTEFACT, MANIFEST, SIGNATURE, SIGNOFFS, SUMS
from vanta.builds.permission import Permission
from vanta.builds.release import (
    Release,
    check_artefact,
    check_sums,
    copy_plain,
    lay_signoffs,
    read_release,
)
from vanta.builds.slots import discard
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.sshsig import MAX_ARMOR
from vanta.journal.durable import fsync_directory

_READ_ONLY = 0o444


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
    """Put a candidate among the releases, whole or not at all.

    One that is there already holds the candidate's sign-offs afterwards, and no others. Whoever
    calls it holds the journal of Alpha's builds, so that nobody else does it meanwhile.

    Raises:
        UnavailableError: `EXPORT_UNWRITABLE`, `WRITE_FAILED`.
        RefusedError: `TAMPERED`: what was copied is not what was looked at.
    """
    target = releases / release.name
    draft = releases / f"{release.name}.tmp"
    try:
        releases.mkdir(mode=0o755, parents=True, exist_ok=True)
        if target.is_dir():
            lay_signoffs(target / SIGNOFFS, release.signoffs, mode=_READ_ONLY)
            return target
        discard(draft)
        (draft / SIGNOFFS).mkdir(mode=0o755, parents=True)
        # Of a file of another size than was looked at, enough comes along to be refused below.
        for name, most in (
            (ARTEFACT, release.manifest.artefact.size),
            (SUMS, MOST_MANIFEST),
            (MANIFEST, MOST_MANIFEST),
            (SIGNATURE, MAX_ARMOR),
        ):
            copy_plain(release.folder / name, draft / name, most)
            (draft / name).chmod(_READ_ONLY)
        lay_signoffs(draft / SIGNOFFS, release.signoffs, mode=_READ_ONLY)
        copied = read_release(draft)
        if (copied.signed, copied.signature) != (release.signed, release.signature):
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
