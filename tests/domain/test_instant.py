"""Instants: RFC 3339 with a zone in, UTC nanoseconds inside, the same text out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError
from vanta.domain.instant import FOREVER, HOUR, SECOND, parse_instant, show_instant

NOON = parse_instant("2026-11-22T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22t12:00:00z", NOON),
        ("2026-11-22T14:00:00+02:00", NOON),
        ("2026-11-22T07:30:00-04:30", NOON),
        ("2026-11-22T12:00:00.5Z", NOON + SECOND // 2),
        ("2026-11-22T12:00:00.000000001Z", NOON + 1),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
        ("1969-12-31T23:59:59.5Z", -SECOND // 2),
    ],
)
def test_a_time_is_read(text: str, value: int) -> None:
    assert parse_instant(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "1795305600"),
        *(
            "2026-11-22T12:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
        ),
        *("2026-11-22T24:00:00Z", "2026-11-22T12:00:60Z", "2026-11-22T12:00:00+25:00"),
        *("2026-11-22T12:00:00.Z", "2026-11-22T12:00:00.0000000001Z", "2026-11-22T12:00:00Z\n"),
        *("\uff12\uff10\uff12\uff16-11-22T12:00:00Z", "2026-11-22T12:00:00.\u0665Z"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_instant(text, place="here")
    assert (refused.value.code, refused.value.place) == ("TIME", "here")
    assert "2026-11-22T15:00:00Z" in refused.value.remedy


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_are_read_or_refused(text: str) -> None:
    assert isinstance(parse_instant(text), int)


@given(st.integers(0, FOREVER - 1))
def test_a_shown_instant_reads_back(instant: int) -> None:
    assert parse_instant(show_instant(instant)) == instant


def test_an_instant_is_shown_with_as_many_decimals_as_it_has() -> None:
    assert show_instant(NOON) == "2026-11-22T12:00:00Z"
    assert show_instant(NOON + SECOND // 4) == "2026-11-22T12:00:00.25Z"
    assert show_instant(FOREVER) == "forever"
    assert show_instant(NOON + 2 * HOUR) == "2026-11-22T14:00:00Z"
