"""Coinbase: the contract, and what is its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.executor.brokers.coinbase_vendor import (
    KEY,
    PRODUCT,
    SECRET,
    STRANGE,
    CoinbaseVendor,
    account_json,
    fill_json,
    order_json,
    refused,
)
from tests.executor.brokers.contract import Told, VendorContract, VendorDesk, put
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.errors import RefusedError
from vanta.domain.exact import UNIT, units
from vanta.domain.instant import SECOND
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.crypto.client import CryptoBroker
from vanta.executor.brokers.crypto.coinbase import coinbase_broker
from vanta.executor.brokers.crypto.coinbase_wire import (
    Fills,
    OneOrder,
    Orders,
    Product,
    Wallets,
    name_for,
    name_of,
)
from vanta.executor.brokers.port import Account, BrokerAwayError, Rejected, Unknown
from vanta.executor.brokers.rest.exact import decode
from vanta.node.credentials import Secret


class CoinbaseDesk(VendorDesk):
    vendor: CoinbaseVendor

    def __init__(self) -> None:
        self.vendor = CoinbaseVendor()
        self.monotonic = SECOND
        self.made = []
        self.broker: CryptoBroker = self.make()

    def make(self, secret: str = SECRET) -> CryptoBroker:
        broker = coinbase_broker(
            Secret("key", KEY), Secret("secret", secret), lambda: self.vendor.books.now,
            url=self.vendor.url, timeout=0.3, per_minute=60_000, poll_every=0, page=3,
            monotonic=lambda: self.monotonic,
        )  # fmt: skip
        self.made.append(broker)
        return broker

    def order(self, **changes: object) -> Order:
        return msgspec.structs.replace(built("BTC-USD", 5, 160), broker="coinbase", **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        self.vendor.books.fill(order.client_order_id, quantity, price)

    def again(self) -> CryptoBroker:
        return self.make()

    def strangers(self) -> CryptoBroker:
        return self.make(STRANGE)

    def wait(self) -> None:
        self.monotonic += 600 * SECOND


class TestCoinbase(VendorContract):
    @pytest.fixture
    def desk(self) -> Iterator[CoinbaseDesk]:
        made = CoinbaseDesk()
        made.wait()
        yield made
        made.close()

    def test_a_short_position_is_negative(self, desk: VendorDesk) -> None:
        """There is none: what is not there cannot be sold."""
        answer = desk.broker.submit(desk.order(side="sell"), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "INSUFFICIENT_FUND"

    def test_a_refusal_is_rejected_with_the_vendors_code(self, desk: CoinbaseDesk) -> None:
        problem = {"error": "INVALID_ARGUMENT", "message": "said by the vendor"}
        refusals = {
            "UNTRADABLE_PRODUCT": (200, refused("UNTRADABLE_PRODUCT")),
            "INVALID_ARGUMENT": (400, problem),
        }
        for code, refusal in refusals.items():
            desk.vendor.refusal = refusal
            answer = desk.broker.submit(desk.order(), NOW)
            assert answer == Rejected(code, "said by the vendor")

    @pytest.mark.parametrize(
        "answer",
        [
            (200, refused("UNKNOWN_FAILURE_REASON")),
            (200, {"success": False}),
            (200, {"success": True, "success_response": {"order_id": "x", "client_order_id": "y"}}),
            (400, b"<html>"),
            (403, {"error": "SOMETHING_NEW", "message": ""}),
            (408, {}),
        ],
    )
    def test_what_proves_no_refusal_is_unknown(
        self, desk: CoinbaseDesk, answer: tuple[int, Any]
    ) -> None:
        desk.vendor.refusal = answer
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_an_order_without_a_time_is_an_answer_that_cannot_be_read(
        self, desk: CoinbaseDesk
    ) -> None:
        desk.broker.submit(desk.order(), NOW)
        desk.vendor.mangle = lambda asked, value: (
            put(
                put(value, ("orders", 0, "created_time"), ""), ("orders", 0, "last_update_time"), ""
            )
            if asked.path.endswith("batch")
            else value
        )
        with pytest.raises(BrokerAwayError, match="without a time"):
            desk.broker.open_orders()

    def test_client_ids_are_uuids_there_and_come_back(self, desk: CoinbaseDesk) -> None:
        order = desk.order(client_order_id="ord_0123456789abcdef0123456789abcdef")
        desk.broker.submit(order, NOW)
        [held] = desk.vendor.books.orders.values()
        assert held.client_id == "01234567-89ab-cdef-0123-456789abcdef"
        [seen] = desk.broker.open_orders()
        assert seen.client_order_id == order.client_order_id
        assert name_for("ord_0123456789ABCDEF0123456789ABCDEF") is None, "it would not come back"

    def test_an_order_that_cannot_be_told_exactly_never_leaves(self, desk: CoinbaseDesk) -> None:
        finer = desk.order(limit_price=160 * UNIT + 1)
        strange = desk.order(client_order_id="another")
        for order in (finer, strange):
            answer = desk.broker.submit(order, NOW)
            assert isinstance(answer, Rejected)
            assert answer.code == "UNWRITTEN"
        assert desk.vendor.submissions() == []

    def test_the_smallest_amounts_go_out_without_an_exponent(self, desk: CoinbaseDesk) -> None:
        order = desk.order(quantity=1, limit_price=UNIT // 100)
        desk.broker.submit(order, NOW)
        [sent] = desk.vendor.submissions()
        assert json.loads(sent.body)["order_configuration"]["limit_limit_gtc"] == {
            "base_size": "0.00000001",
            "limit_price": "0.01",
            "post_only": False,
        }

    def test_a_fill_has_its_commission_and_the_brokers_name(self, desk: CoinbaseDesk) -> None:
        desk.vendor.commission = "1.140000001"
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert fill.id.startswith("coinbase:")
        assert fill.fee == units("1.14")
        assert (fill.symbol, fill.side, fill.price) == ("BTC-USD", "buy", order.limit_price)

    def test_balances_are_positions_but_for_the_money(self, desk: CoinbaseDesk) -> None:
        desk.vendor.wallets |= {"BTC": ("1.23456789", "0.005"), "ETH": ("0", "0")}
        assert desk.broker.positions() == {"BTC-USD": units("1.23956789")}

    def test_an_account_has_what_is_held_and_what_is_free(self, desk: CoinbaseDesk) -> None:
        desk.vendor.permissions["can_transfer"] = True
        money = (units("10450.5"), units("10000.5"))
        assert desk.broker.account() == Account(None, None, *money, "", ("transfer",))
        desk.vendor.permissions["can_trade"] = False
        assert desk.broker.account().blocked == "the key may not trade"

    def test_a_quote_stands_for_a_day_and_says_when_there_is_no_market(
        self, desk: CoinbaseDesk
    ) -> None:
        quote = desk.broker.quote("BTC-USD", NOW)
        assert quote is not None
        assert (quote.bid, quote.ask, quote.last) == (
            units("68923.66"), units("68923.67"), units("68923.67"),
        )  # fmt: skip
        assert quote.adv == pytest.approx(units("758506771.41"), rel=1e-4)
        instrument = quote.instrument
        assert (instrument.tick, instrument.lot) == (UNIT // 100, 1)
        assert (instrument.asset_class, instrument.rail) == ("crypto", "crypto")
        assert (instrument.tradable, instrument.shortable) == (True, False)
        desk.vendor.product["trading_disabled"] = True
        halted = desk.broker.quote("BTC-USD", NOW)
        assert halted is not None
        assert (halted.session, halted.instrument.tradable) == ("halted", False)

    def test_a_market_in_stablecoin_says_so(self, desk: CoinbaseDesk) -> None:
        dollars = desk.broker.instrument("BTC-USD")
        desk.vendor.product["product_id"] = "BTC-USDC"
        stablecoin = desk.broker.instrument("BTC-USDC")
        assert dollars is not None
        assert stablecoin is not None
        assert dollars.quoted_in is UNSET
        assert (stablecoin.quoted_in, stablecoin.tradable) == ("USDC", True)

    @pytest.mark.parametrize("step", ["price_increment", "base_increment"])
    def test_steps_finer_than_a_unit_are_no_instrument(self, desk: CoinbaseDesk, step: str) -> None:
        desk.vendor.product[step] = "0.0000000001"
        assert desk.broker.instrument("BTC-USD") is None

    def test_an_end_right_after_the_receipt_is_told(self, desk: CoinbaseDesk) -> None:
        told = Told(desk.broker).poll()
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.books.end(desk.vendor.books.of(order.client_order_id))
        assert told.poll().ends(order) == [OrderState.CANCELLED]

    def test_an_order_that_was_taken_and_is_not_shown_yet_is_never_absent(
        self, desk: CoinbaseDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        shown, desk.vendor.books.orders = desk.vendor.books.orders, {}
        desk.wait()
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        told = Told(desk.broker).poll()
        desk.vendor.books.orders = shown
        desk.fill(order, order.quantity, order.limit_price)
        assert told.poll().filled(order) == order.quantity

    def test_a_rejection_after_the_fact_is_an_end(self, desk: CoinbaseDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        books = desk.vendor.books
        books.end(books.of(order.client_order_id), "rejected", "not enough")
        told = Told(desk.broker).poll()
        assert told.ends(order) == [OrderState.REJECTED]
        assert told.ended[0].reason == "not enough"

    def test_a_key_of_another_kind_is_refused_without_being_told(self) -> None:
        for text in ("not-base64-at-all", "c29tZXRoaW5n", SECRET[:-8]):
            with pytest.raises(RefusedError) as error:
                coinbase_broker(
                    Secret("key", KEY), Secret("secret", text), lambda: NOW, url="https://x.invalid"
                )
            assert error.value.code == "CREDENTIAL_TEXT"
            assert text not in repr(error.value)
            assert error.value.__cause__ is None

    def test_what_another_one_ordered_there_is_seen(self, desk: CoinbaseDesk) -> None:
        desk.vendor.books.take("by-hand", "BTC-USD", "buy", UNIT, UNIT)
        [seen] = desk.broker.open_orders()
        assert seen.client_order_id.startswith("coinbase:")


class TestRecorded:
    """What Coinbase was recorded to answer is read, and the simulator writes the same fields."""

    @pytest.fixture
    def folder(self, recorded: Path) -> Path:
        return recorded / "exchange" / "coinbase_adapter"

    def test_orders_and_fills_are_read(self, folder: Path) -> None:
        orders = decode(Orders, (folder / "http_orders_list.json").read_bytes(), "there")
        assert [one.status for one in orders.orders] == ["OPEN", "FILLED"]
        assert name_of(orders.orders[0]) == "coinbase:0000-000000-000001"
        one = decode(OneOrder, (folder / "http_order.json").read_bytes(), "there").order
        assert one.status == "OPEN"
        fills = decode(Fills, (folder / "http_fills.json").read_bytes(), "there")
        assert [fill.commission for fill in fills.fills] == ["1.14", "0.50"]

    def test_products_and_wallets_are_read(self, folder: Path) -> None:
        product = decode(Product, (folder / "http_product.json").read_bytes(), "there")
        assert (product.product_id, product.price_increment) == ("BTC-USD", "0.01")
        wallets = decode(Wallets, (folder / "http_accounts.json").read_bytes(), "there")
        assert {one.currency for one in wallets.accounts} == {"BTC", "USD"}

    def test_the_simulator_writes_fields_that_were_recorded(self, folder: Path) -> None:
        desk = CoinbaseDesk()
        order = desk.order()
        desk.broker.submit(order, NOW)
        one = desk.vendor.books.fill(order.client_order_id, UNIT, UNIT)
        held = desk.vendor.books.of(order.client_order_id)
        desk.close()
        pairs = {
            "http_orders_list.json": ("orders", order_json(held)),
            "http_fills.json": ("fills", fill_json(one, held, "0")),
            "http_accounts.json": ("accounts", account_json("BTC", "1", "0")),
        }
        for name, (key, made) in pairs.items():
            [real, *_] = json.loads((folder / name).read_bytes())[key]
            assert made.keys() <= real.keys(), name
            both = [field for field in made if made[field] is not None and real[field] is not None]
            assert [type(made[field]) for field in both] == [type(real[field]) for field in both]
        real = json.loads((folder / "http_product.json").read_bytes())
        assert PRODUCT.keys() <= real.keys()
