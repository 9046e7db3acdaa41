"""Intents are remembered while they are valid, and of very many not for much longer."""

from collections import OrderedDict
from pathlib import Path

import pytest

from tests.executor.running import Node
from vanta.domain.instant import DAY, MINUTE
from vanta.executor import remembered
from vanta.executor.remembered import SOON, forget

NOW = 1_700_000_000_000_000_000


def many(count: int, expires: int) -> OrderedDict[str, int]:
    return OrderedDict((f"intent_{number}", expires) for number in range(count))


def test_a_few_for_a_day_after_they_expired() -> None:
    few = many(10, NOW)
    forget(few, NOW + DAY - 1)
    assert len(few) == 10
    forget(few, NOW + DAY)
    assert not few


def test_of_a_crowd_none_that_has_been_expired_for_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "CROWD", 100)
    crowd = OrderedDict([("long", NOW + 7 * DAY)], **many(99, NOW))
    forget(crowd, NOW + SOON - 1)
    assert len(crowd) == 100
    forget(crowd, NOW + SOON)
    assert list(crowd) == ["long"]


def test_none_that_is_valid_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "CROWD", 100)
    crowd = OrderedDict[str, int]()
    for number in range(1000):
        forget(crowd, NOW)
        crowd[f"intent_{number}"] = NOW + 1
    assert len(crowd) == 1000


def test_a_steady_stream_comes_to_no_more_than_one_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """For days, one of them valid for long: it keeps no other."""
    monkeypatch.setattr(remembered, "CROWD", 100)
    stream = OrderedDict([("long", NOW + 7 * DAY)])
    most = 0
    for number in range(5 * 24 * 60):
        now = NOW + number * MINUTE
        forget(stream, now)
        stream[f"intent_{number}"] = now + MINUTE
        most = max(most, len(stream))
    assert most == 100
    assert "long" in stream


def test_the_book_and_what_came_in_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "CROWD", 4)
    node = Node(tmp_path)
    for _ in range(11):
        node.wants("AAPL")
        node.step()
        node.wait(20 * MINUTE)
    process = node.process or node.boot()
    decided, seen = list(process._log.book.decided), list(process._inflow.seen)
    assert len(node.types("intents")) > 11
    assert 0 < len(decided) <= 4
    assert decided == seen
    # What begins anew from the journals, or from snapshots, remembers the same.
    again = node.boot()
    assert (list(again._log.book.decided), list(again._inflow.seen)) == (decided, seen)
    again._log._journal.rotate()
    again._inflow._journal.rotate()
    again = node.boot()
    assert (list(again._log.book.decided), list(again._inflow.seen)) == (decided, seen)
    node.holds_together()


@pytest.mark.parametrize("killed", [False, True], ids=["", "between the two segments"])
def test_what_the_book_forgot_is_not_decided_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    """Where little comes in, its segment is weeks old and the trade log's are not."""
    node = Node(tmp_path)
    process = node.boot()
    for symbol in ("AAPL", "MSFT"):
        node.wants(symbol)
        node.step(3)
        if killed:
            # As if it ended before the step that closes the other journal's segment.
            process._log._journal.rotate()
        else:
            monkeypatch.setattr(process._log._journal, "_due", 1)
        node.wait(2 * DAY)
    node.wants("BTC-USD")
    node.step(3)
    process._log._journal.rotate()
    assert len(process._log.book.decided) == 1
    again = node.boot()
    assert not again._inflow.waiting
    node.step(3)
    assert node.types().count("decision.made") == 3
    begun = node.types("intents").count("journal.rotated")
    assert begun == 0 if killed else begun >= 2
    node.holds_together()


def test_what_waited_while_nobody_decided_still_gets_its_answer(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.broker.away = True
    wanted = node.wants()
    node.step(2)
    assert node.process is not None
    node.process._log._journal.rotate()
    node.end()
    node.wait(2 * DAY)
    node.broker.away = False
    node.step(3)
    assert b"INTENT_EXPIRED" in next(
        bytes(record.body) for record in node.log() if record.type == "decision.made"
    )
    assert [record.parents for record in node.log() if record.type == "decision.made"] == [
        (wanted.id,)
    ]
