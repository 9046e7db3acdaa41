"""Alpaca's own SDK as the judge: of the simulator, and of what the adapter sends and knows."""

import json
import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():
    # Of its websockets, which nothing here uses.
    warnings.simplefilter("ignore")
    from alpaca.common.exceptions import APIError
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.data.requests import StockSnapshotRequest
    from alpaca.trading.client import TradingClient
    from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
    from alpaca.trading.models import Order as SdkOrder
    from alpaca.trading.models import TradeAccount
    from alpaca.trading.requests import GetOrdersRequest, LimitOrderRequest

from tests.executor.brokers.alpaca_vendor import KEY, SECRET
from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.building import NOW
from vanta.domain.exact import UNIT
from vanta.executor.brokers.alpaca.wire import AlpacaOrder, state_of
from vanta.executor.brokers.port import Acknowledged, BrokerOrder


@pytest.fixture
def desk() -> Iterator[AlpacaDesk]:
    made = AlpacaDesk()
    yield made
    made.close()


@pytest.fixture
def sdk(desk: AlpacaDesk) -> Iterator[TradingClient]:
    client = TradingClient(KEY, SECRET, url_override=desk.vendor.url)
    yield client
    client._session.close()


def test_every_state_the_sdk_knows_has_a_meaning() -> None:
    for status in OrderStatus:
        order = AlpacaOrder("1", "c", "AAPL", "buy", status.value, "", "", UNIT)  # type: ignore[arg-type]
        assert state_of(order) is not None, status


def test_the_sdk_trades_at_the_simulator(desk: AlpacaDesk, sdk: TradingClient) -> None:
    placed = sdk.submit_order(
        LimitOrderRequest(
            symbol="AAPL", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY,
            limit_price=160.25, client_order_id="ord_1",
        )
    )  # fmt: skip
    assert isinstance(placed, SdkOrder)
    assert (placed.limit_price, placed.qty) == ("160.25", "5")
    [listed] = sdk.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN))
    assert isinstance(listed, SdkOrder)
    assert listed.id == placed.id
    desk.vendor.books.fill("ord_1", 5 * UNIT, 160 * UNIT)
    found = sdk.get_order_by_client_id("ord_1")
    assert isinstance(found, SdkOrder)
    assert found.status is OrderStatus.FILLED
    [position] = sdk.get_all_positions()
    assert (position.symbol, position.qty) == ("AAPL", "5")  # type: ignore[union-attr]
    account = sdk.get_account()
    assert isinstance(account, TradeAccount)
    assert account.cash == "-23940.2"
    assert sdk.get_asset("AAPL").shortable  # type: ignore[union-attr]
    assert sdk.get_clock().is_open  # type: ignore[union-attr]
    with pytest.raises(APIError) as refused:
        sdk.cancel_order_by_id(str(placed.id))
    assert refused.value.code == 42_210_000


def test_an_order_of_ours_is_what_the_sdk_would_have_sent(
    desk: AlpacaDesk, sdk: TradingClient
) -> None:
    order = desk.order(limit_price=160 * UNIT + UNIT // 4)
    assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
    sdk.submit_order(
        LimitOrderRequest(
            symbol="AAPL", qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY,
            limit_price=160.25, client_order_id="ord_other",
        )
    )  # fmt: skip
    ours, theirs = (json.loads(one.body) for one in desk.vendor.submissions())
    assert ours.keys() == theirs.keys()
    for name in ("symbol", "side", "type", "time_in_force"):
        assert ours[name] == theirs[name]
    # The SDK's numbers are floats; ours are the digits.
    assert (ours["qty"], ours["limit_price"]) == ("5", "160.25")
    status = desk.broker.order_status("ord_other", NOW)
    assert isinstance(status, BrokerOrder)
    assert status.quantity == 5 * UNIT


def test_the_sdk_reads_the_simulators_market(desk: AlpacaDesk) -> None:
    client = StockHistoricalDataClient(KEY, SECRET, url_override=desk.vendor.url)
    try:
        found = client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))
        quote = desk.broker.quote("AAPL", NOW)
        assert quote is not None
        sides = found["AAPL"].latest_quote
        assert sides is not None
        assert (sides.bid_price, sides.ask_price) == (quote.bid / UNIT, quote.ask / UNIT)
    finally:
        client._session.close()
