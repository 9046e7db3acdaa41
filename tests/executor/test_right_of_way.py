"""A way out that an order of our own is in the way of: what can wait gives way, and it gets out."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import OTHER, VAULT, policy, published, vault
from tests.executor.running import Node
from tests.executor.simulator import Simulator
from vanta.audit import wording
from vanta.domain.instant import FOREVER, SECOND
from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.domain.trading import OrderState
from vanta.executor.events import DecisionMade, read
from vanta.executor.right_of_way import AGAIN, MAKES_WAY, PATIENCE
from vanta.executor.withdrawal import ask


def rules(overlay: OverlayPolicy | None = None) -> Policy:
    """One vault that gets out at a loss of 4 %, another that does not."""
    freely: dict[str, object] = {
        "orders": {"duplicate_window": 0},
        "positions": {"short": True},
    }
    return policy(
        {VAULT: vault(**freely, persona={"stop_loss": 40_000}), OTHER: vault(**freely)},
        overlay=overlay,
    )


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.source[0] = published(rules())
    yield made
    made.end()


def hold(node: Node, name: str = VAULT, side: str = "buy") -> None:
    node.broker.filling = True
    node.wants("AAPL", vault=name, side=side)
    node.step(3)
    node.broker.filling = False


def rest(node: Node, **of: object) -> str:
    """The id of an order that is open and not filled."""
    before = set(node.broker.orders)
    node.wants("AAPL", **of)
    node.step(2)
    [name] = set(node.broker.orders) - before
    return name


def exits(node: Node) -> list[str]:
    """The reducing orders the broker has, in the order they came."""
    return [name for name, order in node.broker.orders.items() if order.reducing]


def decisions(node: Node) -> list[DecisionMade]:
    return [made for made in map(read, node.log()) if isinstance(made, DecisionMade)]


def test_a_stop_loss_gets_out_and_what_was_to_be_opened_gives_way(node: Node) -> None:
    hold(node)
    resting = rest(node, vault=OTHER)
    node.price("AAPL", 95)
    node.step(3)
    assert node.broker.states[resting] is OrderState.CANCELLED
    [out] = exits(node)
    assert (node.broker.orders[out].vault, node.broker.orders[out].side) == (VAULT, "sell")
    assert all(not made.decision.reasons for made in decisions(node)), "nothing was denied"
    sent = node.body("message.sent")
    assert (sent["client_order_id"], sent["why"]) == (resting, MAKES_WAY)
    assert sent["who"] == node.broker.orders[out].intent_id
    node.holds_together()


def test_the_record_says_so_in_words(node: Node) -> None:
    hold(node)
    rest(node, vault=OTHER)
    node.price("AAPL", 95)
    node.step(3)
    [record] = [one for one in node.log() if one.type == "message.sent"]
    event = read(record)
    assert event is not None
    told = wording.event(event)
    assert told.startswith("the broker was asked to take it back: it makes way for intent_")
    assert told.endswith("a way out that would have traded with it")


def test_nothing_is_taken_back_that_would_not_be_met(node: Node) -> None:
    hold(node)
    node.price("AAPL", 90)
    below = rest(node, vault=OTHER)
    node.price("AAPL", 95)
    node.step(3)
    assert len(exits(node)) == 1
    assert node.broker.states[below] is OrderState.ACKNOWLEDGED


def test_nothing_is_opened_in_its_way_while_it_waits(node: Node) -> None:
    """The broker takes its time to confirm; whoever wants to buy meanwhile waits behind."""
    hold(node)
    rest(node, vault=OTHER)
    node.broker.mute = True
    node.price("AAPL", 95)
    node.step(2)
    late = [node.wants("AAPL", vault=OTHER), node.wants("MSFT", vault=OTHER)]
    node.step(2)
    held, other = (any(one.intent.id == wanted.id for one in decisions(node)) for wanted in late)
    assert (held, other) == (False, True), "only what is in the way is kept waiting"
    node.broker.mute = False
    node.step(4)
    [out] = exits(node)
    node.broker.fill(out)
    node.step(3)
    assert any(one.intent.id == late[0].id for one in decisions(node))
    node.holds_together()


def test_of_two_ways_out_the_open_one_goes_first_and_the_other_waits(node: Node) -> None:
    hold(node, OTHER, "sell")
    hold(node)
    first = rest(node, vault=OTHER, side="buy", reducing=True)
    node.price("AAPL", 95)
    node.step(3)
    assert exits(node) == [first]
    assert node.broker.states[first] is OrderState.ACKNOWLEDGED
    node.broker.fill(first)
    node.step(3)
    assert [node.broker.orders[name].vault for name in exits(node)] == [OTHER, VAULT]
    assert all(not made.decision.reasons for made in decisions(node))
    node.holds_together()


def test_and_gives_way_once_the_other_has_waited_for_long_enough(node: Node) -> None:
    hold(node, OTHER, "sell")
    hold(node)
    first = rest(node, vault=OTHER, side="buy", reducing=True)
    node.price("AAPL", 95)
    node.step(PATIENCE // SECOND)
    assert node.broker.states[first] is OrderState.ACKNOWLEDGED
    node.step(5)
    assert node.broker.states[first] is OrderState.CANCELLED
    assert [node.broker.orders[name].vault for name in exits(node)] == [OTHER, VAULT]
    assert all(not made.decision.reasons for made in decisions(node)), "nothing was denied"
    node.holds_together()


def test_what_a_switch_keeps_in_takes_nothing_back(node: Node) -> None:
    hold(node)
    resting = rest(node, vault=OTHER)
    shut = OverlayPolicy(everywhere=Switches(orders_disabled=FOREVER))
    node.source[0] = published(rules(overlay=shut), 2)
    node.wants("AAPL", side="sell", reducing=True)
    node.price("AAPL", 95)
    node.step(3)
    assert node.broker.states[resting] is OrderState.ACKNOWLEDGED
    assert "message.sent" not in node.types()


def test_a_broker_that_is_away_is_asked_when_it_is_back(tmp_path: Path) -> None:
    """What is in the way can lie at another broker than the way out goes to."""
    node = Node(tmp_path, others=[Simulator(name="alpaca")])
    anywhere = {
        name: msgspec.structs.replace(one, brokers=frozenset({"*"}))
        for name, one in rules().vaults.items()
    }
    nearer = msgspec.structs.replace(anywhere[OTHER], brokers=frozenset({"alpaca"}))
    node.source[0] = published(policy({VAULT: anywhere[VAULT], OTHER: nearer}))
    [alpaca] = node.others
    hold(node)
    alpaca.filling = False
    node.wants("AAPL", vault=OTHER)
    node.step(2)
    [resting] = alpaca.orders
    alpaca.away = True
    node.price("AAPL", 95)
    node.step(3)
    assert exits(node) == []
    alpaca.away = False
    node.step(4)
    assert alpaca.states[resting] is OrderState.CANCELLED
    assert len(exits(node)) == 1
    node.end()


def test_one_that_waits_asks_for_a_quote_five_times_a_second_at_most(node: Node) -> None:
    hold(node)
    rest(node, vault=OTHER)
    node.broker.mute = True
    node.price("AAPL", 95)
    node.step(2)
    asked: list[int] = []
    quote = node.broker.quote

    def counted(symbol: str, market_time: int) -> object:
        asked.append(node.clock.now)
        return quote(symbol, market_time)

    node.broker.quote = counted  # type: ignore[method-assign,assignment]
    assert node.process is not None
    for _ in range(40):
        node.wait(SECOND // 20)
        node.process.step()
    looks, rounds = 2, 2 * SECOND // AGAIN
    assert 0 < len(asked) <= looks + rounds


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("passed", range(6))
@pytest.mark.parametrize(
    "where", ["executions read", "executions journalled", "decided", "decisions journalled"]
)
def test_killed_anywhere_it_still_gets_out_once(node: Node, where: str, passed: int) -> None:
    hold(node)
    resting = rest(node, vault=OTHER)
    left = [passed]

    def strike(step: str) -> None:
        if step == where:
            left[0] -= 1
            if left[0] == -1:
                raise KilledError(step)

    node.boot(checkpoint=strike)
    node.price("AAPL", 95)
    try:
        node.step(8)
    except KilledError:
        node.boot()
    node.step(6)
    assert node.broker.states[resting] is OrderState.CANCELLED
    assert len(exits(node)) == 1
    assert node.types().count("order.cancelled") == 1
    node.holds_together()


def test_who_asked_for_a_cancel_is_on_record(node: Node) -> None:
    node.broker.filling = False
    name = rest(node)
    ask(node.layout.run, name, "al\u001b[31mice")
    ask(node.layout.run, name, "mallory")
    node.step(2)
    sent = node.body("message.sent")
    me = pwd.getpwuid(os.getuid()).pw_name
    assert (sent["why"], sent["who"]) == ("ASKED", f"al[31mice as {me}")
    [record] = [one for one in node.log() if one.type == "message.sent"]
    event = read(record)
    assert event is not None
    assert wording.event(event).endswith(f"as al[31mice as {me} asked for")
