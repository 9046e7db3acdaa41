"""Conversions between dollars, stablecoin and coin: enough, exact, and never in a circle."""

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vanta.domain.errors import RefusedError
from vanta.domain.exact import PPM, UNIT
from vanta.executor.rails import Conversion, Market, ShortError, cost, plan, proceeds

STABLE = Market("USDC-USD", "USDC", "USD", UNIT * 1001 // 1000, UNIT * 999 // 1000, UNIT // 100, 0)
COIN = Market("BTC-USDC", "BTC", "USDC", 20_100 * UNIT, 19_900 * UNIT, UNIT // 1_000_000, 2_000)
LINE = (STABLE, COIN)


def after(purse: dict[str, int], made: tuple[Conversion, ...]) -> Counter[str]:
    """What the purse holds once every conversion filled at its limit, in order."""
    left = Counter(purse)
    for one in made:
        left[one.gives] -= one.most
        left[one.takes] += one.least
        assert left[one.gives] >= 0, one
    return left


def usd(amount: int) -> int:
    return amount * UNIT


def test_nothing_is_converted_where_enough_is_there() -> None:
    assert plan({"USDC": usd(150)}, "USDC", usd(100), usd(50), LINE) == ()
    assert plan({"USD": usd(100), "USDC": usd(50)}, "USD", usd(100), usd(50), LINE) == ()


def test_dollars_become_stablecoin_for_what_an_order_costs_beyond_the_buffer() -> None:
    [one] = plan({"USD": usd(1000), "USDC": usd(149)}, "USDC", usd(100), usd(50), LINE)
    assert (one.symbol, one.side, one.quantity, one.limit_price) == (
        "USDC-USD", "buy", usd(1), STABLE.buy_at,
    )  # fmt: skip
    assert one.most == cost(STABLE, usd(1)) == UNIT * 1001 // 1000


def test_a_missing_buffer_is_made_up_though_the_order_needs_none_of_it() -> None:
    [one] = plan({"USD": usd(1000)}, "USD", usd(100), usd(50), LINE)
    assert (one.symbol, one.side, one.least) == ("USDC-USD", "buy", usd(50))


def test_coin_is_reached_from_dollars_over_the_stablecoin() -> None:
    first, second = plan({"USD": usd(1000)}, "BTC", UNIT // 100, usd(50), LINE)
    assert (first.symbol, first.side, second.symbol, second.side) == (
        "USDC-USD", "buy", "BTC-USDC", "buy",
    )  # fmt: skip
    assert second.quantity == UNIT // 100
    assert second.most == usd(201) + usd(201) * 2_000 // PPM


def test_and_dollars_from_coin_the_same_way_back() -> None:
    first, second = plan({"BTC": UNIT}, "USD", usd(100), usd(50), LINE)
    assert [(one.symbol, one.side) for one in (first, second)] == [
        ("BTC-USDC", "sell"),
        ("USDC-USD", "sell"),
    ]
    assert second.least >= usd(100) > proceeds(STABLE, second.quantity - STABLE.lot)


def test_dollars_go_before_coin() -> None:
    purse = {"USD": usd(30), "BTC": UNIT}
    made = plan(purse, "USDC", usd(100), 0, LINE)
    assert [(one.symbol, one.side) for one in made] == [("USDC-USD", "buy"), ("BTC-USDC", "sell")]
    assert after(purse, made)["USD"] < STABLE.buy_at


def test_the_buffer_is_never_spent() -> None:
    with pytest.raises(ShortError) as caught:
        plan({"USDC": usd(149)}, "USDC", usd(100), usd(50), LINE)
    assert caught.value.code == "SHORT_OF_MONEY"
    assert f"{usd(1)} units of USDC" in caught.value.message


@pytest.mark.parametrize(("wanted", "amount"), [("EUR", 1), ("USD", -1)])
def test_what_the_line_does_not_know_is_refused(wanted: str, amount: int) -> None:
    with pytest.raises(RefusedError, match="cannot be converted"):
        plan({"USD": usd(1)}, wanted, amount, 0, LINE)


prices = st.integers(1, 10**6 * UNIT)
lots = st.sampled_from([1, 10, UNIT // 1_000_000, UNIT // 100, UNIT])
markets = st.builds(
    lambda price, lot, fee, spread: (price + price * spread // PPM, price, lot, fee),
    prices,
    lots,
    st.integers(0, 10_000),
    st.integers(0, 20_000),
)
money = st.one_of(st.just(0), st.integers(0, 10**6 * UNIT), st.integers(0, 10 * UNIT))
rich = st.one_of(st.just(0), st.integers(10**6 * UNIT, 10**10 * UNIT))


@given(
    stable=markets,
    coin=markets,
    purse=st.fixed_dictionaries({"USD": rich, "USDC": rich, "BTC": rich}),
    wanted=st.sampled_from(["USD", "USDC", "BTC"]),
    amount=money,
    buffer=money,
)
@settings(max_examples=400, deadline=None)
def test_a_plan_can_be_carried_out_and_leaves_what_was_asked(
    *,
    stable: tuple[int, int, int, int],
    coin: tuple[int, int, int, int],
    purse: dict[str, int],
    wanted: str,
    amount: int,
    buffer: int,
) -> None:
    line = (Market("USDC-USD", "USDC", "USD", *stable), Market("BTC-USDC", "BTC", "USDC", *coin))
    try:
        made = plan(purse, wanted, amount, buffer, line)
    except ShortError:
        return
    left = after(purse, made)
    left[wanted] -= amount
    assert left["USDC"] >= buffer
    assert min(left.values(), default=0) >= 0
    assert made == plan(dict(reversed(purse.items())), wanted, amount, buffer, line)
    # In whole lots, each market once: what is used once cannot be part of a circle.
    by_symbol = {one.symbol: one for one in line}
    assert all(one.quantity % by_symbol[one.symbol].lot == 0 < one.quantity for one in made)
    assert len({one.symbol for one in made}) == len(made)


@given(
    stable=markets,
    coin=markets,
    purse=st.fixed_dictionaries({"USD": rich, "USDC": rich, "BTC": rich}),
    amount=money,
)
@example(
    stable=(99_009_901, 97_068_531, 1, 10_000),
    coin=(174_702_460, 171_276_922, 100_000_000, 10_000),
    purse={"BTC": 100_000_000_022_554, "USD": 100_000_000_007_439, "USDC": 0},
    amount=100_000_000_000_000,
)
@settings(max_examples=200, deadline=None)
def test_no_plan_converts_a_lot_more_than_it_must(
    *,
    stable: tuple[int, int, int, int],
    coin: tuple[int, int, int, int],
    purse: dict[str, int],
    amount: int,
) -> None:
    line = (Market("USDC-USD", "USDC", "USD", *stable), Market("BTC-USDC", "BTC", "USDC", *coin))
    try:
        made = plan(purse, "USDC", amount, 0, line)
    except ShortError:
        # Then everything together would not have done: all dollars, and all coin.
        most = purse["USDC"]
        most += max(0, (purse["USD"] * UNIT // line[0].buy_at) // line[0].lot * line[0].lot)
        most += proceeds(line[1], purse["BTC"] // line[1].lot * line[1].lot)
        assert purse["USDC"] < amount
        assert most < amount or stable[3] > 0
        return
    for one in made:
        market = line[0] if one.symbol == "USDC-USD" else line[1]
        less = one.quantity - market.lot
        got = less if one.side == "buy" else proceeds(market, less)
        # Dollars go first, whatever a whole lot of coin brings beyond what they leave missing.
        before = sum(other.least for other in made[: made.index(one)])
        assert purse["USDC"] + before + got < amount
