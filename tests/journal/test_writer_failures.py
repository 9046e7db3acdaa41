"""The disk refuses: loudly, once, and nothing half-written is ever acknowledged."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journal.building import ACTOR, Ticks, facts, numbers
from vanta.domain.errors import UnavailableError
from vanta.journal.reader import read
from vanta.journal.writer import Journal


def refuse(code: int) -> Callable[..., int]:
    def call(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    return call


def expect_failed(journal: Journal, reason: str) -> None:
    with pytest.raises(UnavailableError, match=reason) as caught:
        journal.append(facts([99]))
    assert caught.value.code == "JOURNAL_FAILED"
    assert journal.failed


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A real disk that is full once a file has `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most", [1, 7, 100])
def test_a_kernel_that_takes_a_few_bytes_at_a_time_is_written_to_until_all_are_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    write = os.write
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:most]))
        journal.append(facts(range(3)))
        monkeypatch.undo()
    assert numbers(read(path)) == [0, 1, 2]


@pytest.mark.parametrize("room", [0, 1, 200, 350, 900])
def test_a_full_disk_fails_the_batch_and_everything_after_it(path: Path, room: int) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts([1]))
        durable = journal.position
        with room_for(path.stat().st_size + room), pytest.raises(UnavailableError) as caught:
            journal.append(facts(range(2, 8)))
        assert caught.value.code == "JOURNAL_FAILED"
        assert journal.position == durable
        expect_failed(journal, "File too large")
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        whole = numbers(read(path))
        assert whole == list(range(1, len(whole) + 1))
        assert whole[0] == 1
        assert len(whole) < 7
        journal.append(facts([50]))
    assert numbers(read(path)) == [*whole, 50]


def test_what_could_not_be_flushed_is_not_there_when_the_journal_is_opened_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts([1]))
        monkeypatch.setattr(os, "fdatasync", refuse(errno.EIO))
        expect_failed(journal, os.strerror(errno.EIO))
        monkeypatch.undo()
        expect_failed(journal, "takes nothing more")
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        assert journal.torn == 0
        assert numbers(read(path)) == [1]


def test_an_interrupt_inside_a_write_fails_the_journal_and_stays_an_interrupt(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        monkeypatch.setattr(os, "fdatasync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            journal.append(facts([1]))
        monkeypatch.undo()
        expect_failed(journal, "interrupted")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "replace"])
def test_a_rotation_that_fails_fails_the_append_and_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=100) as journal:
        journal.append(facts([1]))
        durable = journal.position
        monkeypatch.setattr(os, call, refuse(errno.ENOSPC))
        expect_failed(journal, os.strerror(errno.ENOSPC))
        monkeypatch.undo()
        assert journal.position == durable
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        assert journal.position == durable
        journal.append(facts([2]))
    assert numbers(read(path)) == [1, 2]


def test_a_journal_that_cannot_be_begun_leaves_its_lock_free(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", refuse(errno.EROFS))
    with pytest.raises(UnavailableError, match="Read-only"):
        Journal.open(path, actor=ACTOR, clock=Ticks())
    monkeypatch.undo()
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        assert journal.position.size == 1
