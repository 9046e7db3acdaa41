"""Executions and orders at both exchanges, where what is listed is late, mixed up or not there."""

from collections.abc import Iterator

import pytest

from tests.executor.brokers.contract import Told
from tests.executor.brokers.test_bybit import BybitDesk
from tests.executor.brokers.test_coinbase import CoinbaseDesk
from tests.executor.building import NOW
from vanta.domain.exact import UNIT, units
from vanta.domain.instant import DAY, MINUTE
from vanta.domain.trading import OrderState
from vanta.executor.brokers.port import BrokerAwayError, Rejected, Unknown

AnyDesk = CoinbaseDesk | BybitDesk


@pytest.fixture(params=[CoinbaseDesk, BybitDesk])
def desk(request: pytest.FixtureRequest) -> Iterator[AnyDesk]:
    made: AnyDesk = request.param()
    made.wait()
    yield made
    made.close()


def test_what_is_listed_long_after_is_looked_for_before_an_end_is_told(desk: AnyDesk) -> None:
    late, other = desk.order(), desk.order()
    desk.broker.submit(late, NOW)
    books = desk.vendor.books
    hidden = books.fill(late.client_order_id, UNIT, late.limit_price)
    hidden.hidden = True
    books.now += 30 * MINUTE
    desk.broker.submit(other, NOW)
    desk.fill(other, UNIT, other.limit_price)
    told = Told(desk.broker).poll(2)
    assert told.watermark > hidden.ts + 20 * MINUTE
    hidden.hidden = False
    books.end(books.of(late.client_order_id))
    told.poll()
    assert told.filled(late) == UNIT
    assert told.ends(late) == [OrderState.CANCELLED]
    assert told.repeated == 0


def test_an_end_without_a_time_is_told_whenever_the_next_process_comes(desk: AnyDesk) -> None:
    quiet, busy = desk.order(), desk.order()
    desk.broker.submit(quiet, NOW)
    desk.broker.submit(busy, NOW)
    books = desk.vendor.books
    books.now += 2 * DAY
    desk.fill(busy, UNIT, busy.limit_price)
    told = Told(desk.broker).poll()
    books.end(books.of(quiet.client_order_id))
    told.broker = desk.again()
    assert told.poll().ends(quiet) == [OrderState.CANCELLED]


def test_a_first_reading_asks_for_no_order_that_was_listed(desk: AnyDesk) -> None:
    for _ in range(5):
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.books.end(desk.vendor.books.of(order.client_order_id))
    broker = desk.again()
    desk.vendor.asked.clear()
    assert len(Told(broker).poll().ended) == 5
    ids = set(desk.vendor.books.orders)
    asked = [one for one in desk.vendor.asked if one.query.get("orderId") in ids]
    asked += [one for one in desk.vendor.asked if one.path.rsplit("/", 1)[1] in ids]
    assert asked == []


def test_an_execution_of_no_order_is_not_told_under_a_name_that_was_made_up(desk: AnyDesk) -> None:
    told = Told(desk.broker).poll()
    order = desk.order()
    desk.again().submit(order, NOW)
    desk.fill(order, order.quantity, order.limit_price)
    desk.vendor.unshown |= set(desk.vendor.books.orders)
    with pytest.raises(BrokerAwayError, match="of no order"):
        told.poll()
    desk.vendor.unshown.clear()
    assert told.poll().filled(order) == order.quantity


def test_a_page_that_follows_itself_ends_in_an_error_and_not_in_a_loop(desk: AnyDesk) -> None:
    order = desk.order()
    desk.broker.submit(order, NOW)
    desk.fill(order, UNIT, order.limit_price)
    desk.vendor.stuck = True
    with pytest.raises(BrokerAwayError, match="follows itself"):
        desk.broker.open_orders()
    desk.broker.session.close()
    with pytest.raises(BrokerAwayError, match="follows itself"):
        desk.broker._venue.executions(NOW)


def test_what_is_no_trade_is_no_fill(desk: AnyDesk) -> None:
    order = desk.order()
    desk.broker.submit(order, NOW)
    desk.fill(order, UNIT, order.limit_price)
    desk.vendor.trade_type = "REVERSAL" if isinstance(desk, CoinbaseDesk) else "Settle"
    assert Told(desk.broker).poll(2).fills == {}


class TestBybitAlone:
    @pytest.fixture
    def desk(self) -> Iterator[BybitDesk]:
        made = BybitDesk()
        made.wait()
        yield made
        made.close()

    def test_another_order_than_was_asked_for_is_no_answer(self, desk: BybitDesk) -> None:
        desk.broker.submit(desk.order(), NOW)
        desk.vendor.mistaken = True
        assert isinstance(desk.broker.order_status("ord_" + "f" * 32, NOW), Unknown)

    def test_two_orders_under_one_name_are_no_answer(self, desk: BybitDesk) -> None:
        for _ in range(2):
            desk.vendor.books.take("ord_twice", "BTCUSDT", "buy", UNIT, UNIT)
        assert isinstance(desk.broker.order_status("ord_twice", NOW), Unknown)

    def test_what_is_borrowed_is_owed(self, desk: BybitDesk) -> None:
        desk.vendor.borrowed = {"ETH": "0.06142"}
        assert desk.broker.positions() == {"ETH-USDT": -units("0.06142")}

    def test_a_process_that_begins_with_a_cancellation_waits_for_no_market(
        self, desk: BybitDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        broker = desk.again()
        desk.vendor.always = "429"
        with pytest.raises(BrokerAwayError):
            broker.positions()
        desk.vendor.always = ""
        assert broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_no_market_of_such_a_name_takes_an_order(self, desk: BybitDesk) -> None:
        answer = desk.broker.submit(desk.order(symbol="NOSUCH-USDT"), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "NO_MARKET"
        assert desk.vendor.submissions() == []
