"""Reading everything, and following what comes."""

import errno
import os
from pathlib import Path

import pytest

from tests.journal.building import (
    ACTOR,
    Ticks,
    build,
    facts,
    lines_of,
    numbers,
    rechained,
    write_lines,
)
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import GENESIS, Position
from vanta.journal.chain import BrokenLineError
from vanta.journal.reader import Tail, live_state, read, read_since, segments
from vanta.journal.segment import closed_path
from vanta.journal.writer import Journal


def open_writer(path: Path) -> Journal:
    return Journal.open(path, actor=ACTOR, clock=Ticks())


def test_reading_gives_every_record_of_every_segment_in_order(path: Path) -> None:
    build(path, 10, per_segment=3)
    assert numbers(read(path)) == list(range(10))


def test_reading_what_is_not_there_says_so(path: Path) -> None:
    for reading in (lambda: list(read(path)), lambda: segments(path), lambda: live_state(path)):
        with pytest.raises(UnavailableError) as caught:
            reading()
        assert caught.value.code == "JOURNAL_MISSING"
        assert "memory/" in caught.value.remedy


def test_reading_since_an_instant_begins_with_the_segment_that_was_open_then(path: Path) -> None:
    build(path, 10, per_segment=3)
    whole = list(read(path))
    opened = [record for record in whole if record.type.startswith("journal.")]
    assert len(opened) > 2
    for since in range(whole[0].ts - 1, whole[-1].ts + 2):
        found = list(read_since(path, since))
        first = max((one.seq for one in opened if one.ts <= since), default=0)
        assert [one.seq for one in found] == list(range(first, len(whole))), since


def test_reading_since_an_instant_names_a_broken_line(path: Path) -> None:
    build(path, 9, per_segment=3)
    closed = closed_path(path, 2)
    lines = lines_of(closed)
    write_lines(closed, [*lines[:2], lines[2].replace(b"order_4", b"order_5"), *lines[3:]])
    with pytest.raises(BrokenLineError) as caught:
        list(read_since(path, 0))
    assert str(closed) in str(caught.value)


def test_a_reader_leaves_an_unfinished_line_out(path: Path) -> None:
    build(path, 3)
    with path.open("ab") as file:
        file.write(b'{"seq":4,"ts"')
    assert numbers(read(path)) == [0, 1, 2]
    assert numbers(Tail(path).poll()) == [0, 1, 2]
    assert numbers(live_state(path).records) == [0, 1, 2]


def test_reading_gives_what_is_sound_and_then_names_the_line_that_is_not(path: Path) -> None:
    build(path, 9, per_segment=3)
    closed = closed_path(path, 2)
    lines = lines_of(closed)
    write_lines(closed, [*lines[:2], lines[2].replace(b"order_4", b"order_5"), *lines[3:]])
    records = read(path)
    assert numbers(next(records) for _ in range(7)) == [0, 1, 2, 3, 4]
    with pytest.raises(BrokenLineError) as caught:
        next(records)
    offset = len(lines[0]) + len(lines[1]) + 2
    assert caught.value.place == f"{closed}:3 (byte {offset})"


def test_a_closed_segment_without_an_end_is_torn(path: Path) -> None:
    build(path, 4, per_segment=2)
    closed = closed_path(path, 1)
    closed.write_bytes(closed.read_bytes()[:-1])
    with pytest.raises(BrokenLineError) as caught:
        list(read(path))
    assert (caught.value.code, caught.value.spot.line) == ("TORN_TAIL", 3)


def test_a_reader_that_is_overtaken_by_a_rotation_reads_each_record_once(path: Path) -> None:
    with open_writer(path) as journal:
        journal.append(facts(range(3)))
        journal.rotate()
        journal.append(facts(range(3, 6)))
        records = read(path)
        first = [next(records)]
        journal.rotate()
        journal.append(facts(range(6, 9)))
        assert numbers([*first, *records]) == [0, 1, 2, 3, 4, 5]


def test_between_the_steps_of_a_rotation_nothing_is_read_twice(path: Path) -> None:
    build(path, 4, per_segment=2)
    os.link(path, closed_path(path, 2))
    assert numbers(read(path)) == [0, 1, 2, 3]
    assert [file.name for file in segments(path)] == ["trade_log.000001.jsonl", "trade_log.jsonl"]
    with Tail(path) as tail:
        assert numbers(tail.poll()) == [0, 1, 2, 3]


def test_a_tail_gives_what_was_appended_since_it_was_asked_last(path: Path) -> None:
    with open_writer(path) as journal, Tail(path) as tail:
        assert [record.type for record in tail.poll()] == ["journal.opened"]
        assert tail.poll() == []
        for number in range(0, 6, 2):
            journal.append(facts([number, number + 1]))
            assert numbers(tail.poll()) == [number, number + 1]
            assert tail.position == journal.position


