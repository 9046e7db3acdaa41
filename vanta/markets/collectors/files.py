"""Recorded files: opened within bounds, taken apart into records that know their place."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from vanta.domain.errors import MalformedError


@dataclass(frozen=True)
class Bounds:
    """What one recorded file may cost; a file beyond is set aside, not read on."""

    file_bytes: int = 256 * 1024 * 1024
    """After decompression."""
    document_bytes: int = 16 * 1024 * 1024
    """Of a file that is parsed as a whole."""
    item_chars: int = 1024 * 1024
    rows: int = 5_000_000
    kept_chars: int = 24_000_000
    """Of all files one collector keeps in memory for its next window."""


BOUNDS = Bounds()
_LONGEST_HEADER = 64 * 1024


class Found(NamedTuple):
    """One record of a file."""

    line: int
    content: str
    at: int
    """When it could first be had; 0 when its time cannot be read, which is then its fault."""
    recorded: int = 0
    """When the source handed it over, where the file says so; 0 where it does not."""


class Fault(NamedTuple):
    """A place in a file that is no record."""

    line: int
    code: str
    reason: str


Findings = Iterator[Found | Fault]


class FeedFile:
    """A recorded file, plain or gzip, and the facts in its name."""

    def __init__(self, root: Path, path: Path, bounds: Bounds = BOUNDS) -> None:
        self.path = path
        self.place = str(path.relative_to(root))
        self.key = self.place.removesuffix(".gz")
        self.name = path.name.removesuffix(".gz")
        self.bounds = bounds
        self.facts: dict[str, str] = {}
        """Named groups of the layout's pattern."""
        self.ends: int | None = None
        """From when on a stamp in it is of the future; None where nothing says."""

    def stray(self, at: int) -> bool:
        """Whether a stamp is later than the file can know."""
        return self.ends is not None and at >= self.ends

    def data(self) -> bytes:
        """All of it, decompressed; `MalformedError` (`FILE_TOO_LARGE`) beyond the bound."""
        return self._read(self.bounds.file_bytes)

    def document(self, most: int | None = None) -> bytes:
        """The same, of a file that a parser takes whole."""
        bound = self.bounds.document_bytes
        return self._read(bound if most is None else min(most, bound))

    def _read(self, most: int) -> bytes:
        with self._open() as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise MalformedError(f"more than {most} bytes", code="FILE_TOO_LARGE", place=self.place)
        return content

    def _open(self) -> io.BufferedIOBase:
        if self.path.suffix == ".gz":
            return gzip.open(self.path)
        return self.path.open("rb")

    def columns(self) -> frozenset[str]:
        """The cells of its first line; none where that cannot be read."""
        try:
            with self._open() as stream:
                first = stream.readline(_LONGEST_HEADER).decode("utf-8", "replace")
            return frozenset(next(csv.reader([first]), []))
        except (OSError, EOFError, zlib.error, csv.Error):
            return frozenset()

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number and text of every line."""
        for number, line in enumerate(self.data().split(b"\n"), start=1):
            if line.strip():
                yield number, line.decode("utf-8", "replace").rstrip("\r")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line each CSV row ends on, and its cells; the header too."""
        # The module's limit is one for the process; cells of posts are longer than its default.
        csv.field_size_limit(self.bounds.item_chars)
        text = io.StringIO(self.data().decode("utf-8", "replace"), newline="")
        reader = csv.reader(text)
        try:
            for count, cells in enumerate(reader):
                if count > self.bounds.rows:
                    raise MalformedError(
                        f"more than {self.bounds.rows} rows", code="FILE_TOO_LARGE"
                    )
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise MalformedError(f"not CSV: {error}", code="CSV", place=self.place) from error


T = TypeVar("T")


def timed(at: Callable[[T], int], item: T) -> int:
    """When an item could be had, or 0 where that cannot be read: its reader says why."""
    try:
        return at(item)
    except (MalformedError, KeyError, TypeError, RecursionError):
        return 0


def records(
    file: FeedFile,
    at: Callable[[dict[str, str]], int],
    *,
    header: tuple[str, ...] = (),
    facts: tuple[str, ...] = (),
    numbered: bool = False,
) -> Findings:
    """The rows of a CSV file as JSON objects.

    Args:
        file: with a header line, unless `header` names the columns.
        at: when a row could be had.
        header: the columns of a file that does not name them.
        facts: of the file's name, added to every row as `@name`.
        numbered: add the line as `@line`, where nothing else tells two rows apart.
    """
    columns = list(header)
    extra = {f"@{name}": file.facts[name] for name in facts}
    for line, cells in file.rows():
        if not columns:
            columns = cells
        elif len(cells) != len(columns):
            reason = f"{len(cells)} columns where the header has {len(columns)}"
            yield Fault(line, "COLUMNS", reason)
        else:
            row = dict(zip(columns, cells, strict=True)) | extra
            if numbered:
                row["@line"] = str(line)
            yield Found(line, msgspec.json.encode(row).decode(), timed(at, row))
