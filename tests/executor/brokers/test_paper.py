"""The paper broker: what of the contract applies to it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.brokers.contract import Contract, Desk
from tests.executor.building import NOW, tape
from tests.executor.building import order as built
from vanta.domain.exact import UNIT
from vanta.domain.instant import HOUR
from vanta.domain.trading import Order
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.process import start


class PaperDesk(Desk):
    """Its market fills a part of every order at each poll."""

    def __init__(self, folder: Path) -> None:
        prices = [("BTC-USD", NOW - HOUR, 20_000), ("BTC-USD", NOW, 20_100)]
        self.folder = folder / "broker"
        self.process = start(self.folder, tape(folder / "tape.jsonl", prices))
        self.broker: PaperBroker = PaperBroker(self.folder)
        self.made = [self.broker]

    def order(self, **changes: object) -> Order:
        placed = msgspec.structs.replace(built("BTC-USD", 1, 20_200), quantity=3 * UNIT)
        return msgspec.structs.replace(placed, **changes)

    def fill(self, order: Order, quantity: int, price: int) -> None:
        """The market does."""

    def again(self) -> PaperBroker:
        self.made.append(PaperBroker(self.folder))
        return self.made[-1]

    def close(self) -> None:
        for broker in self.made:
            broker.close()
        self.process.terminate()
        self.process.wait(10)


class TestPaper(Contract):
    @pytest.fixture
    def desk(self, tmp_path: Path) -> Iterator[PaperDesk]:
        made = PaperDesk(tmp_path)
        yield made
        made.close()
