"""Many threads, one flush: everybody hears of their own records, or of the error."""

import errno
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.journal.building import ACTOR, Count, Ticks, facts, numbers
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.record import Entry, Record
from vanta.journal.chain import decode_line
from vanta.journal.group import GroupCommit, _Ticket
from vanta.journal.reader import read, segments
from vanta.journal.writer import Journal


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def holding_flushes(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[int]]:
    """Let no flush end before the event is set; counts them."""
    go, flushed, flush = threading.Event(), [0], os.fdatasync

    def slow(fd: int) -> None:
        flushed[0] += 1
        assert go.wait(30)
        flush(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    return go, flushed


def waiting(group: GroupCommit, count: int) -> None:
    while len(group._waiting) < count:
        threading.Event().wait(0.002)


def test_everybody_gets_their_own_records_in_the_order_they_are_in_the_file(path: Path) -> None:
    got: dict[int, list[Record]] = {}
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=20_000) as journal:
        group = GroupCommit(journal)

        def produce(thread: int) -> None:
            for turn in range(20):
                number = thread * 1000 + turn * 2
                got[number] = group.commit(facts([number, number + 1]))

        in_threads(16, produce)
    for number, records in got.items():
        assert numbers(records) == [number, number + 1]
        assert records[1].seq == records[0].seq + 1
    written = [record for record in read(path) if record.type == "order.filled"]
    assert written == sorted((r for rs in got.values() for r in rs), key=lambda r: r.seq)
    assert len(segments(path)) > 2


def test_those_who_come_during_a_flush_share_the_next_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal)
        go, flushed = holding_flushes(monkeypatch)

        def produce(thread: int) -> None:
            if thread == 0:
                waiting(group, 12)
                go.set()
            else:
                group.commit(facts([thread]))

        in_threads(14, produce)
        assert flushed[0] == 2
    assert sorted(numbers(read(path))) == list(range(1, 14))


def test_a_batch_holds_no_more_than_it_may(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal, most=4)
        go, flushed = holding_flushes(monkeypatch)

        def produce(thread: int) -> None:
            if thread == 0:
                waiting(group, 8)
                go.set()
            else:
                group.commit(facts([thread]))

        in_threads(10, produce)
        assert flushed[0] == 3


def test_an_error_of_the_disk_is_told_to_everybody_in_the_batch_and_after(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[UnavailableError] = []
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal)
        go = threading.Event()

        def broken(_: int) -> None:
            assert go.wait(30)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "fdatasync", broken)

        def produce(thread: int) -> None:
            if thread == 0:
                waiting(group, 4)
                go.set()
                return
            with pytest.raises(UnavailableError) as caught:
                group.commit(facts([thread]))
            errors.append(caught.value)

        in_threads(6, produce)
    assert {error.code for error in errors} == {"JOURNAL_FAILED"}
    assert len({id(error) for error in errors}) == 5
    assert numbers(read(path)) == []


def test_one_producers_bad_entry_is_that_producers_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[int] = []
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal)
        go, _ = holding_flushes(monkeypatch)

        def produce(thread: int) -> None:
            if thread == 0:
                waiting(group, 5)
                go.set()
                return
            bad = thread == 3
            entries = [Entry("a.done", "i", object())] if bad else facts([thread])
            try:
                group.commit(entries)
            except MalformedError:
                refused.append(thread)

        # The first to come is flushed alone; the bad one is among those who share the next.
        leader = threading.Thread(target=group.commit, args=(facts([99]),))
        leader.start()
        in_threads(6, produce)
        leader.join()
    assert refused == [3]
    assert sorted(numbers(read(path))) == [1, 2, 4, 5, 99]


def test_the_state_is_folded_before_anybody_hears_so_every_snapshot_is_whole(path: Path) -> None:
    count = Count()
    seen: list[int] = []
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=3000, snapshot=count.snapshot
    ) as journal:
        group = GroupCommit(journal, fold=count.fold)

        def produce(thread: int) -> None:
            for turn in range(10):
                group.commit(facts([thread * 100 + turn]))
                seen.append(count.facts)

        in_threads(8, produce)
    before = 0
    for file in segments(path):
        first, *rest = file.read_bytes().splitlines()
        body = bytes(decode_line(first).body)
        assert f'"facts":{before}}}'.encode() in body
        before += len(rest)
    assert before == count.facts == 80
    assert min(seen) >= 1


def test_a_state_that_no_longer_folds_takes_no_more_records(path: Path) -> None:
    def fold(records: Sequence[Record]) -> None:
        raise MalformedError(f"cannot fold {records[0].id}", code="BOOK")

    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal, fold=fold)
        for number in range(2):
            with pytest.raises(UnavailableError, match="the state does not hold") as caught:
                group.commit(facts([number]))
            assert caught.value.code == "JOURNAL_FOLD"
    assert numbers(read(path)) == [0]


@pytest.mark.parametrize("promoted", [False, True], ids=["still waiting", "made leader"])
def test_one_who_is_interrupted_while_waiting_leaves_nobody_waiting(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, promoted: bool
) -> None:
    wait = _Ticket.wait
    interrupted = threading.Event()

    def wait_or_leave(ticket: _Ticket) -> None:
        if ticket.entries[0].id == "fill_2":
            if promoted:
                wait(ticket)
            interrupted.set()
            raise KeyboardInterrupt
        wait(ticket)

    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal)
        go, _ = holding_flushes(monkeypatch)
        monkeypatch.setattr(_Ticket, "wait", wait_or_leave)

        def leave() -> None:
            with pytest.raises(KeyboardInterrupt):
                group.commit(facts([2]))

        threads = [threading.Thread(target=group.commit, args=(facts([1]),))]
        threads[0].start()
        while not group._led or group._waiting:
            threading.Event().wait(0.002)
        threads.append(threading.Thread(target=leave))
        threads[1].start()
        if promoted:
            waiting(group, 1)
        else:
            assert interrupted.wait(30)
        threads.append(threading.Thread(target=group.commit, args=(facts([3]),)))
        threads[2].start()
        waiting(group, 1 + promoted)
        go.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        group.commit(facts([4]))
    assert numbers(read(path)) == ([1, 2, 3, 4] if promoted else [1, 3, 4])


def test_a_leader_that_is_interrupted_leaves_nobody_waiting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        group = GroupCommit(journal)
        go = threading.Event()

        def interrupt(_: int) -> None:
            assert go.wait(30)
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fdatasync", interrupt)

        def produce(thread: int) -> None:
            if thread == 0:
                waiting(group, 3)
                go.set()
                return
            try:
                group.commit(facts([thread]))
            except (KeyboardInterrupt, UnavailableError) as error:
                told.append(type(error).__name__)

        in_threads(5, produce)
    assert sorted(told) == ["KeyboardInterrupt", *["UnavailableError"] * 3]
