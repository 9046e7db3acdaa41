"""One stretch of a journal, verified on its own: what a worker process does.

A stretch begins at a line's start and ends at a line's end. Its first line is taken by its own
account; whoever puts the stretches together checks that account against the stretch before.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.journal.chain import MAX_LINE, Walk, decode_line, is_chain_value
from vanta.journal.segment import line_too_long, open_segment

_BLOCK = 64 * 1024


class Stretch(NamedTuple):
    """Whole lines of one file, between two offsets."""

    file: str
    successor: str
    """The name the file takes should it be closed meanwhile."""
    inode: int
    start: int
    end: int


class Mark(NamedTuple):
    """The line that brought the journal to a size somebody asked for, and its chain value."""

    head: str
    line: int
    offset: int


class Verdict(NamedTuple):
    """What a stretch says of itself: lines and offsets count from its own start."""

    seq: int
    prev: str
    ts: int
    """Of its first line, as are `seq` and `prev`."""
    size: int
    head: str
    last_ts: int
    lines: int
    """Lines found sound, the first by its own account."""
    offset: int
    """Bytes of those lines: where the faulty one starts, if there is one."""
    code: str
    message: str
    """The first fault; empty when there is none."""
    marks: dict[int, Mark]


def stretches(file: Path, successor: Path, fd: int, end: int, size: int) -> Iterator[Stretch]:
    """Cut the first `end` bytes of an open file into stretches of about `size` bytes."""
    inode = os.fstat(fd).st_ino
    start = 0
    while start < end:
        stop = _line_end(file, fd, min(start + size, end), end)
        yield Stretch(str(file), str(successor), inode, start, stop)
        start = stop


def verify_stretch(stretch: Stretch, wanted: Collection[int]) -> Verdict:
    """Walk over one stretch.

    Args:
        stretch: the bytes.
        wanted: sizes of the journal whose chain values are asked for.

    Returns:
        What it found; a file that is gone or ends early is a fault too, coded `JOURNAL_*`.
    """
    try:
        lines = _lines(stretch)
        first = decode_line(lines[0])
    except (MalformedError, UnavailableError) as error:
        return Verdict(0, "", 0, 0, "", 0, 0, 0, error.code, error.message, {})
    start = (first.seq, first.prev, first.ts)
    if not is_chain_value(first.prev):
        # It fits nothing that may come before: putting the stretches together finds that.
        return Verdict(*start, *start, 1, 0, "", "", {})
    walk = Walk(*start)
    marks: dict[int, Mark] = {}
    done = offset = 0
    code = message = ""
    try:
        for line in lines:
            walk.step(line)
            if walk.size in wanted:
                marks[walk.size] = Mark(walk.head, done, offset)
            done += 1
            offset += len(line) + 1
    except MalformedError as error:
        code, message = error.code, error.message
    return Verdict(*start, walk.size, walk.head, walk.ts, done, offset, code, message, marks)


def _lines(stretch: Stretch) -> Sequence[bytes]:
    length = stretch.end - stretch.start
    data = b""
    for name in (stretch.file, stretch.successor):
        if not Path(name).exists():
            continue
        fd = open_segment(Path(name))
        try:
            if os.fstat(fd).st_ino == stretch.inode:
                data = os.pread(fd, length, stretch.start)
                break
        finally:
            os.close(fd)
    if len(data) != length:
        raise UnavailableError(
            "the file was changed while it was verified",
            code="JOURNAL_CHANGED",
            place=stretch.file,
        )
    return data[:-1].split(b"\n")


def _line_end(file: Path, fd: int, at: int, end: int) -> int:
    """The offset after the first newline from `at - 1` on."""
    seek = at - 1
    while seek < end:
        block = os.pread(fd, min(_BLOCK, end - seek), seek)
        found = block.find(b"\n")
        if found >= 0:
            return seek + found + 1
        if not block or seek - at > MAX_LINE:
            break
        seek += len(block)
    raise line_too_long(file)
