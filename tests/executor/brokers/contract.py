"""What every broker's adapter is held to, whichever vendor is behind it.

A test file makes a `Desk` for its vendor and inherits: `Contract` is for every broker, and
`VendorContract` for those reached over HTTP, whose simulator misbehaves on demand.
"""

import contextlib
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import pytest

from tests.executor.brokers.vendor import NEVER_ARRIVES, TAKEN_THEN, VendorServer
from tests.executor.building import NOW
from vanta.domain.exact import FINEST, UNIT
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Fill, Order, OrderState
from vanta.executor.brokers.port import (
    Absent,
    Acknowledged,
    Bookkeeping,
    Broker,
    BrokerAwayError,
    BrokerOrder,
    Ended,
    Rejected,
    Troubled,
    Unknown,
)


class Closing(Protocol):
    def close(self) -> None: ...


class Desk(ABC):
    """A broker, and the vendor behind it."""

    broker: Broker
    sums = False
    """Whether the vendor tells sums instead of executions."""

    @abstractmethod
    def order(self, **changes: object) -> Order:
        """An order this vendor takes, under a new client order id."""

    @abstractmethod
    def fill(self, order: Order, quantity: int, price: int) -> None:
        """Let something of it be executed."""

    def keeps_coin(self, share: str) -> bool:  # noqa: ARG002 - not all can
        """Let purchases cost that share of the coin bought; False where the vendor never does."""
        return False

    def post(self, amount: str) -> bool:  # noqa: ARG002 - not all do
        """Let a fee come later; False where the vendor tells none."""
        return False

    @abstractmethod
    def again(self) -> Broker:
        """The broker of another process, with the memory of none."""

    @abstractmethod
    def close(self) -> None:
        """End what was started."""


class Told:
    """What a reader of executions has taken in, as the book does: every fill once."""

    def __init__(self, broker: Broker, watermark: int = 0) -> None:
        self.broker, self.watermark = broker, watermark
        self.fills: dict[str, Fill] = {}
        self.sums: Counter[str] = Counter()
        self.ended: list[Ended] = []
        self.repeated = 0

    def poll(self, times: int = 1) -> "Told":
        for _ in range(times):
            news = self.broker.executions_since(self.watermark)
            self.repeated += sum(fill.id in self.fills for fill in news.fills)
            self.fills.update({fill.id: fill for fill in news.fills})
            for one in news.sums:
                self.sums[one.client_order_id] = max(self.sums[one.client_order_id], one.filled)
            known = {one.client_order_id for one in self.ended}
            self.ended += [one for one in news.ended if one.client_order_id not in known]
            self.watermark = news.watermark
        return self

    def filled(self, order: Order) -> int:
        name = order.client_order_id
        single = sum(one.quantity for one in self.fills.values() if one.client_order_id == name)
        return single + self.sums[name]

    def ends(self, order: Order) -> list[OrderState]:
        return [one.state for one in self.ended if one.client_order_id == order.client_order_id]


