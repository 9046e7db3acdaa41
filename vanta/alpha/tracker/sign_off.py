"""Sign-offs: verified by what the journal kept of a manifest, and laid beside it."""

import contextlib
import errno
import hashlib
from functools import lru_cache
from pathlib import Path

from vanta.alpha.tracker.candidate import Candidate, Stated
from vanta.builds.manifest import REVIEW_NAMESPACE
from vanta.builds.pack import SIGNOFFS
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.keys import PublicKey
from vanta.governance.sshsig import parse_armor, verify_digest
from vanta.journal.durable import fsync_directory
from vanta.journal.files import atomic_write


def verify(manifest: Stated, armour: str) -> PublicKey:
    """The key whose sign-off of a candidate this is.

    Args:
        manifest: the candidate's, as it was recorded: its digests are what was signed.
        armour: the signature.

    Raises:
        RefusedError, MalformedError: it is none, or of something else; see `sshsig`.
    """
    signature = parse_armor(armour.encode())
    signed = manifest.sha256 if signature.hash_algorithm == "sha256" else manifest.sha512
    try:
        return verify_digest(signature, bytes.fromhex(signed), REVIEW_NAMESPACE)
    except RefusedError as error:
        again = {
            "BAD_SIGNATURE": "sign manifest.json of this build and no other",
            "WRONG_NAMESPACE": f"ssh-keygen -Y sign -n {REVIEW_NAMESPACE} -f KEY < manifest.json",
        }
        remedy = again.get(error.code, error.remedy)
        raise RefusedError(error.message, code=error.code, remedy=remedy) from error


def digest(armour: str) -> str:
    """What a withdrawn signature is remembered by."""
    return hashlib.sha256(armour.strip().encode()).hexdigest()


def lay_out(candidate: Candidate, folder: Path) -> None:
    """Make a candidate's `signoffs` folder hold exactly the sign-offs that stand.

    Raises:
        UnavailableError: `WRITE_FAILED`; running the same command again goes on.
    """
    there = folder / SIGNOFFS
    wanted = {f"{one.person}.sig": one.signature.encode() for one in candidate.sign_offs}
    try:
        if there.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "it leads elsewhere")
        there.mkdir(mode=0o755, exist_ok=True)
        for name, content in wanted.items():
            path = there / name
            if not path.is_file() or path.read_bytes() != content:
                atomic_write(path, content, mode=0o644)
        for path in there.glob("*.sig"):
            if path.name not in wanted:
                path.unlink()
        fsync_directory(there)
    except OSError as error:
        raise _not_laid_out(there, error) from error


def clear_away(person: str, folder: Path) -> None:
    """Take a person's sign-off out of a release, if it is there.

    Raises:
        UnavailableError: `WRITE_FAILED`; running the same command again goes on.
    """
    there = folder / SIGNOFFS
    try:
        with contextlib.suppress(FileNotFoundError):
            (there / f"{person}.sig").unlink()
            fsync_directory(there)
    except OSError as error:
        raise _not_laid_out(there, error) from error


def _not_laid_out(there: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"it is recorded, and the files of sign-offs cannot be put right: {error.strerror}",
        code="WRITE_FAILED",
        place=str(there),
        remedy="let this user write there, then type the same again: it is recorded once",
    )


@lru_cache(maxsize=4096)
def owner_of(manifest: Stated, armour: str) -> PublicKey | VantaError:
    """The key, or why it is nobody's; the same for the same bytes, so verified once a process."""
    try:
        return verify(manifest, armour)
    except VantaError as error:
        return error
