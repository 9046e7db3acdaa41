"""Whose a fee, a dividend or interest is that a broker tells of later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.executor.building import NOW, OTHER, VAULT, filled, fund, intent, made, policy, quote
from vanta.domain.encoding import encode
from vanta.domain.exact import FINEST, UNIT
from vanta.domain.instant import DAY
from vanta.executor.bearers import bearers
from vanta.executor.book import Book
from vanta.executor.brokers.port import Movement
from vanta.executor.cashbook import stated
from vanta.executor.events import AccountOpened, CashMoved, FeeCharged, Share
from vanta.executor.sums import MOVES_KEPT

RULES = policy()
TODAY = NOW // DAY * DAY
FEE = Movement("paper:1", "fee", -UNIT, TODAY, "FEE")


def bought(book: Book, symbol: str, shares: int, of: str = VAULT) -> str:
    """Let a vault buy so much at 100; returns the order's id."""
    event = made(intent(symbol, vault=of), book, RULES, quote(symbol))
    order = event.decision.order
    assert order is not None, event.decision.reasons
    filled(book, order, shares * UNIT, price=100 * UNIT)
    return order.client_order_id


def parts(book: Book, moved: Movement) -> dict[str, int]:
    return {one.vault: one.amount for one in bearers(book, "paper", moved)}


def test_a_fee_of_an_order_is_its_vaults() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    name = bought(book, "MSFT", 10, OTHER)
    of_order = Movement("paper:1", "fee", -UNIT, TODAY, "FEE", client_order_id=name)
    assert parts(book, of_order) == {OTHER: UNIT}


def test_a_days_fee_goes_by_what_was_traded_on_it() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    bought(book, "MSFT", 10, OTHER)
    assert parts(book, FEE) == {VAULT: 3 * UNIT // 4, OTHER: UNIT // 4}


def test_a_fee_of_a_day_without_trades_goes_by_the_last_day_before() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    assert parts(book, Movement("1", "fee", -UNIT, TODAY + 3 * DAY, "FEE")) == {VAULT: UNIT}


def test_a_fee_that_names_a_symbol_is_of_those_that_have_had_it() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    bought(book, "MSFT", 10, OTHER)
    named = Movement("1", "fee", -UNIT, TODAY, "FEE", symbol="MSFT")
    assert parts(book, named) == {OTHER: UNIT}
    before = Movement("1", "fee", -UNIT, TODAY - DAY, "FEE", symbol="MSFT")
    assert parts(book, before) == {OTHER: UNIT}


def test_a_dividend_goes_by_what_is_held() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    bought(book, "AAPL", 10, OTHER)
    paid = Movement("1", "dividend", 4 * UNIT, TODAY, "DIV", symbol="AAPL")
    assert parts(book, paid) == {VAULT: 3 * UNIT, OTHER: UNIT}
    assert parts(book, Movement("1", "dividend", UNIT, TODAY, "DIV", symbol="BTC-USD")) == {}


def test_interest_goes_by_what_the_vaults_that_trade_there_were_funded_with() -> None:
    book = fund(RULES)
    owed = Movement("1", "interest", -2 * UNIT, TODAY, "INT")
    assert parts(book, owed) == {VAULT: -UNIT, OTHER: -UNIT}
    bought(book, "AAPL", 1)
    assert parts(book, owed) == {VAULT: -2 * UNIT}


@pytest.mark.parametrize("kind", ["transfer", "other"])
def test_money_brought_in_or_taken_out_is_nobodys(kind: str) -> None:
    book = fund(RULES)
    bought(book, "AAPL", 1)
    moved = Movement("paper:1", kind, 500 * UNIT, TODAY, "CSD")  # type: ignore[arg-type]
    event = stated(moved, 0, book, "paper", NOW)
    before, there = book.account.nav, book.venue("paper").cash_flow
    book.apply(event)
    assert (book.account.nav, book.venue("paper").cash_flow) == (before, there + 500 * UNIT)


@given(amount=st.integers(-(10**15), 10**15), shares=st.tuples(*[st.integers(1, 90)] * 2))
def test_parts_add_up_and_no_part_has_another_sign(amount: int, shares: tuple[int, int]) -> None:
    book = fund(RULES)
    bought(book, "AAPL", shares[0])
    bought(book, "AAPL", shares[1], OTHER)
    for kind, sign in (("fee", -1), ("interest", 1)):
        moved = Movement("1", kind, amount, TODAY, "", coin=amount)  # type: ignore[arg-type]
        found = bearers(book, "paper", moved)
        assert sum(one.amount for one in found) == sign * amount
        assert sum(one.kept for one in found) == -amount
        assert all(one.amount * amount * sign >= 0 for one in found)


def test_what_moved_is_taken_in_once_for_as_long_as_it_may_be_told() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 30)
    book.apply(AccountOpened("paper", 7 * UNIT, ("paper:0",), NOW))
    for name in ("paper:0", "paper:1", "paper:1"):
        moved = Movement(name, "fee", -UNIT, TODAY, "FEE")
        book.apply(stated(moved, 0, book, "paper", NOW))
    venue, mine = book.venue("paper"), book.vaults[VAULT]
    assert (venue.fees, mine.fees, set(venue.moves)) == (UNIT, UNIT, {"paper:0", "paper:1"})
    assert venue.before + venue.cash_flow == 7 * UNIT - UNIT
    assert encode(Book.from_state(encode(book.state())).state()) == encode(book.state())
    later = NOW + MOVES_KEPT + 1
    book.apply(stated(Movement("paper:2", "interest", 1, TODAY, "INT"), 0, book, "paper", later))
    assert book.venue("paper").moves.keys() == {"paper:2"}


