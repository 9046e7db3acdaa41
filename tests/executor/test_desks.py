"""Several brokers at one node: each order at one of them, and none in the way of another."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import OTHER, VAULT, policy, published, vault
from tests.executor.running import Node
from tests.executor.simulator import Simulator
from vanta.domain.exact import UNIT
from vanta.domain.instant import FOREVER, SECOND
from vanta.domain.policy import OverlayPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import Order
from vanta.executor.stops import RETRY
from vanta.governance.latch import LATCH
from vanta.lattice.direction import Table

BOTH = frozenset({"paper", "second"})


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.broker.trades = frozenset({"equity"})
    made.others.append(Simulator(name="second"))
    rules = {
        VAULT: vault(orders={"duplicate_window": 0}, brokers=BOTH),
        OTHER: vault(brokers=frozenset({"second"})),
    }
    made.source[:] = [published(policy(rules))]
    made._quotes()
    yield made
    made.end()


def second(node: Node) -> Simulator:
    return node.others[0]


def test_an_order_goes_to_the_first_broker_that_the_vault_may_use(node: Node) -> None:
    node.wants("AAPL", vault=VAULT)
    node.wants("MSFT", vault=OTHER)
    node.step(3)
    assert [one.symbol for one in node.broker.orders.values()] == ["AAPL"]
    assert [one.symbol for one in second(node).orders.values()] == ["MSFT"]
    node.holds_together()


def test_and_that_trades_such_instruments(node: Node) -> None:
    node.wants("BTC-USD", vault=VAULT, asset_class="crypto")
    node.step(3)
    assert node.broker.sent == []
    assert len(second(node).sent) == 1


def test_what_is_reduced_is_reduced_where_it_is_held(node: Node) -> None:
    node.wants("AAPL", vault=OTHER)
    node.step(3)
    assert second(node).held["AAPL"] > 0
    node.wants("AAPL", vault=OTHER, side="sell", reducing=True)
    node.step(3)
    assert second(node).held["AAPL"] == 0
    assert node.broker.sent == []


def test_every_broker_is_the_one_that_trades_such_instruments_too(node: Node) -> None:
    node.source[:] = [published(policy({VAULT: vault(brokers=frozenset({"*"}))}))]
    node.wants("BTC-USD", vault=VAULT, asset_class="crypto")
    node.step(3)
    assert node.broker.sent == []
    assert len(second(node).sent) == 1


def _at_both(node: Node) -> tuple[int, int]:
    """Let a vault hold a symbol at two brokers; returns how much at each."""
    node.wants("AAPL", vault=VAULT)
    node.step(3)
    only_second = vault(orders={"duplicate_window": 0}, brokers=frozenset({"second"}))
    node.source[:] = [published(policy({VAULT: only_second, OTHER: vault()}), serial=2)]
    node.wants("AAPL", vault=VAULT, conviction=900_000)
    node.step(3)
    held = node.broker.held["AAPL"], second(node).held["AAPL"]
    assert min(held) > 0
    return held


def test_of_what_lies_at_two_each_gives_what_lies_there(node: Node) -> None:
    """And never more: at the one it would be sold short, and the other would keep what it has."""
    first, other = _at_both(node)
    _close(node)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [0, other]
    assert _last(node.broker).quantity == first
    _close(node)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [0, 0]
    node.holds_together()


def _last(broker: Simulator) -> Order:
    return broker.orders[broker.sent[-1]]


def _close(node: Node) -> None:
    node.wants("AAPL", vault=VAULT, side="sell", reducing=True)
    node.step(3)


def test_where_the_first_is_on_its_way_out_the_other_is_next(node: Node) -> None:
    _, other = _at_both(node)
    node.broker.filling = False
    _close(node)
    _close(node)
    assert [len(one.open_orders()) for one in (node.broker, second(node))] == [1, 0]
    assert second(node).held["AAPL"] == 0
    assert _last(second(node)).quantity == other
    _close(node)
    denied = [one for one in _findings_of(node)[-1] if not one[2]]
    assert "NO_SIZE" in {one[1] for one in denied}
    node.broker.filling = True
    node.step(3)
    assert node.broker.held["AAPL"] == 0
    node.holds_together()


def test_it_is_known_after_a_restart_too(node: Node) -> None:
    _, other = _at_both(node)
    node.boot()
    _close(node)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [0, other]


def test_a_stop_gets_out_of_both(node: Node) -> None:
    _at_both(node)
    terms = {"stop_loss": 100_000}
    stopped = vault(orders={"duplicate_window": 0}, brokers=BOTH, persona=terms)
    node.source[:] = [published(policy({VAULT: stopped, OTHER: vault()}), serial=3)]
    node.price("AAPL", 80)
    node.step(5 + RETRY // SECOND)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [0, 0]
    node.holds_together()


def test_a_stop_gets_out_of_one_though_the_other_is_halted(node: Node) -> None:
    """Whose price it is looked at by, since it holds the symbol for another vault."""
    only = {VAULT: {"brokers": frozenset({"second"})}, OTHER: {"brokers": frozenset({"paper"})}}
    node.source[:] = [published(policy({name: vault(**of) for name, of in only.items()}))]
    node.wants("AAPL", vault=VAULT)
    node.wants("AAPL", vault=OTHER)
    node.step(5)
    kept = node.broker.held["AAPL"]
    assert kept > 0 < second(node).held["AAPL"]
    halted = Table(Switches(), {"paper": Switches(full_halt=FOREVER)})
    stops = {name: vault(**of, persona={"stop_loss": 100_000}) for name, of in only.items()}
    overlay = OverlayPolicy(venues=halted)
    node.source[:] = [published(policy(stops, overlay=overlay), serial=2)]
    node.price("AAPL", 80)
    node.step(5)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [kept, 0]
    node.holds_together()


def test_no_vault_is_long_at_one_and_short_at_the_other(node: Node) -> None:
    """Together they would be nothing to it, and neither could be closed."""
    node.wants("AAPL", vault=VAULT)
    node.step(3)
    shorts = vault(brokers=frozenset({"second"}), positions={"short": True})
    node.source[:] = [published(policy({VAULT: shorts, OTHER: vault()}), serial=2)]
    node.wants("AAPL", vault=VAULT, side="sell", strategy="other")
    node.step(3)
    assert second(node).sent == []
    denied = {str(one[1]): one[3] for one in _findings_of(node)[-1] if not one[2]}
    assert denied["OTHER_SIDE"] == "paper"
    _close(node)
    node.wants("AAPL", vault=VAULT, side="sell", strategy="third")
    node.step(3)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"] < 0] == [0, True]
    node.holds_together()


def test_nor_are_both_on_their_way(node: Node) -> None:
    node.broker.filling = second(node).filling = False
    node.wants("AAPL", vault=VAULT)
    node.step(3)
    shorts = vault(brokers=frozenset({"second"}), positions={"short": True})
    node.source[:] = [published(policy({VAULT: shorts, OTHER: vault()}), serial=2)]
    node.price("AAPL", 110)
    node.wants("AAPL", vault=VAULT, side="sell", strategy="other", conviction=900_000)
    node.step(3)
    denied = [str(one[1]) for one in _findings_of(node)[-1] if not one[2]]
    assert denied == ["OTHER_SIDE"]
    node.holds_together()


class InParts(Node):
    """Its second broker trades hundredths of a share, which cost 70,000 dollars each."""

    def _quotes(self) -> None:
        super()._quotes()
        for broker in self.others:
            whole = broker.quotes["AAPL"]
            parts = msgspec.structs.replace(whole.instrument, lot=UNIT // 100)
            broker.quotes["AAPL"] = msgspec.structs.replace(whole, instrument=parts)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[InParts]:
    made = InParts(tmp_path, prices={"AAPL": 70_000})
    made.others.append(Simulator(name="second"))
    yield made
    made.end()


WIDE: dict[str, object] = {
    "bands": ((0, 900_000),),
    "positions": {"per_symbol": 900_000 * UNIT},
    "exposure": {"per_ticker": Table(900_000)},
}


def _allow(node: Node, serial: int, broker: str, **of: object) -> None:
    rules = vault(orders={"duplicate_window": 0}, brokers=frozenset({broker}), **of)
    node.source[:] = [published(policy({VAULT: rules, OTHER: vault()}), serial=serial)]
    node._quotes()


def test_a_part_of_a_share_is_watched_though_another_broker_trades_whole_ones(
    parts: InParts,
) -> None:
    _allow(parts, 1, "second")
    parts.wants("AAPL", vault=VAULT)
    parts.step(3)
    assert 0 < second(parts).held["AAPL"] < UNIT
    parts.broker.filling = False
    _allow(parts, 2, "paper", **WIDE, persona={"stop_loss": 50_000})
    parts.wants("AAPL", vault=VAULT, conviction=900_000)
    parts.step(3)
    assert parts.broker.orders
    for name in list(parts.broker.orders):
        parts.broker._end(name)
    parts.step(3)
    parts.price("AAPL", 40_000)
    parts.step(3)
    assert second(parts).held["AAPL"] == 0
    parts.holds_together()


def test_and_can_be_closed_after_the_whole_ones(parts: InParts) -> None:
    _allow(parts, 1, "second")
    parts.wants("AAPL", vault=VAULT)
    parts.step(3)
    _allow(parts, 2, "paper", **WIDE)
    parts.wants("AAPL", vault=VAULT, conviction=900_000)
    parts.step(3)
    assert parts.broker.held["AAPL"] >= UNIT
    for _ in range(2):
        _close(parts)
    assert [parts.broker.held["AAPL"], second(parts).held["AAPL"]] == [0, 0]
    parts.holds_together()


@pytest.mark.parametrize("hindered", ["halted", "away"])
def test_what_is_in_the_way_at_one_keeps_nothing_in_at_the_other(node: Node, hindered: str) -> None:
    first, _ = _at_both(node)
    halted = Table(Switches(), {"paper": Switches(full_halt=FOREVER)})
    overlay = OverlayPolicy(venues=halted if hindered == "halted" else Table(Switches()))
    rules = {VAULT: vault(orders={"duplicate_window": 0}, brokers=BOTH)}
    node.source[:] = [published(policy(rules, overlay=overlay), serial=3)]
    node.broker.away = hindered == "away"
    node.step(2)
    _close(node)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [first, 0]
    node.source[:] = [published(policy(rules), serial=4)]
    node.broker.away = False
    _close(node)
    assert [node.broker.held["AAPL"], second(node).held["AAPL"]] == [0, 0]
    node.holds_together()


def test_where_no_broker_serves_it_the_fences_say_so(node: Node) -> None:
    only_equity = {OTHER: vault(brokers=frozenset({"elsewhere"}))}
    node.source[:] = [published(policy(only_equity))]
    node.wants("AAPL", vault=OTHER)
    node.step(3)
    assert (node.broker.sent, second(node).sent) == ([], [])
    assert "BROKER" in {finding[1] for finding in _findings(node)}


def _findings(node: Node) -> list[list[object]]:
    return [one for one in _findings_of(node)[0] if not one[2]]


def _findings_of(node: Node) -> list[list[list[object]]]:
    made = [record.body for record in node.log() if record.type == "decision.made"]
    return [msgspec.json.decode(body)["decision"]["findings"] for body in made]


def test_one_that_is_away_keeps_its_own_orders_waiting_and_nobody_elses(node: Node) -> None:
    second(node).away = True
    node.wants("AAPL", vault=VAULT)
    node.wants("MSFT", vault=OTHER)
    node.step(3)
    assert [one.symbol for one in node.broker.orders.values()] == ["AAPL"]
    assert node.process is not None
    assert (node.process.armed, node.process.trouble) == (False, "BROKER_UNAVAILABLE")
    second(node).away = False
    node.step(3)
    assert [one.symbol for one in second(node).orders.values()] == ["MSFT"]
    assert node.process.armed
    node.holds_together()


def test_one_whose_clock_is_another_keeps_its_own_orders_waiting_and_nobody_elses(
    node: Node,
) -> None:
    second(node).trouble = "CLOCK_SKEW"  # type: ignore[attr-defined]
    node.wants("AAPL", vault=VAULT)
    node.wants("MSFT", vault=OTHER)
    node.step(3)
    assert [one.symbol for one in node.broker.orders.values()] == ["AAPL"]
    assert second(node).orders == {}
    assert node.process is not None
    assert (node.process.armed, node.process.trouble) == (True, "CLOCK_SKEW")
    second(node).trouble = ""  # type: ignore[attr-defined]
    node.step(3)
    assert [one.symbol for one in second(node).orders.values()] == ["MSFT"]
    node.holds_together()


def test_a_position_of_one_is_not_looked_for_at_the_other(node: Node) -> None:
    """And a drift at either keeps everything in: nobody knows what else is wrong."""
    node.wants("AAPL", vault=VAULT)
    node.wants("AAPL", vault=OTHER)
    node.step(8)
    assert node.broker.held["AAPL"] > 0 < second(node).held["AAPL"]
    assert node.process is not None
    assert all(desk.router.reconcile() == () for desk in node.process.desks)
    second(node).held["AAPL"] += 1
    node.step(8)
    node.wants("MSFT", vault=VAULT)
    node.step(2)
    assert [one.symbol for one in node.broker.orders.values()] == ["AAPL"]
    assert "order.withheld" in node.types()


def test_each_is_asked_from_where_it_was_left(node: Node) -> None:
    node.wants("AAPL", vault=VAULT)
    node.wants("MSFT", vault=OTHER)
    node.step(3)
    node.boot()
    node.step(2)
    fills = [record.id for record in node.log() if record.type == "order.filled"]
    assert len(fills) == len(set(fills)) == 2
    node.holds_together()


def test_a_latch_takes_back_what_is_open_at_every_one(node: Node) -> None:
    for broker in (node.broker, second(node)):
        broker.filling = False
    node.wants("AAPL", vault=VAULT)
    node.wants("MSFT", vault=OTHER)
    node.step(2)
    (node.root / "memory" / LATCH).write_text("")
    node.step(3)
    assert (node.broker.open_orders(), second(node).open_orders()) == ((), ())
    cleared = [record for record in node.log() if record.type == "book.cleared"]
    brokers = {msgspec.json.decode(record.body)["broker"] for record in cleared}
    assert brokers == {"paper", "second"}
