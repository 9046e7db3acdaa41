"""A trading floor: one governed node with its processes, and orders flowing through it.

Everything is what runs in production: `vanta governance controller`, `vanta executor run` with the
paper broker, intents signed by another node, a bare repository that is pushed to with Git.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from benchmarks.history import ENVIRONMENT, FundHistory
from benchmarks.orders import NODE, VAULT, tape
from tests.governance.valkey import Valkey
from vanta.domain.instant import SECOND
from vanta.domain.record import Record
from vanta.executor.events import DecisionMade, OrderWithheld, read
from vanta.governance.hints import publish_hint
from vanta.governance.keys import PublicKey, parse_public_key
from vanta.governance.rewalk import LANE
from vanta.governance.starter import trust_file
from vanta.journal.reader import Tail
from vanta.node.layout import Layout

LOOK = 0.002
"""Seconds between two looks at a journal; what is measured are the records' own times."""
PATIENCE = 60.0
"""Seconds to wait for anything."""
_ROOMY = {
    f"environments/{ENVIRONMENT}/vaults/{VAULT}.yaml": {
        "duplicateWindow: 5m": "duplicateWindow: 0s",
        "perMinute: 60": "perMinute: 1000000",
        "perFill: 100": "perFill: 1000000",
        "repeats: 10": "repeats: 1000000",
        "openOrders: 20": "openOrders: 1000",
        "openOrdersPerBroker: {default: 20}": "openOrdersPerBroker: {default: 1000}",
        "streak: 6": "streak: 1000000",
        # So small that neither fees nor exposure ever come near a limit.
        "size: 0.02": "size: 0.0002",
        "size: 0.05": "size: 0.0005",
        "size: 0.08": "size: 0.0008",
    },
    f"ceilings/{ENVIRONMENT}.yaml": {
        "duplicateWindow: 1m": "duplicateWindow: 0s",
        "perMinute: 120": "perMinute: 1000000",
        "perFill: 200": "perFill: 1000000",
        "repeats: 20": "repeats: 1000000",
        "messages: 240": "messages: 1000000",
        "messagesPerBroker: {default: 240}": "messagesPerBroker: {default: 1000000}",
        "messagesPerStrategy: {default: 240}": "messagesPerStrategy: {default: 1000000}",
        "openOrders: 60": "openOrders: 1000",
    },
}
"""Limits that only a load would meet; what is measured is the halt."""


