"""An Executor on a disk, stepped by a test that has everything around it in its hands."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.executor.building import (
    OTHER,
    VAULT,
    Ticks,
    envelope,
    intent,
    policy,
    published,
    quote,
    vault,
)
from tests.executor.simulator import Simulator
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.bus.port import Inbox
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.policy import Published
from vanta.domain.record import Record
from vanta.domain.trading import Intent
from vanta.executor.replay import replay
from vanta.executor.router import Checkpoint, passing
from vanta.executor.service import ExecutorNode
from vanta.executor.sessions import Sessions
from vanta.journal.reader import read
from vanta.node.layout import Layout


@dataclass
class Node:
    """An Executor on a disk, with everything around it in the test's hands."""

    root: Path
    clock: Ticks = field(default_factory=Ticks)
    broker: Simulator = field(default_factory=Simulator)
    source: list[Published] = field(
        default_factory=lambda: [
            published(policy({VAULT: vault(orders={"duplicate_window": 0}), OTHER: vault()}))
        ]
    )
    others: list[Simulator] = field(default_factory=list)
    """More brokers, in the order of the node's configuration."""
    process: ExecutorNode | None = None
    inbox: Inbox | None = None
    """Instead of the one of its folder."""
    sessions: Sessions | None = None
    prices: dict[str, int] = field(
        default_factory=lambda: {"AAPL": 100, "MSFT": 200, "BTC-USD": 20_000}
    )

    def __post_init__(self) -> None:
        self.layout = Layout(self.root)
        for name in ("memory", "bus"):
            (self.root / name).mkdir(exist_ok=True)
        self.outbox = DirectoryOutbox(self.root / "bus")
        self._quotes()

    def _quotes(self) -> None:
        for symbol, price in self.prices.items():
            for broker in (self.broker, *self.others):
                broker.quotes[symbol] = quote(symbol, price, ts=self.clock.now)

    def published(self) -> Published:
        if not self.source:
            raise UnavailableError("no policy", code="NO_POLICY")
        return self.source[0]

    def boot(self, checkpoint: Checkpoint = passing, rotate_at: int = 2**40) -> ExecutorNode:
        self.end()
        self.process = ExecutorNode(
            self.layout,
            read_policy=self.published,
            clock=self.clock,
            brokers=[self.broker, *self.others],
            inbox=self.inbox or DirectoryInbox(self.root / "bus"),
            actor="executor@test",
            sessions=self.sessions,
            checkpoint=checkpoint,
            rotate_at=rotate_at,
        )
        return self.process

    def end(self) -> None:
        if self.process is not None:
            self.process.close()
        self.process = None

    def wait(self, span: int) -> None:
        """Let time pass; the market goes on."""
        self.clock.now += span
        self._quotes()

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.wait(SECOND)
            (self.process or self.boot()).step()

    def wants(self, symbol: str = "AAPL", **changes: object) -> Intent:
        wanted = intent(
            symbol, created=self.clock.now, expires=self.clock.now + 10 * MINUTE, **changes
        )
        self.outbox.send(wanted.id, envelope(wanted))
        return wanted

    def price(self, symbol: str, price: int) -> None:
        """Move the market in a symbol to a price in dollars."""
        self.prices[symbol] = price
        self._quotes()

    def log(self, name: str = "trade_log") -> list[Record]:
        return list(read(self.layout.journal(name)))

    def types(self, name: str = "trade_log") -> list[str]:
        return [record.type for record in self.log(name)]

    def body(self, kind: str) -> dict[str, object]:
        [found] = [record for record in self.log() if record.type == kind]
        return msgspec.json.decode(found.body, type=dict[str, object])

    def holds_together(self) -> None:
        """The log replays, ids are unique, the broker has every order once, and both agree."""
        log = self.log()
        assert len({record.id for record in log}) == len(log)
        assert all(one.recorded == one.recomputed for one in replay(log))
        assert self.process is not None
        book = self.process._log.book
        assert all(desk.router.reconcile() == () for desk in self.process.desks)
        decided = [record for record in log if record.type == "decision.made"]
        assert len({record.parents for record in decided}) == len(decided)
        for vault_book in book.vaults.values():
            assert vault_book.buying == sum(line.buying for line in vault_book.lines.values())
            assert vault_book.open_orders == sum(
                one.order.vault in book.vaults and book.vaults[one.order.vault] is vault_book
                for one in book.open.values()
            )
