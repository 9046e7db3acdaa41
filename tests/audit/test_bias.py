"""What a persona, a boost and a flip made of an order, as an explanation tells it."""

from typing import Any

import pytest

from tests.audit.fund import Fund, trade
from tests.executor.building import NOW, VAULT, fund, hold, intent, made, policy, quote, vault
from vanta.audit.bias import bias
from vanta.audit.bias_text import told
from vanta.audit.explain import explain
from vanta.audit.explain_page import page
from vanta.audit.explain_text import text
from vanta.audit.lineage import lineage
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, SECOND
from vanta.domain.policy import Boost, Flip, Policy
from vanta.executor.book import Book
from vanta.executor.events import BookMarked, BranchEnded

TERMS = {"stop_loss": 40_000, "trailing": 50_000, "horizon": 3 * DAY}
OPEN = Flip(until=NOW + SECOND, slice=100_000, amplifier=1_500_000, conviction=500_000)
MEANT = "it was meant for the flip branch, which"


def rules(flip: Flip | None = None, boost: Boost | None = None) -> Policy:
    return policy(
        {VAULT: vault(persona=TERMS, positions={"short": True})},
        flips={VAULT: flip} if flip else None,
        boosts={VAULT: boost} if boost else None,
    )


def said(under: Policy, *, ends: int = 0, paid: int = 0, **of: Any) -> tuple[str, ...]:  # noqa: ANN401 - an intent's fields
    book, wanted = fund(under), intent(**of)
    if ends:
        book.apply(BranchEnded(VAULT, "flip", ends, ends))
    before = Book.from_state(encode(book.state()))
    event = made(wanted, book, under, quote())
    return told(bias(under, event, before), wanted, event.decision.order, paid)


def test_it_tells_what_of_the_gains_the_sizes_grow_with() -> None:
    under = policy({VAULT: vault(compounding={"reinvest": 500_000, "scale": PPM})})
    book, wanted = fund(under), intent()
    hold(book, under, "MSFT", 2000, 100)
    book.apply(BookMarked((quote("MSFT", 200),)))
    before = Book.from_state(encode(book.state()))
    found = bias(under, made(wanted, book, under, quote()), before)
    line = "sizes are shares of $1,100,000.00, $100,000.00 of it reinvested gains"
    assert told(found, wanted, None, 0)[1] == line


def test_it_tells_the_multiplier_the_cut_off_and_the_levels_that_will_apply() -> None:
    assert said(rules(), paid=100 * UNIT) == (
        "ares scales every size by 1.25 and acts from 55.00 % sure on",
        (
            "ares gets out at 96.00 (4.00 % below 100.00), 5.00 % below the highest price since,"
            " after 3 d"
        ),
    )


def test_of_a_short_position_from_above() -> None:
    [_, levels] = said(rules(), paid=100 * UNIT, side="sell")
    assert levels.startswith("ares gets out at 104.00 (4.00 % above 100.00), 5.00 % above the low")


def test_and_before_there_is_a_fill_from_the_limit() -> None:
    [_, levels] = said(rules())
    assert "below 100.51" in levels


def test_of_a_persona_without_stops_that_it_has_none() -> None:
    [_, levels] = said(policy())
    assert levels == "ares gets out when asked to"


def test_of_a_denied_intent_no_levels_and_of_a_closing_one_nothing() -> None:
    assert len(said(rules(), conviction=500_000)) == 1
    assert said(rules(), side="sell", reducing=True) == ()


def test_it_tells_a_boost_while_it_lasts() -> None:
    line = "ares, boosted, scales every size by 2 instead of 1.25 and acts from 55.00 % sure on"
    assert said(rules(boost=Boost(until=NOW + 1, multiplier=2 * PPM)))[0] == line
    assert "boosted" not in said(rules(boost=Boost(until=NOW, multiplier=2 * PPM)))[0]


def test_it_tells_an_open_flip_with_its_end_and_its_knobs() -> None:
    assert said(rules(OPEN), flip=True)[1] == (
        "it is of the flip branch, open until 2023-11-14 22:13:21 UTC: that scales sizes by 1.5"
        " again, uses 10.00 % of NAV at most, and acts from 50.00 % sure on instead"
    )


@pytest.mark.parametrize(
    ("flip", "ends", "why"),
    [
        (Flip(until=NOW), 0, "ended on 2023-11-14 22:13:20 UTC: ares alone counts"),
        (OPEN, NOW + SECOND, "ended on 2023-11-14 22:13:21 UTC: ares alone counts"),
        (None, 0, "is not open: ares alone counts"),
    ],
)
def test_it_tells_that_a_flip_was_over(flip: Flip | None, ends: int, why: str) -> None:
    assert said(rules(flip), ends=ends, flip=True)[1] == f"{MEANT} {why}"


def test_it_stands_in_the_explanation_of_an_order(fund: Fund) -> None:
    order = trade(fund, 7, symbol="MSFT", fills=(187 * UNIT,)).order
    one = explain(lineage(order, fund.layouts))
    assert one.decided is not None
    assert one.decided.bias == (
        "ares scales every size by 1.25 and acts from 55.00 % sure on",
        # It made 829.85 after fees on AAPL, and reinvests half.
        "sizes are shares of $1,000,414.92, $414.92 of it reinvested gains",
        (
            "ares gets out at 179.52 (4.00 % below 187.00), 5.00 % below the highest price since,"
            " after 3 d"
        ),
    )
    shown = " ".join(text(one, width=400).split())
    assert all(line in shown and line in page(one) for line in one.decided.bias)
