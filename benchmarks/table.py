"""The figures that are to be reached, each beside what was measured and what else there is."""

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
    figure: str
    """Path of the figure or spread that is shown."""
    limits: tuple[Limit, ...] = ()
    peer: str = ""
    """Path of the peer's figure, measured in the same run; empty where there is none."""
    beside: str = ""
    """What the peer is, or what is said of others."""


def _tail(path: str, **limits: float) -> tuple[Limit, ...]:
    """Limits on the tails of a spread, in milliseconds."""
    return tuple(Limit(f"{path}.{tail}_ms", value) for tail, value in limits.items())


def _half(path: str, most: float) -> tuple[Limit, ...]:
    """A limit on the middle of a spread, in milliseconds."""
    return (Limit(f"{path}.p50_ms", most),)


_PULLED = ("enforcement.ansible_pull", "`ansible-pull --verify-commit`, run after run")
_LOGGED = ("governance.git_log_per_s", "`git log --format=%G?`, signatures alone")
ROWS = (
    Row(
        "push → enforced, with a hint",
        "enforcement.push_hinted",
        _tail("enforcement.push_hinted", p95=500, p99=1000),
        *_PULLED,
    ),
    Row(
        "push → enforced, poll only",
        "enforcement.push_polled",
        _tail("enforcement.push_polled", p95=2000),
        *_PULLED,
    ),
    Row(
        "out-of-band halt → enforced: the latch is set",
        "enforcement.latch",
        _tail("enforcement.latch", p95=100),
        beside="not offered elsewhere",
    ),
    Row("`vanta halt --now` typed → enforced", "enforcement.halt_now"),
    Row(
        "drift seen and healed",
        "enforcement.hand_edit",
        _tail("enforcement.hand_edit", p95=2000),
        beside="Argo CD self-heal: 5 s",
    ),
    Row(
        "what a head nobody can read costs the next good one, in the middle",
        "enforcement.bad_head_costs_ms",
        (Limit("enforcement.bad_head_costs_ms", 50),),
        beside="Flux: back-off up to 15 min",
    ),
    Row(
        "commits verified: signatures alone",
        "governance.signatures_per_s",
        (Limit("governance.signatures_per_s", 2500, "at least"),),
        *_LOGGED,
    ),
    Row(
        "commits verified: folded from the introduction",
        "governance.fold_per_s",
        (Limit("governance.fold_per_s", 2500, "at least"),),
        *_LOGGED,
    ),
    Row(
        "one more push judged",
        "governance.one_more_judged",
        _tail("governance.one_more_judged", p95=20),
    ),
)

_NAUTILUS = "NautilusTrader, RiskEngine → ExecutionEngine"
_COMMANDS = (
    "vt-add",
    "vt-note",
    "vt-fix",
    "vt-sign",
    "vt-withdraw",
    "vt-mark",
    "vt-list",
    "vt-list --all --json",
    "vt-list --search",
    "vt-open",
    "vanta tracker observe",
    "tracker_status_summary",
    "tracker_viewer",
)
TRACKER = (
    *(
        Row(f"`{name}`", f"tracker.commands.{name}", _half(f"tracker.commands.{name}", 200))
        for name in _COMMANDS
    ),
    Row("start of the interpreter and what it loads, apart", "tracker.start"),
)
DECISIONS = (
    Row(
        "decisions beside a peer, half of them denied",
        "decisions.ours.per_s",
        (Limit("decisions.ours.per_s", 100_000, "at least"),),
        "decisions.nautilus.per_s",
        _NAUTILUS,
    ),
    Row(
        "of those, the 99th of a hundred",
        "decisions.ours.p99_us",
        (Limit("decisions.ours.p99_us", 25),),
        "decisions.nautilus.p99_us",
        _NAUTILUS,
    ),
    Row("decisions, all accepted, 20 positions", "executor.in_memory.decisions_per_s"),
    Row("the same with 200 positions", "executor.in_memory_10x_positions.decisions_per_s"),
    Row("the same with 2,000 positions", "executor.in_memory_100x_positions.decisions_per_s"),
    Row("ten vaults, 20 positions each", "executor.in_memory_10x_vaults.decisions_per_s"),
    Row("a hundred vaults, 20 positions each", "executor.in_memory_100x_vaults.decisions_per_s"),
    Row(
        "a hundred vaults that hold the same, and every price moved",
        "executor.in_memory_every_price_moved_100x_vaults.decisions_per_s",
    ),
    Row("one vault, every price moved", "executor.in_memory_every_price_moved.decisions_per_s"),
    Row("all denied, with every reason", "executor.in_memory_denied.decisions_per_s"),
    Row(
        "durable decisions, 64 producers",
        "executor.durable.decisions_per_s",
        (Limit("executor.durable.decisions_per_s", 20_000, "at least"),),
    ),
    Row(
        "of those, the 99th of a hundred, from asked to on disk",
        "executor.durable.p99_ms",
        (Limit("executor.durable.p99_ms", 5),),
    ),
    Row(
        "durable decisions, each producer with four outstanding",
        "executor.durable_4_outstanding.decisions_per_s",
    ),
)
SURVEILLANCE = (
    Row(
        "an order nobody prepared, at the paper broker → alert",
        "surveillance.paper_unprepared",
        _tail("surveillance.paper_unprepared", p99=5000),
    ),
    Row(
        "the same at Alpaca, one statement in three seconds",
        "surveillance.alpaca_unprepared",
        _tail("surveillance.alpaca_unprepared", p99=5000),
    ),
    Row(
        "a fill at Alpaca that the Executor does not hear of → alert",
        "surveillance.alpaca_fill_missing",
        _tail("surveillance.alpaca_fill_missing", p99=5000),
    ),
    Row("a fill at Alpaca → in the book, asked for in turn", "surveillance.fill_known_polled"),
    Row("the same, with its stream as a hint", "surveillance.fill_known_streamed"),
)
BUILDS = (
    Row(
        "`current` flipped to another build, durably",
        "builds.flip",
        _tail("builds.flip", p99=20),
    ),
    Row(
        "one service rolled back: from the flip until the gate let it pass",
        "builds.rollback",
        _tail("builds.rollback", p99=3000),
    ),
    Row(
        "a slot verified, every byte and mode",
        "builds.verify_mb_per_s",
        peer="builds.sha256sum_mb_per_s",
        beside="`sha256sum --check` of the same files",
    ),
    Row("a release staged: copied, verified, unpacked, flushed", "builds.stage"),
)


