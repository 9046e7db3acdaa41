"""`kill -9` at every step of staging, promoting and rolling back: `current` is on a whole slot.

Each scenario is first carried out to its end to count its steps; then once for each step, in a
process that kills itself there. What must hold is looked at as it lies on the disk, before anything
recovers it, and once more after recovery, which is itself killed at every step.
"""

import contextlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.builds.making import MACHINE, NODE, log, make, node, permission, staged
from vanta.builds.collect import collect
from vanta.builds.flip import target_of
from vanta.builds.health import Limits
from vanta.builds.log import recall
from vanta.builds.processes import Processes
from vanta.builds.promote import carry_out, plan_promotion, plan_rollback
from vanta.builds.recover import recover
from vanta.builds.site import Site
from vanta.builds.slots import Slots
from vanta.domain.errors import VantaError
from vanta.journal.verify import verify
from vanta.node.layout import Layout

ONE_PASS = Limits(passes=1, within=3.0, every=0.02)
NAMES = ("executor",)


class Scenario(NamedTuple):
    """Something that is done at a node, and where it may end."""

    do: Callable[[Site], object]
    ends: frozenset[str]
    """What `current` may be on, at any moment and after recovery."""
    settles: frozenset[str]
    """What recovery may leave it on."""


class Prepared(NamedTuple):
    """A node where the first build runs, and releases to go on with."""

    root: Path
    first: str
    second: str
    third: Path
    broken: str


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("crash")
    root = folder / "node"
    with node(root, names=NAMES, limits=ONE_PASS) as site:
        promote(site, staged(site, make(folder, "well", 0)).build)
        first = staged(site, make(folder, "well", 1)).build
        promote(site, first)
        second = staged(site, make(folder, "well", 2)).build
        promote(site, second)
        broken = staged(site, make(folder, "crashes", 3)).build
    return Prepared(root, first, second, make(folder, "well", 4), broken)


def promote(site: Site, build: str, *, rollback: bool = False, again: bool = False) -> None:
    plan = plan_promotion(
        site.now, site.slots, build, permission(), MACHINE, rollback=rollback, again=again
    )
    carry_out(site, plan)


def scenarios(prepared: Prepared) -> dict[str, Scenario]:
    first, second = prepared.first, prepared.second

    def roll_back(site: Site) -> None:
        carry_out(site, plan_rollback(site.now, site.slots, "", permission(), NODE))

    both = frozenset({first, second})
    return {
        "stage": Scenario(
            lambda site: staged(site, prepared.third), frozenset({second}), frozenset({second})
        ),
        "promote": Scenario(lambda site: promote(site, first, rollback=True), both, both),
        "promote a broken one": Scenario(
            lambda site: promote(site, prepared.broken),
            frozenset({second, prepared.broken}),
            frozenset({second}),
        ),
        "roll back": Scenario(roll_back, both, both),
        "collect garbage": Scenario(collect, frozenset({second}), frozenset({second})),
    }


def run(root: Path, do: Callable[[Site], object], strike: int) -> tuple[bool, list[str]]:
    """Do something in a process that dies at its `strike`-th step; whether it was killed."""
    steps = root.parent / "steps"
    steps.unlink(missing_ok=True)
    pid = os.fork()
    if not pid:
        done = 0

        def checkpoint(name: str) -> None:
            nonlocal done
            done += 1
            with steps.open("a") as out:
                out.write(f"{name}\n")
            if done == strike:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            with node(root, names=NAMES, limits=ONE_PASS, checkpoint=checkpoint) as site:
                do(site)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.waitstatus_to_exitcode(status) == 0
    return killed, steps.read_text().splitlines() if steps.exists() else []


def copy(prepared: Prepared, to: Path) -> Path:
    shutil.copytree(prepared.root, to, symlinks=True)
    return to


def whole(root: Path, may_be: frozenset[str]) -> str:
    """What `current` is on: a slot that is as it was signed, whatever was killed when."""
    layout = Layout(root)
    build = target_of(layout.current)
    assert build in may_be
    assert Slots(layout.slots).verify(build).name == build
    assert (layout.current / "bin" / "vanta").is_file()
    return build


