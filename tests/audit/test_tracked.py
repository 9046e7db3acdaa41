"""The audit folds the tracker's journal again: its view and its sign-offs are held against it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.alpha.building import Alpha
from tests.alpha.governed import copied, govern
from vanta.alpha.tracker import events, signing
from vanta.audit.verify import NodeReport, verify_node
from vanta.domain.record import Entry
from vanta.journal.writer import Journal


@pytest.fixture(scope="session")
def governed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return govern(tmp_path_factory.mktemp("governed") / "fund")


@pytest.fixture
def alpha(governed_once: Path, tmp_path: Path) -> Alpha:
    """An Alpha with a build that two signed off, one of whom thought again."""
    alpha = copied(governed_once, tmp_path / "alpha")
    alpha.now = time.time_ns()
    build = alpha.candidate()
    with alpha.desk() as desk:
        desk.name(desk.add("rerank", "Ties are dropped", "high"), build)
    for who in ("grace", "alan"):
        with alpha.desk(who) as desk:
            armour = alpha.armour(who, build).decode()
            signing.add(desk, "T-1", armour, time.time_ns(), made_here=True)
    with alpha.desk("alan") as desk:
        signing.withdraw(desk, "T-1", "alan", "not sure")
    return alpha


def report(alpha: Alpha) -> NodeReport:
    return verify_node(alpha.layout, workers=1)


def codes(alpha: Alpha) -> list[str]:
    return [one.code for one in report(alpha).problems]


def test_a_tracker_that_was_used_is_sound(alpha: Alpha) -> None:
    found = report(alpha)
    assert found.problems == ()
    assert "thread_tracker.json" in found.views
    assert found.checked["signatures"] == 2
    # The records of both sign-offs name the policy they were judged by.
    assert found.checked["policies"] >= 2


def test_it_is_sound_across_segments(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        desk._journal.rotate()
        desk.note(desk.state.threads["T-1"], "after the snapshot")
    assert codes(alpha) == []


def test_a_view_of_a_moment_ago_is_sound(alpha: Alpha) -> None:
    view = alpha.layout.view("thread_tracker")
    before = view.read_bytes()
    with alpha.desk() as desk:
        desk.note(desk.state.threads["T-1"], "the view is written a moment later")
    view.write_bytes(before)
    assert codes(alpha) == []


def test_an_approval_typed_into_the_view_is_found(alpha: Alpha) -> None:
    view = alpha.layout.view("thread_tracker")
    typed = view.read_bytes().replace(b'"status": "in_review"', b'"status": "approved"')
    assert typed != view.read_bytes()
    view.write_bytes(typed)
    assert codes(alpha) == ["VIEW_EDITED"]


def append(alpha: Alpha, make: Callable[[], events.Event]) -> None:
    """What somebody who may write the file can add to it, past the tracker."""
    path = alpha.layout.journal("tracker")
    with Journal.open(path, actor="x", clock=alpha.clock) as journal:
        journal.append([events.entry(make(), ordinal=journal.position.size)])


def test_an_approval_typed_into_the_journal_is_found(alpha: Alpha) -> None:
    append(alpha, lambda: events.ThreadMarked("T-1", "approved", "", "x"))
    assert codes(alpha) == ["APPROVAL_UNSIGNED"]


@pytest.mark.parametrize(("who", "over"), [("grace", "0.9.9"), ("mallory", "0.2.0")])
def test_a_sign_off_written_into_the_journal_is_found(alpha: Alpha, who: str, over: str) -> None:
    [build] = alpha.layout.root.glob("build/modules/0.2.0-*")
    other = alpha.candidate(over) if over != "0.2.0" else build.name
    append(
        alpha,
        lambda: events.SignOffAdded(
            build=build.name,
            person="alan",
            key=alpha.keys["alan"].fingerprint,
            signature=alpha.armour(who, other).decode(),
            counted=("alan", "grace"),
            needed=2,
            by="x",
        ),
    )
    assert codes(alpha) == ["BAD_SIGNATURE" if over == "0.9.9" else "UNKNOWN_SIGNER"]


def test_what_does_not_follow_is_told_once(alpha: Alpha) -> None:
    append(alpha, lambda: events.ThreadNoted("T-99", "about nothing", "x"))
    append(alpha, lambda: events.ThreadNoted("T-98", "about nothing", "x"))
    assert codes(alpha) == ["EVENT_ORDER"]


def test_a_snapshot_that_says_something_else_is_found(alpha: Alpha) -> None:
    path = alpha.layout.journal("tracker")
    state: dict[str, dict[str, str]] = {"threads": {}, "candidates": {}}
    with Journal.open(path, actor="x", clock=alpha.clock, snapshot=lambda: state) as journal:
        journal.rotate()
    assert codes(alpha) == ["SNAPSHOT"]


def test_a_type_nobody_knows_is_told(alpha: Alpha) -> None:
    path = alpha.layout.journal("tracker")
    with Journal.open(path, actor="x", clock=alpha.clock) as journal:
        journal.append([Entry("thread.forgotten", "x", {})])
    assert codes(alpha) == ["EVENT_TYPE"]
