"""A full halt takes back what left before it, until the broker says that none of it is left."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import OTHER, VAULT, order, policy, published, vault
from tests.executor.running import Node
from vanta.domain.instant import FOREVER, SECOND
from vanta.domain.policy import OverlayPolicy, Published
from vanta.domain.switches import Switches
from vanta.domain.trading import OrderState
from vanta.executor.asking import Asking
from vanta.governance.latch import LATCH
from vanta.lattice.direction import Table

RULES = {VAULT: vault(orders={"duplicate_window": 0}), OTHER: vault()}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.broker.filling = False
    yield made
    made.end()


def halting(**scopes: object) -> Published:
    overlay = msgspec.structs.replace(OverlayPolicy(), **scopes)
    return published(policy(RULES, overlay=overlay), serial=2)


def resting(node: Node, *vaults: str) -> list[str]:
    """Orders the broker has and has not filled; their ids."""
    before = set(node.broker.orders)
    for symbol, name in zip(("AAPL", "MSFT"), vaults, strict=False):
        node.wants(symbol, vault=name)
    node.step(2)
    return sorted(set(node.broker.orders) - before)


def cleared(node: Node) -> list[dict[str, object]]:
    return [
        msgspec.json.decode(record.body, type=dict[str, object])
        for record in node.log()
        if record.type == "book.cleared"
    ]


@pytest.mark.parametrize("how", ["latched", "signed"])
def test_a_full_halt_of_everything_takes_everything_back(node: Node, how: str) -> None:
    names = resting(node, VAULT, OTHER)
    assert len(names) == 2
    if how == "latched":
        (node.root / "memory" / LATCH).write_text("")
    else:
        node.source[:] = [halting(everywhere=Switches(full_halt=FOREVER))]
    node.step(3)
    assert {node.broker.states[name] for name in names} == {OrderState.CANCELLED}
    (said,) = cleared(node)
    assert said["orders"] == names
    assert said["why"] == ("HALT_LATCHED" if how == "latched" else "FULL_HALT")
    node.holds_together()


@pytest.mark.parametrize(
    "scopes",
    [
        {"vaults": Table(Switches(), {VAULT: Switches(full_halt=FOREVER)})},
        {"strategies": Table(Switches(), {"swing": Switches(full_halt=FOREVER)})},
        {"vaults": Table(Switches(full_halt=FOREVER), {OTHER: Switches()})},
        {"strategies": Table(Switches(full_halt=FOREVER), {"reflect": Switches()})},
    ],
    ids=["vault", "strategy", "every other vault", "every other strategy"],
)
def test_a_halt_of_one_scope_takes_back_what_is_in_it(
    node: Node, scopes: dict[str, object]
) -> None:
    node.wants("AAPL", strategy="swing")
    node.wants("MSFT", vault=OTHER)
    node.step(2)
    node.source[:] = [halting(**scopes)]
    node.step(3)
    alive = [one.symbol for one in node.broker.open_orders()]
    assert alive == ["MSFT"]
    assert len(cleared(node)) == 1


@pytest.mark.parametrize(
    "venues",
    [
        Table(Switches(), {"paper": Switches(full_halt=FOREVER)}),
        Table(Switches(full_halt=FOREVER)),
    ],
    ids=["by name", "every venue"],
)
def test_a_halt_of_a_venue_takes_back_what_is_there(node: Node, venues: Table[Switches]) -> None:
    names = resting(node, VAULT, OTHER)
    node.source[:] = [halting(venues=venues)]
    node.step(3)
    assert node.broker.open_orders() == ()
    [said] = cleared(node)
    assert said["orders"] == names


@pytest.mark.parametrize("switch", ["reduce_only", "orders_disabled", "maintenance"])
def test_a_milder_switch_takes_nothing_back(node: Node, switch: str) -> None:
    names = resting(node, VAULT)
    node.source[:] = [halting(everywhere=Switches(**{switch: FOREVER}))]
    node.step(3)
    assert [one.client_order_id for one in node.broker.open_orders()] == names
    assert cleared(node) == []


def test_what_was_filled_before_the_cancel_stays_filled(node: Node) -> None:
    (name,) = resting(node, VAULT)
    half = node.broker.orders[name].quantity // 2
    node.broker.fill(name, half)
    (node.root / "memory" / LATCH).write_text("")
    node.step(2)
    assert node.broker.held["AAPL"] == half
    told = [kind for kind in node.types() if kind in {"order.filled", "order.cancelled"}]
    assert told == ["order.filled", "order.cancelled"]
    node.holds_together()


def test_it_asks_until_the_broker_answers_and_says_nothing_before(node: Node) -> None:
    names = resting(node, VAULT)
    (node.root / "memory" / LATCH).write_text("")
    node.broker.away = True
    node.step(3)
    assert cleared(node) == []
    node.broker.away = False
    node.step(2)
    (said,) = cleared(node)
    assert said["orders"] == names


def test_killed_half_way_it_goes_on(node: Node) -> None:
    names = resting(node, VAULT, OTHER)
    (node.root / "memory" / LATCH).write_text("")
    node.broker.mute = True
    node.step(1)
    node.boot()
    node.broker.mute = False
    node.step(2)
    (said,) = cleared(node)
    assert said["orders"] == names


def test_an_order_of_ours_that_the_book_does_not_know_is_taken_back_too(node: Node) -> None:
    """A journal put back from yesterday: the broker has an order of today."""
    resting(node, VAULT)
    stray = order("MSFT", client_order_id="ord_" + "5" * 40)
    node.broker.submit(stray, node.clock.now)
    other = order("MSFT", client_order_id="by-hand")
    node.broker.submit(other, node.clock.now)
    (node.root / "memory" / LATCH).write_text("")
    node.step(4)
    assert node.broker.states[stray.client_order_id] is OrderState.CANCELLED
    assert node.broker.states[other.client_order_id] is OrderState.ACKNOWLEDGED
    assert len(cleared(node)) == 1


def test_each_halt_is_confirmed_once(node: Node) -> None:
    resting(node, VAULT)
    latch = node.root / "memory" / LATCH
    latch.write_text("")
    node.step(5)
    assert len(cleared(node)) == 1
    latch.unlink()
    node.step(1)
    resting(node, VAULT)
    latch.write_text("")
    node.step(5)
    assert len(cleared(node)) == 2


def test_an_order_is_asked_for_less_and_less_often_and_at_once_where_it_stands_elsewhere() -> None:
    asking = Asking(SECOND)
    asked = [at for at in range(60) if asking.due("ord_1", at * SECOND, "unknown")]
    assert asked == [0, 1, 3, 7, 15, 25, 35, 45, 55]
    assert asking.due("ord_1", 56 * SECOND, "acknowledged")
    assert not asking.due("ord_1", 56 * SECOND, "acknowledged")
    assert asking.due("ord_1", 57 * SECOND, "acknowledged")
    assert asking.due("ord_1", -SECOND, "acknowledged"), "the clock was set back"
