"""An Executor at Alpaca on the real clock, and the stream that hints at its fills."""

import time
from pathlib import Path

from tests.executor.brokers.alpaca_stream import AlpacaStreamServer
from tests.executor.brokers.alpaca_vendor import KEY, SECRET
from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.brokers.test_whole_way import Trading
from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.alpaca.client import AlpacaKeys
from vanta.executor.brokers.alpaca.stream import AlpacaStream
from vanta.executor.hints import send_hint
from vanta.node.credentials import Secret


def keys(secret: str = SECRET) -> AlpacaKeys:
    return AlpacaKeys(Secret("key", KEY), Secret("secret", secret))


class Streamed:
    """An Executor that asks every two seconds, on the real clock, and a stream that hints."""

    def __init__(self, root: Path, desk: AlpacaDesk, *, hinted: bool = True) -> None:
        self.desk = desk
        desk.broker = desk.usual()
        desk.vendor.books.now = time.time_ns()
        self.trading = Trading(root, desk)
        self.server = AlpacaStreamServer(desk.vendor)
        run = self.trading.layout.run
        self.stream = None
        if hinted:
            self.stream = AlpacaStream(keys(), self.server.url, lambda: send_hint(run, "alpaca"))
            self.server.await_listeners()

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.server.close()
        self.trading.process.close()

    def resting(self) -> Order:
        """An order that the vendor has, once everything is quiet."""
        self.trading.wants()
        until = time.monotonic() + 5
        while not self.trading.book.open and time.monotonic() < until:
            self.step()
        assert self.trading.opened().state is OrderState.ACKNOWLEDGED
        for _ in range(10):
            self.step()
        return self.trading.opened().order

    def step(self) -> None:
        now = self.desk.vendor.books.now = max(self.desk.vendor.books.now, time.time_ns())
        self.desk.monotonic = time.monotonic_ns()
        self.desk.vendor.quote["t"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1e9))
        self.trading.process.step()
        time.sleep(0.02)

    def until_filled(self, quantity: int) -> float:
        """Seconds until the book has it."""
        began = time.monotonic()
        while self.filled() < quantity:
            assert time.monotonic() - began < 8
            self.step()
        return time.monotonic() - began

    def filled(self) -> int:
        book = self.trading.book
        return sum(one.filled for one in (*book.open.values(), *book.closed.values()))
