"""Opening after a crash: an unfinished line is cut off, anything else is somebody's doing."""

import os
from pathlib import Path

import pytest

from tests.journal.building import ACTOR, Ticks, build, facts, flip, lines_of, numbers, write_lines
from vanta.domain.errors import MalformedError
from vanta.journal.chain import BrokenLineError
from vanta.journal.reader import read
from vanta.journal.segment import checkpoints_path
from vanta.journal.writer import Journal


def reopen(path: Path) -> Journal:
    return Journal.open(path, actor=ACTOR, clock=Ticks())


def expect_broken(path: Path, line: int, code: str) -> None:
    with pytest.raises(BrokenLineError) as caught:
        reopen(path)
    spot = caught.value.spot
    offset = sum(len(text) + 1 for text in lines_of(path)[: line - 1])
    assert (spot.file, spot.line, spot.offset) == (path, line, offset)
    assert caught.value.code == code
    assert caught.value.place == f"{path}:{line} (byte {offset})"


def test_a_last_line_torn_at_any_byte_is_cut_off_and_nothing_else_is(path: Path) -> None:
    build(path, 3)
    whole = path.read_bytes()
    last = len(lines_of(path)[-1]) + 1
    for torn in range(1, last):
        path.write_bytes(whole[:-torn])
        with reopen(path) as journal:
            assert journal.torn == last - torn
            assert journal.position.size == 3
            assert path.read_bytes() == whole[:-last]
            journal.append(facts([7]))
        assert numbers(read(path)) == [0, 1, 7]


@pytest.mark.parametrize("garbage", [b"\0" * 4096, b"\xff" * 10, b'{"seq":4', b"\r"])
def test_whatever_follows_the_last_newline_was_never_acknowledged(
    path: Path, garbage: bytes
) -> None:
    position = build(path, 3)
    with path.open("ab") as file:
        file.write(garbage)
    with reopen(path) as journal:
        assert journal.torn == len(garbage)
        assert journal.position == position


def test_a_whole_file_has_nothing_torn(path: Path) -> None:
    build(path, 3)
    with reopen(path) as journal:
        assert journal.torn == 0


@pytest.mark.parametrize("line", [b"", b"{}", b"\0" * 100, b'{"seq":4}'])
def test_a_complete_bad_line_at_the_end_is_tampering(path: Path, line: bytes) -> None:
    build(path, 3)
    write_lines(path, [*lines_of(path), line])
    before = path.read_bytes()
    expect_broken(path, 5, "LINE_MALFORMED")
    assert path.read_bytes() == before


def test_a_bad_line_in_the_middle_is_tampering(path: Path) -> None:
    build(path, 5)
    lines = lines_of(path)
    write_lines(path, [*lines[:3], lines[3].replace(b'"number":2', b'"number":3'), *lines[4:]])
    expect_broken(path, 4, "LINE_CHAIN")


def test_a_line_written_twice_is_tampering(path: Path) -> None:
    build(path, 3)
    lines = lines_of(path)
    write_lines(path, [*lines, lines[-1]])
    expect_broken(path, 5, "LINE_SEQ")


def test_a_refused_journal_leaves_its_lock_free(path: Path) -> None:
    build(path, 3)
    whole = path.read_bytes()
    flip(path, len(whole) // 2, 0)
    with pytest.raises(MalformedError):
        reopen(path)
    path.write_bytes(whole)
    reopen(path).close()


@pytest.mark.parametrize("content", [b"", b'{"seq":0', b"\n", b"{}\n"])
def test_a_file_without_an_opening_record_was_never_a_journal(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BrokenLineError) as caught:
        reopen(path)
    assert caught.value.code == "SEGMENT_OPENING"
    assert path.read_bytes() == content


def test_a_closed_file_that_is_gone_is_missed(path: Path) -> None:
    build(path, 6, per_segment=2)
    path.with_name("trade_log.000001.jsonl").unlink()
    with pytest.raises(MalformedError) as caught:
        reopen(path)
    assert caught.value.code == "SEGMENT_MISSING"
    assert caught.value.place.endswith("trade_log.000001.jsonl")


def test_a_closed_file_nobody_continues_is_refused(path: Path) -> None:
    build(path, 6, per_segment=2)
    extra = path.with_name("trade_log.000009.jsonl")
    extra.write_bytes(b"{}\n")
    with pytest.raises(MalformedError) as caught:
        reopen(path)
    assert (caught.value.code, caught.value.place) == ("SEGMENT_EXTRA", str(extra))


def test_a_live_file_that_is_gone_is_not_replaced_by_an_empty_one(path: Path) -> None:
    build(path, 4, per_segment=2)
    path.unlink()
    with pytest.raises(MalformedError) as caught:
        reopen(path)
    assert caught.value.code == "JOURNAL_MISSING"
    assert not path.exists()


def test_a_removed_journal_whose_checkpoints_stand_is_not_begun_again(path: Path) -> None:
    build(path, 1)
    checkpoints_path(path).write_bytes(b"")
    path.unlink()
    with pytest.raises(MalformedError, match="gone"):
        reopen(path)


def test_a_live_file_that_does_not_continue_the_closed_one_is_refused(path: Path) -> None:
    build(path, 4, per_segment=2)
    closed = path.with_name("trade_log.000001.jsonl")
    lines = lines_of(closed)
    write_lines(closed, lines[:-1])
    expect_broken(path, 1, "LINE_SEQ")
    write_lines(closed, [*lines[:-1], lines[-1].replace(b'"number":1', b'"number":9')])
    with pytest.raises(BrokenLineError) as caught:
        reopen(path)
    assert (caught.value.spot.file, caught.value.spot.line) == (closed, 3)


def test_what_recovery_keeps_is_flushed_before_it_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(path, 1)
    real = os.fsync
    flushed = []

    def fsync(fd: int) -> None:
        flushed.append(os.fstat(fd).st_ino)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    reopen(path).close()
    assert {path.stat().st_ino, path.parent.stat().st_ino} <= set(flushed)
