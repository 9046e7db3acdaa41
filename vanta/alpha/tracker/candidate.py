"""A candidate: a build on Alpha's export that waits to be looked at, and who has signed it off."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.builds.manifest import checked_name
from vanta.builds.release import read_release
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.node.layout import Layout


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
    """Where candidates lie: on the export that the node's configuration names, or on its own.

    Raises:
        MalformedError: the configuration cannot be read.
    """
    if not layout.config.exists():
        return layout.export / "modules"
    from vanta.node.config import read_config  # noqa: PLC0415 - takes long, and is rarely needed

    wanted = read_config(layout.config).builds.export
    return (Path(wanted) if wanted else layout.export) / "modules"


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
    """Read a candidate's manifest and the signature of who built it.

    Whether that person may build, the policy says later.

    Raises:
        UnavailableError: `NO_CANDIDATE`: no such build lies there.
        RefusedError: `OTHER_BUILD`: its manifest is another one; `UNSIGNED`, or what is wrong with
            the signature.
        MalformedError: it is no manifest, or its signature is none.
    """
    if not _is_name(build):
        raise _absent(layout, build, "is not the name of a build")
    try:
        release = read_release(modules(layout) / build)
    except UnavailableError as error:
        raise _absent(layout, build, "is not there") from error
    said = release.manifest
    stated = Stated(
        version=said.version,
        commit=said.commit,
        follows=said.follows,
        sha256=hashlib.sha256(release.signed).hexdigest(),
        sha512=hashlib.sha512(release.signed).hexdigest(),
        builder=release.builders_key().openssh,
    )
    return Found(release.folder, release.signed, stated)


def _absent(layout: Layout, build: str, why: str) -> UnavailableError:
    there = candidates(layout)
    return UnavailableError(
        f"{build[:100]} {why}",
        code="NO_CANDIDATE",
        place=str(modules(layout)),
        remedy=f"name one of {', '.join(there[-5:])}" if there else "vanta build create",
    )
