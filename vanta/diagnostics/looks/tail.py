"""The end of a journal, for what only wants to know what happened lately.

It reads a bounded number of bytes and checks nothing: whether the journal is sound is another
look's question.
"""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

BYTES = 8 * 1024 * 1024
"""What is read from the end of a live segment."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """What is wanted of a record."""

    seq: int
    ts: int
    type: str
    body: msgspec.Raw


class Tail(NamedTuple):
    """The last records of a live segment."""

    lines: tuple[Line, ...]
    whole: bool
    """Whether the segment begins among them."""

    @property
    def since(self) -> int:
        """Everything written from here on is among them."""
        return self.lines[0].ts if self.lines else 0

    @property
    def size(self) -> int:
        """Records of the journal, as far as it is known here."""
        return self.lines[-1].seq + 1 if self.lines else 0


_line = msgspec.json.Decoder(Line)


def tail(journal: Path, limit: int = BYTES) -> Tail:
    """The last records of a journal, oldest first; none where there is no journal."""
    try:
        fd = os.open(journal, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Tail((), whole=True)
    try:
        end = os.fstat(fd).st_size
        start = max(0, end - limit)
        lines = os.pread(fd, end - start, start).split(b"\n")
    finally:
        os.close(fd)
    # What follows the last line end is no line yet; a first one that is cut is none either.
    found = []
    for line in lines[1 if start else 0 : -1]:
        try:
            found.append(_line.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return Tail(tuple(found), whole=not start)
