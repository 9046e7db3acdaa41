"""The one writer: what it promises when nothing goes wrong, and who it lets in."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from tests.journal.building import ACTOR, Ticks, build, facts, lines_of, numbers, spy
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import GENESIS, Entry, Position
from vanta.journal.chain import chain, decode_line
from vanta.journal.reader import read
from vanta.journal.writer import Journal


def test_a_journal_begins_with_a_record_of_its_name_and_state(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks(), snapshot=lambda: {"open": 0}):
        pass
    [line] = lines_of(path)
    record = decode_line(line)
    assert (record.seq, record.type, record.prev, record.actor) == (
        0,
        "journal.opened",
        GENESIS,
        ACTOR,
    )
    assert msgspec.json.decode(record.body) == {
        "journal": "trade_log",
        "segment": 0,
        "state": {"open": 0},
    }


def test_without_a_snapshot_the_opening_state_is_null(path: Path) -> None:
    build(path, 0)
    assert msgspec.json.decode(decode_line(lines_of(path)[0]).body)["state"] is None


def test_append_returns_the_records_that_are_in_the_file(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        records = journal.append(facts(range(3))) + journal.append(facts([3]))
        assert list(read(path))[1:] == records
        assert numbers(records) == [0, 1, 2, 3]
        assert [record.seq for record in records] == [1, 2, 3, 4]
        assert records[0].parents == ("order_0",)
        assert (records[0].dag_id, records[0].policy) == ("dag_0", "c0ffee")


def test_position_is_the_count_and_chain_value_of_what_is_durable(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts(range(2)))
        head = GENESIS
        for line in lines_of(path):
            head = chain(head, line)
        assert journal.position == Position(3, head)


def test_a_batch_is_one_write_and_one_flush(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        calls = spy(monkeypatch, "write", "fdatasync", "fsync")
        journal.append(facts(range(64)))
        monkeypatch.undo()
    assert [name for name, _ in calls] == ["write", "fdatasync"]


def test_appending_nothing_writes_nothing(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        before = path.read_bytes()
        assert journal.append([]) == []
        assert path.read_bytes() == before


def test_time_never_goes_back_even_when_the_clock_does(path: Path) -> None:
    times = iter([100, 50, 120, 10])
    with Journal.open(path, actor=ACTOR, clock=lambda: next(times)) as journal:
        journal.append(facts([1]))
        journal.append(facts([2]))
    with Journal.open(path, actor=ACTOR, clock=lambda: next(times)) as journal:
        journal.append(facts([3]))
    assert [record.ts for record in read(path)] == [100, 100, 120, 120]


def test_a_journal_continues_where_it_was_closed(path: Path) -> None:
    first = build(path, 3)
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        assert journal.position == first
        [record] = journal.append(facts([3]))
        assert (record.seq, record.prev) == (first.size, first.head)
    assert numbers(read(path)) == [0, 1, 2, 3]


def test_files_are_for_the_owner_and_the_group_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o077)
    try:
        build(path, 2, per_segment=1)
    finally:
        os.umask(before)
    for file in (path, path.with_name("trade_log.000001.jsonl")):
        assert file.stat().st_mode & 0o777 == 0o640


def test_a_second_writer_is_told_who_holds_the_journal(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        with pytest.raises(UnavailableError, match=f"pid {os.getpid()}") as caught:
            Journal.open(path, actor=ACTOR, clock=Ticks())
        assert caught.value.code == "JOURNAL_LOCKED"
        journal.append(facts([1]))
    build(path, 1)


def test_the_lock_goes_with_the_process_that_held_it(path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from vanta.journal.writer import Journal;"
        "Journal.open(Path(sys.argv[1]), actor='a', clock=time.time_ns);"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert int(holder.stdout.readline()) == holder.pid
        with pytest.raises(UnavailableError, match=f"pid {holder.pid}"):
            Journal.open(path, actor=ACTOR, clock=Ticks())
    finally:
        holder.kill()
        holder.communicate()
    build(path, 1)


@pytest.mark.parametrize("name", ["journal.opened", "journal.rotated", "journal.anything"])
def test_the_writers_own_types_are_refused(path: Path, name: str) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        with pytest.raises(MalformedError, match="own type"):
            journal.append([Entry(type=name, id="i", body=1)])
        assert journal.position.size == 1


def test_an_entry_that_cannot_be_a_record_takes_its_batch_with_it_and_nothing_else(
    path: Path,
) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts([1]))
        with pytest.raises(MalformedError):
            journal.append([*facts([2]), Entry(type="a.done", id="i", body=object())])
        assert not journal.failed
        journal.append(facts([3]))
    assert numbers(read(path)) == [1, 3]


def test_a_closed_journal_takes_nothing_and_closes_twice(path: Path) -> None:
    journal = Journal.open(path, actor=ACTOR, clock=Ticks())
    journal.close()
    journal.close()
    with pytest.raises(UnavailableError, match="closed"):
        journal.append(facts([1]))


def test_threads_take_turns(path: Path) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=4000) as journal:

        def produce(start: int) -> None:
            for number in range(start, start + 25):
                journal.append(facts([number]))

        threads = [threading.Thread(target=produce, args=(100 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = numbers(read(path))
    assert sorted(found) == sorted(100 * n + m for n in range(4) for m in range(25))
    for n in range(4):
        assert [number for number in found if number // 100 == n] == [
            100 * n + m for m in range(25)
        ]


def test_no_directory_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="create the directory") as caught:
        Journal.open(tmp_path / "no" / "trade_log.jsonl", actor=ACTOR, clock=Ticks())
    assert caught.value.code == "JOURNAL_UNWRITABLE"


@pytest.mark.parametrize("change", ["append", "truncate", "remove", "replace"])
def test_a_file_somebody_else_touched_is_not_appended_to(path: Path, change: str) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts([1]))
        if change == "append":
            with path.open("ab") as file:
                file.write(b"{}\n")
        elif change == "truncate":
            os.truncate(path, 10)
        elif change == "remove":
            path.unlink()
        else:
            copy = path.with_suffix(".copy")
            copy.write_bytes(path.read_bytes())
            copy.replace(path)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                journal.append(facts([2]))
        assert journal.failed
        assert journal.position.size == 2
