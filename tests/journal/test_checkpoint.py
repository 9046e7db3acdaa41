"""Checkpoints vouch for what the chain cannot: a journal's end, and its past as it was."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.building import (
    ACTOR,
    Ticks,
    build,
    facts,
    flip,
    lines_of,
    rechained,
    write_lines,
)
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.record import GENESIS, Position
from vanta.journal.chain import BrokenLineError
from vanta.journal.checkpoint import (
    MAX_SIZE,
    append_checkpoint,
    cosign,
    open_note,
    read_checkpoints,
    sign,
)
from vanta.journal.note import base64, sign_text
from vanta.journal.segment import checkpoints_path
from vanta.journal.verify import Verified, verify
from vanta.journal.writer import Journal

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ALPHA = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NODE = "vanta.example/executor"
ORIGIN = "vanta.example/executor/trade_log"
KEYS = {NODE: KEY.public_key(), "alpha": ALPHA.public_key()}
HEAD = bytes(range(32))


def check(path: Path, origin: str | None = ORIGIN) -> Verified:
    return verify(path, workers=1, checkpoints=checkpoints_path(path), keys=KEYS, origin=origin)


def signed(position: Position) -> bytes:
    return sign(position, ORIGIN, NODE, KEY)


def build_signed(path: Path, *, per_segment: int = 4) -> Position:
    """Twelve facts in three segments, with a checkpoint after every fourth and at the end."""
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        for number in range(12):
            if number and number % per_segment == 0:
                journal.rotate()
            journal.append(facts([number]))
            if number % 4 == 3:
                append_checkpoint(path, signed(journal.position))
        return journal.position


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    note = signed(Position(7, HEAD.hex()))
    text, _, signature = note.decode().rpartition("\n\n")
    assert text == f"{ORIGIN}\n7\n{base64(HEAD)}"
    assert signature.startswith(f"— {NODE} ")


@given(
    st.text(st.characters(min_codepoint=33, exclude_categories=("Cs", "Z")), min_size=1),
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_what_was_signed_is_what_is_read(origin: str, size: int, head: bytes) -> None:
    position = Position(size, head.hex())
    try:
        note = sign(position, origin, NODE, KEY)
    except MalformedError:
        assert any(character.isspace() or character < " " for character in origin)
        return
    checkpoint = open_note(note, KEYS)
    assert (checkpoint.origin, checkpoint.position) == (origin, position)
    assert checkpoint.signers == (NODE,)


def test_somebody_else_countersigns() -> None:
    note = cosign(signed(Position(7, HEAD.hex())), "alpha", ALPHA)
    assert open_note(note, KEYS).signers == (NODE, "alpha")


@pytest.mark.parametrize(
    "text",
    [
        "only one line\n",
        f"origin\n1\n{base64(HEAD)}\nextension\n",
        f"\n1\n{base64(HEAD)}\n",
        f" origin\n1\n{base64(HEAD)}\n",
        f"origin\n\n{base64(HEAD)}\n",
        f"origin\n01\n{base64(HEAD)}\n",
        f"origin\n-1\n{base64(HEAD)}\n",
        f"origin\n+1\n{base64(HEAD)}\n",
        f"origin\n1.0\n{base64(HEAD)}\n",
        f"origin\n\u0661\n{base64(HEAD)}\n",
        f"origin\n{2**63}\n{base64(HEAD)}\n",
        f"origin\n{'9' * 5000}\n{base64(HEAD)}\n",
        f"origin\n1\n{base64(HEAD[:-1])}\n",
        f"origin\n1\n{base64(HEAD)} \n",
        f"origin\n1\n{base64(HEAD)[:-1]}\n",
        "origin\n1\n\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_malformed(text: str) -> None:
    try:
        note = sign_text(text, NODE, KEY)
    except MalformedError:
        return
    with pytest.raises(MalformedError) as caught:
        open_note(note, KEYS)
    assert caught.value.code == "NOTE_MALFORMED"


@pytest.mark.parametrize("origin", ["", " ", "a\nb", "a\tb", "a "])
def test_an_origin_there_is_no_room_for_is_not_signed(origin: str) -> None:
    with pytest.raises(MalformedError):
        sign(Position(1, GENESIS), origin, NODE, KEY)


def test_checkpoints_are_kept_in_order(path: Path) -> None:
    notes = [signed(Position(size, HEAD.hex())) for size in range(5)]
    notes[2] = cosign(notes[2], "alpha", ALPHA)
    for note in notes:
        assert append_checkpoint(path, note) == checkpoints_path(path)
    kept = read_checkpoints(checkpoints_path(path), KEYS)
    assert [checkpoint.position.size for checkpoint in kept] == [0, 1, 2, 3, 4]
    assert kept[2].signers == (NODE, "alpha")
    assert checkpoints_path(path).read_bytes() == b"\n".join([*notes, b""])


def test_a_checkpoint_torn_at_any_byte_is_cut_off_by_the_next(path: Path) -> None:
    file = append_checkpoint(path, signed(Position(1, HEAD.hex())))
    before = file.stat().st_size
    append_checkpoint(path, signed(Position(2, HEAD.hex())))
    whole = file.read_bytes()
    for end in range(before, len(whole)):
        os.truncate(file, before)
        with file.open("ab") as tail:
            tail.write(whole[before:end])
        assert [kept.position.size for kept in read_checkpoints(file, KEYS)] == [1]
        append_checkpoint(path, signed(Position(3, HEAD.hex())))
        assert [kept.position.size for kept in read_checkpoints(file, KEYS)] == [1, 3]


def test_what_is_no_checkpoint_is_not_kept(path: Path) -> None:
    for note in (b"", b"anything", sign_text("a note\n", NODE, KEY)):
        with pytest.raises(MalformedError):
            append_checkpoint(path, note)
    assert not checkpoints_path(path).exists()


def test_a_bad_note_among_the_kept_is_named(path: Path) -> None:
    file = append_checkpoint(path, signed(Position(1, HEAD.hex())))
    append_checkpoint(path, signed(Position(2, HEAD.hex())))
    content = file.read_bytes()
    file.write_bytes(content.replace(b"\n2\n", b"\n3\n"))
    with pytest.raises(RefusedError) as caught:
        read_checkpoints(file, KEYS)
    assert (caught.value.code, caught.value.place) == ("NOTE_SIGNATURE", f"{file} note 2")


def test_a_journal_that_agrees_says_how_far_it_is_vouched_for(path: Path) -> None:
    position = build_signed(path)
    verified = check(path)
    assert verified.position == position
    assert (verified.checkpoints, verified.covered) == (3, position.size)
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts(range(20, 23)))
    verified = check(path)
    assert (verified.records, verified.covered) == (position.size + 3, position.size)


def test_the_last_line_is_vouched_for_by_the_checkpoint_that_covers_it(path: Path) -> None:
    build_signed(path)
    content = path.read_bytes()
    last = content.rfind(b"\n", 0, -1) + 1
    for offset in range(last, len(content) - 1):
        flip(path, offset, content[offset] ^ 1)
        with pytest.raises(BrokenLineError) as caught:
            check(path)
        assert caught.value.spot.file == path
        assert caught.value.spot.offset in (last, content.rfind(b"\n", 0, last - 1) + 1)
        path.write_bytes(content)
    flip(path, content.rfind(b"xxx"), ord("y"))
    with pytest.raises(BrokenLineError) as caught:
        check(path)
    assert (caught.value.code, caught.value.spot.offset) == ("CHECKPOINT_HEAD", last)


def test_a_journal_cut_short_is_behind_its_checkpoint(path: Path) -> None:
    build_signed(path)
    write_lines(path, lines_of(path)[:-1])
    verify(path)
    with pytest.raises(MalformedError, match="signed that it held") as caught:
        check(path)
    assert caught.value.code == "CHECKPOINT_AHEAD"


def test_a_journal_rewritten_to_its_end_is_not_what_was_signed(path: Path) -> None:
    position = build_signed(path, per_segment=100)
    lines = lines_of(path)
    forged = rechained([*lines[:6], lines[6].replace(b"order_", b"forged"), *lines[7:]])
    write_lines(path, forged)
    assert verify(path).records == position.size
    with pytest.raises(BrokenLineError, match="from record 5 on") as caught:
        check(path)
    assert caught.value.code == "CHECKPOINT_HEAD"
    assert caught.value.spot.line == 9


def test_checkpoints_of_another_journal_are_refused(path: Path) -> None:
    build_signed(path)
    with pytest.raises(RefusedError) as caught:
        check(path, origin="vanta.example/executor/intents")
    assert caught.value.code == "CHECKPOINT_ORIGIN"
    append_checkpoint(path, sign(Position(0, GENESIS), "another", NODE, KEY))
    with pytest.raises(RefusedError) as mixed:
        check(path, origin=None)
    assert mixed.value.place.endswith("note 4")


def test_checkpoints_nobody_known_signed_are_refused(path: Path) -> None:
    build_signed(path)
    with pytest.raises(RefusedError):
        verify(path, checkpoints=checkpoints_path(path))


def test_checkpoints_that_should_be_there_are_missed(path: Path) -> None:
    build(path, 1)
    with pytest.raises(UnavailableError) as caught:
        check(path)
    assert caught.value.code == "CHECKPOINTS_MISSING"


def test_an_empty_journal_has_nothing_before_it(path: Path) -> None:
    build(path, 1)
    append_checkpoint(path, signed(Position(0, GENESIS)))
    assert check(path).covered == 0
    append_checkpoint(path, signed(Position(0, HEAD.hex())))
    with pytest.raises(BrokenLineError):
        check(path)
