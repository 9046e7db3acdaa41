"""The largest inputs there may be, of the shapes that take a careless parser longest.

Whoever can push can make a node read these, and a halt waits behind them. The bound is generous,
for slow machines, and on processor time, for busy ones: what grows with the square of its input
takes minutes here.
"""

import contextlib
import time

import pytest

from vanta.domain.errors import VantaError
from vanta.governance.bounds import Bounds
from vanta.governance.commits import MAX_COMMIT, parse_approval, parse_commit, parse_links
from vanta.governance.documents.read import read_document
from vanta.governance.sshsig import MAX_ARMOR, parse_armor
from vanta.governance.strict_yaml import MAX_BYTES
from vanta.governance.trees import parse_tree
from vanta.journal.note import MAX_NOTE, parse

SECONDS = 3.0
OBJECT = Bounds().object_bytes
OID = "a" * 40
TREE = b"tree " + b"1" * 40 + b"\n"
PEOPLE = b"author A <a@b> 5 +0000\ncommitter A <a@b> 5 +0000\n"
PARENT = b"parent " + b"1" * 40 + b"\n"
APPROVING = TREE + PEOPLE + b"\nS\n\nVanta-Approve: x\n"
SIGNED = TREE + PEOPLE + b"gpgsig -----BEGIN SSH SIGNATURE-----\n"


def filled(start: bytes, unit: bytes, size: int, end: bytes = b"") -> bytes:
    """`unit` repeated between `start` and `end`, as long as may be."""
    return start + unit * ((size - len(start) - len(end)) // len(unit)) + end


def assert_quick(started: float) -> None:
    spent = time.process_time() - started
    assert spent < SECONDS, f"{spent:.1f} s"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(filled(APPROVING, b" y\n", MAX_COMMIT), id="one trailer that goes on"),
        pytest.param(filled(APPROVING, b"A: b\n", MAX_COMMIT), id="trailers"),
        pytest.param(filled(APPROVING, b"A-", MAX_COMMIT), id="one long key"),
        pytest.param(filled(APPROVING, b" \n", MAX_COMMIT), id="empty lines of spaces"),
        pytest.param(filled(TREE, PARENT, MAX_COMMIT, PEOPLE + b"\n"), id="parents"),
        pytest.param(filled(TREE + b"author ", b" <", MAX_COMMIT, b"\n\n"), id="addresses"),
        pytest.param(filled(TREE + b"author ", b" ", MAX_COMMIT, b"\n\n"), id="spaces"),
        pytest.param(filled(TREE + b"author a <b> ", b"1", MAX_COMMIT, b"\n\n"), id="digits"),
        pytest.param(filled(TREE + PEOPLE, b"x y\n", MAX_COMMIT, b"\n"), id="headers"),
        pytest.param(filled(SIGNED, b" A\n", MAX_COMMIT, b"\n"), id="armour without an end"),
        pytest.param(
            filled(SIGNED, b" \n", MAX_COMMIT, b" -----END SSH SIGNATURE-----\n\n"), id="armour"
        ),
    ],
)
def test_a_commit(raw: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(VantaError):
        parse_links(OID, raw)
        parse_approval(commit := parse_commit(OID, raw))
        parse_armor(commit.signature or b"")
    assert_quick(started)


@pytest.mark.parametrize("end", [PEOPLE, b"parent " + b"g" * 60], ids=["sound", "broken"])
def test_the_links_of_the_largest_object(end: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(VantaError):
        parse_links(OID, filled(TREE, PARENT, OBJECT, end))
    assert_quick(started)


def test_a_tree() -> None:
    entries = (b"100644 %08d\0" % number + b"\1" * 20 for number in range(OBJECT // 36))
    started = time.process_time()
    assert len(parse_tree(OID, b"".join(entries))) == OBJECT // 36
    assert_quick(started)


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        *[("", unit, "") for unit in ("[", "{", "- ", "? ", "a: ", "[a: ", "a", " ", "&a ", "!a ")],
        *[
            ("", unit, "")
            for unit in ("#a\n", "---\n", "%A\n", "[\n", "*a ", "| ", "a,", "'", ": ")
        ],
        *[("a: ", unit, "x") for unit in ("1", "1_", "1,", "1:", "1.", "0x", "1e", ".1", "-", "~")],
        *[("a: ", unit, "e") for unit in ("1", "1_", "_", "1:1")],
        *[("{", unit, "}") for unit in ("a,", "? a,", "a: {")],
        *[('"', unit, '"') for unit in ("a", "a\n", "\\x41", "\\\n", " \n")],
        *[("a: |\n", " c\n", ""), ("a: b\n", " c\n", ""), ("a: >\n", "\n", ""), ("a: 1", "\n", "")],
        *[("k: v\n", "k: v\n", "\x07"), ("", "k: v\n", "\u202e"), ("[", "1,", "1]")],
    ],
)
def test_a_document(start: str, unit: str, end: str) -> None:
    data = filled(start.encode(), unit.encode(), MAX_BYTES, end.encode())
    started = time.process_time()
    with contextlib.suppress(VantaError):
        read_document(data, file="f")
    assert_quick(started)


def test_a_document_of_as_many_keys_as_fit() -> None:
    data = b"".join(b"k%d: {}\n" % number for number in range(MAX_BYTES // 12))
    started = time.process_time()
    with contextlib.suppress(VantaError):
        read_document(data, file="f")
    assert_quick(started)


@pytest.mark.parametrize("unit", [b"A" * 76 + b"\n", b"A\n", b"A", b"=\n"])
def test_an_armour(unit: bytes) -> None:
    begin, end = b"-----BEGIN SSH SIGNATURE-----\n", b"-----END SSH SIGNATURE----"
    started = time.process_time()
    with contextlib.suppress(VantaError):
        parse_armor(filled(begin, unit, MAX_ARMOR, end))
    assert_quick(started)


@pytest.mark.parametrize("unit", [b"\n", b"a\n", "\u2014 a AAAAAAAA\n".encode(), b"\xe2\x80\x94"])
def test_a_note(unit: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(VantaError):
        parse(filled(b"a\n\n", unit, MAX_NOTE))
    assert_quick(started)
