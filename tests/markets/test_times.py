"""Every way a feed writes a time, read as the one instant it can mean."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY, HOUR, SECOND, parse_instant, show_instant
from vanta.markets import times


@pytest.mark.parametrize(
    ("read", "text", "instant"),
    [
        (times.zoned, "2018-11-21 05:49:00-05:00", "2018-11-21T10:49:00Z"),
        (times.zoned, "2018-06-21 05:49:00-04:00", "2018-06-21T09:49:00Z"),
        (times.zoned, "2021-12-10T00:32:19.000-05:00", "2021-12-10T05:32:19Z"),
        (times.naive_utc, "2022-06-27 02:15:00", "2022-06-27T02:15:00Z"),
        (times.epoch_seconds, "1642792067.0", "2022-01-21T19:07:47Z"),
        (times.epoch_seconds, 1610811051, "2021-01-16T15:30:51Z"),
        (times.epoch_millis, "1675329600138", "2023-02-02T09:20:00.138Z"),
        (times.twitter_time, "Sun Jun 01 01:05:54 +0000 2014", "2014-06-01T01:05:54Z"),
        (times.new_york, "20220506183057", "2022-05-06T22:30:57Z"),
        (times.new_york_close, "2014-06-06", "2014-06-06T20:00:00Z"),
        (times.new_york_close, "20141208", "2014-12-08T21:00:00Z"),
        (times.new_york_open, "2014-06-06", "2014-06-06T13:30:00Z"),
        (times.utc_midnight, "20171217", "2017-12-17T00:00:00Z"),
        (times.edgar_day_end, "2022-06-15", "2022-06-16T02:00:00Z"),
    ],
)
def test_each_way_of_writing_is_one_instant(
    read: Callable[[object], int], text: object, instant: str
) -> None:
    assert read(text) == parse_instant(instant)


@pytest.mark.parametrize(
    ("text", "instant", "quality"),
    [
        ("Seg, 24 Set 2018 19:42:40 -0300", "2018-09-24T22:42:40Z", "exact"),
        ("Dom, 07 Fev 2016 10:00:00 -0200", "2016-02-07T12:00:00Z", "exact"),
        ("Wed, 03 Jan 2018 13:47:00 GMT", "2018-01-03T13:47:00Z", "exact"),
        ("2017-06-15T10:29:47-07:00", "2017-06-15T17:29:47Z", "exact"),
        ("1518478934", "2018-02-12T23:42:14Z", "exact"),
        ("Mon, 16 Oct 2017 15:10:00", "2017-10-16T15:10:00Z", "assumed_zone"),
    ],
)
def test_syndicated_feeds_date_as_they_like(text: str, instant: str, quality: str) -> None:
    assert times.feed_time(text) == (parse_instant(instant), quality)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (times.zoned, "2018-11-21 05:49:00"),
        (times.naive_utc, "2018-11-21 05:49:00Z"),
        (times.epoch_seconds, "nan"),
        (times.epoch_seconds, "inf"),
        (times.epoch_seconds, "1642792067000"),
        (times.epoch_millis, "1642792067"),
        (times.twitter_time, "Sun Foo 01 01:05:54 +0000 2014"),
        (times.new_york, "20220506"),
        (times.utc_midnight, "2014-02-30"),
        (times.feed_time, "soon"),
        (times.feed_time, ""),
    ],
)
def test_what_is_no_time_of_its_kind_is_refused(read: Callable[[str], int], text: str) -> None:
    with pytest.raises(MalformedError) as error:
        read(text)
    assert error.value.code == "TIME"


def test_minutes_are_counted_from_midnight_and_stay_in_the_day() -> None:
    midnight = times.new_york_midnight("2014-06-06")
    assert show_instant(times.millis_of_day(midnight, "34200000")) == "2014-06-06T13:30:00Z"
    for beyond in ("-1", str(DAY // 1_000_000), "x"):
        with pytest.raises(MalformedError):
            times.millis_of_day(midnight, beyond)


@pytest.mark.parametrize(
    ("instant", "regular"),
    [
        ("2014-06-06T13:29:59Z", False),
        ("2014-06-06T13:30:00Z", True),
        ("2014-06-06T19:59:59Z", True),
        ("2014-06-06T20:00:00Z", False),
        ("2014-06-07T15:00:00Z", False),
        ("2014-12-08T14:29:59Z", False),
        ("2014-12-08T14:30:00Z", True),
    ],
)
def test_regular_hours_follow_new_york_clocks(instant: str, *, regular: bool) -> None:
    assert times.regular_hours(parse_instant(instant)) is regular


@given(st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 - zones are added
def test_an_offset_moves_the_instant_and_nothing_else(moment: datetime, hours: int) -> None:
    whole = moment.replace(microsecond=0)
    sign = "-" if hours < 0 else "+"
    read = times.zoned(f"{whole.isoformat(' ')}{sign}{abs(hours):02d}:00")
    assert read == int(whole.replace(tzinfo=UTC).timestamp()) * SECOND - hours * HOUR
