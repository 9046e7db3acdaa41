"""Compounding: sizes grow with gains and with nothing else, and never with a loss."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import NOW, OTHER, VAULT, case, fund, hold, order, policy, quote, vault
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY
from vanta.domain.policy import Policy
from vanta.executor.book import Book
from vanta.executor.compounding import Gains, reinvested
from vanta.executor.events import BookMarked
from vanta.executor.mandate import Mandate
from vanta.lattice.direction import BOUNDLESS

MILLION = 1_000_000 * UNIT
ratios = st.one_of(st.integers(0, 3 * PPM), st.just(BOUNDLESS))
knobs = st.fixed_dictionaries({"reinvest": ratios, "scale": ratios, "roll_forward": st.booleans()})
amounts = st.integers(-2 * MILLION, 2 * MILLION)
gains = st.builds(Gains, amounts, amounts, amounts)


def rules(**compounding: Any) -> Policy:  # noqa: ANN401 - fields of compounding
    return policy({VAULT: vault(compounding=compounding), OTHER: vault()})


def mandate(**compounding: Any) -> Mandate:  # noqa: ANN401 - fields of compounding
    return Mandate(VAULT, rules(**compounding))


def deployable(under: Policy, book: Book, market_time: int = NOW) -> int:
    """What AAPL would be sized from."""
    market = quote(market_time=market_time)
    return case(order(), under, book, market).deployable


def made(under: Policy, price: int, *, days: int = 0) -> Book:
    """A vault that bought 2,000 at 100 with its million, and stands at `price`, `days` later."""
    book = fund(under)
    hold(book, under, "MSFT", 2000, 100)
    book.apply(BookMarked((quote("MSFT", 100),)))
    book.apply(BookMarked((quote("MSFT", price, market_time=NOW + days * DAY),)))
    return book


# The properties ----------------------------------------------------------------------------------


@given(knobs, gains)
@settings(deadline=None)
def test_without_gains_no_knob_does_anything(how: dict[str, Any], of: Gains) -> None:
    under = mandate(**how)
    assert reinvested(of._replace(all=min(of.all, 0)), under) == 0


@given(knobs, gains)
@settings(deadline=None)
def test_no_more_than_the_gains_is_ever_reinvested(how: dict[str, Any], of: Gains) -> None:
    assert 0 <= reinvested(of, mandate(**how)) <= max(0, of.all)


@given(knobs, gains, st.integers(0, MILLION))
@settings(deadline=None)
def test_losing_more_never_enlarges(how: dict[str, Any], of: Gains, lost: int) -> None:
    under = mandate(**how)
    worse = Gains(of.all - lost, of.today - lost, of.deployed)
    assert reinvested(worse, under) <= reinvested(of, under)


@given(knobs, gains)
@settings(deadline=None)
def test_rolling_forward_never_leaves_less(how: dict[str, Any], of: Gains) -> None:
    kept = reinvested(of, mandate(**{**how, "roll_forward": False}))
    assert kept <= reinvested(of, mandate(**{**how, "roll_forward": True}))


@given(knobs, st.integers(1, 100), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_vault_with_a_loss_sizes_from_what_it_has_left(
    how: dict[str, Any], price: int, days: int
) -> None:
    under = rules(**how)
    book = made(under, price, days=days)
    assert book.vaults[VAULT].nav <= MILLION
    assert deployable(under, book) == book.vaults[VAULT].nav


# What each knob is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reinvest", "scale", "grown"),
    [
        (0, PPM, 0),
        (PPM, 0, 0),
        (500_000, PPM, 100_000),
        (500_000, 500_000, 50_000),
        (500_000, 2 * PPM, 200_000),
        (500_000, 9 * PPM, 200_000),
        (PPM, PPM, 200_000),
    ],
)
def test_the_share_is_scaled_up_to_all_of_the_gains(reinvest: int, scale: int, grown: int) -> None:
    under = rules(reinvest=reinvest, scale=scale, roll_forward=True)
    assert deployable(under, made(under, 200)) == MILLION + grown * UNIT


def test_what_lies_idle_over_night_is_carried_on_only_where_it_is_rolled_forward() -> None:
    for roll, grown in ((True, 200_000), (False, 0)):
        under = rules(reinvest=PPM, scale=PPM, roll_forward=roll)
        book = made(under, 200)
        assert deployable(under, book) == MILLION + 200_000 * UNIT
        tomorrow = NOW + DAY
        # With the first quote of the day, and once the book has begun it.
        assert deployable(under, book, tomorrow) == MILLION + grown * UNIT
        book.apply(BookMarked((quote("MSFT", 200, market_time=tomorrow),)))
        assert deployable(under, book, tomorrow) == MILLION + grown * UNIT


def test_what_was_deployed_of_them_stays_deployed_and_the_days_own_gains_are_added() -> None:
    under = rules(reinvest=PPM, scale=PPM, roll_forward=False)
    book = fund(under)
    hold(book, under, "MSFT", 5500, 200)
    book.apply(BookMarked((quote("MSFT", 210),)))
    # 1,155,000 deployed of a million: all of yesterday's 55,000 and what was bought beyond.
    tomorrow = NOW + DAY
    book.apply(BookMarked((quote("MSFT", 211, market_time=tomorrow),)))
    nav = book.vaults[VAULT].nav
    assert book.carried == {VAULT: 1_155_000 * UNIT}
    assert deployable(under, book, tomorrow) == nav == 1_060_500 * UNIT
    again = Book.from_state(encode(book.state()))
    assert deployable(under, again, tomorrow) == nav


def test_money_beyond_a_lowered_capital_is_no_gain() -> None:
    under = rules(reinvest=PPM, scale=PPM, roll_forward=True)
    book = made(under, 200)
    less = msgspec.structs.replace(under.vaults[VAULT], capital=MILLION // 2)
    lower = msgspec.structs.replace(under, vaults={**under.vaults, VAULT: less})
    assert deployable(lower, book) == MILLION // 2 + 200_000 * UNIT
