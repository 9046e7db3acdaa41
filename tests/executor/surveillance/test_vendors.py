"""The comparison at vendors: what their statements tell, and what they cost of the pace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from tests.executor.brokers.contract import VendorDesk
from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.brokers.test_bybit import BybitDesk
from tests.executor.brokers.test_coinbase import CoinbaseDesk
from tests.executor.brokers.test_crypto_whole_way import TradingCoins
from tests.executor.brokers.test_tradier import TradierDesk
from tests.executor.brokers.test_whole_way import Trading, quote
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.domain.trading import Order
from vanta.executor.brokers.named import _EVERY, open_broker, open_statements
from vanta.executor.brokers.port import Statements
from vanta.executor.brokers.rest.throttle import NoTurnError, Throttle, Urgency
from vanta.executor.surveillance.mismatch import MismatchFound
from vanta.executor.surveillance.reading import read_statement
from vanta.executor.surveillance.service import Surveillance
from vanta.node.config import (
    AlpacaConfig,
    BybitConfig,
    CoinbaseConfig,
    IbkrConfig,
    NodeConfig,
    TradierConfig,
)

DESKS = {
    AlpacaDesk: Trading,
    TradierDesk: Trading,
    CoinbaseDesk: TradingCoins,
    BybitDesk: TradingCoins,
}


class Watched:
    """An Executor at a vendor, and the comparison over a session of its own."""

    def __init__(self, root: Path, desk: VendorDesk) -> None:
        self.desk, self.books = desk, desk.vendor.books
        self.trading = DESKS[type(desk)](root, desk)  # type: ignore[arg-type]
        self.statements: Statements = desk.again()  # type: ignore[assignment]
        self.surveillance = Surveillance(
            self.trading.layout,
            [self.statements.name],
            clock=self.books.tick,
            actor="surveillance@test",
            halt=lambda *_: None,
        )
        self.alerts: list[MismatchFound] = []

    def close(self) -> None:
        self.surveillance.close()
        self.trading.process.close()
        self.desk.close()

    def look(self) -> list[str]:
        since = self.surveillance.since(self.statements.name)
        reading = read_statement(self.statements, since, self.books.tick)
        assert reading.why == ""
        new = self.surveillance.look([reading])
        self.alerts += new
        return [one.mismatch.code for one in new]

    def watch(self, span: int, *, trading: bool = True) -> list[str]:
        until, found = self.books.now + span, list[str]()
        while self.books.now < until:
            self.books.now += SECOND // 2
            self.desk.wait()
            if trading:
                self.trading.step(1)
            found += self.look()
        return found

    def resting(self) -> Order:
        self.trading.wants()
        self.trading.step(2)
        return self.trading.opened().order


@pytest.fixture(params=list(DESKS))
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    desk = request.param()
    desk.wait()
    made = Watched(tmp_path, desk)
    yield made
    made.close()


def test_an_order_that_fills_in_parts_is_told_of_in_nothing(watched: Watched) -> None:
    order = watched.resting()
    assert watched.watch(3 * SECOND) == []
    third = order.quantity // UNIT // 3 * UNIT or order.quantity // 3
    for part in (third, third, order.quantity - 2 * third):
        watched.desk.fill(order, part, order.limit_price)
        assert watched.watch(6 * SECOND) == []
    assert watched.trading.book.open == {}
    assert watched.watch(6 * SECOND) == []


def test_a_fill_the_executor_does_not_hear_of_is_told(watched: Watched) -> None:
    order = watched.resting()
    watched.look()
    shown = watched.books.now
    watched.desk.fill(order, order.quantity, order.limit_price)
    assert watched.watch(6 * SECOND, trading=False) == ["FILL_MISSING"]
    assert watched.alerts[0].at - shown <= 5 * SECOND


def test_an_order_under_a_name_of_ours_that_nobody_prepared_is_told(watched: Watched) -> None:
    watched.resting()
    assert watched.look() == []
    broker = watched.trading.process.desks[0].broker
    forged = msgspec.structs.replace(
        watched.trading.opened().order, client_order_id=f"ord_{7:032x}"
    )
    broker.submit(forged, watched.books.now)
    assert watched.look() == ["UNPREPARED"]


def test_another_quantity_at_the_broker_is_told(watched: Watched) -> None:
    watched.resting()
    assert watched.look() == []
    [held] = watched.books.orders.values()
    held.quantity += held.quantity
    assert watched.look() == ["WIRE_DIFFERS"]


@pytest.mark.parametrize("watched", [AlpacaDesk, TradierDesk], indirect=True)
@pytest.mark.parametrize("change", [{"limit": UNIT}, {"side": "sell"}])
def test_another_limit_or_side_is_told_where_the_vendor_tells_them(
    watched: Watched, change: dict[str, Any]
) -> None:
    watched.resting()
    assert watched.look() == []
    [held] = watched.books.orders.values()
    for name, value in change.items():
        setattr(held, name, value)
    assert watched.look() == ["WIRE_DIFFERS"]


def test_more_filled_than_ordered_is_told(watched: Watched) -> None:
    order = watched.resting()
    assert watched.look() == []
    watched.desk.fill(order, order.quantity + UNIT, order.limit_price)
    assert "OVERFILLED" in watched.look()


# What it costs ----------------------------------------------------------------------------------

ACCOUNTS = {
    "alpaca": AlpacaConfig(vendor="alpaca"),
    "tradier": TradierConfig(vendor="tradier", account="VA1", per_minute=120),
    "coinbase": CoinbaseConfig(vendor="coinbase"),
    "bybit": BybitConfig(vendor="bybit", per_minute=600),
    "ibkr": IbkrConfig(vendor="ibkr", account="DU1", certificate="/nowhere"),
}
REQUESTS = {"alpaca": 2, "tradier": 1, "coinbase": 3, "bybit": 2}
"""Of one statement, where nothing is new."""


def config(*names: str, **accounts: object) -> NodeConfig:
    return NodeConfig.model_validate(
        {
            "node": "executor",
            "role": "executor",
            "environment": "dev",
            "governance": {"remote": "forge.git"},
            "brokers": {**{name: ACCOUNTS[name] for name in names}, **accounts},
            "executor": {"brokers": names or tuple(accounts)},
        }
    )


def test_a_statement_costs_what_is_counted_of_it(watched: Watched) -> None:
    watched.resting()
    watched.look()
    before = len(watched.desk.vendor.asked)
    watched.look()
    name = type(watched.desk).__name__.removesuffix("Desk").lower()
    assert len(watched.desk.vendor.asked) - before == REQUESTS[name]


@pytest.mark.parametrize("name", REQUESTS)
def test_both_processes_together_stay_within_what_the_vendor_allows(name: str) -> None:
    account = ACCOUNTS[name]
    statements = account.statements_per_minute
    assert 0 < statements < account.per_minute // 2
    # Its own throttle gives the comparison the turns of its own cadence, minute after minute.
    now = [0]
    pace = Throttle(statements, lambda: now[0], lambda wait: now.__setitem__(0, now[0] + int(wait)))
    for _ in range(5 * 20):
        for _ in range(REQUESTS[name]):
            pace.take(Urgency.READ)
        now[0] += int(_EVERY[name] * SECOND)


@pytest.mark.parametrize("kind", [AlpacaDesk, TradierDesk])
def test_with_both_at_work_orders_and_cancels_leave_at_once(
    kind: type[AlpacaDesk | TradierDesk], tmp_path: Path
) -> None:
    """Two minutes of an Executor and a comparison as a node runs them, on the vendor's clock."""
    desk = kind()
    desk.wait()
    account = ACCOUNTS[type(desk).__name__.removesuffix("Desk").lower()]
    statements = account.statements_per_minute
    desk.broker = desk.usual(account.per_minute - statements)
    compared = desk.usual(statements)
    trading = Trading(tmp_path, desk)
    books, failed, left = desk.vendor.books, list[str](), dict[str, int]()
    try:
        for moment in range(2 * 60 * 50):
            books.now += SECOND // 50
            desk.monotonic += SECOND // 50
            quote(desk, books.now)
            if moment % 150 == 0:
                failed.append(read_statement(compared, books.now, lambda: books.now).why)
            if moment % 1500 == 700:
                trading.wants()
                left["asked"] = moment
            trading.process.step()
            if "asked" in left and len(desk.vendor.submissions()) == len(left):
                left[f"order {moment}"] = moment - left.pop("asked")
            if moment % 1500 == 1200:
                for name in list(trading.book.open):
                    before = len(desk.vendor.asked)
                    desk.broker.cancel(name)
                    assert any(one.method == "DELETE" for one in desk.vendor.asked[before:])
        assert failed.count("") == len(failed) == 40
        assert len(left) == 4
        # Within a second of the intent, as without a comparison.
        assert max(left.values()) <= 50
        counted = [one for one in desk.vendor.asked if "/markets/" not in one.path]
        assert len(counted) <= 2 * account.per_minute
    finally:
        trading.process.close()
        desk.close()


