"""The comparison by itself: what is on record, what is stated, and what may only be late."""

import msgspec
import pytest

from tests.executor.building import NOW, OTHER, fund, intent, order, policy, quote, vault
from tests.executor.building import made as decided
from tests.executor.building import published as publication
from tests.executor.surveillance.comparing import Compared
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.domain.trading import Envelope, Fill, Order, OrderState
from vanta.executor.brokers.port import BrokerOrder, Executions, Statement, Sum
from vanta.executor.events import (
    DecisionMade,
    Event,
    IntentAccepted,
    OrderFilled,
    OrderPrepared,
)
from vanta.executor.positions import OpenOrder
from vanta.executor.surveillance import onrecord
from vanta.executor.surveillance.comparing import Comparison, Reading, Side
from vanta.executor.surveillance.mismatch import Mismatch
from vanta.executor.surveillance.onrecord import OnRecord

TEN = order(quantity=10)


def comparison(*brokers: str) -> Comparison:
    sides = {name: Side(answered=NOW) for name in brokers or ("paper",)}
    return Comparison(sides=sides)


def prepared(*orders: Order) -> OnRecord:
    record = OnRecord()
    for one in orders:
        record.used[one.intent_id] = one.client_order_id
        assert list(record.take(OrderPrepared(one), NOW)) == []
    return record


def stated(
    *orders: BrokerOrder, sums: tuple[Sum, ...] = (), broker: str = "paper", at: int = NOW
) -> Reading:
    statement = Statement(orders, Executions((), (), 0, sums))
    return Reading(broker, at, at, statement)


def codes(found: list[Mismatch]) -> list[str]:
    return [one.code for one in found]


def fill(of: Order, number: int = 1, quantity: int = UNIT, ts: int = NOW) -> Fill:
    return Fill(
        f"F{number}", of.client_order_id, of.symbol, of.side, quantity, of.limit_price, 0, ts
    )


# Intents ----------------------------------------------------------------------------------------


def told(*events: Event) -> list[str]:
    record = OnRecord()
    return [one.code for event in events for one in record.take(event, NOW)]


def a_decision() -> DecisionMade:
    rules = policy()
    made = decided(intent(), fund(rules), rules, quote())
    assert made.decision.order is not None
    return made


def let_in(made: DecisionMade, **changes: object) -> IntentAccepted:
    return IntentAccepted(Envelope("", "", ""), msgspec.structs.replace(made.intent, **changes))


def of(made: DecisionMade) -> Order:
    assert made.decision.order is not None
    return made.decision.order


def test_an_intent_a_decision_and_its_order_go_together() -> None:
    made = a_decision()
    assert told(let_in(made), made, OrderPrepared(of(made))) == []


@pytest.mark.parametrize("changes", [{"conviction": 1}, {"side": "sell"}, {"expires": NOW}])
def test_a_decision_is_about_the_intent_that_was_let_in(changes: dict[str, object]) -> None:
    made = a_decision()
    assert told(let_in(made, **changes), made) == ["INTENT_DIFFERS"]


@pytest.mark.parametrize("changes", [{"vault": OTHER}, {"side": "sell"}, {"symbol": "MSFT"}])
def test_an_order_is_for_what_its_intent_asked(changes: dict[str, object]) -> None:
    made = a_decision()
    other = msgspec.structs.replace(of(made), **changes)
    decision = msgspec.structs.replace(made.decision, order=other)
    assert told(let_in(made), msgspec.structs.replace(made, decision=decision)) == [
        "INTENT_DIFFERS"
    ]


def test_an_order_that_nobody_decided_has_no_intent() -> None:
    assert told(OrderPrepared(TEN)) == ["INTENT_MISSING"]


def test_an_order_that_is_prepared_twice_is_one_too_many() -> None:
    made = a_decision()
    again = [OrderPrepared(of(made))] * 2
    assert told(let_in(made), made, *again) == ["INTENT_TWICE"]


def test_one_that_is_prepared_under_another_name_is_too() -> None:
    made = a_decision()
    other = msgspec.structs.replace(of(made), client_order_id=f"ord_{1:032x}")
    assert told(let_in(made), made, OrderPrepared(other)) == ["INTENT_TWICE"]


def test_a_denied_intent_is_forgotten_and_an_undecided_one_in_the_end() -> None:
    record = OnRecord()
    made = a_decision()
    denied = msgspec.structs.replace(made.decision, verdict="deny", order=None)
    events = (let_in(made), msgspec.structs.replace(made, decision=denied))
    assert [list(record.take(event, NOW)) for event in events] == [[], []]
    assert record.intents == {}
    list(record.take(let_in(made), NOW))
    record.forget(made.intent.expires + DAY - 1, set())
    assert len(record.intents) == 1
    record.forget(made.intent.expires + DAY, set())
    assert record.intents == {}


# Statements -------------------------------------------------------------------------------------


def test_an_order_is_at_the_broker_it_was_prepared_for() -> None:
    compared = comparison("paper", "alpaca")
    compared.record = prepared(TEN)
    shown = BrokerOrder(TEN.client_order_id, "B", "AAPL", OrderState.ACKNOWLEDGED, TEN.quantity, 0)
    assert codes(list(compared.read(stated(shown)))) == []
    assert codes(list(compared.read(stated(shown, broker="alpaca")))) == ["UNPREPARED"]


