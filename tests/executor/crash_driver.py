"""Runs an Executor again and again and kills it, for real, wherever it is.

`python -m tests.executor.crash_driver ROOT ROUNDS SEED [HOW]`: every round sends intents, starts a
node as a process of its own, and ends it with SIGKILL: at its nth checkpoint, or after a moment,
wherever that finds it. Now and then the paper broker dies too. Then one last node works off
everything.

HOW is `misbehaving` for a broker whose answers are misused on the way, `one-shot` for the same
where an order that is absent must not be sent again, or `rails` for a coin that is paid in
stablecoin by a vault that has dollars.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec

from tests.executor.building import VAULT, envelope, intent, policy, published, tape, vault
from vanta.bus.directory import DirectoryInbox, DirectoryOutbox
from vanta.domain.exact import UNIT
from vanta.domain.instant import MINUTE, SECOND
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.paper.process import start
from vanta.executor.brokers.paper.wire import SOCKET
from vanta.executor.service import ExecutorNode
from vanta.journal.view import read_view
from vanta.lattice.direction import Table
from vanta.node.layout import Layout

MARKET = 1_700_000_000 * SECOND
RULES = published(
    policy(
        {
            VAULT: vault(
                orders={
                    "duplicate_window": 0,
                    "max_notional": 1000 * UNIT,
                    "per_minute": 10**6,
                    "per_fill": 10**6,
                },
                throttle={"repeats": 10**6},
                concurrency={"open_orders": 10**6, "open_orders_per_broker": Table(10**6)},
                bands=((0, 300_000),),
                positions={"per_symbol": 10**6 * UNIT},
            )
        },
        account={
            "open_orders": 10**6,
            "messages": 10**6,
            "messages_per_broker": Table(10**6),
            "messages_per_strategy": Table(10**6),
        },
    )
)


RAILS = msgspec.structs.replace(
    RULES,
    policy=msgspec.structs.replace(
        RULES.policy,
        vaults={
            name: msgspec.structs.replace(
                one,
                stablecoin_buffer=1000,
                losses=msgspec.structs.replace(one.losses, streak=10**6),
            )
            for name, one in RULES.policy.vaults.items()
        },
    ),
)
"""The same, and the vault keeps a buffer, and goes on though going in and out costs something."""

PATIENCE = {"plain": 2.0, "rails": 2.0, "misbehaving": 0.2, "one-shot": 0.2}
"""Seconds a node waits for one answer."""


class OneShot(PaperBroker):
    """A broker at which a second submission would be a second order."""

    resubmits = False


def node(root: Path, strike: int, how: str, *, direct: bool = False) -> ExecutorNode:
    """A node that kills its own process at its `strike`-th checkpoint; 0 for never."""
    left = [strike]

    def checkpoint(name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            with (root / "killed-at").open("a") as out:
                out.write(f"{name}\n")
            os.kill(os.getpid(), signal.SIGKILL)

    kind = OneShot if how == "one-shot" else PaperBroker
    place = "broker" if direct or how in {"plain", "rails"} else "front"

    return ExecutorNode(
        Layout(root),
        read_policy=lambda: RAILS if how == "rails" else RULES,
        clock=time.time_ns,
        brokers=[kind(root / place, timeout=PATIENCE[how])],
        inbox=DirectoryInbox(root / "bus"),
        actor="executor@crash",
        checkpoint=checkpoint,
        rotate_at=400_000,
    )


def child(root: Path, strike: int, how: str) -> int:
    """Run a node in a process of its own; returns the process's id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        running = node(root, strike, how)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            if not running.step():
                time.sleep(0.002)
        status = 0
    finally:
        os._exit(status)


def between(root: Path, seed: str) -> subprocess.Popen[bytes]:
    """Start what misuses the broker's answers; it takes the broker's place in `front`."""
    command = [sys.executable, "-m", "tests.executor.misbehaving"]
    proxy = subprocess.Popen(
        [*command, str(root / "broker"), str(root / "front"), seed], stdout=subprocess.PIPE
    )
    while not (root / "front" / SOCKET).exists():
        time.sleep(0.01)
    return proxy


def settled(root: Path) -> bool:
    """Whether a node that is running has nothing left to do, by its views."""
    with contextlib.suppress(Exception):
        queue = read_view(Layout(root).view("autotrade_queue"), dict[str, list[msgspec.Raw]])
        orders = read_view(Layout(root).view("open_orders"), list[msgspec.Raw])
        return not queue.data["waiting"] and not orders.data
    return False


def main() -> None:
    root, rounds = Path(sys.argv[1]), int(sys.argv[2])
    generator = random.Random(int(sys.argv[3]))
    how = sys.argv[4] if len(sys.argv) > 4 else "plain"
    for name in ("memory", "bus", "broker", "front"):
        (root / name).mkdir()
    proxy = between(root, sys.argv[3]) if how not in {"plain", "rails"} else None
    markets = [("BTC-USD", False)]
    if how == "rails":
        markets = [("BTC-USDC", False)] * 6 + [("BTC-USDC", True), ("BTC-USD", True)]
    coins = [(symbol, MARKET, 20_000) for symbol in sorted({symbol for symbol, _ in markets})]
    prices = tape(root / "tape.jsonl", [*coins, ("USDC-USD", MARKET, 1)])
    broker = start(root / "broker", prices)
    outbox = DirectoryOutbox(root / "bus")
    sent: list[str] = []
    ends: Counter[str] = Counter()
    for number in range(rounds):
        for _ in range(generator.randint(1, 4)):
            now = time.time_ns()
            symbol, out = generator.choice(markets)
            side = "sell" if out else "buy"
            wanted = intent(
                symbol, side=side, reducing=out, created=now, expires=now + 10 * MINUTE,
                market_time=MARKET + SECOND,
            )  # fmt: skip
            outbox.send(wanted.id, envelope(wanted))
            sent.append(wanted.id)
        timed = number % 2
        pid = child(root, 0 if timed else generator.randint(1, 40 if how == "rails" else 18), how)
        if timed:
            time.sleep(generator.random() * (0.12 if how == "plain" else 0.4))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if number % 9 == 8:
            broker.kill()
            broker.wait()
            broker = start(root / "broker", prices)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ends["killed" if killed else f"exit {os.waitstatus_to_exitcode(status)}"] += 1
    misused: dict[str, int] = {}
    if proxy is not None:
        proxy.terminate()
        misused = json.loads(proxy.communicate()[0])
    last = node(root, 0, how, direct=True)
    quiet, until = 0, time.monotonic() + 20
    while quiet < 20 and time.monotonic() < until:
        quiet = 0 if last.step() else quiet + 1
        time.sleep(0.005)
    last.step()
    last.close()
    broker.terminate()
    broker.wait()
    told = {"sent": sent, "ends": ends, "settled": settled(root), "misused": misused}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
