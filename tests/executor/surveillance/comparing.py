"""An Executor, its broker, and the comparison beside them, on one clock."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.executor.running import Node
from tests.executor.simulator import Simulator
from vanta.domain.instant import SECOND
from vanta.domain.trading import Order
from vanta.executor.surveillance.mismatch import JOURNAL, MismatchFound, read_alert
from vanta.executor.surveillance.reading import read_statement
from vanta.executor.surveillance.service import Surveillance
from vanta.journal.reader import read


@dataclass
class Compared:
    root: Path
    every: int = SECOND // 4
    """Nanoseconds between two statements."""
    others: list[Simulator] = field(default_factory=list)
    """More brokers than the node's own."""
    halted: list[str] = field(default_factory=list)
    alerts: list[MismatchFound] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.node = Node(self.root, others=self.others)
        self.broker = self.node.broker
        self.brokers = [self.broker, *self.others]
        self.surveillance = self.begin()

    def begin(self) -> Surveillance:
        return Surveillance(
            self.node.layout,
            [one.name for one in self.brokers],
            clock=self.node.clock,
            actor="surveillance@test",
            halt=lambda _, reason, __: self.halted.append(reason),
        )

    def restart(self) -> None:
        self.surveillance.close()
        self.surveillance = self.begin()

    def close(self) -> None:
        self.surveillance.close()
        self.node.end()

    def look(self) -> list[str]:
        """One statement of each; the codes of what is told for them."""
        new = self.surveillance.look(
            [
                read_statement(one, self.surveillance.since(one.name), self.node.clock)
                for one in self.brokers
            ]
        )
        self.alerts += new
        return [one.mismatch.code for one in new]

    def watch(self, span: int, *, trading: bool = False) -> list[str]:
        """Compare for so long; the codes of everything that was told."""
        until, found = self.node.clock.now + span, list[str]()
        while self.node.clock.now < until:
            self.node.wait(self.every)
            if trading:
                assert self.node.process is not None
                self.node.process.step()
            found += self.look()
        return found

    def resting(self, symbol: str = "AAPL") -> Order:
        """An order that the broker has and does not fill."""
        self.broker.filling = False
        before = set(self.broker.orders)
        self.node.wants(symbol)
        self.node.step(2)
        [name] = self.broker.orders.keys() - before
        return self.broker.orders[name]

    def standing(self) -> list[str]:
        return [one.mismatch.code for one in self.surveillance.standing.found.values()]

    def journalled(self) -> list[str]:
        records = read(self.node.layout.journal(JOURNAL))
        return [record.type for record in records if read_alert(record) is not None]
