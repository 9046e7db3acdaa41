"""How a person writes money, ratios, durations, times and names, and how they are shown again."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND, parse_instant
from vanta.governance.documents.scalars import (
    read_count,
    read_duration,
    read_members,
    read_money,
    read_ratio,
    read_until,
    show,
)
from vanta.governance.yaml_tree import Number
from vanta.lattice.direction import BOUNDLESS


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (read_money, 1000, 1000 * UNIT),
        (read_money, "1000", 1000 * UNIT),
        (read_money, Number("0.10"), UNIT // 10),
        (read_money, "12500.50", 1_250_050_000_000),
        (read_ratio, Number("0.05"), 50_000),
        (read_ratio, 1, PPM),
        (read_ratio, "1.25", 1_250_000),
        (read_count, 20, 20),
        (read_count, "20", 20),
        (read_duration, "30s", 30 * SECOND),
        (read_duration, "5m", 5 * MINUTE),
        (read_duration, "2h", 2 * HOUR),
        (read_duration, "3d", 3 * DAY),
        (read_until, "2026-11-22T15:00:00Z", parse_instant("2026-11-22T15:00:00Z")),
        (read_members, ["AAPL", "BRK.B", "BTC/USD"], frozenset({"AAPL", "BRK.B", "BTC/USD"})),
        (read_members, ["*"], frozenset({"*"})),
        (read_members, [], frozenset()),
    ],
)
def test_what_a_person_writes_is_read(
    read: Callable[[object], object], written: object, value: object
) -> None:
    assert read(written) == value


@pytest.mark.parametrize(
    ("read", "written", "said"),
    [
        (read_money, -1, "negative"),
        (read_money, Number("-0.01"), "negative"),
        (read_money, True, "not a plain number"),
        (read_money, 0.1, "not a plain number"),
        (read_money, None, "not a plain number"),
        (read_money, "nan", "not a plain decimal"),
        (read_money, "inf", "not a plain decimal"),
        (read_money, "1e3", "not a plain decimal"),
        (read_money, "0.000000001", "decimal places"),
        (read_money, [1], "not a plain decimal"),
        (read_money, 10**12, "larger than any limit"),
        (read_money, 10**25, "not a plain decimal"),
        (read_ratio, "5%", "not a plain decimal"),
        (read_ratio, Number("0.0000001"), "decimal places"),
        (read_ratio, 10**13, "larger than any limit"),
        (read_count, Number("1.0"), "whole number"),
        (read_count, -1, "whole number"),
        (read_count, 10**9, "whole number"),
        (read_count, "\u0661", "whole number"),
        (read_duration, 30, "write it like 30s"),
        (read_duration, "1.5h", "write it like 30s"),
        (read_duration, "-1h", "write it like 30s"),
        (read_duration, "1w", "write it like 30s"),
        (read_duration, "999999999d", "larger than any limit"),
        (read_until, "tomorrow", "not a time with a zone"),
        (read_until, "1970-01-01T00:00:00Z", "this century"),
        (read_until, "1960-01-01T00:00:00Z", "this century"),
        (read_until, "9999-01-01T00:00:00Z", "this century"),
        (read_members, "AAPL", "list of names"),
        (read_members, {"AAPL": 1}, "list of names"),
        (read_members, ["AAPL", "AAPL"], "twice"),
        (read_members, ["*", "AAPL"], "alone"),
        (read_members, [True], "quote it"),
        (read_members, ["AAPL "], "quote it"),
        (read_members, ["AAPL\n"], "quote it"),
        (read_members, [""], "quote it"),
    ],
)
def test_what_nobody_should_write_is_refused(
    read: Callable[[object], object], written: object, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read(written)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_250_050_000_000, "money", "12500.5"),
        (50_000, "ratio", "0.05"),
        (90 * MINUTE, "duration", "90m"),
        (0, "duration", "0s"),
        (2 * DAY, "duration", "2d"),
        (BOUNDLESS, "money", "unlimited"),
        (FOREVER, "until", "forever"),
        (0, "until", "off"),
        (7, "count", "7"),
        (True, "bool", "on"),
        (False, "bool", "off"),
        (frozenset({"b", "a"}), "", "[a, b]"),
        ("athena", "", "athena"),
    ],
)
def test_values_are_shown_the_way_they_are_written(value: object, unit: str, text: str) -> None:
    assert show(value, unit) == text


@given(st.integers(0, BOUNDLESS - 1))
def test_shown_numbers_read_back(value: int) -> None:
    assert read_money(show(value, "money")) == value
    assert read_ratio(show(value, "ratio")) == value


@given(st.integers(0, 10**6), st.sampled_from([SECOND, MINUTE, HOUR]))
def test_shown_durations_read_back(count: int, span: int) -> None:
    assert read_duration(show(count * span, "duration")) == count * span
