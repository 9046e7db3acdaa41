"""Attribution: whose profit it is, and that every split adds up to the book to the last unit."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import NOW, OTHER, VAULT, intent, order, policy, published, quote
from vanta.audit.attribution import Attribution, By, Profit, attribute, total
from vanta.domain.exact import UNIT, split
from vanta.domain.instant import DAY
from vanta.domain.trading import Decision, Fill, Order, Sizing
from vanta.executor.events import (
    BookMarked,
    DecisionMade,
    Event,
    OrderFilled,
    OrderPrepared,
    PolicyAdopted,
    VaultFunded,
)
from vanta.executor.pnl import by_vault

SPLITS: tuple[By, ...] = ("vault", "persona", "band", "strategy", "symbol")
BEGUN = [
    PolicyAdopted(published(policy())),
    VaultFunded(VAULT, 1_000_000 * UNIT, NOW),
    VaultFunded(OTHER, 1_000_000 * UNIT, NOW),
]


def placed(one: Order, market: int = NOW) -> list[Event]:
    """An order in the book, past every fence."""
    wanted = intent(one.symbol, id=one.intent_id, vault=one.vault, side=one.side)
    sizing = Sizing(0, 0, 0, 0, one.quantity)
    decision = Decision(f"dec_{one.intent_id}", one.intent_id, "accept", one, sizing, ())
    at = quote(one.symbol, one.limit_price // UNIT, market_time=market)
    return [DecisionMade(wanted, at, NOW, "paper", decision), OrderPrepared(one)]


def traded(
    side: str, quantity: int, price: int, fee: int = 0, *, units: bool = False, **of: object
) -> list[Event]:
    """An order and its one fill, in whole dollars and shares unless `units`."""
    one = order(str(of.pop("symbol", "AAPL")), quantity, price, side=side, **of)
    scale = 1 if units else UNIT
    fill = Fill(
        f"f_{one.client_order_id}", one.client_order_id, one.symbol, one.side,
        quantity * scale, price * scale, fee * scale, NOW,
    )  # fmt: skip
    return [*placed(one), OrderFilled(fill)]


def rows(events: Sequence[Event], by: By) -> dict[str, Profit]:
    return {row.name: row for row in attribute(events).rows(by)}


def test_each_entry_gains_over_what_it_was_paid_itself() -> None:
    """Two bands bought at 100 and at 120; half of it all is sold at 130, the rest stands there."""
    events = [
        *BEGUN,
        *traded("buy", 100, 100, band="strong"),
        *traded("buy", 50, 120, band="weak"),
        *traded("sell", 75, 130, band="exit", reducing=True),
        BookMarked((quote("AAPL", 130, market_time=NOW + 1),)),
    ]
    found = rows(events, "band")
    assert set(found) == {"strong", "weak", "exit"}
    assert (found["strong"].realised, found["strong"].unrealised) == (1500 * UNIT, 1500 * UNIT)
    assert (found["weak"].realised, found["weak"].unrealised) == (250 * UNIT, 250 * UNIT)
    assert found["exit"].total == 0


def test_an_exits_fee_is_the_entrys() -> None:
    events = [
        *BEGUN,
        *traded("buy", 10, 100, fee=1, strategy="reflect"),
        *traded("sell", 10, 100, fee=2, strategy="stop", reducing=True),
    ]
    found = rows(events, "strategy")
    assert (found["reflect"].fees, found["reflect"].total) == (3 * UNIT, -3 * UNIT)
    assert found["stop"].total == 0


def test_a_short_gains_when_the_price_falls() -> None:
    events = [
        *BEGUN,
        *traded("sell", 10, 100, persona="ares"),
        *traded("sell", 10, 90, persona="apollo"),
        *traded("buy", 10, 80),
    ]
    found = rows(events, "persona")
    assert (found["apollo"].realised, found["apollo"].unrealised) == (50 * UNIT, 50 * UNIT)
    assert found["ares"].realised == 5 * 20 * UNIT
    # The buy closed: it is no entry of its own, and ares' own stake stands at 80 too.
    assert found["ares"].unrealised == 5 * 20 * UNIT


def test_one_fill_that_turns_a_position_closes_one_entry_and_opens_another() -> None:
    events = [*BEGUN, *traded("buy", 10, 100, band="a"), *traded("sell", 30, 110, 3, band="b")]
    found = rows(events, "band")
    assert (found["a"].realised, found["a"].fees) == (100 * UNIT, UNIT)
    assert (found["b"].realised, found["b"].unrealised, found["b"].fees) == (0, 0, 2 * UNIT)


def test_a_fill_that_comes_twice_counts_once() -> None:
    events = [*BEGUN, *traded("buy", 10, 100, fee=1)]
    assert rows([*events, events[-1]], "vault") == rows(events, "vault")


def test_a_vault_that_did_nothing_has_a_row_of_nothing() -> None:
    assert rows(BEGUN, "vault") == {n: Profit(n, 0, 0, 0, 0) for n in (VAULT, OTHER)}
    assert rows(BEGUN, "band") == {}


trades = st.lists(
    st.tuples(
        st.sampled_from(("buy", "sell")),
        st.integers(1, 7 * 10**9),
        st.integers(1, 9 * 10**9),
        st.integers(0, 10**7),
        st.sampled_from((VAULT, OTHER)),
        st.sampled_from(("AAPL", "BTC-USD")),
        st.sampled_from(("strong", "weak", "high")),
        st.sampled_from(("ares", "apollo")),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(trades, st.lists(st.integers(1, 200), max_size=3))
def test_every_split_adds_up_to_the_book_to_the_last_unit(
    moves: list[tuple[str, int, int, int, str, str, str, str]], marks: list[int]
) -> None:
    """Whatever was bought, sold short, closed, turned and paid, in odd units at odd prices."""
    found = Attribution()
    for event in BEGUN:
        found.take(event)
    for side, quantity, price, fee, vault, symbol, band, persona in moves:
        for event in traded(
            side, quantity, price, fee, units=True,
            vault=vault, symbol=symbol, band=band, persona=persona,
        ):  # fmt: skip
            found.take(event)
    for number, price in enumerate(marks, 1):
        found.take(BookMarked((quote("AAPL", price, market_time=NOW + number * DAY),)))
    book = by_vault(found.book)
    assert found.rows("vault") == [
        Profit(one.vault, one.realised, one.unrealised, one.fees, one.total)
        for one in sorted(book, key=lambda one: one.vault)
    ]
    whole = total(found.rows("vault"))
    account = found.book.account
    assert whole.total == account.nav - sum(one.funded for one in found.book.vaults.values())
    for by in SPLITS:
        assert total(found.rows(by)) == whole
    flat = all(
        not line.quantity for one in found.book.vaults.values() for line in one.lines.values()
    )
    if flat:
        # What the book rounded against itself, a unit a fill at most.
        assert abs(whole.unrealised) <= len(moves)


@given(st.integers(-(10**20), 10**20), st.lists(st.integers(0, 10**12), min_size=1, max_size=9))
def test_parts_add_up_and_are_within_a_unit_of_their_share(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * whole - amount * weight) < whole
            assert weight or not part
