"""After the trade: intents, prepared orders and the broker's statement, one against the other."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, OTHER, VAULT, policy, published, vault
from tests.executor.running import Node
from vanta.domain.exact import FINEST, UNIT
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.port import BrokerOrder, Executions, Movement
from vanta.executor.events import Difference
from vanta.executor.post_trade import Written, against_intents, against_movements, against_statement

Side = tuple[Written, list[BrokerOrder], list[Fill]]


@pytest.fixture
def day(tmp_path: Path) -> Side:
    """What a real Executor wrote, and its broker's own account: two filled, one open."""
    node = Node(tmp_path)
    node.wants("AAPL")
    node.wants("MSFT", vault=OTHER)
    node.step(3)
    node.broker.filling = False
    node.wants("BTC-USD")
    node.step(2)
    written = Written()
    for journal in ("intents", "trade_log"):
        written.take(node.log(journal))
    fills = list(node.broker.executions_since(0).fills)
    alive = list(node.broker.open_orders())
    assert (len(fills), len(alive)) == (2, 1)
    return written, alive, fills


def found(day: Side) -> list[Difference]:
    written, alive, fills = day
    statement = Executions(tuple(fills), (), len(fills))
    return [*against_intents(written), *against_statement(written, "paper", alive, statement)]


def test_a_day_that_went_well_differs_in_nothing(day: Side) -> None:
    assert found(day) == []


def test_another_brokers_statement_is_none_of_these_orders(day: Side) -> None:
    written, _, _ = day
    assert list(against_statement(written, "elsewhere", (), Executions((), (), 0))) == []


def no_intent(day: Side) -> None:
    day[0].intents.popitem()


def other_side(day: Side) -> None:
    name, one = day[0].intents.popitem()
    day[0].intents[name] = msgspec.structs.replace(one, side="sell")


def other_vault(day: Side) -> None:
    name, one = next(iter(day[0].intents.items()))
    other = OTHER if one.vault == VAULT else VAULT
    day[0].intents[name] = msgspec.structs.replace(one, vault=other)


def twice(day: Side) -> None:
    name, one = next(iter(day[0].orders.items()))
    again = f"{name[:-1]}{'0' if name[-1] != '0' else '1'}"
    day[0].orders[again] = msgspec.structs.replace(one, client_order_id=again)


def more_on_the_wire(day: Side) -> None:
    [one] = day[1]
    day[1][0] = BrokerOrder(
        one.client_order_id, "B", one.symbol, one.state, one.quantity + UNIT, one.filled
    )


def withheld(day: Side) -> None:
    day[0].withheld.add(day[1][0].client_order_id)


def unheard(day: Side) -> None:
    day[0].fills.popitem()


def unstated(day: Side) -> None:
    day[2].pop()


def other_price(day: Side) -> None:
    day[2][0] = msgspec.structs.replace(day[2][0], price=day[2][0].price + 1)


def other_fee(day: Side) -> None:
    day[2][0] = msgspec.structs.replace(day[2][0], fee=day[2][0].fee + 1)


def strange(day: Side) -> None:
    day[2].append(msgspec.structs.replace(day[2][0], id="F9", client_order_id="somebody"))


def too_much(day: Side) -> None:
    more = msgspec.structs.replace(day[2][0], id="F9", quantity=1)
    day[2].append(more)
    day[0].fills[f"{more.client_order_id} F9"] = more


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (no_intent, "INTENT_MISSING"),
        (other_side, "INTENT_DIFFERS"),
        (other_vault, "INTENT_DIFFERS"),
        (twice, "INTENT_TWICE"),
        (more_on_the_wire, "WIRE_DIFFERS"),
        (withheld, "WITHHELD_SENT"),
        (unheard, "FILL_MISSING"),
        (unstated, "FILL_NOT_THEIRS"),
        (other_price, "FILL_DIFFERS"),
        (other_fee, "FILL_DIFFERS"),
        (strange, "FILL_NOT_OURS"),
        (too_much, "OVERFILLED"),
    ],
)
def test_one_thing_that_is_wrong_is_named_and_nothing_else(
    day: Side, change: Callable[[Side], None], code: str
) -> None:
    change(day)
    [difference] = found(day)
    assert difference.code == code
    assert difference.ours != difference.theirs


def test_an_exit_of_the_executors_own_has_its_intent_in_the_trade_log(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.source[0] = published(
        policy({VAULT: vault(persona={"stop_loss": 50_000}), OTHER: vault()})
    )
    node.wants("AAPL")
    node.step(3)
    node.prices["AAPL"] = 80
    node.step(4)
    written = Written()
    for journal in ("intents", "trade_log"):
        written.take(node.log(journal))
    assert "exit.wanted" in node.types()
    assert len(written.orders) == 2
    assert list(against_intents(written)) == []


def test_what_was_withheld_and_never_sent_is_fine(day: Side) -> None:
    written, alive, fills = day
    written.withheld.add(alive.pop().client_order_id)
    assert found((written, alive, fills)) == []
    assert OrderState.WITHHELD.terminal


def other_kept(day: Side) -> None:
    day[2][0] = msgspec.structs.replace(day[2][0], kept=1)


def test_what_was_kept_of_a_coin_is_held_against_the_statement_too(day: Side) -> None:
    other_kept(day)
    [one] = found(day)
    assert (one.code, str(one.theirs)) == ("FILL_DIFFERS", f"{one.ours}, kept 1")


def test_what_a_broker_posted_is_held_against_what_is_on_record(day: Side) -> None:
    written = day[0]
    fee = Movement("paper:1", "fee", -UNIT, NOW, "FEE")
    coin = Movement("paper:2", "fee", -UNIT, NOW, "CFEE", "BTC-USD", -5 * FINEST, UNIT)
    assert list(against_movements(written, "paper", [fee])) == [], "its account is not kept"
    written.kept.add("paper")
    written.moved["paper:0"] = ""
    written.moved["paper:1"] = f"{-UNIT}"
    written.moved["paper:2"] = f"{-5 * FINEST} of the coin"
    old = Movement("paper:0", "transfer", 7 * UNIT, NOW, "CSD")
    assert list(against_movements(written, "paper", [old, fee, coin])) == []
    less, unknown = replace(fee, amount=-UNIT + 1), replace(coin, id="paper:3")
    assert list(against_movements(written, "paper", [less, unknown])) == [
        Difference("MOVEMENT_DIFFERS", "paper:1", f"{-UNIT}", f"{-UNIT + 1}"),
        Difference("MOVEMENT_MISSING", "paper:3", None, f"{-5 * FINEST} of the coin"),
    ]
