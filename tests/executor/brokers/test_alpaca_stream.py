"""Alpaca's stream: every update is a hint, and whatever else it does costs no more than time."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.brokers.alpaca_stream import AlpacaStreamServer
from tests.executor.brokers.alpaca_vendor import KEY, SECRET
from tests.executor.brokers.streamed import Streamed, keys
from tests.executor.brokers.test_alpaca import AlpacaDesk
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.exact import UNIT
from vanta.domain.instant import SECOND
from vanta.executor.brokers.alpaca.stream import AlpacaStream, stream_of
from vanta.executor.hints import BURST, REFILL


class Heard:
    """How often the stream said something."""

    def __init__(self) -> None:
        self.times = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.times += 1
            self._changed.notify_all()

    def wait(self, times: int, seconds: float = 8.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.times >= times, seconds), self.times


@pytest.fixture
def desk() -> Iterator[AlpacaDesk]:
    made = AlpacaDesk()
    made.wait()
    yield made
    made.close()


@pytest.fixture
def server(desk: AlpacaDesk) -> Iterator[AlpacaStreamServer]:
    made = AlpacaStreamServer(desk.vendor)
    yield made
    made.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def stream(server: AlpacaStreamServer, heard: Heard) -> Iterator[AlpacaStream]:
    made = AlpacaStream(keys(), server.url, heard)
    server.await_listeners()
    yield made
    made.close()


def held(desk: AlpacaDesk, quantity: int = 5) -> str:
    order = desk.order(quantity=quantity * UNIT)
    desk.vendor.books.take(order.client_order_id, "AAPL", "buy", order.quantity, order.limit_price)
    return order.client_order_id


@pytest.mark.usefixtures("stream")
def test_it_logs_in_listens_and_hears(
    server: AlpacaStreamServer, desk: AlpacaDesk, heard: Heard
) -> None:
    assert server.frames == [
        {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}},
        {"action": "listen", "data": {"streams": ["trade_updates"]}},
    ]
    server.fill(held(desk), UNIT, 160 * UNIT)
    heard.wait(1)


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize("end", ["hang_up", "tear"])
def test_a_connection_that_ends_is_made_again(
    server: AlpacaStreamServer, desk: AlpacaDesk, heard: Heard, end: str
) -> None:
    getattr(server, end)()
    time.sleep(0.1)
    server.await_listeners()
    server.fill(held(desk), UNIT, 160 * UNIT)
    heard.wait(1)


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"stream": "trade_updates"}',
        "text",
        b"[" * 9999,
    ],
)
def test_garbage_does_not_end_it(
    server: AlpacaStreamServer, desk: AlpacaDesk, heard: Heard, frame: bytes | str
) -> None:
    for _ in range(5):
        server.send(frame)
    heard_of = heard.times
    server.fill(held(desk), UNIT, 160 * UNIT)
    heard.wait(heard_of + 1)


@pytest.mark.usefixtures("stream")
def test_a_frame_beyond_all_measure_ends_the_connection_and_not_the_stream(
    server: AlpacaStreamServer, desk: AlpacaDesk, heard: Heard
) -> None:
    server.send(b" " * 400_000)
    time.sleep(0.2)
    server.await_listeners()
    server.fill(held(desk), UNIT, 160 * UNIT)
    heard.wait(1)


def test_a_server_that_takes_no_login_is_asked_again_and_again_with_pauses(
    server: AlpacaStreamServer, heard: Heard
) -> None:
    made = AlpacaStream(keys("wrong"), server.url, heard)
    time.sleep(2.5)
    made.close()
    assert 1 <= server.refused <= 4
    assert heard.times == 0


def test_one_that_says_nothing_is_closed_at_once(server: AlpacaStreamServer, heard: Heard) -> None:
    server.deaf = True
    made = AlpacaStream(keys(), server.url, heard)
    time.sleep(0.3)
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 3


def test_nobody_there_is_no_error(heard: Heard) -> None:
    made = AlpacaStream(keys(), "ws://127.0.0.1:9/stream", heard)
    time.sleep(0.2)
    made.close()


def test_its_address_is_beside_the_apis() -> None:
    assert stream_of("https://api.alpaca.markets") == "wss://api.alpaca.markets:443/stream"
    assert stream_of("http://127.0.0.1:99/a") == "ws://127.0.0.1:99/a/stream"
    with pytest.raises(RefusedError):
        stream_of("http://api.alpaca.markets")


def test_without_the_sdk_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "alpaca.trading.stream", None)
    with pytest.raises(UnavailableError, match="not installed"):
        AlpacaStream(keys(), "ws://127.0.0.1:9/stream", heard)


# The Executor behind it -------------------------------------------------------------------------


@pytest.fixture
def streamed(tmp_path: Path, desk: AlpacaDesk) -> Iterator[Streamed]:
    made = Streamed(tmp_path, desk)
    made.resting()
    yield made
    made.close()


def test_a_fill_is_in_the_book_before_its_turn(streamed: Streamed) -> None:
    order = streamed.trading.opened().order
    for part in range(1, 4):
        streamed.server.fill(order.client_order_id, UNIT, order.limit_price)
        assert streamed.until_filled(part * UNIT) < 1


def test_a_stream_that_drops_silently_costs_a_turn_and_no_fill(streamed: Streamed) -> None:
    order = streamed.trading.opened().order
    streamed.server.mute = True
    streamed.server.fill(order.client_order_id, UNIT, order.limit_price)
    assert streamed.until_filled(UNIT) < 4


def test_what_a_stream_says_and_the_vendor_does_not_is_nothing(streamed: Streamed) -> None:
    order = streamed.trading.opened().order
    books = streamed.desk.vendor.books
    execution = books.fill(order.client_order_id, UNIT, order.limit_price)
    held_order = books.of(order.client_order_id)
    held_order.executions.clear()
    streamed.server.update(held_order, execution)
    for _ in range(20):
        streamed.step()
    assert streamed.filled() == 0


@pytest.mark.slow
def test_a_flood_asks_no_more_than_the_pace_allows_and_an_order_still_leaves(
    streamed: Streamed,
) -> None:
    order = streamed.trading.opened().order
    held_order = streamed.desk.vendor.books.of(order.client_order_id)
    execution = streamed.server.fill(order.client_order_id, order.quantity, order.limit_price)
    before = len(streamed.desk.vendor.asked)
    began, done = time.monotonic(), threading.Event()

    def flood() -> None:
        while not done.is_set():
            for _ in range(50):
                streamed.server.update(held_order, execution)
            time.sleep(0.01)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        while time.monotonic() - began < 6:
            streamed.step()
        streamed.trading.wants(side="sell", reducing=True)
        until = time.monotonic() + 3
        while len(streamed.desk.vendor.submissions()) < 2 and time.monotonic() < until:
            streamed.step()
    finally:
        done.set()
        thread.join()
    spent = time.monotonic() - began
    asked = streamed.desk.vendor.asked[before:]
    readings = [one for one in asked if "activities" in one.path]
    assert len(readings) <= BURST + 2 * spent * SECOND // REFILL
    assert len(streamed.desk.vendor.submissions()) == 2
    assert streamed.trading.process.trouble == ""
