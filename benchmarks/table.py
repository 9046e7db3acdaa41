"""The figures governance is to reach, each beside what was measured and what else there is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Limit:
    """A figure with what it must not exceed, or fall short of."""

    key: str
    """Path into a run's results, with dots."""
    value: float
    side: Literal["at most", "at least"] = "at most"

    def held(self, figure: float) -> bool:
        """Whether the figure is within it."""
        return figure <= self.value if self.side == "at most" else figure >= self.value


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    limits: tuple[Limit, ...]
    peer: str = ""
    """Path of the peer's figure, measured in the same run; empty where there is none."""
    beside: str = ""
    """What the peer is, or what is said of others."""


_PULL = "`ansible-pull --verify-commit`, run after run"
ROWS = (
    Row(
        "push → enforced, poll only",
        (Limit("enforcement.push.p95_ms", 2000),),
        "enforcement.ansible_pull",
        _PULL,
    ),
    Row(
        "push → enforced, at the quickest poll",
        (
            Limit("enforcement.push_at_best_poll.p95_ms", 500),
            Limit("enforcement.push_at_best_poll.p99_ms", 1000),
        ),
        "enforcement.ansible_pull",
        _PULL,
    ),
    Row(
        "halt on the node → enforced",
        (Limit("enforcement.latch.p95_ms", 100),),
        beside="not offered elsewhere",
    ),
    Row(
        "drift seen and healed",
        (Limit("enforcement.hand_edit.p95_ms", 2000),),
        beside="Argo CD self-heal: 5 s",
    ),
    Row(
        "a good head after one nobody can read, against one after a good one",
        (Limit("enforcement.bad_head_costs_ms", 50),),
        beside="Flux: back-off up to 15 min",
    ),
    Row(
        "commits verified, signatures alone",
        (Limit("governance.signatures_per_s", 2500, "at least"),),
        "governance.git_log_per_s",
        "`git log --format=%G?`",
    ),
    Row(
        "commits verified, folded from the introduction",
        (Limit("governance.fold_per_s", 2500, "at least"),),
        "governance.git_log_per_s",
        "`git log --format=%G?`, which checks signatures alone",
    ),
    Row(
        "one more push judged",
        (Limit("governance.one_more_judged.p95_ms", 20),),
    ),
)


def at(results: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - results are JSON
    """What stands at a dotted path of the results; None where nothing does."""
    found: Any = results
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def shown(figure: object) -> str:
    """A figure with its unit, the tails of a spread in one line."""
    if isinstance(figure, dict):
        tails = ", ".join(f"{key[:-3]} {figure[key]:,.0f}" for key in _TAILS if key in figure)
        return f"{tails} ms, {figure['times']} times"
    return f"{figure:,}/s"


_TAILS = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def lines(results: Mapping[str, Any], rows: Iterable[Row] = ROWS) -> Iterator[tuple[str, ...]]:
    """The table's cells, a heading first; rows nothing was measured for are left out."""
    yield "what", "aim", "here", "held", "beside"
    for row in rows:
        figures = [at(results, limit.key) for limit in row.limits]
        if any(figure is None for figure in figures):
            continue
        held = all(limit.held(figure) for limit, figure in zip(row.limits, figures, strict=True))
        peer = at(results, row.peer) if row.peer else None
        beside = f"{row.beside}: {shown(peer)}" if peer is not None else row.beside
        yield row.what, _aims(row.limits), _here(results, row), "yes" if held else "NO", beside


def _aims(limits: tuple[Limit, ...]) -> str:
    return ", ".join(_aim(limit) for limit in limits)


def _aim(limit: Limit) -> str:
    name = limit.key.rpartition(".")[2]
    sign = "≤" if limit.side == "at most" else "≥"
    if name.endswith("_per_s"):
        return f"{sign} {limit.value:,.0f}/s"
    tail = f"{name[:-3]} " if name in _TAILS else ""
    return f"{tail}{sign} {limit.value:,.0f} ms"


def _here(results: Mapping[str, Any], row: Row) -> str:
    key = row.limits[0].key
    whole, _, last = key.rpartition(".")
    if last in _TAILS:
        return shown(at(results, whole))
    figure = at(results, key)
    return f"{figure:,.1f} ms" if last.endswith("_ms") else shown(figure)


def text(results: Mapping[str, Any]) -> str:
    """The table for a terminal."""
    rows = list(lines(results))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def markdown(results: Mapping[str, Any]) -> str:
    """The table for a page."""
    head, *rest = lines(results)
    rule = "|".join("---" for _ in head)
    body = "\n".join(f"| {' | '.join(row)} |" for row in rest)
    return f"| {' | '.join(head)} |\n|{rule}|\n{body}\n"
