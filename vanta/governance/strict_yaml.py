"""YAML as people mean it: the part of it that reads one way only, with a place for every value.

The parser's events are read, never its constructors: nothing in a document can make an object,
repeat itself (anchors, aliases, merges), hide (control, bidirectional and invisible characters),
or be another value than it looks like (`no`, `010`, `1e3`, `1:30`, `~`).
"""

import contextlib
import re
from typing import NoReturn

import yaml
from yaml.cyaml import CBaseLoader
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from vanta.domain.errors import MalformedError
from vanta.governance.yaml_tree import List, Mapping, Node, Number, Place, Scalar

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 20_000
MAX_KEY = 200
MAX_DIGITS = 30

# Control characters but the newline, every format character, and all that Unicode lets a display
# ignore: what is invisible, or turns text around. The last ranges are private or mean nothing yet.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_MINUS_ZERO = re.compile(r"-0(?:\.0+)?\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+\Z")
# No two parts that take the same characters stand side by side: a long text must not be tried in
# every way of dividing it.
_NUMBER_LIKE = re.compile(
    r"""[-+]?(?:
        [0-9][0-9,_]*(?:\.[0-9_]*)?              # 010, 1_000, 1,000, 5., +5, -0
      | \.[0-9_]+                                # .5
      | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)[eE][-+]?[0-9]+   # 1e3
      | 0[xXoObB][0-9a-fA-F_]+                   # 0x10, 0o10, 0b1
      | [0-9][0-9_]*(?::[0-9]{1,2})+(?:\.[0-9_]*)?            # 1:30
      | \.?(?:inf|infinity|nan)
    )\Z""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_BOOL_LIKE = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n"})
_NULL_LIKE = frozenset({"", "~", "null"})


def read_yaml(data: bytes, *, file: str) -> Node:
    """Read one document; anything that could be read two ways is an error that says where.

    Args:
        data: the file's bytes: UTF-8, at most 256 KiB.
        file: its name for error messages.

    Raises:
        MalformedError: place `file:line: field`, and codes `YAML_TOO_LARGE`, `NOT_UTF8`, `BOM`,
            `TAB`, `HIDDEN_CHARACTER`, `MALFORMED_YAML`, `EMPTY_DOCUMENT`, `SEVERAL_DOCUMENTS`,
            `DIRECTIVE`, `ANCHOR`, `ALIAS`, `TAG`, `MERGE_KEY`, `BAD_KEY`, `DUPLICATE_KEY`,
            `AMBIGUOUS_BOOL`, `AMBIGUOUS_NUMBER`, `NUMBER_TOO_LONG`, `NULL`, `TOO_DEEP`,
            `TOO_MANY_NODES`.
    """
    _check_text(data, file)
    reader = _Reader(file)
    _feed(reader, data, file)
    return reader.root()


def visible(text: str) -> str:
    """`text` with a space for every character that `read_yaml` refuses to read."""
    return _HIDDEN.sub(" ", text)


def _feed(reader: "_Reader", data: bytes, file: str) -> None:
    """Give the reader every event of a document."""
    # The loader is used for its events alone: it is never asked for a node or an object.
    loader = CBaseLoader(data)
    line = 1
    ended = False
    try:
        while not ended:
            event = loader.get_event()
            line = event.start_mark.line + 1 if event and event.start_mark else line
            reader.take(event, line)
            ended = event is None or isinstance(event, StreamEndEvent)
    except yaml.YAMLError as error:
        context = getattr(error, "context", None) or ""
        # What was opened and never closed ends nowhere: the line it was opened on is the one.
        opened = "quoted scalar" in context or "flow" in context
        mark = getattr(error, "context_mark" if opened else "problem_mark", None)
        problem = getattr(error, "problem", None) or "not YAML"
        raise MalformedError(
            str(problem),
            code="MALFORMED_YAML",
            place=str(Place(file, mark.line + 1 if mark else line, reader.field)),
            remedy="check indentation, colons and quotes there",
        ) from error
    finally:
        loader.dispose()


class _Frame:
    """A collection whose end has not come yet.

    `entries` is `None` for a sequence; `key` is the one whose value comes next, empty where a key
    comes next (none is empty itself).
    """

    __slots__ = ("entries", "items", "key", "lines", "place")

    def __init__(self, place: Place, *, mapping: bool) -> None:
        self.place = place
        self.entries: dict[str, Node] | None = {} if mapping else None
        self.lines: dict[str, int] = {}
        self.items: list[Node] = []
        self.key = ""


class _Reader:
    """Builds nodes from events, with a stack of its own: no document can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._stack: list[_Frame] = []
        self._documents = 0
        self._nodes = 0
        self._root: Node | None = None
        self._last = Place(file, 0, "")
        self._last_line = 0

    def field_on(self, line: int) -> str:
        """The field whose name or value was the last thing read, if it reaches to `line`."""
        return self._last.field if self._last.line <= line <= self._last_line else ""

    @property
    def field(self) -> str:
        """The field being read, for errors of the parser itself."""
        return self._place(0).field if self._stack else ""

    def root(self) -> Node:
        """The document, once the stream has ended."""
        if self._root is None:
            self._refuse(
                "EMPTY_DOCUMENT", "the file holds no document", self._place(1), "write one"
            )
        return self._root

    def take(self, event: Event | None, line: int) -> None:
        """Account for one event."""
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if event.version or event.tags:
                self._refuse(
                    "DIRECTIVE", "a %YAML or %TAG directive", self._place(line), "remove the line"
                )
            if self._documents > 1:
                self._refuse(
                    "SEVERAL_DOCUMENTS",
                    "a second document begins",
                    self._place(line),
                    "put each document into a file of its own",
                )
        elif isinstance(event, AliasEvent):
            self._refuse("ALIAS", "an alias (*)", self._place(line), "write the value out")
        elif isinstance(event, ScalarEvent | CollectionStartEvent):
            self._start(event, line)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._end()

    def _start(self, event: ScalarEvent | CollectionStartEvent, line: int) -> None:
        frame = self._stack[-1] if self._stack else None
        is_key = frame is not None and frame.entries is not None and not frame.key
        place = (
            Place(self._file, line, frame.place.field) if is_key and frame else self._place(line)
        )
        self._nodes += 1
        self._last = place
        self._last_line = event.end_mark.line + 1 if event.end_mark else line
        if event.anchor is not None:
            self._refuse("ANCHOR", "an anchor (&)", place, "write the value out where it is used")
        if event.tag is not None:
            self._refuse("TAG", f"the tag {event.tag[:40]!r}", place, "remove the tag")
        if self._nodes > MAX_NODES:
            self._refuse("TOO_MANY_NODES", f"more than {MAX_NODES} values", place, "split the file")
        if isinstance(event, ScalarEvent):
            if is_key and frame is not None:
                self._key(frame, event, place)
            else:
                self._attach(Scalar(_value(event, place), place))
            return
        if is_key:
            self._refuse("BAD_KEY", "a key that is not text", place, "write `name: value`")
        if len(self._stack) >= MAX_DEPTH:
            self._refuse("TOO_DEEP", f"more than {MAX_DEPTH} levels", place, "flatten it")
        self._stack.append(_Frame(place, mapping=isinstance(event, MappingStartEvent)))

    def _key(self, frame: _Frame, event: ScalarEvent, place: Place) -> None:
        key = event.value
        if not event.style and key == "<<":
            self._refuse("MERGE_KEY", "a merge (<<)", place, "write the fields out")
        if (
            not key.isascii()
            or not key.isprintable()
            or len(key) > MAX_KEY
            or key != key.strip()
            or (not event.style and key.lower() in _NULL_LIKE)
            or not key
        ):
            self._refuse(
                "BAD_KEY", f"{key[:40]!a} is not a name", place, "use printable ASCII for names"
            )
        if key in frame.lines:
            self._refuse(
                "DUPLICATE_KEY",
                f"it stands already on line {frame.lines[key]}",
                place.of(key),
                "remove one of the two",
            )
        frame.key = key
        frame.lines[key] = place.line
        self._last = place.of(key)

    def _end(self) -> None:
        frame = self._stack.pop()
        if frame.entries is None:
            self._attach(List(tuple(frame.items), frame.place))
        else:
            self._attach(Mapping(frame.entries, frame.place))

    def _attach(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        if frame.entries is None:
            frame.items.append(node)
        else:
            frame.entries[frame.key] = node
            frame.key = ""

    def _place(self, line: int) -> Place:
        """The place of the value that comes next."""
        if not self._stack:
            return Place(self._file, line, "")
        frame = self._stack[-1]
        if frame.entries is None:
            return frame.place.of(len(frame.items), line)
        if not frame.key:
            return Place(self._file, line, frame.place.field)
        return frame.place.of(frame.key, frame.lines[frame.key])

    @staticmethod
    def _refuse(code: str, message: str, place: Place, remedy: str) -> NoReturn:
        raise MalformedError(message, code=code, place=str(place), remedy=remedy)


def _value(event: ScalarEvent, place: Place) -> str | int | bool:
    text = event.value
    hidden = _HIDDEN.search(text)
    if hidden:
        raise MalformedError(
            f"an escape makes the hidden character U+{ord(hidden[0]):04X}",
            code="HIDDEN_CHARACTER",
            place=str(place),
            remedy="remove the escape",
        )
    if event.style:
        return text
    if text in {"true", "false"}:
        return text == "true"
    if text.lower() in _BOOL_LIKE:
        raise MalformedError(
            f"{text!r} is true or false to some readers and text to others",
            code="AMBIGUOUS_BOOL",
            place=str(place),
            remedy=f"write true or false for a switch, '{text}' for text",
        )
    if text.lower() in _NULL_LIKE:
        raise MalformedError(
            "there is no value",
            code="NULL",
            place=str(place),
            remedy="write the value, or remove the field",
        )
    return _number(text, place)


def _number(text: str, place: Place) -> str | int:
    integer = _INTEGER.match(text)
    if integer or (_DECIMAL.match(text) and not _MINUS_ZERO.match(text)):
        if len(text) > MAX_DIGITS:
            raise MalformedError(
                f"a number of more than {MAX_DIGITS} characters",
                code="NUMBER_TOO_LONG",
                place=str(place),
                remedy="quote it if it is an identifier",
            )
        return int(text) if integer else Number(text)
    if _NUMBER_LIKE.match(text):
        raise MalformedError(
            f"{text[:40]!r} is a number to some readers, and not always the same one",
            code="AMBIGUOUS_NUMBER",
            place=str(place),
            remedy="write plain digits such as 1000 or 0.05, or quote it if it is text",
        )
    return text


def _check_text(data: bytes, file: str) -> None:
    """Refuse bytes that are not plain visible UTF-8 text before any parser sees them."""
    if len(data) > MAX_BYTES:
        raise MalformedError(
            f"{len(data)} bytes, more than {MAX_BYTES}",
            code="YAML_TOO_LARGE",
            place=file,
            remedy="split the file",
        )
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise MalformedError(
            "it begins with a byte order mark",
            code="BOM",
            place=f"{file}:1",
            remedy="save it as UTF-8 without a BOM",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedError(
            "not UTF-8",
            code="NOT_UTF8",
            place=str(Place(file, line, _field_before(data[: error.start], file, line))),
            remedy="save it as UTF-8",
        ) from error
    hidden = _HIDDEN.search(text)
    if hidden:
        line = text.count("\n", 0, hidden.start()) + 1
        tab = hidden[0] == "\t"
        before = text[: hidden.start()].encode()
        raise MalformedError(
            "a tab" if tab else f"the hidden character U+{ord(hidden[0]):04X}",
            code="TAB" if tab else "HIDDEN_CHARACTER",
            place=str(Place(file, line, _field_before(before, file, line))),
            remedy="indent with spaces" if tab else "remove it (line ends are plain newlines)",
        )


def _field_before(data: bytes, file: str, line: int) -> str:
    """The field that text breaks off in, as far as the text before it can be read."""
    reader = _Reader(file)
    with contextlib.suppress(MalformedError):
        _feed(reader, data, file)
    return reader.field_on(line)
