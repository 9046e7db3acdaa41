"""A segment that is full is closed under a number, and the next opens with everything so far."""

from pathlib import Path

import msgspec
import pytest

from tests.journal.building import ACTOR, Count, Ticks, build, facts, lines_of, numbers
from vanta.domain.errors import MalformedError
from vanta.journal.chain import chain, decode_line
from vanta.journal.reader import live_state, read, segments
from vanta.journal.writer import Journal


def test_the_live_file_keeps_its_name_and_closed_ones_are_numbered(path: Path) -> None:
    build(path, 6, per_segment=2)
    assert [file.name for file in segments(path)] == [
        "trade_log.000001.jsonl",
        "trade_log.000002.jsonl",
        "trade_log.jsonl",
    ]
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "trade_log.000001.jsonl",
        "trade_log.000002.jsonl",
        "trade_log.jsonl",
        "trade_log.jsonl.lock",
    ]


def test_a_new_segment_opens_with_its_number_the_file_before_and_the_state(path: Path) -> None:
    count = Count()
    with Journal.open(path, actor=ACTOR, clock=Ticks(), snapshot=count.snapshot) as journal:
        for number in range(3):
            count.fold(journal.append(facts([number])))
            journal.rotate()
    opening = decode_line(lines_of(path)[0])
    assert opening.type == "journal.rotated"
    assert msgspec.json.decode(opening.body) == {
        "segment": 3,
        "previous": "trade_log.000003.jsonl",
        "state": {"facts": 3},
    }


def test_sequence_and_chain_go_on_across_segments(path: Path) -> None:
    build(path, 6, per_segment=2)
    lines = [line for file in segments(path) for line in lines_of(file)]
    head = "0" * 64
    for seq, line in enumerate(lines):
        record = decode_line(line)
        assert (record.seq, record.prev) == (seq, head)
        head = chain(head, line)


def test_ids_of_opening_records_differ(path: Path) -> None:
    build(path, 6, per_segment=1)
    ids = [record.id for record in read(path)]
    assert len(set(ids)) == len(ids)


def test_a_segment_is_closed_before_the_append_that_finds_it_full(path: Path) -> None:
    """So that the snapshot is of a service that has folded everything acknowledged so far."""
    count = Count()
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=1000, snapshot=count.snapshot
    ) as journal:
        for number in range(30):
            count.fold(journal.append(facts([number])))
    assert len(segments(path)) > 4
    for file in segments(path)[1:]:
        first = decode_line(lines_of(file)[0])
        second = decode_line(lines_of(file)[1])
        state = msgspec.json.decode(first.body)["state"]
        assert state["facts"] == msgspec.json.decode(second.body)["number"]


def test_a_snapshot_larger_than_a_segment_does_not_rotate_for_ever(path: Path) -> None:
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=500, snapshot=lambda: "x" * 2000
    ) as journal:
        for number in range(10):
            journal.append(facts([number]))
    assert 2 < len(segments(path)) < 8


def test_rotating_goes_on_after_a_restart(path: Path) -> None:
    for number in range(4):
        with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=1) as journal:
            journal.append(facts([number]))
    assert len(segments(path)) == 4
    assert numbers(read(path)) == [0, 1, 2, 3]


def test_a_snapshot_that_cannot_be_taken_writes_nothing(path: Path) -> None:
    def snapshot() -> object:
        raise LookupError

    build(path, 1)
    before = path.read_bytes()
    with Journal.open(path, actor=ACTOR, clock=Ticks(), snapshot=snapshot) as journal:
        with pytest.raises(LookupError):
            journal.rotate()
        assert not journal.failed
        assert path.read_bytes() == before


def test_a_snapshot_that_is_not_json_writes_nothing(path: Path) -> None:
    build(path, 1)
    with Journal.open(path, actor=ACTOR, clock=Ticks(), snapshot=object) as journal:
        with pytest.raises(MalformedError) as caught:
            journal.rotate()
        assert caught.value.code == "SNAPSHOT"
        journal.append(facts([1]))
    assert numbers(read(path)) == [0, 1]


def test_a_state_that_has_no_room_in_a_line_keeps_nobody_from_appending(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vanta.journal.chain.MAX_LINE", 5_000)
    state, asked = ["x" * 6_000], [0]

    def snapshot() -> object:
        asked[0] += 1
        return state[0]

    def appended(journal: Journal, count: int) -> None:
        for number in range(count):
            journal.append(facts([number]))

    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=2_000) as journal:
        appended(journal, 1)
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=2_000, snapshot=snapshot
    ) as journal:
        with pytest.raises(MalformedError) as caught:
            journal.rotate()
        assert caught.value.code == "SNAPSHOT_LONG"
        asked[0] = 0
        appended(journal, 50)
        assert segments(path) == [path]
        # Not with every append: making it is what takes long.
        assert 2 < asked[0] <= journal.grown // 2_000
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=2_000, snapshot=snapshot
    ) as journal:
        appended(journal, 1)
        state[0] = "short"
        appended(journal, 10)
        assert len(segments(path)) > 1
        count = len(segments(path))
        appended(journal, 10)
        # And from then on as soon as one is full again.
        assert len(segments(path)) > count
    assert len(numbers(read(path))) == 72


def test_whoever_asks_closes_segments_alone(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=500, when_asked=True) as journal:
        for number in range(5):
            journal.append(facts([number]))
        assert len(segments(path)) == 1
        assert journal.rotate_if_due()
        assert not journal.rotate_if_due()
        assert len(segments(path)) == 2


def test_the_live_segment_is_all_a_view_needs(path: Path) -> None:
    count = Count()
    with Journal.open(path, actor=ACTOR, clock=Ticks(), snapshot=count.snapshot) as journal:
        count.fold(journal.append(facts(range(5))))
        journal.rotate()
        count.fold(journal.append(facts(range(5, 8))))
        position = journal.position
    for closed in segments(path)[:-1]:
        closed.write_bytes(b"unread")
    state = live_state(path)
    assert state.position == position
    assert numbers(state.records) == [5, 6, 7]
    rebuilt = msgspec.json.decode(state.state)["facts"] + len(state.records)
    assert rebuilt == count.facts
