"""Operators write one at a time, nothing is lost, and the view is what the journal amounts to."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.alpha.building import Alpha
from vanta.alpha.tracker.desk import ROTATE_AT, Desk, look, render
from vanta.alpha.tracker.state import TrackerState
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.domain.record import Entry
from vanta.journal.reader import read
from vanta.journal.verify import verify
from vanta.journal.writer import Journal
from vanta.node.layout import Layout

ROOT = Path(__file__).parents[2]


def view(alpha: Alpha) -> bytes:
    return alpha.layout.view("thread_tracker").read_bytes()


def test_nothing_is_there_before_somebody_opens_a_thread(alpha: Alpha) -> None:
    state, position = look(alpha.layout)
    assert (state, position.size) == (TrackerState(), 0)


def test_a_folder_that_is_no_node_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        look(Layout(tmp_path))
    assert missing.value.code == "NO_NODE"


def test_a_tracker_begins_on_alpha_and_nowhere_else(alpha: Alpha) -> None:
    alpha.layout.etc.mkdir()
    alpha.layout.config.write_text(
        "node: markets\nrole: markets\nenvironment: dev\ngovernance: {remote: x}\n"
    )
    with pytest.raises(RefusedError) as elsewhere:
        Desk(alpha.layout, by="ada", actor="x", clock=alpha.clock)
    assert elsewhere.value.code == "NOT_ALPHA"
    assert not alpha.layout.journal("tracker").exists()


def test_threads_are_numbered_in_the_order_they_came(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        first = desk.add("rerank", "Ties are dropped", "high", "grace")
    with alpha.desk("grace") as desk:
        second = desk.add("rerank", "Twice in the list", "low")
    assert (first.id, second.id, second.by) == ("T-1", "T-2", "grace")
    state, _ = look(alpha.layout)
    assert list(state.threads) == ["T-1", "T-2"]


def test_the_view_is_what_the_journal_amounts_to(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk.note(desk.add("rerank", "Ties are dropped", "high"), "see the log")
    state, position = look(alpha.layout)
    assert view(alpha) == render(state, position)
    shown = json.loads(view(alpha))
    assert shown["data"]["threads"]["T-1"]["notes"][0]["text"] == "see the log"
    assert shown["derived_from"]["journal"] == "tracker"


def test_nobody_reads_the_view(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk.add("rerank", "Ties are dropped", "high")
    path = alpha.layout.view("thread_tracker")
    path.write_bytes(view(alpha).replace(b'"status": "open"', b'"status": "approved"'))
    assert look(alpha.layout)[0].threads["T-1"].status == "open"
    with alpha.desk() as desk:
        desk.note(desk.state.thread("T-1"), "looked at it")
    assert json.loads(view(alpha))["data"]["threads"]["T-1"]["status"] == "open"


def test_who_only_looks_writes_nothing(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk.add("rerank", "Ties are dropped", "high")
    before = view(alpha), alpha.layout.journal("tracker").read_bytes()
    with alpha.desk() as desk, pytest.raises(RefusedError):
        desk.mark(desk.state.thread("t-1"), "approved", "")
    assert (view(alpha), alpha.layout.journal("tracker").read_bytes()) == before


def test_a_thread_is_found_however_it_is_typed(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk.add("rerank", "Ties are dropped", "high")
        assert {desk.state.thread(each).id for each in ("T-1", "t-1", "1")} == {"T-1"}
        with pytest.raises(UnavailableError) as missing:
            desk.state.thread("T-2")
    assert missing.value.code == "NO_THREAD"


def test_a_snapshot_carries_everything_on(alpha: Alpha) -> None:
    build = alpha.candidate()
    with alpha.desk() as desk:
        for number in range(12):
            desk.add(f"module-{number}", "Something", "low")
        desk.name(desk.state.threads["T-2"], build)
        alpha.sign_off(desk, build, "grace")
        desk.withdraw(desk.state.candidates[build], "grace", "0" * 64, "too early")
        before, position = desk.state, desk._journal.position
        first = render(before, position)
        desk._journal.rotate()
    state, _ = look(alpha.layout)
    assert state == before
    assert list(state.threads) == list(before.threads)
    assert render(state, position) == first


def test_segments_are_closed_as_it_grows_and_nothing_is_lost(alpha: Alpha) -> None:
    for number in range(30):
        with alpha.desk(rotate_at=2048) as desk:
            desk.add("rerank", f"Number {number}", "low")
    journal = alpha.layout.journal("tracker")
    assert len(verify(journal).segments) > 3
    titles = [record for record in read(journal) if record.type == "thread.opened"]
    assert len(titles) == len(look(alpha.layout)[0].threads) == 30


def test_who_comes_while_another_writes_waits_and_is_told_when_it_takes_too_long(
    alpha: Alpha,
) -> None:
    with alpha.desk() as desk:
        desk.add("rerank", "Ties are dropped", "high")
        began = time.monotonic()
        with pytest.raises(UnavailableError) as busy:
            Desk(alpha.layout, by="grace", actor="x", clock=alpha.clock, patience=0.2)
        assert 0.2 <= time.monotonic() - began < 5
    assert busy.value.code == "TRACKER_BUSY"
    assert str(os.getpid()) in busy.value.message
    with alpha.desk("grace") as desk:
        assert list(desk.state.threads) == ["T-1"]


def _operate(root: Path, name: str, times: int, rotate_at: int) -> None:
    for number in range(times):
        with Desk(
            Layout(root),
            by=name,
            actor="tracker@test",
            clock=time.time_ns,
            patience=60,
            rotate_at=rotate_at,
        ) as desk:
            thread = desk.add(name, f"{name} {number}", "low")
            desk.note(thread, f"{number}")


@pytest.mark.parametrize("rotate_at", [ROTATE_AT, 2048])
def test_several_operators_at_once_lose_nothing_and_reorder_nothing(
    alpha: Alpha, rotate_at: int
) -> None:
    people, times = ("ada", "grace", "alan", "mallory"), 12
    spawn = multiprocessing.get_context("fork")
    running = [
        spawn.Process(target=_operate, args=(alpha.root, who, times, rotate_at)) for who in people
    ]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert [one.exitcode for one in running] == [0] * len(people)

    state, position = look(alpha.layout)
    assert list(state.threads) == [f"T-{n + 1}" for n in range(len(people) * times)]
    for who in people:
        said = [one.title for one in state.threads.values() if one.module == who]
        assert said == [f"{who} {number}" for number in range(times)]
    assert all(len(one.notes) == 1 for one in state.threads.values())
    assert view(alpha) == render(state, position)
    assert verify(alpha.layout.journal("tracker")).position == position


DRIVER = """
import os, signal, sys, time
from pathlib import Path
from vanta.alpha.tracker import desk as at
from vanta.journal import files
from vanta.node.layout import Layout

