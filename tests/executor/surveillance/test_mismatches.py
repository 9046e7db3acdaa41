"""What is wrong at a broker is told within five seconds, by its name; what is only late is not."""

import msgspec
import pytest

from tests.executor.building import NOW, OTHER
from tests.executor.surveillance.comparing import Compared
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, HOUR, SECOND
from vanta.domain.trading import Fill, OrderState
from vanta.executor.brokers.port import BrokerOrder
from vanta.executor.events import DecisionMade, OrderPrepared, OrderWithheld

LIMIT = 5 * SECOND


def test_a_day_that_goes_well_is_told_of_in_nothing(compared: Compared) -> None:
    compared.node.boot()
    for symbol, changes in (("AAPL", {}), ("MSFT", {"vault": OTHER}), ("BTC-USD", {})):
        compared.node.wants(symbol, **changes)
        assert compared.watch(7 * SECOND, trading=True) == []
    assert len(compared.broker.happened) == 3
    assert compared.journalled() == []
    assert compared.halted == []


# At once: nothing that is late explains it ------------------------------------------------------


def test_an_order_under_a_name_of_ours_that_nobody_prepared_halts(compared: Compared) -> None:
    order = compared.resting()
    assert compared.look() == []
    name = f"ord_{7:032x}"
    compared.broker.orders[name] = msgspec.structs.replace(order, client_order_id=name)
    compared.broker.states[name] = OrderState.ACKNOWLEDGED
    assert compared.look() == ["UNPREPARED"]
    assert compared.halted == [
        f"surveillance: {name} at paper: nothing on record, acknowledged there [UNPREPARED]"
    ]


def test_one_that_filled_before_anybody_looked_halts_too(compared: Compared) -> None:
    order = compared.resting()
    compared.look()
    name = f"ord_{7:032x}"
    compared.broker.orders[name] = msgspec.structs.replace(order, client_order_id=name)
    compared.broker.states[name] = OrderState.ACKNOWLEDGED
    compared.broker.fill(name)
    fill = compared.broker.happened[-1]
    assert isinstance(fill, Fill)
    compared.broker.happened[-1] = msgspec.structs.replace(fill, ts=compared.node.clock.now)
    assert compared.look() == ["UNPREPARED"]
    assert len(compared.halted) == 1


def test_one_of_somebody_elses_is_told_and_over_with_it(compared: Compared) -> None:
    compared.resting()
    compared.broker.foreign.append(
        BrokerOrder("by-hand", "B9", "AAPL", OrderState.ACKNOWLEDGED, UNIT, 0)
    )
    assert compared.look() == ["ORDER_NOT_OURS"]
    assert compared.look() == []
    assert compared.standing() == ["ORDER_NOT_OURS"]
    compared.broker.foreign.clear()
    compared.look()
    assert compared.standing() == []
    assert compared.journalled() == ["mismatch.found", "mismatch.over"]
    assert compared.halted == []


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 11 * UNIT},
        {"quantity": 0},
        {"symbol": "MSFT"},
        {"side": "sell"},
        {"limit_price": UNIT},
    ],
)
def test_an_order_that_is_another_one_on_the_wire_halts(
    compared: Compared, change: dict[str, object]
) -> None:
    order = compared.resting()
    assert compared.look() == []
    compared.broker.orders[order.client_order_id] = msgspec.structs.replace(order, **change)
    assert compared.look() == ["WIRE_DIFFERS"]
    assert len(compared.halted) == 1
    assert compared.look() == []


def test_what_the_gate_kept_in_and_is_there_all_the_same_halts(compared: Compared) -> None:
    order = compared.resting()
    process = compared.node.process
    assert process is not None
    process._log.of_order(order.client_order_id, OrderWithheld(order.client_order_id, ("X",)))
    process._log.commit()
    assert compared.look() == ["WITHHELD_SENT"]


def test_more_than_was_ordered_halts(compared: Compared) -> None:
    order = compared.resting()
    compared.broker.fill(order.client_order_id)
    compared.broker.fill(order.client_order_id, 1)
    assert compared.look() == ["OVERFILLED"]


