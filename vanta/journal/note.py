"""C2SP signed notes (c2sp.org/signed-note): text that tools which are not ours can check.

A note is text ending in a newline, an empty line, and a line per signature: an em dash, the key's
name, and base64 of the 4-byte key id and the signature. Only Ed25519 (type 0x01) is checked here;
signatures of other keys and kinds are ignored, as the specification asks.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vanta.domain.errors import MalformedError, RefusedError

MAX_NOTE = 128 * 1024
"""Bytes of one note: room for 16 signatures of any kind in use."""
MAX_SIGNATURES = 32

_ED25519 = b"\x01"
_DASH = "— "
_ID_BYTES = 4


class Signature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    value: bytes


class Note(NamedTuple):
    """A parsed note; nothing in it may be believed before `signers` was asked."""

    text: str
    """What is signed, final newline included."""
    signatures: tuple[Signature, ...]


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """The 4 bytes that stand for this key under this name."""
    return sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:_ID_BYTES]


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """The key as other signed-note tools take it: `name+id+base64`."""
    return f"{_named(name)}+{key_id(name, key).hex()}+{base64(_ED25519 + key.public_bytes_raw())}"


def sign_text(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """A note of `text`, signed by one key.

    Raises:
        MalformedError: text or name that a note has no room for.
    """
    note = f"{text}\n{_signature_line(text, name, key)}".encode()
    if parse(note).text != text:
        raise malformed("the text cannot be the text of a note")
    return note


def add_signature(note: bytes, name: str, key: Ed25519PrivateKey) -> bytes:
    """The same note with one more signature; check it first, this vouches for what it says."""
    signed = note + _signature_line(parse(note).text, name, key).encode()
    parse(signed)
    return signed


def parse(note: bytes) -> Note:
    """Read exactly one note, believing nothing.

    Raises:
        MalformedError: `NOTE_MALFORMED`.
    """
    if len(note) > MAX_NOTE:
        raise malformed(f"{len(note)} bytes; a note has {MAX_NOTE}")
    try:
        content = note.decode()
    except UnicodeDecodeError as error:
        raise malformed("not UTF-8") from error
    if any(character < " " and character != "\n" for character in content):
        raise malformed("a control character")
    # The text may hold empty lines; the last one in the note ends it.
    body, gap, tail = content.rpartition("\n\n")
    if not gap or not body or not tail.endswith("\n"):
        raise malformed("no empty line between text and signatures, or no end")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise malformed(f"{len(lines)} signatures; a note has {MAX_SIGNATURES}")
    return Note(body + "\n", tuple(_signature(line) for line in lines))


def signers(note: Note, keys: Mapping[str, Ed25519PublicKey]) -> tuple[str, ...]:
    """Names of the keys, of those given, that signed the note's text; at least one.

    Raises:
        RefusedError: `NOTE_UNSIGNED` without a signature of a known key; `NOTE_SIGNATURE` when a
            known key's signature does not hold, whatever the others say.
    """
    found: list[str] = []
    for signature in note.signatures:
        key = keys.get(signature.name)
        if key is None or key_id(signature.name, key) != signature.key_id:
            continue
        try:
            key.verify(signature.value, note.text.encode())
        except InvalidSignature as error:
            raise RefusedError(
                f"the signature of {signature.name} does not hold",
                code="NOTE_SIGNATURE",
                remedy="keep the note as evidence: it was changed after it was signed",
            ) from error
        if signature.name not in found:
            found.append(signature.name)
    if not found:
        raise RefusedError(
            "no known key signed the note",
            code="NOTE_UNSIGNED",
            remedy="register the node's key in Authority, or find who wrote the note",
        )
    return tuple(found)


def base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode()


def unbase64(text: str) -> bytes:
    """Read standard base64, in the one spelling these bytes have."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed("not base64") from error
    if base64(data) != text:
        raise malformed("base64 in a spelling nobody writes")
    return data


def malformed(why: str) -> MalformedError:
    """The error of bytes that are not a note, or not the note they should be."""
    return MalformedError(why, code="NOTE_MALFORMED")


def _signature_line(text: str, name: str, key: Ed25519PrivateKey) -> str:
    value = key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{_DASH}{_named(name)} {base64(value)}\n"


def _signature(line: str) -> Signature:
    name, gap, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap:
        raise malformed("a line among the signatures that is none")
    data = unbase64(value)
    if len(data) <= _ID_BYTES:
        raise malformed("a signature of no bytes")
    return Signature(_named(name), data[:_ID_BYTES], data[_ID_BYTES:])


def _named(name: str) -> str:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise malformed(f"{name!r} cannot name a key")
    return name
