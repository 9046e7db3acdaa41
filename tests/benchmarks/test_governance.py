"""Each benchmark of governance runs, measures what it says, and fills its row of the table.

Nothing here looks at how fast anything was.
"""

from pathlib import Path

import pytest

from benchmarks import enforcement, figures, governance
from benchmarks.history import ENVIRONMENT, FundHistory
from benchmarks.spread import MILLI, spread
from benchmarks.table import ROWS, Limit, Row, at, lines, text
from vanta.governance.report import walk

SPREAD = {"times", "p50_ms", "p95_ms", "p99_ms", "max_ms"}
MACHINE = {
    "date": "2026-11-25T20:00:00+00:00",
    "cpu": "AMD EPYC",
    "cores": 2,
    "load_before": 0.1,
    "python": "3.11.7",
    "git": "2.39.5",
    "command": "python -m benchmarks",
}


def test_a_week_of_the_history_is_judged_as_its_people_mean_it(tmp_path: Path) -> None:
    history = FundHistory(tmp_path)
    verdicts = []
    for head in history.week():
        report = walk(history.sim.path, history.trust, ENVIRONMENT, head=head, now=history.sim.now)
        verdicts.append(report.verdict)
    assert verdicts == [
        *("unchanged", "refused", "applied", "tightened"),
        *("refused", "applied", "unchanged", "unchanged"),
    ]


def test_a_halt_on_a_spoilt_head_lands_and_a_resume_mends_it(tmp_path: Path) -> None:
    history = FundHistory(tmp_path)
    verdicts = []
    for push in (history.spoil, history.halt, history.resume, history.approve):
        head = push()
        report = walk(history.sim.path, history.trust, ENVIRONMENT, head=head, now=history.sim.now)
        verdicts.append(report.verdict)
    assert verdicts == ["refused", "tightened", "refused", "applied"]


@pytest.fixture(scope="module")
def measured() -> dict[str, object]:
    return {
        "machine": MACHINE,
        "governance": governance.run(weeks=2, limits=3, asked=3, pushes=8, runs=1),
        "enforcement": enforcement.run(halts=2, peer=0, latches=2, typed=1, edits=2, bad=1),
    }


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_every_figure_of_the_table_is_measured(measured: dict[str, object]) -> None:
    for row in ROWS:
        assert at(measured, row.figure) is not None, row.figure
        for limit in row.limits:
            assert isinstance(at(measured, limit.key), int | float), limit.key
    for name, figure in [*_spreads(measured["governance"]), *_spreads(measured["enforcement"])]:
        assert set(figure) == SPREAD, name
        assert figure["times"] > 0
    assert len(list(lines(measured))) == 1 + len(ROWS)


def _spreads(suite: object) -> list[tuple[str, dict[str, float]]]:
    assert isinstance(suite, dict)
    return [(name, figure) for name, figure in suite.items() if isinstance(figure, dict)]


@pytest.mark.slow
def test_the_page_keeps_everything_but_its_section(measured: dict[str, object]) -> None:
    page = figures.PAGE.read_text()
    once = figures.written(page, measured)
    assert figures.written(once, measured) == once
    assert once.startswith(page.partition(figures.BEGIN.format("governance"))[0])
    assert once.endswith(page.rpartition(figures.END)[2])
    assert "AMD EPYC" in once


def test_a_figure_beyond_its_limit_is_called_by_its_name() -> None:
    rows = [
        Row("slow", "suite.push", (Limit("suite.push.p95_ms", 10),)),
        Row(
            "fast",
            "suite.rate_per_s",
            (Limit("suite.rate_per_s", 10, "at least"),),
            "suite.peer_per_s",
            "Git",
        ),
        Row("not measured", "suite.nothing", (Limit("suite.nothing", 1),)),
    ]
    found = {"suite": {"push": spread([11 * MILLI]), "rate_per_s": 10, "peer_per_s": 1}}
    _, slow, fast = lines(found, rows)
    assert slow == ("slow", "p95 ≤ 10 ms", "p50 11, p95 11, p99 11, max 11 ms, 1 times", "NO", "")
    assert fast == ("fast", "≥ 10/s", "10/s", "yes", "Git: 1/s")
    assert "what" in text(found)


def test_a_percentile_is_something_that_was_measured() -> None:
    hundred = spread([number * MILLI for number in range(1, 101)])
    assert hundred == {"times": 100, "p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}
    assert spread([7 * MILLI])["p95_ms"] == 7