def test_a_fill_at_another_price_than_is_on_record_is_told(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.node.step(1)
    compared.broker.stated[fill.id] = msgspec.structs.replace(fill, price=fill.price + 1)
    assert compared.look() == ["FILL_DIFFERS"]
    assert compared.halted == []
    [alert] = compared.alerts
    assert alert.mismatch.ours == f"{UNIT} at {fill.price}, fee {fill.fee}"
    assert alert.mismatch.theirs == f"{UNIT} at {fill.price + 1}, fee {fill.fee}"


def test_a_fill_whose_price_is_told_otherwise_later_is_told(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.node.step(1)
    assert compared.look() == []
    compared.broker.stated[fill.id] = msgspec.structs.replace(fill, price=fill.price + 1)
    assert compared.look() == ["FILL_DIFFERS"]


def test_a_fill_told_twice_under_one_id_is_one_fill(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.broker.happened.append(fill)
    compared.node.step(1)
    assert compared.watch(12 * SECOND, trading=True) == []


def test_a_fill_told_twice_under_two_ids_is_more_than_was_ordered(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id)
    compared.broker.happened.append(msgspec.structs.replace(fill, id="paper-F99"))
    assert compared.look() == ["OVERFILLED"]


# Between the journals ---------------------------------------------------------------------------


def decided(compared: Compared) -> DecisionMade:
    process = compared.node.process
    assert process is not None
    return process._log.recent[-1]


def state(compared: Compared, *stated: DecisionMade | OrderPrepared) -> None:
    process = compared.node.process
    assert process is not None
    for event in stated:
        process._log.state(event)
    process._log.commit()


def again(made: DecisionMade, name: str, **of_intent: object) -> DecisionMade:
    """The decision once more, under another name or another intent."""
    order = made.decision.order
    assert order is not None
    intent = msgspec.structs.replace(made.intent, **of_intent)
    changed = msgspec.structs.replace(order, client_order_id=name, intent_id=intent.id)
    decision = msgspec.structs.replace(made.decision, id=f"dec_{name}", order=changed)
    return msgspec.structs.replace(made, intent=intent, decision=decision)


def test_a_second_order_for_one_intent_halts(compared: Compared) -> None:
    compared.resting()
    second = again(decided(compared), f"ord_{8:032x}")
    state(compared, second)
    assert compared.look() == ["INTENT_TWICE"]
    assert len(compared.halted) == 1


def test_an_order_without_an_intent_halts(compared: Compared) -> None:
    compared.resting()
    state(compared, again(decided(compared), f"ord_{8:032x}", id=f"intent_{8:032x}"))
    assert compared.look() == ["INTENT_MISSING"]


def test_an_order_for_something_else_than_was_asked_halts(compared: Compared) -> None:
    compared.resting()
    wanted = compared.node.wants("MSFT", vault=OTHER)
    process = compared.node.process
    assert process is not None
    process._take_in()
    state(compared, again(decided(compared), f"ord_{8:032x}", id=wanted.id))
    assert compared.look() == ["INTENT_DIFFERS"]


# What may only be late --------------------------------------------------------------------------


def test_a_fill_that_is_not_on_record_is_told_in_time(compared: Compared) -> None:
    order = compared.resting()
    compared.look()
    shown = compared.node.clock.now
    compared.broker.fill(order.client_order_id, UNIT)
    assert compared.watch(4 * SECOND) == []
    assert compared.watch(SECOND) == ["FILL_MISSING"]
    assert compared.alerts[-1].at - shown <= LIMIT
    compared.node.step(1)
    compared.look()
    assert compared.standing() == []


def test_with_one_statement_in_three_seconds_it_is_told_in_time_too(compared: Compared) -> None:
    order = compared.resting()
    compared.every = 3 * SECOND
    compared.watch(3 * SECOND)
    shown = compared.node.clock.now
    compared.broker.fill(order.client_order_id, UNIT)
    compared.watch(3 * SECOND)
    while not compared.alerts:
        # The journals are looked at in between, without a statement.
        compared.node.wait(SECOND // 10)
        compared.alerts += compared.surveillance.look()
    assert compared.alerts[0].mismatch.code == "FILL_MISSING"
    assert compared.alerts[0].at - shown <= LIMIT


def test_a_fill_that_the_executor_hears_of_meanwhile_is_not(compared: Compared) -> None:
    order = compared.resting()
    for _ in range(5):
        compared.look()
        compared.broker.fill(order.client_order_id, UNIT)
        assert compared.watch(4 * SECOND) == []
        compared.node.step(1)
    assert compared.watch(10 * SECOND, trading=True) == []


def test_a_fill_that_the_statement_leaves_out_is_told_in_time(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.broker.unstated.append(fill)
    compared.node.step(1)
    shown = compared.node.clock.now
    assert compared.watch(4 * SECOND) == []
    assert compared.watch(SECOND) == ["FILL_NOT_THEIRS"]
    assert compared.alerts[-1].at - shown <= LIMIT
    compared.broker.unstated.clear()
    compared.look()
    assert compared.standing() == []


def test_a_statement_that_lags_behind_is_no_mismatch(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.broker.unstated.append(fill)
    compared.node.step(1)
    assert compared.watch(4 * SECOND) == []
    compared.broker.unstated.clear()
    assert compared.watch(10 * SECOND) == []


def test_an_order_that_is_over_here_and_alive_there_is_told(compared: Compared) -> None:
    order = compared.resting()
    name = order.client_order_id
    compared.broker.fill(name)
    compared.node.step(1)
    compared.broker.states[name] = OrderState.PARTIALLY_FILLED
    assert compared.watch(4 * SECOND) == []
    assert compared.watch(2 * SECOND) == ["STILL_ALIVE"]
    compared.broker.states[name] = OrderState.FILLED
    compared.look()
    assert compared.standing() == []


def test_a_broker_that_gives_no_statement_is_told(compared: Compared) -> None:
    compared.resting()
    compared.look()
    compared.broker.away = True
    assert compared.watch(9 * SECOND) == []
    assert compared.watch(2 * SECOND) == ["NOT_COMPARED"]
    [alert] = compared.surveillance.standing.found.values()
    assert alert.mismatch.why == "paper gives no statement to compare with [NOT_COMPARED]"
    compared.broker.away = False
    compared.look()
    assert compared.standing() == []


def test_what_was_not_shown_while_it_was_away_counts_from_when_it_is_back(
    compared: Compared,
) -> None:
    order = compared.resting()
    compared.look()
    compared.broker.away = True
    compared.watch(8 * SECOND)
    compared.broker.away = False
    compared.broker.fill(order.client_order_id, UNIT)
    assert compared.watch(4 * SECOND) == []
    compared.node.step(1)
    assert compared.watch(4 * SECOND) == []


# An account with a past, a memory with an end ---------------------------------------------------


def test_what_the_account_did_before_is_nothing_of_this_nodes(compared: Compared) -> None:
    old = Fill("paper-old", "by-hand", "AAPL", "buy", UNIT, UNIT, 0, NOW - DAY)
    compared.broker.happened.append(old)
    assert compared.look() == []


def test_orders_that_are_over_are_forgotten_and_their_fills_are_not_strange(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vanta.executor.surveillance.onrecord.KEPT", 1)
    compared.node.boot()
    for symbol in ("AAPL", "MSFT", "BTC-USD"):
        compared.node.wants(symbol)
        compared.watch(2 * SECOND, trading=True)
    assert len(compared.surveillance.comparison.record.orders) == 3
    assert compared.watch(40 * SECOND, trading=True) == []
    record = compared.surveillance.comparison.record
    assert len(record.orders) == len(record.used) == 1
    assert compared.watch(5 * SECOND, trading=True) == []


# A clock that is set back -----------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
@pytest.mark.parametrize("when", ["before", "since"])
@pytest.mark.parametrize("code", ["FILL_MISSING", "STILL_ALIVE", "NOT_COMPARED"])
def test_a_clock_that_is_set_back_puts_nothing_off(
    compared: Compared,
    code: str,
    when: str,
    restarted: bool,  # noqa: FBT001 - a case
) -> None:
    order = compared.resting()
    name = order.client_order_id
    compared.watch(SECOND)
    if code == "STILL_ALIVE":
        compared.broker.fill(name)
        compared.node.step(1)
        compared.look()
    if when == "before":
        compared.node.wait(-HOUR)
    if code == "FILL_MISSING":
        compared.broker.fill(name, UNIT)
    if code == "STILL_ALIVE":
        compared.broker.states[name] = OrderState.PARTIALLY_FILLED
    compared.broker.away = code == "NOT_COMPARED"
    compared.watch(SECOND)
    if when == "since":
        compared.node.wait(-HOUR)
    if restarted:
        compared.restart()
    compared.watch(11 * SECOND if code == "NOT_COMPARED" else LIMIT)
    assert [one.mismatch.code for one in compared.alerts] == [code]
