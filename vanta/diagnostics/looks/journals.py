"""The journals of a node: the chain of each live segment, its end, the last checkpoint.

It costs one pass over the live segment. `vanta audit verify` goes through all of it, every closed
file and every signature, and takes as long as that takes.
"""

import os
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vanta.diagnostics.facts import Checkpoint, Journal, Journals
from vanta.domain.errors import VantaError
from vanta.domain.record import GENESIS
from vanta.governance.keys import parse_public_key
from vanta.governance.published import PolicyReader
from vanta.journal import note as signed_note
from vanta.journal.chain import Walk
from vanta.journal.checkpoint import open_note
from vanta.journal.scan import walk_file, walk_from_first
from vanta.journal.segment import checkpoints_path, lock_path, open_files
from vanta.node.checkpoints import journals
from vanta.node.layout import Layout

SHARE = 0.5
"""Of the time a look has, what all live segments together may be followed for."""

DISK_ERROR = "DISK_ERROR"
"""The disk gave no answer, or a wrong one: code of a journal that cannot be read at all."""

_LOOK_AGAIN = 0.05
_EVERY = 256
"""Records between two looks at the clock."""
_NOTE_BYTES = 256 * 1024
_BLANK = b"\n\n"


def look(layout: Layout, node: str, seconds: float) -> Journals:
    """Every journal of the node.

    Args:
        layout: the node's folders.
        node: its name.
        seconds: that the look has; what is not followed by then is told.
    """
    keys = _keys(layout.memory, node)
    found = journals(layout)
    each = SHARE * seconds / max(1, len(found))
    return Journals(tuple(_journal(path, node, keys, each) for path in found))


def _keys(memory: Path, node: str) -> tuple[str, ...]:
    """The node's registered keys; none where no policy can be read."""
    try:
        return PolicyReader(memory)().policy.nodes.get(node, ())
    except VantaError:
        return ()


class _Followed(msgspec.Struct):
    """How far the live segment was followed."""

    size: int = 0
    head: str = GENESIS
    walked: int = 0
    whole: bool = True
    opened: int = 0
    last: int = 0
    at_mark: str = ""
    """Chain value where the checkpoint is."""
    after_mark: int | None = None
    """When the first record after it was written."""


def _journal(path: Path, node: str, keys: tuple[str, ...], seconds: float) -> Journal:
    note = _last_note(path)
    mark = _size(note)
    followed = _Followed()
    trouble = why = place = ""
    try:
        _follow(path, mark, followed, time.monotonic() + seconds)
    except VantaError as error:
        trouble, why, place = error.code, error.message, error.place
    except OSError as error:
        trouble, why, place = DISK_ERROR, error.strerror or "", str(path)
    torn = 0 if trouble else _torn(path)
    if torn:
        # A line that is being written at this very moment has no end yet either.
        time.sleep(_LOOK_AGAIN)
        torn = _torn(path) if _torn(path) == torn else 0
    return Journal(
        name=path.stem,
        size=followed.size,
        walked=followed.walked,
        whole=followed.whole,
        live_bytes=path.stat().st_size,
        opened=followed.opened,
        last=followed.last,
        torn=torn,
        writer=writer(path),
        trouble=trouble,
        why=why,
        place=place,
        checkpoint=_checkpoint(note, node, keys, followed, broken=bool(trouble)),
    )


def _follow(path: Path, mark: int | None, followed: _Followed, until: float) -> None:
    with open_files(path) as files:
        walk = walk_from_first(files.fd, files.live) if files.closed else Walk()
        first = walk.size
        if mark == walk.size:
            followed.at_mark = walk.head
        for record in walk_file(walk, files.fd, files.live, files.paths):
            followed.size, followed.head = walk.size, walk.head
            followed.walked = walk.size - first
            followed.opened = followed.opened or record.ts
            followed.last = record.ts
            if mark is not None and record.seq >= mark and followed.after_mark is None:
                followed.after_mark = record.ts
            if mark == walk.size:
                followed.at_mark = walk.head
            if not followed.walked % _EVERY and time.monotonic() > until:
                followed.whole = False
                return


def _torn(path: Path) -> int:
    """Bytes after the last line end of the live file."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        at = end
        while at:
            start = max(0, at - 65_536)
            file.seek(start)
            newline = file.read(at - start).rfind(b"\n")
            if newline >= 0:
                return end - (start + newline + 1)
            at = start
    return end


def writer(path: Path) -> int:
    """Who holds the journal, by the kernel's own list: asking for the lock could keep it from one.

    A container is told of pid 0 where the holder runs outside of it: nobody, as far as it knows.
    """
    try:
        inode = lock_path(path).stat().st_ino
        held = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return 0
    for line in held:
        words = line.split()
        if "FLOCK" in words and "->" not in words and words[5].rpartition(":")[2] == str(inode):
            return max(0, int(words[4]))
    return 0


def _last_note(journal: Path) -> bytes | None:
    """The last whole note in the journal's file of checkpoints, read from its end."""
    try:
        with checkpoints_path(journal).open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - _NOTE_BYTES))
            *paragraphs, _ = file.read().split(_BLANK)
    except FileNotFoundError:
        return None
    if len(paragraphs) < 2:  # noqa: PLR2004 - text and signatures
        return None
    return paragraphs[-2] + _BLANK + paragraphs[-1] + b"\n"


def _size(note: bytes | None) -> int | None:
    """The size a note states, believing nothing."""
    lines = note.split(b"\n", 2) if note else []
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else None


def _checkpoint(
    note: bytes | None, node: str, keys: tuple[str, ...], followed: _Followed, *, broken: bool
) -> Checkpoint | None:
    if note is None:
        return None
    try:
        size, head = _opened(note, node, keys)
    except VantaError as error:
        return Checkpoint(_size(note) or 0, error.code, error.message, 0, None)
    trouble = why = ""
    if not broken and followed.whole:
        if size > followed.size:
            trouble = "CHECKPOINT_AHEAD"
            why = f"it holds {followed.size} records, and {size} were signed for"
        elif followed.at_mark not in {"", head}:
            trouble, why = "CHECKPOINT_HEAD", f"record {size - 1} is not the one that was signed"
    uncovered = max(0, followed.size - size)
    return Checkpoint(size, trouble, why, uncovered, followed.after_mark if uncovered else None)


def _opened(note: bytes, node: str, keys: tuple[str, ...]) -> tuple[int, str]:
    """Size and head of a note that one of the node's keys signed."""
    known: dict[str, Ed25519PublicKey] = {}
    for signature in signed_note.parse(note).signatures:
        for text in keys if signature.name == node else ():
            key = parse_public_key(text).material.key
            if (
                isinstance(key, Ed25519PublicKey)
                and signed_note.key_id(node, key) == signature.key_id
            ):
                known[node] = key
    position = open_note(note, known).position
    return position.size, position.head
