"""Bybit: the contract, and what is its own."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.executor.brokers.bybit_vendor import (
    KEY,
    MARKET,
    SECRET,
    BybitVendor,
    coin_json,
    execution_json,
    order_json,
)
from tests.executor.brokers.contract import Told, VendorContract, VendorDesk, skew
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.exact import FINEST, UNIT, units
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.crypto.bybit import FIRST_LOOK, bybit_broker
from vanta.executor.brokers.crypto.bybit_wire import (
    ExecutionsPage,
    KeyInfo,
    Markets,
    Orders,
    Wallets,
)
from vanta.executor.brokers.crypto.client import CryptoBroker
from vanta.executor.brokers.port import (
    Absent,
    Account,
    BrokerAwayError,
    BrokerOrder,
    Rejected,
    Troubled,
    Unknown,
)
from vanta.executor.brokers.rest.exact import decode
from vanta.node.credentials import Secret


class BybitDesk(VendorDesk):
    vendor: BybitVendor

    def __init__(self) -> None:
        self.vendor = BybitVendor()
        self.monotonic = SECOND
        self.made = []
        self.broker: CryptoBroker = self.make()

    def make(self, secret: str = SECRET) -> CryptoBroker:
        broker = bybit_broker(
            Secret("key", KEY), Secret("secret", secret), lambda: self.vendor.books.now,
            url=self.vendor.url, timeout=0.3, per_minute=60_000, poll_every=0, page=3,
            monotonic=lambda: self.monotonic,
        )  # fmt: skip
        self.made.append(broker)
        return broker

    def order(self, **changes: object) -> Order:
        made = built("BTC-USDT", 5, 160, asset_class="crypto")
        return msgspec.structs.replace(made, broker="bybit", **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        self.vendor.books.fill(order.client_order_id, quantity, price)

    def keeps_coin(self, share: str) -> bool:
        self.vendor.rate = Decimal(share)
        return True

    def again(self) -> CryptoBroker:
        return self.make()

    def strangers(self) -> CryptoBroker:
        return self.make("wrong-of-somebody")

    def wait(self) -> None:
        self.monotonic += 600 * SECOND


class TestBybit(VendorContract):
    @pytest.fixture
    def desk(self) -> Iterator[BybitDesk]:
        made = BybitDesk()
        made.wait()
        yield made
        made.close()

    def test_a_short_position_is_negative(self, desk: VendorDesk) -> None:
        """There is none: what is not there cannot be sold."""
        answer = desk.broker.submit(desk.order(side="sell"), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "170131"

    def test_the_vendors_clock_is_heard(self, desk: VendorDesk) -> None:
        assert desk.broker.account() is not None
        assert abs(skew(desk)) < 3 * SECOND
        desk.vendor.skew = 90
        with pytest.raises(BrokerAwayError) as error:
            desk.broker.positions()
        assert error.value.code == "CLOCK_SKEW"
        assert -95 * SECOND < skew(desk) < -85 * SECOND
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "10002"
        assert isinstance(desk.broker, Troubled)
        assert desk.broker.trouble == "CLOCK_SKEW"
        desk.vendor.skew = 0
        desk.broker.positions()
        assert desk.broker.trouble == ""

    @pytest.mark.parametrize("code", [10001, 10005, 170131, 170134, 170193])
    def test_a_refusal_is_rejected_with_the_vendors_code(self, desk: BybitDesk, code: int) -> None:
        desk.vendor.refusal = desk.vendor.told({}, code, "said by the vendor")
        answer = desk.broker.submit(desk.order(), NOW)
        assert answer == Rejected(str(code), "said by the vendor")

    @pytest.mark.parametrize("code", [10000, 10006, 10016, 170001, 170007, 170141, 170146, 999999])
    def test_what_proves_no_refusal_is_unknown(self, desk: BybitDesk, code: int) -> None:
        desk.vendor.refusal = desk.vendor.told({}, code, "Server Timeout")
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_another_orders_receipt_is_unknown(self, desk: BybitDesk) -> None:
        desk.vendor.refusal = desk.vendor.told({"orderId": "1", "orderLinkId": "ord_of_another"})
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_client_ids_fit_as_they_are(self, desk: BybitDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        [held] = desk.vendor.books.orders.values()
        assert held.client_id == order.client_order_id
        assert len(held.client_id) == 36
        answer = desk.broker.submit(desk.order(client_order_id="o" * 37), NOW)
        assert isinstance(answer, Rejected)

    def test_an_order_that_cannot_be_told_exactly_never_leaves(self, desk: BybitDesk) -> None:
        for order in (
            desk.order(limit_price=160 * UNIT + UNIT // 1000),
            desk.order(quantity=UNIT // 100_000),
        ):
            assert isinstance(desk.broker.submit(order, NOW), Rejected)
        assert desk.vendor.submissions() == []

    def test_only_spot_is_ordered_and_nothing_borrowed(self, desk: BybitDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        [sent] = desk.vendor.submissions()
        assert json.loads(sent.body) == {
            "category": "spot",
            "symbol": "BTCUSDT",
            "side": "Buy",
            "orderType": "Limit",
            "timeInForce": "GTC",
            "orderLinkId": order.client_order_id,
            "qty": "5",
            "price": "160",
        }

    def test_a_key_that_is_not_taken_is_in_no_text(self, desk: BybitDesk) -> None:
        broker = desk.strangers()
        answer = broker.submit(desk.order(), NOW)
        with pytest.raises(BrokerAwayError) as error:
            broker.positions()
        assert KEY not in f"{answer}{error.value!r}{error.value.remedy}"

    def test_a_fee_in_money_is_told_as_it_is(self, desk: BybitDesk) -> None:
        desk.vendor.fee = ("0.48", "USDT")
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert fill.id.startswith("bybit:")
        assert (fill.symbol, fill.fee) == ("BTC-USDT", units("0.48"))

    def test_a_fee_in_the_coin_that_was_bought_is_told_as_its_worth(self, desk: BybitDesk) -> None:
        desk.vendor.fee = ("0.001", "BTC")
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert (fill.quantity, fill.kept) == (UNIT, units("0.001") * FINEST)
        assert (fill.fee, fill.taken) == (units("0.16"), 0)

    def test_a_rebate_comes_in_the_other_of_the_two(self, desk: BybitDesk) -> None:
        desk.vendor.fee = ("-0.01", "")
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        selling = desk.order(side="sell", quantity=UNIT // 2)
        desk.broker.submit(selling, NOW)
        desk.fill(selling, UNIT // 2, order.limit_price)
        bought, sold = Told(desk.broker).poll().fills.values()
        assert (bought.fee, bought.kept) == (units("-0.01"), 0)
        assert (sold.fee, sold.kept) == (units("-1.6"), -UNIT // 100 * FINEST)

    def test_a_fee_in_a_third_coin_takes_neither_and_that_coin_is_a_position(
        self, desk: BybitDesk
    ) -> None:
        desk.vendor.fee = ("0.7", "MNT")
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert (fill.fee, fill.kept) == (0, 0)

    def test_an_order_that_ended_is_found_after_the_vendor_was_restarted(
        self, desk: BybitDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(order.client_order_id)
        desk.vendor.books.end(held)
        desk.vendor.dropped.add(held.id)
        status = desk.again().order_status(order.client_order_id, NOW)
        assert isinstance(status, BrokerOrder)
        assert status.state is OrderState.CANCELLED

    def test_what_ended_a_day_ago_is_not_absent_for_not_being_listed(self, desk: BybitDesk) -> None:
        order = desk.order()
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW - DAY), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        assert desk.broker.order_status(order.client_order_id, NOW) == Absent()

    def test_executions_of_weeks_are_asked_for_a_week_at_a_time(self, desk: BybitDesk) -> None:
        order = desk.order(quantity=4 * UNIT)
        desk.broker.submit(order, NOW)
        for _ in range(4):
            desk.vendor.books.now += 6 * DAY
            desk.fill(order, UNIT, order.limit_price)
        assert desk.vendor.books.now - NOW < FIRST_LOOK
        assert Told(desk.broker).poll().filled(order) == 4 * UNIT
        assert Told(desk.again(), NOW).poll().filled(order) == 4 * UNIT

    def test_a_market_in_other_money_is_not_traded(self, desk: BybitDesk) -> None:
        desk.vendor.market |= {"symbol": "BTCUSDC", "quoteCoin": "USDC"}
        found = desk.broker.instrument("BTC-USDC")
        assert found is not None
        assert (found.tradable, found.restricted) == (False, False)

    def test_the_market_is_loaded_once_and_again_the_next_day(self, desk: BybitDesk) -> None:
        assert desk.broker.instrument("BTC-USDT") == desk.broker.instrument("BTC-USDT")

        def loaded() -> int:
            return sum(one.path.endswith("instruments-info") for one in desk.vendor.asked)

        assert loaded() == 1
        desk.vendor.books.now += DAY
        desk.vendor.market["status"] = "Closed"
        closed = desk.broker.instrument("BTC-USDT")
        assert loaded() == 2
        assert closed is not None
        assert (closed.tradable, closed.restricted) == (False, True)

    @pytest.mark.parametrize(
        "finer",
        [
            {"priceFilter": {"tickSize": "0.000000001"}},
            {"lotSizeFilter": {"basePrecision": "0.000000001"}},
        ],
    )
    def test_steps_finer_than_a_unit_are_no_instrument(
        self, desk: BybitDesk, finer: dict[str, object]
    ) -> None:
        desk.vendor.market |= finer
        assert desk.broker.instrument("BTC-USDT") is None

    def test_a_quote_is_of_the_vendors_moment(self, desk: BybitDesk) -> None:
        quote = desk.broker.quote("BTC-USDT", NOW)
        assert quote is not None
        assert (quote.bid, quote.ask) == (units("20517.96"), units("20527.77"))
        assert quote.adv == units("243765620.65899866")
        assert abs(quote.ts - desk.vendor.books.now) < MINUTE
        assert (quote.instrument.tick, quote.instrument.lot) == (UNIT // 100, UNIT // 10_000)

    def test_an_account_has_what_is_there_and_what_is_free(self, desk: BybitDesk) -> None:
        assert desk.broker.account() == Account(None, None, units("1000.5"), units("550.5"))
        desk.vendor.key["readOnly"] = 1
        assert desk.broker.account().blocked == "the key only reads"
        desk.vendor.key = {"readOnly": 0, "permissions": {"Wallet": ["Withdraw"]}}
        account = desk.broker.account()
        assert account.blocked == "the key may not trade spot"
        assert account.permissions == ("transfer",)

    def test_a_throttle_inside_an_answer_is_no_empty_answer(self, desk: BybitDesk) -> None:
        desk.vendor.busy = True
        with pytest.raises(BrokerAwayError) as error:
            desk.broker.open_orders()
        assert error.value.code == "BROKER_THROTTLED"


class TestRecorded:
    """What Bybit was recorded to answer is read, and the simulator writes the same fields."""

    @pytest.fixture
    def folder(self, recorded: Path) -> Path:
        return recorded / "exchange" / "bybit_adapter"

    def test_orders_and_executions_are_read(self, folder: Path) -> None:
        for name in ("realtime", "history", "history_with_duplicate"):
            path = folder / f"http_get_orders_{name}.json"
            assert decode(Orders, path.read_bytes(), "there").result.list
        cut = folder / "http_get_order_partially_filled_rejected.json"
        assert decode(Orders, cut.read_bytes(), "there").result.list
        page = decode(
            ExecutionsPage, (folder / "http_get_executions.json").read_bytes(), "there"
        ).result
        assert [one.exec_fee for one in page.list] == ["0.0150", "0.9000"]
        assert page.next_page_cursor

    def test_markets_wallets_and_keys_are_read(self, folder: Path) -> None:
        found = decode(Markets, (folder / "http_get_instruments_spot.json").read_bytes(), "there")
        assert [one.base_coin for one in found.result.list] == ["BTC", "ETH"]
        short = folder / "http_get_wallet_balance_spot_short.json"
        [wallet] = decode(Wallets, short.read_bytes(), "there").result.list
        assert {one.coin: one.spot_borrow for one in wallet.coin} == {"ETH": "0.06142", "USDT": "0"}
        key = decode(KeyInfo, (folder / "http_get_user_query_api.json").read_bytes(), "there")
        assert key.result.permissions["Spot"] == ["SpotTrade"]

    def test_the_simulator_writes_fields_that_were_recorded(self, folder: Path) -> None:
        desk = BybitDesk()
        order = desk.order()
        desk.broker.submit(order, NOW)
        one = desk.vendor.books.fill(order.client_order_id, UNIT, UNIT)
        held = desk.vendor.books.of(order.client_order_id)
        desk.close()
        pairs = {
            "http_get_orders_realtime.json": order_json(held),
            "http_get_executions.json": execution_json(one, held, ("0", "")),
            "http_get_instruments_spot.json": MARKET,
        }
        for name, made in pairs.items():
            [real, *_] = json.loads((folder / name).read_bytes())["result"]["list"]
            assert made.keys() <= real.keys(), name
            assert {key: type(made[key]) for key in made} == {key: type(real[key]) for key in made}
        wallet = json.loads((folder / "http_get_wallet_balance.json").read_bytes())
        [account] = wallet["result"]["list"]
        assert coin_json("BTC", "0", "0").keys() <= account["coin"][0].keys() | {
            "availableToWithdraw"
        }