step = int(sys.argv[2])
calls = 0
def counting(real):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
for name in ("write", "fsync", "fdatasync", "replace", "open", "link", "close"):
    setattr(os, name, counting(getattr(os, name)))
with at.Desk(Layout(Path(sys.argv[1])), by="ada", actor="x", clock=time.time_ns) as desk:
    desk.note(desk.state.thread("T-1"), "one more")
    desk._journal.rotate()
print("done")
"""


def test_killed_at_any_step_it_goes_on_from_what_was_written(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk.add("rerank", "Ties are dropped", "high")
    noted, step, ended = 0, 0, ""
    while ended != "done":
        step += 1
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(alpha.root), str(step)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        ended = done.stdout.strip()
        assert ended == "done" or done.returncode == -signal.SIGKILL, done.stderr
        notes = len(look(alpha.layout)[0].threads["T-1"].notes)
        assert notes in {noted, noted + 1}
        noted = notes
        # A view is the journal's, if only as it was a moment ago.
        assert json.loads(view(alpha))["data"]["threads"]["T-1"]["title"] == "Ties are dropped"
    assert step > 15
    state, position = look(alpha.layout)
    assert view(alpha) == render(state, position)
    assert verify(alpha.layout.journal("tracker")).position == position


def test_a_record_of_a_later_build_is_not_guessed_at(alpha: Alpha) -> None:
    path = alpha.layout.journal("tracker")
    with Journal.open(path, actor="x", clock=alpha.clock) as journal:
        journal.append([Entry("thread.forgotten", "x", {})])
    with pytest.raises(MalformedError) as unknown:
        look(alpha.layout)
    assert unknown.value.code == "EVENT_TYPE"
