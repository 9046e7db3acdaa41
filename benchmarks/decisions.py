"""Decisions beside NautilusTrader: as many orders over as many symbols, half of them denied.

Five runs of each in turns, medians. What each side does is not the same, and is said: ours sizes
the order, asks every fence, gives every reason, encodes the record and chains it; Nautilus checks
some nine things, stops at the first, keeps the order in its cache and hands it to a client.
"""

import gc
import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import executor
from benchmarks.peers import PeerMissingError, install
from vanta.domain.instant import SECOND
from vanta.domain.record import GENESIS
from vanta.executor.events import PolicyAdopted
from vanta.executor.mandate import Mandates

WANTED = "nautilus_trader==1.221.0"
"""The last with wheels for Python 3.11."""
RUNS = 5


def run(*, decisions: int = 20_000, positions: int = 200) -> dict[str, Any]:
    """Rates and tails of both, medians of `RUNS` interleaved runs.

    Args:
        decisions: orders of one run.
        positions: symbols; of ours each has a position and an open order before it begins.
    """
    try:
        peer: Path | None = install("nautilus", WANTED) / "python"
        why = ""
    except PeerMissingError as error:
        peer, why = None, str(error)
    ours: list[list[int]] = []
    theirs: list[list[int]] = []
    for _ in range(RUNS):
        ours.append(half_denied(decisions, positions))
        if peer is not None:
            theirs.append(by_nautilus(peer, decisions, positions))
    found: dict[str, Any] = {"runs": RUNS, "decisions": decisions, "ours": summary(ours)}
    return found | ({"nautilus": summary(theirs)} if theirs else {"nautilus_missing": why})


def half_denied(decisions: int, positions: int) -> list[int]:
    """Decide, encode and chain; every second symbol may not be traded. Nanoseconds of each."""
    rules = executor.policy()
    book = executor.funded(rules)
    executor.holding(book, Mandates(rules), positions)
    vault = rules.vaults[executor.VAULT]
    denied = frozenset(executor.symbol(n) for n in range(1, positions, 2))
    universe = msgspec.structs.replace(vault.universe, deny=denied)
    vault = msgspec.structs.replace(vault, universe=universe)
    rules = msgspec.structs.replace(rules, vaults={executor.VAULT: vault})
    # As the service does: what decides is what the book has adopted.
    book.apply(PolicyAdopted(executor.published(rules)))
    mandates = Mandates(rules)
    intents = [executor.intent(n, positions) for n in range(decisions)]
    quotes = [executor.quote(n) for n in range(positions)]
    took: list[int] = []
    head, refused = GENESIS, 0
    gc.collect()
    gc.freeze()
    before = time.perf_counter_ns()
    for seq, wanted in enumerate(intents):
        made = executor.made_from(wanted, book, mandates, quotes[seq % positions])
        _, head = executor.line_of(made, seq, head)
        refused += made.decision.verdict == "deny"
        now = time.perf_counter_ns()
        took.append(now - before)
        before = now
    gc.unfreeze()
    assert refused == decisions // 2, refused
    return took


def by_nautilus(peer: Path, decisions: int, positions: int) -> list[int]:
    """The same number of orders, half of them denied. Nanoseconds of each."""
    script = Path(__file__).with_name("nautilus_orders.py")
    done = subprocess.run(
        [str(peer), str(script), str(positions), str(decisions)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    told = json.loads(done.stdout)
    assert told["denied"] == told["sent"] == decisions // 2, told["sent"]
    return list(told["took"])


def summary(runs: list[list[int]]) -> dict[str, Any]:
    """Medians over the runs."""
    return {
        "per_s": round(statistics.median(len(took) / sum(took) * SECOND for took in runs)),
        "p50_us": round(statistics.median(percentile(took, 50) for took in runs), 1),
        "p99_us": round(statistics.median(percentile(took, 99) for took in runs), 1),
    }


def percentile(took: list[int], of_100: int) -> float:
    """The percentile of some nanoseconds, in microseconds."""
    return sorted(took)[len(took) * of_100 // 100] / 1000
