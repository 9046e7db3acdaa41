"""Signed checkpoints: how far a journal reached, said so that anybody can check it later.

A checkpoint is a signed note of three lines: the journal's origin, its size in records, and the
chain value of the last of them in base64. Kept here and elsewhere, it catches what the chain alone
cannot: a journal cut short, rewritten from some record on, or changed in its very last line.
"""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.record import Position
from vanta.journal import note as signed_note
from vanta.journal.durable import fsync_directory, write_all
from vanta.journal.segment import checkpoints_path

MAX_SIZE = 2**63 - 1
"""Largest number of records a checkpoint may state."""
MAX_CHECKPOINTS = 256 * 1024 * 1024
"""Bytes of one file of checkpoints."""

_HEAD_BYTES = 32
_SIZE_DIGITS = 19
_BLANK = b"\n\n"


class Checkpoint(NamedTuple):
    """How far a journal reached, and who signed that."""

    origin: str
    """Which journal of which node, such as `vanta.example/executor/trade_log`."""
    position: Position
    signers: tuple[str, ...]
    """Names of the known keys that signed it."""


def sign(position: Position, origin: str, key_name: str, private_key: Ed25519PrivateKey) -> bytes:
    """A note that states `position` of the journal `origin`, signed as `key_name`.

    Raises:
        MalformedError: an origin or key name the format has no room for.
    """
    head = signed_note.base64(bytes.fromhex(position.head))
    note = signed_note.sign_text(f"{origin}\n{position.size}\n{head}\n", key_name, private_key)
    _stated(signed_note.parse(note).text)
    return note


def cosign(note: bytes, key_name: str, private_key: Ed25519PrivateKey) -> bytes:
    """The same checkpoint with one more signature; open it first, this vouches for what it says.

    Raises:
        MalformedError: it is not a checkpoint, or has no room for another signature.
    """
    _stated(signed_note.parse(note).text)
    return signed_note.add_signature(note, key_name, private_key)


def open_note(note: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Checkpoint:
    """Read a checkpoint that at least one of `keys` signed.

    Args:
        note: exactly one note.
        keys: by name; signatures of any other are ignored.

    Raises:
        MalformedError: `NOTE_MALFORMED`: not a checkpoint in a signed note.
        RefusedError: `NOTE_UNSIGNED` or `NOTE_SIGNATURE`, as `note.signers`.
    """
    parsed = signed_note.parse(note)
    names = signed_note.signers(parsed, keys)
    origin, position = _stated(parsed.text)
    return Checkpoint(origin, position, names)


def stated(note: bytes) -> tuple[str, Position]:
    """Origin and position that a checkpoint states, believing nothing.

    Raises:
        MalformedError: `NOTE_MALFORMED`.
    """
    return _stated(signed_note.parse(note).text)


def append_checkpoint(journal: Path, note: bytes) -> Path:
    """Keep `note` in the journal's file of checkpoints, durable on return; returns that file.

    Each note is followed by a blank line; what a crash left without one is cut off first.

    Raises:
        MalformedError: `note` is not a checkpoint.
        UnavailableError: `WRITE_FAILED`.
    """
    _stated(signed_note.parse(note).text)
    path = checkpoints_path(journal)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            end = sum(len(whole) + 1 for whole in _notes(fd))
            os.ftruncate(fd, end)
            os.lseek(fd, end, os.SEEK_SET)
            write_all(fd, note + b"\n")
            os.fsync(fd)
        finally:
            os.close(fd)
        fsync_directory(path.parent)
    except OSError as error:
        raise UnavailableError(
            f"no checkpoint can be kept: {error.strerror}", code="WRITE_FAILED", place=str(path)
        ) from error
    return path


def read_checkpoints(path: Path, keys: Mapping[str, Ed25519PublicKey]) -> list[Checkpoint]:
    """Every checkpoint in a file that `append_checkpoint` keeps, oldest first.

    Raises:
        MalformedError: something in it is not a checkpoint; `place` names the note by number.
        RefusedError: `NOTE_UNSIGNED` or `NOTE_SIGNATURE`, likewise.
        UnavailableError: `CHECKPOINTS_MISSING`.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            notes = _notes(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}", code="CHECKPOINTS_MISSING", place=str(path)
        ) from error
    found = []
    for number, note in enumerate(notes, 1):
        try:
            found.append(open_note(note, keys))
        except (MalformedError, RefusedError) as error:
            place = f"{path} note {number}"
            raise type(error)(
                error.message, code=error.code, place=place, remedy=error.remedy
            ) from error
    return found


def _notes(fd: int) -> list[bytes]:
    """Every note that its blank line ends: a checkpoint is a paragraph of text and one of names."""
    size = os.fstat(fd).st_size
    if size > MAX_CHECKPOINTS:
        raise signed_note.malformed(f"{size} bytes of checkpoints; at most {MAX_CHECKPOINTS}")
    return split_notes(os.pread(fd, size, 0))


def split_notes(content: bytes) -> list[bytes]:
    """The notes that follow one another, each with a blank line after it, believing nothing."""
    *paragraphs, _ = content.split(_BLANK)
    pairs = zip(paragraphs[::2], paragraphs[1::2], strict=False)
    return [text + _BLANK + signatures + b"\n" for text, signatures in pairs]


def read_notes(path: Path) -> list[bytes]:
    """The notes in a journal's file of checkpoints, oldest first, believing nothing.

    None where there is no file.

    Raises:
        UnavailableError: `CHECKPOINTS_MISSING`: it cannot be read.
        MalformedError: `NOTE_MALFORMED`: it is larger than such a file gets.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CHECKPOINTS + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UnavailableError(
            f"cannot be read: {error.strerror}", code="CHECKPOINTS_MISSING", place=str(path)
        ) from error
    if len(content) > MAX_CHECKPOINTS:
        raise MalformedError("too many checkpoints", code="NOTE_MALFORMED", place=str(path))
    return split_notes(content)


def _stated(text: str) -> tuple[str, Position]:
    """Origin and position in the text of a note that is a checkpoint."""
    try:
        origin, size, head, end = text.split("\n")
    except ValueError as error:
        raise signed_note.malformed("a checkpoint is origin, size and head") from error
    if end or not origin or origin != origin.strip():
        raise signed_note.malformed(f"{origin!r} cannot be an origin")
    digits = len(size) <= _SIZE_DIGITS and size.isascii() and size.isdigit()
    if not digits or str(int(size)) != size or int(size) > MAX_SIZE:
        raise signed_note.malformed("the size is not a number of records")
    value = signed_note.unbase64(head)
    if len(value) != _HEAD_BYTES:
        raise signed_note.malformed(f"the head has {len(value)} bytes; a chain value {_HEAD_BYTES}")
    return origin, Position(int(size), value.hex())