class Contract:
    """For every broker."""

    @pytest.fixture
    def desk(self) -> Iterator[Desk]:
        raise NotImplementedError

    def test_an_order_is_acknowledged_and_alive(self, desk: Desk) -> None:
        order = desk.order()
        answer = desk.broker.submit(order, NOW)
        assert isinstance(answer, Acknowledged), answer
        assert answer.broker_order_id
        status = desk.broker.order_status(order.client_order_id, NOW)
        assert isinstance(status, BrokerOrder)
        assert status.client_order_id == order.client_order_id
        assert status.broker_order_id == answer.broker_order_id
        assert (status.symbol, status.quantity, status.filled) == (order.symbol, order.quantity, 0)
        assert status.state is OrderState.ACKNOWLEDGED
        assert desk.broker.open_orders() == (status,)

    def test_a_second_submission_is_what_the_broker_promises(self, desk: Desk) -> None:
        if not desk.broker.resubmits:
            pytest.skip("it promises nothing, and is never sent a second one")
        order = desk.order()
        first = desk.broker.submit(order, NOW)
        assert desk.broker.submit(order, NOW) == first
        assert desk.again().submit(order, NOW) == first
        assert len(desk.broker.open_orders()) == 1

    def test_several_fills_are_all_told_and_each_once(self, desk: Desk) -> None:
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        told = Told(desk.broker)
        for _ in range(3):
            desk.fill(order, UNIT, order.limit_price)
            told.poll(2)
        told.poll(6)
        assert told.filled(order) == 3 * UNIT
        assert told.repeated == 0
        assert told.ends(order) == []
        assert desk.broker.positions() == {order.symbol: 3 * UNIT}
        assert desk.broker.open_orders() == ()
        status = desk.broker.order_status(order.client_order_id, NOW)
        assert isinstance(status, BrokerOrder)
        assert (status.state, status.filled) == (OrderState.FILLED, 3 * UNIT)

    def test_another_process_goes_on_from_the_watermark(self, desk: Desk) -> None:
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        told = Told(desk.broker).poll()
        desk.fill(order, 2 * UNIT, order.limit_price)
        told.broker = desk.again()
        told.poll(6)
        assert told.filled(order) == 3 * UNIT

    def test_cancelling_ends_an_order_once(self, desk: Desk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED
        told = Told(desk.broker).poll(3)
        assert told.ends(order) == [OrderState.CANCELLED]
        assert told.filled(order) == 0
        assert desk.broker.open_orders() == ()

    def test_a_fee_kept_in_coin_is_told_to_its_last_digit_and_is_not_there(
        self, desk: Desk
    ) -> None:
        order = desk.order(quantity=3 * UNIT)
        if not desk.keeps_coin("0.0012345678901"):
            pytest.skip("its fees are money")
        desk.broker.submit(order, NOW)
        for _ in range(3):
            desk.fill(order, UNIT, order.limit_price)
        fills = Told(desk.broker).poll(2).fills.values()
        assert [fill.kept for fill in fills] == [1_234_567_890_100_000] * 3
        assert [fill.quantity for fill in fills] == [UNIT] * 3
        worth = -(-order.limit_price * 12_345_678_901 // 10**13)
        assert [(fill.fee, fill.taken) for fill in fills] == [(worth, 0)] * 3
        left = (3 * UNIT * FINEST - 3 * 1_234_567_890_100_000) // FINEST
        assert desk.broker.positions() == {order.symbol: left}

    def test_a_fee_told_later_has_an_id_and_is_told_to_every_process(self, desk: Desk) -> None:
        if not all(desk.post(amount) for amount in ("-0.03", "-0.04", "-0.05", "-0.06", "0.01")):
            assert not isinstance(desk.broker, Bookkeeping)
            pytest.skip("it tells of no fees later")
        assert isinstance(desk.broker, Bookkeeping)
        told = desk.broker.movements_since(NOW - DAY)
        assert [one.amount for one in told] == [-one * UNIT // 100 for one in (3, 4, 5, 6, -1)]
        assert {(one.kind, one.coin, one.symbol) for one in told} == {("fee", 0, "")}
        assert {one.day for one in told} == {NOW // DAY * DAY}
        assert len({one.id for one in told}) == 5
        again = desk.again()
        assert isinstance(again, Bookkeeping)
        assert again.movements_since(NOW - DAY) == told
        assert again.movements_since(NOW + 2 * DAY) == ()

    def test_an_order_nobody_sent_is_absent(self, desk: Desk) -> None:
        order = desk.order()
        assert desk.broker.order_status(order.client_order_id, NOW) == Absent()
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_a_quote_holds_together_and_is_exact(self, desk: Desk) -> None:
        symbol = desk.order().symbol
        quote = desk.broker.quote(symbol, NOW)
        assert quote is not None
        assert 0 < quote.bid <= quote.ask
        assert quote.adv > 0
        assert quote.symbol == symbol == quote.instrument.symbol
        assert desk.broker.instrument(symbol) == quote.instrument
        assert desk.broker.quote("NOSUCH", NOW) is None
        assert desk.broker.instrument("NOSUCH") is None


class VendorDesk(Desk):
    """A vendor reached over HTTP."""

    vendor: VendorServer
    made: list[Closing]
    """Every broker that was made."""

    @abstractmethod
    def strangers(self) -> Broker:
        """The broker with wrong credentials."""

    @abstractmethod
    def wait(self) -> None:
        """Let every order that may be on its way have landed."""

    def close(self) -> None:
        for broker in self.made:
            broker.close()
        self.vendor.close()


class VendorContract(Contract):
    """For every vendor over HTTP."""

    @pytest.mark.parametrize("wrong", [*TAKEN_THEN])
    def test_taken_and_not_answered_is_unknown_and_found(
        self, desk: VendorDesk, wrong: str
    ) -> None:
        order = desk.order()
        desk.vendor.next.append(wrong)
        answer = desk.broker.submit(order, NOW)
        assert isinstance(answer, Unknown), answer
        assert len(desk.vendor.submissions()) == 1, "it was sent again"
        found = desk.broker.order_status(order.client_order_id, NOW)
        assert isinstance(found, BrokerOrder)
        desk.fill(order, order.quantity, order.limit_price)
        assert Told(desk.broker).poll(2).filled(order) == order.quantity

    @pytest.mark.parametrize("wrong", [*NEVER_ARRIVES])
    def test_never_taken_is_unknown_and_then_absent(self, desk: VendorDesk, wrong: str) -> None:
        order = desk.order()
        desk.vendor.next.append(wrong)
        assert isinstance(desk.broker.submit(order, NOW), Unknown)
        if wrong == "429":
            # It was asked for a second of silence, and keeps it.
            assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        desk.wait()
        assert desk.broker.order_status(order.client_order_id, NOW) == Absent()
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_what_may_still_land_is_not_given_up(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.vendor.next.append("lost")
        desk.broker.submit(order, NOW)
        if not desk.broker.resubmits:
            assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)

    def test_what_the_process_before_sent_may_still_land(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.vendor.next.append("lost")
        desk.broker.submit(order, NOW)
        desk.wait()
        broker = desk.again()
        if not broker.resubmits:
            assert isinstance(broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(broker.cancel(order.client_order_id), Unknown)
        desk.wait()
        assert broker.order_status(order.client_order_id, NOW) == Absent()
        assert broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_what_is_listed_late_is_told_all_the_same(self, desk: VendorDesk) -> None:
        if desk.sums:
            pytest.skip("a sum is never listed late")
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        name, books = order.client_order_id, desk.vendor.books
        first = books.fill(name, UNIT, order.limit_price)
        first.hidden = True
        books.fill(name, UNIT, order.limit_price)
        told = Told(desk.broker).poll(2)
        assert told.filled(order) == UNIT
        watermark, before = told.watermark, set(told.fills)
        first.hidden = False
        assert told.poll().filled(order) == 2 * UNIT
        assert told.repeated == 0
        again = Told(desk.again(), watermark).poll()
        [late] = told.fills.keys() - before
        assert late in again.fills

    def test_an_order_that_was_taken_and_is_not_shown_is_not_over(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.wait()
        desk.vendor.books.orders.clear()
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        assert isinstance(desk.again().cancel(order.client_order_id), Unknown)

    def test_a_vendor_that_is_down_is_away_and_unknown(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.vendor.close()
        assert isinstance(desk.broker.submit(order, NOW), Unknown)
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        for read in (desk.broker.open_orders, desk.broker.positions, desk.broker.account):
            with pytest.raises(BrokerAwayError):
                read()
        with pytest.raises(BrokerAwayError):
            desk.broker.executions_since(0)

    @pytest.mark.parametrize("wrong", ["500", "html", "half", "torn", "429", "redirect"])
    def test_a_read_that_is_not_answered_is_never_an_empty_one(
        self, desk: VendorDesk, wrong: str
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.always = wrong
        for read in (desk.broker.open_orders, desk.broker.positions, desk.broker.account):
            with pytest.raises(BrokerAwayError):
                read()
        assert isinstance(desk.broker.order_status(order.client_order_id, NOW), Unknown)
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        with pytest.raises(BrokerAwayError):
            desk.broker.executions_since(0)

    def test_wrong_credentials_say_so_and_take_nothing(self, desk: VendorDesk) -> None:
        broker = desk.strangers()
        answer = broker.submit(desk.order(), NOW)
        assert isinstance(answer, Rejected)
        with pytest.raises(BrokerAwayError) as refused:
            broker.positions()
        assert refused.value.code == "BROKER_CREDENTIALS"
        assert "wrong" not in f"{refused.value!r}{answer}{vars(broker)}"
        assert desk.vendor.books.orders == {}

    def test_an_end_is_told_after_what_was_filled_before_it(self, desk: VendorDesk) -> None:
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        told = Told(desk.broker).poll()
        desk.fill(order, UNIT, order.limit_price)
        held = desk.vendor.books.of(held_id(desk, order))
        if not desk.sums:
            held.executions[0].hidden = True
        desk.vendor.books.end(held)
        if not desk.sums:
            assert told.poll(2).ends(order) == []
            held.executions[0].hidden = False
        told.poll(2)
        assert told.filled(order) == UNIT
        assert told.ends(order) == [OrderState.CANCELLED]

    def test_an_order_that_is_not_listed_yet_is_followed_to_its_end(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(held_id(desk, order))
        told = Told(desk.broker)
        held.unlisted = True
        assert told.poll(2).ends(order) == []
        held.unlisted = False
        told.poll(2)
        desk.vendor.books.end(held)
        assert told.poll(2).ends(order) == [OrderState.CANCELLED]

    def test_a_cancelled_order_is_not_over_before_what_it_filled_is_told(
        self, desk: VendorDesk
    ) -> None:
        if desk.sums:
            pytest.skip("a sum is never listed late")
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        told = Told(desk.broker).poll()
        desk.fill(order, UNIT, order.limit_price)
        [late] = desk.vendor.books.of(held_id(desk, order)).executions
        late.hidden = True
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        assert told.poll(2).ends(order) == []
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        late.hidden = False
        assert told.poll(2).filled(order) == UNIT
        assert told.ends(order) == [OrderState.CANCELLED]
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_an_end_nobody_saw_is_told_to_the_next_process(self, desk: VendorDesk) -> None:
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        told = Told(desk.broker).poll()
        desk.fill(order, UNIT, order.limit_price)
        desk.vendor.books.end(desk.vendor.books.of(held_id(desk, order)), "expired")
        told.broker = desk.again()
        told.poll(2)
        assert told.filled(order) == UNIT
        assert told.ends(order) == [OrderState.CANCELLED]

    def test_every_page_is_read_though_all_happened_at_once(self, desk: VendorDesk) -> None:
        orders = [desk.order(quantity=2 * UNIT) for _ in range(7)]
        told = Told(desk.broker)
        for order in orders:
            assert isinstance(desk.broker.submit(order, NOW), Acknowledged)
        assert len(desk.broker.open_orders()) == 7
        at = desk.vendor.books.tick()
        for part in range(2):
            for order in orders:
                desk.vendor.books.fill(held_id(desk, order), UNIT, order.limit_price, ts=at)
            told.poll(2)
            assert [told.filled(order) for order in orders] == [(part + 1) * UNIT] * 7
        assert told.repeated == 0

    def test_a_fill_finer_than_a_unit_is_refused_and_never_rounded(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        [done] = desk.vendor.books.of(held_id(desk, order)).executions
        finer = 12_345_678.9 if desk.sums else Decimal("12345678.9")
        done.quantity = finer  # type: ignore[assignment]
        with pytest.raises(BrokerAwayError, match=r"0.123456789 is finer than 10\^-8"):
            desk.broker.executions_since(0)
        done.quantity = UNIT
        assert Told(desk.broker).poll(2).filled(order) == UNIT

    @pytest.mark.parametrize("none", ["sNaN", "NaN", "Infinity", "1E+999999999", 1e25])
    def test_what_is_no_number_is_an_answer_that_cannot_be_read(
        self, desk: VendorDesk, none: object
    ) -> None:
        order = desk.order(quantity=3 * UNIT)
        desk.broker.submit(order, NOW)
        desk.fill(order, UNIT, order.limit_price)
        told: dict[str, object] = {}

        def reads() -> None:
            broker = desk.again()
            for read in (
                lambda: broker.quote(order.symbol, NOW), broker.positions, broker.account,
                broker.open_orders, lambda: broker.executions_since(0),
            ):  # fmt: skip
                with contextlib.suppress(BrokerAwayError):
                    read()

        desk.vendor.mangle = lambda asked, value: told.setdefault(asked.path, value)
        reads()
        for path, value in told.items():
            for where in numbers(value):
                desk.vendor.mangle = lambda asked, value, path=path, where=where: (  # type: ignore[misc]
                    put(value, where, none) if asked.path == path else value
                )
                reads()

    def test_a_short_position_is_negative(self, desk: VendorDesk) -> None:
        order = desk.order(side="sell")
        desk.broker.submit(order, NOW)
        desk.fill(order, order.quantity, order.limit_price)
        assert desk.broker.positions() == {order.symbol: -order.quantity}
        assert Told(desk.broker).poll(2).filled(order) == order.quantity

    def test_a_cancellation_that_is_only_asked_for_is_not_over(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(held_id(desk, order))
        held.stubborn = True
        assert isinstance(desk.broker.cancel(order.client_order_id), Unknown)
        assert len(desk.broker.open_orders()) == 1
        held.stubborn = False
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_a_cancellation_that_comes_too_late_says_filled(self, desk: VendorDesk) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.fill(order, order.quantity, order.limit_price)
        assert desk.broker.cancel(order.client_order_id) is OrderState.FILLED

    def test_a_cancellation_is_asked_for_though_the_vendor_wants_silence(
        self, desk: VendorDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.always = "429"
        with pytest.raises(BrokerAwayError):
            desk.broker.positions()
        desk.vendor.always = ""
        with pytest.raises(BrokerAwayError):
            desk.broker.positions()
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED

    def test_a_cancellation_is_asked_for_though_the_vendor_keeps_failing(
        self, desk: VendorDesk
    ) -> None:
        order = desk.order()
        desk.broker.submit(order, NOW)
        desk.vendor.always = "500"
        for _ in range(10):
            with pytest.raises(BrokerAwayError):
                desk.broker.positions()
        asked = len(desk.vendor.asked)
        with pytest.raises(BrokerAwayError):
            desk.broker.positions()
        assert len(desk.vendor.asked) == asked, "it is not left alone"
        desk.vendor.always = ""
        assert desk.broker.cancel(order.client_order_id) is OrderState.CANCELLED
        # What a cancellation heard is as good as a try: the vendor is back.
        assert desk.broker.positions() == {}

    def test_prices_and_quantities_go_out_to_the_last_digit(self, desk: VendorDesk) -> None:
        order = desk.order(limit_price=123 * UNIT + 45 * UNIT // 100)
        desk.broker.submit(order, NOW)
        held = desk.vendor.books.of(held_id(desk, order))
        assert (held.limit, held.quantity) == (order.limit_price, order.quantity)

    @pytest.mark.parametrize(("ahead", "there"), [(1, True), (2, True), (3, False), (10**9, False)])
    def test_a_price_of_a_time_that_is_yet_to_come_is_none(
        self,
        desk: VendorDesk,
        ahead: int,
        there: bool,  # noqa: FBT001 - a case's column
    ) -> None:
        desk.vendor.ahead = ahead
        assert (desk.broker.quote(desk.order().symbol, NOW) is not None) is there

    def test_the_vendors_clock_is_heard(self, desk: VendorDesk) -> None:
        assert desk.broker.account() is not None
        assert abs(skew(desk)) < 3 * SECOND
        desk.vendor.skew = 90
        desk.broker.positions()
        assert -95 * SECOND < skew(desk) < -85 * SECOND
        assert isinstance(desk.broker, Troubled)
        assert desk.broker.trouble == "CLOCK_SKEW"
        desk.vendor.skew = 0
        desk.broker.positions()
        assert desk.broker.trouble == ""


def held_id(desk: VendorDesk, order: Order) -> str:
    """The client order id as the vendor holds it."""
    name = order.client_order_id
    return name.replace("_", "-") if desk.sums else name


def skew(desk: VendorDesk) -> int:
    found: int | None = desk.broker.session.observed.skew  # type: ignore[attr-defined]
    assert found is not None
    return found


def numbers(value: object) -> Iterator[tuple[str | int, ...]]:
    """Where in an answer a number stands, as itself or as a text; of a list, in its first."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from ((name, *rest) for rest in numbers(one))
    elif isinstance(value, list):
        for one in value[:1]:
            yield from ((0, *rest) for rest in numbers(one))
    elif isinstance(value, str | int | float) and re.fullmatch(r"-?[0-9.]+(e.*)?", str(value)):
        yield ()


def put(value: object, where: tuple[str | int, ...], new: object) -> object:
    """An answer with something else in one place; as it is where it has no such place."""
    if not where:
        return new
    first, *rest = where
    if isinstance(value, dict) and first in value:
        return {**value, first: put(value[first], tuple(rest), new)}
    if isinstance(value, list) and value and first == 0:
        return [put(value[0], tuple(rest), new), *value[1:]]
    return value
