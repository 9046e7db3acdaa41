"""The files of one journal: their names, the record each opens with, their lines."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import content_id
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Entry
from vanta.journal.chain import MAX_LINE, TOO_LONG, BrokenLineError, Spot, chain, decode_line

OPENED = "journal.opened"
"""Type of a journal's first record."""
ROTATED = "journal.rotated"
"""Type of the first record of every later segment."""
NAME_THE_NODE = "name a node's folder whose service has run: its journals are in memory/"
"""What to do about a journal that is not there, most of the time."""
_BLOCK = 1024 * 1024


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a segment's first record."""

    segment: int
    """From 0; segment n follows n closed files."""
    state: msgspec.Raw
    """What everything before this segment amounts to, as the service's snapshot; or null."""
    journal: str = ""
    """The journal's name, in segment 0."""
    previous: str = ""
    """File name of the segment before, in every other."""


class Files(NamedTuple):
    """A journal as it stood when its live segment was opened."""

    closed: tuple[Path, ...]
    live: Path
    fd: int
    """Of the live segment, whatever is renamed meanwhile."""
    opening: Opening

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every segment, first to last."""
        return (*self.closed, self.live)


def closed_path(journal: Path, number: int) -> Path:
    """The file that holds segment `number - 1` once it is closed."""
    return journal.with_name(f"{journal.stem}.{number:06d}{journal.suffix}")


def next_path(journal: Path) -> Path:
    """Where a new segment is written before it takes the live name."""
    return journal.with_name(f"{journal.name}.next")


def lock_path(journal: Path) -> Path:
    """The file the one writer locks."""
    return journal.with_name(f"{journal.name}.lock")


def checkpoints_path(journal: Path) -> Path:
    """The file that keeps this journal's signed checkpoints."""
    return journal.with_name(f"{journal.name}.checkpoints")


def closed_numbers(journal: Path) -> list[int]:
    """Numbers of the closed files that exist, in order."""
    name = re.compile(rf"{re.escape(journal.stem)}\.(\d{{6,}}){re.escape(journal.suffix)}")
    try:
        found = [name.fullmatch(entry) for entry in os.listdir(journal.parent)]  # noqa: PTH208 - names only
    except OSError as error:
        raise UnavailableError(
            f"no journal there: {error.strerror}",
            code="JOURNAL_MISSING",
            place=str(journal),
            remedy=NAME_THE_NODE,
        ) from error
    return sorted(int(match[1]) for match in found if match)


def opening_entry(journal: Path, segment: int, head: str, state: object) -> Entry:
    """The entry that opens segment `segment` after a line of chain value `head`."""
    body: dict[str, object] = {"segment": segment, "state": state}
    if segment:
        body["previous"] = closed_path(journal, segment).name
    else:
        body["journal"] = journal.stem
    framed = (journal.stem.encode(), str(segment).encode(), head.encode())
    kind = ROTATED if segment else OPENED
    return Entry(type=kind, id=content_id("segment", *framed), body=body)


def complete_lines(fd: int, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes (without newline) of every complete line between two offsets.

    What follows the last newline is not a line yet and is left out.

    Raises:
        MalformedError: `LINE_LONG`, without a place.
    """
    offset, begun, held = start, [b""], 0
    while True:
        at = offset + held
        block = os.pread(fd, _BLOCK if end is None else min(_BLOCK, end - at), at)
        if not block:
            return
        begun.append(block)
        held += len(block)
        if b"\n" in block:
            # Put together once: a snapshot may be a line of many blocks.
            *lines, rest = b"".join(begun).split(b"\n")
            for line in lines:
                yield offset, line
                offset += len(line) + 1
            begun, held = [rest], len(rest)
        if held >= MAX_LINE:
            raise line_too_long()


def line_too_long(path: Path | None = None) -> MalformedError:
    """The error of a line nobody wrote: its end is not looked for any further."""
    place = str(path) if path else ""
    return MalformedError(f"a line of more than {MAX_LINE} bytes", code=TOO_LONG, place=place)


def read_opening(fd: int, path: Path) -> Opening:
    """The body of the record that `path`, open as `fd`, opens with.

    Raises:
        BrokenLineError: `SEGMENT_OPENING`: no segment was ever written like this.
    """
    try:
        for _, line in complete_lines(fd):
            record = decode_line(line)
            opening = msgspec.json.decode(record.body, type=Opening)
            named = opening.previous if opening.segment else opening.journal
            kind = ROTATED if opening.segment else OPENED
            if record.type == kind and named and opening.segment >= 0:
                return opening
            break
    except (MalformedError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_opening(path) from error
    raise _no_opening(path)


def _no_opening(path: Path) -> BrokenLineError:
    return BrokenLineError(
        "a segment opens with a record of its number and state, and this one does not",
        code="SEGMENT_OPENING",
        spot=Spot(path, 1, 0),
    )


def open_segment(path: Path) -> int:
    """A read-only descriptor of one file.

    Raises:
        UnavailableError: `JOURNAL_MISSING` or `JOURNAL_UNREADABLE`.
    """
    try:
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise UnavailableError(
            f"cannot be read: {error.strerror}",
            code="JOURNAL_MISSING" if missing else "JOURNAL_UNREADABLE",
            place=str(path),
            remedy=NAME_THE_NODE if missing else "ask as a user who may read the node's memory/",
        ) from error


@contextlib.contextmanager
def open_files(journal: Path) -> Iterator[Files]:
    """Open a journal as it stands, even while its writer rotates it.

    The live segment is opened first and says how many closed files come before it, so a file
    that is closed meanwhile is neither read twice nor missed.

    Raises:
        MalformedError: `SEGMENT_MISSING` when a closed file is gone.
        BrokenLineError: `SEGMENT_OPENING`.
        UnavailableError: there is no journal, or it cannot be read.
    """
    fd = open_segment(journal)
    try:
        opening = read_opening(fd, journal)
        closed = tuple(_closed(journal, opening.segment, fd))
        yield Files(closed, journal, fd, opening)
    finally:
        os.close(fd)


def _closed(journal: Path, count: int, fd: int) -> Iterator[Path]:
    """The closed files the live segment says come before it, all of which are there."""
    for number in range(1, count + 1):
        path = closed_path(journal, number)
        if not path.is_file():
            if _contradicted(fd):
                raise _no_opening(journal)
            raise MalformedError(
                f"{journal.name} continues {path.name}, which is gone",
                code="SEGMENT_MISSING",
                place=str(path),
                remedy="restore it from its off-node copy",
            )
        yield path


def _contradicted(fd: int) -> bool:
    """Whether the second line of an open file was written after another first line."""
    with contextlib.suppress(MalformedError, ValueError, StopIteration):
        lines = complete_lines(fd)
        (_, first), (_, second) = next(lines), next(lines)
        return chain(decode_line(first).prev, first) != decode_line(second).prev
    return False


def last_line(fd: int, path: Path) -> tuple[int, bytes] | None:
    """Offset and bytes of the last complete line, read from the end; None without one.

    Raises:
        MalformedError: `LINE_LONG`.
    """
    end = os.fstat(fd).st_size
    tail = b""
    while end:
        if len(tail) > 2 * MAX_LINE:
            raise line_too_long(path)
        start = max(0, end - _BLOCK)
        tail = os.pread(fd, end - start, start) + tail
        newline = tail.rfind(b"\n")
        before = tail.rfind(b"\n", 0, max(newline, 0))
        if newline >= 0 and (before >= 0 or start == 0):
            return start + before + 1, tail[before + 1 : newline]
        end = start
    return None
