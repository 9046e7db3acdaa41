"""A paper broker, an Executor and the comparison as they run: three processes on the real clock."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tests.executor.building import envelope, intent, tape
from tests.executor.crash_driver import MARKET, RULES
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.record import Record
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.process import start
from vanta.executor.brokers.paper.wire import SOCKET
from vanta.executor.events import OrderPrepared
from vanta.executor.service import ExecutorNode
from vanta.executor.surveillance.mismatch import JOURNAL, MismatchFound, read_alert
from vanta.executor.surveillance.process import start as start_surveillance
from vanta.journal.reader import read
from vanta.node.layout import Layout

CONFIG = """\
node: executor
role: executor
environment: dev
governance:
  remote: forge.git
broker: {broker}
"""


class Live:
    """What is started here is ended by `close`.

    Args:
        root: of the node; an empty folder.
        misbehaving: whether answers are misused on the way, to the Executor and to the comparison.
        more: lines of the node's configuration.
    """

    def __init__(self, root: Path, *, misbehaving: bool = False, more: str = "") -> None:
        self.root, self.layout = root, Layout(root)
        for name in ("memory", "bus", "broker", "front", "etc"):
            (root / name).mkdir()
        prices = tape(root / "tape.jsonl", [("BTC-USD", MARKET, 20_000)])
        self.processes = [start(root / "broker", prices)]
        if misbehaving:
            command = [sys.executable, "-m", "tests.executor.misbehaving"]
            self.processes.append(
                subprocess.Popen(
                    [*command, str(root / "broker"), str(root / "front"), "7"],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            while not (root / "front" / SOCKET).exists():
                time.sleep(0.01)
        self.place = root / ("front" if misbehaving else "broker")
        self.layout.config.write_text(CONFIG.format(broker=self.place) + more)
        self.outbox = DirectoryOutbox(root / "bus")
        self.broker = PaperBroker(self.place, timeout=1.0)
        self.executor = self.boot()
        self.comparing = start_surveillance(self.layout)

    def boot(self) -> ExecutorNode:
        return ExecutorNode(
            self.layout,
            read_policy=lambda: RULES,
            clock=time.time_ns,
            brokers=[self.broker],
            inbox=DirectoryInbox(self.root / "bus"),
            actor="executor@live",
            rotate_at=2_000_000,
        )

    def close(self) -> None:
        self.executor.close()
        self.broker.close()
        for process in (self.comparing, *self.processes):
            process.terminate()
            process.wait(10)

    def trade(self, seconds: float, batch: int = 20) -> int:
        """Send intents as fast as they are worked off; how many."""
        until, sent = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            for _ in range(batch):
                now = time.time_ns()
                wanted = intent(
                    "BTC-USD", created=now, expires=now + 10 * MINUTE, market_time=MARKET + SECOND
                )
                self.outbox.send(wanted.id, envelope(wanted))
                sent += 1
            self.executor.step()
        return sent

    def run(self, seconds: float) -> None:
        """Go on without new intents."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.executor.step():
                time.sleep(0.01)

    def alerts(self) -> list[tuple[Record, MismatchFound]]:
        found = [(record, read_alert(record)) for record in read(self.layout.journal(JOURNAL))]
        return [(record, one) for record, one in found if isinstance(one, MismatchFound)]

    def await_alert(self, seconds: float = 6.0) -> tuple[Record, MismatchFound]:
        until = time.monotonic() + seconds
        while not (found := self.alerts()) and time.monotonic() < until:
            time.sleep(0.02)
        assert found, (self.layout.logs / "executor-surveillance.log").read_text()
        return found[-1]

    def plant(self, **changes: object) -> str:
        """An order that somebody else sends to the broker under a name of ours."""
        prepared = next(
            record for record in read(self.layout.journal("trade_log"))
            if record.type == "order.prepared"
        )  # fmt: skip
        order = msgspec.json.decode(prepared.body, type=OrderPrepared).order
        placed = msgspec.structs.replace(order, **changes)
        broker = PaperBroker(self.root / "broker")
        broker.submit(placed, MARKET + SECOND)
        broker.close()
        return placed.client_order_id
