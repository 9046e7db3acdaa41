"""The decision: how much and at what price, and what a flip or a boost changes."""

from typing import Any

import msgspec
import pytest

from tests.executor.building import (
    BTC,
    NOW,
    OTHER,
    VAULT,
    fund,
    hold,
    intent,
    made,
    policy,
    quote,
    vault,
)
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT, notional
from vanta.domain.instant import SECOND
from vanta.domain.policy import Boost, Flip, FlipEnvelope, Policy
from vanta.domain.trading import Decision, Intent, Order, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.events import BookMarked, DecisionMade
from vanta.executor.fences.registry import ALL_PASSED
from vanta.executor.mandate import Mandates
from vanta.lattice.direction import BOUNDLESS, Table


def answer(
    rules: Policy, wanted: Intent, market: Quote | None = None, book: Book | None = None
) -> Decision:
    market = quote(wanted.symbol) if market is None else market
    return decide(wanted, book or fund(rules), Mandates(rules), market, NOW, broker="paper")


def accepted(decision: Decision) -> Order:
    assert decision.verdict == "accept", decision.reasons
    assert decision.order is not None
    assert decision.findings == ALL_PASSED
    return decision.order


def codes(decision: Decision) -> set[str]:
    assert decision.verdict == "deny"
    assert decision.order is None
    return {finding.code for finding in decision.reasons}


def test_size_is_nav_times_band_times_persona_cut_to_the_lot() -> None:
    decision = answer(policy(), intent(conviction=800_000))
    order = accepted(decision)
    sizing = decision.sizing
    assert sizing.nav == 1_000_000 * UNIT
    assert sizing.banded == 50_000 * UNIT
    assert sizing.persona == sizing.headroom == 62_500 * UNIT
    assert order.quantity == sizing.quantity
    assert order.quantity % UNIT == 0
    assert notional(order.limit_price, order.quantity) <= 62_500 * UNIT
    assert notional(order.limit_price, order.quantity + UNIT) > 62_500 * UNIT


@pytest.mark.parametrize(
    ("conviction", "share"),
    [(550_000, 20_000), (699_999, 20_000), (700_000, 50_000), (PPM, 80_000)],
)
def test_the_band_is_the_step_at_the_conviction(conviction: int, share: int) -> None:
    decision = answer(policy(), intent(conviction=conviction))
    assert decision.sizing.banded == 1_000_000 * UNIT * share // PPM


def test_what_is_held_already_counts_towards_the_size() -> None:
    rules = policy()
    book = fund(rules)
    hold(book, rules, "AAPL", 600, 100)
    decision = answer(rules, intent(), book=book)
    assert decision.sizing.headroom == 2_500 * UNIT
    assert accepted(decision).quantity == 24 * UNIT


def test_every_cap_cuts_the_size_and_none_is_breached() -> None:
    for rules, room in (
        (vault(orders={"max_notional": 10_000 * UNIT}), 10_000),
        (vault(positions={"per_symbol": 10_000 * UNIT}), 10_000),
        (vault(exposure={"gross": 10_000 * UNIT}), 10_000),
        (vault(exposure={"net": 10_000 * UNIT}), 10_000),
        (vault(exposure={"per_ticker": Table(10_000)}), 10_000),
        (vault(exposure={"per_sector": Table(10_000)}), 10_000),
        (vault(exposure={"per_asset_class": Table(10_000)}), 10_000),
        (vault(liquidity={"max_of_adv": 200}), 10_000),
        (vault(capital=100_000 * UNIT), 6_250),
    ):
        decision = answer(policy({VAULT: rules, OTHER: vault()}), intent())
        assert decision.sizing.headroom == room * UNIT
        assert accepted(decision).quantity == room * UNIT // accepted(decision).limit_price * UNIT
    for account in (
        {"gross": 10_000 * UNIT},
        {"net": 10_000 * UNIT},
        {"per_symbol": 10_000 * UNIT},
    ):
        assert answer(policy(account=account), intent()).sizing.headroom == 10_000 * UNIT
    quantity = accepted(answer(policy({VAULT: vault(orders={"max_quantity": 7 * UNIT})}), intent()))
    assert quantity.quantity == 7 * UNIT


def test_a_lot_of_a_coin_is_small() -> None:
    order = accepted(answer(policy(), intent("BTC-USD"), quote("BTC-USD", 20_000)))
    assert order.quantity % BTC.lot == 0
    assert order.quantity // BTC.lot > 30_000


