"""Moving a walk over the lines of one open segment."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from vanta.domain.errors import MalformedError
from vanta.domain.record import Record
from vanta.journal.blame import fault
from vanta.journal.chain import BrokenLineError, Spot, Walk
from vanta.journal.segment import complete_lines


def walk_from_first(fd: int, path: Path) -> Walk:
    """A walk that takes the first line of an open segment by its own account."""
    try:
        for _, line in complete_lines(fd):
            return Walk.before(line)
    except MalformedError as error:
        raise BrokenLineError(error.message, code=error.code, spot=Spot(path, 1, 0)) from error
    raise BrokenLineError("no line at all", code="SEGMENT_OPENING", spot=Spot(path, 1, 0))


def walk_file(walk: Walk, fd: int, path: Path, files: Sequence[Path]) -> Iterator[Record]:
    """Move `walk` over every complete line of one open segment, naming the first that is broken.

    Args:
        walk: what the segment's first line has to follow.
        fd: the open segment.
        path: its name, for errors.
        files: every segment of its journal, in order.
    """
    spot = Spot(path, 1, 0)
    head = walk.head
    try:
        for offset, line in complete_lines(fd):
            spot = Spot(path, spot.line, offset)
            head = walk.head
            record = walk.step(line)
            yield record
            spot = Spot(path, spot.line + 1, offset + len(line) + 1)
    except MalformedError as error:
        raise fault(error, spot, fd=fd, files=files, head=head) from error


def check_whole(fd: int, path: Path) -> None:
    """Raise `TORN_TAIL` when a closed segment ends without a newline: closing comes after it."""
    end = os.fstat(fd).st_size
    if end and os.pread(fd, 1, end - 1) != b"\n":
        line, offset = 1, 0
        for start, text in complete_lines(fd):
            line, offset = line + 1, start + len(text) + 1
        raise BrokenLineError(
            "the last line has no end", code="TORN_TAIL", spot=Spot(path, line, offset)
        )
