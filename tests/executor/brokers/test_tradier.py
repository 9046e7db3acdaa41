"""Tradier: the contract, and what is its own."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.executor.brokers.contract import Told, VendorContract, VendorDesk, held_id
from tests.executor.brokers.tradier_vendor import (
    ACCOUNT,
    OPTION,
    OPTION_QUOTE,
    QUOTE,
    QUOTES,
    TOKEN,
    TradierVendor,
)
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.port import Acknowledged, BrokerOrder, Ended, Rejected, Unknown
from vanta.executor.brokers.rest.exact import decode, nearest
from vanta.executor.brokers.tradier.client import TradierBroker
from vanta.executor.brokers.tradier.wire import Clock, Positions, Quotes, framed, listed
from vanta.node.credentials import Secret


class TradierDesk(VendorDesk):
    vendor: TradierVendor
    sums = True

    def __init__(self) -> None:
        self.vendor = TradierVendor()
        self.monotonic = SECOND
        self.made = []
        self.broker: TradierBroker = self.make()

    def make(self, token: str = TOKEN) -> TradierBroker:
        broker = TradierBroker(
            Secret("token", token), ACCOUNT, lambda: self.vendor.books.now,
            url=self.vendor.url + "/v1", timeout=0.3, per_minute=60_000, poll_every=0, page=3,
            monotonic=lambda: self.monotonic,
        )  # fmt: skip
        self.made.append(broker)
        return broker

    def usual(self, per_minute: int = 60) -> TradierBroker:
        """As a node runs it, but for its clocks."""
        broker = TradierBroker(
            Secret("token", TOKEN),
            ACCOUNT,
            lambda: self.vendor.books.now,
            url=self.vendor.url + "/v1",
            monotonic=lambda: self.monotonic,
            per_minute=per_minute,
        )
        self.made.append(broker)
        return broker

    def order(self, **changes: object) -> Order:
        return msgspec.structs.replace(built("AAPL", 5, 170), broker="tradier", **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        self.vendor.books.fill(held_id(self, order), quantity, price)

    def again(self) -> TradierBroker:
        return self.make()

    def strangers(self) -> TradierBroker:
        return self.make("wrong-of-somebody")

    def wait(self) -> None:
        self.monotonic += 600 * SECOND


class TestTradier(VendorContract):
    @pytest.fixture
    def desk(self) -> Iterator[TradierDesk]:
        made = TradierDesk()
        made.wait()
        yield made
        made.close()

    @pytest.mark.parametrize(
        ("status", "body", "reason"),
        [
            (400, b"Invalid parameter, duration: is required.", "Invalid parameter"),
            (200, {"errors": {"error": "You do not have enough buying power."}}, "You do not"),
            (400, {"errors": {"error": ["Backoffice rejected.", "Sell short"]}}, "Backoffice"),
            (400, b"Missing required field: price", "Missing required"),
            (401, b"Unauthorized", "Unauthorized"),
            (401, {"fault": {"faultstring": "Invalid ApiKey", "detail": {}}}, "Invalid ApiKey"),
        ],
    )
    def test_a_refusal_is_rejected_in_the_vendors_words(
        self, desk: TradierDesk, status: int, body: object, reason: str
    ) -> None:
        desk.vendor.refusal = (status, body)
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == str(status)
        assert answer.reason.startswith(reason)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (400, b"<html>gateway</html>"), (400, b""), (404, b"not found"), (200, b"fine"),
            (400, b"<!DOCTYPE html>"), (200, {}), (200, {"order": None}),
            (200, {"order": {"id": 7, "status": "perhaps"}}), (409, b"Invalid state"),
        ],
    )  # fmt: skip
    def test_neither_a_receipt_nor_a_refusal_is_unknown(
        self, desk: TradierDesk, status: int, body: object
    ) -> None:
        desk.vendor.refusal = (status, body)
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    @pytest.mark.parametrize(
        ("changes", "side"),
        [
            ({}, "buy"),
            ({"reducing": True}, "buy_to_cover"),
            ({"side": "sell"}, "sell_short"),
            ({"side": "sell", "reducing": True}, "sell"),
        ],
    )
    def test_it_is_told_what_an_order_opens_or_closes(
        self, desk: TradierDesk, changes: dict[str, object], side: str
    ) -> None:
        assert isinstance(desk.broker.submit(desk.order(**changes), NOW), Acknowledged)
        placed = msgspec.structs.replace(
            desk.order(**changes), symbol=OPTION, asset_class="option", multiplier=100
        )
        assert isinstance(desk.broker.submit(placed, NOW), Acknowledged)
        option = {"buy": "buy_to_open", "buy_to_cover": "buy_to_close"}
        option |= {"sell_short": "sell_to_open", "sell": "sell_to_close"}
        assert desk.vendor.sides == [side, option[side]]
        assert desk.broker.open_orders()[1].symbol == OPTION

    @pytest.mark.parametrize(
        ("bid", "ask", "tick"),
        [(0.05, 0.10, 5), (2.60, 2.65, 5), (2.60, 2.70, 10), (3.00, 3.10, 10), (8.4, 8.5, 10)],
    )
    def test_an_option_steps_as_every_option_may(
        self,
        desk: TradierDesk,
        monkeypatch: pytest.MonkeyPatch,
        bid: float,
        ask: float,
        tick: int,
    ) -> None:
        monkeypatch.setitem(QUOTES, OPTION, {**QUOTES[OPTION], "bid": bid, "ask": ask})
        found = desk.broker.instrument(OPTION)
        assert found is not None
        assert found.tick == tick * UNIT // 100

    def test_an_option_counts_its_contracts_and_has_its_underlying(self, desk: TradierDesk) -> None:
        quote = desk.broker.quote(OPTION, NOW)
        assert quote is not None
        found = quote.instrument
        assert (found.asset_class, found.multiplier, found.underlying) == ("option", 100, "AAPL")
        assert (quote.bid, quote.ask) == (840_000_000, 855_000_000)
        assert quote.adv == 370 * 845_000_000 * 100

    def test_a_class_of_shares_has_its_dot(self, desk: TradierDesk) -> None:
        order = msgspec.structs.replace(desk.order(), symbol="BRK.B")
        assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
        assert desk.broker.open_orders()[0].symbol == "BRK.B"
        quote = desk.broker.quote("BRK.B", NOW)
        assert quote is not None
        assert not quote.instrument.shortable, "it is not on the list"

    def test_what_fits_no_tag_or_no_lot_is_not_sent(self, desk: TradierDesk) -> None:
        refused: list[tuple[dict[str, object], str]] = [
            ({"client_order_id": "mine_1"}, "TAG"),
            ({"client_order_id": "ord_" + "x" * 252}, "TAG"),
            ({"client_order_id": "ord_ä"}, "TAG"),
            ({"quantity": UNIT // 2}, "LOT"),
        ]
        for changes, code in refused:
            answer = desk.broker.submit(desk.order(**changes), NOW)
            assert isinstance(answer, Rejected)
            assert answer.code == code
        assert desk.vendor.asked == []

    def test_each_sum_costs_what_was_done_since_the_last(self, desk: TradierDesk) -> None:
        order = desk.order(quantity=10 * UNIT)
        desk.broker.submit(order, NOW)
        prices: list[tuple[int, int]] = []
        for parts in ([(1, 100)], [(2, 101), (3, 102)], [(4, 105)]):
            for quantity, price in parts:
                desk.fill(order, quantity * UNIT, price * UNIT)
            [told] = desk.broker.executions_since(0).sums
            prices.append((told.filled, told.price))
        assert prices[0] == (UNIT, 100 * UNIT)
        assert prices[1][0] == 6 * UNIT
        assert abs(prices[1][1] - (2 * 101 + 3 * 102) * UNIT // 5) <= 2
        assert prices[2] == (10 * UNIT, 105 * UNIT)

    def test_a_sum_says_what_all_of_it_was_traded_for(self, desk: TradierDesk) -> None:
        order = desk.order(quantity=7 * UNIT)
        desk.broker.submit(order, NOW)
        cents = UNIT // 100
        for quantity, price in ((3, 9993), (1, 9999), (3, 10000)):
            desk.fill(order, quantity * UNIT, price * cents)
        # Of an average with eight decimals, 99.97 and six more, to the cent.
        [told] = desk.again().executions_since(0).sums
        assert (told.filled, told.amount) == (7 * UNIT, (3 * 9993 + 9999 + 3 * 10000) * cents)

    def test_an_order_refused_after_its_receipt_ends_rejected(self, desk: TradierDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(held_id(desk, order))
        desk.vendor.books.end(held, "rejected", "You do not have enough buying power.")
        [ended] = desk.broker.executions_since(0).ended
        why = "You do not have enough buying power."
        assert ended == Ended(order.client_order_id, OrderState.REJECTED, "REJECTED", why)

    def test_an_order_of_another_day_is_never_called_absent(self, desk: TradierDesk) -> None:
        name = desk.order().client_order_id
        answer = desk.broker.order_status(name, NOW - DAY)
        assert isinstance(answer, Unknown)
        assert isinstance(desk.broker.cancel(name), Unknown)

    def test_an_order_that_fell_off_the_list_is_followed_by_its_number(
        self, desk: TradierDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        told = Told(desk.broker).poll()
        held = desk.vendor.books.of(held_id(desk, order))
        desk.fill(order, 2 * UNIT, order.limit_price)
        desk.vendor.books.end(held, "expired")
        desk.vendor.yesterday.add(held.id)
        told.poll()
        assert told.filled(order) == 2 * UNIT
        assert told.ends(order) == [OrderState.CANCELLED]

    def test_a_vendor_without_pages_is_read_all_the_same(self, desk: TradierDesk) -> None:
        desk.vendor.pages = False
        for _ in range(7):
            desk.broker.submit(desk.order(), NOW)
        assert len(desk.broker.open_orders()) == 7

    def test_two_orders_under_one_tag_are_not_taken_for_one(self, desk: TradierDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.broker.submit(order, NOW)
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)

    def test_an_order_of_somebody_else_has_a_name_of_its_own(self, desk: TradierDesk) -> None:
        held = desk.vendor.books.take("", "AAPL", "buy", UNIT, UNIT)
        desk.vendor.books.fill("", UNIT, UNIT)
        [told] = desk.broker.executions_since(0).sums
        assert told.client_order_id == f"tradier:{held.id}"

    def test_the_account_says_what_it_may(self, desk: TradierDesk) -> None:
        account = desk.broker.account()
        assert (account.cash, account.buying_power) == (636_386_000_000, 1_272_772_000_000)
        assert (account.cash_flow, account.blocked) == (None, "")
        assert account.permissions == ("short", "options:6")

    def test_what_is_listed_and_alive_is_told_apart(self, desk: TradierDesk) -> None:
        one, other = desk.order(), desk.order()
        for order in (one, other):
            desk.broker.submit(order, NOW)
        desk.fill(one, one.quantity, one.limit_price)
        [alive] = desk.broker.open_orders()
        assert alive.client_order_id == other.client_order_id
        assert isinstance(desk.broker.order_status(one.client_order_id, NOW), BrokerOrder)


# The recordings ---------------------------------------------------------------------------------


def _recorded(folder: Path, name: str) -> Any:  # noqa: ANN401 - any JSON
    path = folder / "broker/tradier" / name
    return json.loads(
        gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    )


@pytest.mark.recorded
def test_the_simulator_writes_quotes_as_they_were_recorded(recorded: Path) -> None:
    share = _recorded(recorded, "sandbox_quote_AAPL.json")["quotes"]["quote"]
    assert share == QUOTE
    chain = _recorded(recorded, "sandbox_chain_AAPL_2022-02-25_greeks.json.gz")
    options = {one["symbol"]: one for one in chain["options"]["option"]}
    theirs = {name: value for name, value in options[OPTION].items() if name != "greeks"}
    assert theirs.keys() == OPTION_QUOTE.keys()
    for name, value in theirs.items():
        if value is not None:
            assert isinstance(OPTION_QUOTE[name], int | float) == isinstance(value, int | float)


@pytest.mark.recorded
def test_recorded_answers_are_read_to_the_cent(recorded: Path) -> None:
    told = json.dumps(_recorded(recorded, "sdk_account_positions.json")).encode()
    found = listed(framed(decode(Positions, told, "").positions, ""))
    assert [(one.symbol, nearest(one.quantity, "")) for one in found] == [
        ("AAPL", 21 * UNIT),
        ("DELL140118C00015000", -UNIT),
    ]
    chain = _recorded(recorded, "sandbox_chain_AAPL_2022-02-25_greeks.json.gz")
    rows = chain["options"]["option"]
    quotes = json.dumps({"quotes": {"quote": rows}}).encode()
    read = listed(framed(decode(Quotes, quotes, "").quotes, ""))
    assert len(read) == len(rows) > 50
    for one in read:
        for price in (one.bid, one.ask, one.last):
            assert price is None or nearest(price, "") % (UNIT // 100) == 0
        assert (one.contract_size, one.underlying) == (100, "AAPL")
    clock = json.dumps(_recorded(recorded, "sdk_clock.json")).encode()
    assert decode(Clock, clock, "").clock.state == "closed"
