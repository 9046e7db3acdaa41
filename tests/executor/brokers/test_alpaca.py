"""Alpaca: the contract, and what is its own."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.executor.brokers.alpaca_vendor import (
    ACCOUNT,
    ASSETS,
    CONTRACT,
    KEY,
    OPTION,
    SECRET,
    AlpacaVendor,
    activity_json,
    order_json,
    position_json,
)
from tests.executor.brokers.contract import Told, VendorContract, VendorDesk
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.alpaca.client import AlpacaBroker, AlpacaKeys
from vanta.executor.brokers.alpaca.wire import (
    Activity,
    AlpacaAccount,
    AlpacaOrder,
    Asset,
    Contract,
    Position,
    Snapshots,
    state_of,
)
from vanta.executor.brokers.port import Acknowledged, BrokerAwayError, Rejected, Unknown
from vanta.executor.brokers.rest.exact import decode
from vanta.node.credentials import Secret


class AlpacaDesk(VendorDesk):
    vendor: AlpacaVendor

    def __init__(self) -> None:
        self.vendor = AlpacaVendor()
        self.monotonic = SECOND
        self.made = []
        self.broker: AlpacaBroker = self.make()

    def make(self, secret: str = SECRET) -> AlpacaBroker:
        keys = AlpacaKeys(Secret("key", KEY), Secret("secret", secret))
        url = self.vendor.url
        broker = AlpacaBroker(
            keys, lambda: self.vendor.books.now, trading=url, data=url, timeout=0.3,
            per_minute=60_000, poll_every=0, page=3, monotonic=lambda: self.monotonic,
        )  # fmt: skip
        self.made.append(broker)
        return broker

    def usual(self, per_minute: int = 200) -> AlpacaBroker:
        """As a node runs it, but for its clocks."""
        keys = AlpacaKeys(Secret("key", KEY), Secret("secret", SECRET))
        url = self.vendor.url
        broker = AlpacaBroker(
            keys,
            lambda: self.vendor.books.now,
            trading=url,
            data=url,
            monotonic=lambda: self.monotonic,
            per_minute=per_minute,
        )
        self.made.append(broker)
        return broker

    def order(self, **changes: object) -> Order:
        return msgspec.structs.replace(built("AAPL", 5, 160), broker="alpaca", **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        self.vendor.books.fill(order.client_order_id, quantity, price)

    def post(self, amount: str) -> bool:
        self.vendor.post("FEE", amount)
        return True

    def again(self) -> AlpacaBroker:
        return self.make()

    def strangers(self) -> AlpacaBroker:
        return self.make("wrong-of-somebody")

    def wait(self) -> None:
        self.monotonic += 600 * SECOND


class TestAlpaca(VendorContract):
    @pytest.fixture
    def desk(self) -> Iterator[AlpacaDesk]:
        made = AlpacaDesk()
        made.wait()
        yield made
        made.close()

    def test_a_refusal_is_rejected_with_the_vendors_code(self, desk: AlpacaDesk) -> None:
        refusals = {
            403: {"code": 40310000, "message": "insufficient buying power"},
            422: {"code": 42210000, "message": "limit price must be > 0"},
        }
        for status, problem in refusals.items():
            desk.vendor.refusal = (status, problem)
            answer = desk.broker.submit(desk.order(), NOW)
            assert answer == Rejected(str(problem["code"]), str(problem["message"]))

    @pytest.mark.parametrize("status", [403, 404, 422, 400, 401, 408, 409, 425])
    def test_a_refusal_that_is_not_the_vendors_own_is_unknown(
        self, desk: AlpacaDesk, status: int
    ) -> None:
        desk.vendor.refusal = (status, b"<html>blocked by a gateway</html>")
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_an_order_that_was_taken_unseen_is_acknowledged_when_sent_again(
        self, desk: AlpacaDesk
    ) -> None:
        order = desk.order()
        desk.vendor.next.append("silent")
        assert isinstance(desk.broker.submit(order, NOW), Unknown)
        again = desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(order.client_order_id)
        assert again == Acknowledged(held.id, held.submitted)
        assert len(desk.vendor.books.orders) == 1

    def test_coins_are_named_as_we_name_them_everywhere(self, desk: AlpacaDesk) -> None:
        order = msgspec.structs.replace(built("BTC-USD", 1, 40_000), quantity=UNIT // 3)
        assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
        assert desk.vendor.books.of(order.client_order_id).symbol == "BTC/USD"
        [shown] = desk.broker.open_orders()
        assert (shown.symbol, shown.quantity) == ("BTC-USD", UNIT // 3)
        desk.fill(order, order.quantity, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert (fill.symbol, fill.quantity, fill.price) == ("BTC-USD", UNIT // 3, 40_000 * UNIT)
        assert desk.broker.positions() == {"BTC-USD": UNIT // 3}
        quote = desk.broker.quote("BTC-USD", NOW)
        assert quote is not None
        assert (quote.instrument.lot, quote.instrument.tick) == (1, UNIT // 100)
        assert quote.session == "open"

    @pytest.mark.parametrize(
        ("symbol", "money"), [("BTC-USDC", "USDC"), ("ETH-BTC", "BTC"), ("USDC-USD", UNSET)]
    )
    def test_what_is_paid_in_other_money_says_so_and_is_not_traded(
        self, desk: AlpacaDesk, monkeypatch: pytest.MonkeyPatch, symbol: str, money: str
    ) -> None:
        theirs = symbol.replace("-", "/")
        coin = {**ASSETS["BTC/USD"], "symbol": theirs}
        monkeypatch.setitem(ASSETS, symbol.replace("-", "%2F"), coin)
        found = desk.broker.instrument(symbol)
        assert found is not None
        assert (found.quoted_in, found.tradable, found.restricted) == (money, False, False)

    def test_a_step_finer_than_we_count_is_the_next_we_can(
        self, desk: AlpacaDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ASSETS["BTC/USD"], "min_trade_increment", "0.000000001")
        found = desk.broker.instrument("BTC-USD")
        assert found is not None
        assert found.lot == 1

    def test_an_option_counts_its_contracts(self, desk: AlpacaDesk) -> None:
        quote = desk.broker.quote(OPTION, NOW)
        assert quote is not None
        found = quote.instrument
        assert (found.asset_class, found.multiplier, found.underlying) == ("option", 100, "AAPL")

    @pytest.mark.parametrize(
        ("bid", "ask", "cents"), [("2.60", "2.65", 5), ("2.60", "2.70", 10), ("0", "0.05", 5)]
    )
    def test_an_option_steps_as_every_option_may(
        self, desk: AlpacaDesk, bid: str, ask: str, cents: int
    ) -> None:
        desk.vendor.quote |= {"bp": float(bid), "ap": float(ask)}
        quote = desk.broker.quote(OPTION, NOW)
        assert quote is not None
        assert quote.instrument.tick == cents * UNIT // 100
        bare = desk.broker.instrument(OPTION)
        assert bare is not None
        assert bare.tick == UNIT // 10

    def test_a_quote_has_every_digit_and_its_own_time(self, desk: AlpacaDesk) -> None:
        desk.vendor.open = False
        quote = desk.broker.quote("AAPL", NOW)
        assert quote is not None
        assert (quote.bid, quote.ask, quote.last) == (
            16_110_000_000,
            16_111_000_000,
            16_129_580_000,
        )
        assert quote.market_time == 1_647_612_163_651_613_184
        assert quote.session == "closed"
        assert quote.adv == 75_615_400 * 16_050_000_000

    def test_the_account_says_what_it_may_and_why_not(self, desk: AlpacaDesk) -> None:
        account = desk.broker.account()
        assert (account.cash, account.cash_flow, account.blocked) == (-2_314_020_000_000, None, "")
        assert account.permissions == ("short", "options:1")

    def test_a_word_nobody_knows_is_not_taken_for_another(self, desk: AlpacaDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.books.of(order.client_order_id).state = "teleported"
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)

    def test_executions_are_read_no_more_often_than_they_must(self, desk: AlpacaDesk) -> None:
        broker = desk.broker
        broker._pace.every = 600 * SECOND
        order = desk.order()
        broker.submit(order, NOW)
        broker.executions_since(0)
        asked = len(desk.vendor.asked)
        assert broker.executions_since(7).watermark == 7
        assert len(desk.vendor.asked) == asked
        desk.fill(order, order.quantity, order.limit_price)
        broker.positions()
        assert len(broker.executions_since(0).fills) == 1, "what was seen to move is read at once"


def test_the_secret_is_in_no_text_of_the_adapter() -> None:
    desk = AlpacaDesk()
    try:
        desk.broker.positions()
        desk.vendor.always = "html"
        with pytest.raises(BrokerAwayError) as torn:
            desk.broker.positions()
        seen = f"{vars(desk.broker)} {vars(desk.broker.session)} {torn.value!r} {torn.value}"
        assert SECRET not in seen
        assert KEY not in seen
    finally:
        desk.close()


@pytest.mark.recorded
def test_the_simulator_writes_what_the_recordings_do(recorded: Path) -> None:
    """Every field the adapter reads is in both, as the same kind of value."""
    rows = recorded / "broker/alpaca/trading_responses.jsonl"
    answers: dict[str, Any] = {}
    for line in rows.read_text().splitlines():
        row = json.loads(line)
        answers[row["case"]] = row["body"]
    examples = json.loads((recorded / "broker/alpaca/openapi_doc_examples.json").read_text())
    desk = AlpacaDesk()
    try:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        held = desk.vendor.books.of(order.client_order_id)
        pairs: list[tuple[type[msgspec.Struct], Any, Any]] = [
            (AlpacaOrder, examples["Order"]["example-1"], order_json(held)),
            (AlpacaAccount, answers["test_get_account"], ACCOUNT),
            (Asset, answers["test_get_asset"], ASSETS["AAPL"]),
            (Contract, answers["test_get_option_contract"], CONTRACT),
            (Position, examples["Position"]["example-1"], position_json("AAPL", UNIT)),
            (
                Activity,
                examples["TradingActivities"]["example-1"],
                activity_json("1::x", held.executions[0], held),
            ),
        ]
        for kind, theirs, ours in pairs:
            for value in (theirs, ours):
                assert decode(kind, json.dumps(value).encode(), "") is not None
            for name in kind.__struct_encode_fields__:
                assert (name in theirs) == (name in ours), (kind, name)
                if theirs.get(name) is not None and ours.get(name) is not None:
                    assert type(theirs[name]) is type(ours[name]), (kind, name)
    finally:
        desk.close()


@pytest.mark.recorded
def test_every_recorded_answer_is_read(recorded: Path) -> None:
    rows = recorded / "broker/alpaca/trading_responses.jsonl"
    read = 0
    for line in rows.read_text().splitlines():
        row = json.loads(line)
        if isinstance(row["body"], dict) and "client_order_id" in row["body"]:
            found = decode(AlpacaOrder, json.dumps(row["body"]).encode(), "")
            assert state_of(found) is OrderState.ACKNOWLEDGED
            read += 1
    with gzip.open(recorded / "broker/alpaca/data_responses.jsonl.gz", "rt") as file:
        for line in file:
            row = json.loads(line)
            if row["case"] == "test_get_snapshot_latest_quote_only":
                found_market = decode(Snapshots, json.dumps(row["body"]).encode(), "")
                assert found_market.snapshots["AAPL240126P00050000"].latest_quote is not None
                read += 1
    assert read > 5
