"""Adding a sign-off to a candidate, and taking one back."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from vanta.alpha.tracker.approval import Approval, approval, counted
from vanta.alpha.tracker.candidate import Candidate, Found, SignOff, find, modules
from vanta.alpha.tracker.desk import Desk, look
from vanta.alpha.tracker.permission import person_of, required, reviews
from vanta.alpha.tracker.sign_off import clear_away, digest, lay_out, verify
from vanta.alpha.tracker.state import TrackerState
from vanta.builds.manifest import REVIEW_NAMESPACE
from vanta.builds.release import RELEASES
from vanta.builds.seal import seal
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.clone import public_half
from vanta.governance.keys import parse_public_key
from vanta.governance.sshsig import MAX_ARMOR
from vanta.node.layout import Layout


class Signed(msgspec.Struct, frozen=True):
    """What came of a sign-off."""

    person: str
    key: str
    new: bool
    """Whether it was not there before."""
    approval: Approval


def carried(path: Path) -> str:
    """A signature that was made elsewhere.

    Raises:
        UnavailableError: `NO_SIGNATURE`.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_ARMOR + 1).decode("ascii", "replace")
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}",
            code="NO_SIGNATURE",
            place=str(path),
            remedy="ssh-keygen -Y sign -n vanta-review -f KEY < manifest.json",
        ) from error


def made(layout: Layout, thread: str, key: Path, *, told: Callable[[str], None]) -> str:
    """A signature over the candidate of a thread, made now by a person's own SSH.

    Args:
        layout: Alpha's folders.
        thread: its id, or the name of a build.
        key: the private key file, or the public one.
        told: what its holder has to know first.
    """
    state, _ = look(layout)
    candidate = _candidate(state, thread)
    lies = _unchanged(candidate, find(layout, candidate.build))
    if public_half(key).hardware:
        told("touch your key when it blinks")
    return seal(lies.manifest, key, REVIEW_NAMESPACE).decode("ascii", "replace")


def add(desk: Desk, thread: str, armour: str, now: int, *, made_here: bool) -> Signed:
    """Verify a sign-off, record it, and lay it beside its candidate.

    Args:
        desk: the tracker.
        thread: its id, or the name of a build.
        armour: the signature.
        now: UTC nanoseconds.
        made_here: whether its holder made it just now; one that was taken back and is only carried
            here again says nothing new.

    Raises:
        RefusedError: the signature does not hold, or is nobody's (`UNKNOWN_SIGNER`), or was taken
            back (`WITHDRAWN`); `MANIFEST_CHANGED`.
        UnavailableError: `NO_THREAD`, `NO_CANDIDATE`, `NO_POLICY`.
    """
    candidate = _candidate(desk.state, thread)
    lies = _unchanged(candidate, desk.found(candidate.build))
    key = verify(candidate.manifest, armour)
    found = required(desk.layout, now)
    person = person_of(desk.layout, key)
    if person is None:
        raise RefusedError(
            f"{key.fingerprint} belongs to nobody in authority.yaml",
            code="UNKNOWN_SIGNER",
            place=candidate.build,
            remedy="sign with the key you are registered with",
        )
    taken_back = digest(armour)
    if not made_here and any(one.signature == taken_back for one in candidate.withdrawn):
        raise RefusedError(
            f"{person} took this signature back",
            code="WITHDRAWN",
            place=candidate.build,
            remedy=f"{person} signs again with vt-sign -k",
        )
    signed = SignOff(person, key.fingerprint, armour, now)
    new = not any((one.person, one.signature) == (person, armour) for one in candidate.sign_offs)
    if new:
        others = tuple(one for one in candidate.sign_offs if one.person != person)
        would_be = msgspec.structs.replace(candidate, sign_offs=(*others, signed))
        by, _ = counted(would_be, found.permission)
        built = found.permission.builder(parse_public_key(candidate.manifest.builder)) is not None
        needed = found.permission.needed if built else 0
        candidate = desk.sign(candidate, signed, by, needed, found.commit)
    lay_out(candidate, lies.folder)
    return Signed(person, key.fingerprint, new, approval(desk.state, candidate, found.permission))


def withdraw(desk: Desk, thread: str, person: str, why: str) -> Candidate:
    """Take a person's sign-off back: from the candidate, and from the release where it is one.

    Taking back what is taken back already only clears away what was left lying.

    Raises:
        UnavailableError: `NO_SIGN_OFF`: there is none; `NO_THREAD`, `NO_CANDIDATE`; `WRITE_FAILED`:
            it is taken back, and its file is still there.
    """
    candidate = _candidate(desk.state, thread)
    signed = next((one for one in candidate.sign_offs if one.person == person), None)
    if signed is None and not any(one.person == person for one in candidate.withdrawn):
        there = ", ".join(one.person for one in candidate.sign_offs)
        raise UnavailableError(
            f"{person[:80]} has not signed it off",
            code="NO_SIGN_OFF",
            place=candidate.build,
            remedy=f"name one of {there}" if there else "nothing is to be taken back",
        )
    if signed is not None:
        candidate = desk.withdraw(candidate, person, digest(signed.signature), why)
    folder = modules(desk.layout) / candidate.build
    # First where nodes look.
    clear_away(person, folder.parent.with_name(RELEASES) / candidate.build)
    if folder.is_dir():
        lay_out(candidate, folder)
    return candidate


def worth(layout: Layout, build: str, now: int) -> Approval:
    """What the sign-offs of a build come to now: for whoever releases it.

    Raises:
        UnavailableError: `NO_CANDIDATE`: no thread names it, or it lies there no more.
        RefusedError: `MANIFEST_CHANGED`: it is not what was signed.
    """
    state, _ = look(layout)
    candidate = _candidate(state, build)
    _unchanged(candidate, find(layout, build))
    return approval(state, candidate, reviews(layout, now).permission)


def _candidate(state: TrackerState, asked: str) -> Candidate:
    known = state.candidates.get(asked)
    return known if known is not None else state.candidate(state.thread(asked))


def _unchanged(candidate: Candidate, lies: Found) -> Found:
    """What lies on the export, if it is what the threads speak of."""
    if lies.stated != candidate.manifest:
        raise RefusedError(
            "its manifest, or who signed it as built, is another than when it was named",
            code="MANIFEST_CHANGED",
            place=str(lies.folder),
            remedy=f"vt-fix THREAD --candidate {candidate.build}, if that is right",
        )
    return lies
