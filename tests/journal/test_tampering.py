"""A change of any byte, line or file is found, and the place that is named is the right one."""

import random
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.building import build, flip, lines_of, rechained, write_lines
from vanta.domain.errors import MalformedError
from vanta.journal import verify as verifying
from vanta.journal.chain import BrokenLineError, Spot
from vanta.journal.reader import read, segments
from vanta.journal.segment import closed_path
from vanta.journal.verify import verify


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_SETTLE", 0)


def broken(path: Path) -> Spot:
    with pytest.raises(BrokenLineError) as caught:
        verify(path, workers=1)
    return caught.value.spot


def line_holding(file: Path, offset: int, content: bytes) -> Spot:
    """Where the line is that a byte of `content` belongs to."""
    starts = [0, *(at + 1 for at, byte in enumerate(content) if byte == ord("\n"))]
    line = bisect_right(starts, offset)
    return Spot(file, line, starts[line - 1])


def test_every_flipped_byte_is_found_in_its_line_but_in_what_nothing_vouches_for(
    path: Path,
) -> None:
    """All bytes of two segments: exactly the last line's own content is beyond the chain."""
    build(path, 4, per_segment=2)
    chance = random.Random(5)
    for file in segments(path):
        content = file.read_bytes()
        last = content.rfind(b"\n", 0, -1) + 1 if file == path else len(content)
        for offset in range(last):
            flip(file, offset, content[offset] ^ chance.randint(1, 255))
            assert broken(path) == line_holding(file, offset, content), offset
            file.write_bytes(content)
    verify(path)


def test_of_the_last_line_only_what_it_says_is_beyond_the_chain(path: Path) -> None:
    """Its number, its place in the chain and its end are checked; its body needs a checkpoint."""
    build(path, 3)
    content = path.read_bytes()
    last = content.rfind(b"\n", 0, -1) + 1
    found: dict[int, bool] = {}
    for offset in range(last, len(content)):
        flip(path, offset, content[offset] ^ 1)
        try:
            verify(path, workers=1)
        except MalformedError:
            found[offset] = True
        path.write_bytes(content)
    prev = content.rfind(b'"prev":"') + len(b'"prev":"')
    seq = content.rfind(b'"seq":') + len(b'"seq":')
    assert set(range(prev, prev + 64)) <= found.keys()
    assert {seq, len(content) - 1} <= found.keys()
    assert content.rfind(b"xxxx") not in found


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("longer") / "trade_log.jsonl"
    build(path, 300, per_segment=110, batch=10)
    return path


def test_an_escape_put_into_a_chain_value_is_found_where_it_is(path: Path) -> None:
    build(path, 4)
    content = path.read_bytes()
    lines = lines_of(path)
    third = len(lines[0]) + len(lines[1]) + 2
    start = third + lines[2].find(b'"prev":"') + len(b'"prev":"')
    for offset in range(start, start + 63):
        flip(path, offset, ord("\\"))
        assert broken(path) == Spot(path, 3, third)
        path.write_bytes(content)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_flip_at_any_place_of_a_longer_journal_is_named(
    data: st.DataObject, longer: Path
) -> None:
    file = data.draw(st.sampled_from(segments(longer)))
    content = file.read_bytes()
    last = content.rfind(b"\n", 0, -1) + 1 if file == longer else len(content)
    offset = data.draw(st.integers(0, last - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[offset]))
    try:
        flip(file, offset, value)
        assert broken(longer) == line_holding(file, offset, content)
        with pytest.raises(BrokenLineError):
            list(read(longer))
    finally:
        file.write_bytes(content)


def remove(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def duplicate(lines: list[bytes], at: int) -> list[bytes]:
    return lines[: at + 1] + lines[at:]


def swap(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def insert(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], b"{}", *lines[at:]]


@pytest.mark.parametrize(("change", "where"), [(remove, 0), (duplicate, 1), (swap, 0), (insert, 0)])
def test_whole_records_taken_out_put_in_or_moved_are_found_where_it_happened(
    path: Path, change: Callable[[list[bytes], int], list[bytes]], where: int
) -> None:
    build(path, 12, per_segment=6)
    for file in segments(path):
        lines = lines_of(file)
        for at in range(1, len(lines) - 1):
            changed = change(lines, at)
            write_lines(file, changed)
            line = at + where
            assert broken(path) == Spot(file, line + 1, sum(len(x) + 1 for x in changed[:line]))
        write_lines(file, lines)
    verify(path)


def test_the_last_records_of_a_closed_segment_cannot_be_cut_off(path: Path) -> None:
    build(path, 6, per_segment=3)
    closed = closed_path(path, 1)
    write_lines(closed, lines_of(closed)[:-1])
    assert broken(path) == Spot(path, 1, 0)


def test_two_segments_cannot_change_places(path: Path) -> None:
    build(path, 9, per_segment=3)
    first, second = closed_path(path, 1), closed_path(path, 2)
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert broken(path) == Spot(first, 1, 0)


def test_a_forger_who_rechains_what_follows_gets_only_to_the_end_of_the_file(path: Path) -> None:
    """Everything after a change has to be rewritten; then only a checkpoint tells."""
    build(path, 9, per_segment=3)
    closed = closed_path(path, 2)
    lines = lines_of(closed)
    write_lines(closed, rechained([*lines[:2], lines[2].replace(b"order_", b"forged"), lines[3]]))
    assert broken(path).file == closed


def test_a_record_that_goes_back_in_time_is_found(path: Path) -> None:
    build(path, 4)
    lines = lines_of(path)
    before = lines[2].split(b'"ts":')[1].split(b",")[0]
    write_lines(path, rechained([*lines[:2], lines[2].replace(before, b"5"), *lines[3:]]))
    assert broken(path).line == 3