def test_a_tail_waits_for_a_journal_that_does_not_exist_yet(path: Path) -> None:
    with Tail(path) as tail:
        assert tail.poll() == []
        assert tail.poll() == []
        build(path, 2)
        assert numbers(tail.poll()) == [0, 1]


def test_a_tail_follows_across_any_number_of_rotations(path: Path) -> None:
    with open_writer(path) as journal, Tail(path) as tail:
        seen: list[int] = []
        for number in range(12):
            journal.append(facts([number]))
            if number % 2:
                journal.rotate()
            if number % 5 == 0:
                seen += numbers(tail.poll())
        seen += numbers(tail.poll())
        assert seen == list(range(12))
        assert tail.position == journal.position


def test_a_poll_gives_no_more_than_it_is_asked_for(path: Path) -> None:
    build(path, 10, per_segment=3)
    with Tail(path) as tail:
        batches = [tail.poll(limit=4) for _ in range(5)]
    assert [len(batch) for batch in batches] == [4, 4, 4, 2, 0]
    assert numbers(record for batch in batches for record in batch) == list(range(10))


@pytest.mark.parametrize("read_before", range(15))
def test_a_tail_goes_on_from_any_position(path: Path, read_before: int) -> None:
    build(path, 10, per_segment=3)
    with Tail(path) as tail:
        tail.poll(limit=read_before) if read_before else None
        position = tail.position
    with Tail(path, after=position) as tail:
        rest = tail.poll()
        assert rest == list(read(path))[read_before:]
    with open_writer(path) as journal:
        journal.append(facts([77]))
    assert numbers(tail.poll()) == [77]
    tail.close()


def test_a_tail_never_gives_part_of_a_line(path: Path) -> None:
    build(path, 3)
    whole = path.read_bytes()
    start = len(whole) - len(lines_of(path)[-1]) - 1
    with Tail(path) as tail:
        path.write_bytes(whole[:start])
        assert numbers(tail.poll()) == [0, 1]
        for end in range(start, len(whole)):
            os.truncate(path, start)
            with path.open("ab") as file:
                file.write(whole[start:end])
            assert tail.poll() == []
        path.write_bytes(whole)
        assert numbers(tail.poll()) == [2]


def test_a_position_the_journal_does_not_reach_is_lost(path: Path) -> None:
    position = build(path, 5)
    write_lines(path, lines_of(path)[:-1])
    with pytest.raises(MalformedError, match="ends after 5 records") as caught:
        Tail(path, after=position).poll()
    assert caught.value.code == "POSITION_LOST"


def test_a_position_of_another_journal_is_lost(path: Path) -> None:
    build(path, 5)
    with pytest.raises(MalformedError, match="another one") as caught:
        Tail(path, after=Position(3, "ab" * 32)).poll()
    assert caught.value.code == "POSITION_LOST"


def test_a_journal_that_is_gone_is_missed_by_who_has_read_from_it(path: Path) -> None:
    position = build(path, 2)
    path.unlink()
    with pytest.raises(UnavailableError):
        Tail(path, after=position).poll()


@pytest.mark.parametrize("change", ["cut", "replaced", "removed"])
def test_a_tail_notices_that_its_file_was_taken_from_it(path: Path, change: str) -> None:
    build(path, 5)
    with Tail(path) as tail:
        tail.poll()
        if change == "cut":
            os.truncate(path, 20)
        elif change == "removed":
            path.unlink()
        else:
            copy = path.with_suffix(".copy")
            write_lines(copy, lines_of(path)[:3])
            copy.replace(path)
        with pytest.raises((MalformedError, UnavailableError)):
            tail.poll()


def test_a_tail_gives_what_is_sound_first_and_the_error_next(path: Path) -> None:
    build(path, 4)
    lines = lines_of(path)
    write_lines(path, [*lines, b"{}"])
    with Tail(path) as tail:
        assert numbers(tail.poll()) == [0, 1, 2, 3]
        for _ in range(2):
            with pytest.raises(BrokenLineError) as caught:
                tail.poll()
            assert caught.value.spot.line == 6


def test_a_tail_does_not_follow_a_rewritten_past(path: Path) -> None:
    build(path, 4, per_segment=2)
    with Tail(path) as tail:
        tail.poll(limit=4)
        live = lines_of(path)
        write_lines(path, rechained([live[0].replace(b"executor", b"anybody!"), *live[1:]]))
        with pytest.raises(MalformedError):
            tail.poll()


def test_a_tail_gives_out_nothing_it_could_not_flush(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    build(path, 1)
    with Tail(path) as tail:
        monkeypatch.setattr(os, "fdatasync", refuse)
        with pytest.raises(UnavailableError, match="flushed"):
            tail.poll()
        monkeypatch.undo()
        assert numbers(tail.poll()) == [0]


def test_a_tail_begins_at_nothing(path: Path) -> None:
    assert Tail(path).position == Position(0, GENESIS)
