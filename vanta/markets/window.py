"""The stretch of market time a folder of recorded feeds is about, where the folder says so."""

from pathlib import Path

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import parse_instant, show_instant
from vanta.journal.files import atomic_write

WINDOW_FILE = "window.json"


class _Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since: str
    until: str


def write_window(feeds: Path, since: int, until: int) -> None:
    """Say what stretch the folder is about, UTC nanoseconds."""
    said = _Window(show_instant(since), show_instant(until))
    atomic_write(feeds / WINDOW_FILE, encode(said) + b"\n", mode=0o644)


def read_window(feeds: Path) -> tuple[int, int]:
    """From when until when, UTC nanoseconds.

    Raises:
        UnavailableError: the folder does not say.
        MalformedError: what it says is no window.
    """
    place = str(feeds / WINDOW_FILE)
    try:
        data = (feeds / WINDOW_FILE).read_bytes()
    except OSError as error:
        raise UnavailableError(
            f"the feeds do not say which days they are about: {error.strerror}",
            code="NO_WINDOW",
            place=place,
            remedy="name the days with --from and --to",
        ) from error
    window = decode(_Window, data, place=place)
    return parse_instant(window.since, place=place), parse_instant(window.until, place=place)
