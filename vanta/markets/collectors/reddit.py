"""Recorded posts and comments of Reddit."""

import re
from collections.abc import Callable
from pathlib import Path

from vanta.markets.collectors.files import FeedFile, Findings, records
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.times import FARTHEST_ZONE, epoch_seconds, naive_utc

Row = dict[str, str]


def _rows(at: Callable[[Row], int]) -> Callable[[FeedFile], Findings]:
    return lambda file: records(file, at)


def _seconds(column: str) -> Callable[[FeedFile], Findings]:
    return _rows(lambda row: epoch_seconds(row[column]))


def _days(facts: Row) -> tuple[int, int]:
    """`2021-01-01_04` is four days and `2020-12-01` is one."""
    first = facts["first"]
    last = facts["last"] or first[-2:]
    return days(first, first[:-2] + last)


_DAYS = r"(?P<first>\d{4}-\d{2}-\d{2})(?:_(?P<last>\d{2}))?\.csv"
_POSTS = re.compile(rf"\w+?_posts_{_DAYS}")

LAYOUTS = (
    Layout(
        "reddit-zoneless-posts",
        re.compile(rf"\w+_posts_with_comments_{_DAYS}"),
        _rows(lambda row: naive_utc(row["created"]) + FARTHEST_ZONE),
        _days,
    ),
    Layout("reddit-bare-posts", _POSTS, _seconds("date"), _days, frozenset({"date", "text"})),
    Layout("reddit-utc-posts", _POSTS, _seconds("created"), _days, frozenset({"created", "body"})),
    Layout(
        "reddit-comments",
        re.compile(rf"\w+_comments_{_DAYS}"),
        _seconds("retrieved_on"),
        _days,
    ),
    Layout(
        "reddit-top-posts",
        re.compile(r"\w+_top_posts_to_\d{4}-\d{2}-\d{2}\.csv"),
        _seconds("TimeStamp"),
    ),
)


def collector(root: Path) -> RecordedCollector:
    """The posts and comments below `root`."""
    return RecordedCollector("reddit", root, folders=("reddit",), layouts=LAYOUTS)
