"""Tradier's account events: what is said of an order is a hint, and the rest is nothing."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.executor.brokers.test_tradier import TradierDesk
from tests.executor.brokers.tradier_stream import TradierStreamServer
from tests.executor.brokers.tradier_vendor import TOKEN
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.exact import UNIT
from vanta.executor.brokers.tradier.stream import TradierStream
from vanta.node.credentials import Secret


class Followed:
    """A vendor, its stream, and how often something was heard."""

    def __init__(self) -> None:
        self.desk = TradierDesk()
        self.server = TradierStreamServer(self.desk.vendor)
        self.times = 0
        self._changed = threading.Condition()
        self.stream = self.follow()
        order = self.desk.order()
        books = self.desk.vendor.books
        self.name = books.take("ord-1", "AAPL", "buy", order.quantity, order.limit_price).client_id

    def follow(self, token: str = TOKEN) -> TradierStream:
        url = self.desk.vendor.url + "/v1"
        return TradierStream(Secret("token", token), url, self.server.url, self.hear, first=0.1)

    def hear(self) -> None:
        with self._changed:
            self.times += 1
            self._changed.notify_all()

    def hears(self) -> None:
        """It is told of a fill, and hears of it."""
        self.server.await_listeners()
        with self._changed:
            before = self.times
        self.server.fill(self.name, UNIT, 170 * UNIT)
        with self._changed:
            assert self._changed.wait_for(lambda: self.times > before, 5)

    def close(self) -> None:
        self.stream.close()
        self.server.close()
        self.desk.close()


@pytest.fixture
def followed() -> Iterator[Followed]:
    made = Followed()
    yield made
    made.close()


def test_it_asks_for_a_session_and_hears_of_orders(followed: Followed) -> None:
    followed.hears()
    [frame] = followed.server.frames
    assert frame.keys() == {"events", "sessionid", "excludeAccounts"}
    assert followed.desk.vendor.sessions == set()


def test_a_heartbeat_is_no_hint(followed: Followed) -> None:
    followed.server.await_listeners()
    for _ in range(3):
        followed.server.heartbeat()
    followed.hears()
    assert followed.times == 1


@pytest.mark.parametrize("end", ["hang_up", "tear"])
def test_a_connection_that_ends_is_made_again_with_another_session(
    followed: Followed, end: str
) -> None:
    followed.hears()
    getattr(followed.server, end)()
    time.sleep(0.1)
    followed.hears()
    first, second = followed.server.frames
    assert first["sessionid"] != second["sessionid"]


@pytest.mark.parametrize("frame", [b"", "", "{", "[]", "null", b"\xff\xfe", "[" * 9999, "{" * 99])
def test_garbage_does_not_end_it(followed: Followed, frame: bytes | str) -> None:
    followed.server.await_listeners()
    for _ in range(5):
        followed.server.send(frame)
    followed.hears()
    assert followed.times == 1
    assert len(followed.server.frames) == 1


def test_a_frame_beyond_all_measure_ends_the_connection_and_not_the_stream(
    followed: Followed,
) -> None:
    followed.server.await_listeners()
    followed.server.send("x" * 400_000)
    time.sleep(0.2)
    followed.hears()


@pytest.mark.parametrize("wrong", ["503", "html", "reset", "half"])
def test_a_vendor_that_gives_no_session_is_asked_again(followed: Followed, wrong: str) -> None:
    followed.server.await_listeners()
    followed.desk.vendor.always = wrong
    followed.server.hang_up()
    time.sleep(0.5)
    followed.desk.vendor.always = ""
    followed.hears()


def test_it_asks_seldom_where_it_is_not_let_in(followed: Followed) -> None:
    followed.stream.close()
    followed.desk.vendor.asked.clear()
    followed.stream = followed.follow("wrong")
    time.sleep(1.6)
    # At once, after 0.1 s, 0.2 s, 0.4 s and 0.8 s.
    assert 3 <= len(followed.desk.vendor.asked) <= 5
    assert followed.server.listening == set()


def test_an_address_an_answer_names_gets_no_session(followed: Followed) -> None:
    followed.hears()
    sessions = [one for one in followed.desk.vendor.asked if one.path.endswith("/session")]
    assert len(sessions) == 1
    assert followed.server.refused == 0


def test_it_is_closed_at_once(followed: Followed) -> None:
    followed.server.await_listeners()
    began = time.monotonic()
    followed.stream.close()
    assert time.monotonic() - began < 3
    assert not followed.stream.is_alive()


def test_a_session_is_sent_in_the_clear_on_this_machine_alone(followed: Followed) -> None:
    url = followed.desk.vendor.url + "/v1"
    with pytest.raises(RefusedError):
        TradierStream(Secret("token", TOKEN), url, "ws://ws.tradier.com/v1", followed.hear)


def test_without_websockets_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, followed: Followed
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "websockets.sync.client", None)
    with pytest.raises(UnavailableError, match="not installed"):
        followed.follow()
