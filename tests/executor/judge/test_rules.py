"""Fences 21, 24, 27: at the limit a fact passes, beyond it halts under its own code."""

import pytest

from vanta.domain.instant import SECOND
from vanta.executor.events import Difference
from vanta.executor.judge.rules import Facts, Limits, judge

LIMITS = Limits()
DRIFT = (Difference("POSITION", "AAPL", 10, 20),)

AT_THE_LIMIT = {
    "nothing": Facts(),
    "drift": Facts(differences=DRIFT, differing=LIMITS.differing),
    "silence": Facts(open_orders=1, silent=LIMITS.silent),
    "silence with nothing open": Facts(open_orders=0, silent=2**62),
    "clock": Facts(stepped=LIMITS.stepped),
    "clock back": Facts(stepped=-LIMITS.stepped),
    "disk": Facts(free=LIMITS.free),
}
BEYOND = {
    "RECONCILIATION_DRIFT": Facts(differences=DRIFT, differing=LIMITS.differing + 1),
    "EXECUTOR_SILENT": Facts(open_orders=1, silent=LIMITS.silent + 1),
    "CLOCK_STEPPED": Facts(stepped=-LIMITS.stepped - 1),
    "DISK_FULL": Facts(free=LIMITS.free - 1),
    "JOURNAL_UNREADABLE": Facts(trail="no [X]"),
    "UNBACKED": Facts(unbacked=("order ord_1 was sent before it was on disk",)),
}


@pytest.mark.parametrize("facts", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_at_the_limit_nothing_halts(facts: Facts) -> None:
    assert judge(facts, LIMITS) == ()


@pytest.mark.parametrize("code", BEYOND)
def test_one_beyond_it_halts(code: str) -> None:
    assert [one.code for one in judge(BEYOND[code], LIMITS)] == [code]


def test_every_reason_is_told_with_its_numbers() -> None:
    facts = Facts(
        "gone [X]", ("a", "b"), DRIFT, LIMITS.differing + SECOND, 3, 100 * SECOND, 5 * SECOND, 0
    )
    told = {one.code: one.why for one in judge(facts, LIMITS)}
    assert set(told) == set(BEYOND)
    assert "16 s: POSITION AAPL" in told["RECONCILIATION_DRIFT"]
    assert "+5.0 s" in told["CLOCK_STEPPED"]
