#!/usr/bin/python3 -I
"""The first build of a node, verified without VANTA: there is none on the node yet to do it.

    first_build.py RELEASE PEOPLE REVIEWS INTO

RELEASE is the folder of a release, PEOPLE a file of `<person> <public key>` as `ssh-keygen` reads
them, REVIEWS how many of them must have signed the build off beside who built it, and INTO the
folder that gets the build under its name. It asks OpenSSH about signatures and hashes everything
itself; nothing of the release is read as more than bytes before its manifest's signature holds.
What it leaves is only used to stage the same release properly, by the build's own code.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

MOST_MANIFEST = 32 * 1024**2
BUILD, REVIEW = "vanta-build", "vanta-review"


class RefusedError(Exception):
    """Why a release is not taken, and what to do."""


def people_of(file: Path) -> list[str]:
    """Whose signatures are expected."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def signed_by(person: str, manifest: bytes, signature: Path, namespace: str, file: Path) -> bool:
    """Whether a person's key signed the manifest, by OpenSSH."""
    if signature.is_symlink() or not signature.is_file():
        return False
    words = ["ssh-keygen", "-Y", "verify", "-f", str(file), "-I", person]
    done = subprocess.run(
        [*words, "-n", namespace, "-s", str(signature)],
        input=manifest, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode == 0


def answered_for(release: Path, manifest: bytes, file: Path, reviews: int) -> tuple[str, list[str]]:
    """Who built it and who signed it off; the builder's own word does not count.

    Raises:
        RefusedError: nobody who is expected built it, or too few signed it off.
    """
    people = people_of(file)
    mark = release / "manifest.json.sig"
    builder = next((who for who in people if signed_by(who, manifest, mark, BUILD, file)), None)
    if builder is None:
        raise RefusedError(
            f"{mark}: signed by none of {', '.join(people) or 'nobody'}. Name its builder's key in "
            "build_slots_people, or take a release that one of them built."
        )
    off = release / "signoffs"
    signed = [
        who
        for who in people
        if who != builder and signed_by(who, manifest, off / f"{who}.sig", REVIEW, file)
    ]
    if len(signed) < reviews:
        raise RefusedError(
            f"{off}: signed off by {len(signed)} of {reviews} people. Let others sign it off, run "
            "`vanta build release` again, or name their keys in build_slots_people."
        )
    return builder, signed


def read(path: Path, most: int) -> bytes:
    """A plain file's bytes, and never what a link in its place leads to.

    Raises:
        RefusedError: there is none, or it is larger than it may be.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}. Is the export mounted?") from error
    if len(data) > most:
        raise RefusedError(f"{path}: more than {most} bytes, so it is not what was signed.")
    return data


def unpack(data: bytes, files: list[dict[str, Any]], tree: Path) -> None:
    """Write what the manifest lists, in its order, and nothing else.

    Raises:
        RefusedError: the archive is not what the manifest says.
    """
    copy = tree / ".artefact"
    copy.write_bytes(data)
    with tarfile.open(copy, mode="r:") as archive:
        members = archive.getmembers()
        if [one.name for one in members] != [one["path"] for one in files]:
            raise RefusedError("artefact.tar: it holds other files than its manifest lists.")
        for member, wanted in zip(members, files, strict=True):
            steps = member.name.split("/")
            held = archive.extractfile(member) if member.isreg() else None
            if held is None or steps[0] not in {"bin", "lib"} or {"", ".", ".."} & set(steps):
                raise RefusedError(f"artefact.tar: {member.name!r} is no file of a build.")
            content = held.read()
            if hashlib.sha256(content).hexdigest() != wanted["sha256"]:
                raise RefusedError(f"artefact.tar: {member.name!r} is not what was signed.")
            target = tree / member.name
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o555 if wanted["mode"] & 0o100 else 0o444)
    copy.unlink()


def take(release: Path, people: Path, reviews: int, into: Path) -> str:
    """Verify a release and unpack it below `into`; who answers for it, in a line.

    Raises:
        RefusedError: it is not what was signed, or nobody who is expected signed it.
    """
    signed = read(release / "manifest.json", MOST_MANIFEST)
    builder, reviewers = answered_for(release, signed, people, reviews)
    manifest = json.loads(signed)
    name = f"{manifest['version']}-{hashlib.sha256(signed).hexdigest()[:12]}"
    if release.name != name:
        raise RefusedError(f"{release}: the manifest is that of {name}. Copy the release again.")
    data = read(release / "artefact.tar", manifest["artefact"]["size"])
    if hashlib.sha256(data).hexdigest() != manifest["artefact"]["sha256"]:
        raise RefusedError(f"{release}/artefact.tar: it is not what was signed. Copy it again.")
    draft = into / f"{name}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755, parents=True)
    unpack(data, manifest["files"], draft)
    (draft / "manifest.json").write_bytes(signed)
    shutil.rmtree(into / name, ignore_errors=True)
    draft.rename(into / name)
    return f"{name}: built by {builder}, signed off by {' and '.join(reviewers) or 'nobody'}"


def run(words: list[str]) -> int:
    """Entry point; what came of it, as an exit code."""
    os.umask(0o022)
    try:
        told = take(Path(words[0]), Path(words[1]), int(words[2]), Path(words[3]))
    except RefusedError as refused:
        sys.stderr.write(f"refused: {refused}\n")
        return 1
    sys.stdout.write(f"{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
