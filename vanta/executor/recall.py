"""The book as the journal has it now, read beside whoever writes it."""

from pathlib import Path
from typing import NamedTuple

from vanta.executor.book import Book
from vanta.executor.events import BookCleared, read
from vanta.journal.reader import live_state


class Recalled(NamedTuple):
    """A book, and what its live segment says that no book keeps."""

    book: Book
    cleared: BookCleared | None
    """The last cancel-all that a broker confirmed; None where the segment has none."""
    at: int
    """When the journal was last written, UTC nanoseconds."""


def recall(path: Path) -> Recalled:
    """Fold the live segment of a trade log.

    Raises:
        UnavailableError: there is no journal at `path`.
        MalformedError: a record that cannot follow what is before it.
    """
    found = live_state(path)
    book = Book.from_state(bytes(found.state))
    cleared: BookCleared | None = None
    at = found.opening.ts
    for record in found.records:
        at = record.ts
        event = read(record)
        if event is not None:
            book.apply(event)
        if isinstance(event, BookCleared):
            cleared = event
    return Recalled(book, cleared, at)
