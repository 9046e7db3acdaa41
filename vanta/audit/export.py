"""A bundle: what some nodes wrote, for somebody who trusts neither them nor this program.

The same nodes in the same state make the same bytes. Nothing in a bundle is secret, and everything
needed to check it is inside: the formats in words, and a script that shares no code with VANTA.
"""

import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import msgspec

from vanta.audit.governed import Governed, governed
from vanta.audit.holdings import Held, Holding, hold, refuse_secrets
from vanta.audit.nodes import Node, nodes
from vanta.domain.encoding import encode
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.journal.durable import fsync_directory
from vanta.node.layout import Layout

FORMAT = "vanta-audit-bundle/1"
ROOT = "vanta-audit"
"""The one folder a bundle unpacks to."""

_README = """\
A VANTA audit bundle: the journals of a fund's nodes, and what it takes to check them.

    python3 -I verify_bundle.py

needs Python 3.9 or newer and nothing else, works offline, and ends with a verdict. formats.md says
what every file is and how to check it by hand. manifest.json names every file by its SHA-256; its
own SHA-256 should have reached you another way.
"""
_MODE = 0o644


class ExportReport(msgspec.Struct, frozen=True):
    """What was written."""

    path: str
    bytes: int
    files: int
    manifest_sha256: str
    """Tell it to whoever gets the bundle by another way than the bundle."""
    left_out: tuple[str, ...]
    """What a node lacked, or held that is not whole."""


def export(
    layouts: Sequence[Layout], out: Path, *, progress: Callable[[str], None] | None = None
) -> ExportReport:
    """Write a bundle of nodes to `out`, a new `.tar.gz` file; complete, or not there at all.

    Broken journals go along as they are: they are evidence.

    Args:
        layouts: the nodes' folders; services may be running.
        out: a file that does not exist; its folder does.
        progress: told what is being done.

    Raises:
        RefusedError: `OUTPUT_EXISTS`; `SECRET`, `NOT_PLAIN` when a node holds what must not leave.
        UnavailableError: `WRITE_FAILED`, `GIT_FAILED`; no nodes are there.
    """
    say = progress or (lambda _: None)
    if out.exists() or out.is_symlink():
        raise _exists(out)
    found = nodes(layouts)
    with ExitStack() as stack:
        say("taking stock")
        held = hold(found, stack)
        say("reading governance")
        ruled = governed(found, held, stack)
        holdings = _holdings(held, ruled)
        digests = {}
        for holding in holdings:
            say(f"hashing {holding.name}")
            refuse_secrets(holding)
            digests[holding.name] = _digest(holding)
        manifest = msgspec.json.format(encode(_manifest(found, held, ruled, digests)), indent=2)
        say(f"writing {out.name}")
        _write(out, [_inline("manifest.json", manifest + b"\n"), *holdings])
    return ExportReport(
        path=str(out),
        bytes=out.stat().st_size,
        files=len(digests) + 1,
        manifest_sha256=hashlib.sha256(manifest + b"\n").hexdigest(),
        left_out=(*_left_out(held), *ruled.left_out),
    )


def formats_page() -> bytes:
    """`formats.md`: inside an installed package, or among the documents of a checkout."""
    installed = files("vanta.audit") / "formats.md"
    if installed.is_file():
        return installed.read_bytes()
    beside = Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md"
    try:
        return beside.read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"the description of the formats is not installed: {error.strerror}",
            code="NO_FORMATS",
            place=str(beside),
            remedy="install vanta from a release",
        ) from error


def _holdings(held: Held, ruled: Governed) -> list[Holding]:
    """Every file but the manifest, by name."""
    found = [holding for journal in held.journals for holding in journal.segments]
    found += [journal.checkpoints for journal in held.journals if journal.checkpoints]
    found += [holding for _, holding in held.views]
    found += held.pins
    found += ruled.bundles
    found += [
        _inline("README.txt", _README.encode()),
        _inline("formats.md", formats_page()),
        _inline("verify_bundle.py", (files("vanta.audit") / "verify_bundle.py").read_bytes()),
        _inline("keys/nodes.allowed_signers", ruled.nodes_signers),
        _inline("keys/people.allowed_signers", ruled.people_signers),
    ]
    return sorted(found, key=lambda holding: holding.name)


def _inline(name: str, content: bytes) -> Holding:
    return Holding(name, io.BytesIO(content), len(content))


def _digest(holding: Holding) -> dict[str, Any]:
    digest = hashlib.sha256()
    for block in holding.blocks():
        digest.update(block)
    return {"sha256": digest.hexdigest(), "bytes": holding.size}


def _manifest(
    found: Sequence[Node], held: Held, ruled: Governed, digests: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    stated: dict[str, Any] = {
        node.name: {"role": node.role, "journals": {}, "views": [], "governance": None}
        for node in found
    }
    for journal in held.journals:
        stated[journal.node.name]["journals"][journal.name] = {
            "segments": [holding.name for holding in journal.segments],
            "size": journal.position.size,
            "head": journal.position.head,
            "checkpoints": journal.checkpoints.name if journal.checkpoints else "",
        }
    for node, view in held.views:
        stated[node.name]["views"].append(view.name)
    for name, repository in ruled.repositories.items():
        stated[name]["governance"] = repository
    return {"format": FORMAT, "nodes": stated, "files": digests}


def _left_out(held: Held) -> list[str]:
    return [
        f"{journal.node.name}: the last {journal.torn} bytes of {journal.name}, which are no line"
        for journal in held.journals
        if journal.torn
    ]


def _write(out: Path, holdings: Sequence[Holding]) -> None:
    """Put the archive beside `out` and give it the name only when it is whole."""
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{out.name}.", dir=out.parent) as file:
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                _pack(packed, holdings)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
            try:
                # A link, unlike a rename, never takes the place of another file.
                os.link(file.name, out)
            except FileExistsError as error:
                raise _exists(out) from error
        with suppress(FileNotFoundError):
            Path(file.name).unlink()
        fsync_directory(out.parent)
    except OSError as error:
        raise UnavailableError(
            f"cannot be written: {error.strerror}",
            code="WRITE_FAILED",
            place=str(out),
            remedy="name a folder that is there and has room",
        ) from error


def _pack(packed: "gzip.GzipFile | IO[bytes]", holdings: Sequence[Holding]) -> None:
    with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for holding in holdings:
            entry = tarfile.TarInfo(f"{ROOT}/{holding.name}")
            entry.size, entry.mode = holding.size, _MODE
            holding.file.seek(0)
            archive.addfile(entry, holding.file)


def _exists(out: Path) -> RefusedError:
    return RefusedError(
        "something is there already, and is not overwritten",
        code="OUTPUT_EXISTS",
        place=str(out),
        remedy="name a new file",
    )
