"""Not on the list: what one push, or one stolen key with no say, may cost every node.

A walk that takes minutes is a halt that takes minutes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.door import arguments, knock, pin
from tests.attacks.planting import FILE, FOLDER, Entry, commit_of, planted
from tests.governance.fund import ENVIRONMENT, Fund, document, halted, switch
from tests.governance.station import Station
from vanta.governance.firstseen import write_notes

PATIENCE = 3.0
"""Seconds of a processor, Git's included; a bounded walk takes a tenth of it."""


def spent() -> float:
    """What this process and those it has ended took so far, however busy the machine is."""
    return sum(os.times()[:4])


def test_a_flood_of_approvals_by_a_key_with_no_say_delays_no_halt(fund: Fund) -> None:
    """Every one is an approval, if one that gives nothing, and each is asked about each step."""
    for _ in range(400):
        fund.approve("carol")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    began = spent()
    answer = knock(fund)
    assert spent() - began < PATIENCE
    assert halted(answer.policy)


def test_a_flood_of_approvals_beside_each_other_does_not_slow_what_comes_after(fund: Fund) -> None:
    base = fund.introduction
    beside = [fund.approve("carol", parents=[base], ref=None) for _ in range(250)]
    fund.change({}, by="carol", parents=[base, *beside])
    for number in range(100):
        fund.change({"README.md": f"{number}\n"}, by=None)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    began = spent()
    answer = knock(fund)
    assert spent() - began < PATIENCE
    assert halted(answer.policy)


def test_a_flood_of_switches_by_nobody_delays_no_halt(fund: Fund) -> None:
    """Each file is within every bound on a file."""

    def flood(stem: str) -> str:
        lines = [
            f"  - {{name: {name}, switch: full_halt, scope: {{vault: {name}}}, reason: x}}"
            for name in (f"{stem}-{at}" for at in range(1_500))
        ]
        return document("Overlay", stem, "switches:\n" + "\n".join(lines))

    fund.change({fund.halt(f"k{at}"): flood(f"k{at}") for at in range(5)}, by=None)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    began = spent()
    answer = knock(fund)
    assert spent() - began < PATIENCE
    assert halted(answer.policy)


@pytest.mark.slow
def test_files_within_every_bound_do_not_together_fill_the_memory(fund: Fund) -> None:
    """Nine megabytes of pack become a gigabyte; the fetch's bound would let eighty through."""
    sim, before = fund.sim, fund.sim.files(fund.introduction)
    bombs = [
        (FILE, b"p%04d.yaml" % at, sim.write("blob", b"%04d" % at + b"a" * ((1 << 20) - 4)))
        for at in range(1_000)
    ]
    plants = {"environments/prod": [(FOLDER, b"bombs", sim.raw_tree(bombs))]}
    commit_of(fund, planted(sim, before, plants), by=None, files=before)
    after = {**before, fund.halt("stop"): switch("stop")}
    commit_of(fund, planted(sim, after, plants), by="olga", files=after)
    line = arguments(sim.path, pin(fund), now=fund.now)
    done = subprocess.run(
        ["prlimit", f"--data={512 << 20}", sys.executable, "-m", "vanta.cli", *line],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 3


@pytest.mark.slow
def test_a_flood_of_the_lane_by_nobody_delays_no_halt(fund: Fund) -> None:
    sim = fund.sim
    tree, far = sim.tree({"a": "b"}), fund.introduction
    for _ in range(20_000):
        far = sim.write("commit", sim.payload(tree=tree, parents=[far]))
    for at in range(40):
        payload = sim.payload(tree=tree, parents=[far], message=f"{at}\n")
        sim.point(f"refs/vanta/halts/junk-{at}", sim.write("commit", payload))
    halt = {fund.halt("stop"): switch("stop")}
    fund.change(halt, by="olga", parents=[fund.introduction], ref="refs/vanta/halts/stop")
    began = spent()
    answer = knock(fund)
    assert spent() - began < PATIENCE
    assert halted(answer.policy)


def test_a_flood_of_what_nodes_saw_by_nobody_delays_no_halt(fund: Fund) -> None:
    """Whoever may push a ref may push five hundred notes that nobody vouches for."""
    sim, mallory = fund.sim, fund.mallory
    notes: list[Entry] = []
    for at in range(500):
        seen = {f"{at:08d}{number:032d}": 1 for number in range(1_000)}
        (note,) = write_notes(ENVIRONMENT, seen, mallory.name, mallory.private_key)
        notes.append((FILE, b"%04d.note" % at, sim.write("blob", note)))
    tree = sim.raw_tree([(FOLDER, b"prod", sim.raw_tree(notes))])
    oid = sim.write("commit", sim.payload(tree=tree))
    sim.point("refs/vanta/receipts/prod", oid)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    began = spent()
    answer = knock(fund)
    assert spent() - began < PATIENCE / 3
    assert halted(answer.policy)


def test_a_flood_of_the_lanes_refs_by_nobody_makes_no_look_slow(fund: Fund, tmp_path: Path) -> None:
    """Within every bound; they cost a third of a second, and nothing is written down for them."""
    station = Station(tmp_path, fund)
    controller = station.start()
    controller.tick()
    lines = [f"{fund.introduction} refs/vanta/halts/junk-{n:05d}\n" for n in range(990)]
    (fund.sim.path / "packed-refs").write_text("".join(lines))
    controller.tick()
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    began = spent()
    controller.tick()
    took = spent() - began
    assert halted(station.reader().policy)
    station.stop()
    # Of processor, all processes together; a loaded machine takes three times as much.
    assert took < PATIENCE / 2
