"""Hints say "look now" and nothing else: forged, lost or in a flood, they cost little."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.governance.valkey import Valkey, free_port
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.governance.hints import (
    HINT,
    Allowance,
    HintSocket,
    RedisHints,
    publish_hint,
    send_hint,
)


def until(so: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


# Allowance


def test_a_few_at_once_and_then_so_many_a_second() -> None:
    now = [0.0]
    allowance = Allowance(burst=2, per_second=4, clock=lambda: now[0])
    taken = 0
    for step in range(400):
        now[0] = step / 100
        while allowance.wait() == 0:
            allowance.take()
            taken += 1
    assert taken == 2 + 15


def test_what_is_not_taken_is_not_saved_up() -> None:
    now = [0.0]
    allowance = Allowance(burst=2, per_second=4, clock=lambda: now[0])
    now[0] = 1000.0
    for _ in range(2):
        assert allowance.wait() == 0
        allowance.take()
    assert allowance.wait() == pytest.approx(0.25)


# The Unix socket


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[HintSocket]:
    made = HintSocket(tmp_path)
    yield made
    made.close()


def test_a_datagram_is_a_hint(tmp_path: Path, listening: HintSocket) -> None:
    assert not listening.drain()
    send_hint(tmp_path)
    assert listening.drain()
    assert not listening.drain()
    assert (tmp_path / HINT).stat().st_mode & 0o777 == 0o660


def test_many_are_one_and_the_sender_of_too_many_is_not_kept(
    tmp_path: Path, listening: HintSocket
) -> None:
    for _ in range(1000):
        send_hint(tmp_path)
    assert listening.drain()
    assert not listening.drain()


def test_what_is_in_it_is_not_looked_into(tmp_path: Path, listening: HintSocket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for content in (b"", b"x" * 60_000, b'{"policy": "loose"}'):
            sender.sendto(content, str(tmp_path / HINT))
    assert listening.drain()


def test_a_folder_however_deep_has_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    deep.mkdir(parents=True)
    listening = HintSocket(deep)
    send_hint(deep)
    assert listening.drain()
    listening.close()
    assert not (deep / HINT).exists()


def test_the_socket_of_a_controller_that_was_killed_is_replaced(tmp_path: Path) -> None:
    first = HintSocket(tmp_path)
    second = HintSocket(tmp_path)
    send_hint(tmp_path)
    assert second.drain()
    assert not first.drain()
    first.close()
    send_hint(tmp_path)
    assert second.drain(), "the one that ends leaves the other's socket alone"
    second.close()


def test_what_is_no_socket_is_left_alone_and_told(tmp_path: Path) -> None:
    (tmp_path / HINT).write_text("mine")
    with pytest.raises(UnavailableError) as refused:
        HintSocket(tmp_path)
    assert refused.value.code == "NO_SOCKET"
    assert (tmp_path / HINT).read_text() == "mine"


def test_without_a_controller_the_sender_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        send_hint(tmp_path)
    assert (refused.value.code, "by itself" in refused.value.remedy) == ("NO_CONTROLLER", True)


# Redis


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path) as server:
        yield server


class Heard:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_a_message_is_a_hint_and_so_is_beginning_to_listen(valkey: Valkey) -> None:
    heard = Heard()
    hints = RedisHints(valkey.url, heard)
    assert until(lambda: hints.connected)
    assert heard.count >= 1
    before = heard.count
    assert publish_hint(valkey.url) == 1
    assert until(lambda: heard.count > before)
    hints.close()


def test_it_begins_later_and_ends_at_once_where_that_is_asked_for(valkey: Valkey) -> None:
    heard, began = Heard(), time.monotonic()
    hints = RedisHints(valkey.url, heard, after=0.4)
    assert until(lambda: hints.connected)
    assert time.monotonic() - began >= 0.4
    hints.close()
    waiting = RedisHints(valkey.url, heard, after=60)
    waiting.close()
    assert not waiting._thread.is_alive()
    assert not waiting.connected


def test_an_unreachable_redis_is_as_if_there_were_none_and_is_found_when_it_comes(
    tmp_path: Path,
) -> None:
    server = Valkey(tmp_path)
    heard = Heard()
    hints = RedisHints(server.url, heard)
    time.sleep(0.3)
    assert (heard.count, hints.connected) == (0, False)
    with server:
        assert until(lambda: hints.connected)
        server.stop()
        assert until(lambda: not hints.connected)
        server.start()
        assert until(lambda: hints.connected)
        before = heard.count
        publish_hint(server.url)
        assert until(lambda: heard.count > before)
    hints.close()


def test_a_flood_is_few_hints(valkey: Valkey) -> None:
    import redis  # noqa: PLC0415 - the optional client, as whoever floods would

    heard = Heard()
    hints = RedisHints(valkey.url, heard)
    assert until(lambda: hints.connected)
    client = redis.Redis.from_url(valkey.url)
    stop = threading.Event()
    sent = [0]

    def flood() -> None:
        while not stop.is_set():
            pipe = client.pipeline(transaction=False)
            for _ in range(500):
                pipe.publish("vanta:governance:hint", "x" * 100)
            sent[0] += len(pipe.execute())

    flooding = threading.Thread(target=flood)
    before, began = heard.count, time.monotonic()
    flooding.start()
    time.sleep(1.5)
    stop.set()
    flooding.join(10)
    took = time.monotonic() - began
    assert sent[0] > 1000
    assert 1 <= heard.count - before <= 25 * took
    client.close()
    hints.close()


def test_nobody_can_be_told_where_nobody_listens(valkey: Valkey) -> None:
    assert publish_hint(valkey.url) == 0
    with pytest.raises(UnavailableError) as refused:
        publish_hint(f"redis://:secret@127.0.0.1:{free_port()}/0")
    assert refused.value.code == "NO_REDIS"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["alpha:6379", "http://alpha", ""])
def test_what_is_no_redis_url_is_malformed(url: str) -> None:
    with pytest.raises(MalformedError) as refused:
        publish_hint(url)
    assert (refused.value.code, "redis://" in refused.value.remedy) == ("BAD_URL", True)


def test_without_the_optional_client_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UnavailableError) as refused:
        publish_hint("redis://alpha:6379/0")
    assert (refused.value.code, "vanta[redis]" in refused.value.remedy) == ("NO_REDIS_CLIENT", True)
