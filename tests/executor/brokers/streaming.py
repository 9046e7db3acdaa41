"""A vendor's websocket on this machine: who listens hears, and it misbehaves when told to."""

import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.executor.brokers.vendor import Execution, Held, VendorServer


class StreamServer(ABC):
    """Serves a stream beside a vendor's books until closed."""

    def __init__(self, vendor: VendorServer) -> None:
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

    @abstractmethod
    def login(self, peer: ServerConnection, asked: dict[str, Any]) -> None:
        """A frame of a client's; `listens` makes it one that hears."""

    @abstractmethod
    def update(self, held: Held, execution: Execution) -> None:
        """Tell everybody of an execution."""

    def listens(self, peer: ServerConnection) -> None:
        with self._lock:
            self.listening.add(peer)

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

    def send(self, frame: bytes | str) -> None:
        """A frame to everybody."""
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
                    asked = json.loads(frame)
                    self.frames.append(asked)
                    self.login(peer, asked)
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._lock:
                self.listening.discard(peer)