def at(results: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - results are JSON
    """What stands at a dotted path of the results; None where nothing does."""
    found: Any = results
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def shown(figure: object, path: str = "") -> str:
    """A figure with its unit, the tails of a spread in one line.

    Args:
        figure: a number, or a spread in milliseconds.
        path: where it stands; its end names the unit.
    """
    if isinstance(figure, dict):
        tails = ", ".join(f"{key[:-3]} {figure[key]:,.0f}" for key in _TAILS if key in figure)
        return f"{tails} ms, {figure['times']} times"
    if path.endswith("_us"):
        return f"{figure:,.1f} µs"
    if path.endswith("_mb_per_s"):
        return f"{figure:,.0f} MB/s"
    return f"{figure:,}/s" if isinstance(figure, int) else f"{figure:,.1f} ms"


_TAILS = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


def lines(results: Mapping[str, Any], rows: Iterable[Row] = ROWS) -> Iterator[tuple[str, ...]]:
    """The table's cells, a heading first; rows nothing was measured for are left out."""
    yield "what", "aim", "here", "held", "beside"
    for row in rows:
        here = at(results, row.figure)
        if here is not None:
            aims = ", ".join(_aim(limit) for limit in row.limits) or "-"
            yield (
                row.what,
                aims,
                shown(here, row.figure),
                _held(results, row),
                _beside(results, row),
            )


def _held(results: Mapping[str, Any], row: Row) -> str:
    if not row.limits:
        return "-"
    held = all(limit.held(at(results, limit.key)) for limit in row.limits)
    return "yes" if held else "NO"


def _beside(results: Mapping[str, Any], row: Row) -> str:
    peer = at(results, row.peer) if row.peer else None
    return row.beside if peer is None else f"{row.beside}: {shown(peer, row.peer)}"


def _aim(limit: Limit) -> str:
    name = limit.key.rpartition(".")[2]
    sign = "≤" if limit.side == "at most" else "≥"
    if name.endswith("per_s"):
        return f"{sign} {limit.value:,.0f}/s"
    if name.endswith("_us"):
        return f"{sign} {limit.value:,.0f} µs"
    tail = f"{name[:-3]} " if name in _TAILS else ""
    return f"{tail}{sign} {limit.value:,.0f} ms"


def text(results: Mapping[str, Any]) -> str:
    """The tables for a terminal, as one."""
    rows = list(lines(results, (*ROWS, *DECISIONS, *SURVEILLANCE, *TRACKER, *BUILDS)))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def markdown(results: Mapping[str, Any], of: Iterable[Row] = ROWS) -> str:
    """A table for a page."""
    head, *rest = lines(results, of)
    rule = "|".join("---" for _ in head)
    body = "\n".join(f"| {' | '.join(row)} |" for row in rest)
    return f"| {' | '.join(head)} |\n|{rule}|\n{body}\n"
