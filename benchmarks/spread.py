"""What is said of many measurements: the middle and the tails."""

import math
from collections.abc import Sequence

MILLI = 1_000_000
"""Nanoseconds."""


def spread(took: Sequence[int]) -> dict[str, float]:
    """Durations in nanoseconds as milliseconds: how many, middle, tails and the worst."""
    ordered = sorted(took)

    def at(share: float) -> float:
        # The nearest rank: what was measured, and nothing between two measurements.
        return round(ordered[math.ceil(share * len(ordered)) - 1] / MILLI, 2)

    return {
        "times": len(ordered),
        "p50_ms": at(0.50),
        "p95_ms": at(0.95),
        "p99_ms": at(0.99),
        "max_ms": at(1.0),
    }
