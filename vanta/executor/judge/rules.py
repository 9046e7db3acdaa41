"""What halts a node by itself (fences 21, 24 and 27): facts in, verdicts out; pure."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.domain.instant import SECOND
from vanta.executor.events import Difference


class Facts(NamedTuple):
    """What one look found."""

    trail: str = ""
    """Why the trade log cannot be followed; empty while it can."""
    unbacked: tuple[str, ...] = ()
    """What was done at the broker that nothing on record stands behind."""
    differences: tuple[Difference, ...] = ()
    """What book and broker do not agree about."""
    differing: int = 0
    """For how long they have not, nanoseconds."""
    open_orders: int = 0
    silent: int = 0
    """How long the Executor has given no sign of life, nanoseconds."""
    stepped: int = 0
    """How far the clock was set since the judge began, nanoseconds, either way."""
    free: int = 2**62
    """Bytes left where the journals are."""


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    differing: int = 15 * SECOND
    """Executions may reach the book a moment after the broker's own sums have them."""
    silent: int = 60 * SECOND
    """A restart takes some seconds; open orders that nobody looks after for longer are a risk."""
    stepped: int = 2 * SECOND
    free: int = 64 * 1024 * 1024


class Verdict(NamedTuple):
    """A reason to halt."""

    code: str
    why: str


def judge(facts: Facts, limits: Limits) -> tuple[Verdict, ...]:
    """Every reason to halt; empty when there is none."""
    return tuple(_verdicts(facts, limits))


def _verdicts(facts: Facts, limits: Limits) -> Iterator[Verdict]:
    if facts.trail:
        yield Verdict("JOURNAL_UNREADABLE", f"the trade log cannot be followed: {facts.trail}")
    if facts.unbacked:
        yield Verdict("UNBACKED", "; ".join(facts.unbacked))
    if facts.differences and facts.differing > limits.differing:
        which = ", ".join(f"{one.code} {one.subject}".strip() for one in facts.differences)
        yield Verdict(
            "RECONCILIATION_DRIFT",
            f"book and broker have not agreed for {facts.differing // SECOND} s: {which}",
        )
    if facts.open_orders and facts.silent > limits.silent:
        yield Verdict(
            "EXECUTOR_SILENT",
            f"{facts.open_orders} orders are open, and for {facts.silent // SECOND} s the Executor "
            "has given no sign of life",
        )
    if abs(facts.stepped) > limits.stepped:
        yield Verdict("CLOCK_STEPPED", f"the clock was set by {facts.stepped / SECOND:+.1f} s")
    if facts.free < limits.free:
        yield Verdict(
            "DISK_FULL", f"{facts.free} bytes are left for the journals, {limits.free} are kept"
        )
