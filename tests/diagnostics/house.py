"""Three nodes that were founded, harvested and traded by the commands themselves, and copies."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.founded import PEOPLE, git, keygen, vanta
from vanta.diagnostics.examine import Report, examine
from vanta.diagnostics.finding import Finding
from vanta.executor.judge.signs import EXECUTOR_SIGN, JUDGE_SIGN
from vanta.governance.clock import boot_id
from vanta.governance.heartbeat import HEARTBEAT, Heartbeat
from vanta.node.config import read_config
from vanta.node.layout import Layout

NODES = ("alpha", "markets", "executor")


@dataclass(frozen=True)
class House:
    """Nodes below one folder, whose services just gave a sign of life."""

    root: Path
    hearts: list[Heartbeat] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def layout(self, node: str) -> Layout:
        return Layout(self.root / "nodes" / node)

    @property
    def statuses(self) -> Path:
        return self.root / "statuses"

    @property
    def bus(self) -> Path:
        return self.root / "bus"

    def signs(self, *but: str) -> None:
        """Every service, but for these, gives signs of life from now on."""
        with self.turn:
            self.hearts.clear()
            for node in NODES:
                names = {"governance": HEARTBEAT}
                if node == "executor":
                    names |= {"executor": EXECUTOR_SIGN, "judge": JUDGE_SIGN}
                memory = self.layout(node).memory
                for service, name in names.items():
                    (memory / name).unlink(missing_ok=True)
                    if service not in but:
                        self.hearts.append(Heartbeat(memory, boot_id(), name=name))
        self.beat()

    def beat(self) -> None:
        with self.turn:
            for heart in self.hearts:
                heart.beat()

    @contextmanager
    def living(self) -> Iterator["House"]:
        """For as long as a test takes."""
        over = threading.Event()

        def live() -> None:
            while not over.wait(0.5):
                self.beat()

        life = threading.Thread(target=live)
        life.start()
        try:
            yield self
        finally:
            over.set()
            life.join()

    def examined(
        self, node: str, *, clock: Callable[[], int] = time.time_ns, deadline: float = 20.0
    ) -> Report:
        """What examining a node comes to."""
        layout = self.layout(node)
        return examine(layout, read_config(layout.config), clock=clock, deadline=deadline)[0]

    def says(self, node: str, check: str, *, later: int = 0) -> dict[str, Finding]:
        """What one check says of a node, by code."""
        report = self.examined(node, clock=lambda: time.time_ns() + later)
        return {one.code: one for one in report.findings if one.check == check}

    def publish(self, *nodes: str) -> None:
        """Let nodes (all, if none is named) tell the others how they stand."""
        for node in nodes or NODES:
            done = vanta("diagnostics", "--publish", "-n", f"nodes/{node}", at=self.root)
            assert done.returncode in {0, 3, 4}, done.stderr


def found(root: Path) -> House:
    """Found a fund, harvest its sample, and trade it: the first day, typed."""
    (root / "people").mkdir(parents=True)
    for name in PEOPLE:
        keygen(root / "people" / name)
    ways = ("-e", "dev", "--remote", str(root / "forge.git"), "--statuses", "statuses")
    more = {"alpha": (), "markets": ("--bus", "bus"), "executor": ("--bus", "bus")}
    for node in NODES:
        paper = ("--broker", "broker") if node == "executor" else ()
        typed(root, "node", "init", f"nodes/{node}", "--role", node, *ways, *more[node], *paper)
    people = [f"--person={name}={name}@fund.example=people/{name}.pub" for name in PEOPLE]
    nodes = [f"--node=nodes/{node}" for node in NODES]
    typed(root, "governance", "init", "governance", "-k", "people/ada", *people, *nodes)
    git("clone", "--quiet", "--bare", "governance", "forge.git", at=root)
    git("-C", "governance", "remote", "add", "origin", str(root / "forge.git"), at=root)
    house = House(root)
    look(house)
    typed(root, "markets", "sample", "feeds")
    window = ("--from", "2026-03-02T00:00:00Z", "--to", "2026-03-03T00:00:00Z", "--step", "4h")
    typed(root, "markets", "run", "-n", "nodes/markets", "--feeds", "feeds", *window)
    typed(root, "markets", "tape", "--feeds", "feeds", "--out", "broker/tape.jsonl")
    run = ("executor", "run", "-n", "nodes/executor", "--with-paper-broker", "--with-judge")
    typed(root, *run, "--until-idle")
    for node in NODES:
        typed(root, "node", "checkpoint", "-n", f"nodes/{node}")
    return house


def look(house: House, *nodes: str) -> None:
    """Let the controllers of some nodes (all, if none is named) look once."""
    for node in nodes or NODES:
        typed(house.root, "governance", "controller", "-n", f"nodes/{node}", "--once")


def typed(root: Path, *words: str) -> str:
    done = vanta(*words, at=root)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def copy(house: House, to: Path) -> House:
    """The same nodes once more, each at its new place, and alive."""
    shutil.copytree(house.root, to, ignore=shutil.ignore_patterns("*.sock"))
    for node in NODES:
        config = to / "nodes" / node / "etc" / "node.yaml"
        config.write_text(config.read_text().replace(str(house.root), str(to)))
    made = House(to)
    made.signs()
    return made


@contextmanager
def running(house: House, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A service as it runs, until the end of the context."""
    log = (house.root / "service.log").open("ab")
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vanta.cli", *words],
            cwd=house.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def eventually(ready: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.1)