def test_a_part_of_a_coin_comes_off_every_vault_rounded_against_it() -> None:
    book = fund(RULES)
    for of, coins in ((VAULT, 3), (OTHER, 1)):
        event = made(intent("BTC-USD", vault=of), book, RULES, quote("BTC-USD", 20_000))
        assert event.decision.order is not None
        filled(book, event.decision.order, coins * UNIT // 10, price=20_000 * UNIT)
    moved = Movement(
        "paper:1", "fee", -4 * UNIT, TODAY, "CFEE", "BTC-USD", -(UNIT // 5000 * FINEST + 2),
        20_000 * UNIT,
    )  # fmt: skip
    nav, cash = book.account.nav, book.account.cash
    event_of = stated(moved, 0, book, "paper", NOW)
    assert isinstance(event_of, FeeCharged)
    assert event_of.shares == (
        Share(OTHER, UNIT, UNIT // 20_000 * FINEST + 1),
        Share(VAULT, 3 * UNIT, 3 * UNIT // 20_000 * FINEST + 1),
    )
    book.apply(event_of)
    assert book.vaults[VAULT].lines["BTC-USD"].quantity == 3 * UNIT // 10 - 3 * UNIT // 20_000 - 1
    assert book.vaults[OTHER].lines["BTC-USD"].quantity == UNIT // 10 - UNIT // 20_000 - 1
    assert book.account.cash == cash
    assert 4 * UNIT <= nav - book.account.nav <= 4 * UNIT + 2 * 20_001
    venue = book.venue("paper")
    assert (venue.held, venue.finer) == (
        {"BTC-USD": 4 * UNIT // 10 - UNIT // 5000 - 1},
        {"BTC-USD": FINEST - 2},
    )


def test_a_refund_is_a_negative_fee() -> None:
    book = fund(RULES)
    bought(book, "AAPL", 1)
    nav = book.account.nav
    book.apply(stated(Movement("1", "fee", UNIT, TODAY, "FEE"), 0, book, "paper", NOW))
    assert (book.account.nav - nav, book.vaults[VAULT].fees) == (UNIT, -UNIT)
    assert not isinstance(stated(FEE, 0, book, "paper", NOW), CashMoved)
