"""What of a node goes into a bundle, taken so that it fits together, and nothing else.

Only what is known to be public is taken: journals, their checkpoints, views that say what they are
derived from, the pinned introduction. A link, or a file that holds a private key, is refused.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from vanta.audit.nodes import READING_ORDER, Node, files, in_reading_order
from vanta.audit.nodes import views as view_paths
from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError, VantaError
from vanta.domain.record import GENESIS, Position
from vanta.journal.chain import chain, decode_line
from vanta.journal.segment import (
    OPENED,
    ROTATED,
    checkpoints_path,
    complete_lines,
    last_line,
    open_files,
)
from vanta.journal.view import DerivedFrom

BLOCK = 1024 * 1024
_SECRET = re.compile(rb"\n-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_OVERLAP = 128
"""Bytes a marker may reach from one block into the next."""


class Holding(NamedTuple):
    """One file of a bundle: its path there, and its first `size` bytes, from an open file."""

    name: str
    file: IO[bytes]
    size: int

    def blocks(self) -> Iterator[bytes]:
        """Its bytes.

        Raises:
            UnavailableError: it became shorter.
        """
        self.file.seek(0)
        left = self.size
        while left:
            block = self.file.read(min(left, BLOCK))
            if not block:
                raise UnavailableError(
                    "the file became shorter while it was read",
                    code="JOURNAL_CHANGED",
                    place=self.name,
                    remedy="verify the node before exporting it",
                )
            left -= len(block)
            yield block


class JournalHeld(NamedTuple):
    """One journal of a bundle."""

    node: Node
    name: str
    segments: tuple[Holding, ...]
    checkpoints: Holding | None
    position: Position
    """Where its last whole line says it ends."""
    torn: int
    """Bytes after that line, left out: nobody was told that they were written."""


class Held(NamedTuple):
    """Everything taken from some nodes."""

    journals: tuple[JournalHeld, ...]
    views: tuple[tuple[Node, Holding], ...]
    pins: tuple[Holding, ...]


def hold(nodes: list[Node], stack: ExitStack) -> Held:
    """Open everything that goes into a bundle; services may be running.

    Views and checkpoints are read before the journals they speak of, and each journal before those
    it refers to, so that what is taken fits together.

    Args:
        nodes: whose.
        stack: closes the files.

    Raises:
        RefusedError: `NOT_PLAIN`: something in `memory` is a link; `SECRET`: it holds a key.
    """
    views = [
        (node, _whole(path, _name(node, path), stack))
        for node in nodes
        for path in view_paths(node.layout)
        if _is_view(path)
    ]
    order = in_reading_order(nodes)
    notes = {}
    for node, journal in order:
        path = checkpoints_path(node.layout.journal(journal))
        if path.exists():
            notes[node.name, journal] = _whole(path, _name(node, path), stack)
    journals = [
        _journal(node, journal, notes.get((node.name, journal)), stack)
        for node, journal in order
        if _is_journal(node, journal)
    ]
    pins = [
        _whole(node.layout.trust, f"nodes/{node.name}/etc/{node.layout.trust.name}", stack)
        for node in nodes
        if node.layout.trust.exists()
    ]
    return Held(tuple(journals), tuple(views), tuple(pins))


def refuse_secrets(holding: Holding) -> None:
    """Raise `RefusedError` (`SECRET`) when a line of a file begins a private key.

    No journal and no view has such a line: text inside JSON never begins a line.
    """
    before = b"\n"
    for block in holding.blocks():
        if _SECRET.search(before + block):
            raise RefusedError(
                "it holds a private key, which no bundle may",
                code="SECRET",
                place=holding.name,
                remedy="find out how the key got there, and replace it",
            )
        before = (before + block)[-_OVERLAP:]


def _name(node: Node, path: Path) -> str:
    return f"nodes/{node.name}/memory/{path.name}"


def _plain(path: Path, stack: ExitStack) -> IO[bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise _not_plain(path) from error
        raise UnavailableError(
            f"cannot be read: {error.strerror}", code="UNREADABLE", place=str(path)
        ) from error
    file = stack.enter_context(os.fdopen(fd, "rb"))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise _not_plain(path)
    return file


def _not_plain(path: Path) -> RefusedError:
    return RefusedError(
        "a link, or no plain file: what is behind it may be anything",
        code="NOT_PLAIN",
        place=str(path),
        remedy="put the file itself there",
    )


def _whole(path: Path, name: str, stack: ExitStack) -> Holding:
    file = _plain(path, stack)
    return Holding(name, file, os.fstat(file.fileno()).st_size)


class _Stamped(msgspec.Struct):
    derived_from: DerivedFrom


def _is_view(path: Path) -> bool:
    if path.is_symlink():
        raise _not_plain(path)
    with contextlib.suppress(MalformedError):
        return bool(decode(_Stamped, path.read_bytes()))
    return False


def _is_journal(node: Node, journal: str) -> bool:
    """Whether it is one of ours, broken or not, or begins as journals do."""
    if journal in READING_ORDER:
        return bool(files(node.layout, journal))
    with ExitStack() as stack:
        for path in files(node.layout, journal)[:1]:
            with contextlib.suppress(MalformedError):
                first = next(
                    (line for _, line in complete_lines(_plain(path, stack).fileno())), b""
                )
                return decode_line(first).type in {OPENED, ROTATED}
    return False


def _journal(node: Node, name: str, notes: Holding | None, stack: ExitStack) -> JournalHeld:
    live = node.layout.journal(name)
    paths = files(node.layout, name)
    for path in paths:
        if path.is_symlink():
            raise _not_plain(path)
    segments: list[Holding] = []
    try:
        with open_files(live) as found:
            file = stack.enter_context(os.fdopen(os.dup(found.fd), "rb"))
            segments = [_whole(path, _name(node, path), stack) for path in found.closed]
            segments.append(Holding(_name(node, live), file, os.fstat(found.fd).st_size))
    except VantaError:
        # Broken, and so evidence: it goes along as it lies there.
        segments = [_whole(path, _name(node, path), stack) for path in paths]
    *closed, last = segments
    position, whole = _reached(last, live)
    torn = max(0, last.size - whole)
    return JournalHeld(node, name, (*closed, last._replace(size=whole)), notes, position, torn)


def _reached(live: Holding, path: Path) -> tuple[Position, int]:
    """The position a segment's last whole line states, and the bytes up to it."""
    try:
        found = last_line(live.file.fileno(), path)
    except MalformedError:
        return Position(0, GENESIS), live.size
    if found is None:
        return Position(0, GENESIS), 0
    offset, line = found
    end = offset + len(line) + 1
    try:
        record = decode_line(line)
        return Position(record.seq + 1, chain(record.prev, line)), end
    except (MalformedError, ValueError):
        return Position(0, GENESIS), end
