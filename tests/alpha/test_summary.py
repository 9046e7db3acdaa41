"""How far each module has come."""

import pytest

from tests.alpha.building import START, Alpha
from vanta.alpha.tracker.desk import look
from vanta.alpha.tracker.summary import age, progress
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND


def test_done_is_what_was_promoted_or_closed(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        for number in range(3):
            desk.add("rerank", f"Number {number}", "high" if number else "critical")
        desk.add("router", "Fills are lost", "low")
        desk.mark(desk.state.threads["T-1"], "closed", "")
    state, _ = look(alpha.layout)
    statuses = {one.id: one.status for one in state.threads.values()}
    together, each = progress(state.threads.values(), statuses)
    assert [(one.module, one.done, one.threads, one.percent) for one in each] == [
        ("rerank", 1, 3, 33),
        ("router", 0, 1, 0),
    ]
    # The critical one is closed.
    assert each[0].worst == "high"
    assert each[0].oldest == state.threads["T-2"].opened
    assert (together.threads, together.done, together.percent) == (4, 1, 25)
    assert together.changed == state.threads["T-1"].changed


def test_a_hundred_percent_is_all_of_it_and_nothing_less(alpha: Alpha) -> None:
    with alpha.desk() as desk:
        for number in range(200):
            thread = desk.add("rerank", f"Number {number}", "low")
            if number:
                desk.mark(thread, "closed", "")
    state, _ = look(alpha.layout)
    statuses = {one.id: one.status for one in state.threads.values()}
    together, _ = progress(state.threads.values(), statuses)
    assert together.percent == 99
    assert progress([], {})[0].percent == 100


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (0, "0 s"),
        (59 * SECOND, "59 s"),
        (HOUR - 1, "59 min"),
        (MINUTE, "1 min"),
        (DAY - 1, "23 h"),
        (41 * DAY, "41 d"),
        (-HOUR, "0 s"),
    ],
)
def test_an_age_is_said_in_the_unit_that_tells_most(ago: int, said: str) -> None:
    assert age(START, START + ago) == said
