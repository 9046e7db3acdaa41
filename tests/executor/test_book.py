"""The book: nothing but its events, folded; and never less exposure than there is."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    Ticks,
    filled,
    fund,
    hold,
    intent,
    made,
    policy,
    published,
    quote,
    vault,
)
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.exact import FINEST, UNIT, notional
from vanta.domain.instant import DAY, MINUTE
from vanta.domain.policy import Policy
from vanta.domain.trading import Fill, OrderState
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    DecisionMade,
    OrderAcknowledged,
    OrderCancelled,
    OrderFilled,
    OrderPrepared,
    OrderRejected,
    OrderUnknown,
    OrderWithheld,
    PolicyAdopted,
    VaultFunded,
    read,
)
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.pnl import by_order, by_vault
from vanta.executor.positions import Line, trade
from vanta.journal.reader import read as read_journal

RULES = policy({VAULT: vault(orders={"duplicate_window": 0}), OTHER: vault()})


def bought(book: Book, rules: Policy = RULES, symbol: str = "AAPL", price: int = 100) -> str:
    event = made(intent(symbol), book, rules, quote(symbol, price))
    assert event.decision.order is not None, event.decision.reasons
    return event.decision.order.client_order_id


def test_an_accepted_order_reserves_at_once_and_an_end_releases() -> None:
    book = fund(RULES)
    name = bought(book)
    opened = book.open[name]
    reserved = notional(opened.price, opened.order.quantity)
    mine = book.vaults[VAULT]
    assert (mine.buying, mine.gross, book.account.gross) == (reserved, reserved, reserved)
    assert mine.nav == mine.cash == 1_000_000 * UNIT
    for end, state in (
        (OrderRejected(name, "NO", ""), OrderState.REJECTED),
        (OrderCancelled(name, "asked"), OrderState.CANCELLED),
        (OrderWithheld(name, ("FULL_HALT",)), OrderState.WITHHELD),
    ):
        again = Book.from_state(encode(book.state()))
        again.apply(end)
        assert again.vaults[VAULT].buying == again.account.gross == again.account.open_orders == 0
        assert again.closed[name].state is state


def test_of_buys_and_sells_of_one_symbol_the_larger_side_counts() -> None:
    rules = policy({VAULT: vault(orders={"duplicate_window": 0}, positions={"short": True})})
    book = fund(rules)
    hold(book, rules, "AAPL", 100, 100)
    buys = book.open[bought(book, rules)].reserved
    # At a price that the open buy does not meet: an order never trades with one of our own.
    market = quote(price=105)
    selling = made(intent("AAPL", side="sell", conviction=900_000), book, rules, market)
    assert selling.decision.order is not None
    sells = book.open[selling.decision.order.client_order_id].reserved
    mine = book.vaults[VAULT]
    assert sells > buys
    assert mine.gross == max(10_500 * UNIT + buys, sells)
    assert (mine.buying, mine.selling) == (buys, sells)
    book.apply(OrderCancelled(selling.decision.order.client_order_id, "asked"))
    assert mine.gross == 10_500 * UNIT + buys


def test_the_high_water_mark_rises_with_the_marks_and_never_falls() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    for price, top in ((120, 1_002_000), (90, 1_002_000), (130, 1_003_000)):
        made(intent("AAPL"), book, RULES, quote(price=price, session="closed"))
        assert book.vaults[VAULT].high_water == top * UNIT
    fallen = made(intent("MSFT"), book, policy({VAULT: vault()}), quote("MSFT"))
    assert fallen.decision.verdict == "accept"


def test_unknown_keeps_every_cent_reserved() -> None:
    book = fund(RULES)
    name = bought(book)
    before = (book.vaults[VAULT].buying, book.vaults[VAULT].gross, book.account.open_orders)
    book.apply(OrderUnknown(name, "timeout"))
    assert (book.vaults[VAULT].buying, book.vaults[VAULT].gross, book.account.open_orders) == before
    assert book.open[name].state is OrderState.UNKNOWN
    book.apply(OrderAcknowledged(name, "P1", NOW))
    assert book.open[name].state is OrderState.ACKNOWLEDGED


def test_a_fill_moves_what_was_reserved_into_the_position() -> None:
    book = fund(RULES)
    name = bought(book)
    placed = book.open[name].order
    whole = placed.quantity
    filled(book, placed, whole // 2, fee=UNIT)
    line = book.vaults[VAULT].lines["AAPL"]
    assert line.quantity == whole // 2
    assert line.buying == notional(book.open[name].price, whole - whole // 2)
    assert book.vaults[VAULT].gross >= notional(placed.limit_price, whole) - UNIT
    filled(book, placed, fee=UNIT)
    assert line.buying == 0
    assert name not in book.open
    assert (
        book.vaults[VAULT].cash == 1_000_000 * UNIT - notional(placed.limit_price, whole) - 2 * UNIT
    )
    assert book.vaults[VAULT].fees == 2 * UNIT


def test_the_same_fill_counts_once() -> None:
    book = fund(RULES)
    placed = book.open[bought(book)].order
    fill = filled(book, placed, UNIT)
    before = encode(book.state())
    book.apply(OrderFilled(fill))
    assert encode(book.state()) == before
    assert book.knows_fill(placed.client_order_id, fill.id)


def test_a_fill_after_the_end_still_counts() -> None:
    book = fund(RULES)
    name = bought(book)
    book.apply(OrderCancelled(name, "asked"))
    book.apply(OrderFilled(Fill("late", name, "AAPL", "buy", UNIT, 100 * UNIT, 0, NOW)))
    assert book.vaults[VAULT].lines["AAPL"].quantity == UNIT
    assert book.vaults[VAULT].buying == 0
    assert book.closed[name].state is OrderState.CANCELLED


def test_a_reducing_order_takes_nothing_off_before_it_fills() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    gross = book.vaults[VAULT].gross
    leaving = intent("AAPL", side="sell", reducing=True)
    event = made(leaving, book, RULES, quote())
    assert event.decision.order is not None
    assert event.decision.order.quantity == 100 * UNIT
    assert book.vaults[VAULT].gross == gross
    assert book.vaults[VAULT].lines["AAPL"].available == 0
    second = made(intent("AAPL", side="sell", reducing=True), book, RULES, quote())
    assert {reason.code for reason in second.decision.reasons} == {"NO_SIZE", "NOT_REDUCING"}
    filled(book, event.decision.order)
    assert book.vaults[VAULT].gross == 0
    assert book.vaults[VAULT].occupied == 0


def test_a_streak_counts_exits_that_lost_and_ends_with_one_that_won() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    streaks = []
    for price in (99, 98, 120, 97):
        event = made(intent("AAPL", side="sell", reducing=True), book, RULES, quote(price=price))
        assert event.decision.order is not None
        filled(book, event.decision.order, 10 * UNIT, price=price * UNIT)
        book.apply(OrderCancelled(event.decision.order.client_order_id, "asked"))
        streaks.append(book.vaults[VAULT].streak)
    assert streaks == [1, 2, 0, 1]


def test_quotes_of_decisions_mark_every_vault_that_holds_the_symbol() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    hold(book, RULES, "AAPL", 50, 100, OTHER)
    made(intent("AAPL"), book, RULES, quote(price=90, session="closed"))
    assert book.vaults[VAULT].nav == 999_000 * UNIT
    assert book.vaults[OTHER].nav == 999_500 * UNIT
    assert book.account.nav == 1_998_500 * UNIT
    assert book.vaults[VAULT].high_water == 1_000_000 * UNIT
    made(intent("AAPL"), book, RULES, quote(price=80, session="closed", market_time=NOW - 1))
    assert book.vaults[VAULT].nav == 999_000 * UNIT, "a quote from before the mark is no mark"


def test_a_new_day_begins_with_the_nav_of_the_last() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    made(intent("AAPL"), book, RULES, quote(price=90, session="closed"))
    tomorrow = quote(price=85, session="closed", market_time=NOW + DAY)
    made(intent("AAPL"), book, RULES, tomorrow)
    assert book.vaults[VAULT].day_start == 999_000 * UNIT
    assert book.vaults[VAULT].nav == 998_500 * UNIT


def test_accepted_orders_are_forgotten_after_a_minute() -> None:
    book = fund(RULES)
    bought(book)
    assert list(book.accepted[VAULT]) == [NOW]
    made(intent("MSFT"), book, RULES, quote("MSFT", ts=NOW + MINUTE), NOW + MINUTE)
    assert list(book.accepted[VAULT]) == [NOW + MINUTE]


def test_sectors_follow_the_policy() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100)
    assert book.vaults[VAULT].sectors == {"technology": 10_000 * UNIT}
    moved = vault(universe={"sectors": {"AAPL": "fruit"}})
    book.apply(PolicyAdopted(published(policy({VAULT: moved}), 2)))
    assert book.vaults[VAULT].sectors == {"fruit": 10_000 * UNIT}


def test_events_that_cannot_follow_are_refused() -> None:
    book = fund(RULES)
    for event in (
        OrderAcknowledged("ord_x", "P1", NOW),
        OrderCancelled("ord_x", ""),
        OrderFilled(Fill("f", "ord_x", "AAPL", "buy", UNIT, UNIT, 0, NOW)),
    ):
        with pytest.raises(MalformedError) as refused:
            book.apply(event)
        assert refused.value.code == "BOOK_EVENT"


def test_a_snapshot_is_the_whole_book() -> None:
    book = fund(RULES)
    hold(book, RULES, "AAPL", 100, 100, fee=UNIT)
    hold(book, RULES, "MSFT", -10, 50, OTHER)
    name = bought(book, symbol="BTC-USD")
    filled(book, book.open[name].order, UNIT // 100)
    book.apply(OrderUnknown(bought(book, symbol="MSFT"), "timeout"))
    again = Book.from_state(encode(book.state()))
    assert encode(again.state()) == encode(book.state())
    later = intent("AAPL")
    for one in (book, again):
        one.apply(OrderCancelled(name, "asked"))
        made(later, one, RULES, quote(price=101), NOW + 1)
    assert encode(again.state()) == encode(book.state())
    assert again.vaults[VAULT].sectors == book.vaults[VAULT].sectors


def test_the_log_of_a_book_makes_the_same_book(tmp_path: Path) -> None:
    path = tmp_path / "trade_log.jsonl"
    log = TradeLog(path, actor="executor@test", clock=Ticks(), rotate_at=20_000)
    log.state(PolicyAdopted(published(RULES)))
    log.state(VaultFunded(VAULT, 1_000_000 * UNIT, NOW))
    for number in range(20):
        symbol = ("AAPL", "MSFT", "BTC-USD")[number % 3]
        wanted = intent(symbol)
        decision = decide(wanted, log.book, Mandates(RULES), quote(symbol), NOW, broker="paper")
        log.state(DecisionMade(wanted, quote(symbol), NOW, "paper", decision, EDITION))
        if decision.order:
            log.state(OrderPrepared(decision.order))
        assert log.commit()
    whole = encode(log.book.state())
    log.close()
    again = TradeLog(path, actor="executor@test", clock=Ticks(NOW + DAY))
    assert encode(again.book.state()) == whole
    again.close()
    assert len(list(tmp_path.glob("trade_log.0*.jsonl"))) >= 2
    folded = Book()
    for record in read_journal(path):
        event = read(record)
        if event is not None:
            folded.apply(event)
    assert encode(folded.state()) == whole


def test_a_book_larger_than_a_segment_is_not_written_with_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "trade_log.jsonl"
    log = TradeLog(path, actor="executor@test", clock=Ticks(), rotate_at=2000)
    log.state(PolicyAdopted(published(RULES)))
    log.state(VaultFunded(VAULT, 1_000_000 * UNIT, NOW))
    log.commit()
    assert path.stat().st_size > 2000
    before = len(list(tmp_path.glob("trade_log.0*.jsonl")))
    for number in range(4):
        log.state(VaultFunded(VAULT, UNIT, NOW + number))
        log.commit()
    log.close()
    assert len(list(tmp_path.glob("trade_log.0*.jsonl"))) == before


trades = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 200)), min_size=1, max_size=30
)


@settings(max_examples=200, deadline=None)
@given(trades)
def test_profit_and_cost_add_up_to_the_money(moves: list[tuple[int, int]]) -> None:
    line = Line("X", "equity", 1)
    cash = 0
    for quantity, price in moves:
        trade(line, quantity * UNIT, price * UNIT)
        cash -= quantity * price * UNIT
    basis = line.cost if line.quantity > 0 else -line.cost
    assert line.cost >= 0
    assert (line.cost == 0) == (line.quantity == 0)
    # Rounding is against us, a unit (a hundred-millionth) a trade at most.
    assert -len(moves) <= line.realised - (cash + basis) <= 0


def test_profit_by_vault_and_by_order() -> None:
    book = fund(RULES)
    told = [PolicyAdopted(published(RULES)), VaultFunded(VAULT, 1_000_000 * UNIT, NOW)]
    event = made(intent("AAPL"), book, RULES, quote())
    placed = event.decision.order
    assert placed is not None
    fill = filled(book, placed, 100 * UNIT, price=100 * UNIT, fee=2 * UNIT)
    out = made(intent("AAPL", side="sell", reducing=True), book, RULES, quote(price=110))
    assert out.decision.order is not None
    sold = filled(book, out.decision.order, 40 * UNIT, price=110 * UNIT, fee=UNIT)
    [profit] = [one for one in by_vault(book) if one.vault == VAULT]
    assert (profit.realised, profit.fees) == (400 * UNIT, 3 * UNIT)
    assert profit.unrealised == 600 * UNIT
    assert profit.total == profit.today == 997 * UNIT
    orders = by_order([*told, event, OrderFilled(fill), out, OrderFilled(sold), OrderFilled(sold)])
    assert orders[placed.client_order_id].paid == -10_000 * UNIT
    assert orders[out.decision.order.client_order_id].realised == 400 * UNIT
    assert orders[out.decision.order.client_order_id].fees == UNIT


@given(
    quantity=st.integers(-(10**12), 10**12).filter(bool),
    multiplier=st.sampled_from([1, 100]),
    buying=st.integers(0, 10**14),
    selling=st.integers(0, 10**14),
    mark=st.integers(0, 10**12),
)
def test_a_line_at_a_mark_is_what_it_counts_there(
    quantity: int, multiplier: int, buying: int, selling: int, mark: int
) -> None:
    line = Line("AAPL", "equity", multiplier, quantity=quantity, cost=5 * UNIT)
    line.buying, line.selling = buying, selling
    counted = line.count(mark)
    assert line.at(mark) == (counted.gross, counted.long - counted.short, counted.value)


def coins(book: Book, quantity: int, price: int, kept: int = 0, *, rules: Policy = RULES) -> Fill:
    """Buy so much of a coin, of which `kept` (10^-18) is the fee."""
    event = made(intent("BTC-USD", asset_class="crypto"), book, rules, quote("BTC-USD", price))
    order = event.decision.order
    assert order is not None, event.decision.reasons
    fee = -(-kept * price // FINEST)
    fill = Fill(
        f"c{order.intent_id}",
        order.client_order_id,
        "BTC-USD",
        "buy",
        quantity,
        price * UNIT,
        fee,
        NOW,
        kept,
    )
    book.apply(OrderFilled(fill))
    book.apply(OrderCancelled(order.client_order_id, "asked"))
    return fill


def test_what_a_broker_kept_of_a_coin_is_not_held_and_cost_no_money() -> None:
    book = fund(RULES)
    before = book.vaults[VAULT].cash
    coins(book, UNIT // 10, 20_000, UNIT // 1000 * FINEST)
    mine, venue = book.vaults[VAULT], book.venue("paper")
    assert before - mine.cash == 2_000 * UNIT
    assert mine.lines["BTC-USD"].quantity == UNIT // 10 - UNIT // 1000
    assert (mine.fees, venue.fees) == (20 * UNIT, 20 * UNIT)
    assert before - mine.nav == 20 * UNIT
    [profit] = [one for one in by_vault(book) if one.vault == VAULT]
    assert (profit.realised, profit.unrealised, profit.fees) == (0, 0, 20 * UNIT)


def test_fees_finer_than_a_unit_are_held_against_the_broker_to_their_last_digit() -> None:
    book = fund(RULES)
    for _ in range(3):
        coins(book, UNIT // 10, 20_000, 123_456_789_012_345)
    venue = book.venue("paper")
    whole, finer = divmod(3 * (UNIT // 10 * FINEST - 123_456_789_012_345), FINEST)
    assert (venue.held, venue.finer) == ({"BTC-USD": whole}, {"BTC-USD": finer})
    # A vault's share of a unit is the broker's: what is left over can never be sold.
    assert book.vaults[VAULT].lines["BTC-USD"].quantity == 3 * (UNIT // 10 - 12_346)
    assert Book.from_state(encode(book.state())).venue("paper") == venue


def test_less_than_a_lot_is_no_open_position() -> None:
    book = fund(RULES)
    coins(book, UNIT // 10, 20_000, 12_345_678_901_234)
    assert book.vaults[VAULT].occupied == 1
    out = made(
        intent("BTC-USD", asset_class="crypto", side="sell", reducing=True),
        book, RULES, quote("BTC-USD", 20_000),
    )  # fmt: skip
    assert out.decision.order is not None
    assert out.decision.order.quantity == UNIT // 10 - UNIT // 10_000
    filled(book, out.decision.order)
    mine = book.vaults[VAULT]
    assert 0 < mine.lines["BTC-USD"].quantity < UNIT // 10_000
    assert (mine.occupied, book.holdings[VAULT]) == (0, {})
    assert (book.held(NOW + 1), book.holding("BTC-USD")) == ([], [])
    assert mine.nav == mine.cash + mine.lines["BTC-USD"].counted.value
    first = coins(book, UNIT // 10, 20_000)
    assert mine.occupied == 1
    assert book.holdings[VAULT]["BTC-USD"].entry == first.client_order_id


def test_a_fill_of_before_is_written_as_it_was() -> None:
    old = Fill("f", "ord_x", "AAPL", "buy", UNIT, 100 * UNIT, UNIT, NOW)
    assert b"kept" not in encode(old)
    assert decode(Fill, encode(old), place="here") == old


def test_records_of_before_lots_were_kept_fold_as_they_did() -> None:
    """A part below a lot was an open position then, and nobody counted who traded how much."""
    book = fund(RULES)
    event = made(intent("BTC-USD", asset_class="crypto"), Book.from_state(encode(book.state())),
                 RULES, quote("BTC-USD", 20_000))  # fmt: skip
    order = event.decision.order
    assert order is not None
    book.apply(msgspec.structs.replace(event, edition=2))
    fill = Fill("f", order.client_order_id, "BTC-USD", "buy", 100, 20_000 * UNIT, 0, NOW)
    book.apply(OrderFilled(fill))
    book.apply(OrderCancelled(order.client_order_id, "asked"))
    mine, venue = book.vaults[VAULT], book.venue("paper")
    assert (mine.lines["BTC-USD"].lot, mine.occupied) == (0, 1)
    assert book.holdings[VAULT]["BTC-USD"].entry == order.client_order_id
    assert (venue.traded, venue.bought) == ({}, {})
