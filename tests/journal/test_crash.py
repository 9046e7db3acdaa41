"""Killed at any system call, or the power cut there: nothing acknowledged is lost.

A service opens a journal, appends batches, rotates and closes; each of its system calls is, in
turn, the last one it makes. Then the journal is opened again (and that may be cut short too).
"""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journal.building import ACTOR, Count, Ticks, facts, numbers
from tests.journal.disk import Disk, KilledError
from vanta.journal.reader import live_state, read, segments
from vanta.journal.verify import verify
from vanta.journal.writer import Journal

BATCHES = [range(1), range(1, 4), range(4, 5), range(5, 8), range(8, 10)]
ROTATE_AT = 700


def serve(path: Path, acknowledged: list[int]) -> None:
    count = Count()
    with Journal.open(
        path, actor=ACTOR, clock=Ticks(), rotate_at=ROTATE_AT, snapshot=count.snapshot
    ) as journal:
        for batch in BATCHES:
            count.fold(journal.append(facts(batch)))
            acknowledged += batch


@contextmanager
def watched(directory: Path, deadly: int) -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, directory, deadly)
        try:
            yield disk
        except KilledError:
            assert disk.dead
        finally:
            disk.bury()


def calls_of_a_whole_life(directory: Path) -> list[str]:
    directory.mkdir()
    with watched(directory, 0) as disk:
        serve(directory / "trade_log.jsonl", [])
    return disk.calls


def expect_sound(path: Path, acknowledged: list[int]) -> None:
    """Everything acknowledged is there, in order; of the rest, at most the batch under way."""
    with Journal.open(path, actor=ACTOR, clock=Ticks(), rotate_at=ROTATE_AT) as journal:
        found = numbers(read(path))
        assert found[: len(acknowledged)] == acknowledged
        started = next((batch for batch in BATCHES if batch.start == len(acknowledged)), range(0))
        assert found[len(acknowledged) :] in [list(started[:n]) for n in range(len(started) + 1)]
        journal.append(facts([1000]))
        journal.rotate()
        journal.append(facts([1001]))
    assert numbers(read(path)) == [*found, 1000, 1001]
    assert verify(path).records == len(found) + 2 + len(segments(path))
    assert numbers(live_state(path).records) == [1001]
    assert not [file for file in path.parent.iterdir() if file.name.endswith((".next", ".tmp"))]


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_nothing_acknowledged_is_lost_whatever_the_last_system_call_was(
    tmp_path: Path, *, power: bool
) -> None:
    calls = calls_of_a_whole_life(tmp_path / "whole")
    assert {"write", "fdatasync", "link", "replace", "fsync"} <= set(calls)
    assert calls.count("link") >= 2
    for deadly in range(1, len(calls) + 1):
        for attempt in range(3 if power else 1):
            directory = tmp_path / f"{deadly}_{attempt}"
            directory.mkdir()
            path = directory / "trade_log.jsonl"
            acknowledged: list[int] = []
            with watched(directory, deadly) as disk:
                serve(path, acknowledged)
            if power:
                disk.power_cut(random.Random(deadly * 10 + attempt))
            expect_sound(path, acknowledged)
            shutil.rmtree(directory)


def test_recovery_may_be_cut_short_as_well(tmp_path: Path) -> None:
    calls = calls_of_a_whole_life(tmp_path / "whole")
    interrupted = 0
    for deadly in range(1, len(calls) + 1):
        for again in range(1, 12):
            directory = tmp_path / f"{deadly}_{again}"
            directory.mkdir()
            path = directory / "trade_log.jsonl"
            acknowledged: list[int] = []
            with watched(directory, deadly) as first:
                serve(path, acknowledged)
            first.power_cut(random.Random(deadly))
            with watched(directory, again) as second:
                Journal.open(path, actor=ACTOR, clock=Ticks()).close()
            second.power_cut(random.Random(again))
            interrupted += second.dead
            expect_sound(path, acknowledged)
            shutil.rmtree(directory)
            if not second.dead:
                break
    assert interrupted > len(calls)
