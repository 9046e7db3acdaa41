"""The paper broker: what a real broker is held to, and how it fills."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import NOW, Ticks, order, tape
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.exact import PPM, UNIT, notional
from vanta.domain.instant import DAY, HOUR, MINUTE, parse_instant
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.exchange import PaperExchange, PaperTerms, part_of_order
from vanta.executor.brokers.paper.process import start
from vanta.executor.brokers.paper.tape import STALE_AFTER, Tape
from vanta.executor.brokers.paper.wire import connect
from vanta.executor.brokers.port import (
    Absent,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Rejected,
    Unknown,
)
from vanta.executor.sessions import Sessions

PRICES = [
    ("BTC-USD", NOW - HOUR, 20_000),
    ("BTC-USD", NOW, 20_100),
    ("BTC-USD", NOW + HOUR, 19_000),
]


def coin(price: int = 20_200, **changes: object) -> Order:
    placed = order("BTC-USD", 1, price)
    return msgspec.structs.replace(placed, quantity=3 * UNIT, **changes)


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return tape(tmp_path / "tape.jsonl", PRICES)


@pytest.fixture
def exchange(tmp_path: Path, market: Path) -> Iterator[PaperExchange]:
    made = PaperExchange(tmp_path / "paper.jsonl", Tape(market), Ticks())
    yield made
    made.close()


def worked_off(exchange: PaperExchange, polls: int = 6) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    watermark = 0
    for _ in range(polls):
        news = exchange.executions_since(watermark)
        seen.extend((fill.quantity, fill.price) for fill in news.fills)
        watermark = news.watermark
    return seen


def test_an_order_fills_in_parts_over_polls_with_slippage_and_fees(exchange: PaperExchange) -> None:
    placed = next(one for n in range(50) if parts(one := coin(strategy=f"s{n}")) == 3)
    assert isinstance(exchange.submit(placed, NOW), Acknowledged)
    assert exchange.positions() == {}
    first = exchange.executions_since(0)
    [fill] = first.fills
    assert fill.quantity == UNIT
    ask = 20_100 * UNIT + UNIT // 100
    assert ask < fill.price <= ask * (PPM + 200) // PPM + UNIT // 100
    assert fill.price % (UNIT // 100) == 0
    assert fill.fee == -(-notional(fill.price, UNIT) * 100 // PPM)
    [shown] = exchange.open_orders()
    assert (shown.state, shown.filled) == (OrderState.PARTIALLY_FILLED, UNIT)
    rest = worked_off(exchange)
    assert [quantity for quantity, _ in rest] == [UNIT, UNIT, UNIT]
    prices = [price for _, price in rest]
    assert prices == sorted(prices)
    assert len(set(prices)) == 3
    assert exchange.open_orders() == ()
    assert exchange.positions() == {"BTC-USD": 3 * UNIT}
    spent = sum(notional(price, quantity) for quantity, price in rest)
    account = exchange.ledger.account
    assert account.fees
    assert account.cash_flow == -spent - account.fees


def parts(placed: Order) -> int:
    count, left = 0, placed.quantity
    while left:
        left -= part_of_order(placed, UNIT // 10_000, count, left, 3)
        count += 1
    return count


def test_the_same_order_fills_the_same_in_another_exchange(tmp_path: Path, market: Path) -> None:
    placed = coin()
    runs = []
    for name in ("a", "b"):
        one = PaperExchange(tmp_path / f"{name}.jsonl", Tape(market), Ticks())
        if name == "b":
            one.submit(coin(), NOW)
        one.submit(placed, NOW)
        one.executions_since(0)
        one.executions_since(0)
        fills = one.executions_since(0).fills
        mine = [fill for fill in fills if fill.client_order_id == placed.client_order_id]
        runs.append([(fill.quantity, fill.price) for fill in mine])
        one.close()
    assert runs[0] == runs[1] != []


def test_no_fill_is_beyond_the_limit(exchange: PaperExchange) -> None:
    limit = 20_100 * UNIT + UNIT // 100
    exchange.submit(coin(limit_price=limit), NOW)
    exchange.submit(coin(limit_price=20_099 * UNIT, side="sell"), NOW)
    fills = worked_off(exchange)
    assert fills
    assert all(20_099 * UNIT <= price <= limit for _, price in fills)


def test_a_market_that_stays_beyond_the_limit_ends_the_order(exchange: PaperExchange) -> None:
    placed = coin(price=20_000)
    exchange.submit(placed, NOW)
    assert worked_off(exchange, 2) == []
    assert len(exchange.open_orders()) == 1
    [ended] = exchange.executions_since(0).ended
    assert (ended.client_order_id, ended.code) == (placed.client_order_id, "NOT_REACHED")
    assert exchange.order_status(placed.client_order_id) is not None
    assert exchange.open_orders() == ()


def test_an_order_submitted_twice_is_one_order_answered_the_same(exchange: PaperExchange) -> None:
    placed = coin()
    first = exchange.submit(placed, NOW)
    assert exchange.submit(placed, NOW) == first
    worked_off(exchange)
    assert exchange.submit(placed, NOW) == first
    assert exchange.positions() == {"BTC-USD": 3 * UNIT}
    assert exchange.ledger.repeated == 2


@pytest.mark.parametrize(
    ("changes", "at", "code"),
    [
        ({"symbol": "DOGE-USD"}, NOW, "NO_MARKET"),
        ({}, NOW - DAY, "NO_MARKET"),
        ({}, NOW + HOUR + STALE_AFTER + 1, "NO_MARKET"),
        ({"quantity": UNIT // 20_000}, NOW, "LOT"),
        ({"quantity": 0}, NOW, "LOT"),
        ({"limit_price": UNIT // 200}, NOW, "TICK"),
    ],
)
def test_what_it_cannot_trade_it_rejects_and_remembers(
    exchange: PaperExchange, changes: dict[str, object], at: int, code: str
) -> None:
    placed = msgspec.structs.replace(coin(), **changes)
    answer = exchange.submit(placed, at)
    assert isinstance(answer, Rejected)
    assert answer.code == code
    assert exchange.submit(placed, NOW) == answer
    status = exchange.order_status(placed.client_order_id)
    assert status is not None
    assert status.state is OrderState.REJECTED


def test_cancelling_ends_once_and_voids_what_never_came(exchange: PaperExchange) -> None:
    placed, never = coin(), coin()
    exchange.submit(placed, NOW)
    assert exchange.cancel(placed.client_order_id) is OrderState.CANCELLED
    assert exchange.cancel(placed.client_order_id) is OrderState.CANCELLED
    assert len(exchange.executions_since(0).ended) == 1
    assert exchange.cancel(never.client_order_id) is OrderState.CANCELLED
    answer = exchange.submit(never, NOW)
    assert isinstance(answer, Rejected)
    assert answer.code == "VOIDED"


def test_it_comes_back_from_its_journal(tmp_path: Path, market: Path) -> None:
    journal = tmp_path / "paper.jsonl"
    first = PaperExchange(journal, Tape(market), Ticks())
    placed, beyond, never = coin(), coin(price=20_000), coin()
    first.submit(placed, NOW)
    first.submit(placed, NOW)
    first.submit(beyond, NOW)
    first.cancel(never.client_order_id)
    first.executions_since(0)
    before = (first.positions(), first.ledger.account, first.open_orders(), first.ledger.happened)
    first.close()
    again = PaperExchange(journal, Tape(market), Ticks(NOW + HOUR))
    ledger = again.ledger
    assert (again.positions(), ledger.account, again.open_orders(), ledger.happened) == before
    assert ledger.repeated == 1
    assert isinstance(again.submit(never, NOW), Rejected)
    again.close()


def test_a_quote_is_the_market_at_its_own_time(exchange: PaperExchange) -> None:
    found = exchange.quote("BTC-USD", NOW + MINUTE)
    assert found is not None
    assert (found.bid, found.ask) == (20_100 * UNIT - UNIT // 100, 20_100 * UNIT + UNIT // 100)
    assert found.market_time == NOW
    assert found.ts > NOW
    assert found.session == "open"
    assert exchange.quote("BTC-USD", NOW - HOUR - 1) is None
    assert exchange.quote("DOGE-USD", NOW) is None
    assert exchange.instrument("BTC-USD") == found.instrument


def test_the_tape_grows_and_is_read_as_it_comes(tmp_path: Path, market: Path) -> None:
    read = Tape(market)
    assert read.at("BTC-USD", NOW + 2 * HOUR) is not None
    more = tape(tmp_path / "more", [("BTC-USD", NOW + 2 * HOUR, 18_000)]).read_bytes()
    with market.open("ab") as file:
        file.write(more[:30])
        file.flush()
        assert read.at("BTC-USD", NOW + 2 * HOUR).last == 19_000 * UNIT  # type: ignore[union-attr]
        file.write(more[30:])
    assert read.at("BTC-USD", NOW + 2 * HOUR).last == 18_000 * UNIT  # type: ignore[union-attr]
    other = tape(tmp_path / "other", [("AAPL", NOW, 50)])
    other.replace(market)
    assert read.at("BTC-USD", NOW) is None
    assert read.asset_classes() == {"equity"}


def test_a_tape_that_is_none_says_where(tmp_path: Path, market: Path) -> None:
    with pytest.raises(UnavailableError) as missing:
        Tape(tmp_path / "gone").at("X", NOW)
    assert missing.value.code == "TAPE"
    market.write_bytes(market.read_bytes() + b"{}\n")
    with pytest.raises(MalformedError) as malformed:
        Tape(market).at("BTC-USD", NOW)
    assert malformed.value.place.endswith("tape.jsonl:4")


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        ("2014-12-24T14:30:00Z", "open"),
        ("2014-12-24T14:29:59Z", "closed"),
        ("2014-12-24T18:00:00Z", "open"),
        ("2014-12-24T18:00:01Z", "closed"),
        ("2014-12-25T15:00:00Z", "closed"),
        ("2014-12-27T15:00:00Z", "closed"),
        ("2014-07-01T13:30:00Z", "open"),
        ("2014-07-01T20:00:00Z", "open"),
        ("2014-07-01T20:00:01Z", "closed"),
        ("1900-01-01T15:00:00Z", "closed"),
    ],
)
@pytest.mark.filterwarnings(
    "ignore:Series.values returning"
)  # of exchange_calendars, on pandas 3.1
def test_sessions_are_those_of_the_exchange(moment: str, wanted: str) -> None:
    assert SESSIONS.at("equity", parse_instant(moment)) == wanted
    assert SESSIONS.at("crypto", parse_instant(moment)) == "open"


SESSIONS = Sessions()


# The process ------------------------------------------------------------------------------------


def test_it_answers_over_its_socket_and_survives_its_own_death(
    tmp_path: Path, market: Path
) -> None:
    folder = tmp_path / ("deep" * 20) / "broker"
    process = start(folder, market, terms=PaperTerms(parts=1))
    broker = PaperBroker(folder)
    placed = coin()
    assert isinstance(broker.order_status(placed.client_order_id, NOW), Absent)
    first = broker.submit(placed, NOW)
    assert isinstance(first, Acknowledged)
    assert (folder / "broker.sock").stat().st_mode & 0o777 == 0o660
    process.send_signal(signal.SIGKILL)
    process.wait()
    with pytest.raises(BrokerAwayError):
        broker.positions()
    assert isinstance(broker.submit(coin(), NOW), Unknown)
    assert isinstance(broker.order_status(placed.client_order_id, NOW), Unknown)
    assert isinstance(broker.cancel(placed.client_order_id), Unknown)
    process = start(folder, market, terms=PaperTerms(parts=1))
    try:
        assert broker.submit(placed, NOW) == first
        status = broker.order_status(placed.client_order_id, NOW)
        assert isinstance(status, BrokerOrder)
        assert status.state is OrderState.ACKNOWLEDGED
        assert len(broker.open_orders()) == 1
        news = broker.executions_since(0)
        assert [fill.quantity for fill in news.fills] == [3 * UNIT]
        assert broker.executions_since(news.watermark).fills == ()
        assert broker.positions() == {"BTC-USD": 3 * UNIT}
        assert broker.account().fees == news.fills[0].fee
        quote = broker.quote("BTC-USD", NOW)
        assert quote is not None
        assert broker.instrument("BTC-USD") == quote.instrument
        assert broker.quote("NONE", NOW) is None
        assert broker.cancel(placed.client_order_id) is OrderState.FILLED
    finally:
        broker.close()
        process.terminate()
        assert process.wait(10) == 0


def test_a_broker_that_hangs_is_unknown_and_its_late_answer_is_nobodys(
    tmp_path: Path, market: Path
) -> None:
    folder = tmp_path / "broker"
    process = start(folder, market)
    broker = PaperBroker(folder, timeout=0.3)
    assert broker.positions() == {}
    process.send_signal(signal.SIGSTOP)
    placed = coin()
    answer = broker.submit(placed, NOW)
    assert isinstance(answer, Unknown)
    wake = threading.Timer(0.05, process.send_signal, [signal.SIGCONT])
    wake.start()
    try:
        status = broker.order_status(placed.client_order_id, NOW)
        while isinstance(status, Unknown):
            status = broker.order_status(placed.client_order_id, NOW)
        assert isinstance(status, BrokerOrder | Absent)
        assert broker.positions() == {}
    finally:
        wake.join()
        broker.close()
        process.terminate()
        process.wait(10)


def test_what_is_no_request_is_answered_and_harms_nobody(tmp_path: Path, market: Path) -> None:
    folder = tmp_path / "broker"
    process = start(folder, market)
    try:
        for line in (b"hello\n", b'{"verb":"submit"}\n', b'{"verb":"sell everything"}\n'):
            with connect(folder, 5) as connection:
                connection.sendall(line)
                assert b'"error":"' in connection.recv(4096)
        with connect(folder, 5) as connection:
            connection.sendall(b"x" * 200_000 + b"\n")
        broker = PaperBroker(folder)
        assert broker.positions() == {}
        broker.close()
    finally:
        process.terminate()
        process.wait(10)


def test_a_second_one_on_the_same_journal_does_not_start(tmp_path: Path, market: Path) -> None:
    folder = tmp_path / "broker"
    process = start(folder, market)
    try:
        with pytest.raises(UnavailableError) as refused:
            PaperExchange(folder / "paper.jsonl", Tape(market), Ticks())
        assert refused.value.code == "JOURNAL_LOCKED"
    finally:
        process.terminate()
        process.wait(10)