def test_a_smaller_sum_is_an_old_answer() -> None:
    compared = comparison()
    compared.record = prepared(TEN)
    made_of_sum = msgspec.structs.replace(fill(TEN, quantity=3 * UNIT), id="paper-7:3")
    name = TEN.client_order_id
    for filled in (3 * UNIT, UNIT, 2 * UNIT):
        assert list(compared.read(stated(sums=(Sum(name, "7", filled, UNIT, NOW),)))) == []
    assert list(compared.take(OrderFilled(made_of_sum), NOW)) == []
    assert compared.suspects == {}


def test_a_sum_of_more_or_less_than_is_on_record_is_in_doubt_until_they_agree() -> None:
    compared = comparison()
    compared.record = prepared(TEN)
    name = TEN.client_order_id

    def doubted() -> list[str]:
        return [one.mismatch.code for one in compared.suspects.values()]

    def add(number: int, quantity: int) -> None:
        one = fill(TEN, quantity=quantity)
        made = msgspec.structs.replace(one, id=f"paper-7:{number}")
        assert list(compared.take(OrderFilled(made), NOW)) == []

    add(3, 3 * UNIT)
    assert doubted() == ["FILL_NOT_THEIRS"]
    assert list(compared.read(stated(sums=(Sum(name, "7", 5 * UNIT, UNIT, NOW),)))) == []
    assert doubted() == ["FILL_MISSING"]
    add(5, 2 * UNIT)
    assert doubted() == []


def test_a_fill_that_is_on_record_twice_counts_once() -> None:
    compared = comparison()
    compared.record = prepared(TEN)
    for _ in range(2):
        assert list(compared.take(OrderFilled(fill(TEN, quantity=6 * UNIT)), NOW)) == []
    assert compared.record.orders[TEN.client_order_id].whole == 6 * UNIT


def test_statements_begin_where_what_is_awaited_happened() -> None:
    compared = comparison()
    compared.record = prepared(TEN)
    compared.sides["paper"].watermark = NOW
    assert compared.since("paper") == NOW
    assert list(compared.take(OrderFilled(fill(TEN, ts=NOW - MINUTE)), NOW)) == []
    assert compared.since("paper") == NOW - MINUTE


def test_what_is_in_doubt_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onrecord, "KEPT", 0)
    compared = comparison()
    compared.record = prepared(TEN)
    assert list(compared.take(OrderFilled(fill(TEN, quantity=TEN.quantity)), NOW)) == []
    compared.forget(NOW + MINUTE)
    assert TEN.client_order_id in compared.record.orders
    compared.suspects.clear()
    compared.forget(NOW + MINUTE)
    assert compared.record.orders == {}


def test_an_order_of_a_snapshot_that_was_decided_alone_is_prepared_once() -> None:
    record = OnRecord()
    opened = OpenOrder(
        order=TEN, decision_id="dec", dag_id="con", price=UNIT, market_time=NOW, expires=NOW
    )
    assert not opened.prepared
    record.carry(opened, NOW)
    assert list(record.take(OrderPrepared(TEN), NOW)) == []
    assert TEN.client_order_id in record.orders


def test_all_of_it_goes_on_in_another_process() -> None:
    compared = comparison()
    compared.record = prepared(TEN)
    assert list(compared.take(OrderFilled(fill(TEN)), NOW)) == []
    again = msgspec.json.decode(msgspec.json.encode(compared), type=Comparison)
    assert again == compared


# Beside an Executor -----------------------------------------------------------------------------


def test_what_no_statement_could_have_shown_is_not_told(compared: Compared) -> None:
    name = compared.resting().client_order_id
    compared.look()
    compared.broker.fill(name, UNIT)
    compared.node.step(1)
    compared.broker.away = True
    assert compared.watch(8 * SECOND) == []


def test_what_was_written_long_before_it_was_read_is_not_expected_again(
    compared: Compared,
) -> None:
    name = compared.resting().client_order_id
    compared.look()
    compared.surveillance.close()
    compared.broker.unstated.append(compared.broker.fill(name, UNIT))
    compared.node.step(1)
    compared.node.wait(2 * MINUTE)
    compared.surveillance = compared.begin()
    assert compared.watch(8 * SECOND) == []


def test_what_is_known_is_kept_every_few_seconds(compared: Compared) -> None:
    compared.resting()
    compared.watch(6 * SECOND)
    memory = compared.node.layout.memory / "surveillance.state"
    first = memory.read_bytes()
    compared.resting("MSFT")
    compared.watch(6 * SECOND)
    assert memory.read_bytes() != first


def test_an_exit_of_the_segment_before_has_its_intent(compared: Compared) -> None:
    node = compared.node
    node.source[0] = publication(
        policy({"momentum-us": vault(persona={"stop_loss": 50_000}), OTHER: vault()})
    )
    process = node.boot(rotate_at=1)
    node.wants("AAPL")
    node.step(3)
    node.prices["AAPL"] = 80
    node._quotes()
    node.wait(2 * SECOND)
    assert process._watch() == 1
    compared.surveillance.close()
    compared.surveillance = compared.begin()
    assert compared.watch(4 * SECOND, trading=True) == []
    assert node.types().count("order.prepared") == 2


def test_without_its_memory_the_accounts_past_is_nothing_of_this_nodes(
    compared: Compared,
) -> None:
    compared.node.boot(rotate_at=1)
    old = Fill("paper-old", f"ord_{3:032x}", "AAPL", "buy", UNIT, UNIT, 0, NOW - DAY)
    compared.broker.happened.append(old)
    compared.node.wants()
    compared.node.step(4)
    compared.surveillance.close()
    compared.surveillance = compared.begin()
    assert compared.look() == []
