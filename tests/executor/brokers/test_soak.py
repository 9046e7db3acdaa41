"""Weeks of bad luck in seconds: an Executor at a vendor that loses, breaks and delays answers.

Whatever happens on the way: no intent becomes two orders there, none is lost, what is filled is
counted once, and in the end the two agree.
"""

import random
from pathlib import Path

import pytest

from tests.executor.brokers.test_alpaca import AlpacaDesk
from tests.executor.brokers.test_tradier import TradierDesk
from tests.executor.brokers.test_whole_way import Trading
from tests.executor.brokers.vendor import NEVER_ARRIVES, TAKEN_THEN
from vanta.domain.exact import UNIT
from vanta.executor.replay import replay
from vanta.journal.reader import read

_QUICK = [*TAKEN_THEN.keys() - {"silent", "drip", "endless"}, *NEVER_ARRIVES]
"""What goes wrong without waiting for it."""
ROUNDS = 60


class Luck:
    """What happens to a trading day, by its seed."""

    def __init__(self, trading: Trading, seed: int) -> None:
        self.trading, self.chance = trading, random.Random(seed)
        self.vendor = trading.desk.vendor

    def round(self) -> None:
        trading, chance = self.trading, self.chance
        if chance.random() < 0.4:
            held = trading.book.symbols.get("AAPL")
            if held is not None and held.quantity > 0:
                trading.wants(side="sell", reducing=True)
            else:
                trading.wants()
        self.vendor.next.clear()
        self.vendor.next.extend(chance.choices(_QUICK, k=chance.choice([0, 0, 1, 3])))
        # Every request fails now and then, whatever it asks.
        self.vendor.always = chance.choice(_QUICK) if chance.random() < 0.2 else ""
        if chance.random() < 0.5:
            self.move()
        if chance.random() < 0.1:
            trading.restart()
        if chance.random() < 0.3:
            trading.desk.wait()
        trading.step()

    def move(self) -> None:
        """Something becomes of an order there."""
        books = self.vendor.books
        alive = [one for one in books.orders.values() if one.state == "live"]
        if not alive:
            return
        held = self.chance.choice(alive)
        left = (held.quantity - held.filled) // UNIT
        if self.chance.random() < 0.2:
            books.end(held, self.chance.choice(["cancelled", "expired"]))
        else:
            books.fill(held.client_id, self.chance.randint(1, left) * UNIT, held.limit)

    def calm(self) -> None:
        """Nothing goes wrong any more, and everything comes to its end."""
        self.vendor.always = ""
        self.vendor.next.clear()
        for _ in range(3):
            self.trading.desk.wait()
            self.trading.step(2)
        for held in [one for one in self.vendor.books.orders.values() if one.state == "live"]:
            self.vendor.books.fill(held.client_id, held.quantity - held.filled, held.limit)
        for _ in range(3):
            self.trading.desk.wait()
            self.trading.step(2)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [AlpacaDesk, TradierDesk])
def test_whatever_goes_wrong_nothing_is_lost_or_doubled(
    kind: type[AlpacaDesk | TradierDesk], seed: int, tmp_path: Path
) -> None:
    desk = kind()
    trading = Trading(tmp_path, desk)
    try:
        luck = Luck(trading, seed)
        for _ in range(ROUNDS):
            luck.round()
        luck.calm()
        books, book = desk.vendor.books, trading.book
        names = [one.client_id for one in books.orders.values()]
        assert len(names) == len(set(names)), "an order was doubled"
        assert len(names) > 3, "nothing happened"
        assert book.open == {}
        for held in books.orders.values():
            name = held.client_id.replace("ord-", "ord_")
            assert book.closed[name].filled == held.filled
        total = book.symbols["AAPL"].quantity if "AAPL" in book.symbols else 0
        assert total == books.positions["AAPL"]
        assert trading.process.desks[0].router.reconcile() == ()
        log = list(read(trading.layout.journal("trade_log")))
        assert all(one.recorded == one.recomputed for one in replay(log))
    finally:
        trading.process.close()
        desk.close()
