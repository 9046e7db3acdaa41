"""An Executor that trades at a vendor: from an intent to a position, through what goes wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.brokers.contract import VendorDesk
from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.brokers.test_ibkr import IbkrDesk
from tests.executor.brokers.test_tradier import TradierDesk
from tests.executor.building import OTHER, VAULT, envelope, intent, policy, published, vault
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, MINUTE, SECOND, show_instant
from vanta.domain.trading import OrderState
from vanta.executor import withdrawal
from vanta.executor.book import Book
from vanta.executor.brokers.alpaca import client as alpaca
from vanta.executor.brokers.port import Broker
from vanta.executor.brokers.tradier import client as tradier
from vanta.executor.positions import OpenOrder
from vanta.executor.replay import replay
from vanta.executor.service import ExecutorNode
from vanta.governance.latch import LATCH
from vanta.journal.reader import read
from vanta.lattice.direction import Table
from vanta.node.layout import Layout

AnyDesk = AlpacaDesk | TradierDesk | IbkrDesk


class Trading:
    """An Executor, and the vendor it trades at."""

    def __init__(self, root: Path, desk: AnyDesk) -> None:
        self.layout, self.desk = Layout(root), desk
        for name in ("memory", "bus"):
            (root / name).mkdir()
        self.outbox = DirectoryOutbox(root / "bus")
        self.process = self.boot(desk.broker)

    def boot(self, broker: Broker) -> ExecutorNode:
        rules = vault(
            brokers=frozenset({broker.name}),
            orders={"duplicate_window": 0},
            positions={"per_symbol": 900_000 * UNIT},
            exposure={"per_ticker": Table(900_000), "per_sector": Table(900_000)},
            persona={"multiplier": PPM},
        )
        made = published(policy({VAULT: rules, OTHER: rules}))
        return ExecutorNode(
            self.layout,
            read_policy=lambda: made,
            clock=self.desk.vendor.books.tick,
            brokers=[broker],
            inbox=DirectoryInbox(self.layout.root / "bus"),
            actor="executor@test",
        )

    def restart(self) -> None:
        self.process.close()
        self.process = self.boot(self.desk.again())

    @property
    def book(self) -> Book:
        return self.process._log.book

    def wants(self, **changes: object) -> None:
        now = self.desk.vendor.books.now
        wanted = intent("AAPL", created=now, expires=now + 10 * MINUTE, market_time=now, **changes)
        self.outbox.send(wanted.id, envelope(wanted))

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            now = self.desk.vendor.books.now = self.desk.vendor.books.now + SECOND
            quote(self.desk, now)
            self.process.step()

    def opened(self) -> OpenOrder:
        [opened] = self.book.open.values()
        return opened


def quote(desk: AnyDesk, now: int) -> None:
    if isinstance(desk, AlpacaDesk):
        desk.vendor.quote["t"] = show_instant(now)
    elif isinstance(desk, TradierDesk):
        desk.vendor.dates = now // (SECOND // 1000)


@pytest.fixture(params=[AlpacaDesk, TradierDesk, IbkrDesk])
def trading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trading]:
    desk: VendorDesk = request.param()
    desk.wait()
    made = Trading(tmp_path, desk)  # type: ignore[arg-type]
    yield made
    made.process.close()
    desk.close()


def test_an_intent_becomes_a_position_in_parts(trading: Trading) -> None:
    trading.wants()
    trading.step(2)
    opened = trading.opened()
    assert opened.state is OrderState.ACKNOWLEDGED
    order = opened.order
    third = order.quantity // 10**8 // 3 * 10**8
    for part in (third, third, order.quantity - 2 * third):
        trading.desk.fill(order, part, order.limit_price)
        trading.step(2)
    assert trading.book.open == {}
    assert trading.book.closed[order.client_order_id].state is OrderState.FILLED
    assert trading.desk.broker.positions() == {"AAPL": order.quantity}
    trading.step(6)
    assert trading.process.desks[0].router.reconcile() == ()
    assert all(
        one.recorded == one.recomputed
        for one in replay(list(read(trading.layout.journal("trade_log"))))
    )


def test_an_answer_that_was_lost_is_found_after_a_restart(trading: Trading) -> None:
    trading.desk.vendor.next.append("silent")
    trading.wants()
    trading.step(1)
    order = trading.opened().order
    trading.desk.fill(order, 10**8, order.limit_price)
    trading.restart()
    trading.step(3)
    opened = trading.opened()
    assert (opened.state, opened.filled) == (OrderState.PARTIALLY_FILLED, 10**8)
    assert len(trading.desk.vendor.submissions()) == 1
    held = next(iter(trading.desk.vendor.books.orders.values()))
    trading.desk.vendor.books.end(held, "expired")
    trading.restart()
    trading.step(3)
    assert trading.book.open == {}
    closed = trading.book.closed[order.client_order_id]
    assert (closed.state, closed.filled) == (OrderState.CANCELLED, 10**8)
    assert trading.process.desks[0].router.reconcile() == ()


def test_an_order_that_never_arrived_keeps_its_exposure_until_that_is_proven(
    trading: Trading,
) -> None:
    trading.desk.vendor.next.append("lost")
    trading.wants()
    trading.step(2)
    if trading.desk.broker.resubmits:
        assert trading.opened().state is OrderState.ACKNOWLEDGED
        assert len(trading.desk.vendor.books.orders) == 1
        return
    assert trading.opened().state is OrderState.UNKNOWN
    assert trading.book.vaults[VAULT].buying == trading.opened().reserved > 0
    trading.desk.wait()
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].buying == 0
    assert len(trading.desk.vendor.submissions()) == 1


@pytest.mark.parametrize("trading", [AlpacaDesk, IbkrDesk], indirect=True)
def test_what_an_order_filled_before_it_was_taken_back_counts_before_it_is_listed(
    trading: Trading,
) -> None:
    trading.wants()
    trading.step(2)
    order = trading.opened().order
    half = order.quantity // UNIT // 2 * UNIT
    late = trading.desk.vendor.books.fill(order.client_order_id, half, order.limit_price)
    late.hidden = True
    withdrawal.ask(trading.layout.run, order.client_order_id)
    trading.step(4)
    assert trading.desk.broker.open_orders() == ()
    assert trading.book.vaults[VAULT].gross == trading.opened().reserved > 0
    late.hidden = False
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].lines["AAPL"].quantity == half
    assert trading.process.desks[0].router.reconcile() == ()


@pytest.mark.parametrize("trading", [AlpacaDesk, TradierDesk], indirect=True)
def test_what_an_order_filled_before_it_was_rejected_counts_though_its_answer_was_lost(
    trading: Trading,
) -> None:
    trading.desk.vendor.next.append("silent")
    trading.wants()
    trading.step(1)
    order, books = trading.opened().order, trading.desk.vendor.books
    [held] = books.orders.values()
    half = order.quantity // UNIT // 2 * UNIT
    late = books.fill(held.client_id, half, order.limit_price)
    late.hidden = True
    books.end(held, "rejected")
    for _ in range(3):
        trading.step()
        assert trading.book.vaults[VAULT].gross > 0
    late.hidden = False
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].lines["AAPL"].quantity == half


@pytest.mark.parametrize("trading", [TradierDesk], indirect=True)
def test_a_listing_that_is_older_than_an_orders_own_answer_ends_it_later(
    trading: Trading,
) -> None:
    trading.wants()
    trading.step(2)
    order, vendor = trading.opened().order, trading.desk.vendor
    [held] = vendor.books.orders.values()
    before: dict[str, object] = {}
    vendor.mangle = lambda asked, value: (
        before.setdefault("listing", value) if asked.path.endswith("/orders") else value
    )
    trading.step(8)
    half = order.quantity // UNIT // 2 * UNIT
    vendor.books.fill(held.client_id, half, order.limit_price)
    withdrawal.ask(trading.layout.run, order.client_order_id)
    for _ in range(3):
        trading.step()
        assert trading.book.vaults[VAULT].gross > 0
    assert held.state == "cancelled"
    vendor.mangle = lambda _, value: value
    trading.step(8)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].lines["AAPL"].quantity == half


def lands(trading: Trading) -> None:
    """What was sent first gets there after all."""
    order = trading.opened().order
    trading.desk.vendor.books.take(
        order.client_order_id, order.symbol, order.side, order.quantity, order.limit_price
    )


@pytest.mark.parametrize("trading", [AlpacaDesk], indirect=True)
def test_a_halt_lets_go_of_nothing_that_may_still_land(trading: Trading) -> None:
    trading.desk.vendor.next.append("lost")
    trading.wants()
    trading.step(1)
    (trading.layout.memory / LATCH).write_text("")
    trading.step(24)
    assert trading.opened().state is OrderState.UNKNOWN
    assert trading.book.vaults[VAULT].buying == trading.opened().reserved > 0
    assert len(trading.desk.vendor.submissions()) == 1
    lands(trading)
    trading.step(3)
    assert trading.book.open == {}
    assert trading.desk.broker.open_orders() == ()


@pytest.mark.parametrize("trading", [AlpacaDesk], indirect=True)
def test_an_order_refused_when_it_was_sent_again_may_still_land(trading: Trading) -> None:
    trading.desk.vendor.next.append("lost")
    trading.wants()
    trading.step(1)
    trading.desk.vendor.refusal = 403, {"code": 40310000, "message": "insufficient buying power"}
    trading.step(3)
    opened = trading.opened()
    assert (opened.state, opened.reason) == (OrderState.UNKNOWN, "not sent again: 40310000")
    assert trading.book.vaults[VAULT].buying == opened.reserved > 0
    assert len(trading.desk.vendor.submissions()) == 2, "it is tried a third time"
    lands(trading)
    trading.step(3)
    assert trading.opened().state is OrderState.ACKNOWLEDGED
    trading.desk.fill(opened.order, opened.order.quantity, opened.order.limit_price)
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].lines["AAPL"].quantity == opened.order.quantity
    assert trading.process.desks[0].router.reconcile() == ()


@pytest.mark.parametrize("trading", [AlpacaDesk], indirect=True)
def test_an_order_refused_when_it_was_sent_again_is_over_once_nothing_can_land(
    trading: Trading,
) -> None:
    trading.desk.vendor.next.append("lost")
    trading.wants()
    trading.step(1)
    order = trading.opened().order
    trading.desk.vendor.refusal = 403, {"code": 40310000, "message": "insufficient buying power"}
    trading.step(3)
    trading.desk.wait()
    trading.step(2)
    closed = trading.book.closed[order.client_order_id]
    assert (closed.state, closed.reason) == (OrderState.REJECTED, "40310000")
    assert trading.book.vaults[VAULT].buying == 0


@pytest.mark.parametrize("trading", [IbkrDesk], indirect=True)
def test_what_a_vendor_tells_no_more_holds_everything_in(trading: Trading) -> None:
    trading.wants()
    trading.step(2)
    order = trading.opened().order
    trading.desk.fill(order, order.quantity, order.limit_price)
    trading.desk.vendor.books.orders.clear()
    trading.desk.vendor.books.now += 10 * DAY
    trading.restart()
    trading.step(3)
    assert trading.opened().order == order
    codes = {one.code for one in trading.process.desks[0].router.reconcile()}
    assert codes == {"ORDER_MISSING", "POSITION"}


def test_a_price_of_a_time_that_is_yet_to_come_ends_no_day(trading: Trading) -> None:
    trading.step(2)
    before = trading.book.day_ends
    trading.desk.vendor.ahead = 400 * DAY // SECOND
    trading.wants()
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.day_ends == before
    trading.desk.vendor.ahead = 0
    trading.wants(conviction=900_000)
    trading.step(2)
    assert trading.opened().state is OrderState.ACKNOWLEDGED


def test_a_vendor_that_is_away_keeps_new_orders_in(trading: Trading) -> None:
    trading.step(2)
    trading.desk.vendor.always = "503"
    trading.wants()
    trading.step(3)
    assert trading.process.trouble.startswith("BROKER_")
    assert trading.book.open == {}


@pytest.mark.parametrize("kind", [AlpacaDesk, TradierDesk])
@pytest.mark.parametrize("how", ["halted", "asked"])
def test_a_cancellation_that_a_vendor_does_not_get_to_leaves_it_its_pace(
    kind: type[AlpacaDesk | TradierDesk], how: str, tmp_path: Path
) -> None:
    desk = kind()
    desk.wait()
    desk.broker = desk.usual()
    trading = Trading(tmp_path, desk)

    def go(seconds: int) -> None:
        for _ in range(50 * seconds):
            desk.vendor.books.now += SECOND // 50
            desk.monotonic += SECOND // 50
            quote(desk, desk.vendor.books.now)
            trading.process.step()

    limit = {AlpacaDesk: alpaca.PER_MINUTE, TradierDesk: tradier.PER_MINUTE}[kind]
    try:
        trading.wants()
        go(10)
        order, [held] = trading.opened().order, desk.vendor.books.orders.values()
        held.stubborn = True
        if how == "halted":
            (trading.layout.memory / LATCH).write_text("")
        else:
            withdrawal.ask(trading.layout.run, order.client_order_id)
        before = len(desk.vendor.asked)
        go(60)
        counted = [one for one in desk.vendor.asked[before:] if "/markets/" not in one.path]
        assert len(counted) <= limit
        assert any(one.method == "DELETE" for one in counted)
        desk.vendor.books.end(held)
        go(15)
        assert trading.book.open == {}
    finally:
        trading.process.close()
        desk.close()


@pytest.mark.parametrize("kind", [AlpacaDesk, TradierDesk])
def test_an_order_gets_through_and_two_minutes_stay_within_the_vendors_pace(
    kind: type[AlpacaDesk | TradierDesk], tmp_path: Path
) -> None:
    desk = kind()
    desk.wait()
    desk.broker = desk.usual()
    trading = Trading(tmp_path, desk)
    limit = {AlpacaDesk: alpaca.PER_MINUTE, TradierDesk: tradier.PER_MINUTE}[kind]
    try:
        trading.wants()
        for minute in range(2):
            for _ in range(3000):
                desk.vendor.books.now += SECOND // 50
                desk.monotonic += SECOND // 50
                quote(desk, desk.vendor.books.now)
                trading.process.step()
            if not minute:
                order = trading.opened().order
                desk.fill(order, UNIT, order.limit_price)
        assert trading.opened().filled == UNIT
        # Tradier counts market data apart.
        counted = [one for one in desk.vendor.asked if "/markets/" not in one.path]
        assert len(counted) <= 2 * limit
        assert len(desk.vendor.submissions()) == 1
    finally:
        trading.process.close()
        desk.close()
