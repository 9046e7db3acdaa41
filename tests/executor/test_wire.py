"""What goes to a broker never exceeds the order it was decided as, whatever asks for it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, fund, intent, made, order, policy, quote
from tests.executor.running import Node
from vanta.domain.exact import UNIT
from vanta.domain.trading import Fill, Order, OrderState
from vanta.executor.brokers.port import Acknowledged, Rejected, Unknown
from vanta.executor.events import OrderAcknowledged, OrderCancelled, OrderFilled, OrderUnknown
from vanta.executor.fences.wire import within_parent
from vanta.executor.positions import OpenOrder

TEN = order(quantity=10)


def parent(state: OrderState = OrderState.PREPARED, filled: int = 0) -> OpenOrder:
    return OpenOrder(
        order=TEN,
        decision_id="dec",
        dag_id="con",
        price=TEN.limit_price,
        market_time=NOW,
        expires=NOW,
        state=state,
        filled=filled * UNIT,
    )


def part(quantity: int) -> Order:
    return msgspec.structs.replace(TEN, quantity=quantity * UNIT)


def codes(child: Order, of: OpenOrder | None, *, absent: bool = False) -> list[str]:
    return [finding.code for finding in within_parent(child, of, absent=absent)]


@pytest.mark.parametrize(
    ("state", "filled", "absent", "fits"),
    [
        (OrderState.PREPARED, 0, False, 10),
        (OrderState.ACKNOWLEDGED, 0, False, 0),
        (OrderState.UNKNOWN, 0, False, 0),
        (OrderState.UNKNOWN, 0, True, 10),
        (OrderState.PARTIALLY_FILLED, 4, False, 0),
        # What the broker has forgotten was filled all the same.
        (OrderState.PARTIALLY_FILLED, 4, True, 6),
        (OrderState.UNKNOWN, 4, True, 6),
    ],
)
def test_fills_and_what_is_open_count_with_it(
    state: OrderState,
    filled: int,
    absent: bool,  # noqa: FBT001 - a case's column
    fits: int,
) -> None:
    of = parent(state, filled)
    if fits:
        assert codes(part(fits), of, absent=absent) == []
    assert codes(part(fits + 1), of, absent=absent) == ["CHILD_QUANTITY"]


def test_a_price_is_no_worse_than_what_was_decided() -> None:
    for child, found in (
        (msgspec.structs.replace(TEN, limit_price=TEN.limit_price - 1), []),
        (msgspec.structs.replace(TEN, limit_price=TEN.limit_price + 1), ["CHILD_PRICE"]),
    ):
        assert codes(child, parent()) == found
    selling = msgspec.structs.replace(TEN, side="sell")
    of = parent()
    of.order = selling
    lower = msgspec.structs.replace(selling, limit_price=TEN.limit_price - 1)
    assert codes(lower, of) == ["CHILD_PRICE"]


@pytest.mark.parametrize(
    "changes", [{"symbol": "MSFT"}, {"side": "sell"}, {"vault": "x"}, {"reducing": True}]
)
def test_it_is_the_order_that_was_decided(changes: dict[str, object]) -> None:
    assert "CHILD_DIFFERS" in codes(msgspec.structs.replace(TEN, **changes), parent())


@pytest.mark.parametrize("of", [None, parent(OrderState.FILLED, 10), parent(OrderState.CANCELLED)])
def test_without_an_open_order_of_the_book_nothing_goes(of: OpenOrder | None) -> None:
    assert codes(TEN, of) == ["NO_PARENT"]


# At the router ----------------------------------------------------------------------------------


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made_node = Node(tmp_path)
    yield made_node
    made_node.end()


def resting(node: Node) -> OpenOrder:
    """An order that the broker has and does not fill."""
    node.broker.filling = False
    node.wants()
    node.step(2)
    assert node.process is not None
    [opened] = node.process._log.book.open.values()
    return opened


def test_an_order_handed_over_twice_leaves_once(node: Node) -> None:
    opened = resting(node)
    assert node.process is not None
    node.process.desks[0].router.send([opened])
    assert node.broker.sent == [opened.order.client_order_id]
    assert opened.state is OrderState.UNKNOWN
    assert opened.reserved, "what is at the broker stays reserved"
    node.process.desks[0].router.reconcile()
    assert node.process._gate.holds == {"paper": ("RECONCILIATION_DRIFT",)}


def test_one_that_nobody_decided_never_leaves(node: Node) -> None:
    opened = resting(node)
    assert node.process is not None
    forged = msgspec.structs.replace(
        opened, order=msgspec.structs.replace(opened.order, client_order_id="ord_forged")
    )
    node.process.desks[0].router.send([forged])
    assert "ord_forged" not in node.broker.sent
    assert node.process.desks[0].router.reconcile()[0].code == "NO_PARENT"


def test_what_filled_in_part_is_not_sent_whole_again(node: Node) -> None:
    """A broker that lost its memory proves absence; what it filled before is filled."""
    opened = resting(node)
    name = opened.order.client_order_id
    node.broker.fill(name, UNIT)
    node.step()
    assert opened.filled == UNIT
    del node.broker.orders[name], node.broker.states[name]
    assert node.process is not None
    node.process._log.of_order(name, OrderUnknown(name, "timeout"))
    node.process.desks[0].router.settle()
    assert node.broker.sent == [name]
    assert opened.state is OrderState.CANCELLED
    kinds = [record.type for record in node.log()][-2:]
    assert kinds == ["message.sent", "order.cancelled"]


def test_a_submission_made_again_is_counted_as_a_message(node: Node) -> None:
    node.broker.lose_orders = 1
    wanted = node.wants()
    node.step(3)
    name = "ord_" + wanted.id.rpartition("_")[2]
    assert node.broker.sent == [name, name]
    assert node.body("message.sent")["kind"] == "order"
    assert node.process is not None
    assert len(node.process._log.book.tallies.account) == 2


def test_one_made_again_is_on_disk_before_it_leaves(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.broker.lose_orders = 1
    on_disk: list[list[str]] = []
    submit = node.broker.submit

    def watched(placed: Order, market_time: int) -> Acknowledged | Rejected | Unknown:
        on_disk.append(node.types()[-2:])
        return submit(placed, market_time)

    monkeypatch.setattr(node.broker, "submit", watched)
    node.wants()
    node.step(3)
    first, second = on_disk
    assert first[-1] == "order.prepared"
    assert second[-1] == "message.sent"


def test_of_one_order_the_parts_never_add_up_to_more() -> None:
    rules = policy()
    book = fund(rules)
    event = made(intent(), book, rules, quote())
    whole = event.decision.order
    assert whole is not None
    opened = book.open[whole.client_order_id]
    book.apply(OrderAcknowledged(whole.client_order_id, "B", NOW))
    filled = Fill("F", whole.client_order_id, "AAPL", "buy", UNIT, whole.limit_price, 0, NOW)
    book.apply(OrderFilled(filled))
    assert codes(whole, opened) == ["CHILD_QUANTITY"]
    book.apply(OrderCancelled(whole.client_order_id, "asked"))
    assert codes(whole, opened) == ["NO_PARENT"]
