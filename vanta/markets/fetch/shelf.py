"""The folder of feeds, as the collectors write it.

A file holds a day, or a symbol's days, and only grows: a record keeps its line, so whoever reads it
again finds what it knows. It is replaced as a whole, so nobody reads half of it. What was recorded
first stays; a vendor that says something else later was not known to at the time.
"""

import csv
import fcntl
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from vanta.domain.errors import MalformedError, UnavailableError
from vanta.journal.files import atomic_write
from vanta.markets.amounts import decimal
from vanta.markets.collectors.files import BOUNDS

MOST = BOUNDS.document_bytes
"""Bytes of one file: what any reader of one takes."""
LONGEST = 100_000
"""Characters of one cell."""
READABLE = 0o640
"""By the group of the services, where the reflector is."""
_LOCK = ".writing.lock"
_NUL = str.maketrans({"\0": None})

Row = Sequence[str]


class Shelf:
    """Files below one folder.

    Args:
        root: the folder of feeds; it exists.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def add_rows(
        self,
        place: str,
        header: Row,
        rows: Iterable[Row],
        *,
        key: Sequence[int],
        kept: Callable[[Row], bool] = lambda _row: True,
    ) -> int:
        """Add rows to a CSV file.

        Args:
            place: of the file, below the root.
            header: its first line.
            rows: oldest first.
            key: the columns that tell two rows apart.
            kept: whether a row that stands there stays, where any is added.

        Returns:
            How many were new.
        """

        def merged(old: bytes) -> tuple[bytes, int]:
            standing = _table(old, header, place)
            known = {_key(row, key) for row in standing}
            new = []
            for row in ([_cell(cell) for cell in row] for row in rows):
                if _key(row, key) not in known:
                    known.add(_key(row, key))
                    new.append(row)
            if not new:
                return b"", 0
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerows([header, *filter(kept, standing), *new])
            return text.getvalue().encode("utf-8", "replace"), len(new)

        return self.change(place, merged)

    def add_lines(self, place: str, lines: Iterable[bytes]) -> int:
        """Add lines that do not stand there yet; how many were new."""

        def merged(old: bytes) -> tuple[bytes, int]:
            known = set(old.split(b"\n"))
            new = [line for line in dict.fromkeys(lines) if line and line not in known]
            return (old + b"\n".join(new) + b"\n" if new else b""), len(new)

        return self.change(place, merged)

    def change(self, place: str, merged: Callable[[bytes], tuple[bytes, int]]) -> int:
        """Replace a file by what `merged` makes of it, where that has anything new.

        Args:
            place: of the file, below the root.
            merged: given the old content, or nothing; the new one, and how many records are new.

        Raises:
            UnavailableError: `FEED_FILE_FULL`, or `WRITE_FAILED`; the old file stands.
        """
        path = self.root / place
        with self._alone():
            content, new = merged(self.content(place))
            if not new:
                return 0
            if len(content) > MOST:
                raise UnavailableError(
                    f"a feed's file would have more than {MOST} bytes",
                    code="FEED_FILE_FULL",
                    place=str(path),
                    remedy="ask for less under `markets.collect`",
                )
            try:
                for folder in reversed(path.relative_to(self.root).parents[:-1]):
                    (self.root / folder).mkdir(mode=0o750, exist_ok=True)
            except OSError as error:
                raise _unwritable(path.parent, error) from error
            atomic_write(path, content, mode=READABLE)
        return new

    def content(self, place: str) -> bytes:
        """What a file holds; nothing where there is none.

        Raises:
            UnavailableError: `FEED_FILE`: it cannot be read, or is longer than any we write.
        """
        path = self.root / place
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                content = file.read(MOST + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _strange(path, f"cannot be read: {error.strerror}") from error
        if len(content) > MOST:
            raise _strange(path, f"has more than {MOST} bytes")
        return content

    def prune(self, written: re.Pattern[str], before: int) -> int:
        """Remove files that nothing was added to since `before`, UTC ns; how many there were.

        Args:
            written: places of files that the collectors write; no other is touched.
            before: UTC nanoseconds.
        """
        removed = 0
        for path in sorted(self.root.rglob("*")):
            place = str(path.relative_to(self.root))
            try:
                old = path.lstat().st_mtime_ns < before
                if old and written.fullmatch(place) and not path.is_symlink():
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                # Somebody else's draft, which has its name by now.
                continue
            except OSError as error:
                raise _unwritable(path, error) from error
        return removed

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether nobody else holds `name`; nobody else does until the end."""
        with self._lock(f".{name}.lock") as fd:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two tiers may add to the same file; the second waits for the first."""
        with self._lock(_LOCK) as fd:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        path = self.root / name
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            yield fd
        finally:
            os.close(fd)


def digits(value: Decimal) -> str:
    """A vendor's number as a cell, every digit of it.

    Raises:
        MalformedError: `NUMBER`: not finite, or of no size that can be.
    """
    number = decimal(value)
    if number is None:
        raise MalformedError(f"{str(value)[:40]!r} is no number of a feed", code="NUMBER")
    return format(number, "f")


def _cell(text: str) -> str:
    return text.translate(_NUL)[:LONGEST]


def _key(row: Row, key: Sequence[int]) -> tuple[str, ...]:
    return tuple(row[column] for column in key)


def _table(old: bytes, header: Row, place: str) -> list[list[str]]:
    """The rows that stand in a file of ours."""
    csv.field_size_limit(BOUNDS.item_chars)
    try:
        text = io.StringIO(old.decode("utf-8"), newline="")
        rows = [row for row in csv.reader(text) if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise _strange(Path(place), f"is not as it was written: {error}") from error
    if rows and (rows[0] != list(header) or any(len(row) != len(header) for row in rows)):
        raise _strange(Path(place), "has other columns than are written there")
    return rows[1:]


def _strange(path: Path, why: str) -> UnavailableError:
    return UnavailableError(
        f"a feed's file {why}",
        code="FEED_FILE",
        place=str(path),
        remedy="move it away; the next turn begins it again",
    )


def _unwritable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"cannot be written: {error.strerror}",
        code="WRITE_FAILED",
        place=str(path),
        remedy="give the folder of feeds to the collectors' user",
    )
