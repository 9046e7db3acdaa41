"""Views: files people and services read, derived from a journal and rebuildable from it alone."""

from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Position
from vanta.journal.files import atomic_write

T = TypeVar("T")

MAX_VIEW = 256 * 1024 * 1024
"""Bytes of a view that are still read."""
_STAMP = "derived_from"


class DerivedFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal a view was derived from, and how far that had come."""

    journal: str
    size: int
    head: str

    @property
    def position(self) -> Position:
        """The same, to follow the journal from."""
        return Position(self.size, self.head)


class View(NamedTuple, Generic[T]):
    """A view as read: what it says and where that comes from."""

    data: T
    derived_from: DerivedFrom


def write_view(
    path: Path,
    data: object,
    *,
    source: str,
    position: Position,
    mode: int = 0o640,
    flat: bool = False,
) -> None:
    """Replace the view at `path`, atomically and durably: sorted keys, two spaces of indent.

    Args:
        path: such as `memory/open_orders.json`.
        data: anything `vanta.domain.encoding.encode` takes.
        source: name of the journal it was derived from.
        position: how far of it.
        mode: permission bits.
        flat: put the keys of `data`, then an object, beside `derived_from` rather than in `data`.

    Raises:
        MalformedError: `VIEW_SHAPE`: flat data that is no object or has a `derived_from` itself.
        UnavailableError: `WRITE_FAILED`; the old view stands.
    """
    if flat:
        content: dict[str, object] = dict(_object(msgspec.json.encode(data, order="sorted"), path))
        if _STAMP in content:
            raise _misshapen(f"{_STAMP} is the view's own key", path)
        content[_STAMP] = DerivedFrom(source, position.size, position.head)
        text = _written(content)
    else:
        text = render_view(data, source=source, position=position)
    atomic_write(path, text, mode=mode)


def render_view(data: object, *, source: str, position: Position) -> bytes:
    """The bytes of a view that is not flat; the same for the same arguments."""
    return _written({_STAMP: DerivedFrom(source, position.size, position.head), "data": data})


def _written(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def read_view(path: Path, kind: type[T], *, flat: bool = False) -> View[T]:
    """Read a view that `write_view` wrote, its data strictly as `kind`.

    Raises:
        UnavailableError: `VIEW_MISSING`: not there or not readable; rebuild it from its journal.
        MalformedError: not a view, or data of another shape.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_VIEW + 1)
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}",
            code="VIEW_MISSING",
            place=str(path),
            remedy="restart its service, which rebuilds it from its journal",
        ) from error
    if len(text) > MAX_VIEW:
        raise _misshapen(f"more than {MAX_VIEW} bytes", path)
    content = _object(text, path)
    stamp = decode(DerivedFrom, content.pop(_STAMP, msgspec.Raw(b"null")), place=str(path))
    if not flat and content.keys() != {"data"}:
        raise _misshapen("a view is derived_from and data", path)
    return View(decode(kind, encode(content if flat else content["data"]), place=str(path)), stamp)


def _object(text: bytes, path: Path) -> dict[str, Any]:
    """The members of a JSON object, each still as it is written."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _misshapen(f"not an object: {error}", path) from error


def _misshapen(why: str, path: Path) -> MalformedError:
    return MalformedError(why, code="VIEW_SHAPE", place=str(path))
