"""A clock that is set back: what is done every so often goes on at once, not when it catches up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import OTHER, VAULT, policy, published, vault
from tests.executor.running import Node
from vanta.domain.instant import HOUR
from vanta.domain.trading import OrderState
from vanta.executor.right_of_way import AGAIN
from vanta.executor.withdrawal import ask
from vanta.governance.latch import LATCH


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    freely: dict[str, object] = {
        "orders": {"duplicate_window": 0},
        "positions": {"short": True},
    }
    rules = {VAULT: vault(**freely, persona={"stop_loss": 40_000}), OTHER: vault(**freely)}
    made.source[:] = [published(policy(rules))]
    yield made
    made.end()


def resting(node: Node, **of: object) -> str:
    node.broker.filling = False
    before = set(node.broker.orders)
    node.wants("AAPL", **of)
    node.step(2)
    [name] = set(node.broker.orders) - before
    return name


def test_a_full_halt_goes_on_taking_back(node: Node) -> None:
    name = resting(node)
    node.broker.mute = True
    (node.root / "memory" / LATCH).write_text("")
    node.step(2)
    assert not node.broker.states[name].terminal
    node.wait(-HOUR)
    node.broker.mute = False
    node.step(3)
    assert node.broker.states[name] is OrderState.CANCELLED
    assert "book.cleared" in node.types()
    node.holds_together()


def test_an_order_that_a_person_wants_back_is_asked_for_again(node: Node) -> None:
    name = resting(node)
    node.broker.mute = True
    ask(node.layout.run, name)
    node.step(2)
    node.wait(-HOUR)
    node.broker.mute = False
    node.step(2)
    assert node.broker.states[name] is OrderState.CANCELLED


def test_an_order_whose_fate_is_not_known_is_asked_about(node: Node) -> None:
    node.broker.lose_answers, node.broker.mute = 1, True
    name = resting(node)
    node.wait(-HOUR)
    node.broker.mute = False
    node.step(2)
    assert node.process is not None
    assert node.process._log.book.open[name].state is OrderState.ACKNOWLEDGED


def test_book_and_broker_are_still_compared(node: Node) -> None:
    node.wants("AAPL")
    node.step(8)
    node.wait(-HOUR)
    node.broker.held["AAPL"] += 1
    node.step(8)
    assert node.process is not None
    assert [one.code for one in node.process.desks[0].router.differences] == ["POSITION"]


@pytest.mark.parametrize("tried", [False, True], ids=["first", "wanted before"])
def test_a_stop_loss_is_still_seen(node: Node, tried: bool) -> None:  # noqa: FBT001 - a case
    node.wants("AAPL")
    node.step(3)
    node.broker.filling = True
    if tried:
        node.broker.refuse = "NOT_NOW"
        node.price("AAPL", 90)
        node.step(4)
        assert node.types().count("exit.wanted") == 1
    node.wait(-HOUR)
    node.broker.refuse = ""
    node.price("AAPL", 90)
    node.step(5)
    assert node.broker.held["AAPL"] == 0
    node.holds_together()


def test_a_way_out_that_waits_for_its_way_is_decided(node: Node) -> None:
    node.wants("AAPL")
    node.step(3)
    node.broker.mute = True
    resting(node, vault=OTHER)
    node.price("AAPL", 90)
    node.step(3)
    assert "exit.wanted" in node.types()
    node.wait(-HOUR)
    node.broker.mute, node.broker.filling = False, True
    node.wait(AGAIN)
    node.step(6)
    assert node.broker.held["AAPL"] >= 0
    assert [one for one in node.broker.orders.values() if one.side == "sell"]
    node.holds_together()