def test_without_room_for_one_lot_every_cap_without_room_is_named() -> None:
    tight = vault(exposure={"gross": 0, "net": 99 * UNIT}, positions={"per_symbol": 0})
    decision = answer(policy({VAULT: tight}), intent())
    assert codes(decision) == {"NO_SIZE", "GROSS", "NET", "POSITION"}
    assert decision.sizing.quantity == 0


def test_the_limit_reaches_past_the_market_and_stays_in_the_collar() -> None:
    order = accepted(answer(policy(), intent()))
    assert order.limit_price == 100 * UNIT + 51 * UNIT // 100
    narrow = policy({VAULT: vault(orders={"collar": 100})})
    assert accepted(answer(narrow, intent())).limit_price == 100 * UNIT + UNIT // 100
    book = fund(policy())
    hold(book, policy(), "AAPL", 10, 100)
    out = accepted(answer(policy(), intent(side="sell", reducing=True), book=book))
    assert out.limit_price == 99 * UNIT + 50 * UNIT // 100


def test_a_collar_no_tick_lies_in_denies() -> None:
    wide = quote(bid=100 * UNIT, ask=101 * UNIT)
    none = policy({VAULT: vault(orders={"collar": 10}, liquidity={"spread": PPM})})
    assert "COLLAR" in codes(
        answer(none, intent(), quote(bid=100 * UNIT + 400_000, ask=100 * UNIT + 600_000))
    )
    assert accepted(answer(none, intent(), wide)).limit_price == 100 * UNIT + UNIT // 2


def test_a_reducing_order_takes_all_that_no_other_takes() -> None:
    rules = policy()
    book = fund(rules)
    hold(book, rules, "AAPL", 70, 100)
    out = accepted(answer(rules, intent(side="sell", reducing=True), book=book))
    assert (out.quantity, out.side, out.reducing) == (70 * UNIT, "sell", True)
    wrong = answer(rules, intent(side="buy", reducing=True), book=book)
    assert codes(wrong) == {"NO_SIZE", "NOT_REDUCING"}
    nothing = answer(rules, intent("MSFT", side="sell", reducing=True), book=book)
    assert codes(nothing) == {"NO_SIZE", "NOT_REDUCING"}


def test_a_short_is_reduced_by_buying() -> None:
    rules = policy()
    book = fund(rules)
    hold(book, rules, "AAPL", -70, 100)
    out = accepted(answer(rules, intent(side="buy", reducing=True), book=book))
    assert (out.quantity, out.side) == (70 * UNIT, "buy")


@pytest.mark.parametrize(
    "wanted",
    [intent(vault="nobody"), intent("TSLA"), intent(conviction=0)],
    ids=lambda one: one.symbol,
)
def test_nothing_is_accepted_by_accident(wanted: Intent) -> None:
    assert codes(answer(policy(), wanted))
    assert "QUOTE_MISSING" in codes(
        decide(wanted, fund(policy()), Mandates(policy()), None, NOW, broker="paper")
    )


# Flip -------------------------------------------------------------------------------------------

OPEN = Flip(until=NOW + SECOND, slice=100_000, amplifier=1_500_000, conviction=500_000)
LOW: dict[str, Any] = {"conviction": 520_000, "band": "lean"}


def flipping(flip: Flip = OPEN, **changes: object) -> Policy:
    rules = vault(bands=((500_000, 20_000), (700_000, 50_000)), **changes)
    return policy({VAULT: rules, OTHER: vault()}, flips={VAULT: flip})


def test_an_open_flip_amplifies_and_lowers_the_floor() -> None:
    decision = answer(flipping(), intent(flip=True))
    order = accepted(decision)
    assert order.flip
    assert decision.sizing.persona == 62_500 * UNIT * 3 // 2
    assert accepted(answer(flipping(), intent(flip=True, **LOW))).flip
    assert codes(answer(flipping(), intent(flip=False, **LOW))) == {"CONVICTION"}


def test_a_closed_flip_returns_to_the_base_persona() -> None:
    over = Flip(until=NOW, slice=100_000, amplifier=1_500_000, conviction=500_000)
    for rules in (flipping(over), policy()):
        decision = answer(rules, intent(flip=True))
        assert not accepted(decision).flip
        assert decision.sizing.persona == 62_500 * UNIT
    assert codes(answer(flipping(over), intent(flip=True, **LOW))) == {"CONVICTION"}


