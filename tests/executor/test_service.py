"""The Executor's process, step by step, against a broker that misbehaves."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    envelope,
    policy,
    published,
    vault,
)
from tests.executor.running import Node
from vanta.domain.encoding import encode
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND
from vanta.domain.policy import OverlayPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.port import Acknowledged, Rejected, Unknown
from vanta.executor.sessions import Sessions
from vanta.executor.views import SHARE
from vanta.governance.latch import LATCH
from vanta.journal.view import read_view


class Killed(BaseException):
    """What a kill looks like from inside one process: nothing after it runs."""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.end()


def test_an_intent_becomes_an_order_a_fill_and_a_position(node: Node) -> None:
    wanted = node.wants()
    node.step(3)
    assert node.types("intents")[1:] == ["intent.accepted"]
    assert node.types() == [
        "journal.opened",
        "policy.adopted",
        "vault.funded",
        "vault.funded",
        "decision.made",
        "order.prepared",
        "order.acknowledged",
        "order.filled",
        "book.reconciled",
        "book.marked",
    ]
    log = node.log()
    decision, prepared, acknowledged, filled = log[4:8]
    assert decision.parents == (wanted.id,)
    assert prepared.parents == (decision.id,)
    assert acknowledged.parents == filled.parents == (prepared.id,)
    assert {record.dag_id for record in log[4:8]} == {wanted.dag_id}
    assert {record.policy for record in log[4:8]} == {"c" * 40}
    assert node.log("intents")[1].parents == (wanted.conviction_id,)
    assert list((node.root / "bus").glob("*.parcel")) == []
    node.holds_together()


def test_nothing_is_sent_that_is_not_on_disk(node: Node) -> None:
    submit = node.broker.submit

    def look(order: object, market_time: int) -> Acknowledged | Rejected | Unknown:
        assert order.client_order_id in {record.id for record in node.log()}  # type: ignore[attr-defined]
        return submit(order, market_time)  # type: ignore[arg-type]

    node.broker.submit = look  # type: ignore[method-assign]
    for symbol in ("AAPL", "MSFT", "BTC-USD"):
        node.wants(symbol)
    node.step(2)
    assert len(node.broker.sent) == 3


def test_a_denied_intent_is_on_record_with_every_reason(node: Node) -> None:
    node.source = [published(policy({VAULT: vault(exposure={"gross": 0}), OTHER: vault()}))]
    node.wants("AAPL", conviction=100_000)
    node.step(2)
    assert node.broker.sent == []
    decided = read_view(
        node.layout.view("autotrade_queue"), dict[str, list[dict[str, object]]]
    ).data
    [shown] = decided["decided"]
    assert shown["verdict"] == "deny"
    reasons = str(shown["reasons"])
    assert "[9 GROSS]" in reasons
    assert "[0 CONVICTION]" in reasons


@pytest.mark.filterwarnings(
    "ignore:Series.values returning"
)  # of exchange_calendars, on pandas 3.1
def test_a_venue_is_open_only_where_its_calendar_says_so_too(node: Node) -> None:
    """It is 22:13 UTC on a Tuesday; what was found is on record, and a replay asks no calendar."""
    node.sessions = Sessions()
    share, coin = node.wants(), node.wants("BTC-USD")
    node.step(2)
    decided = {r.parents[0]: bytes(r.body) for r in node.log() if r.type == "decision.made"}
    assert b'"session":"closed"' in decided[share.id]
    assert b'[6,"SESSION",false,"closed","open",""]' in decided[share.id]
    assert b'"verdict":"accept"' in decided[coin.id]
    node.holds_together()


def test_what_is_not_let_in_is_on_record_and_off_the_bus(node: Node) -> None:
    node.outbox.send("junk", b"junk")
    twice = node.wants()
    node.step(1)
    node.outbox.send(twice.id, envelope(twice))
    node.step(2)
    assert node.types("intents")[1:] == ["intent.refused", "intent.accepted", "intent.refused"]
    assert list((node.root / "bus").glob("*.parcel")) == []
    assert len(node.broker.sent) == 1


def test_a_lost_answer_is_asked_for_and_never_sent_again(node: Node) -> None:
    node.broker.lose_answers = 1
    node.broker.filling = False
    node.wants()
    node.step(1)
    assert node.process is not None
    [opened] = node.process._log.book.open.values()
    name = opened.order.client_order_id
    assert node.types().count("order.unknown") == 1
    node.step(2)
    assert opened.state is OrderState.ACKNOWLEDGED
    node.broker.filling = True
    node.step(1)
    assert node.broker.submitted == {name: 1}
    assert node.broker.sent == [name]
    node.holds_together()


def test_unknown_keeps_its_exposure_while_nobody_answers(node: Node) -> None:
    node.broker.lose_answers, node.broker.mute, node.broker.filling = 1, True, False
    node.wants()
    node.step(5)
    assert node.process is not None
    book = node.process._log.book
    [opened] = book.open.values()
    assert opened.state.value == "unknown"
    assert book.vaults[VAULT].buying == opened.reserved > 0
    assert node.types().count("order.unknown") == 1
    node.broker.mute = False
    node.step(1)
    assert opened.state.value == "acknowledged"


def test_an_order_that_never_arrived_is_sent_once_more_where_that_is_safe(node: Node) -> None:
    node.broker.lose_orders = 1
    node.wants()
    node.step(4)
    [name] = node.broker.submitted
    assert node.broker.submitted[name] == 1
    assert node.broker.sent == [name, name]
    assert "order.filled" in node.types()
    node.holds_together()


def test_where_it_is_not_safe_it_is_made_sure_that_it_never_arrives(node: Node) -> None:
    node.broker.resubmits = False
    node.broker.lose_orders = 1
    wanted = node.wants()
    node.step(4)
    assert node.body("order.cancelled")["reason"] == "ABSENT"
    assert len(node.broker.sent) == 1
    assert node.broker.voided == {node.broker.sent[0]}
    assert node.process is not None
    assert node.process._log.book.vaults[VAULT].gross == 0
    assert wanted.id in node.process._log.book.decided
    node.holds_together()


def test_an_order_that_arrives_after_the_question_is_still_one_order(node: Node) -> None:
    node.broker.late = 1
    node.wants()
    node.step(4)
    [name] = node.broker.orders
    assert node.broker.submitted[name] == 2
    assert node.broker.filled[name] == node.broker.orders[name].quantity
    node.holds_together()


def test_one_that_arrives_after_it_was_voided_is_refused(node: Node) -> None:
    node.broker.resubmits = False
    node.broker.late = 1
    held_back = node.broker._arrive
    node.broker._arrive = lambda: None  # type: ignore[method-assign]
    node.wants()
    node.step(3)
    held_back()
    assert node.broker.orders == {}
    node.step(2)
    node.holds_together()


def test_a_rejection_releases(node: Node) -> None:
    node.broker.refuse = "NO_FUNDS"
    node.wants()
    node.step(2)
    assert node.body("order.rejected")["code"] == "NO_FUNDS"
    assert node.process is not None
    assert node.process._log.book.account.gross == 0
    node.holds_together()


def test_executions_told_twice_count_once(node: Node) -> None:
    since = node.broker.executions_since
    node.broker.executions_since = lambda watermark: since(watermark * 0)  # type: ignore[method-assign]
    node.wants()
    node.step(5)
    assert node.types().count("order.filled") == 1
    node.holds_together()


def test_a_fill_of_a_stranger_keeps_everything_in(node: Node) -> None:
    node.step(1)
    node.broker.happened.append(Fill("F9", "somebody", "AAPL", "buy", UNIT, UNIT, 0, NOW))
    node.wants()
    node.step(8)
    node.wants("MSFT")
    node.step(2)
    withheld = [record for record in node.log() if record.type == "order.withheld"]
    assert withheld
    assert b"RECONCILIATION_DRIFT" in bytes(withheld[-1].body)
    assert b"FILL_NOT_OURS" in b"".join(bytes(record.body) for record in node.log())


def test_a_position_the_broker_does_not_have_keeps_everything_in_until_it_does(node: Node) -> None:
    node.step(1)
    node.broker.held["AAPL"] += UNIT
    node.wait(MINUTE)
    node.step(1)
    node.wants()
    node.step(1)
    assert node.body("order.withheld")["codes"] == ["RECONCILIATION_DRIFT"]
    node.broker.held["AAPL"] -= UNIT
    node.wait(MINUTE)
    node.step(1)
    node.wants("MSFT")
    node.step(2)
    assert len(node.broker.orders) == 1


def test_the_gate_reads_the_switches_after_the_decision(node: Node) -> None:
    halted = published(
        policy(overlay=OverlayPolicy(everywhere=Switches(full_halt=FOREVER))), serial=2
    )

    def throw(done: str) -> None:
        if done == "decisions journalled":
            node.source = [halted]

    node.boot(throw)
    node.wants()
    node.step(1)
    assert node.body("order.withheld")["codes"] == ["FULL_HALT"]
    assert node.broker.sent == []
    node.wants("MSFT")
    node.step(1)
    assert node.types().count("decision.made") == 2
    assert node.broker.sent == []


def test_a_loss_on_what_is_held_counts_though_nobody_asks_to_trade_it(node: Node) -> None:
    node.wants("AAPL")
    node.step(4)
    assert node.process is not None
    before = node.process._log.book.vaults[VAULT].nav
    node.prices["AAPL"] = 50
    node.wants("MSFT", market_time=NOW + MINUTE)
    node.step()
    assert "book.marked" in node.types()
    held = node.process._log.book.symbols["AAPL"]
    assert node.process._log.book.vaults[VAULT].nav <= before - held.quantity * 49
    node.step(3)
    node.holds_together()


def test_a_latch_keeps_orders_in(node: Node) -> None:
    node.step(1)
    (node.layout.memory / LATCH).write_text("")
    node.wants()
    node.step(1)
    assert node.body("order.withheld")["codes"] == ["HALT_LATCHED"]
    assert node.broker.sent == []


def test_without_a_policy_intents_wait_and_without_a_first_one_they_stay_on_the_bus(
    node: Node,
) -> None:
    kept, node.source = node.source, []
    node.wants()
    node.step(2)
    assert node.process is not None
    assert node.process.trouble == "NO_POLICY"
    assert len(list((node.root / "bus").glob("*.parcel"))) == 1
    node.source = kept
    node.step(1)
    node.source = []
    node.wants("MSFT")
    node.step(2)
    assert [one.symbol for one in node.process._inflow.waiting.values()] == ["MSFT"]
    shown = read_view(node.layout.view("autotrade_queue"), dict[str, list[dict[str, object]]]).data
    assert [one["symbol"] for one in shown["waiting"]] == ["MSFT"]
    node.source = kept
    node.step(1)
    assert len(node.broker.orders) == 2
    node.holds_together()


def test_an_older_policy_is_not_gone_back_to(node: Node) -> None:
    tight = policy({VAULT: vault(exposure={"gross": 0}), OTHER: vault()})
    node.source = [published(tight, 7)]
    node.step(1)
    node.source = [published(policy(), 6)]
    node.wants()
    node.step(2)
    assert node.broker.sent == []
    assert node.types().count("policy.adopted") == 1
    node.end()
    node.step(2)
    assert node.types().count("policy.adopted") == 1


def test_while_the_broker_is_away_intents_wait_and_nothing_is_lost(node: Node) -> None:
    node.wants()
    node.step(2)
    node.broker.away = True
    node.wants("MSFT")
    node.step(3)
    assert node.process is not None
    assert node.process.trouble == "BROKER_UNAVAILABLE"
    assert not node.process.armed
    assert len(node.process._inflow.waiting) == 1
    node.broker.away = False
    node.step(2)
    assert node.process.armed
    assert node.process.trouble == ""
    assert len(node.broker.orders) == 2
    node.holds_together()


def test_an_intent_that_waited_too_long_is_denied_not_forgotten(node: Node) -> None:
    node.step(1)
    node.broker.away = True
    node.wants()
    node.step(1)
    node.wait(HOUR)
    node.broker.away = False
    node.step(2)
    [decided] = [record for record in node.log() if record.type == "decision.made"]
    assert b"INTENT_EXPIRED" in bytes(decided.body)


def test_a_vault_that_appears_is_funded_once(node: Node) -> None:
    node.step(1)
    more = policy({VAULT: vault(), OTHER: vault(), "crypto-flow": vault(capital=5 * UNIT)})
    node.source = [published(more, 2)]
    node.step(2)
    node.end()
    node.step(1)
    funded = [bytes(record.body) for record in node.log() if record.type == "vault.funded"]
    assert len(funded) == 3
    assert b'"cash":500000000' in funded[-1]


def test_views_are_derived_from_the_log_and_come_back_from_nothing(node: Node) -> None:
    node.broker.filling = False
    node.wants()
    node.step(3)
    views = {
        name: node.layout.view(name) for name in ("open_orders", "autotrade_queue", "positions")
    }
    before = {name: path.read_bytes() for name, path in views.items()}
    [shown] = read_view(views["open_orders"], list[dict[str, object]]).data
    assert shown["state"] == "acknowledged"
    assert shown["quantity"] == "621"
    for path in views.values():
        path.unlink()
    node.end()
    node.step(1)
    assert {name: path.read_bytes() for name, path in views.items()} == before


def test_views_that_take_long_are_written_less_often(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.broker.filling = False
    node.wants()
    node.step(3)
    written = node.layout.view("open_orders")
    before = written.stat().st_ino
    clock = iter(range(0, 10**12, SECOND))
    monkeypatch.setattr("vanta.executor.views.time.thread_time_ns", lambda: next(clock))
    node.wants("MSFT", vault=OTHER)
    node.step()
    slow = written.stat().st_ino
    assert slow != before
    node.wants("AAPL", vault=OTHER)
    node.step(SHARE - 1)
    assert written.stat().st_ino == slow
    node.step(2)
    assert written.stat().st_ino != slow
    # Who ends in between leaves them as everything stands.
    slow = written.stat().st_ino
    node.wants("MSFT", vault=OTHER)
    node.step()
    assert written.stat().st_ino == slow
    over, process = Event(), node.process
    assert process is not None
    over.set()
    process.run(over)
    assert written.stat().st_ino != slow
    # A clock that is set back keeps no view from being written.
    slow = written.stat().st_ino
    node.wants("BTC-USD", vault=OTHER)
    node.clock.now -= DAY
    node.step(2)
    assert written.stat().st_ino != slow


def test_segments_close_and_the_node_goes_on_from_the_last(node: Node) -> None:
    node.boot(rotate_at=12_000)
    for number in range(12):
        node.wants(("AAPL", "MSFT", "BTC-USD")[number % 3], conviction=560_000 + 30_000 * number)
        node.step(2)
        if number % 4 == 3:
            node.boot(rotate_at=12_000)
    for name in ("trade_log", "intents"):
        assert len(list(node.layout.memory.glob(f"{name}.0*.jsonl"))) >= 1, name
    assert node.types("intents").count("intent.accepted") == 12
    assert node.types().count("decision.made") == 12
    node.holds_together()


def test_only_one_process_holds_the_journals(node: Node) -> None:
    node.boot()
    with pytest.raises(UnavailableError) as refused:
        Node(node.root).boot()
    assert refused.value.code == "JOURNAL_LOCKED"


STEPS = [
    "parcels read",
    "intents journalled",
    "parcels done",
    "decided",
    "decisions journalled",
    "gate looked",
    "submitted",
    "outcomes journalled",
    "executions read",
    "executions journalled",
    "settled",
    "armed",
]


@pytest.mark.parametrize("lost", ["", "lose_answers", "lose_orders", "late"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_it_loses_and_doubles_nothing(
    node: Node, step: str, lost: str
) -> None:
    def kill_at(nth: int) -> Callable[[str], None]:
        left = [nth]

        def checkpoint(done: str) -> None:
            if done == step:
                left[0] -= 1
                if left[0] == 0:
                    raise Killed

        return checkpoint

    wanted = [node.wants("AAPL"), node.wants("MSFT"), node.wants("BTC-USD")]
    for nth in (1, 2, 3):
        if lost:
            setattr(node.broker, lost, 1)
        node.boot(kill_at(nth))
        try:
            node.step(4)
        except Killed:
            node.end()
        wanted.append(node.wants("AAPL", conviction=860_000 + nth))
    node.boot()
    node.step(8)
    node.holds_together()
    assert node.process is not None
    assert node.process._inflow.waiting == {}
    decided = {record.parents[0] for record in node.log() if record.type == "decision.made"}
    assert decided == {one.id for one in wanted}
    accepted = {record.id for record in node.log() if record.type == "order.prepared"}
    assert set(node.broker.orders) == accepted
    for name, placed in node.broker.orders.items():
        assert node.broker.filled[name] == placed.quantity
    assert node.process._log.book.open == {}
    assert encode(node.process._log.book.account.open_orders) == b"0"


TIGHTER: dict[str, tuple[dict[str, Any], str]] = {
    "the vault is gone": ({}, "VAULT_UNKNOWN"),
    "its symbol is denied": ({"universe": {"deny": frozenset({"AAPL"})}}, "SYMBOL_DENIED"),
    "is allowed no more": ({"universe": {"allow": frozenset({"MSFT"})}}, "SYMBOL_NOT_ALLOWED"),
    "nor its broker": ({"brokers": frozenset({"elsewhere"})}, "BROKER"),
    "nor its asset class": ({"universe": {"asset_classes": frozenset({"option"})}}, "ASSET_CLASS"),
    "it may be worth less": ({"orders": {"max_notional": UNIT}}, "ORDER_NOTIONAL"),
    "or be smaller": ({"orders": {"max_quantity": UNIT}}, "ORDER_QUANTITY"),
}


@pytest.mark.parametrize("how", TIGHTER)
def test_what_was_tightened_since_it_was_decided_keeps_an_order_from_being_sent_again(
    node: Node, how: str
) -> None:
    changes, code = TIGHTER[how]
    node.broker.lose_orders = 1
    node.broker.mute = True
    node.wants("AAPL")
    node.step(2)
    assert len(node.broker.sent) == 1
    vaults = {OTHER: vault()} | ({VAULT: vault(**changes)} if changes else {})
    node.source[:] = [published(policy(vaults), serial=2)]
    node.broker.mute = False
    node.step(3)
    assert node.broker.orders == {}
    assert len(node.broker.sent) == 1
    assert node.process is not None
    assert node.process._log.book.open == {}
    reasons = [
        msgspec.json.decode(record.body)["reason"]
        for record in node.log()
        if record.type == "order.unknown"
    ]
    assert reasons[-1].removeprefix("not sent again: ").split()[0] == code
    node.holds_together()
