"""Net asset value by day, beside a benchmark."""

import pytest

from tests.audit.test_attribution import BEGUN, traded
from tests.executor.building import NOW, OTHER, quote
from vanta.audit.nav import MISSING, PARTED, NavDay, check, days, read_closes
from vanta.domain.errors import MalformedError
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY
from vanta.executor.events import BookMarked, Event, VaultFunded

FIRST, SECOND_, THIRD = "2023-11-14", "2023-11-15", "2023-11-16"
TRADED: list[Event] = [
    *BEGUN,
    *traded("buy", 1_000, 100),
    BookMarked((quote("AAPL", 102, market_time=NOW + 1),)),
    BookMarked((quote("AAPL", 90, market_time=NOW + DAY),)),
    VaultFunded(OTHER, 10_000 * UNIT, NOW + DAY),
    BookMarked((quote("AAPL", 91, market_time=NOW + 2 * DAY),)),
]


def test_a_day_ends_where_the_next_begins_and_money_put_in_is_no_profit() -> None:
    first, second, third = days(TRADED)
    assert (first.day, second.day, third.day) == (FIRST, SECOND_, THIRD)
    assert (first.put_in, first.profit, first.made) == (2_000_000 * UNIT, 2_000 * UNIT, 1_000)
    # 12 dollars a share were lost over night: they are the second day's.
    assert (second.put_in, second.profit) == (10_000 * UNIT, -12_000 * UNIT)
    assert second.nav == first.nav + 10_000 * UNIT - 12_000 * UNIT
    assert (third.put_in, third.profit) == (0, 1_000 * UNIT)
    assert days(BEGUN) == []


def test_a_day_that_parts_from_the_benchmark_is_named() -> None:
    found = days(TRADED)
    closes = {"2023-11-13": 100 * UNIT, FIRST: 100 * UNIT, SECOND_: 101 * UNIT, THIRD: 101 * UNIT}
    told = check(found, closes, 10_000)
    assert [one.finding for one in told] == ["", PARTED, ""]
    assert [one.benchmark for one in told] == [0, 10_000, 0]


def test_at_the_limit_is_fine_and_one_above_is_not() -> None:
    day = NavDay(SECOND_, UNIT, 0, 5, 5_000)
    closes = {FIRST: 100 * UNIT, SECOND_: 100 * UNIT}
    for limit, finding in ((5_000, ""), (4_999, PARTED)):
        assert [one.finding for one in check([day], closes, limit)] == [finding]


def test_a_day_the_benchmark_does_not_have_is_told_where_money_moved() -> None:
    moved, still = NavDay(SECOND_, UNIT, 0, 5, 5_000), NavDay(SECOND_, UNIT, 0, 0, 0)
    told = check([moved, still], {FIRST: UNIT}, 10**6)
    assert [(one.benchmark, one.finding) for one in told] == [(None, MISSING), (None, "")]


def test_a_series_is_read_as_people_keep_it() -> None:
    assert read_closes("date,close\n2023-11-14,612.34\n\n2023-11-15, 613\n", place="x") == {
        FIRST: 61_234_000_000,
        SECOND_: 613 * UNIT,
    }
    assert read_closes("", place="x") == {}


@pytest.mark.parametrize(
    "text",
    ["2023-11-14", "2023-11-14,0", "2023-11-14,-3", "2023-11-14,nan", "2023-11-14,1e3",
     "14.11.2023,5", "2023-13-40,5", "2023-11-14,5\n2023-11-14,5", "date,close\nother,names"],
)  # fmt: skip
def test_what_is_no_series_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_closes(text, place="spy.csv")
    assert "spy.csv:" in caught.value.place
