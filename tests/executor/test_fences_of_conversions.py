"""What the fences ask of a conversion, and of an order that is paid in stablecoin."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.executor.building import (
    VAULT,
    case,
    filled,
    fund,
    in_stablecoin,
    order,
    pegged,
    policy,
    quote,
    vault,
)
from tests.executor.drawing import place
from vanta.domain.exact import PPM, UNIT
from vanta.domain.policy import OverlayPolicy, VaultPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import Order, Quote
from vanta.executor.book import Book
from vanta.executor.fences.registry import ALL_PASSED, judge, measure
from vanta.executor.rails import PEG

WORTH = 1000 * UNIT
"""Of the conversion the tests ask about, by the piece and in dollars."""


def conversion(side: str = "buy", **changes: object) -> Order:
    made = order(
        PEG, 1000, 1, side=side, reducing=side == "sell", strategy="convert", conviction=0, band=""
    )
    return msgspec.structs.replace(made, **changes)


def convert(book: Book, quantity: int) -> None:
    """Give the vault so much stablecoin for as many dollars."""
    placed = conversion(quantity=quantity * UNIT)
    place(book, placed, pegged())
    filled(book, placed, price=UNIT)


def having(quantity: int) -> Callable[[Book], None]:
    """The vault has so much stablecoin."""
    return lambda book: convert(book, quantity)


def nothing(book: Book) -> None:
    """Nothing happened before."""


def denied(
    proposed: Order,
    rules: VaultPolicy | None = None,
    market: Quote | None = None,
    before: Callable[[Book], None] = nothing,
    cash: int = 1_000_000 * UNIT,
    overlay: OverlayPolicy | None = None,
) -> set[str]:
    whole = policy({VAULT: rules or vault()}, overlay=overlay)
    book = fund(whole, cash)
    before(book)
    own: dict[str, Any] = {} if proposed.strategy != "convert" else {"conviction_id": ""}
    of = case(proposed, whole, book, market or pegged(), **own)
    answers = judge(proposed, of)
    found = {answer.code for answer in answers if not answer.passed}
    assert (answers is ALL_PASSED) == (not found)
    asked = case(proposed, whole, book, market or pegged(), **own)
    assert {one.code for one in measure(proposed, asked) if not one.passed} == found
    return found


NOTHING: dict[str, Any] = {
    "universe": {"allow": frozenset()},
    "orders": {"max_quantity": 0},
    "positions": {"per_symbol": 0},
    "exposure": {"gross": 0, "net": 0},
    "concurrency": {"positions": 0},
    "persona": {"conviction": PPM, "gross": 0},
    "bands": (),
}
"""A vault that may hold nothing."""


def test_a_conversion_is_no_exposure() -> None:
    assert denied(conversion(), vault(**NOTHING)) == set()
    assert denied(conversion("sell"), vault(**NOTHING), before=having(1000)) == set()


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("ORDER_NOTIONAL", vault(orders={"max_notional": WORTH - 1})),
        ("QUOTE_AGE", vault(orders={"quote_age": -1})),
        ("COLLAR", vault(orders={"collar": -1})),
        ("SYMBOL_DENIED", vault(universe={"deny": frozenset({PEG})})),
        ("ASSET_CLASS", vault(universe={"asset_classes": frozenset({"equity"})})),
        ("RAIL", vault(rails=frozenset({"fiat"}))),
        ("BROKER", vault(brokers=frozenset())),
        ("ADV_FLOOR", vault(liquidity={"adv_floor": 2**60})),
        ("ADV_SHARE", vault(liquidity={"max_of_adv": 19})),
        ("SPREAD", vault(liquidity={"spread": 199})),
        ("ORDERS_PER_MINUTE", vault(orders={"per_minute": 0})),
        ("REPEATED", vault(throttle={"repeats": 0})),
        ("OPEN_ORDERS", vault(concurrency={"open_orders": 0})),
        ("DAILY_LOSS", vault(losses={"daily": -1})),
    ],
)
def test_what_bounds_orders_and_not_positions_is_asked(code: str, rules: VaultPolicy) -> None:
    assert denied(conversion(), rules) == {code}


def test_a_switch_keeps_it_in_like_an_order_and_lets_stablecoin_out() -> None:
    reduce_only = OverlayPolicy(everywhere=Switches(reduce_only=1))
    assert denied(conversion(), overlay=reduce_only) == {"REDUCE_ONLY"}
    assert denied(conversion("sell"), overlay=reduce_only, before=having(1000)) == set()


def test_it_gives_no_more_dollars_than_nothing_else_has_a_claim_on() -> None:
    needed = WORTH + WORTH * 2000 // PPM
    assert denied(conversion(), cash=needed) == set()
    assert denied(conversion(), cash=needed - 1) == {"BUYING_POWER"}

    def reserved(book: Book) -> None:
        place(book, conversion(), pegged(bid=UNIT, ask=UNIT))

    assert denied(conversion(limit_price=UNIT), cash=needed + WORTH, before=reserved) == set()
    assert denied(conversion(), cash=needed + WORTH - 1, before=reserved) == {"BUYING_POWER"}


def test_nor_more_stablecoin() -> None:
    selling = conversion("sell")

    assert denied(selling, before=having(1000)) == set()
    assert denied(selling, before=having(999)) == {"NOT_REDUCING", "STABLECOIN_BUFFER"}
    buffered = vault(stablecoin_buffer=1000)
    assert denied(selling, buffered, before=having(2000)) == set()
    assert denied(selling, buffered, before=having(1999)) == {"STABLECOIN_BUFFER"}


def coin(quantity: int) -> Order:
    """A bitcoin at twenty thousand, so many thousandths of it."""
    made = order("BTC-USDC", 1, 20_000)
    return msgspec.structs.replace(made, quantity=quantity * UNIT // 1000)


@pytest.mark.parametrize(
    ("has", "buffer", "codes"),
    [
        (2004, 0, set()),
        (2003, 0, {"BUYING_POWER", "STABLECOIN_BUFFER"}),
        (2004 + 1000, 1000, set()),
        (2004 + 999, 1000, {"STABLECOIN_BUFFER"}),
    ],
)
def test_a_coin_is_paid_from_the_stablecoin_less_the_buffer(
    has: int, buffer: int, codes: set[str]
) -> None:
    """Though there are a million dollars."""
    before = having(has)
    rules = vault(stablecoin_buffer=buffer)
    assert denied(coin(100), rules, in_stablecoin(), before) == codes


def test_and_in_dollars_from_the_dollars() -> None:
    dollars = order("BTC-USD", 1, 20_000)
    before = having(15_000)
    found = denied(dollars, None, quote("BTC-USD", 20_000), before, 30_000 * UNIT)
    assert "BUYING_POWER" in found
    found = denied(dollars, None, quote("BTC-USD", 20_000), before, 35_040 * UNIT)
    assert "BUYING_POWER" not in found


@pytest.mark.parametrize(
    ("allow", "deny", "codes"),
    [
        ({"BTC-USD"}, set(), set()),
        ({"BTC-USDC"}, set(), set()),
        ({"AAPL"}, set(), {"SYMBOL_NOT_ALLOWED"}),
        ({"*"}, {"BTC-USD"}, {"SYMBOL_DENIED"}),
        ({"*"}, {"BTC-USDC"}, {"SYMBOL_DENIED"}),
    ],
)
def test_a_coin_is_allowed_by_either_name_and_denied_by_either(
    allow: set[str], deny: set[str], codes: set[str]
) -> None:
    rules = vault(universe={"allow": frozenset(allow), "deny": frozenset(deny)})
    before = having(5000)
    assert denied(coin(100), rules, in_stablecoin(), before) == codes


def test_the_caps_hold_for_a_coin_whichever_market_it_was_bought_in() -> None:
    rules = vault(positions={"per_symbol": 4000 * UNIT})

    def has(book: Book) -> None:
        convert(book, 10_000)
        placed = msgspec.structs.replace(order("BTC-USD", 1, 20_000), quantity=UNIT // 10)
        place(book, placed, quote("BTC-USD", 20_000))
        filled(book, placed)

    assert denied(coin(100), rules, in_stablecoin(), has) == set()
    assert denied(coin(101), rules, in_stablecoin(), has) == {"POSITION"}


def test_a_coin_counts_in_dollars_at_the_stablecoins_price() -> None:
    def has(book: Book) -> None:
        convert(book, 10_000)
        book._mark(pegged("0.9"))

    worth = 1800 * UNIT
    assert denied(coin(100), vault(orders={"max_notional": worth}), in_stablecoin(), has) == set()
    assert denied(coin(100), vault(orders={"max_notional": worth - 1}), in_stablecoin(), has) == {
        "ORDER_NOTIONAL"
    }


def test_a_conversion_is_judged_by_the_book_as_its_quote_will_make_it() -> None:
    whole = policy({VAULT: vault()})
    book = fund(whole)
    convert(book, 10_000)
    market = pegged("0.9")
    seen = case(conversion(), whole, book, market, conviction_id="")
    book._mark(market)
    after = case(conversion(), whole, book, market, conviction_id="")
    for name in ("nav", "loss", "account_loss", "available", "cushion"):
        assert getattr(seen, name) == getattr(after, name), name
    assert seen.loss == 1000 * UNIT
