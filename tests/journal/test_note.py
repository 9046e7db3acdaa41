"""Signed notes: read by tools that are not ours, and safe to read from anybody."""

import shutil
import subprocess
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError, RefusedError
from vanta.journal.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    add_signature,
    key_id,
    parse,
    sign_text,
    signers,
    verifier_key,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NAME = "vanta.example/executor"
KEYS = {NAME: KEY.public_key(), "alpha": OTHER.public_key()}
TEXT = "first line\n\nthird line\n"
NOTE = sign_text(TEXT, NAME, KEY)


def by_hand(text: str, name: str, key: Ed25519PrivateKey) -> bytes:
    """A note made from nothing but the words of the specification."""
    public = key.public_key().public_bytes_raw()
    identity = sha256(name.encode("utf-8") + b"\x0a" + b"\x01" + public).digest()[:4]
    signature = b64encode(identity + key.sign(text.encode("utf-8")))
    return text.encode("utf-8") + b"\n\xe2\x80\x94 " + name.encode() + b" " + signature + b"\n"


def test_a_note_is_what_the_specification_says() -> None:
    assert by_hand(TEXT, NAME, KEY) == NOTE


def test_a_published_verifier_key_has_the_id_it_was_published_with() -> None:
    """The example key of golang.org/x/mod/sumdb/note."""
    published = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, identity, key = published.split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(b64decode(key)[1:])
    assert key_id(name, public).hex() == identity
    assert verifier_key(name, public) == published


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_checks_our_signature(tmp_path: Path) -> None:
    text, signature, public = tmp_path / "text", tmp_path / "signature", tmp_path / "key.pem"
    body, _, line = NOTE.rpartition(b"\n\n")
    text.write_bytes(body + b"\n")
    signature.write_bytes(b64decode(line.split(b" ")[2])[4:])
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(pem)
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public)]
    command += ["-in", str(text), "-sigfile", str(signature)]
    answer = subprocess.run(command, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert b"Verified Successfully" in answer.stdout


def test_the_text_and_its_signers_come_back() -> None:
    note = parse(NOTE)
    assert note.text == TEXT
    assert signers(note, KEYS) == (NAME,)


def test_a_second_signature_is_added_to_the_first() -> None:
    both = add_signature(NOTE, "alpha", OTHER)
    assert both.startswith(NOTE)
    assert signers(parse(both), KEYS) == (NAME, "alpha")


def test_signatures_of_unknown_keys_are_ignored() -> None:
    """Even under a known name, or with a known id, but not both."""
    stranger = add_signature(NOTE, "stranger", OTHER)
    assert signers(parse(stranger), KEYS) == (NAME,)
    same_name = add_signature(NOTE, NAME, OTHER)
    assert signers(parse(same_name), KEYS) == (NAME,)
    later_kind = NOTE + b"\xe2\x80\x94 pq " + b64encode(b"1234" + bytes(5000)) + b"\n"
    assert signers(parse(later_kind), KEYS) == (NAME,)


def test_a_key_that_signs_twice_is_one_signer() -> None:
    assert signers(parse(add_signature(NOTE, NAME, KEY)), KEYS) == (NAME,)


def test_without_a_signature_of_a_known_key_a_note_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        signers(parse(NOTE), {"alpha": OTHER.public_key()})
    assert caught.value.code == "NOTE_UNSIGNED"


def test_one_bad_signature_of_a_known_key_refuses_the_note_whatever_the_others_say() -> None:
    body, _, lines = add_signature(NOTE, "alpha", OTHER).rpartition(b"\n\n")
    changed = body.replace(b"first", b"worst") + b"\n\n" + lines
    resigned = changed + by_hand(TEXT.replace("first", "worst"), "alpha", OTHER).split(b"\n")[-2]
    with pytest.raises(RefusedError) as caught:
        signers(parse(resigned + b"\n"), KEYS)
    assert caught.value.code == "NOTE_SIGNATURE"


def test_a_note_inside_a_note_is_text_that_nobody_signed() -> None:
    with pytest.raises(RefusedError) as caught:
        signers(parse(NOTE + NOTE), KEYS)
    assert caught.value.code == "NOTE_SIGNATURE"


SIGNATURE = NOTE.rpartition(b"\n\n")[2]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT.encode(),
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + b"trailing\n",
        b"text\n" + SIGNATURE,
        b"\n\n" + SIGNATURE,
        NOTE.replace(b"first", b"fir\tst"),
        NOTE.replace(b"first", b"fir\rst"),
        NOTE.replace(b"first", b"fir\0st"),
        NOTE.replace(b"first", b"fir\xffst"),
        NOTE.replace(b"\xe2\x80\x94 ", b"- "),
        NOTE.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94"),
        b"text\n\n\xe2\x80\x94 name\n",
        b"text\n\n\xe2\x80\x94  AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 na+me AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 na\xe2\x80\xa8me AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAAA AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name AAAA_AAA\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAB=\n",
        b"text\n\n" + b"\xe2\x80\x94 name AAAAAAAA\n" * (MAX_SIGNATURES + 1),
        b"x" * MAX_NOTE + NOTE,
    ],
)
def test_what_is_not_exactly_one_note_is_malformed(note: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(note)
    assert caught.value.code == "NOTE_MALFORMED"


def test_there_is_room_for_the_sixteen_signatures_the_specification_asks_for() -> None:
    big = b"".join(
        b"\xe2\x80\x94 pq%d " % n + b64encode(bytes(4 + 5000)) + b"\n" for n in range(15)
    )
    assert signers(parse(NOTE + big), KEYS) == (NAME,)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_note_or_malformed(content: bytes) -> None:
    try:
        note = parse(content)
    except MalformedError:
        return
    assert note.text.endswith("\n")
    assert note.signatures


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_a_note_with_any_byte_changed_is_not_taken(offset: int, mask: int) -> None:
    changed = bytearray(NOTE)
    changed[offset] ^= mask
    with pytest.raises((MalformedError, RefusedError)):
        signers(parse(bytes(changed)), KEYS)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\n"])
def test_a_name_no_note_has_room_for_signs_nothing(name: str) -> None:
    with pytest.raises(MalformedError):
        sign_text(TEXT, name, KEY)
    with pytest.raises(MalformedError):
        verifier_key(name, KEY.public_key())


@pytest.mark.parametrize("text", ["", "no end", "\n", "tab\there\n", "bell\x07\n"])
def test_a_text_no_note_has_room_for_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError):
        sign_text(text, NAME, KEY)
