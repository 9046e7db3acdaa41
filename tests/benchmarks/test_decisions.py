"""The benchmark of decisions runs without its peer, and half of what it decides is denied."""

import sys

import pytest

from benchmarks import decisions, executor
from benchmarks.peers import PeerMissingError
from benchmarks.table import DECISIONS, at, lines
from vanta.executor.mandate import Mandates


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


@pytest.mark.parametrize("applied", [False, True], ids=["decided", "and taken in"])
def test_a_decision_costs_the_same_however_much_there_is(applied: bool) -> None:  # noqa: FBT001
    """In calls, which no load of the machine changes: positions, open orders and vaults."""

    def calls(positions: int, vaults: int) -> int:
        rules = executor.policy(vaults=vaults)
        book, mandates = executor.funded(rules), Mandates(rules)
        executor.holding(book, mandates, positions)
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        def decide(n: int) -> None:
            wanted = executor.intent(n * positions, positions)
            made = executor.made_from(wanted, book, mandates, executor.quote(0))
            assert made.decision.verdict == "accept"
            if applied:
                book.apply(made)

        # What a mandate looks up once is looked up by the first.
        decide(0)
        sys.setprofile(count)
        decide(1)
        sys.setprofile(None)
        return counted

    few = calls(2, 1)
    assert few > 50
    assert calls(200, 1) == few
    assert calls(2, 40) == few
