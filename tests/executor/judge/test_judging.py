"""The judge at work: it halts for what it finds, for what breaks in it, and by saying nothing."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import VAULT, order
from tests.executor.running import Node
from vanta.domain.instant import SECOND
from vanta.executor.gate import UNJUDGED, Gate
from vanta.executor.judge.process import start
from vanta.executor.judge.rules import Limits
from vanta.executor.judge.service import Clocks, Judge
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.governance.heartbeat import Silence
from vanta.governance.latch import LATCH, latched
from vanta.governance.latch_lines import read_latch


class Desk:
    """An Executor, a judge, and the clocks of both."""

    def __init__(self, tmp_path: Path) -> None:
        self.node = Node(tmp_path)
        self.node.broker.filling = False
        self.since_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.memory = self.node.layout.memory
        self.judge = self.judging()

    def judging(self) -> Judge:
        clocks = Clocks(lambda: self.node.clock.now, lambda: self.since_boot)
        return Judge(self.node.layout, clocks=clocks, limits=Limits(free=0))

    def wait(self, span: int) -> None:
        """Let time pass on every clock."""
        self.node.wait(span)
        self.since_boot += span

    def codes(self) -> list[str]:
        return [one.code for one in self.judge.look()]

    def reasons(self) -> list[str]:
        found = read_latch(self.memory)
        return [line.reason for line in found.lines] if found else []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.judge.close()
    made.node.end()


def working(desk: Desk) -> None:
    desk.node.wants(vault=VAULT)
    desk.node.boot()
    for _ in range(2):
        desk.wait(SECOND)
        assert desk.node.process is not None
        desk.node.process.step()


def test_with_nothing_wrong_it_halts_nothing_and_gives_a_sign_of_life(desk: Desk) -> None:
    assert desk.codes() == []
    working(desk)
    assert desk.codes() == []
    assert not latched(desk.memory)
    silence = Silence(desk.memory, SECOND, None, lambda: desk.since_boot, name=JUDGE_SIGN)
    assert not silence.lasts()


def test_a_position_the_broker_does_not_have_halts_once_it_lasts(desk: Desk) -> None:
    working(desk)
    assert desk.node.process is not None
    desk.node.broker.held["AAPL"] += 5
    for _ in range(4):
        desk.wait(6 * SECOND)
        desk.node.process.step()
    found = desk.judge.look()
    assert [one.code for one in found] == ["RECONCILIATION_DRIFT"]
    assert desk.reasons() == [f"judge: {found[0].why} [RECONCILIATION_DRIFT]"]
    assert desk.codes() == []


def test_one_that_the_broker_has_by_then_halts_nothing(desk: Desk) -> None:
    working(desk)
    assert desk.node.process is not None
    desk.node.broker.held["AAPL"] += 5
    desk.wait(6 * SECOND)
    desk.node.process.step()
    desk.node.broker.held["AAPL"] -= 5
    for _ in range(4):
        desk.wait(6 * SECOND)
        desk.node.process.step()
    assert desk.codes() == []


def test_orders_that_nobody_looks_after_halt(desk: Desk) -> None:
    working(desk)
    assert desk.codes() == []
    desk.wait(61 * SECOND)
    assert desk.codes() == ["EXECUTOR_SILENT"]


def test_after_a_boot_no_silence_is_older_than_the_judge(desk: Desk) -> None:
    working(desk)
    (desk.memory / EXECUTOR_SIGN).unlink()
    desk.judge.close()
    desk.judge = desk.judging()
    assert desk.codes() == []
    desk.wait(61 * SECOND)
    assert desk.codes() == ["EXECUTOR_SILENT"]


@pytest.mark.parametrize("by", [3 * SECOND, -3 * SECOND])
def test_a_clock_that_is_set_halts(desk: Desk, by: int) -> None:
    desk.codes()
    desk.node.clock.now += by
    assert desk.codes() == ["CLOCK_STEPPED"]


def test_a_journal_that_somebody_changed_halts(desk: Desk) -> None:
    working(desk)
    assert desk.codes() == []
    journal = desk.node.layout.journal("trade_log")
    desk.node.end()
    text = journal.read_bytes()
    journal.write_bytes(text + text[text.rindex(b"\n", 0, -1) + 1 :])
    assert desk.codes() == ["JOURNAL_UNREADABLE"]


def test_a_fill_of_more_than_the_order_is_halts(desk: Desk) -> None:
    """The book takes it in: it happened. That it could is a reason to stop."""
    working(desk)
    assert desk.node.process is not None
    (name,) = desk.node.broker.orders
    desk.node.broker.fill(name, 2 * desk.node.broker.orders[name].quantity)
    desk.wait(SECOND)
    desk.node.process.step()
    assert "UNBACKED" in desk.codes()


def test_what_breaks_in_it_halts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by whoever")

    monkeypatch.setattr("vanta.executor.judge.service.judge", broken)
    assert desk.codes() == ["JUDGE_ZERODIVISIONERROR"]
    assert desk.codes() == []


def test_what_a_quorum_let_go_and_is_still_so_halts_again(desk: Desk) -> None:
    desk.codes()
    desk.node.clock.now += 3 * SECOND
    assert desk.codes() == ["CLOCK_STEPPED"]
    (desk.memory / LATCH).unlink()
    assert desk.codes() == ["CLOCK_STEPPED"]


def test_where_no_halt_can_be_set_it_gives_no_sign_of_life(desk: Desk) -> None:
    def refused(*_: object) -> None:
        raise OSError("read-only")

    judge = Judge(desk.node.layout, limits=Limits(free=2**62), halt=refused)
    with pytest.raises(OSError, match="read-only"):
        judge.look()
    assert Silence(desk.memory, SECOND, name=JUDGE_SIGN).lasts()


def test_without_a_sign_of_it_nothing_leaves(desk: Desk) -> None:
    node = desk.node
    silence = Silence(desk.memory, 10 * SECOND, None, lambda: desk.since_boot, name=JUDGE_SIGN)
    gate = Gate(desk.memory, node.published, {UNJUDGED: silence})
    with gate.look(order()) as shut:
        assert shut == (UNJUDGED,)
    desk.judge.look()
    with gate.look(order()) as shut:
        assert shut == ()
    desk.since_boot += 10 * SECOND
    with gate.look(order()) as shut:
        assert shut == ()
    desk.since_boot += 1
    with gate.look(order()) as shut:
        assert shut == (UNJUDGED,)


def test_as_a_process_of_its_own_it_halts_and_ends_when_told(tmp_path: Path) -> None:
    node = Node(tmp_path)
    (tmp_path / "logs").mkdir()
    process = start(node.layout)
    try:
        node.boot()
        node.end()
        journal = node.layout.journal("trade_log")
        journal.write_bytes(journal.read_bytes() + b'{"not": "a record"}\n')
        deadline = time.monotonic() + 20
        while not latched(node.layout.memory) and time.monotonic() < deadline:
            time.sleep(0.02)
        found = read_latch(node.layout.memory)
        assert found is not None
        assert "[JOURNAL_UNREADABLE]" in found.lines[0].reason
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    assert b"HALTED: the trade log" in (tmp_path / "logs" / "executor-judge.log").read_bytes()
