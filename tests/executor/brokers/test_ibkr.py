"""Interactive Brokers: the contract, and what is its own."""

import datetime as dt
import ipaddress
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.executor.brokers.contract import Told, VendorContract, VendorDesk
from tests.executor.brokers.ibkr_vendor import (
    AAPL,
    ACCOUNT,
    LEDGER,
    PROFILE,
    SPY,
    STOCKS,
    IbkrVendor,
    definition_json,
    order_json,
    position_json,
    tickle_json,
)
from tests.executor.building import NOW
from tests.executor.building import order as built
from vanta.domain.errors import UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.ibkr.client import IbkrBroker
from vanta.executor.brokers.ibkr.orders import LISTING_EVERY
from vanta.executor.brokers.ibkr.wire import (
    HARMLESS,
    Answer,
    Company,
    Definition,
    History,
    Ledger,
    PortfolioAccount,
    Position,
    Row,
    Tickle,
    state_of,
)
from vanta.executor.brokers.port import (
    Absent,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Rejected,
    Unknown,
)
from vanta.executor.brokers.rest.exact import decode
from vanta.executor.brokers.rest.throttle import Urgency

SURE = "\nAre you sure you want to submit this order?"
_TOO_FAR = (
    'The following order "BUY 5 AAPL NASDAQ.NMS @ 150.0" price exceeds \nthe Percentage constraint'
)
FAT_FINGER = ("o163", f"{_TOO_FAR} of 3%.{SURE}")
FILLS_AT_ONCE = ("o403", f"This order will most likely trigger and fill immediately.{SURE}")
CAP = ("o10153", "<h4>Confirm Mandatory Cap Price</h4>To avoid trading at a price that is not ...")


class IbkrDesk(VendorDesk):
    vendor: IbkrVendor

    def __init__(self) -> None:
        self.vendor = IbkrVendor()
        self.monotonic = SECOND
        self.made = []
        self.broker: IbkrBroker = self.make()

    def make(self, **changes: Any) -> IbkrBroker:  # noqa: ANN401
        given: dict[str, Any] = {
            "url": self.vendor.api, "timeout": 0.3, "per_minute": 60_000, "listing_every": 0,
            "monotonic": lambda: self.monotonic,
        }  # fmt: skip
        broker = IbkrBroker(ACCOUNT, lambda: self.vendor.books.now, **{**given, **changes})
        self.made.append(broker)
        return broker

    def order(self, **changes: object) -> Order:
        return msgspec.structs.replace(built("AAPL", 5, 160), broker="ibkr", **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        self.vendor.books.fill(order.client_order_id, quantity, price)

    def again(self) -> IbkrBroker:
        return self.make()

    def strangers(self) -> IbkrBroker:
        self.vendor.logged_in = False
        return self.make()

    def wait(self) -> None:
        self.monotonic += 600 * SECOND

    def asked(self, part: str) -> int:
        return sum(part in one.path for one in self.vendor.asked)


@pytest.fixture
def desk() -> Iterator[IbkrDesk]:
    made = IbkrDesk()
    made.wait()
    yield made
    made.close()


class TestIbkr(VendorContract):
    @pytest.fixture
    def desk(self) -> Iterator[IbkrDesk]:
        made = IbkrDesk()
        made.wait()
        yield made
        made.close()


class TestQuestions:
    def test_a_harmless_one_is_answered_with_yes(self, desk: IbkrDesk) -> None:
        desk.vendor.questions = [FILLS_AT_ONCE, CAP]
        order = desk.order()
        assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
        assert [yes for _, yes in desk.vendor.replies] == [True, True]
        assert len(desk.vendor.submissions()) == 1

    @pytest.mark.parametrize("before", [[], [FILLS_AT_ONCE]])
    def test_any_other_is_declined_and_the_order_rejected_with_its_text(
        self, desk: IbkrDesk, before: list[tuple[str, str]]
    ) -> None:
        desk.vendor.questions = [*before, FAT_FINGER]
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "o163"
        assert "price exceeds the Percentage constraint of 3%" in answer.reason
        assert desk.vendor.replies[-1][1] is False
        assert desk.vendor.waiting == {}
        assert desk.vendor.books.orders == {}

    @pytest.mark.parametrize(
        "asked",
        [
            ("o403", FAT_FINGER[1]),
            ("o403", CAP[1]),
            ("o163", FILLS_AT_ONCE[1]),
            ("", FILLS_AT_ONCE[1]),
            ("o403", ""),
        ],
    )
    def test_number_and_text_must_both_be_known(
        self, desk: IbkrDesk, asked: tuple[str, str]
    ) -> None:
        desk.vendor.questions = [asked]
        assert isinstance(desk.broker.submit(desk.order(), NOW), Rejected)
        assert desk.vendor.books.orders == {}

    def test_a_text_without_a_number_of_its_own_is_not_known(self) -> None:
        said = Answer(id="1", message=[FILLS_AT_ONCE[1], FAT_FINGER[1]], message_ids=["o403"])
        assert not said.harmless
        assert not Answer(id="1", message=[], message_ids=[]).harmless
        assert Answer(id="1", message=FILLS_AT_ONCE[1], message_ids=["o403"]).harmless

    def test_no_question_is_ever_suppressed(self, desk: IbkrDesk) -> None:
        desk.vendor.questions = [FILLS_AT_ONCE]
        desk.broker.submit(desk.order(), NOW)
        assert desk.asked("suppress") == 0

    def test_one_that_asks_for_ever_is_given_up_as_unknown(self, desk: IbkrDesk) -> None:
        desk.vendor.questions = [FILLS_AT_ONCE] * 9
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)
        assert len(desk.vendor.replies) <= 5

    def test_an_answer_that_is_not_heard_leaves_the_order_unknown(self, desk: IbkrDesk) -> None:
        desk.vendor.questions = [FILLS_AT_ONCE]
        plain = desk.vendor.submits
        desk.vendor.submits = lambda asked: "/reply/" in asked.path  # type: ignore[method-assign]
        desk.vendor.next.append("silent")
        order = desk.order()
        assert isinstance(desk.broker.submit(order, NOW), Unknown)
        desk.vendor.submits = plain  # type: ignore[method-assign]
        assert len(desk.vendor.replies) == 1, "it was said again"
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), BrokerOrder)

    def test_what_counts_as_harmless_is_what_ibind_knows_it_as(self) -> None:
        from ibind.client import ibkr_utils  # noqa: PLC0415 - the oracle, of this test alone

        known = ibkr_utils._MESSAGE_ID_TO_QUESTION_TYPE
        for name, text in HARMLESS.items():
            assert text in known[name][1], name


