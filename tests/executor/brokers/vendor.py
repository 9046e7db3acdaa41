"""A vendor on this machine: its books, and an HTTP server that misbehaves when told to."""

import itertools
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.executor.building import NOW
from vanta.domain.instant import SECOND

TAKEN_THEN = {
    "silent": "no answer for longer than anybody waits",
    "drip": "a byte now and then",
    "reset": "the connection is reset",
    "torn": "half of the bytes that were promised",
    "half": "a whole answer of half a document",
    "html": "200, and a page for people",
    "endless": "more than anybody reads",
    "500": "internal error",
    "502": "bad gateway, as a page",
    "503": "unavailable",
    "504": "gateway timeout",
    "redirect": "go elsewhere",
}
"""What may go wrong once a request was acted on."""
NEVER_ARRIVES = {"lost": "hung up on before it was acted on", "429": "too many requests"}
SILENCE = 0.8
"""Seconds; longer than the tests' adapters wait."""


@dataclass
class Execution:
    id: str
    quantity: int
    price: int
    ts: int
    hidden: bool = False
    """Happened, and not told yet."""


@dataclass
class Held:
    """An order as the vendor holds it. Units and ns."""

    client_id: str
    id: str
    symbol: str
    side: str
    quantity: int
    limit: int
    submitted: int
    updated: int
    state: str = "live"
    reason: str = ""
    executions: list[Execution] = field(default_factory=list)
    stubborn: bool = False
    """Its cancellation is only asked for, until the vendor gets to it."""
    unlisted: bool = False
    """Taken, and shown to whoever asks for it, but in no listing yet."""

    @property
    def filled(self) -> int:
        return sum(one.quantity for one in self.executions)


@dataclass
class Books:
    """Orders and what became of them; the same for every vendor."""

    now: int = NOW
    orders: dict[str, Held] = field(default_factory=dict)
    """By the vendor's id."""
    positions: Counter[str] = field(default_factory=Counter)
    number: Callable[[int], str] = str

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def tick(self) -> int:
        self.now += SECOND // 1000
        return self.now

    def take(self, client_id: str, symbol: str, side: str, quantity: int, limit: int) -> Held:
        at = self.tick()
        name = self.number(next(self._numbers))
        self.orders[name] = Held(client_id, name, symbol, side, quantity, limit, at, at)
        return self.orders[name]

    def of(self, client_id: str) -> Held:
        return next(one for one in self.orders.values() if one.client_id == client_id)

    def fill(self, client_id: str, quantity: int, price: int, *, ts: int = 0) -> Execution:
        held = self.of(client_id)
        at = ts or self.tick()
        execution = Execution(f"x{next(self._numbers):06d}", quantity, price, at)
        held.executions.append(execution)
        held.updated = at
        if held.filled == held.quantity:
            held.state = "filled"
        self.positions[held.symbol] += quantity if held.side == "buy" else -quantity
        return execution

    def end(self, held: Held, state: str = "cancelled", reason: str = "") -> None:
        if held.state == "live":
            held.state, held.reason, held.updated = state, reason, self.tick()


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Told = tuple[int, Any]
"""Status and a value for JSON; `bytes` go out as they are."""


class VendorServer:
    """Serves one vendor on a port of its own until closed."""

    def __init__(self) -> None:
        self.books = Books()
        self.next: deque[str] = deque()
        """What goes wrong with the next submissions, in order."""
        self.always = ""
        """What goes wrong with every request."""
        self.live = False
        """Whether its clock is this machine's; its books' own otherwise."""
        self.skew = 0
        """Seconds the vendor's clock is ahead."""
        self.ahead = 0
        """Seconds its prices are from its own time; 0 as it has them."""
        self.refusal: Told | None = None
        """The answer to every submission."""
        self.asked: list[Asked] = []
        self.mangle: Callable[[Asked, Any], Any] = lambda _, value: value
        """What becomes of an answer on its way."""
        self.headers: dict[str, str] = {}
        self._lock = threading.Lock()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing: what a test is interested in is in `asked`."""

            def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
                return super().date_time_string(vendor.now() / SECOND + vendor.skew)

            def do_GET(self) -> None:
                vendor.serve(self)

            do_POST = do_DELETE = do_GET  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Again is nothing."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def now(self) -> int:
        return time.time_ns() if self.live else self.books.now

    def priced(self) -> int:
        """When its prices are of."""
        return self.now() + self.ahead * SECOND

    def submissions(self) -> list[Asked]:
        return [one for one in self.asked if self.submits(one)]

    def submits(self, asked: Asked) -> bool:
        raise NotImplementedError

    def answer(self, asked: Asked) -> Told:
        raise NotImplementedError

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(handler.command, parts.path, query, headers, body)
        self.asked.append(asked)
        wrong = self.always
        if self.next and self.submits(asked):
            wrong = self.next.popleft()
        if wrong == "lost":
            handler.close_connection = True
            return
        if wrong == "429":
            self._tell(handler, 429, b"{}", {"Retry-After": "1"})
            return
        with self._lock:
            status, value = self.answer(asked)
        value = self.mangle(asked, value)
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        if status == 204:
            data = b""
        if wrong in _BROKEN:
            handler.close_connection = True
            _BROKEN[wrong](handler, status, data)
        elif wrong:
            self._tell(handler, *(_MISLEADING.get(wrong) or _page_of(wrong))(status, data))
        else:
            self._tell(handler, status, data, self.headers)

    @staticmethod
    def _tell(
        handler: BaseHTTPRequestHandler,
        status: int,
        data: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


def _silent(_: BaseHTTPRequestHandler, __: int, ___: bytes) -> None:
    time.sleep(SILENCE)


def _drip(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"s" * 40:
        handler.wfile.write(bytes([byte]))
        time.sleep(SILENCE / 20)


def _reset(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> None:
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def _torn(handler: BaseHTTPRequestHandler, status: int, data: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data[: len(data) // 2])


def _endless(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _block in range(256):
        handler.wfile.write(b" " * 65_536)


_BROKEN = {
    "silent": _silent,
    "drip": _drip,
    "reset": _reset,
    "torn": _torn,
    "endless": _endless,
}
_Answer = Callable[[int, bytes], tuple[int, bytes, dict[str, str]]]
_MISLEADING: dict[str, _Answer] = {
    "half": lambda status, data: (status, data[: len(data) // 2], {}),
    "html": lambda _, __: (200, b"<html>maintenance</html>", {}),
    "redirect": lambda _, __: (307, b"", {"Location": "http://127.0.0.1:9/"}),
}


def _page_of(status: str) -> _Answer:
    return lambda _, __: (int(status), b"<html>sorry</html>", {})
