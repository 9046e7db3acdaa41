"""Verification: what it says of a sound journal, and that workers do not change its answer."""

import os
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.journal.building import ACTOR, Ticks, build, facts, flip, lines_of
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.journal import chunk, segment, verify
from vanta.journal.chain import BrokenLineError
from vanta.journal.reader import Tail, read, segments
from vanta.journal.segment import closed_path
from vanta.journal.writer import Journal


@pytest.fixture
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several stretches and processes even for a small journal."""
    monkeypatch.setattr(verify, "STRETCH", 1500)
    monkeypatch.setattr(verify, "WORTH_A_PROCESS", 1)


def test_a_sound_journal_is_counted_and_its_head_told(path: Path) -> None:
    position = build(path, 20, per_segment=6)
    verified = verify.verify(path)
    assert verified.position == position
    assert verified.segments == tuple(segments(path))
    assert verified.bytes == sum(file.stat().st_size for file in segments(path))
    assert (verified.checkpoints, verified.covered) == (0, 0)


@pytest.mark.usefixtures("small_stretches")
def test_processes_come_to_the_same_answer(path: Path) -> None:
    build(path, 60, per_segment=25)
    alone = verify.verify(path, workers=1)
    assert verify.verify(path, workers=2) == alone
    whole = path.read_bytes()
    for offset in (len(whole) // 2, 10, len(whole) - 700):
        flip(path, offset, whole[offset] ^ 1)
        answers = []
        for workers in (1, 2):
            with pytest.raises(BrokenLineError) as caught:
                verify.verify(path, workers=workers)
            answers.append(str(caught.value))
        assert answers[0] == answers[1]
        path.write_bytes(whole)


@pytest.mark.parametrize("stretch", [1, 200, 450, 1000, 10**6])
def test_where_stretches_are_cut_does_not_matter(
    path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    position = build(path, 12, per_segment=5)
    monkeypatch.setattr(verify, "STRETCH", stretch)
    assert verify.verify(path, workers=1).position == position
    lines = lines_of(closed_path(path, 2))
    offset = sum(len(line) + 1 for line in lines[:3])
    whole = closed_path(path, 2).read_bytes()
    flip(closed_path(path, 2), offset + 20, whole[offset + 20] ^ 1)
    with pytest.raises(BrokenLineError) as caught:
        verify.verify(path, workers=1)
    assert caught.value.spot == (closed_path(path, 2), 4, offset)


def test_a_stretch_ends_where_a_line_does(path: Path) -> None:
    build(path, 30)
    fd = os.open(path, os.O_RDONLY)
    try:
        end = os.fstat(fd).st_size
        content = os.pread(fd, end, 0)
        for size in (1, 100, 333, 5000, end, end + 1):
            parts = list(chunk.stretches(path, path, fd, end, size))
            assert parts[0].start == 0
            assert parts[-1].end == end
            assert all(a.end == b.start for a, b in pairwise(parts))
            assert all(content[part.end - 1 : part.end] == b"\n" for part in parts)
    finally:
        os.close(fd)


def test_verifying_runs_beside_the_writer(path: Path) -> None:
    stop = threading.Event()
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=5000) as journal:

        def write() -> None:
            number = 0
            while not stop.is_set():
                journal.append(facts(range(number, number + 5), size=500))
                number += 5

        writer = threading.Thread(target=write)
        writer.start()
        try:
            sizes = [verify.verify(path, workers=1).records for _ in range(15)]
        finally:
            stop.set()
            writer.join()
    assert sizes == sorted(sizes)


def test_a_file_that_is_closed_while_it_is_verified_is_found_under_its_new_name(
    path: Path,
) -> None:
    with Journal.open(path, actor=ACTOR, clock=Ticks()) as journal:
        journal.append(facts(range(10)))
        fd = os.open(path, os.O_RDONLY)
        end = os.fstat(fd).st_size
        [stretch] = chunk.stretches(path, closed_path(path, 1), fd, end, 10**6)
        os.close(fd)
        journal.rotate()
    assert chunk.verify_stretch(stretch, ()).lines == 11
    closed_path(path, 1).unlink()
    assert chunk.verify_stretch(stretch, ()).code == "JOURNAL_CHANGED"


@pytest.mark.usefixtures("small_stretches")
def test_a_file_that_is_gone_when_a_process_looks_for_it_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(path, 30)
    cut = chunk.stretches

    def gone(*args: Any) -> Iterator[chunk.Stretch]:  # noqa: ANN401 - passed on as they are
        yield from [part._replace(inode=part.inode + 1) for part in cut(*args)]

    monkeypatch.setattr(verify, "cut", gone)
    for workers in (1, 2):
        with pytest.raises(UnavailableError, match="verify it again") as caught:
            verify.verify(path, workers=workers)
        assert caught.value.code == "JOURNAL_CHANGED"


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_line_without_its_end_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr(verify, "_SETTLE", 0.02)
    build(path, 6, per_segment=3)
    for file in segments(path):
        whole = file.read_bytes()
        os.truncate(file, len(whole) - cut)
        with pytest.raises(BrokenLineError) as caught:
            verify.verify(path)
        assert caught.value.code == "TORN_TAIL"
        assert caught.value.spot == (file, 4, whole.rfind(b"\n", 0, -1) + 1)
        file.write_bytes(whole)
    verify.verify(path)


def test_a_line_that_is_being_written_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = build(path, 3)
    whole = path.read_bytes()
    os.truncate(path, len(whole) - 10)

    def finish(_: float) -> None:
        path.write_bytes(whole)

    monkeypatch.setattr(time, "sleep", finish)
    assert verify.verify(path).position == position


def test_a_line_that_does_not_end_is_not_read_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(path, 3)
    with path.open("ab") as file:
        file.write(b"x" * 300_000)
    for module in (segment, chunk):
        monkeypatch.setattr(module, "MAX_LINE", 50_000)
    monkeypatch.setattr(segment, "_BLOCK", 10_000)
    tail = Tail(path)
    assert len(tail.poll()) == 4
    for reading in (lambda: verify.verify(path), lambda: list(read(path)), tail.poll):
        with pytest.raises(MalformedError, match="more than 50000 bytes") as caught:
            reading()
        assert str(path) in caught.value.place
    tail.close()
    with path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(MalformedError, match="more than 50000 bytes"):
        verify.verify(path)


def test_what_is_missing_is_said(path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        verify.verify(path)
    assert caught.value.code == "JOURNAL_MISSING"
    build(path, 6, per_segment=2)
    closed_path(path, 2).unlink()
    with pytest.raises(MalformedError) as gone:
        verify.verify(path)
    assert gone.value.code == "SEGMENT_MISSING"


def test_a_segment_must_be_the_one_it_stands_for(path: Path) -> None:
    """A chain alone would let a line of any kind begin a file."""
    build(path, 4, per_segment=2)
    closed = closed_path(path, 1)
    joined = closed.read_bytes() + path.read_bytes()
    lines = joined.splitlines(keepends=True)
    closed.write_bytes(b"".join(lines[:2]))
    path.write_bytes(b"".join(lines[3:]))
    with pytest.raises(BrokenLineError):
        verify.verify(path)
