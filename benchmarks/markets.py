"""Signals a second through harvest and reflection: normalised, deduplicated, resolved, durable.

The sample is composed in a temporary folder; with VANTA_FEEDS the recorded days of June 2014 are
measured as well. Every record is flushed to disk as in production.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.markets.house import House
from vanta.domain.instant import HOUR, parse_instant
from vanta.domain.signal import RawItem
from vanta.journal.reader import read
from vanta.markets.features import align
from vanta.markets.models.sentiment import polarity
from vanta.markets.normalise.signals import to_signal
from vanta.markets.reflect import convictions
from vanta.markets.replay import replay_harvest, replay_reflection
from vanta.markets.sample.compose import compose
from vanta.markets.sample.plot import END, START
from vanta.markets.service import recorded_collectors

RECORDED = (parse_instant("2014-06-06T00:00:00Z"), parse_instant("2014-06-07T00:00:00Z"))


def _rate(count: int, seconds: float) -> int:
    return round(count / seconds)


def _window(feeds: Path, folder: Path, since: int, until: int) -> dict[str, Any]:
    """One harvest of a whole window, one reflection at its end, and the replay of both."""
    house = House(folder, feeds)
    with house.open() as node:
        began = time.perf_counter()
        harvest = node.harvest(since, until)
        harvested = time.perf_counter() - began
        polarity.cache_clear()
        began = time.perf_counter()
        found = node.reflect(until)
        cold = time.perf_counter() - began
        observed = node.harvested.observed
        began = time.perf_counter()
        aligned = align(observed, until)
        align_seconds = time.perf_counter() - began
        began = time.perf_counter()
        convictions(aligned, (), audit="")
        models_seconds = time.perf_counter() - began
        signals = sum(1 for _ in observed)
    taken = sum(feed.taken for feed in harvest.feeds.values())
    met = taken + sum(feed.duplicate for feed in harvest.feeds.values())
    paths = [house.layout.journal(name) for name in ("harvest", "reflection")]
    began = time.perf_counter()
    replayed = [*replay_harvest(read(paths[0])), *replay_reflection(read(paths[0]), read(paths[1]))]
    replay_seconds = time.perf_counter() - began
    assert all(one.same for one in replayed)
    return {
        "items": met,
        "signals_taken": taken,
        "harvest_items_per_s": _rate(met, harvested),
        "harvest_and_reflect_items_per_s": _rate(met, harvested + cold),
        "reflect_ms_cold": round(1000 * cold, 1),
        "align_signals_per_s": _rate(signals, align_seconds),
        "models_ms_warm": round(1000 * models_seconds, 1),
        "convictions": len(found.views),
        "replay_records_per_s": _rate(len(replayed), replay_seconds),
    }


def _pure(feeds: Path, since: int, until: int) -> dict[str, Any]:
    """`to_signal` alone, without disk."""
    items = [
        item
        for collector in recorded_collectors(feeds)
        for item in collector.collect(since, until)
        if isinstance(item, RawItem)
    ]
    began = time.perf_counter()
    for item in items:
        to_signal(item)
    return {"normalise_items_per_s": _rate(len(items), time.perf_counter() - began)}


def run() -> dict[str, Any]:
    """The figures, by feed folder."""
    polarity("warm the lexicon")
    with tempfile.TemporaryDirectory(prefix="vanta-bench-") as folder:
        feeds = Path(folder) / "feeds"
        compose(feeds)
        found: dict[str, Any] = {
            "sample": _window(feeds, Path(folder) / "sample", START, END) | _pure(feeds, START, END)
        }
        began = time.perf_counter()
        with House(Path(folder) / "turns", feeds).open() as node:
            steps = node.run(START, END, HOUR)
        seconds = time.perf_counter() - began
        found["sample"]["turn_ms_mean"] = round(1000 * seconds / len(steps), 1)
        if recorded := os.environ.get("VANTA_FEEDS"):
            found["june_2014"] = _window(Path(recorded), Path(folder) / "june", *RECORDED) | _pure(
                Path(recorded), *RECORDED
            )
    return found


if __name__ == "__main__":
    json.dump(run(), sys.stdout, indent=2)
    sys.stdout.write("\n")
