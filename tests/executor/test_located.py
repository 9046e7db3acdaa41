"""Snapshots of builds that did not say where a position lies."""

from typing import Any

import msgspec

from tests.executor.building import NOW, VAULT, fund, hold, intent, made, policy, quote, vault
from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT
from vanta.executor.book import Book
from vanta.executor.events import OrderCancelled
from vanta.executor.positions import Line

RULES = policy({VAULT: vault(orders={"duplicate_window": 0})})


def of_before(book: Book) -> Book:
    """The same from a snapshot as it was written then."""
    state: dict[str, Any] = msgspec.json.decode(encode(book.state()))
    for _, each in state["vaults"]:
        for line in each["lines"].values():
            del line["lying"], line["leaving"]
    return Book.from_state(encode(state))


def line_of(book: Book) -> Line:
    return book.vaults[VAULT].lines["AAPL"]


def test_what_one_broker_holds_lies_there_and_so_does_what_is_on_its_way_out() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 10, 100, broker="second")
    hold(book, RULES, "MSFT", 5, 100)
    way_out = made(intent(side="sell", reducing=True), book, RULES, quote()).decision.order
    assert way_out is None, "nothing of it lies at the broker it would go to"
    out = made(intent("MSFT", side="sell", reducing=True), book, RULES, quote("MSFT"))
    again = of_before(book)
    assert encode(again.state()) == encode(book.state())
    assert line_of(again).lying == {"second": 10 * UNIT}
    assert out.decision.order is not None
    assert again.vaults[VAULT].lines["MSFT"].leaving == {"paper": 5 * UNIT}
    again.apply(OrderCancelled(out.decision.order.client_order_id, "asked"))
    assert again.ways_out(VAULT, "MSFT") == ["paper"]


def test_what_two_hold_is_taken_to_lie_at_either() -> None:
    book = fund(RULES)
    for broker in ("paper", "second"):
        hold(book, RULES, "AAPL", 10, 100, broker=broker)
    again = of_before(book)
    assert (line_of(again).lying, again.ways_out(VAULT, "AAPL")) == ({}, [])
    assert again.holding("AAPL") == ["paper", "second"]
    assert line_of(again).available_at("paper") == 20 * UNIT
    # Never more than there is, wherever it is taken from.
    out = made(intent(side="sell", reducing=True, created=NOW), again, RULES, quote())
    assert out.decision.order is not None
    assert line_of(again).available_at("second") == 0
