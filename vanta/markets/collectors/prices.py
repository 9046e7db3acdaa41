"""Recorded reference bars of shares."""

import re
from collections.abc import Callable
from pathlib import Path

from vanta.domain.instant import DAY, MINUTE
from vanta.markets.collectors.files import FeedFile, Findings, records
from vanta.markets.collectors.port import PRICES
from vanta.markets.collectors.recorded import Layout, RecordedCollector, days
from vanta.markets.times import SETTLED, millis_of_day, new_york_close, new_york_midnight

Row = dict[str, str]
HISTORY = 45 * DAY
"""Thirty sessions, so that a month's average volume stands before the first day."""


def _closed(column: str, *, length: int = 10) -> Callable[[Row], int]:
    return lambda row: new_york_close(row[column][:length]) + SETTLED


def _daily(column: str) -> Callable[[FeedFile], Findings]:
    return lambda file: records(file, _closed(column))


def _one_symbol(column: str, *, length: int = 10) -> Callable[[FeedFile], Findings]:
    def read(file: FeedFile) -> Findings:
        file.facts["symbol"] = file.facts["name"].upper()
        return records(file, _closed(column, length=length), facts=("symbol",))

    return read


def _minutes(file: FeedFile) -> Findings:
    file.facts["symbol"] = file.facts["name"].upper()
    midnight = new_york_midnight(file.facts["date"])
    return records(
        file,
        lambda row: millis_of_day(midnight, row["ms_since_midnight_ny"]) + MINUTE,
        facts=("symbol", "date"),
    )


def _day(facts: Row) -> tuple[int, int]:
    return days(facts["date"], facts["date"])


LAYOUTS = (
    Layout("prices-yahoo-daily", re.compile(r"ohlcv_daily_.*\.csv"), _daily("date")),
    Layout("prices-wsb-daily", re.compile(r"\w+_symbols_daily_to_.*\.csv"), _daily("date")),
    Layout(
        "prices-lean-daily",
        re.compile(r"lean_daily_(?P<name>[a-z.-]+)\.csv"),
        _one_symbol("time", length=8),
    ),
    Layout(
        "prices-lean-minute",
        re.compile(r"lean_minute_(?P<name>[a-z.-]+)_(?P<date>\d{8})_trade\.csv"),
        _minutes,
        _day,
    ),
    Layout(
        "prices-one-symbol-daily",
        re.compile(r"(?P<name>[a-z]{1,5})_daily_\d{4}.*\.csv"),
        _one_symbol(""),
    ),
)


def collector(root: Path) -> RecordedCollector:
    """The bars below `root`."""
    return RecordedCollector(
        PRICES,
        root,
        folders=("prices",),
        layouts=LAYOUTS,
        history=HISTORY,
        others=re.compile(r"\Astocktable_.*\.tsv\Z"),
    )
