"""Snapshots of builds that did not say where a position lies."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import OTHER, VAULT, fund, hold, intent, made, policy, quote, vault
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
            del line["lying"], line["leaving"], line["lots"]
    return Book.from_state(encode(state))


def places(book: Book) -> dict[str, tuple[dict[str, int], dict[str, int]]]:
    return {name: (one.lying, one.leaving) for name, one in book.vaults[VAULT].lines.items()}


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
    assert places(again) == places(book)
    assert line_of(again).lying == {"second": 10 * UNIT}
    assert out.decision.order is not None
    assert again.vaults[VAULT].lines["MSFT"].leaving == {"paper": 5 * UNIT}
    again.apply(OrderCancelled(out.decision.order.client_order_id, "asked"))
    assert again.ways_out(VAULT, "MSFT") == ["paper"]


def test_what_a_vault_has_at_two_is_found_at_both_and_taken_from_each() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 10, 100)
    hold(book, RULES, "AAPL", 4, 100, broker="second")
    again = of_before(book)
    assert places(again) == places(book)
    out = made(intent(side="sell", reducing=True), again, RULES, quote()).decision.order
    assert out is not None
    assert out.quantity == 10 * UNIT
    assert again.ways_out(VAULT, "AAPL") == ["second"]


HELD = st.lists(
    st.tuples(
        st.sampled_from([VAULT, OTHER, "third"]),
        st.sampled_from(["paper", "second", "zero"]),
        st.integers(-9, 9).filter(bool),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(HELD)
def test_every_broker_is_left_what_it_holds_and_reading_again_changes_nothing(
    held: list[tuple[str, str, int]],
) -> None:
    book = fund(RULES, names=(VAULT, OTHER, "third"))
    for name, broker, quantity in held:
        hold(book, RULES, "AAPL", quantity, 100, name, broker=broker)
    again = of_before(book)
    lines = [one.lines["AAPL"] for one in again.vaults.values() if "AAPL" in one.lines]
    assert all(sum(line.lying.values()) == line.quantity for line in lines)
    for broker, venue in again.venues.items():
        there = sum(line.lying.get(broker, 0) for line in lines)
        assert there == venue.held.get("AAPL", 0) or not any(line.quantity for line in lines)
    assert encode(Book.from_state(encode(again.state())).state()) == encode(again.state())
