"""A document as it was read: values with their places in the file; pure."""

from collections.abc import Sequence
from dataclasses import dataclass


class Number(str):
    """A decimal exactly as it was written, such as `0.10`; also its text."""

    __slots__ = ()


Plain = str | int | bool | dict[str, "Plain"] | list["Plain"]
"""What a document is made of once places are no longer needed; a decimal is a `Number`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: file, 1-based line, and field path such as `spec.caps[0].limit`."""

    file: str
    line: int
    field: str

    def __str__(self) -> str:
        """`file:line: field`, or `file:line` for the whole document."""
        return f"{self.file}:{self.line}" + (f": {self.field}" if self.field else "")

    def of(self, key: str | int, line: int | None = None) -> "Place":
        """The place of a member of this value."""
        if isinstance(key, int):
            field = f"{self.field}[{key}]"
        else:
            field = f"{self.field}.{key}" if self.field else key
        return Place(self.file, self.line if line is None else line, field)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number or switch."""

    value: str | int | bool
    place: Place

    @property
    def line(self) -> int:
        """The line it stands on."""
        return self.place.line


@dataclass(frozen=True, slots=True)
class List:
    """A sequence of values."""

    items: tuple["Node", ...]
    place: Place

    @property
    def line(self) -> int:
        """The line its own key, or it itself, begins on."""
        return self.place.line


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by key, in the order written."""

    entries: dict[str, "Node"]
    place: Place

    @property
    def line(self) -> int:
        """The line its own key, or it itself, begins on."""
        return self.place.line


Node = Scalar | List | Mapping


def plain(node: Node) -> Plain:
    """The document as dictionaries, lists, texts, integers, switches and `Number`s."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    return node.value


def place_of(node: Node, path: Sequence[str | int]) -> Place:
    """Where the value at `path` stands, or should stand; for mapping a model's error back.

    Args:
        node: the document.
        path: keys and indices, such as a pydantic error's `loc`; parts that are not in the
            document (names of a union's members) are passed over, but a missing last field is
            named on the line of what should hold it.
    """
    current = node
    place = node.place
    for depth, part in enumerate(path):
        if isinstance(current, Mapping) and part in current.entries:
            current = current.entries[str(part)]
            place = current.place
        elif isinstance(current, List) and part in range(len(current.items)):
            current = current.items[int(part)]
            place = current.place
        elif isinstance(current, Mapping) and isinstance(part, str) and depth == len(path) - 1:
            place = current.place.of(part)
    return place
