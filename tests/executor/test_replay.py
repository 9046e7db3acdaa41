"""Replay and reconciliation: the log makes itself again, and a changed byte shows."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, VAULT, Ticks, intent, policy, published, quote
from vanta.domain.exact import PPM, UNIT
from vanta.domain.record import Record
from vanta.domain.trading import Fill, OrderState
from vanta.executor import case as case_module
from vanta.executor import compounding
from vanta.executor.book import Book
from vanta.executor.brokers.port import Account, BrokerOrder
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION, FIRST
from vanta.executor.events import (
    DecisionMade,
    OrderAcknowledged,
    OrderFilled,
    OrderPrepared,
    OrderUnknown,
    PolicyAdopted,
    VaultFunded,
)
from vanta.executor.fences import one_order
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.reconcile import BrokerState, compare
from vanta.executor.replay import replay
from vanta.journal.reader import read

RULES = policy()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[TradeLog]:
    made = TradeLog(
        tmp_path / "trade_log.jsonl", actor="executor@test", clock=Ticks(), rotate_at=9000
    )
    made.state(PolicyAdopted(published(RULES)))
    made.state(VaultFunded(VAULT, 1_000_000 * UNIT, NOW))
    for symbol in ("AAPL", "MSFT", "AAPL", "BTC-USD"):
        wanted, market = intent(symbol), quote(symbol)
        decision = decide(wanted, made.book, Mandates(RULES), market, NOW, broker="paper")
        made.state(
            DecisionMade(wanted, market, NOW, "paper", decision, EDITION), parents=(wanted.id,)
        )
        if decision.order:
            made.state(OrderPrepared(decision.order), parents=(decision.id,))
        made.commit()
    yield made
    made.close()


def records(log: TradeLog) -> list[Record]:
    return list(read(log._journal.path))


def test_every_decision_order_and_snapshot_comes_out_byte_for_byte(log: TradeLog) -> None:
    found = list(replay(records(log)))
    kinds = [one.record_id.split("_")[0] for one in found]
    assert kinds.count("dec") == 4
    assert kinds.count("ord") == 3
    assert kinds.count("segment") >= 1
    assert all(one.recorded == one.recomputed for one in found)


def test_it_can_begin_with_any_segment(log: TradeLog) -> None:
    whole = records(log)
    at = max(n for n, record in enumerate(whole) if record.type == "journal.rotated")
    found = list(replay(whole[at:]))
    assert all(one.recorded == one.recomputed for one in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"conviction":800000', b'"conviction":800001'),
        (b'"verdict":"accept"', b'"verdict":"deny"'),
        (b'"bid":9999000000', b'"bid":9899000000'),
        (b'"quantity":62100000000', b'"quantity":62000000000'),
    ],
)
def test_a_changed_record_does_not_come_out(log: TradeLog, old: bytes, new: bytes) -> None:
    changed = [
        msgspec.structs.replace(record, body=msgspec.Raw(bytes(record.body).replace(old, new, 1)))
        if record.type == "decision.made" and old in bytes(record.body)
        else record
        for record in records(log)
    ]
    assert changed != records(log)
    assert not all(one.recorded == one.recomputed for one in replay(changed))


def test_a_decision_without_a_policy_does_not_come_out(log: TradeLog) -> None:
    without = [record for record in records(log) if record.type != "policy.adopted"]
    first = next(replay(without))
    assert first.recomputed != first.recorded


# Of builds before this one -----------------------------------------------------------------------

RECORDED = Path(__file__).parent / "recorded" / "edition-1.jsonl.gz"
"""A trade log of the build that knew one edition: six decisions in seven segments."""


def of_before() -> list[Record]:
    lines = gzip.decompress(RECORDED.read_bytes()).splitlines()
    return [msgspec.json.decode(line, type=Record) for line in lines]


def test_what_an_earlier_build_decided_comes_out_as_it_was_decided() -> None:
    """Though the fences ask more by now, and the policy it was made under had fewer fields."""
    found = list(replay(of_before()))
    assert [one.record_id.split("_")[0] for one in found].count("dec") == 6
    assert [one.record_id.split("_")[0] for one in found].count("segment") == 6
    assert all(one.recorded == one.recomputed for one in found)


@pytest.mark.parametrize("kind", ["decision.made", "journal.rotated"])
def test_and_a_changed_byte_of_it_shows_as_well(kind: str) -> None:
    changed = [
        msgspec.structs.replace(
            record,
            body=msgspec.Raw(bytes(record.body).replace(b'"conviction":800000', b'"conviction":9')),
        )
        if record.type == kind
        else record
        for record in of_before()
    ]
    assert any(one.recorded != one.recomputed for one in replay(changed))


def of_edition(number: int) -> list[Record]:
    lines = (RECORDED.parent / f"edition-{number}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Record) for line in lines]


EARLIER = range(2, EDITION)


def test_every_earlier_edition_left_a_day() -> None:
    """Whoever raises the edition runs `record_edition` first."""
    assert [number for number in EARLIER if of_edition(number)] == [*EARLIER]


@pytest.mark.parametrize("number", EARLIER)
def test_a_day_of_an_earlier_edition_comes_out_to_the_byte(number: int) -> None:
    found = list(replay(of_edition(number)))
    assert [one.record_id.split("_")[0] for one in found].count("dec") == 10
    assert all(one.recorded == one.recomputed for one in found)


@pytest.mark.parametrize("rule", ["reinvested", "EXIT_COLLAR", "share"])
def test_and_it_shows_where_a_rule_was_changed_without_an_edition(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compounding is no fence, and decides on sizes all the same."""
    if rule == "reinvested":
        monkeypatch.setattr(case_module, rule, lambda gains, _: max(0, gains.all) // 2)
    elif rule == "share":
        monkeypatch.setattr(compounding, "part_of", lambda amount, ppm: amount * ppm // (PPM + 1))
    else:
        monkeypatch.setattr(one_order, rule, 90_000)
    assert any(one.recorded != one.recomputed for one in replay(of_edition(2)))


def test_this_builds_own_day_comes_out_and_is_the_same_every_time(tmp_path: Path) -> None:
    days = []
    for number in range(2):
        file = tmp_path / f"{number}.jsonl"
        command = [sys.executable, "-m", "tests.executor.record_edition", str(file)]
        around = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run(command, check=True, env={**around, "PYTHONHASHSEED": str(number)})
        days.append(file.read_bytes())
    assert days[0] == days[1]
    log = [msgspec.json.decode(line, type=Record) for line in days[0].splitlines()]
    assert all(one.recorded == one.recomputed for one in replay(log))


def test_the_same_question_has_another_answer_in_the_next_edition() -> None:
    rules, wanted = policy(account={"builds": frozenset()}), intent()
    book = Book()
    book.apply(PolicyAdopted(published(rules)))
    book.apply(VaultFunded(VAULT, 1_000_000 * UNIT, NOW))
    verdicts = {
        edition: decide(
            wanted, book, Mandates(rules), quote(), NOW, broker="paper", edition=edition
        ).verdict
        for edition in (FIRST, EDITION)
    }
    assert verdicts == {FIRST: "accept", EDITION: "deny"}


# Reconciliation ---------------------------------------------------------------------------------


def agreed(log: TradeLog) -> tuple[Book, BrokerState]:
    """A book with one acknowledged, half filled order, and a broker that says the same."""
    book = log.book
    first, *others = book.open.values()
    name = first.order.client_order_id
    for opened in others:
        book.apply(OrderUnknown(opened.order.client_order_id, "timeout"))
    book.apply(OrderAcknowledged(name, "B1", NOW))
    book.apply(OrderFilled(Fill("F1", name, "AAPL", "buy", UNIT, 100 * UNIT, UNIT, NOW)))
    theirs = BrokerOrder(
        name, "B1", "AAPL", OrderState.PARTIALLY_FILLED, first.order.quantity, UNIT
    )
    return book, BrokerState((theirs,), {"AAPL": UNIT}, Account(-101 * UNIT, UNIT))


def test_a_book_and_a_broker_that_agree_differ_in_nothing(log: TradeLog) -> None:
    book, broker = agreed(log)
    assert compare(book, broker, "paper") == ()


def test_orders_nobody_is_sure_of_are_no_difference_either_way(log: TradeLog) -> None:
    book, broker = agreed(log)
    unsure = [one.order for one in book.open.values() if one.state is OrderState.UNKNOWN]
    assert len(unsure) == 2
    more = [
        BrokerOrder(one.client_order_id, "B", one.symbol, OrderState.ACKNOWLEDGED, one.quantity, 0)
        for one in unsure
    ]
    assert (
        compare(
            book, BrokerState((*broker.orders, *more), broker.positions, broker.account), "paper"
        )
        == ()
    )


def test_every_kind_of_difference_is_named(log: TradeLog) -> None:
    book, broker = agreed(log)
    [theirs] = broker.orders
    name = theirs.client_order_id
    stranger = BrokerOrder("someone", "B9", "X", OrderState.ACKNOWLEDGED, UNIT, 0)
    more = BrokerOrder(name, "B1", "AAPL", theirs.state, theirs.quantity, 2 * UNIT)
    for state, codes in (
        (BrokerState((), broker.positions, broker.account), {"ORDER_MISSING"}),
        (BrokerState((more,), broker.positions, broker.account), {"ORDER_FILLED"}),
        (BrokerState((theirs, stranger), broker.positions, broker.account), {"ORDER_NOT_OURS"}),
        (BrokerState(broker.orders, {}, broker.account), {"POSITION"}),
        (BrokerState(broker.orders, {"AAPL": UNIT, "X": 1}, broker.account), {"POSITION"}),
        (BrokerState(broker.orders, broker.positions, Account(0, 0)), {"CASH"}),
    ):
        found = compare(book, state, "paper")
        assert {one.code for one in found} == codes
        assert all(one.ours != one.theirs for one in found)
    # What is at one broker is no matter of another's.
    assert compare(book, BrokerState((), {}, Account(0, 0)), "elsewhere") == ()
