"""Net asset value by the market's day, held against a benchmark: does the book behave? Pure.

Money that was put in is no profit, so a day's return is what was made of what was there. A day on
which the fund and its benchmark part by more than a limit need not be wrong, but somebody looks.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.exact import PPM, units
from vanta.domain.instant import DAY, show_instant
from vanta.executor.book import Book
from vanta.executor.events import Event, VaultFunded

MISSING, PARTED = "BENCHMARK_MISSING", "BENCHMARK_PARTED"


class NavDay(msgspec.Struct, frozen=True):
    """One day of the market, units."""

    day: str
    """Such as 2026-11-25, UTC."""
    nav: int
    """At its end, or now where it is not over."""
    put_in: int
    """Money that vaults were funded with."""
    profit: int
    made: int
    """Profit as a share of what was there, ppm, rounded down."""


class Checked(msgspec.Struct, frozen=True):
    """A day beside the benchmark's."""

    day: NavDay
    benchmark: int | None
    """The benchmark's return since its close before, ppm; None where it has no two closes."""
    finding: str
    """`BENCHMARK_PARTED`, `BENCHMARK_MISSING`, or empty."""


def days(events: Iterable[Event]) -> list[NavDay]:
    """Every day of the market that a trade log saw, oldest first.

    Args:
        events: of `trade_log.jsonl`, from its beginning.
    """
    book, found = Book(), list[NavDay]()
    before = put_in = 0
    for event in events:
        ends = book.day_ends
        book.apply(event)
        if isinstance(event, VaultFunded):
            put_in += event.cash
        if ends and book.day_ends != ends:
            # A new day begins at the marks of the one before: that is where that one ended.
            found.append(_day(ends, before, put_in, book.account.day_start))
            before, put_in = book.account.day_start, 0
    if book.day_ends:
        found.append(_day(book.day_ends, before, put_in, book.account.nav))
    return found


def _day(ends: int, before: int, put_in: int, nav: int) -> NavDay:
    there = before + put_in
    profit = nav - there
    made = profit * PPM // there if there > 0 else 0
    return NavDay(show_instant(ends - DAY)[:10], nav, put_in, profit, made)


def check(found: Iterable[NavDay], closes: Mapping[str, int], limit: int) -> list[Checked]:
    """Hold every day against a benchmark.

    Args:
        found: the days.
        closes: the benchmark's close by day, units.
        limit: how far the two returns may be apart, ppm; at the limit is fine.
    """
    ordered = sorted(closes)
    before = dict(zip(ordered[1:], ordered, strict=False))
    told = []
    for day in found:
        last = closes.get(before.get(day.day, ""))
        if last is None:
            # The market of the benchmark may be shut that day, or the series begin with it.
            told.append(Checked(day, None, MISSING if day.profit else ""))
            continue
        moved = (closes[day.day] - last) * PPM // last
        told.append(Checked(day, moved, PARTED if abs(day.made - moved) > limit else ""))
    return told


def read_closes(text: str, *, place: str) -> dict[str, int]:
    """Lines of `2026-11-25,612.34`; a first line of names is skipped.

    Raises:
        MalformedError: `BENCHMARK`: a line that is not that, a close of nothing, a day twice.
    """
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        day, comma, close = (part.strip() for part in line.partition(","))
        if not line.strip() or (number == 1 and not day[:1].isdigit()):
            continue
        where = f"{place}:{number}"
        if not comma or not _is_day(day) or day in found:
            raise _wrong(where)
        price = units(close, place=where)
        if price <= 0:
            raise _wrong(where)
        found[day] = price
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _wrong(place: str) -> MalformedError:
    return MalformedError(
        "not a day and a close above zero, or the day a second time",
        code="BENCHMARK",
        place=place,
        remedy="write one line a day, such as 2026-11-25,612.34",
    )
