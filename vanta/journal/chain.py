"""The chain: how a line follows the line before it, and how a record becomes a line."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.errors import MalformedError
from vanta.domain.record import GENESIS, Entry, Position, Record

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one line, newline included; what no writer writes, no reader has to hold."""

TOO_LONG = "LINE_LONG"
"""Code of what has no room in a line."""

NO_TIME = -(2**63)
"""Before every instant: what a journal's first line is compared to."""

_record = msgspec.json.Decoder(Record)
_NOT_JSON = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)
_EVIDENCE = "keep the file as evidence and restore it from its off-node copy"


class Spot(NamedTuple):
    """Where a line is: the file, the line number from 1, the byte its line starts at from 0."""

    file: Path
    line: int
    offset: int


class BrokenLineError(MalformedError):
    """A line of a journal that was not written there, or not like this.

    Args:
        message: what is wrong with it.
        code: `LINE_*`, `SEGMENT_*` or `TORN_TAIL`.
        spot: the first line that nothing vouches for; everything before it is sound.
    """

    def __init__(self, message: str, *, code: str, spot: Spot) -> None:
        place = f"{spot.file}:{spot.line} (byte {spot.offset})"
        super().__init__(message, code=code, place=place, remedy=_EVIDENCE)
        self.spot = spot


def chain(prev_hex: str, line: bytes) -> str:
    """Chain value of `line` (without its newline) after a line of chain value `prev_hex`."""
    digest = sha256(bytes.fromhex(prev_hex))
    digest.update(line)
    return digest.hexdigest()


def is_chain_value(text: str) -> bool:
    """Whether `text` is 32 bytes in hex."""
    try:
        return len(bytes.fromhex(text)) == len(GENESIS) // 2
    except ValueError:
        return False


def encode_line(record: Record) -> bytes:
    """The line of `record`, without its newline."""
    return encode(record)


def decode_line(line: bytes) -> Record:
    """Read one line without its newline; anything but exactly one record is malformed."""
    try:
        return _record.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a record: {error}", code="LINE_MALFORMED") from error


class _Written(msgspec.Struct, frozen=True, gc=False):
    """A `Record` before its body is JSON: the whole line is encoded in one go."""

    seq: int
    ts: int
    type: str
    id: str
    parents: tuple[str, ...]
    dag_id: str
    actor: str
    policy: str
    body: object
    prev: str


def line_of(entry: Entry, *, seq: int, ts: int, actor: str, prev: str) -> bytes:
    """The line that states a fact at one place of a journal, without its newline.

    Raises:
        TypeError: the body holds something that has no JSON, as msgspec says.
    """
    return encode(
        _Written(
            seq,
            ts,
            entry.type,
            entry.id,
            entry.parents,
            entry.dag_id,
            actor,
            entry.policy,
            entry.body,
            prev,
        )
    )


class Walk:
    """What the next line has to follow: how many came before, the last chain value and time.

    A walk starts at the journal's first line, or (`Walk.before`) at any line whose own `seq` and
    `prev` are taken on trust until something else vouches for them.
    """

    __slots__ = ("head", "size", "ts")

    def __init__(self, size: int = 0, head: str = GENESIS, ts: int = NO_TIME) -> None:
        self.size = size
        self.head = head
        self.ts = ts

    @classmethod
    def before(cls, line: bytes) -> "Walk":
        """The walk that `line` continues, by its own account."""
        record = decode_line(line)
        if not is_chain_value(record.prev):
            raise MalformedError("`prev` is not a chain value", code="LINE_MALFORMED")
        return cls(record.seq, record.prev, record.ts)

    def copy(self) -> "Walk":
        """A second walk at the same place."""
        return Walk(self.size, self.head, self.ts)

    @property
    def position(self) -> Position:
        """How far the walk has come."""
        return Position(self.size, self.head)

    def step(self, line: bytes) -> Record:
        """Check that `line` comes next and move past it.

        Raises:
            MalformedError: `LINE_MALFORMED`, `LINE_SEQ`, `LINE_TIME` or `LINE_CHAIN`, without a
                place: only the caller knows the file.
        """
        record = decode_line(line)
        self._pass(record, line)
        return record

    def meet(self, seq: int, ts: int, prev: str) -> None:
        """Check that a line carrying these may come next, without moving."""
        if seq != self.size:
            raise MalformedError(f"record {seq} where {self.size} belongs", code="LINE_SEQ")
        if ts < self.ts:
            raise MalformedError(
                f"record {seq} was written before record {seq - 1}", code="LINE_TIME"
            )
        if prev != self.head:
            raise MalformedError(
                f"record {seq} does not follow the line before it", code="LINE_CHAIN"
            )

    def write(self, entries: Sequence[Entry], *, ts: int, actor: str) -> list[tuple[Record, bytes]]:
        """Turn entries into the records and lines that come next, and move past them.

        Each line is read back before it counts, so nothing is ever written that a reader refuses.

        Args:
            entries: the facts, in order.
            ts: UTC nanoseconds; raised to the last line's where the clock went backwards.
            actor: service and build.

        Raises:
            MalformedError: an entry that cannot be a record (`ENTRY`), or not in one line
                (`LINE_LONG`); the walk is of no use then.
        """
        first, ts = self.size, max(ts, self.ts)
        try:
            return [self._write(entry, ts, actor) for entry in entries]
        except MalformedError as error:
            place = f"entry {self.size - first} of {len(entries)}"
            code = TOO_LONG if error.code == TOO_LONG else "ENTRY"
            raise MalformedError(error.message, code=code, place=place) from error

    def _write(self, entry: Entry, ts: int, actor: str) -> tuple[Record, bytes]:
        body = entry.body
        try:
            line = line_of(entry, seq=self.size, ts=ts, actor=actor, prev=self.head)
            if not line.isascii():
                line.decode()
        except _NOT_JSON as error:
            raise MalformedError(f"not JSON: {error}", code="ENTRY") from error
        if b"\n" in line:
            raise MalformedError("a raw body with a line break", code="ENTRY")
        if len(line) >= MAX_LINE:
            raise MalformedError(f"{len(line)} bytes; a line has {MAX_LINE}", code=TOO_LONG)
        record = decode_line(line)
        if isinstance(body, msgspec.Raw) and record.body != body:
            raise MalformedError("a raw body that is not one value", code="ENTRY")
        self._pass(record, line)
        return record, line

    def _pass(self, record: Record, line: bytes) -> None:
        self.meet(record.seq, record.ts, record.prev)
        self.head = chain(self.head, line)
        self.size += 1
        self.ts = record.ts
