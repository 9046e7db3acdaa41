"""An Executor that trades at an exchange: from an intent to a position, through what goes wrong."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.brokers.test_bybit import BybitDesk
from tests.executor.brokers.test_coinbase import CoinbaseDesk
from tests.executor.brokers.test_whole_way import Trading
from tests.executor.brokers.vendor import NEVER_ARRIVES, TAKEN_THEN
from tests.executor.building import OTHER, VAULT, envelope, intent, policy, published, vault
from vanta.bus.directory import DirectoryInbox
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.trading import OrderState
from vanta.executor.brokers.crypto.bybit import PER_MINUTE as BYBIT
from vanta.executor.brokers.crypto.client import POLL_EVERY
from vanta.executor.brokers.crypto.coinbase import PER_MINUTE as COINBASE
from vanta.executor.brokers.port import Broker
from vanta.executor.replay import replay
from vanta.executor.service import ExecutorNode
from vanta.journal.reader import read
from vanta.lattice.direction import Table

_QUICK = [*TAKEN_THEN.keys() - {"silent", "drip", "endless"}, *NEVER_ARRIVES]


class TradingCoins(Trading):
    """An Executor that trades coins."""

    def boot(self, broker: Broker) -> ExecutorNode:
        rules = vault(
            brokers=frozenset({broker.name}),
            universe={"allow": frozenset({self.desk.order().symbol})},
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

    def wants(self, **changes: object) -> None:
        now = self.desk.vendor.books.now
        symbol = self.desk.order().symbol
        wanted = intent(
            symbol, asset_class="crypto", created=now, expires=now + 10 * MINUTE,
            market_time=now, **changes,
        )  # fmt: skip
        self.outbox.send(wanted.id, envelope(wanted))


@pytest.fixture(params=[CoinbaseDesk, BybitDesk])
def trading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TradingCoins]:
    desk = request.param()
    desk.wait()
    made = TradingCoins(tmp_path, desk)
    yield made
    made.process.close()
    desk.close()


def test_an_intent_becomes_a_position_in_parts(trading: TradingCoins) -> None:
    trading.wants()
    trading.step(2)
    opened = trading.opened()
    assert opened.state is OrderState.ACKNOWLEDGED
    order = opened.order
    part = order.quantity // 3
    for quantity in (part, part, order.quantity - 2 * part):
        trading.desk.fill(order, quantity, order.limit_price)
        trading.step(2)
    assert trading.book.open == {}
    assert trading.book.closed[order.client_order_id].state is OrderState.FILLED
    assert trading.desk.broker.positions() == {order.symbol: order.quantity}
    trading.step(6)
    assert trading.process.desks[0].router.reconcile() == ()
    assert all(
        one.recorded == one.recomputed
        for one in replay(list(read(trading.layout.journal("trade_log"))))
    )


def test_an_answer_that_was_lost_is_found_after_a_restart(trading: TradingCoins) -> None:
    trading.desk.vendor.next.append("reset")
    trading.wants()
    trading.step(1)
    order = trading.opened().order
    trading.desk.fill(order, order.quantity // 2, order.limit_price)
    trading.restart()
    trading.step(3)
    assert trading.opened().state is OrderState.PARTIALLY_FILLED
    assert len(trading.desk.vendor.submissions()) == 1
    trading.desk.vendor.books.end(next(iter(trading.desk.vendor.books.orders.values())), "expired")
    trading.restart()
    trading.step(3)
    closed = trading.book.closed[order.client_order_id]
    assert (closed.state, closed.filled) == (OrderState.CANCELLED, order.quantity // 2)
    assert trading.process.desks[0].router.reconcile() == ()


def test_an_order_that_never_arrived_keeps_its_exposure_until_that_is_proven(
    trading: TradingCoins,
) -> None:
    trading.desk.vendor.next.append("lost")
    trading.wants()
    trading.step(2)
    assert trading.opened().state is OrderState.UNKNOWN
    assert trading.book.vaults[VAULT].buying == trading.opened().reserved > 0
    trading.desk.wait()
    trading.step(2)
    assert trading.book.open == {}
    assert trading.book.vaults[VAULT].buying == 0
    assert len(trading.desk.vendor.submissions()) == 1


@pytest.mark.parametrize("trading", [BybitDesk], indirect=True)
def test_a_fee_taken_in_the_coin_is_not_held_and_the_rest_can_be_sold(
    trading: TradingCoins,
) -> None:
    assert trading.desk.keeps_coin("0.001234567891")
    trading.wants()
    trading.step(2)
    order = trading.opened().order
    lot = UNIT // 10_000
    for quantity in (lot, order.quantity - lot):
        trading.desk.fill(order, quantity, order.limit_price)
        trading.step(2)
    assert trading.process.desks[0].router.reconcile() == ()
    vault, line = trading.book.vaults[VAULT], trading.book.vaults[VAULT].lines["BTC-USDT"]
    assert 0 < order.quantity - line.quantity < order.quantity // 500
    assert vault.fees > 0
    lost = vault.funded - vault.nav - (line.cost - line.counted.value)
    # Of every fill up to one hundred-millionth of a coin is rounded away.
    assert 0 <= lost - vault.fees <= 2 * order.limit_price // UNIT + 2
    trading.restart()
    trading.step(2)
    trading.wants(side="sell", reducing=True)
    trading.step(2)
    selling = trading.opened().order
    assert selling.quantity == line.quantity // lot * lot
    trading.desk.fill(selling, selling.quantity, selling.limit_price)
    trading.step(6)
    assert trading.process.desks[0].router.reconcile() == ()
    vault = trading.book.vaults[VAULT]
    assert 0 < vault.lines["BTC-USDT"].quantity < lot
    assert (vault.occupied, trading.book.holdings[VAULT]) == (0, {})
    assert trading.book.held(trading.book.latest() + 1) == []
    # Nothing is held in: what is left over is bought onto.
    trading.wants()
    trading.step(2)
    again = trading.opened().order
    trading.desk.fill(again, again.quantity, again.limit_price)
    trading.step(2)
    assert trading.book.holdings[VAULT]["BTC-USDT"].entry == again.client_order_id
    assert all(
        one.recorded == one.recomputed
        for one in replay(list(read(trading.layout.journal("trade_log"))))
    )


def test_two_minutes_stay_within_the_vendors_pace(trading: TradingCoins) -> None:
    """At the pace a node polls at; only the clocks are the test's."""
    desk = trading.desk
    assert isinstance(desk, CoinbaseDesk | BybitDesk)
    desk.broker._pace.every = POLL_EVERY
    limit = COINBASE if isinstance(desk, CoinbaseDesk) else BYBIT
    trading.wants()
    desk.vendor.asked.clear()
    began = desk.vendor.books.now
    for _ in range(2 * 60 * 20):
        desk.vendor.books.now += SECOND // 20
        desk.monotonic += SECOND // 20
        trading.process.step()
    assert trading.opened().state is OrderState.ACKNOWLEDGED
    assert len(desk.vendor.submissions()) == 1
    # Every look at the clock moves it: two minutes are a little more by then.
    lasted = desk.vendor.books.now - began
    assert 0 < len(desk.vendor.asked) * MINUTE <= limit * lasted


