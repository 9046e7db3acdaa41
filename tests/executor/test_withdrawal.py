"""An order that a person asks to be taken back: asked once or often, it is over, and on record."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.executor.building import VAULT, order
from tests.executor.running import Node
from vanta.domain.instant import SECOND
from vanta.domain.trading import OrderState
from vanta.executor.standing import read_standing
from vanta.executor.withdrawal import ask, folder_of
from vanta.governance.latch import LATCH


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.broker.filling = False
    yield made
    made.end()


def resting(node: Node) -> str:
    """The id of an order that the broker has and has not filled."""
    before = set(node.broker.orders)
    node.wants("AAPL", vault=VAULT)
    node.step(2)
    [name] = set(node.broker.orders) - before
    return name


def asked(node: Node) -> list[str]:
    return sorted(file.name for file in folder_of(node.layout.run).iterdir())


def test_it_is_taken_back_and_its_exposure_is_free(node: Node) -> None:
    name = resting(node)
    ask(node.layout.run, name)
    node.step(2)
    assert node.broker.states[name] is OrderState.CANCELLED
    assert node.body("order.cancelled") == {"client_order_id": name, "reason": "CANCELLED"}
    assert asked(node) == []
    node.holds_together()
    assert node.process is not None
    assert node.process._log.book.vaults[VAULT].buying == 0


def test_asking_again_is_nothing(node: Node) -> None:
    name = resting(node)
    for _ in range(3):
        ask(node.layout.run, name)
    node.step(3)
    ask(node.layout.run, name)
    node.step(3)
    assert node.types().count("order.cancelled") == 1
    assert asked(node) == []


def test_what_was_filled_before_stays_filled(node: Node) -> None:
    name = resting(node)
    node.broker.fill(name, 10**8)
    ask(node.layout.run, name)
    node.step(3)
    assert node.types().count("order.filled") == 1
    assert node.types().count("order.cancelled") == 1
    node.holds_together()


@pytest.mark.parametrize("halt", ["latched", "no policy"])
def test_it_passes_every_halt(node: Node, halt: str) -> None:
    name = resting(node)
    if halt == "latched":
        (node.root / "memory" / LATCH).write_text("")
    else:
        node.source.clear()
    ask(node.layout.run, name)
    node.step(3)
    assert node.broker.states[name] is OrderState.CANCELLED


def test_a_broker_that_is_away_is_asked_when_it_is_back(node: Node) -> None:
    name = resting(node)
    node.broker.away = True
    ask(node.layout.run, name)
    node.step(3)
    assert asked(node) == [name]
    node.broker.away = False
    node.step(3)
    assert node.broker.states[name] is OrderState.CANCELLED
    assert asked(node) == []


def test_a_broker_that_never_saw_it_is_made_sure_never_to_take_it(node: Node) -> None:
    node.broker.resubmits, node.broker.lose_orders, node.broker.mute = False, 1, True
    node.wants("AAPL")
    node.step()
    assert node.process is not None
    [name] = node.process._log.book.open
    node.broker.mute = False
    ask(node.layout.run, name)
    node.step(3)
    assert name in node.broker.voided
    assert not node.process._log.book.open


def test_a_process_that_is_killed_half_way_asks_again(node: Node) -> None:
    name = resting(node)
    node.end()
    ask(node.layout.run, name)
    node.boot()
    node.step(3)
    assert node.broker.states[name] is OrderState.CANCELLED


def test_what_is_no_open_order_is_dropped_and_other_files_are_left_alone(node: Node) -> None:
    node.step()
    stranger = order().client_order_id
    ask(node.layout.run, stranger)
    (folder_of(node.layout.run) / "README").write_text("")
    node.step()
    assert asked(node) == ["README"]
    assert "order.cancelled" not in node.types()


def held_pipe(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, held_pipe])
def test_what_is_no_file_asks_like_one_and_ends_nothing(
    node: Node, make: Callable[[Path], int | None]
) -> None:
    name = resting(node)
    held = make(folder_of(node.layout.run) / name)
    node.step(3)
    assert node.broker.states[name] is OrderState.CANCELLED
    assert node.process is not None
    node.wait(SECOND)
    node.process.step()
    assert node.process.step() == 0, "what cannot be taken away is work without end"
    if held is not None:
        os.close(held)


def test_the_process_says_how_it_stands(node: Node) -> None:
    resting(node)
    node.step(6)
    standing = read_standing(node.layout.run)
    assert standing is not None
    [broker] = standing.brokers
    assert (standing.trouble, broker.name, broker.armed, broker.differences) == (
        "", "paper", True, ()
    )  # fmt: skip
    assert broker.reconciled > 0
    node.broker.away = True
    node.step(2)
    standing = read_standing(node.layout.run)
    assert standing is not None
    assert (standing.trouble, standing.brokers[0].armed) == ("BROKER_UNAVAILABLE", False)


def test_a_standing_that_is_torn_or_gone_is_none(node: Node) -> None:
    assert read_standing(node.layout.run) is None
    node.step()
    (node.layout.run / "executor.json").write_text('{"trouble":')
    assert read_standing(node.layout.run) is None


class KilledError(Exception):
    """Stands for the end of the process."""


CHECKPOINTS = ("executions read", "executions journalled", "settled")


@pytest.mark.parametrize("where", CHECKPOINTS)
@pytest.mark.parametrize("passed", range(3))
def test_wherever_it_is_killed_the_order_is_over_once(node: Node, where: str, passed: int) -> None:
    """The broker may have taken it back before the kill: what it says is taken in, once."""
    name = resting(node)
    node.broker.fill(name, 10**8)
    left = [passed]
    struck: list[str] = []

    def strike(step: str) -> None:
        if step == where:
            left[0] -= 1
            if left[0] < 0 and not struck:
                struck.append(step)
                raise KilledError(step)

    ask(node.layout.run, name)
    node.boot(checkpoint=strike)
    with pytest.raises(KilledError):
        node.step(8)
    node.boot()
    node.step(4)
    assert node.broker.states[name] is OrderState.CANCELLED
    assert node.types().count("order.cancelled") == 1
    assert asked(node) == []
    node.holds_together()
