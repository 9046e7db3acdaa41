"""Threads follow their builds: what nodes wrote down is read, and why they went back is told."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.alpha.building import Alpha
from vanta.alpha.tracker import signing
from vanta.alpha.tracker.board import page
from vanta.alpha.tracker.deployed import Runs, deployed
from vanta.alpha.tracker.desk import look
from vanta.alpha.tracker.observing import Left, observe
from vanta.alpha.tracker.permission import reviews
from vanta.alpha.tracker.standing import stand
from vanta.alpha.tracker.threads import Thread
from vanta.builds.events import (
    BuildFailed,
    BuildPromoted,
    Event,
    FlipBegun,
    FlipMade,
    FlipReverted,
    How,
)
from vanta.builds.log import BuildLog
from vanta.node.layout import Layout

OLD = "0.1.0-0123456789ab"


@pytest.fixture
def signed(governed: Alpha) -> str:
    """A build that enough people signed off."""
    governed.now = time.time_ns()
    build = governed.candidate()
    with governed.desk() as desk:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
        for who in ("grace", "alan"):
            armour = governed.armour(who, build).decode()
            signing.add(desk, build, armour, time.time_ns(), made_here=True)
    return build


class Node:
    """A node whose builds change as `promote` and `rollback` write it down."""

    def __init__(self, root: Path, clock: Callable[[], int]) -> None:
        self.layout = Layout(root)
        self.layout.memory.mkdir(parents=True)
        self._clock = clock

    def wrote(self, *events: Event) -> None:
        log = BuildLog(self.layout.journal("builds"), actor="build@test", clock=self._clock)
        for event in events:
            log.state(event)
        log.close()

    def promotes(self, build: str, before: str = OLD, how: How = "promote") -> None:
        begun = FlipBegun(build, before, how, "ada", ("grace", "alan"))
        self.wrote(begun, FlipMade(build), BuildPromoted(build, 900))

    def fails(self, build: str, why: str) -> None:
        self.wrote(
            FlipBegun(build, OLD, "promote", "ada", ("grace", "alan")),
            FlipMade(build),
            BuildFailed(build, "NOT_READY", why, "builds/evidence"),
            FlipReverted(OLD, build, "NOT_READY"),
        )


@pytest.fixture
def executor(governed: Alpha) -> Node:
    return Node(governed.root.parent / "executor", governed.clock)


@pytest.fixture
def markets(governed: Alpha) -> Node:
    return Node(governed.root.parent / "markets", governed.clock)


def observed(alpha: Alpha, *nodes: Node) -> tuple[list[Thread], list[Left]]:
    outcomes = [one for runs in _runs(*nodes) for one in runs.outcomes]
    with alpha.desk() as desk:
        return observe(desk, outcomes, time.time_ns())


def _runs(*nodes: Node) -> list[Runs]:
    return deployed([node.layout for node in nodes])


def test_a_build_that_runs_is_promoted(governed: Alpha, executor: Node, signed: str) -> None:
    executor.promotes(signed)
    [thread], left = observed(governed, executor)
    assert (thread.status, thread.why, left) == ("promoted", "on executor", [])


def test_a_build_that_did_not_pass_is_rolled_back_and_it_is_told_where_and_why(
    governed: Alpha, executor: Node, markets: Node, signed: str
) -> None:
    markets.promotes(signed)
    executor.fails(signed, "ImportError: no Sector")
    [thread], _ = observed(governed, executor, markets)
    assert thread.status == "rolled_back"
    assert thread.why == "executor: ImportError: no Sector [NOT_READY]"


def test_somebody_who_goes_back_takes_the_thread_along(
    governed: Alpha, executor: Node, signed: str
) -> None:
    executor.promotes(signed)
    observed(governed, executor)
    executor.promotes(OLD, before=signed, how="rollback")
    [thread], _ = observed(governed, executor)
    assert (thread.status, thread.why) == (
        "rolled_back",
        f"executor: somebody went back to {OLD}",
    )


def test_a_second_look_marks_nothing(governed: Alpha, executor: Node, signed: str) -> None:
    executor.fails(signed, "ImportError: no Sector")
    observed(governed, executor)
    size = look(governed.layout)[1].size
    assert observed(governed, executor) == ([], [])
    assert look(governed.layout)[1].size == size


def test_what_happened_before_is_no_news_to_who_tries_again(
    governed: Alpha, executor: Node, signed: str
) -> None:
    executor.fails(signed, "the disk was full")
    observed(governed, executor)
    with governed.desk() as desk:
        desk.mark(desk.state.threads["T-1"], "in_review", "the disk was full, and is not")
    assert observed(governed, executor) == ([], [])
    executor.promotes(signed)
    [thread], _ = observed(governed, executor)
    assert thread.status == "promoted"


def test_what_runs_without_an_approval_here_is_told_and_not_marked(
    governed: Alpha, executor: Node, signed: str
) -> None:
    with governed.desk() as desk:
        signing.withdraw(desk, signed, "grace", "not sure after all")
    executor.promotes(signed)
    marked, [left] = observed(governed, executor)
    assert marked == []
    assert (left.thread, left.build) == ("T-1", signed)
    assert "[NOT_APPROVED]" in left.why
    assert look(governed.layout)[0].threads["T-1"].status == "in_review"


def test_threads_that_are_over_or_want_changes_stay_where_they_are(
    governed: Alpha, executor: Node, signed: str
) -> None:
    with governed.desk() as desk:
        desk.mark(desk.state.threads["T-1"], "changes_wanted", "look at ties again")
    executor.promotes(signed)
    executor.promotes("9.9.9-0123456789ab")
    assert observed(governed, executor) == ([], [])


def test_the_board_says_what_runs_and_what_was_gone_back_from(
    governed: Alpha, executor: Node, markets: Node, signed: str
) -> None:
    markets.promotes(signed)
    executor.fails(signed, "<b>ImportError</b>")
    observed(governed, executor, markets)
    runs = _runs(Node(governed.root.parent / "bare", governed.clock), executor, markets)
    assert [(one.node, one.build) for one in runs] == [("executor", OLD), ("markets", signed)]
    found = reviews(governed.layout, time.time_ns())
    seen = stand(governed.layout, time.time_ns())
    text = page(seen, found.permission, governed.now, runs=runs)
    assert f"went back from {signed}" in text
    assert f"<div>{signed} NOT_READY</div>" in text
    assert "&lt;b&gt;ImportError&lt;/b&gt; [NOT_READY]" in text
