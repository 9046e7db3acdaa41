"""Reading a journal: all of it, what its live segment holds, and what is appended from now on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from vanta.domain.errors import MalformedError, UnavailableError, VantaError
from vanta.domain.record import GENESIS, Position, Record
from vanta.journal.blame import fault
from vanta.journal.chain import Spot, Walk
from vanta.journal.scan import check_whole, walk_file, walk_from_first
from vanta.journal.segment import Files, closed_path, complete_lines, open_files, open_segment

POLL_LIMIT = 65_536
"""Most records one poll returns."""


class LiveState(NamedTuple):
    """All a view needs: the state its live segment opened with, and what came after."""

    opening: Record
    """`journal.opened` or `journal.rotated`."""
    state: msgspec.Raw
    """The snapshot in it, as JSON; `null` where the journal began without one."""
    records: list[Record]
    """Everything appended since, in order."""
    position: Position
    """How far that is."""


def segments(path: Path) -> list[Path]:
    """The files of a journal, first to last; the live one is last.

    Raises:
        UnavailableError: there is no journal at `path`.
        MalformedError: a closed file is gone, or the live one does not open as a segment.
    """
    with open_files(path) as files:
        return list(files.paths)


def read(path: Path) -> Iterator[Record]:
    """Every record of a journal, in order, checking the chain on the way.

    It ends with the last complete line there is when it gets there; it may run beside the writer.

    Raises:
        BrokenLineError: with file, line and byte, after every record before it was given out.
        UnavailableError: there is no journal at `path`.
    """
    with open_files(path) as files:
        walk = Walk()
        for closed in files.closed:
            fd = open_segment(closed)
            try:
                yield from walk_file(walk, fd, closed, files.paths)
                check_whole(fd, closed)
            finally:
                os.close(fd)
        yield from walk_file(walk, files.fd, files.live, files.paths)


def read_since(path: Path, since: int) -> Iterator[Record]:
    """Every record from the segment on that was being written at `since`, checking as `read` does.

    The first record is that segment's opening one, with the state everything before it amounts to.

    Args:
        path: the journal.
        since: UTC nanoseconds; before the journal's beginning it gives all of it.

    Raises:
        BrokenLineError: with file, line and byte, after every record before it was given out.
        UnavailableError: there is no journal at `path`.
    """
    with open_files(path) as files:
        first = _segment_at(files, since)
        walk = Walk()
        for number, closed in enumerate(files.closed[first:], first):
            fd = open_segment(closed)
            try:
                if number == first > 0:
                    walk = walk_from_first(fd, closed)
                yield from walk_file(walk, fd, closed, files.paths)
                check_whole(fd, closed)
            finally:
                os.close(fd)
        if first == len(files.closed) > 0:
            walk = walk_from_first(files.fd, files.live)
        yield from walk_file(walk, files.fd, files.live, files.paths)


def _segment_at(files: Files, since: int) -> int:
    """The newest segment that opened at or before an instant; the first where none did."""
    if not files.closed or walk_from_first(files.fd, files.live).ts <= since:
        return len(files.closed)
    for number in range(len(files.closed) - 1, 0, -1):
        fd = open_segment(files.closed[number])
        try:
            if walk_from_first(fd, files.closed[number]).ts <= since:
                return number
        finally:
            os.close(fd)
    return 0


def live_state(path: Path) -> LiveState:
    """The live segment: its opening state and the records after it.

    Raises:
        BrokenLineError: a line that does not follow.
        UnavailableError: there is no journal at `path`.
    """
    with open_files(path) as files:
        walk = walk_from_first(files.fd, files.live) if files.closed else Walk()
        opening, *records = walk_file(walk, files.fd, files.live, files.paths)
        return LiveState(opening, files.opening.state, records, walk.position)


class Tail:
    """Follows a journal from a position on, across rotations, never ahead of the disk.

    A record is given out after it was flushed, so what a reader acts on is not taken back by a
    power cut. Not thread-safe.

    Args:
        path: the journal; it may not exist yet when following from its start.
        after: what has been read already; None for nothing.
    """

    def __init__(self, path: Path, after: Position | None = None) -> None:
        start = after if after is not None else Position(0, GENESIS)
        self._path = path
        self._walk = Walk(start.size, start.head)
        self._fd: int | None = None
        self._segment = 0
        self._line = 1
        self._offset = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a later poll opens it again where this one left off."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    @property
    def position(self) -> Position:
        """How far it has read."""
        return self._walk.position

    def poll(self, limit: int = POLL_LIMIT) -> list[Record]:
        """Records appended since the last poll, at most `limit`; empty when there are none.

        Raises:
            BrokenLineError: a line that does not follow the one before it.
            MalformedError: `POSITION_LOST`: the journal ends before the position, or holds
                another record there; it was cut short, rewritten, or is another journal.
            UnavailableError: the journal cannot be read or flushed.
        """
        found: list[Record] = []
        try:
            fd = self._begin() if self._fd is None else self._fd
            while fd is not None:
                live = self._is_live(fd)
                for record in self._read_on(fd, limit - len(found)):
                    found.append(record)  # noqa: PERF402 - what was read before an error counts
                fd = None if live or len(found) >= limit else self._next_segment(fd)
        except VantaError:
            # What came before is sound and has been walked past; the next poll meets the error.
            if not found:
                raise
        return found

    def _begin(self) -> int | None:
        """Open the segment that holds the position and find it there; None before the journal."""
        try:
            with open_files(self._path) as files:
                self._fd = self._open_holding(files)
        except UnavailableError as error:
            if error.code == "JOURNAL_MISSING" and self._walk.size == 0:
                return None
            raise
        try:
            self._find_position(self._fd)
        except BaseException:
            self.close()
            raise
        return self._fd

    def _open_holding(self, files: Files) -> int:
        """The newest segment that opens at or before the position; its number in `_segment`."""
        segment = files.opening.segment
        fd = os.dup(files.fd)
        path = files.live
        while segment and walk_from_first(fd, path).size > self._walk.size:
            os.close(fd)
            path = closed_path(self._path, segment)
            fd = open_segment(path)
            segment -= 1
        self._segment = segment
        return fd

    def _find_position(self, fd: int) -> None:
        """Walk from the segment's first line to the position and compare what is there."""
        wanted = self._walk.position
        self._line, self._offset = 1, 0
        if wanted.size == 0:
            return
        self._walk = walk_from_first(fd, self._path)
        for _ in self._read_on(fd, wanted.size - self._walk.size):
            pass
        reached, time = self._walk.position, self._walk.ts
        self._walk = Walk(wanted.size, wanted.head, time)
        if reached.size < wanted.size:
            raise self._lost(f"the journal ends after {reached.size} records")
        if reached.head != wanted.head:
            raise self._lost(f"record {wanted.size - 1} is another one")

    def _read_on(self, fd: int, limit: int) -> Iterator[Record]:
        """Flush, then walk over at most `limit` lines that were there before the flush."""
        end = os.fstat(fd).st_size
        if end < self._offset:
            raise self._lost(f"the file ends at byte {end}, before byte {self._offset}")
        if end == self._offset or limit <= 0:
            return
        try:
            os.fdatasync(fd)
        except OSError as error:
            raise UnavailableError(
                f"cannot be flushed: {error.strerror}", code="JOURNAL_FAILED", place=str(self._path)
            ) from error
        left = limit
        try:
            for _, line in complete_lines(fd, self._offset, end):
                record = self._walk.step(line)
                self._line += 1
                self._offset += len(line) + 1
                yield record
                left -= 1
                if not left:
                    return
        except MalformedError as error:
            files = segments(self._path)
            file = files[min(self._segment, len(files) - 1)]
            spot = Spot(file, self._line, self._offset)
            raise fault(error, spot, fd=fd, files=files, head=self._walk.head) from error

    def _is_live(self, fd: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(fd))
        except OSError as error:
            raise UnavailableError(
                f"cannot be read: {error.strerror}", code="JOURNAL_MISSING", place=str(self._path)
            ) from error

    def _next_segment(self, fd: int) -> int:
        """Leave a segment that was closed, read to its end, for the one after it."""
        with open_files(self._path) as files:
            if files.opening.segment <= self._segment:
                raise self._lost("the live file was replaced")
            check_whole(fd, files.closed[self._segment])
            last = files.opening.segment == self._segment + 1
            after = os.dup(files.fd) if last else open_segment(files.closed[self._segment + 1])
        os.close(fd)
        self._fd = after
        self._segment += 1
        self._line, self._offset = 1, 0
        return after

    def _lost(self, why: str) -> MalformedError:
        return MalformedError(
            f"the journal no longer holds record {self._walk.size - 1} as it was read: {why}",
            code="POSITION_LOST",
            place=str(self._path),
            remedy="verify the journal against its checkpoints before reading it from the start",
        )
