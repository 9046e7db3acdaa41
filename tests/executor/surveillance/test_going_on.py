"""The comparison goes on where it stopped, remembers what it told, and is told what is settled."""

import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.executor.building import OTHER, order
from tests.executor.surveillance.comparing import Compared
from vanta.cli.executor_surveil import survey_lines
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.domain.trading import OrderState
from vanta.executor.brokers.port import BrokerOrder
from vanta.executor.gate import UNCOMPARED, Gate
from vanta.executor.surveillance import following
from vanta.executor.surveillance.hook import AT_ONCE, Hook
from vanta.executor.surveillance.mismatch import MOST, Mismatch, MismatchFound
from vanta.executor.surveillance.settling import ask, folder_of
from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
from vanta.governance.heartbeat import Silence
from vanta.journal.reader import Tail


def test_what_was_told_is_not_told_again_by_the_process_after_it(compared: Compared) -> None:
    order = compared.resting()
    compared.look()
    compared.broker.orders[order.client_order_id] = msgspec.structs.replace(order, quantity=1)
    assert compared.look() == ["WIRE_DIFFERS"]
    compared.restart()
    assert compared.standing() == ["WIRE_DIFFERS"]
    assert compared.look() == []


def test_it_reads_no_journal_from_its_beginning_again(
    compared: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared.resting()
    compared.look()
    given: list[int] = []
    poll = Tail.poll

    def counted(tail: Tail, *limit: int) -> list[object]:
        records = poll(tail, *limit)
        given.append(len(records))
        return list(records)

    compared.surveillance.close()
    monkeypatch.setattr(Tail, "poll", counted)
    monkeypatch.setattr(following, "live_state", None)
    monkeypatch.setattr(following, "read_since", None)
    compared.surveillance = compared.begin()
    compared.look()
    compared.look()
    assert sum(given) == 0
    compared.node.wants("MSFT", vault=OTHER)
    compared.node.step(2)
    before = sum(given)
    compared.look()
    assert 0 < sum(given) - before < 10


def test_what_was_done_while_nobody_compared_is_compared_then(compared: Compared) -> None:
    order = compared.resting()
    compared.look()
    compared.surveillance.close()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.node.step(1)
    compared.broker.stated[fill.id] = msgspec.structs.replace(fill, price=1)
    compared.surveillance = compared.begin()
    assert compared.look() == ["FILL_DIFFERS"]


@pytest.mark.parametrize("memory", [b"", b"{}", b"torn", None])
def test_without_its_memory_it_begins_with_the_live_segment(
    compared: Compared, memory: bytes | None
) -> None:
    node = compared.node
    node.boot(rotate_at=1)
    for symbol, changes in (("AAPL", {}), ("MSFT", {"vault": OTHER}), ("BTC-USD", {})):
        node.wants(symbol, **changes)
        node.step(3)
    order = compared.resting()
    compared.look()
    compared.surveillance.close()
    path = node.layout.memory / following.MEMORY
    path.unlink() if memory is None else path.write_bytes(memory)
    compared.surveillance = compared.begin()
    assert compared.watch(12 * SECOND, trading=True) == []
    compared.broker.orders[order.client_order_id] = msgspec.structs.replace(order, quantity=1)
    assert compared.look() == ["WIRE_DIFFERS"]


def test_a_memory_of_another_journal_is_none(compared: Compared, tmp_path: Path) -> None:
    compared.resting()
    compared.look()
    compared.surveillance.close()
    kept = (compared.node.layout.memory / following.MEMORY).read_bytes()
    (tmp_path / "other").mkdir()
    other = Compared(tmp_path / "other")
    other.resting("MSFT")
    other.surveillance.close()
    (other.node.layout.memory / following.MEMORY).write_bytes(kept)
    other.surveillance = other.begin()
    assert other.look() == []
    assert len(other.surveillance.comparison.record.orders) == 1
    other.close()
    compared.surveillance = compared.begin()


def test_rotation_on_either_side_is_followed(compared: Compared) -> None:
    compared.node.boot(rotate_at=1)
    for _ in range(3):
        for symbol, changes in (("AAPL", {}), ("MSFT", {"vault": OTHER})):
            compared.node.wants(symbol, **changes)
            assert compared.watch(3 * SECOND, trading=True) == []
    assert len(compared.broker.happened) >= 3


def test_a_person_settles_what_stands_and_it_is_not_told_again(compared: Compared) -> None:
    order = compared.resting()
    fill = compared.broker.fill(order.client_order_id, UNIT)
    compared.node.step(1)
    compared.broker.stated[fill.id] = msgspec.structs.replace(fill, price=1)
    assert compared.look() == ["FILL_DIFFERS"]
    [name] = compared.surveillance.standing.found
    ask(compared.node.layout.run, name, "they corrected it by hand")
    compared.look()
    assert compared.standing() == []
    assert compared.journalled() == ["mismatch.found", "mismatch.settled"]
    compared.restart()
    assert compared.look() == []
    assert list((compared.node.layout.run / "settle").iterdir()) == []


def test_what_is_settled_and_over_and_comes_back_is_told_again(compared: Compared) -> None:
    compared.resting()
    stranger = BrokerOrder("by-hand", "B9", "AAPL", OrderState.ACKNOWLEDGED, UNIT, 0)
    compared.broker.foreign.append(stranger)
    assert compared.look() == ["ORDER_NOT_OURS"]
    [name] = compared.surveillance.standing.found
    ask(compared.node.layout.run, name, "the desk's own")
    compared.look()
    assert compared.look() == []
    compared.broker.foreign.clear()
    compared.look()
    compared.broker.foreign.append(stranger)
    assert compared.look() == ["ORDER_NOT_OURS"]


def test_what_is_no_file_settles_nothing_and_ends_nothing(compared: Compared) -> None:
    compared.resting()
    compared.broker.foreign.append(
        BrokerOrder("by-hand", "B9", "AAPL", OrderState.ACKNOWLEDGED, UNIT, 0)
    )
    compared.look()
    [name] = compared.surveillance.standing.found
    path = folder_of(compared.node.layout.run) / name
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    compared.look()
    os.close(held)
    path.unlink()
    path.mkdir()
    compared.look()
    assert compared.standing() == ["ORDER_NOT_OURS"]


def test_a_flood_of_strangers_is_told_up_to_a_number(compared: Compared) -> None:
    compared.resting()
    compared.broker.foreign += [
        BrokerOrder(f"by-hand-{n}", "B", "AAPL", OrderState.ACKNOWLEDGED, UNIT, 0)
        for n in range(MOST + 50)
    ]
    codes = compared.look()
    assert (codes.count("ORDER_NOT_OURS"), codes.count("TOO_MANY")) == (MOST, 1)
    assert compared.look() == []


def test_how_it_stands_is_there_for_others_to_read(compared: Compared) -> None:
    compared.resting()
    compared.broker.foreign.append(
        BrokerOrder("by-hand", "B9", "AAPL", OrderState.ACKNOWLEDGED, UNIT, 0)
    )
    compared.look()
    found = json.loads((compared.node.layout.run / "surveillance.json").read_bytes())
    assert found["standing"] == 1
    assert found["brokers"][0]["name"] == "paper"
    compared.broker.away = True
    compared.watch(2 * SECOND)
    found = json.loads((compared.node.layout.run / "surveillance.json").read_bytes())
    assert found["brokers"][0]["trouble"] == "BROKER_UNAVAILABLE"


def test_a_halt_comes_before_the_alert_is_told(compared: Compared) -> None:
    """A process that is killed in between halts and tells again."""
    order = compared.resting()
    compared.look()
    compared.broker.orders[order.client_order_id] = msgspec.structs.replace(order, quantity=1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    compared.surveillance._halt = killed
    with pytest.raises(KeyboardInterrupt):
        compared.look()
    assert compared.journalled() == []
    compared.restart()
    assert compared.look() == ["WIRE_DIFFERS"]
    assert len(compared.halted) == 1


def test_where_a_sign_is_asked_for_its_silence_keeps_everything_in(compared: Compared) -> None:
    memory, limit = compared.node.layout.memory, 10 * SECOND
    since_boot = [time.clock_gettime_ns(time.CLOCK_BOOTTIME)]
    silence = Silence(memory, limit, None, lambda: since_boot[0], name=SURVEILLANCE_SIGN)
    gate = Gate(memory, compared.node.published, {UNCOMPARED: silence})
    with gate.look(order()) as shut:
        assert shut == (UNCOMPARED,)
    compared.look()
    since_boot[0] = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    with gate.look(order()) as shut:
        assert shut == ()
    since_boot[0] += 2 * limit
    with gate.look(order()) as shut:
        assert shut == (UNCOMPARED,)


def test_a_status_names_who_is_left_out_and_what_stands() -> None:
    found: dict[str, Any] = {
        "state": "comparing",
        "brokers": [
            {"name": "alpaca", "trouble": "BROKER_UNAVAILABLE"},
            {"name": "paper", "trouble": None},
        ],
        "left_out": ["ibkr"],
        "standing": [{"why": "ord_1 at paper: 1 on record, 2 there [WIRE_DIFFERS]"}],
    }
    assert survey_lines(found) == [
        "comparison: comparing alpaca BROKER_UNAVAILABLE, paper",
        "  not compared: ibkr",
        "MISMATCHES: 1 stand; `vanta executor alerts`",
        "  ord_1 at paper: 1 on record, 2 there [WIRE_DIFFERS]",
    ]
    assert survey_lines({**found, "state": "silent"})[0].startswith("comparison: SILENT")
    assert survey_lines({**found, "state": "never"}) == ["comparison: none runs here"]


def test_a_command_that_fails_or_hangs_is_counted_and_never_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alert = MismatchFound(Mismatch("UNPREPARED", "paper", "ord_1", None, "there"), 1, 1, halts=True)
    for command in (["false"], ["/no/such/command"]):
        hook = Hook(command)
        hook.tell(alert)
        until = time.monotonic() + 5
        while not hook.failed and time.monotonic() < until:
            hook.reap()
            time.sleep(0.01)
        assert hook.failed == 1
    hook = Hook(["sleep", "60"])
    began = time.monotonic()
    for _ in range(AT_ONCE + 1):
        hook.tell(alert)
    assert time.monotonic() - began < 2
    assert hook.failed == 1
    monkeypatch.setattr("vanta.executor.surveillance.hook.PATIENCE", 0)
    hook.reap()
    assert hook.failed == 1 + AT_ONCE
    Hook([]).tell(alert)