@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_wrong_no_order_is_doubled_and_the_two_agree_in_the_end(
    trading: TradingCoins, seed: int
) -> None:
    chance, vendor = random.Random(seed), trading.desk.vendor
    trading.desk.keeps_coin("0.00123456789")
    symbol = trading.desk.order().symbol
    for _ in range(40):
        if chance.random() < 0.4:
            held = trading.book.symbols.get(symbol)
            selling = held is not None and held.quantity > 0
            trading.wants(**({"side": "sell", "reducing": True} if selling else {}))
        vendor.next.clear()
        vendor.next.extend(chance.choices(_QUICK, k=chance.choice([0, 0, 1, 3])))
        vendor.always = chance.choice(_QUICK) if chance.random() < 0.2 else ""
        alive = [one for one in vendor.books.orders.values() if one.state == "live"]
        if alive and chance.random() < 0.7:
            one = chance.choice(alive)
            left = one.quantity - one.filled
            if chance.random() < 0.2:
                vendor.books.end(one)
            else:
                quantity = left if left < UNIT // 100 or chance.random() < 0.5 else left // 2
                vendor.books.fill(one.client_id, quantity, one.limit)
        if chance.random() < 0.1:
            trading.restart()
        if chance.random() < 0.3:
            trading.desk.wait()
        trading.step()
    vendor.always = ""
    vendor.next.clear()
    for one in vendor.books.orders.values():
        vendor.books.end(one)
    for _ in range(8):
        trading.desk.wait()
        trading.step()
    assert vendor.books.orders, "nothing was ever traded"
    assert trading.book.open == {}
    assert len({one.client_id for one in vendor.books.orders.values()}) == len(vendor.books.orders)
    assert trading.process.desks[0].router.reconcile() == ()
    assert trading.book.venue(trading.desk.broker.name).held == trading.desk.broker.positions()
