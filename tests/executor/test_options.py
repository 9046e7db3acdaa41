"""Fence 7: what stands behind an option that is sold, leg by leg."""

import msgspec

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    case,
    filled,
    fund,
    hold,
    intent,
    made,
    order,
    policy,
    quote,
    vault,
)
from vanta.domain.exact import UNIT
from vanta.domain.policy import Policy
from vanta.domain.trading import Instrument
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.events import DecisionMade, OrderCancelled
from vanta.executor.fences.registry import judge
from vanta.executor.mandate import Mandates

CALL, PUT = "AAPL240119C00110000", "AAPL240119P00090000"


def option(symbol: str) -> Instrument:
    return Instrument(
        symbol, "option", "fiat", UNIT // 100, UNIT, 100, shortable=True, underlying="AAPL",
        tradable=True,
    )  # fmt: skip


def legs(
    *held: tuple[str, int, int], naked: bool = False, cash: int = 1_000_000
) -> tuple[Policy, Book]:
    """A vault that may write options, with what it holds: symbol, quantity and price."""
    one = vault(
        positions={"short": True, "naked_options": naked}, universe={"allow": frozenset({"*"})}
    )
    terms = policy({VAULT: one, OTHER: vault()})
    book = fund(terms, cash=cash * UNIT)
    for symbol, quantity, price in held:
        hold(book, terms, symbol, quantity, price)
    return terms, book


def writes(symbol: str, quantity: int, terms: Policy, book: Book) -> set[str]:
    proposed = order(symbol, quantity, 2, side="sell", asset_class="option", multiplier=100)
    market = quote(symbol, 2, instrument=option(symbol))
    of = case(proposed, terms, book, market)
    return {a.code for a in judge(proposed, of) if not a.passed} & {"NAKED_OPTION", "NAKED_PUT"}


def test_a_call_is_covered_share_for_share() -> None:
    terms, book = legs(("AAPL", 250, 100))
    assert writes(CALL, 2, terms, book) == set()
    assert writes(CALL, 3, terms, book) == {"NAKED_OPTION"}


def test_what_is_being_sold_short_stands_behind_no_call() -> None:
    """A sell that opens, open beside the shares that are held, takes them off when it fills."""
    terms, book = legs(("AAPL", 250, 100))
    selling = order(quantity=100, side="sell")
    wanted = intent(id=selling.intent_id, side="sell")
    decision = decide(wanted, book, Mandates(terms), quote(), NOW, broker="paper")
    forced = msgspec.structs.replace(decision, verdict="accept", order=selling)
    book.apply(DecisionMade(wanted, quote(), NOW, "paper", forced))
    assert writes(CALL, 1, terms, book) == set()
    assert writes(CALL, 2, terms, book) == {"NAKED_OPTION"}


def test_a_put_is_covered_by_cash_that_nothing_else_has_a_claim_on() -> None:
    terms, book = legs(cash=20_000)
    assert writes(PUT, 2, terms, book) == set()
    assert writes(PUT, 3, terms, book) == {"NAKED_PUT"}


def test_what_stands_behind_a_put_cannot_be_spent() -> None:
    terms, book = legs(cash=20_000)
    market = quote(PUT, 2, instrument=option(PUT))
    wanted = intent(PUT, side="sell", asset_class="option")
    written = made(wanted, book, terms, market)
    assert written.decision.order is not None
    held = written.decision.order.quantity // UNIT
    assert book.secured[VAULT] == held * 100 * 90 * UNIT
    before = case(order(), policy({VAULT: vault(positions={"naked_options": True})}), book, quote())
    after_it = case(order(), terms, book, quote())
    assert before.available - after_it.available == book.secured[VAULT]
    book.apply(OrderCancelled(written.decision.order.client_order_id, "asked"))
    assert book.secured[VAULT] == 0


def test_no_leg_of_a_spread_covers_another() -> None:
    """A bull call spread's worst case is small, and its short leg is naked all the same."""
    terms, book = legs()
    lower = "AAPL240119C00100000"
    market = quote(lower, 2, instrument=option(lower))
    event = made(intent(lower, asset_class="option"), book, terms, market)
    assert event.decision.order is not None
    filled(book, event.decision.order)
    assert book.vaults[VAULT].lines[lower].quantity > UNIT
    assert writes(CALL, 1, terms, book) == {"NAKED_OPTION"}


def test_a_vault_that_may_write_naked_options_may() -> None:
    terms, book = legs(naked=True)
    assert writes(CALL, 3, terms, book) == writes(PUT, 3, terms, book) == set()


def test_an_option_without_a_name_of_its_kind_is_naked() -> None:
    terms, book = legs(("AAPL", 1000, 100))
    assert writes("AAPL-C-110", 1, terms, book) == {"NAKED_OPTION"}