def test_the_slice_bounds_the_branch_and_not_the_base() -> None:
    narrow = flipping(Flip(until=NOW + 1, slice=10_000, amplifier=PPM, conviction=0))
    assert answer(narrow, intent(flip=True)).sizing.headroom == 10_000 * UNIT
    assert answer(narrow, intent()).sizing.headroom == 62_500 * UNIT
    book = fund(narrow)
    first = made(intent(flip=True), book, narrow, quote())
    assert first.decision.order is not None
    second = answer(narrow, intent("MSFT", flip=True), book=book)
    assert codes(second) == {"NO_SIZE", "FLIP_SLICE"}
    assert not accepted(answer(narrow, intent("MSFT"), book=book)).flip


def test_a_flip_goes_no_farther_than_its_envelope() -> None:
    closed = flipping(envelope=FlipEnvelope(slice=5_000, amplifier=PPM))
    decision = answer(closed, intent(flip=True))
    assert decision.sizing.persona == 62_500 * UNIT
    assert decision.sizing.headroom == 5_000 * UNIT


# Boost ------------------------------------------------------------------------------------------


def boosted(until: int, multiplier: int, *, flip: Flip | None = None) -> Policy:
    rules = vault(bands=((500_000, 20_000), (700_000, 50_000)))
    return policy(
        {VAULT: rules, OTHER: vault()},
        boosts={VAULT: Boost(until=until, multiplier=multiplier)},
        flips={VAULT: flip} if flip else {},
    )


def test_a_boost_sizes_in_the_personas_place_while_it_lasts() -> None:
    decision = answer(boosted(NOW + 1, 2 * PPM), intent())
    assert decision.sizing.persona == 100_000 * UNIT
    assert decision.sizing.boost == 2 * PPM
    assert accepted(decision).quantity * accepted(decision).limit_price > 62_500 * UNIT * UNIT


@pytest.mark.parametrize(("until", "multiplier"), [(NOW, 2 * PPM), (NOW + 1, 1_250_000), (0, 0)])
def test_a_boost_that_is_over_or_no_larger_than_the_persona_changes_nothing(
    until: int, multiplier: int
) -> None:
    wanted = intent()
    decision = answer(boosted(until, multiplier), wanted)
    assert encode(decision) == encode(answer(policy(), wanted))
    assert b"boost" not in encode(decision)


def test_a_boost_is_of_its_own_vault_alone() -> None:
    rules = boosted(NOW + 1, 2 * PPM)
    assert answer(rules, intent(vault=OTHER)).sizing.persona == 62_500 * UNIT


def test_an_open_flip_amplifies_what_a_boost_makes_of_it() -> None:
    decision = answer(boosted(NOW + 1, 2 * PPM, flip=OPEN), intent(flip=True))
    assert decision.sizing.persona == 150_000 * UNIT


def test_a_boost_lowers_no_floor_and_passes_no_cap() -> None:
    rules = boosted(NOW + 1, 50 * PPM)
    assert codes(answer(rules, intent(**LOW))) == {"CONVICTION"}
    decision = answer(rules, intent())
    assert decision.sizing.headroom == 100_000 * UNIT
    assert accepted(decision).quantity == decision.sizing.quantity


def test_only_reinvested_gains_grow_the_sizes() -> None:
    for share, size in (
        (0, 1_000_000),
        (500_000, 1_100_000),
        (PPM, 1_200_000),
        (BOUNDLESS, 1_200_000),
    ):
        grown = {"reinvest": share, "scale": PPM, "roll_forward": True}
        rules = policy({VAULT: vault(compounding=grown, orders={"max_notional": BOUNDLESS})})
        book = fund(rules)
        hold(book, rules, "MSFT", 2000, 100)
        book.apply(BookMarked((quote("MSFT", 200),)))
        assert answer(rules, intent(), book=book).sizing.banded == size * UNIT // 20


def test_the_order_of_an_intent_is_always_called_the_same() -> None:
    wanted = intent()
    names = {
        accepted(answer(rules, wanted, quote(price=price))).client_order_id
        for rules in (policy(), flipping())
        for price in (90, 100)
    }
    assert len(names) == 1
    assert len(names.pop()) == 36
    assert accepted(answer(policy(), intent())).client_order_id not in names


@pytest.mark.parametrize(("per_symbol", "shared"), [(BOUNDLESS, True), (1, False)])
def test_findings_that_are_encoded_once_are_the_same_bytes(
    *, per_symbol: int, shared: bool
) -> None:
    rules = policy({VAULT: vault(positions={"per_symbol": per_symbol})})
    event = made(intent(), fund(rules), rules, quote("AAPL"))
    assert (event.decision.verdict == "accept") is shared
    assert (event.body is not event) is shared
    assert encode(event.body) == encode(event)
    assert msgspec.json.decode(encode(event.body), type=DecisionMade) == event
