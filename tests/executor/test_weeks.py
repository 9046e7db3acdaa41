"""Weeks of an Executor, its broker and the comparison on one clock, looked after badly.

What hours show, other tests show. Here days pass between two orders or between a crash and the next
start, segments are closed whenever they please, the policy changes, halts and flips come and go,
the process is killed between any two steps, the clock is set back, the broker is away, loses orders
and answers, refuses, and fills what it likes; and at the end everything agrees: the log replays to
the byte, no intent was decided twice, the broker has each order once, and the comparison never told
of anything.
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import OTHER, VAULT, policy, published, vault
from tests.executor.railed import Fund
from tests.executor.simulator import Simulator
from tests.executor.surveillance import comparing
from tests.executor.surveillance.comparing import Compared
from vanta.domain.exact import PPM
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND
from vanta.domain.policy import Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.executor import remembered
from vanta.executor.rails import PEG
from vanta.executor.withdrawal import ask as take_back
from vanta.governance.latch import LATCH
from vanta.lattice.direction import Table

SYMBOLS = {"AAPL": 100, "MSFT": 200, "BTC-USD": 20_000}
STABLECOIN = "BTC-USDC"


class Killed(BaseException):
    """What a kill looks like from inside one process: nothing after it runs."""


class Weeks:
    """One history, drawn by chance from a seed.

    In every other the vaults have stablecoin too; in every third there are two brokers, and nobody
    sells short.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        others = [Simulator(name="second")] if seed % 3 == 1 else []
        self.compared = Compared(root, others=others)
        self.node, self.brokers = self.compared.node, self.compared.brokers
        self.serial = 0
        self.symbols = [*SYMBOLS, STABLECOIN] if isinstance(self.node, Fund) else [*SYMBOLS]
        self.rotate_at = (4_000, 20_000, 2**40)[seed % 3]
        self.left = -1
        self.change_policy()
        self.restart()

    def policy(self) -> Policy:
        pick, names = self.chance.choice, [one.name for one in self.brokers]
        freely = {
            "brokers": frozenset(pick([names, names[:1], names[-1:]])),
            "orders": {"duplicate_window": pick([0, MINUTE])},
            "positions": {"short": len(self.brokers) == 1},
            "universe": {"allow": frozenset({"*"})},
            "losses": {"daily": 10**16, "drawdown": PPM, "streak": 1000},
            "persona": {"stop_loss": pick([0, 40_000]), "trailing": pick([0, 50_000])},
            "stablecoin_buffer": pick([0, 10_000]),
        }
        overlay = OverlayPolicy()
        if self.chance.random() < 0.3:
            switch = pick(["reduce_only", "orders_disabled", "full_halt"])
            halted = Table(Switches(), {VAULT: Switches(**{switch: FOREVER})})
            overlay = msgspec.structs.replace(overlay, vaults=halted)
        if self.chance.random() < 0.4:
            until = self.node.clock.now + pick([MINUTE, HOUR, DAY])
            flip = Flip(until=until, slice=200_000, amplifier=1_500_000, conviction=500_000)
            overlay = msgspec.structs.replace(overlay, flips={OTHER: flip})
        return policy({VAULT: vault(**freely), OTHER: vault(**freely)}, overlay=overlay)

    def change_policy(self) -> None:
        self.serial += 1
        self.node.source[:] = [published(self.policy(), serial=self.serial)]

    def restart(self) -> None:
        self.node.boot(self.checkpoint, rotate_at=self.rotate_at)

    def checkpoint(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def step(self, span: int = SECOND) -> None:
        self.node.wait(span)
        assert self.node.process is not None
        try:
            self.node.process.step()
        except Killed:
            self.restart()
        found = self.compared.look()
        if any(one.away for one in self.brokers):
            found = [code for code in found if code != "NOT_COMPARED"]
        assert found == []
        if len(self.brokers) > 1:
            # Money is known by vault alone: a broker that has too little of it refuses.
            held = [one.held[symbol] for one in self.brokers for symbol in one.held.keys() - {PEG}]
            assert min(held, default=0) >= 0

    def live(self, steps: int) -> None:
        """So many things that happen, and some seconds after each."""
        chances = {
            self.ask: 30, self.close: 25, self.move: 10, self.pass_time: 8, self.restart: 5,
            self.lose: 5, self.go_away: 4, self.come_back: 12, self.refuse: 3, self.hold_fills: 10,
            self.fill: 5, self.end: 3, self.change_policy: 3, self.compared.restart: 2,
            self.settle: 3, self.kill: 8, self.halt: 5, self.resume: 6, self.take_back: 8,
            self.set_back: 3,
        }  # fmt: skip
        for _ in range(steps):
            [happen] = self.chance.choices(list(chances), list(chances.values()))
            happen()
            for _ in range(self.chance.choice([1, 1, 2, 4])):
                self.step(self.chance.choice([SECOND, SECOND, 5 * SECOND]))

    def ask(self) -> None:
        pick = self.chance.choice
        for _ in range(pick([1, 1, 2, 5])):
            self.node.wants(
                pick(self.symbols),
                vault=pick([VAULT, OTHER]),
                side=pick(["buy", "buy", "sell"]),
                market_time=self.node.clock.now,
                flip=pick([True, False]),
                conviction=pick([600_000, 700_000, 900_000]),
            )

    def close(self) -> None:
        assert self.node.process is not None
        held = [one for one in self.node.process._log.book.positions() if one.quantity]
        for one in self.chance.sample(held, min(len(held), 2)):
            side = "sell" if one.quantity > 0 else "buy"
            now = self.node.clock.now
            self.node.wants(one.symbol, vault=one.vault, side=side, reducing=True, market_time=now)

    def move(self) -> None:
        symbol = self.chance.choice(list(SYMBOLS))
        self.node.price(symbol, SYMBOLS[symbol] * self.chance.randint(80, 125) // 100)

    def pass_time(self) -> None:
        self.node.wait(self.chance.choice([MINUTE, HOUR, DAY, 3 * DAY]))

    def lose(self) -> None:
        what = self.chance.choice(["lose_orders", "lose_answers", "late"])
        setattr(self.one(), what, self.chance.choice([1, 2, 3]))

    def go_away(self) -> None:
        setattr(self.one(), self.chance.choice(["away", "mute"]), True)

    def refuse(self) -> None:
        self.one().refuse = "REFUSED"

    def hold_fills(self) -> None:
        self.one().filling = False

    def come_back(self) -> None:
        for broker in self.brokers:
            broker.away, broker.mute, broker.refuse, broker.filling = False, False, "", True

    def one(self) -> Simulator:
        return self.chance.choice(self.brokers)

    def alive(self) -> Iterator[tuple[Simulator, str]]:
        broker = self.one()
        alive = [name for name, state in broker.states.items() if not state.terminal]
        yield from ((broker, name) for name in self.chance.sample(alive, min(len(alive), 1)))

    def fill(self) -> None:
        for broker, name in self.alive():
            left = broker.orders[name].quantity - broker.filled[name]
            broker.fill(name, max(1, left // 2) if self.chance.random() < 0.5 else None)

    def end(self) -> None:
        for broker, name in self.alive():
            broker._end(name)

    def kill(self) -> None:
        self.left = self.chance.randint(1, 12)

    def halt(self) -> None:
        (self.node.root / "memory" / LATCH).write_text("")

    def resume(self) -> None:
        (self.node.root / "memory" / LATCH).unlink(missing_ok=True)

    def take_back(self) -> None:
        for _, name in self.alive():
            take_back(self.node.layout.run, name, "somebody")

    def set_back(self) -> None:
        self.node.clock.now -= self.chance.choice([3 * SECOND, 4 * MINUTE])

    def settle(self) -> None:
        """Everybody behaves for a while; then all of it must agree."""
        self.come_back()
        self.resume()
        self.left = -1
        for broker in self.brokers:
            broker.late = broker.lose_orders = broker.lose_answers = 0
        for _ in range(12):
            self.step()
        self.node.holds_together()


def live(root: Path, seed: int, steps: int) -> Weeks:
    with pytest.MonkeyPatch.context() as patch:
        if seed % 2:
            patch.setattr(comparing, "Node", Fund)
        weeks = Weeks(root, seed)
    try:
        weeks.live(steps)
        weeks.settle()
        weeks.restart()
        weeks.settle()
    finally:
        weeks.compared.close()
    return weeks


@pytest.fixture(autouse=True)
def crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that they are one."""
    monkeypatch.setattr(remembered, "CROWD", 16)


def test_weeks_in_which_much_happens(tmp_path: Path) -> None:
    types, passed = Counter[str](), 0
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        weeks = live(tmp_path / str(seed), seed, 150)
        types.update(weeks.node.types())
        passed += weeks.node.clock.now - weeks.node.log()[0].ts
    assert passed > 14 * DAY
    assert types["order.filled"] > 50
    assert types["exit.wanted"] > 3
    for kind in ("cancelled", "rejected", "unknown", "withheld"):
        assert types[f"order.{kind}"] > 2, kind
    for kind in ("book.cleared", "conversion.wanted", "journal.rotated"):
        assert types[kind] > 0, kind


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 118))
def test_more_weeks(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed, 400)
