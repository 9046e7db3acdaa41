"""Fuzz target: signed notes, as checkpoints and receipts are."""

from base64 import b64encode

from tests.fuzz.attempts import attempt, twice
from tests.governance.simulator import person
from vanta.domain.errors import VantaError
from vanta.journal.note import MAX_SIGNATURES, Note, add_signature, key_id, parse, signers

TOKENS = (
    *(b"\n\n", b"\n", "\n\u2014 ".encode(), b" ", b"+", b"=", b"\r", b"\t", "\u2028".encode()),
    *(b"alpha", b"executor", b"vanta.dev/first-seen/v1 prod\n", b"\0", "\u00a0".encode()),
)
KEYS = {name: person(name).private_key.public_key() for name in ("alpha", "executor")}
SIGNED = (
    "vanta.dev/journal governance\n7\nq0vZ\n",
    "vanta.dev/first-seen/v1 prod\n" + "1" * 40 + " 1795305600000000000\n",
    "a line\n\nand another after an empty one\n",
)
"""The only texts these keys have ever signed."""


def one_input(data: bytes) -> None:
    """Read it as a note, and ask who signed it."""
    note = twice(parse, data)
    if isinstance(note, VantaError):
        return
    assert _written(note) == data
    assert note.text.endswith("\n")
    assert all(each >= " " or each == "\n" for each in note.text)
    assert 1 <= len(note.signatures) <= MAX_SIGNATURES
    names = twice(signers, note, KEYS)
    if not isinstance(names, VantaError):
        assert names
        assert set(names) <= KEYS.keys()
        assert len(set(names)) == len(names)
        assert note.text in SIGNED
        lines = {(each.name, each.key_id) for each in note.signatures}
        assert {(name, key_id(name, KEYS[name])) for name in names} <= lines
    more = attempt(add_signature, data, "witness", person("witness").private_key)
    if not isinstance(more, VantaError):
        again = parse(more)
        assert (again.text, again.signatures[:-1]) == (note.text, note.signatures)
        assert again.signatures[-1].name == "witness"


def _written(note: Note) -> bytes:
    lines = (
        f"\u2014 {name} {b64encode(number + value).decode()}\n"
        for name, number, value in note.signatures
    )
    return (note.text + "\n" + "".join(lines)).encode()
