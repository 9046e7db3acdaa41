"""The benchmark of decisions runs without its peer, and half of what it decides is denied."""

import pytest

from benchmarks import decisions, executor
from benchmarks.peers import PeerMissingError
from benchmarks.table import DECISIONS, at, lines


def test_without_the_peer_it_says_so_and_measures_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: str) -> None:
        raise PeerMissingError("nautilus was not installed: no network")

    monkeypatch.setattr(decisions, "install", missing)
    found = decisions.run(decisions=200, positions=20)
    assert found["nautilus_missing"] == "nautilus was not installed: no network"
    assert set(found["ours"]) == {"per_s", "p50_us", "p99_us"}


def test_every_row_of_the_table_has_its_figure() -> None:
    results = {
        "decisions": {"ours": {"per_s": 1, "p99_us": 2.0}, "nautilus": {"per_s": 3, "p99_us": 4.0}},
        "executor": {
            **{
                name: executor.in_memory(decisions=50, **{**wanted, "positions": 20})
                for name, wanted in executor.IN_MEMORY.items()
            },
            "durable": executor.durable(producers=2, decisions=20),
            "durable_4_outstanding": executor.durable(producers=2, decisions=20, outstanding=4),
        },
    }
    assert all(at(results, row.figure) is not None for row in DECISIONS)
    shown = {row[0]: row for row in lines(results, DECISIONS)}
    beside = shown["of those, the 99th of a hundred"]
    assert beside[1:4] == ("≤ 25 µs", "2.0 µs", "yes")
    assert beside[4].endswith(": 4.0 µs")