class Floor:
    """One node under load; nothing runs before it is entered, and nothing after it is left.

    Args:
        root: an empty folder.
        hints: whether whoever pushes a halt says so on Redis once the push returned.
        pace: intents a second.
    """

    def __init__(self, root: Path, *, hints: bool = False, pace: float = 50.0) -> None:
        self.root = root
        self.forge = root / "forge.git"
        self.node = Layout(root / "executor")
        self.history = FundHistory(root, nodes=self._nodes(), edit=_ROOMY, clock=time.time_ns)
        self.node.trust.write_bytes(trust_file(self.history.trust))
        self._hints = Valkey(root) if hints else None
        self.pace = pace
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._trades = Tail(self.node.journal("trade_log"))
        self._receipts = Tail(self.node.journal("governance"))
        self._seen: list[Record] = []

    def _nodes(self) -> Mapping[str, PublicKey]:
        """Make both nodes' folders; their names and keys."""
        shared = [f"--bus={self.root / 'bus'}"]
        options = {
            NODE: shared,
            "executor": [*shared, f"--broker={self.root / 'broker'}"],
        }
        keys = {}
        for name, more in options.items():
            folder = self.root / name
            self.vanta(
                "node", "init", str(folder), "--role", name, "-e", ENVIRONMENT,
                "--remote", str(self.forge), *more,
            )  # fmt: skip
            text = Layout(folder).key.with_name("node.pub").read_text()
            keys[name] = parse_public_key(text.strip())
        return keys

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.forge))
        self.push("main")
        market = self.root / "broker" / "tape.jsonl"
        market.write_bytes(tape(time.time_ns() // SECOND * SECOND))
        if self._hints:
            self._hints.start()
            text = self.node.config.read_text()
            hints = f'governance:\n  hints: "{self._hints.url}"\n'
            self.node.config.write_text(text.replace("governance:\n", hints))
        self.start("controller", "-m", "vanta.cli", "governance", "controller", *self._at())
        self.wait("a policy", self.node.view("vault").exists)
        executor = ("executor", "run", "--with-paper-broker", "--with-judge")
        self.start("executor", "-m", "vanta.cli", *executor, *self._at())
        key = Layout(self.root / NODE).key
        self.start(
            "orders", "-m", "benchmarks.orders", str(key), str(self.root / "bus"),
            str(self.pace), str(market), str(self.node.memory),
        )  # fmt: skip
        self.flowing()

    def _at(self) -> tuple[str, str]:
        return "--node", str(self.node.root)

    def close(self) -> None:
        """End every process, politely first."""
        for process in reversed(self._running.values()):
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        if self._hints:
            self._hints.stop()
        self._trades.close()
        self._receipts.close()

    def start(self, name: str, *arguments: str) -> None:
        """Start a process of the floor."""
        with (self.root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def vanta(self, *arguments: str) -> None:
        """Run a `vanta` command to its end."""
        run(sys.executable, "-m", "vanta.cli", *arguments)

    def push(self, *refspecs: str) -> int:
        """`git push` what the people made; when it returned, UTC nanoseconds."""
        run("git", "-C", str(self.history.sim.path), "push", "--quiet", str(self.forge), *refspecs)
        return time.time_ns()

    def push_halt(self) -> int:
        """Halt, and push it to the branch and to the lane; when that returned, UTC nanoseconds."""
        self.history.halt()
        returned = self.push("main", f"main:{self._lane()}")
        if self._hints:
            publish_hint(self._hints.url)
        return returned

    def resume(self) -> None:
        """Two people take every halt back, and orders flow again."""
        lane = self._lane()
        self.history.resume()
        self.history.approve()
        self.push("main")
        self.flowing()
        self.push(f":{lane}")

    def _lane(self) -> str:
        return f"{LANE}/{Path(self.history.halted[-1]).stem}"

    # What the node's journals say

    def denied(self, since: int, *codes: str) -> int:
        """When the Executor first kept an order in for one of these, UTC ns; waits for it."""
        wanted = frozenset(codes)
        return self._first(f"an order denied for {codes}", since, lambda e: wanted & _codes(e))

    def flowing(self) -> int:
        """When the Executor next accepts an order, UTC ns; waits for it."""
        return self._first("an accepted order", time.time_ns(), _accepted)

    def _first(self, what: str, since: int, is_it: Callable[[object], object]) -> int:
        found: list[int] = []

        def there() -> bool:
            records = self._trades.poll()
            found.extend(r.ts for r in records if r.ts >= since and is_it(read(r)))
            return bool(found)

        self.wait(what, there)
        return found[0]

    def judged(self, commit: str) -> str:
        """The verdict on a commit once there is one."""
        found: list[str] = []

        def there() -> bool:
            for record in self._receipts.poll():
                body = msgspec.json.decode(record.body)
                if record.type == "policy.evaluated" and body["commit"] == commit:
                    found.append(body["verdict"])
            return bool(found)

        self.wait(f"a verdict on {commit[:12]}", there)
        return found[0]

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until something is so; the ends of all logs are told when it never is."""
        began = time.monotonic()
        while not ready():
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended or time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"no {what}; ended: {ended or 'none'}{self._logs()}")
            time.sleep(LOOK)

    def _logs(self) -> str:
        logs = {path.stem: path.read_text()[-800:] for path in sorted(self.root.glob("*.log"))}
        return "".join(f"\n{name}: {text}" for name, text in logs.items())


def _codes(event: object) -> frozenset[str]:
    """Why an event kept an order in; empty where it did not."""
    if isinstance(event, DecisionMade) and event.decision.verdict == "deny":
        return frozenset(one.code for one in event.decision.findings if not one.passed)
    return frozenset(event.codes if isinstance(event, OrderWithheld) else ())


def _accepted(event: object) -> bool:
    return isinstance(event, DecisionMade) and event.decision.verdict == "accept"


def run(*command: str) -> None:
    """Run a command to its end; what it said is in the error when it fails."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VANTA_", "GIT_"))}
    quiet = {**kept, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
