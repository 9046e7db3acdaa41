"""From a change to the first order it stops, under trading load, beside `ansible-pull`.

Every measurement is of real processes on a real node: see `floor`. A push is timed from the return
of `git push` to the record of the first order the Executor denies because of it; between two halts
two people resume, and orders flow again. What is timed falls at random moments of every poll.
"""

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.ansible_pull import AnsiblePull
from benchmarks.floor import LOOK, Floor
from benchmarks.history import ENVIRONMENT
from benchmarks.peers import PeerMissingError
from benchmarks.spread import MILLI, spread
from vanta.executor.gate import LATCHED
from vanta.governance.latch import set_latch
from vanta.governance.latch_lines import read_latch
from vanta.governance.published import VAULT_FILE

HALTED = "FULL_HALT"
"""What a halt denies with; of a latch the gate says so itself, until the controller does."""
_PAUSE = 0.5
"""Longest pause before what is timed, seconds: one poll of the default."""
_FOLDER = f"environments/{ENVIRONMENT}/"


def run(
    *,
    halts: int = 200,
    peer: int = 20,
    latches: int = 100,
    typed: int = 20,
    edits: int = 200,
    bad: int = 50,
) -> dict[str, Any]:
    """Every figure.

    Args:
        halts: how often a halt is pushed with a hint, and again without.
        peer: how often one is pushed to a host under `ansible-pull`.
        latches: how often the node's own latch is set.
        typed: how often `vanta halt --now` is typed.
        edits: how often a published file is edited by hand.
        bad: how often a halt is pushed on top of a head that nobody can read.
    """
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        with Floor(_made(Path(folder) / "hinted"), hints=True) as floor:
            found |= {"orders_per_s": floor.pace}
            found["push_hinted"] = spread([push(floor) for _ in range(halts)])
            found |= _bad_heads(floor, bad)
        with Floor(_made(Path(folder) / "polled")) as floor:
            found |= _pushes(floor, halts, peer)
            found["latch"] = spread([latch(floor) for _ in range(latches)])
            found["halt_now"] = spread([halt_now(floor) for _ in range(typed)])
            found["hand_edit"] = spread([hand_edit(floor) for _ in range(edits)])
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _pushes(floor: Floor, halts: int, peer: int) -> dict[str, Any]:
    """Halts by a push, ours and the peer's in turns, so that both meet the same machine."""
    host = _host(floor) if peer else None
    ours, theirs = list[int](), list[int]()
    for number in range(max(halts, peer)):
        if number < halts:
            ours.append(push(floor))
        if host and len(theirs) < peer and number % max(1, halts // peer) == 0:
            theirs.append(push_to(host, floor))
    figures = {"push_polled": spread(ours)}
    if host:
        figures |= {"ansible_pull": spread(theirs), "ansible_pull_run": spread(host.runs)}
    return figures


def _host(floor: Floor) -> AnsiblePull | None:
    """A host that has pulled once; None where the peer cannot be installed, and it is said why."""
    signers = floor.history.sim.allowed_signers()
    try:
        host = AnsiblePull(floor.root / "peer", floor.forge, signers)
    except PeerMissingError as error:
        print(f"ansible-pull is left out: {error}", file=sys.stderr)
        return None
    host.pull()
    host.runs.clear()
    return host


def push(floor: Floor) -> int:
    """Halt by a push, until an order is denied for it; nanoseconds. Trading goes on after it."""
    _pause(_PAUSE)
    began = time.time_ns()
    returned = floor.push_halt()
    # From before the push: a node may hear of it before the push returns.
    denied = floor.denied(began, HALTED)
    floor.resume()
    return denied - returned


def push_to(host: AnsiblePull, floor: Floor) -> int:
    """Halt by a push, until the peer's host has the file; nanoseconds."""
    with host.timer():
        runs = len(host.runs)
        floor.wait("a run of ansible-pull", lambda: len(host.runs) > runs)
        _pause(host.runs[-1] / 1e9)
        returned = floor.push_halt()
        arrived = host.arrived(floor.history.halted[-1].removeprefix(_FOLDER))
    floor.resume()
    return arrived - returned


def latch(floor: Floor) -> int:
    """Set the node's latch, until an order is kept in for it; nanoseconds."""
    _pause(1 / floor.pace)
    began = time.time_ns()
    nonce = set_latch(floor.node.memory, "prices look wrong", began).line.nonce
    took = floor.denied(began, LATCHED, HALTED) - began
    _release(floor, nonce)
    return took


def halt_now(floor: Floor) -> int:
    """Type `vanta halt --now`, until an order is kept in for it; nanoseconds."""
    _pause(1 / floor.pace)
    began = time.time_ns()
    floor.vanta("halt", "--now", "--node", str(floor.node.root), "--reason", "prices look wrong")
    took = floor.denied(began, LATCHED, HALTED) - began
    found = read_latch(floor.node.memory)
    assert found is not None
    _release(floor, found.lines[-1].nonce)
    return took


def _release(floor: Floor, nonce: str) -> None:
    """Two people let the node's halt go, and orders flow again."""
    floor.history.release(nonce)
    floor.history.approve()
    floor.push("main")
    floor.flowing()


def hand_edit(floor: Floor) -> int:
    """Loosen a published file by hand, until it is put back; nanoseconds."""
    _pause(_PAUSE)
    path = floor.node.memory / VAULT_FILE
    published = path.read_bytes()
    edited = published.replace(b'"daily": ', b'"daily": 9', 1)
    assert edited != published
    beside = path.with_name(f".{path.name}.edited")
    beside.write_bytes(edited)
    beside.replace(path)
    began = time.time_ns()
    floor.wait("the edit to be put back", lambda: path.read_bytes() != edited)
    return time.time_ns() - began


def _bad_heads(floor: Floor, bad: int) -> dict[str, Any]:
    """Halts on top of a head nobody can read, and halts on top of a good one, in turns."""
    after_good, after_bad = [], []
    for _ in range(bad):
        after_good.append(push(floor))
        spoilt = floor.history.spoil()
        floor.push("main")
        assert floor.judged(spoilt) == "refused"
        after_bad.append(push(floor))
    costs = statistics.median(after_bad) - statistics.median(after_good)
    return {
        "after_good_head": spread(after_good),
        "after_bad_head": spread(after_bad),
        "bad_head_costs_ms": round(costs / MILLI, 2),
    }


def _pause(longest: float) -> None:
    time.sleep(max(LOOK, random.random() * longest))  # noqa: S311 - a moment, not a secret
