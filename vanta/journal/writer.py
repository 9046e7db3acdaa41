"""The one writer of a journal."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Entry, Position, Record
from vanta.journal.chain import TOO_LONG, Walk
from vanta.journal.durable import fsync_directory, write_all
from vanta.journal.lock import WriterLock
from vanta.journal.recover import Recovered, recover
from vanta.journal.segment import closed_path, lock_path, next_path, opening_entry

ROTATE_AT = 64 * 1024 * 1024
"""Bytes after which a segment is closed."""
MODE = 0o640
SNAPSHOT_LONG = "SNAPSHOT_LONG"
"""Code of a state that has no room in a line."""
_RESERVED = "journal."


class Journal:
    """Appends records, each durable before `append` returns.

    Every method may be called from any thread; appends take turns, one flush each
    (`group.GroupCommit` shares flushes). After a failed write nothing more is appended: what the
    failed batch left is decided when the journal is opened again.
    """

    def __init__(  # `open` is the way in
        self,
        path: Path,
        lock: WriterLock,
        *,
        actor: str,
        clock: Callable[[], int],
        rotate_at: int,
        snapshot: Callable[[], object] | None,
        when_asked: bool,
    ) -> None:
        self.path = path
        self.torn = 0
        """Bytes of an unfinished line that opening cut off; nobody was told they were written."""
        self._lock = lock
        self._actor = actor
        self._clock = clock
        self._rotate_at = self._due = rotate_at
        self._snapshot = snapshot
        self._when_asked = when_asked
        self._turn = threading.Lock()
        self._failure = ""
        self._walk = Walk()
        self._fd = -1
        self._file = (0, 0)
        self._segment = 0
        self._opening = 0
        self._size = 0

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        actor: str,
        clock: Callable[[], int],
        rotate_at: int = ROTATE_AT,
        snapshot: Callable[[], object] | None = None,
        when_asked: bool = False,
    ) -> Self:
        """Take the journal at `path`, recover it from a crash, or begin it.

        A service that goes on with a journal rebuilds its state (`reader.live_state`) before its
        first append, which may take a snapshot of it.

        Args:
            path: the live file, such as `trade_log.jsonl`; its directory exists.
            actor: service and build, written into every record.
            clock: UTC nanoseconds; called once per batch.
            rotate_at: bytes after which the next append first opens a new segment.
            snapshot: the service's state after everything appended so far, as JSON-shaped data;
                called inside `append` when a segment opens, so it must not append itself.
            when_asked: whether segments are closed by `rotate_if_due` alone, of a service whose
                state is ahead of the journal when it appends.

        Raises:
            UnavailableError: another writer holds it (`JOURNAL_LOCKED`, with its pid), or the
                disk refuses (`JOURNAL_UNWRITABLE`).
            MalformedError: it was changed by somebody; with file, line and byte.
        """
        lock = WriterLock.take(lock_path(path))
        journal = cls(
            path,
            lock,
            actor=actor,
            clock=clock,
            rotate_at=rotate_at,
            snapshot=snapshot,
            when_asked=when_asked,
        )
        try:
            found = recover(path)
            if found is None:
                journal._begin()
            else:
                journal._continue(found)
        except OSError as error:
            journal.close()
            raise UnavailableError(
                f"cannot be opened: {error.strerror}",
                code="JOURNAL_UNWRITABLE",
                place=str(path),
                remedy="free the disk or repair it, then start again",
            ) from error
        except BaseException:
            journal.close()
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def position(self) -> Position:
        """How many records are durable, and the chain value of the last."""
        return self._walk.position

    @property
    def records(self) -> int:
        """How many records are durable."""
        return self._walk.size

    @property
    def grown(self) -> int:
        """Bytes appended since the live segment was opened; what it opens with does not count."""
        return self._size - self._opening

    @property
    def failed(self) -> bool:
        """Whether a write failed, so that nothing more is appended."""
        return bool(self._failure)

    def close(self) -> None:
        """Give the file and the lock up; a second time does nothing."""
        with self._turn:
            self._failure = self._failure or "it is closed"
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._lock.release()

    def append(self, entries: Sequence[Entry]) -> list[Record]:
        """Append `entries` in order and return their records once all are on disk.

        A crash inside may keep a first part of the batch: each record stands for itself.

        Raises:
            MalformedError: an entry that cannot be a record; nothing was written.
            UnavailableError: the disk refused (`JOURNAL_FAILED`), now or before, or the file was
                changed by somebody else (`JOURNAL_CHANGED`); the journal takes nothing more.
        """
        for entry in entries:
            if entry.type.startswith(_RESERVED):
                raise MalformedError(
                    f"{entry.type} is the writer's own type", code="ENTRY", place=entry.id
                )
        with self._turn:
            self._check_usable()
            if not entries:
                return []
            if not self._when_asked:
                self._rotate_if_due()
            return self._append(entries)

    def rotate(self) -> None:
        """Close the live segment and open the next with a snapshot, whatever its size.

        Raises:
            MalformedError: a state that is not JSON (`SNAPSHOT`) or longer than a line may be
                (`SNAPSHOT_LONG`); the segment goes on.
        """
        with self._turn:
            self._check_usable()
            self._rotate()

    def rotate_if_due(self, *, early: bool = False) -> bool:
        """Close the live segment if it is full; whether it was, and was closed.

        Args:
            early: close it though it is not.
        """
        with self._turn:
            self._check_usable()
            return self._rotate_if_due(early=early)

    def _rotate_if_due(self, *, early: bool = False) -> bool:
        # A state that has no room in a line keeps nobody from appending. It is asked for again when
        # another segment's worth was appended, for making it takes long.
        put_off = self._due != self._rotate_at
        if self.grown < self._due and (put_off or not early):
            return False
        try:
            self._rotate()
        except MalformedError as error:
            if error.code != SNAPSHOT_LONG:
                raise
            self._due = self.grown + self._rotate_at
            return False
        return True

    def _append(self, entries: Sequence[Entry]) -> list[Record]:
        walk = self._walk.copy()
        written = walk.write(entries, ts=self._clock(), actor=self._actor)
        batch = b"\n".join([*(line for _, line in written), b""])
        with self._failing():
            self._check_untouched()
            write_all(self._fd, batch)
            self._flush()
            self._size += len(batch)
            self._walk = walk
        return [record for record, _ in written]

    def _flush(self) -> None:
        try:
            os.fdatasync(self._fd)
        except OSError:
            # The kernel now takes the pages for clean: read back later they would look durable.
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise

    def _begin(self) -> None:
        self._open_segment(0)

    def _continue(self, found: Recovered) -> None:
        self._walk, self.torn = found.walk, found.torn
        self._adopt(os.open(self.path, os.O_WRONLY | os.O_APPEND), found.segment)
        self._opening, self._size = found.opening, found.size

    def _rotate(self) -> None:
        with self._failing():
            self._check_untouched()
        self._open_segment(self._segment + 1)

    def _open_segment(self, number: int) -> None:
        """Write segment `number` aside, give the live file its closed name, then take its place.

        Until the last step the live file is the old one and is whole, so a crash anywhere leaves
        either the old journal or the new one.
        """
        state = self._snapshot() if self._snapshot else None
        walk = self._walk.copy()
        entry = opening_entry(self.path, number, walk.head, state)
        try:
            [(_, line)] = walk.write([entry], ts=self._clock(), actor=self._actor)
        except MalformedError as error:
            raise MalformedError(
                f"the snapshot cannot be written: {error.message}",
                code=SNAPSHOT_LONG if error.code == TOO_LONG else "SNAPSHOT",
                place=str(self.path),
            ) from error
        with self._failing():
            pending, directory = next_path(self.path), self.path.parent
            fd = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, MODE)
            try:
                os.fchmod(fd, MODE)
                # Not put together first: a snapshot may be long.
                write_all(fd, line)
                write_all(fd, b"\n")
                os.fsync(fd)
                if number:
                    os.link(self.path, closed_path(self.path, number))
                    fsync_directory(directory)
                pending.replace(self.path)
                fsync_directory(directory)
                self._adopt(fd, number)
            except BaseException:
                os.close(fd)
                raise
            self._opening = self._size = len(line) + 1
            self._walk, self._due = walk, self._rotate_at

    def _adopt(self, fd: int, segment: int) -> None:
        status = os.fstat(fd)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._segment = fd, segment
        self._file = (status.st_dev, status.st_ino)

    def _check_usable(self) -> None:
        if self._failure:
            raise UnavailableError(
                f"takes nothing more: {self._failure}",
                code="JOURNAL_FAILED",
                place=str(self.path),
                remedy="free the disk or repair it, then restart the service",
            )

    def _check_untouched(self) -> None:
        """Refuse to append to a file that is not as it was left."""
        status = self.path.stat()
        if (status.st_dev, status.st_ino, status.st_size) != (*self._file, self._size):
            self._failure = "the file was changed by somebody else"
            raise UnavailableError(
                self._failure,
                code="JOURNAL_CHANGED",
                place=str(self.path),
                remedy="keep the file as evidence; find what writes, truncates or moves it",
            )

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Stop taking records when anything inside does not complete."""
        try:
            yield
        except OSError as error:
            self._failure = f"a write failed: {error.strerror}"
            raise UnavailableError(
                f"cannot be written: {error.strerror}",
                code="JOURNAL_FAILED",
                place=str(self.path),
                remedy="free the disk or repair it, then restart the service",
            ) from error
        except BaseException as error:
            self._failure = self._failure or f"a write was interrupted: {type(error).__name__}"
            raise
