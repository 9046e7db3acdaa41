"""Alpaca's trading stream on this machine: a websocket that speaks its frames, and misbehaves."""

import json
import socket
import threading
import time
import uuid
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.executor.brokers.alpaca_vendor import KEY, SECRET, AlpacaVendor, order_json
from tests.executor.brokers.vendor import Execution, Held
from vanta.domain.exact import show_units
from vanta.domain.instant import show_instant


class StreamServer:
    """Serves the stream beside a vendor's books until closed."""

    def __init__(self, vendor: AlpacaVendor) -> None:
        self.vendor = vendor
        self.listening: set[ServerConnection] = set()
        self.frames: list[dict[str, Any]] = []
        """What clients sent."""
        self.refused = 0
        self.mute = False
        """Updates are dropped without a word; the connection stays."""
        self.deaf = False
        """Nothing at all is answered: no greeting, no login."""
        self._lock = threading.Lock()
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        host, port = self._server.socket.getsockname()
        return f"ws://{host}:{port}/stream"

    def close(self) -> None:
        self._server.shutdown()
        self.hang_up()
        self._thread.join()

    def hang_up(self) -> None:
        """Close every connection, as for maintenance."""
        for one in self._all():
            one.close(1012)

    def tear(self) -> None:
        """Let every connection end without a word."""
        for one in self._all():
            one.socket.shutdown(socket.SHUT_RDWR)
            self.listening.discard(one)

    def await_listeners(self, number: int = 1, seconds: float = 8.0) -> None:
        until = time.monotonic() + seconds
        while len(self._all()) < number and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self._all()) >= number

    def fill(self, client_id: str, quantity: int, price: int) -> Execution:
        """Something is executed, and the stream says so."""
        books = self.vendor.books
        execution = books.fill(client_id, quantity, price, ts=self.vendor.now())
        self.update(books.of(client_id), execution)
        return execution

    def update(self, held: Held, execution: Execution, event: str = "fill") -> None:
        self.send(
            json.dumps(
                {
                    "stream": "trade_updates",
                    "data": {
                        "event": event,
                        "execution_id": str(uuid.uuid4()),
                        "order": order_json(held),
                        "timestamp": show_instant(execution.ts),
                        "position_qty": show_units(self.vendor.books.positions[held.symbol]),
                        "price": show_units(execution.price),
                        "qty": show_units(execution.quantity),
                    },
                }
            ).encode()
        )

    def send(self, frame: bytes | str) -> None:
        """A frame to everybody; Alpaca's own are binary, and hold JSON."""
        if not self.mute:
            for one in self._all():
                one.send(frame)

    def _all(self) -> list[ServerConnection]:
        with self._lock:
            return list(self.listening)

    def _serve(self, peer: ServerConnection) -> None:
        try:
            for frame in peer:
                if not self.deaf:
                    self._answer(peer, json.loads(frame))
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._lock:
                self.listening.discard(peer)

    def _answer(self, peer: ServerConnection, asked: dict[str, Any]) -> None:
        self.frames.append(asked)
        match asked["action"]:
            case "authenticate":
                data = asked["data"]
                good = (data["key_id"], data["secret_key"]) == (KEY, SECRET)
                self.refused += not good
                told = {
                    "action": "authenticate",
                    "status": "authorized" if good else "unauthorized",
                }
                peer.send(json.dumps({"stream": "authorization", "data": told}).encode())
            case "listen":
                streams = {"streams": asked["data"]["streams"]}
                peer.send(json.dumps({"stream": "listening", "data": streams}).encode())
                with self._lock:
                    self.listening.add(peer)
