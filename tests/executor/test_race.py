"""Fence 22: whatever the schedule, no order leaves after the halt returned.

The gate, the latch and their lock are the real ones; only whose turn it is comes from a seed.
"""

import contextlib
import random
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.building import order, policy, published
from tests.executor.schedules import Schedule
from vanta.domain.instant import FOREVER
from vanta.domain.policy import OverlayPolicy, Published
from vanta.domain.switches import Switches
from vanta.domain.trading import Order
from vanta.executor import gate as gates
from vanta.executor.gate import Gate
from vanta.governance import latch as latches
from vanta.governance.latch import LATCH, set_latch, wait_for_sends

OPEN = published(policy())
HALTED = published(policy(overlay=OverlayPolicy(everywhere=Switches(full_halt=FOREVER))), serial=2)
SENDERS, SENDS = 2, 2
LONGEST = 20
"""Turns that a halt may come late by: about half of the halts are in time for the first send."""
RETURNED = "the halt returned"


class Race:
    """Senders against a halt, over one memory folder."""

    def __init__(self, memory: Path, kind: type[Gate], *, signed: bool) -> None:
        self.memory = memory
        self.kind = kind
        self.signed = signed
        self.schedule = Schedule(0)
        self.source = [OPEN]
        self.happened: list[str] = []
        self.delay = 0

    def run(self, seed: int) -> list[str]:
        """One schedule; what happened, in its order."""
        self.schedule = Schedule(seed)
        self.delay = random.Random(seed).randrange(LONGEST)
        self.source, self.happened = [OPEN], []
        (self.memory / LATCH).unlink(missing_ok=True)
        self.schedule.run(*[self.send] * SENDERS, self.halt)
        return self.happened

    def policy(self) -> Published:
        self.schedule.step()
        found = self.source[0]
        self.schedule.step()
        return found

    def send(self) -> None:
        gate = self.kind(self.memory, self.policy)
        for number in range(SENDS):
            with gate.look(order(quantity=number + 1)) as shut:
                self.schedule.step()
                if shut:
                    return
                self.happened.append("sent")
                self.schedule.step()

    def halt(self) -> None:
        for _ in range(self.delay):
            self.schedule.step()
        if self.signed:
            self.source[0] = HALTED
        else:
            set_latch(self.memory, "now", 1)
        self.schedule.step()
        wait_for_sends(self.memory)
        self.happened.append(RETURNED)


@pytest.fixture
def racing(monkeypatch: pytest.MonkeyPatch) -> list[Race]:
    """Gives way wherever the gate or the latch touch the disk, or wait."""
    races: list[Race] = []

    def give_way(*_: object) -> None:
        races[0].schedule.step()

    real_latched, real_lock = latches.latched, latches.open_gate_lock

    def latched(memory: Path) -> bool:
        give_way()
        found = real_latched(memory)
        give_way()
        return found

    def open_gate_lock(memory: Path) -> int:
        give_way()
        fd = real_lock(memory)
        give_way()
        return fd

    monkeypatch.setattr(gates, "latched", latched)
    monkeypatch.setattr(gates, "open_gate_lock", open_gate_lock)
    clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=give_way)
    monkeypatch.setattr(latches, "time", clock)
    return races


def _late(happened: list[str]) -> bool:
    return "sent" in happened[happened.index(RETURNED) :]


def _search(races: list[Race], race: Race, seeds: range) -> tuple[int, int]:
    """Schedules in which an order left after the halt returned, and in which one left before."""
    races[:] = [race]
    late = before = 0
    for seed in seeds:
        happened = race.run(seed)
        late += _late(happened)
        before += happened[0] == "sent"
    return late, before


@pytest.mark.parametrize("signed", [False, True], ids=["latch", "policy"])
def test_no_order_leaves_after_the_halt_returned(
    tmp_path: Path, racing: list[Race], *, signed: bool
) -> None:
    late, before = _search(racing, Race(tmp_path, Gate, signed=signed), range(300))
    assert late == 0
    # The halt came in the middle of it often enough for that to mean something.
    assert 50 < before < 250


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("signed", [False, True], ids=["latch", "policy"])
def test_nor_in_ten_thousand_schedules(tmp_path: Path, racing: list[Race], *, signed: bool) -> None:
    late, _ = _search(racing, Race(tmp_path, Gate, signed=signed), range(300, 5_300))
    assert late == 0


class LookingBefore(Gate):
    """Looks, and sends without the lock."""

    @contextlib.contextmanager
    def look(self, order: Order) -> Iterator[tuple[str, ...]]:
        yield self._shut(order)


class LookingTooEarly(Gate):
    """Looks before it has the lock, and not again."""

    @contextlib.contextmanager
    def look(self, order: Order) -> Iterator[tuple[str, ...]]:
        shut = self._shut(order)
        with super().look(order) as _:
            yield shut


@pytest.mark.parametrize("weaker", [LookingBefore, LookingTooEarly])
@pytest.mark.parametrize("signed", [False, True], ids=["latch", "policy"])
def test_a_weaker_gate_is_caught(
    tmp_path: Path, racing: list[Race], weaker: type[Gate], *, signed: bool
) -> None:
    late, _ = _search(racing, Race(tmp_path, weaker, signed=signed), range(300))
    assert late > 0


def test_a_schedule_is_the_same_by_its_seed(tmp_path: Path, racing: list[Race]) -> None:
    race = Race(tmp_path, Gate, signed=False)
    racing[:] = [race]
    assert [race.run(seed) for seed in range(30)] == [race.run(seed) for seed in range(30)]
