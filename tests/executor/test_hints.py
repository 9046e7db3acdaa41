"""A hint makes the Executor ask at once, and a flood of them asks no more than the pace allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import Ticks
from tests.executor.running import Node
from tests.executor.simulator import Simulator
from vanta.domain.instant import SECOND
from vanta.executor.brokers.port import BrokerAwayError, Executions
from vanta.executor.hints import BURST, EVERYBODY, REFILL, Hints, send_hint


class Seldom(Simulator):
    """A broker whose executions are read once a minute, unless it is hinted at."""

    def __init__(self) -> None:
        super().__init__()
        self.hinted = self.readings = 0
        self.due = True
        self.throttled = False

    def hint(self) -> None:
        self.hinted += 1
        self.due = True

    def executions_since(self, watermark: int) -> Executions:
        if not self.due:
            return Executions((), (), watermark)
        self.due = False
        self.readings += 1
        if self.throttled:
            raise BrokerAwayError("no turn", code="BROKER_THROTTLED")
        return super().executions_since(watermark)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, broker=Seldom())
    yield made
    made.end()


def test_a_hint_is_followed_once(node: Node) -> None:
    broker = node.broker
    assert isinstance(broker, Seldom)
    node.wants()
    node.step(2)
    node.step(3)
    assert broker.happened == []
    send_hint(node.layout.run, "paper")
    node.step(3)
    assert (broker.hinted, len(broker.happened)) == (1, 1)
    assert node.process is not None
    assert node.process._log.book.open == {}


def test_a_hint_about_another_broker_is_none(node: Node) -> None:
    node.step(1)
    send_hint(node.layout.run, "alpaca")
    node.step(2)
    assert isinstance(node.broker, Seldom)
    assert node.broker.hinted == 0


def test_one_that_was_there_before_is_none(node: Node) -> None:
    (node.layout.run / "hint").mkdir(parents=True)
    send_hint(node.layout.run, "paper")
    node.step(2)
    assert isinstance(node.broker, Seldom)
    assert node.broker.hinted == 0


def test_where_the_pace_has_no_room_the_next_turn_will_do(node: Node) -> None:
    node.step(1)
    assert isinstance(node.broker, Seldom)
    node.broker.throttled = True
    send_hint(node.layout.run, "paper")
    node.step(1)
    assert node.process is not None
    assert node.process.armed
    assert node.process.trouble == ""


def test_a_flood_is_followed_no_more_often_than_turns_come_back(tmp_path: Path) -> None:
    clock = Ticks()
    hints = Hints(tmp_path, "paper", clock)
    followed, span = 0, 60 * SECOND
    until = clock.now + span
    while clock.now < until:
        send_hint(tmp_path, "paper")
        followed += hints.due()
        clock.now += SECOND // 10
    assert followed <= BURST + span // REFILL
    assert followed >= span // REFILL


def test_the_last_hint_of_a_flood_is_followed_in_the_end(tmp_path: Path) -> None:
    clock = Ticks()
    hints = Hints(tmp_path, "paper", clock)
    for _ in range(BURST):
        send_hint(tmp_path, "paper")
        assert hints.due()
    send_hint(tmp_path, "paper")
    assert not hints.due()
    clock.now += REFILL
    assert hints.due()
    assert not hints.due()


def test_where_nobody_listens_a_hint_is_nothing(tmp_path: Path) -> None:
    send_hint(tmp_path / "nowhere", "paper")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_makes_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "hint").mkdir()
    (tmp_path / "hint" / "paper").symlink_to(tmp_path / "elsewhere")
    hints = Hints(tmp_path, "paper", Ticks())
    send_hint(tmp_path, "paper")
    assert not hints.due()
    assert not (tmp_path / "elsewhere").exists()


def test_a_nudge_looks_at_everything_again_and_sends_nothing(node: Node) -> None:
    node.wants()
    node.step(2)
    sent = list(node.broker.sent)
    assert node.process is not None
    [desk] = node.process.desks
    compared = desk.reconciled
    node.step()
    assert desk.reconciled == compared, "it is not due"
    send_hint(node.layout.run, EVERYBODY)
    node.step()
    assert desk.reconciled > compared
    assert node.broker.sent == sent
    compared, looks = desk.reconciled, 0
    for _ in range(3 * BURST):
        send_hint(node.layout.run, EVERYBODY)
        node.step()
        looks += desk.reconciled > compared
        compared = desk.reconciled
    assert looks < 3 * BURST, "a flood of them looks no more often than it may"
    assert node.broker.sent == sent