def test_a_statement_beyond_its_share_is_refused_before_it_is_sent() -> None:
    pace = Throttle(ACCOUNTS["alpaca"].statements_per_minute, lambda: 0)

    def ask(times: int) -> None:
        for _ in range(times):
            pace.take(Urgency.READ)

    ask(9)
    with pytest.raises(NoTurnError):
        ask(3)


def test_the_executor_has_what_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("alpaca-key", "alpaca-secret"):
        (tmp_path / name).write_text("x" * 8)
        (tmp_path / name).chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    given: list[int] = []
    monkeypatch.setattr(
        "vanta.executor.brokers.alpaca.client.Throttle",
        lambda per_minute, _: given.append(per_minute),
    )
    made = config("alpaca")
    open_broker("alpaca", made, lambda: 0)
    [compared] = open_statements(made, lambda: 0)
    assert compared.every == 3.0
    assert given == [145, 145, 55, 55]


def test_a_gateway_that_lists_once_in_five_seconds_is_left_out() -> None:
    assert config("ibkr").uncompared == ["ibkr"]
    assert open_statements(config("ibkr"), lambda: 0) == []


@pytest.mark.parametrize(
    ("account", "pace"),
    [(TradierConfig(vendor="tradier", account="VA1"), 60), (BybitConfig(vendor="bybit"), 300)],
)
def test_a_pace_that_has_no_room_for_both_is_for_trading(
    account: TradierConfig | BybitConfig, pace: int
) -> None:
    assert account.per_minute == pace
    assert account.statements_per_minute == 0
    assert config(theirs=account.model_dump()).uncompared == ["theirs"]


def test_a_node_may_leave_any_out() -> None:
    account = ACCOUNTS["alpaca"].model_copy(update={"compared_per_minute": 0})
    assert config(alpaca=account.model_dump()).uncompared == ["alpaca"]


@pytest.mark.parametrize(("share", "taken"), [(100, True), (101, False), (-1, False)])
def test_the_comparison_never_has_more_than_half(share: int, taken: bool) -> None:  # noqa: FBT001 - a case's column
    account = {"vendor": "alpaca", "compared_per_minute": share}
    if taken:
        assert config(alpaca=account).brokers["alpaca"].statements_per_minute == share
        return
    with pytest.raises(ValidationError):
        config(alpaca=account)