def settled(root: Path, scenario: Scenario) -> None:
    """Recover, and look whether anything is left half done."""
    layout = Layout(root)
    try:
        with node(root, names=NAMES, limits=ONE_PASS) as site:
            recover(site)
            build = whole(root, scenario.settles)
            assert (site.now.current, site.now.pending) == (build, None)
            assert site.slots.drafts() == []
            for letter, held in site.now.letters.items():
                assert target_of(layout.slots / letter) == held
            assert build in site.now.letters.values()
            for held in site.now.staged:
                site.slots.verify(held)
            assert recover(site).code == ""
    finally:
        Processes(layout).stop_all()
    verify(layout.journal("builds"))
    assert recall(layout.journal("builds")).pending is None


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", ["stage", "promote", "promote a broken one", "roll back", "collect garbage"]
)
def test_killed_at_every_step_current_is_on_a_whole_slot(
    prepared: Prepared, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = scenarios(prepared)[name]
    killed, steps = run(copy(prepared, tmp_path / "count" / "node"), scenario.do, 0)
    assert not killed
    at = sampled(steps)
    assert len(at) > 1
    for strike in at:
        root = copy(prepared, tmp_path / str(strike) / "node")
        killed, done = run(root, scenario.do, strike)
        try:
            assert killed, steps[strike - 1]
            whole(root, scenario.ends)
            settled(root, scenario)
        except AssertionError as error:
            error.add_note(f"killed after: {done[-1]}")
            raise
        shutil.rmtree(root.parent, onerror=_open_up)
    with capsys.disabled():
        sys.stdout.write(f"\n  {name}: killed after each of {len(at)} steps")


def sampled(steps: list[str]) -> list[int]:
    """Every step but for those that are the same for one file as for the next."""
    found, files = [], 0
    for number, name in enumerate(steps, 1):
        files += name.startswith("unpacked ")
        if not name.startswith("unpacked ") or files in {1, 2} or files % 25 == 0:
            found.append(number)
    return found


@pytest.mark.timeout(600)
def test_recovery_killed_at_every_step_is_recovered(prepared: Prepared, tmp_path: Path) -> None:
    scenario = scenarios(prepared)["promote a broken one"]
    hurt = copy(prepared, tmp_path / "hurt" / "node")
    _, steps = run(copy(prepared, tmp_path / "count" / "node"), scenario.do, 0)
    run(hurt, scenario.do, steps.index("journalled flip.made") + 1)
    (Layout(hurt).slots / f"{prepared.first}.tmp").mkdir()
    strike = 1
    while True:
        root = tmp_path / str(strike) / "node"
        shutil.copytree(hurt, root, symlinks=True)
        killed, _ = run(root, recover, strike)
        whole(root, scenario.ends)
        settled(root, scenario)
        if not killed:
            break
        strike += 1
    assert strike > 5


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rounds", [30, pytest.param(400, marks=pytest.mark.slow)])
def test_killed_at_any_moment_the_node_goes_on(
    prepared: Prepared, tmp_path: Path, rounds: int
) -> None:
    """Nothing is put right by hand between two rounds: what one leaves, the next begins with."""
    chance = random.Random(5)
    root = copy(prepared, tmp_path / "node")
    every = frozenset({prepared.first, prepared.second, prepared.broken, prepared.third.name})
    killed = 0
    for _ in range(rounds):
        build = chance.choice(sorted(every))
        pid = os.fork()
        if not pid:
            try:
                with node(root, names=NAMES, limits=ONE_PASS) as site:
                    recover(site)
                    if build == prepared.third.name:
                        staged(site, prepared.third)
                    promote(site, build, rollback=True, again=True)
            except VantaError as error:
                sys.stderr.write(f"{error}\n")
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.0, 0.09))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        killed += os.WIFSIGNALED(status)
        whole(root, every)
        Processes(Layout(root)).stop_all()
    assert killed > rounds // 3
    let_go(root)
    settled(root, Scenario(recover, every, every))


def let_go(root: Path) -> None:
    """Wait for what was being started when its parent was killed: it has the lock too."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            log(Layout(root)).close()
        except VantaError:
            time.sleep(0.01)
        else:
            break
    Processes(Layout(root)).stop_all()


def _open_up(remove: Callable[[str], object], path: str, _why: object) -> None:
    Path(path).parent.chmod(0o755)
    remove(path)