class TestTurns:
    """No turn at the vendor: rejected where nothing of the order was sent, and only there."""

    def test_an_order_that_finds_none_at_first_was_never_sent(self, desk: IbkrDesk) -> None:
        desk.broker.session._throttle.pause(MINUTE)
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "BROKER_THROTTLED"
        assert desk.vendor.submissions() == []

    def test_nor_one_that_finds_none_once_its_contract_is_known(
        self, desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inflight, throttle = desk.broker._inflight, desk.broker.session._throttle
        sent = inflight.sent

        def just_now(name: str) -> None:
            sent(name)
            throttle.pause(MINUTE)

        monkeypatch.setattr(inflight, "sent", just_now)
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert desk.vendor.submissions() == []

    def test_of_a_question_that_cannot_be_answered_nobody_knows(
        self, desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk.vendor.questions = [FILLS_AT_ONCE]
        throttle, submitted = desk.broker.session._throttle, desk.vendor.submissions
        take = throttle.take

        def once(urgency: Urgency) -> None:
            if submitted():
                throttle.pause(MINUTE)
            take(urgency)

        monkeypatch.setattr(throttle, "take", once)
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)
        assert len(submitted()) == 1


class TestRefusals:
    @pytest.mark.parametrize("status", [200, 400, 403])
    def test_a_refusal_is_rejected_in_the_vendors_words(self, desk: IbkrDesk, status: int) -> None:
        text = "We cannot accept an order at the limit price you selected."
        desk.vendor.refusal = (status, {"error": text, "action": "order_submit"})
        assert desk.broker.submit(desk.order(), NOW) == Rejected(str(status), text)

    @pytest.mark.parametrize(
        "told",
        [
            (500, {"error": "Order submission failed"}),
            (400, b"<html>blocked by a gateway</html>"),
            (404, {"error": "Resource not found"}),
            (200, []),
            (200, {}),
            (200, [{"order_id": "1"}, {"order_id": "2"}]),
        ],
    )
    def test_what_does_not_say_what_became_of_it_is_unknown(
        self, desk: IbkrDesk, told: tuple[int, Any]
    ) -> None:
        desk.vendor.refusal = told
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_a_second_of_one_id_is_unknown_and_never_rejected(self, desk: IbkrDesk) -> None:
        text = "Order couldn't be submitted: Local order ID=o-1 is already registered."
        desk.vendor.refusal = (200, {"error": text})
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)

    def test_what_is_no_single_us_share_is_rejected_unsent(self, desk: IbkrDesk) -> None:
        answer = desk.broker.submit(desk.order(symbol="NOSUCH"), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "NO_CONTRACT"
        half = desk.broker.submit(desk.order(quantity=UNIT // 2), NOW)
        assert isinstance(half, Rejected)
        assert half.code == "LOT"
        assert desk.vendor.submissions() == []


class TestSession:
    @pytest.mark.parametrize("field", ["authenticated", "connected"])
    def test_without_a_brokerage_session_the_broker_is_away(
        self, desk: IbkrDesk, field: str
    ) -> None:
        desk.vendor.status[field] = False
        with pytest.raises(BrokerAwayError) as away:
            desk.broker.positions()
        assert away.value.code == "BROKER_SESSION"
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)
        assert desk.vendor.submissions() == []

    def test_a_user_who_trades_elsewhere_is_not_fought(self, desk: IbkrDesk) -> None:
        desk.vendor.status["competing"] = True
        with pytest.raises(BrokerAwayError, match="another place"):
            desk.broker.open_orders()

    def test_the_account_must_be_the_sessions(self, desk: IbkrDesk) -> None:
        desk.vendor.accounts = ["DU7654321"]
        with pytest.raises(BrokerAwayError, match="not of this account"):
            desk.broker.account()

    def test_the_account_is_chosen_where_the_session_has_several(self, desk: IbkrDesk) -> None:
        desk.vendor.accounts = ["DU7654321", ACCOUNT]
        desk.vendor.selected = "DU7654321"
        desk.broker.open_orders()
        assert desk.vendor.selected == ACCOUNT

    def test_it_is_kept_alive_no_more_often_than_it_must(self, desk: IbkrDesk) -> None:
        desk.broker.open_orders()
        desk.monotonic += 40 * SECOND
        desk.broker.open_orders()
        assert desk.asked("/tickle") == 1
        desk.monotonic += 6 * SECOND
        desk.broker.open_orders()
        assert desk.asked("/tickle") == 2

    @pytest.mark.parametrize("whole", [True, False])
    def test_one_that_is_lost_is_noticed_and_begun_anew(
        self,
        desk: IbkrDesk,
        whole: bool,  # noqa: FBT001
    ) -> None:
        desk.broker.open_orders()
        desk.vendor.lose(gateway=whole)
        with pytest.raises(BrokerAwayError) as away:
            desk.broker.open_orders()
        assert away.value.code == ("BROKER_CREDENTIALS" if whole else "BROKER_SESSION")
        desk.vendor.logged_in = desk.vendor.status["connected"] = True
        assert desk.broker.open_orders() == ()


class TestOrders:
    def test_ids_that_roll_back_confuse_no_two_orders(self, desk: IbkrDesk) -> None:
        first, second = desk.order(), desk.order()
        desk.broker.submit(first, NOW)
        desk.fill(first, first.quantity, first.limit_price)
        old = int(desk.vendor.books.of(first.client_order_id).id)
        desk.vendor.rolled[second.client_order_id] = old
        answer = desk.broker.submit(second, NOW)
        assert isinstance(answer, Acknowledged)
        assert answer.broker_order_id == str(old)
        told = Told(desk.broker).poll()
        assert (told.filled(first), told.filled(second)) == (first.quantity, 0)
        assert desk.broker.cancel(second.client_order_id) is OrderState.CANCELLED
        assert desk.broker.cancel(first.client_order_id) is OrderState.FILLED
        assert told.poll(2).ends(second) == [OrderState.CANCELLED]
        assert told.ends(first) == []

    def test_a_listing_that_is_not_together_is_never_an_empty_one(self, desk: IbkrDesk) -> None:
        desk.broker.submit(desk.order(), NOW)
        desk.vendor.gathered = False
        with pytest.raises(BrokerAwayError):
            desk.broker.open_orders()
        assert len(desk.broker.open_orders()) == 1

    def test_one_that_is_being_gathered_is_left_its_time_but_by_a_cancellation(
        self, desk: IbkrDesk
    ) -> None:
        broker, order = desk.make(listing_every=LISTING_EVERY), desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.gathered = False
        for _ in range(3):
            with pytest.raises(BrokerAwayError):
                broker.open_orders()
        assert desk.asked("/account/orders") == 1
        broker.cancel(order.client_order_id)
        assert desk.vendor.books.of(order.client_order_id).state == "cancelled"

    def test_two_orders_under_one_id_are_unknown_and_both_cancelled(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.books.take(order.client_order_id, "AAPL", "buy", UNIT, UNIT)
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED
        assert desk.broker.open_orders() == ()
        assert Told(desk.broker).poll().ends(order) == [OrderState.CANCELLED]

    def test_an_inactive_order_is_alive_until_it_is_cancelled(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(order.client_order_id)
        held.state = "Inactive"
        [shown] = desk.broker.open_orders()
        assert (shown.state, shown.reason) == (OrderState.ACKNOWLEDGED, "INACTIVE")
        assert Told(desk.broker).poll(2).ends(order) == []

    def test_a_word_nobody_knows_is_not_taken_for_another(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.books.of(order.client_order_id).state = "teleported"
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)

    def test_an_order_of_another_day_is_not_called_absent(self, desk: IbkrDesk) -> None:
        name = desk.order().client_order_id
        assert isinstance(desk.broker.order_status(name, NOW - DAY), Unknown)
        assert isinstance(desk.broker.cancel(name), Unknown)
        assert desk.broker.order_status(name, NOW) == Absent()

    def test_an_order_that_executed_is_not_absent_though_it_is_not_listed(
        self, desk: IbkrDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, order.quantity, order.limit_price)
        vars(desk.vendor)["_list"] = lambda: (200, {"orders": [], "snapshot": True})
        desk.wait()
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)

    def test_listings_are_asked_for_at_the_vendors_pace(self, desk: IbkrDesk) -> None:
        broker = desk.make(listing_every=LISTING_EVERY)
        broker.open_orders()
        order = desk.order()
        broker.submit(order, NOW)
        before = desk.asked("/account/orders")
        [shown] = broker.open_orders()
        assert shown.client_order_id == order.client_order_id, "it is known although not listed"
        broker.executions_since(0)
        broker.executions_since(0)
        assert isinstance(broker.cancel(order.client_order_id), Unknown)
        assert desk.vendor.books.of(order.client_order_id).state == "cancelled"
        assert desk.asked("/account/orders") == before
        assert desk.asked("/account/trades") == 1
        desk.monotonic += LISTING_EVERY
        assert broker.cancel(order.client_order_id) is OrderState.CANCELLED
        assert desk.asked("/account/orders") == before + 1


class TestExecutions:
    def test_a_fill_has_every_digit_and_its_commission(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, 2 * UNIT, 16_012_345_678)
        [fill] = Told(desk.broker).poll().fills.values()
        assert (fill.price, fill.quantity, fill.fee) == (16_012_345_678, 2 * UNIT, 101_000_000)
        assert (fill.symbol, fill.side) == ("AAPL", "buy")
        assert fill.id.startswith("ibkr-0000e0d5.")

    def test_an_order_placed_elsewhere_is_shown_and_is_none_of_ours(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        desk.vendor.unnamed = True
        [shown] = desk.broker.open_orders()
        [fill] = Told(desk.broker).poll().fills.values()
        assert shown.client_order_id == f"ibkr-{shown.broker_order_id}"
        assert fill.client_order_id.startswith("ibkr-0000e0d5.")

    def test_another_account_of_the_session_is_left_out(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        desk.vendor.belongs = {"acct": "DU7654321", "account": "DU7654321"}
        assert desk.broker.open_orders() == ()
        assert Told(desk.broker).poll().fills == {}

    def test_a_commission_that_is_not_known_yet_holds_no_fill_back(self, desk: IbkrDesk) -> None:
        desk.vendor.commission = None
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert fill.fee == 0

    def test_a_correction_is_not_a_second_fill(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, order.quantity, order.limit_price)
        told = Told(desk.broker).poll()
        desk.vendor.corrected = True
        assert told.poll(2).filled(order) == order.quantity
        assert len(told.fills) == 1
        told.broker = desk.again()
        assert told.poll().filled(order) == order.quantity, "nor is it to another process"

    def test_a_quiet_account_does_not_fall_behind(self, desk: IbkrDesk) -> None:
        told = Told(desk.broker).poll()
        for _ in range(10):
            desk.vendor.books.now += DAY
            told.poll()
        assert desk.vendor.books.now - told.watermark < 3 * DAY

    def test_days_are_asked_for_as_far_back_as_the_watermark(self, desk: IbkrDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        told = Told(desk.broker).poll()
        desk.fill(order, UNIT, order.limit_price)
        desk.vendor.books.now += 4 * DAY
        told.broker = desk.again()
        assert told.poll().filled(order) == 2 * UNIT
        days = [one.query["days"] for one in desk.vendor.asked if "/account/trades" in one.path]
        assert days == ["7", "6"]
        desk.vendor.books.now += 60 * DAY
        desk.again().executions_since(told.watermark)
        assert desk.vendor.asked[-1].query["days"] == "7", "no more than the vendor has"


class TestMarket:
    def test_a_quote_has_every_digit_and_its_own_time(self, desk: IbkrDesk) -> None:
        desk.vendor.market |= {"31": "C1,193.1850", "84": "1,193.06", "86": "1,193.14"}
        quote = desk.broker.quote("AAPL", NOW)
        assert quote is not None
        assert (quote.last, quote.bid, quote.ask) == (
            119_318_500_000,
            119_306_000_000,
            119_314_000_000,
        )
        assert quote.session == "open"
        assert quote.ts == quote.market_time == desk.vendor.books.now // 10**6 * 10**6

    def test_a_halt_and_a_closed_market_are_said(self, desk: IbkrDesk) -> None:
        desk.vendor.market["31"] = "H193.18"
        quote = desk.broker.quote("AAPL", NOW)
        assert quote is not None
        assert quote.session == "halted"
        desk.vendor.market["31"] = "193.18"
        desk.vendor.hours = (3600, 7200)
        quote = desk.again().quote("AAPL", NOW)
        assert quote is not None
        assert quote.session == "closed"

    @pytest.mark.parametrize(
        "market",
        [
            {"6509": "DpB"},
            {"6509": "ZB"},
            {"6509": "N"},
            {"84": None},
            {"86": None},
            {"6509": None},
        ],
    )
    def test_what_is_late_or_one_sided_is_no_quote(
        self, desk: IbkrDesk, market: dict[str, Any]
    ) -> None:
        desk.vendor.market |= market
        assert desk.broker.quote("AAPL", NOW) is None

    @pytest.mark.parametrize("text", ["", "-1", "NaN", "1,93.06", "X193.06", "193.06 ", "1e3"])
    def test_a_price_that_cannot_be_read_is_not_guessed(self, desk: IbkrDesk, text: str) -> None:
        desk.vendor.market["84"] = text
        with pytest.raises(BrokerAwayError):
            desk.broker.quote("AAPL", NOW)

    def test_a_contract_is_looked_up_once_and_is_what_it_says(self, desk: IbkrDesk) -> None:
        found = desk.broker.instrument("AAPL")
        assert found is not None
        assert desk.broker.instrument("AAPL") == found
        assert desk.asked("/trsrv/") == 2
        desk.vendor.books.now += DAY
        assert desk.broker.instrument("AAPL") == found
        assert desk.asked("/trsrv/") == 4, "it is kept for the day"
        assert (found.tick, found.lot, found.asset_class) == (UNIT // 100, UNIT, "equity")

    def test_a_symbol_of_several_companies_is_no_contract(
        self, desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(STOCKS, "AAPL", [*STOCKS["AAPL"], *STOCKS["BRK B"]])
        assert desk.broker.instrument("AAPL") is None
        answer = desk.broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        assert answer.code == "NO_CONTRACT"

    @pytest.mark.parametrize(
        "change",
        [{"ticker": "AAPX"}, {"currency": "MXN"}, {"assetClass": "CFD"}, {"incrementRules": []}],
    )
    def test_a_contract_that_is_another_is_not_traded(
        self, desk: IbkrDesk, change: dict[str, Any]
    ) -> None:
        desk.vendor.definitions[AAPL] = change
        with pytest.raises(BrokerAwayError):
            desk.broker.instrument("AAPL")
        assert isinstance(desk.broker.submit(desk.order(), NOW), Unknown)
        assert desk.vendor.submissions() == []

    def test_a_share_class_is_named_as_we_name_it_everywhere(self, desk: IbkrDesk) -> None:
        order = desk.order(symbol="BRK.B")
        assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
        [shown] = desk.broker.open_orders()
        desk.fill(order, order.quantity, order.limit_price)
        [fill] = Told(desk.broker).poll().fills.values()
        assert shown.symbol == fill.symbol == "BRK.B"
        assert desk.broker.positions() == {"BRK.B": order.quantity}


class TestAccount:
    def test_every_page_of_positions_is_read(self, desk: IbkrDesk) -> None:
        desk.vendor.page = 3
        held = {f"A{n}": (n + 1) * UNIT for n in range(7)}
        desk.vendor.books.positions.update(held)
        assert desk.broker.positions() == held

    def test_pages_that_moved_are_read_again_and_not_added_up(self, desk: IbkrDesk) -> None:
        desk.vendor.books.positions["AAPL"] = UNIT
        page = [position_json("AAPL", UNIT)]
        vars(desk.vendor)["_positions"] = lambda number: (200, page if number < 2 else [])
        with pytest.raises(BrokerAwayError, match="two pages"):
            desk.broker.positions()

    def test_it_says_what_it_may_and_why_not(
        self, desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = desk.broker.account()
        assert (account.cash, account.buying_power) == (98_537_694_000_000, 394_150_776_000_000)
        assert (account.cash_flow, account.fees, account.blocked) == (None, None, "")
        assert account.permissions == ("short",)
        shut = {"clearingStatus": "C", "brokerageAccess": False, "tradingType": "STKCASH"}
        for name, value in shut.items():
            monkeypatch.setitem(PROFILE, name, value)
        account = desk.again().account()
        assert account.blocked == "clearing C, no brokerage access"
        assert account.permissions == ()

    def test_buying_power_in_other_money_is_not_taken_for_dollars(
        self, desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        euros = {"amount": 1.0, "currency": "EUR"}
        monkeypatch.setattr("tests.executor.brokers.ibkr_vendor.amount_json", lambda _: euros)
        assert desk.broker.account().buying_power is None

    @pytest.mark.parametrize("unknown", [{"assetClass": None}, {"ticker": None}])
    def test_a_position_the_gateway_cannot_name_yet_is_not_called_something_else(
        self, desk: IbkrDesk, unknown: dict[str, Any]
    ) -> None:
        desk.vendor.books.positions["AAPL"] = UNIT
        desk.vendor.position = unknown
        with pytest.raises(BrokerAwayError):
            desk.broker.positions()

    def test_what_is_no_share_keeps_the_vendors_name(self, desk: IbkrDesk) -> None:
        desk.vendor.books.positions["AAPL"] = UNIT
        name = "AAPL  240119C00190000"
        desk.vendor.position = {"assetClass": "OPT", "contractDesc": name}
        assert desk.broker.positions() == {name: UNIT}


class TestWire:
    def test_only_the_gateways_own_certificate_is_trusted(self, tmp_path: Path) -> None:
        ours, another = certificate(tmp_path, "gateway"), certificate(tmp_path, "another")
        desk = IbkrDesk()
        try:
            desk.vendor.secure(*ours)
            assert desk.make(certificate=ours[0]).positions() == {}
            for wrong in (another[0], None):
                stranger = desk.make(certificate=wrong)
                with pytest.raises(BrokerAwayError, match="not trusted"):
                    stranger.positions()
                assert isinstance(stranger.submit(desk.order(), NOW), Unknown)
            assert desk.vendor.submissions() == []
        finally:
            desk.close()

    def test_ibind_neither_reads_the_environment_nor_writes_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, desk: IbkrDesk
    ) -> None:
        monkeypatch.chdir(tmp_path)
        api = desk.broker._portal.api
        assert (api._max_retries, api.use_session, api._use_oauth) == (0, False, False)
        assert api.logger.disabled
        assert not hasattr(api, "_session")
        desk.broker.submit(desk.order(), NOW)
        assert list(tmp_path.iterdir()) == []

    def test_without_ibind_the_node_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, desk: IbkrDesk
    ) -> None:
        monkeypatch.setitem(sys.modules, "ibind", None)
        with pytest.raises(UnavailableError) as missing:
            desk.make()
        assert missing.value.code == "NO_IBIND"
        assert "vanta[executor,ibkr]" in missing.value.remedy


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate of this machine, as the gateway is given one."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


@pytest.fixture(scope="module")
def answers(recorded: Path) -> dict[str, Any]:
    text = (recorded / "broker/ibkr/client_portal_responses.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.recorded
def test_the_simulator_writes_what_the_recordings_do(answers: dict[str, Any]) -> None:
    """Every field the adapter reads is in both, as the same kind of value."""
    desk = IbkrDesk()
    try:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(order.client_order_id)
        position = answers["positions"][0]
        pairs: list[tuple[type[msgspec.Struct], Any, Any]] = [
            (Row, answers["live_orders"][0], order_json(held, 1)),
            (Tickle, answers["tickle"], tickle_json(desk.vendor.status)),
            (PortfolioAccount, answers["accounts"][0], PROFILE),
            (Ledger, answers["ledger"]["USD"], LEDGER),
            (Position, position, position_json("SPY", UNIT)),
            (Definition, position, definition_json(SPY)),
            (Company, answers["stocks"]["AAPL"][0], STOCKS["AAPL"][0]),
        ]
        for kind, theirs, ours in pairs:
            for value in (theirs, ours):
                assert decode(kind, json.dumps(value).encode(), "") is not None
            for name in kind.__struct_encode_fields__:
                assert name in theirs, (kind, name)
                assert name in ours, (kind, name)
                if theirs[name] is not None and ours[name] is not None:
                    assert type(theirs[name]) is type(ours[name]), (kind, name)
    finally:
        desk.close()


@pytest.mark.recorded
def test_every_recorded_answer_is_read(answers: dict[str, Any]) -> None:
    def read(kind: Any, value: Any) -> Any:  # noqa: ANN401
        return decode(kind, json.dumps(value).encode(), "")

    for row in read(list[Row], answers["live_orders"]):
        assert state_of(row) is OrderState.ACKNOWLEDGED
        assert row.symbol == "SPY"
    [position] = read(list[Position], answers["positions"])
    assert (position.symbol, position.position) == ("SPY", 100)
    assert len(read(dict[str, list[Company]], answers["stocks"])) > 10
    assert read(dict[str, Ledger], answers["ledger"])["USD"].cash
    for history in read(dict[str, History], answers["history"]).values():
        assert history.data
    status = read(Tickle, answers["tickle"]).iserver.auth_status
    assert status.authenticated
    assert status.connected


@pytest.mark.recorded
def test_the_recorded_symbols_are_found_as_the_recording_says(
    answers: dict[str, Any], desk: IbkrDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One US share is found; where a symbol has none, nothing is."""
    from tests.executor.brokers import ibkr_vendor  # noqa: PLC0415 - its table is exchanged

    monkeypatch.setattr(ibkr_vendor, "STOCKS", answers["stocks"])
    monkeypatch.setattr(
        ibkr_vendor, "NAMES", {conid: name for name, conid in answers["conids"].items()}
    )
    found = 0
    for symbol, companies in answers["stocks"].items():
        shares = [
            one["conid"] for company in companies for one in company["contracts"] if one["isUS"]
        ]
        contract = desk.broker.instrument(symbol)
        assert (contract is not None) == (len(shares) == 1), symbol
        if contract is not None:
            kept = desk.broker._contracts.find(symbol)
            assert kept is not None
            assert [kept.conid] == shares == [answers["conids"][symbol]]
            found += 1
    assert found > 5
