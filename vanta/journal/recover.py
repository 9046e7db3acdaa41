"""What a crash may leave of a journal, and putting it right before the next append.

A crash leaves at most: a last line without its end, which was never acknowledged and is cut off; a
new segment not yet under the live name, which is thrown away; or, between the two, the live file
under a second, closed name, which is taken back. Anything else was done by somebody, and stops
here.
"""

import os
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import MalformedError
from vanta.journal.chain import BrokenLineError, Spot, Walk
from vanta.journal.durable import fsync_directory
from vanta.journal.scan import check_whole, walk_file
from vanta.journal.segment import (
    checkpoints_path,
    closed_numbers,
    closed_path,
    complete_lines,
    last_line,
    next_path,
    open_files,
    open_segment,
)


class Recovered(NamedTuple):
    """A journal that is whole again, flushed, and ready for its next line."""

    walk: Walk
    segment: int
    opening: int
    """Bytes of the live segment's first line, newline included."""
    size: int
    """Bytes of the live segment."""
    torn: int
    """Bytes of an unfinished line that were cut off."""


def recover(path: Path) -> Recovered | None:
    """Put the journal at `path` right; the caller holds its lock. None when there is none yet.

    Raises:
        BrokenLineError: a complete line of the live segment that is not as it was written.
        MalformedError: `SEGMENT_MISSING` or `SEGMENT_EXTRA`; `JOURNAL_MISSING` when closed files
            or checkpoints stand without their live file.
        OSError: the disk refuses.
    """
    _revert_rotation(path)
    numbers = closed_numbers(path)
    if not path.exists():
        if numbers or checkpoints_path(path).exists():
            raise MalformedError(
                "the live segment is gone and what belongs to it is not",
                code="JOURNAL_MISSING",
                place=str(path),
                remedy="restore it from its off-node copy; do not start an empty one",
            )
        return None
    with open_files(path) as files:
        walk = _end_of(files.closed[-1]) if files.closed else Walk()
        for _ in walk_file(walk, files.fd, path, files.paths):
            pass
        extra = [number for number in numbers if number > len(files.closed)]
        if extra:
            raise MalformedError(
                f"{path.name} does not continue it",
                code="SEGMENT_EXTRA",
                place=str(closed_path(path, extra[0])),
                remedy="move it away once it is known where it came from",
            )
        whole = last_line(files.fd, path)
        size = whole[0] + len(whole[1]) + 1 if whole else 0
        opening = next(len(line) + 1 for _, line in complete_lines(files.fd))
        torn = os.fstat(files.fd).st_size - size
    _cut(path, size)
    return Recovered(walk, files.opening.segment, opening, size, torn)


def _revert_rotation(path: Path) -> None:
    """Undo a rotation that had not reached the live name: no record is in it."""
    pending = next_path(path)
    for number in closed_numbers(path)[-1:]:
        closed = closed_path(path, number)
        if path.exists() and closed.samefile(path):
            closed.unlink()
            fsync_directory(path.parent)
    if pending.exists():
        pending.unlink()
        fsync_directory(path.parent)


def _end_of(closed: Path) -> Walk:
    """What the live segment has to follow: the last line of the file closed before it."""
    fd = open_segment(closed)
    try:
        check_whole(fd, closed)
        offset, line = last_line(fd, closed) or (0, b"")
        try:
            walk = Walk.before(line)
            walk.step(line)
        except MalformedError as error:
            number = sum(1 for _ in complete_lines(fd, 0, offset)) + 1
            spot = Spot(closed, number, offset)
            raise BrokenLineError(error.message, code=error.code, spot=spot) from error
    finally:
        os.close(fd)
    return walk


def _cut(path: Path, size: int) -> None:
    """Cut the live segment at its last whole line and make what is left, and its name, durable."""
    fd = os.open(path, os.O_WRONLY)
    try:
        if os.fstat(fd).st_size != size:
            os.ftruncate(fd, size)
        os.fsync(fd)
    finally:
        os.close(fd)
    fsync_directory(path.parent)
