"""What a build is: the manifest that its builder signs, and its name; pure.

The bytes of the manifest are what is signed, and the build's name is made of their digest: two
builds of one name are the same build.
"""

import re
from hashlib import sha256
from typing import Literal

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError, RefusedError

KIND = "vanta-build/v1"
BUILD_NAMESPACE: Literal["vanta-build"] = "vanta-build"
"""What a builder signs a manifest under."""
REVIEW_NAMESPACE: Literal["vanta-review"] = "vanta-review"
"""What somebody who looked at a build signs its manifest off under."""

MOST_FILES = 50_000
MOST_BYTES = 2 * 1024**3
"""Of all files of a build together; nothing near it was ever made."""
MOST_MANIFEST = 32 * 1024**2

_NAME = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){1,3}(?:[.+-]?[a-z0-9]{1,20})?-[0-9a-f]{12}\Z")
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_PATH = re.compile(r"[A-Za-z0-9_.+@ ()\[\]{}=,~!-]{1,255}\Z")
_COMPILER = re.compile(r"[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}\Z")
_MODES = frozenset({0o444, 0o555})
FOLDERS = frozenset({"bin", "lib"})
"""What a build's files lie in; what a slot holds beside them is the node's."""


class BuildFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a build, as it lies in a slot."""

    path: str
    """Below the slot, with `/`; no link, and nothing above the slot."""
    mode: int
    """0o444, or 0o555 for what is run."""
    size: int
    sha256: str


class Artefact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one file that travels."""

    size: int
    sha256: str


class Manifest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Everything a node asks about a build before it runs it."""

    kind: str
    version: str
    commit: str
    """Of the sources, in Git."""
    committed: int
    """When that commit was made, UTC nanoseconds: an older build is one of an older commit."""
    lock: str
    """SHA-256 of the lock file everything in it was resolved by."""
    schema: str
    """Edition of the governance documents it reads, such as `vanta.dev/v1`."""
    python: str
    """Such as `3.11`."""
    platform: str
    """Such as `linux_x86_64`."""
    extras: tuple[str, ...]
    follows: str
    """The build it may follow; empty where it may follow any."""
    artefact: Artefact
    sums: str
    """SHA-256 of the list that `sha256sum --check` reads."""
    files: tuple[BuildFile, ...]
    """By path."""
    compiler: str = ""
    """Which CPython wrote the bytecode, such as `3.11.7`: the same one makes the same build of the
    same commit. Empty where a build has none."""


def name_of(version: str, manifest: bytes) -> str:
    """What a build is called: its version, and twelve digits of its manifest's digest."""
    return f"{version}-{sha256(manifest).hexdigest()[:12]}"


def checked_name(name: str) -> str:
    """A build's name as somebody gave it, which may become part of a path.

    Raises:
        RefusedError: `BUILD_NAME`.
    """
    if not _NAME.fullmatch(name):
        raise RefusedError(
            f"{name[:80]!r} is no build's name",
            code="BUILD_NAME",
            remedy="take one that `vanta build status` or the export shows: 0.1.0-3f2a9c1d77e0",
        )
    return name


def read_manifest(data: bytes, *, place: str = "") -> Manifest:
    """A manifest, read strictly; what it says of files cannot leave a slot.

    Raises:
        MalformedError: `MALFORMED_JSON` or `MANIFEST`, with the field.
    """
    if len(data) > MOST_MANIFEST:
        raise _wrong(place, f"{len(data)} bytes; a manifest has {MOST_MANIFEST} at most")
    manifest = decode(Manifest, data, place=place)
    if encode(manifest) != data:
        raise _wrong(place, "not written the one way a manifest is written")
    if manifest.kind != KIND:
        raise _wrong(place, f"of the kind {manifest.kind[:40]!r}, not {KIND}")
    if manifest.follows:
        checked_name(manifest.follows)
    compiler = manifest.compiler
    if compiler and not (_COMPILER.match(compiler) and compiler.startswith(f"{manifest.python}.")):
        raise _wrong(place, f"bytecode of a Python {compiler[:40]!r}, for {manifest.python[:40]!r}")
    for digest in (manifest.lock, manifest.sums, manifest.artefact.sha256):
        if not _HEX.fullmatch(digest):
            raise _wrong(place, "a digest that is no SHA-256")
    _check_files(manifest, place)
    checked_name(name_of(manifest.version, data))
    return manifest


def _check_files(manifest: Manifest, place: str) -> None:
    if not manifest.files or len(manifest.files) > MOST_FILES:
        raise _wrong(place, f"{len(manifest.files)} files; a build has 1 to {MOST_FILES}")
    if sum(file.size for file in manifest.files) > MOST_BYTES:
        raise _wrong(place, f"more than {MOST_BYTES} bytes of files")
    before, folders = "", set[str]()
    for file in manifest.files:
        steps = file.path.split("/")
        sound = len(steps) > 1 and steps[0] in FOLDERS
        if not sound or any(step in {".", ".."} or not _PATH.fullmatch(step) for step in steps):
            raise _wrong(place, f"a file called {file.path[:120]!r}")
        if file.path <= before:
            raise _wrong(place, f"{file.path[:120]!r} is twice there, or out of order")
        if file.mode not in _MODES or file.size < 0 or not _HEX.fullmatch(file.sha256):
            raise _wrong(place, f"{file.path[:120]!r} has no mode, size or digest of a build's")
        folders.update("/".join(steps[:at]) for at in range(1, len(steps)))
        before = file.path
    if both := folders & {file.path for file in manifest.files}:
        raise _wrong(place, f"{min(both)[:120]!r} is a file and a folder")


def _wrong(place: str, what: str) -> MalformedError:
    return MalformedError(
        what, code="MANIFEST", place=place, remedy="build it again with `vanta build create`"
    )
