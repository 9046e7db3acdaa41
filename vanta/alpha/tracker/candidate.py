"""A candidate: a build on Alpha's export that waits to be looked at, and who has signed it off."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.builds.manifest import (
    BUILD_NAMESPACE,
    MOST_MANIFEST,
    checked_name,
    name_of,
    read_manifest,
)
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance.keys import PublicKey
from vanta.governance.sshsig import MAX_ARMOR, parse_armor, verify
from vanta.node.layout import Layout

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
SIGN_OFFS = "signoffs"


class SignOff(msgspec.Struct, frozen=True, gc=False):
    """One person's signature over a candidate's manifest."""

    person: str
    """Whose key it was, by the authority in force when it was added."""
    key: str
    """Fingerprint."""
    signature: str
    """SSHSIG armour under `vanta-review`."""
    at: int


class Withdrawn(msgspec.Struct, frozen=True, gc=False):
    """A sign-off that was taken back."""

    person: str
    signature: str
    """SHA-256 of its armour."""
    by: str
    why: str
    at: int


class Stated(msgspec.Struct, frozen=True, gc=False):
    """What of a manifest the tracker keeps: what people call it, and what was signed."""

    version: str
    commit: str
    follows: str
    sha256: str
    """Of its bytes, in hex; a signature names one of the two, and can be checked by it alone."""
    sha512: str
    builder: str
    """The key that signed it as built, in OpenSSH form; whoever has it does not review it."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A build, as the tracker knows it."""

    build: str
    record: str
    """Id of the record that named it first."""
    named: int
    """When that was."""
    manifest: Stated
    threads: tuple[str, ...] = ()
    """Threads whose candidate it is."""
    sign_offs: tuple[SignOff, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    counted: tuple[str, ...] = ()
    """People whose sign-off counted when the last one came or went."""
    needed: int = 0
    """How many it took then; 0 before anybody signed, or where its builder may not build."""
    policy: str = ""
    """Governance commit that said so."""

    @property
    def approved(self) -> bool:
        """Whether enough had signed when the last sign-off came or went."""
        return len(self.counted) >= self.needed > 0


class Found(NamedTuple):
    """A candidate as it lies on the export."""

    folder: Path
    manifest: bytes
    stated: Stated


def modules(layout: Layout) -> Path:
    """Where candidates lie."""
    return layout.root / "build" / "modules"


def candidates(layout: Layout) -> list[str]:
    """Names of the candidates that lie on the export."""
    try:
        names = [path.name for path in modules(layout).iterdir() if path.is_dir()]
    except OSError:
        return []
    return sorted(name for name in names if _is_name(name))


def _is_name(text: str) -> bool:
    try:
        checked_name(text)
    except RefusedError:
        return False
    return True


def find(layout: Layout, build: str) -> Found:
    """Read the manifest of a candidate and check that it is the one its name says.

    Raises:
        UnavailableError: `NO_CANDIDATE`: no such build lies there.
        RefusedError: `MANIFEST_CHANGED`: its manifest is another one; `UNSIGNED`: nobody signed it
            as built, or not this one.
        MalformedError: it is no manifest, or its signature is none.
    """
    folder = modules(layout) / build
    place = str(folder / MANIFEST)
    if not _is_name(build):
        raise _absent(layout, build, "is not the name of a build")
    try:
        data = _plain(folder / MANIFEST, MOST_MANIFEST)
    except OSError as error:
        raise _absent(layout, build, f"cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    said = read_manifest(data, place=place) if build.endswith(f"-{digest[:12]}") else None
    if said is None or build != name_of(said.version, data):
        raise RefusedError(
            "its manifest is not the one the build is named by",
            code="MANIFEST_CHANGED",
            place=place,
            remedy="make the build again, and find out who changed this one",
        )
    sha512 = hashlib.sha512(data).hexdigest()
    builder = _builder(folder / SIGNATURE, data)
    stated = Stated(said.version, said.commit, said.follows, digest, sha512, builder.openssh)
    return Found(folder, data, stated)


def _plain(path: Path, most: int) -> bytes:
    """A file of a candidate, and one byte beyond `most`; whoever laid it there may lay a trap."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        return file.read(most + 1) or b""


def _builder(path: Path, manifest: bytes) -> PublicKey:
    """Whose key signed a manifest as built; whether that may build, the policy says later."""
    remedy = "vanta build create signs what it makes"
    try:
        armour = _plain(path, MAX_ARMOR)
    except OSError as error:
        raise RefusedError(
            f"nobody signed it as built: {error.strerror}",
            code="UNSIGNED",
            place=str(path),
            remedy=remedy,
        ) from error
    try:
        return verify(parse_armor(armour), manifest, BUILD_NAMESPACE)
    except VantaError as error:
        raise RefusedError(
            f"nobody signed it as built: {error.message} [{error.code}]",
            code="UNSIGNED",
            place=str(path),
            remedy=remedy,
        ) from error


def _absent(layout: Layout, build: str, why: str) -> UnavailableError:
    there = candidates(layout)
    return UnavailableError(
        f"{build[:100]} {why}",
        code="NO_CANDIDATE",
        place=str(modules(layout)),
        remedy=f"name one of {', '.join(there[-5:])}" if there else "vanta build create",
    )
