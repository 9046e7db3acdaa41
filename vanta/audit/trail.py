"""Reading a journal with the place and the chain value of every record."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Record
from vanta.journal.chain import BrokenLineError, Spot, Walk, decode_line
from vanta.journal.segment import complete_lines, open_files, open_segment


class Found(NamedTuple):
    """A record and where it lies."""

    node: str
    journal: str
    spot: Spot
    record: Record
    head: str
    """Chain value of the journal up to and with it."""

    @property
    def place(self) -> str:
        """File, line and byte, for a person."""
        return show_spot(self.spot)


def show_spot(spot: Spot) -> str:
    """`file:line (byte offset)`."""
    return f"{spot.file}:{spot.line} (byte {spot.offset})"


def trail(node: str, path: Path, *, limit: int | None = None) -> Iterator[Found]:
    """Every record of a journal in order, checking the chain on the way.

    Args:
        node: whose journal.
        path: its live file; the writer may be running.
        limit: most records to read; None for all there are.

    Raises:
        BrokenLineError: after every record before the broken line was given out.
        UnavailableError: there is no journal.
    """
    walk = Walk()
    with open_files(path) as files:
        for index, file in enumerate(files.paths):
            fd = open_segment(file) if index < len(files.closed) else os.dup(files.fd)
            try:
                for number, (offset, line) in enumerate(complete_lines(fd), 1):
                    if limit is not None and walk.size >= limit:
                        return
                    spot = Spot(file, number, offset)
                    try:
                        record = walk.step(line)
                    except MalformedError as error:
                        raise BrokenLineError(error.message, code=error.code, spot=spot) from error
                    yield Found(node, path.stem, spot, record, walk.head)
            finally:
                os.close(fd)


def at(spot: Spot, record_id: str) -> Record:
    """The record that was found at `spot`, read again.

    Raises:
        UnavailableError: `JOURNAL_CHANGED`: its file was closed meanwhile, and has another name.
    """
    fd = open_segment(spot.file)
    try:
        line = next((line for _, line in complete_lines(fd, spot.offset)), b"")
    finally:
        os.close(fd)
    try:
        record = decode_line(line)
    except MalformedError:
        record = None
    if record is None or record.id != record_id:
        raise UnavailableError(
            "the file was changed while it was read",
            code="JOURNAL_CHANGED",
            place=show_spot(spot),
            remedy="ask again",
        )
    return record
