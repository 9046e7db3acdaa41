"""A broker that tells what an order has filled so far, and no single executions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import NOW, VAULT
from tests.executor.running import Node
from vanta.domain.exact import UNIT
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.port import Account, Executions, Sum
from vanta.executor.events import OrderFilled, read
from vanta.executor.post_trade import Written, against_statement


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.broker.filling = False
    yield made
    made.end()


def tell(node: Node, *told: Sum) -> None:
    def executions(watermark: int) -> Executions:
        return Executions((), (), watermark + 1, told)

    node.broker.executions_since = executions  # type: ignore[method-assign]


def placed(node: Node) -> tuple[str, int]:
    node.wants()
    node.step(2)
    assert node.process is not None
    [opened] = node.process._log.book.open.values()
    return opened.order.client_order_id, opened.order.quantity


def fills(node: Node) -> list[Fill]:
    events = [read(record) for record in node.log()]
    return [event.fill for event in events if isinstance(event, OrderFilled)]


def test_a_sum_is_a_fill_of_what_the_book_does_not_have(node: Node) -> None:
    name, quantity = placed(node)
    for filled in (UNIT, UNIT, 3 * UNIT, 2 * UNIT, quantity):
        tell(node, Sum(name, "B7", filled, 100 * UNIT, NOW))
        node.step(1)
    assert [(one.id, one.quantity) for one in fills(node)] == [
        (f"paper-B7:{UNIT}", UNIT),
        (f"paper-B7:{3 * UNIT}", 2 * UNIT),
        (f"paper-B7:{quantity}", quantity - 3 * UNIT),
    ]
    assert node.process is not None
    book = node.process._log.book
    assert book.closed[name].state is OrderState.FILLED
    assert book.vaults[VAULT].lines["AAPL"].quantity == quantity


def test_another_process_counts_nothing_twice(node: Node) -> None:
    name, _ = placed(node)
    tell(node, Sum(name, "B7", 3 * UNIT, 100 * UNIT, NOW))
    node.step(1)
    node.end()
    node.step(2)
    assert [one.quantity for one in fills(node)] == [3 * UNIT]


def test_what_the_book_lacks_costs_what_the_book_has_not_paid(node: Node) -> None:
    name, quantity = placed(node)
    # Five at 100, and then the rest at 110, told by a process that never told of the five.
    tell(node, Sum(name, "B7", UNIT, 100 * UNIT, NOW, amount=100 * UNIT))
    node.step(1)
    rest = quantity // UNIT - 1
    amount = (100 + rest * 110) * UNIT
    average = amount // (quantity // UNIT)
    tell(node, Sum(name, "B7", quantity, average, NOW, amount=amount))
    node.step(1)
    assert [(one.quantity, one.price) for one in fills(node)] == [
        (UNIT, 100 * UNIT),
        (rest * UNIT, 110 * UNIT),
    ]


def test_a_sum_of_an_order_that_is_not_ours_is_a_difference(node: Node) -> None:
    tell(node, Sum("tradier:9", "9", UNIT, UNIT, NOW))
    node.step(3)
    assert node.process is not None
    found = node.process.desks[0].router.strays["paper-9:100000000"]
    assert (found.code, found.theirs) == ("FILL_NOT_OURS", UNIT)


def test_money_the_broker_keeps_no_sum_of_is_no_difference(node: Node) -> None:
    node.broker.filling = True
    node.broker.account = lambda: Account(None, None)  # type: ignore[method-assign]
    node.wants()
    node.step(4)
    assert node.process is not None
    assert node.process.desks[0].router.reconcile() == ()


def test_the_brokers_statement_is_held_against_sums(node: Node) -> None:
    name, quantity = placed(node)
    for filled in (UNIT, quantity):
        tell(node, Sum(name, "B7", filled, 100 * UNIT, NOW))
        node.step(1)
    written = Written()
    for journal in ("intents", "trade_log"):
        written.take(node.log(journal))

    def stated(*told: Sum) -> list[str]:
        statement = Executions((), (), 1, told)
        return [one.code for one in against_statement(written, "paper", (), statement)]

    assert stated(Sum(name, "B7", quantity, 100 * UNIT, NOW)) == []
    assert stated() == [], "it is another day there"
    assert stated(Sum(name, "B7", quantity - UNIT, 100 * UNIT, NOW)) == ["FILL_DIFFERS"]
    assert stated(Sum("tradier:9", "9", UNIT, UNIT, NOW)) == ["FILL_NOT_OURS"]
