"""The paper broker's market: recorded prices as one tape, each symbol of one source.

What a source says of a day is only put on the tape at the time it was true: a day's open at the
bell, its close at the close. The average daily notional before a row is of days that had ended. A
source that does not adjust for splits is brought to the prices of the window's end, so that a
position does not lose six sevenths of its worth overnight.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT, notional
from vanta.domain.instant import DAY
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.domain.trading import Instrument
from vanta.journal.files import atomic_write
from vanta.markets.collectors import crypto, prices
from vanta.markets.entities import asset_class
from vanta.markets.normalise.signals import to_signal
from vanta.markets.series import Bar, joined, split_between
from vanta.markets.times import new_york_day, new_york_open

MONTH = 20
"""Days an average daily notional is taken over."""
HALF_SPREAD = {"equity": 100, "crypto": 250}
"""Distance of either side from the last price, ppm: recorded bars have no quotes."""
FAMILIES = {
    "prices-lean-daily": "lean",
    "prices-lean-minute": "lean",
    "crypto-daily": "coinbase",
    "crypto-minute": "coinbase",
}
"""Layouts that speak of the same prices; every other layout is a source of its own."""
UNADJUSTED = frozenset({"lean"})


class Row(msgspec.Struct, frozen=True):
    """One line of the tape."""

    symbol: str
    market_time: int
    bid: int
    ask: int
    last: int
    adv: int
    instrument: Instrument


class Traded(msgspec.Struct, frozen=True):
    """What the tape holds of one symbol."""

    source: str
    rows: int
    splits: tuple[tuple[int, int, int], ...]
    """When, and new for old shares."""


class Report(msgspec.Struct, frozen=True):
    """What was written, and what was not."""

    symbols: dict[str, Traded]
    set_aside: dict[str, int]
    """By code."""


def instrument(symbol: str, last: int) -> Instrument:
    """What the paper venue says of a symbol at a price."""
    kind = asset_class(symbol)
    small = last < UNIT
    if kind == "crypto":
        tick, lot = (1 if small else UNIT // 100), UNIT // 1_000_000
        return Instrument(symbol, kind, "crypto", tick, lot, tradable=True)
    tick = UNIT // 10_000 if small else UNIT // 100
    return Instrument(symbol, kind, "fiat", tick, UNIT, shortable=True, tradable=True)


def _row(symbol: str, at: int, last: int, adv: int) -> Row:
    said = instrument(symbol, last)
    half = last * HALF_SPREAD[said.asset_class] // 1_000_000
    bid = max(said.tick, (last - half) // said.tick * said.tick)
    ask = max(bid + said.tick, -(-(last + half) // said.tick) * said.tick)
    return Row(symbol, at, bid, ask, last, adv, said)


class _Bars:
    """The bars of one symbol and one source."""

    def __init__(self) -> None:
        self.days: list[Bar] = []
        self.spans: list[Bar] = []

    def add(self, signal: Signal) -> None:
        measures = signal.measures
        bar = Bar(
            signal.id,
            signal.event_ts,
            measures["open_units"],
            measures["close_units"],
            measures["volume_units"],
        )
        (self.days if measures["span_ns"] == DAY else self.spans).append(bar)

    def points(self, kind: str) -> list[Bar]:
        """What was known when, in order: shorter bars, and days where there are none."""
        covered = {_day(bar.at - 1, kind) for bar in self.spans}
        found = list(self.spans)
        for bar in self.days:
            day = _day(bar.at - 1, kind)
            if day not in covered:
                opened = bar.at - DAY if kind == "crypto" else new_york_open(day)
                found.append(bar._replace(at=opened, close=bar.open))
                found.append(bar._replace(open=bar.close))
        return sorted(found, key=lambda bar: (bar.at, bar.id))


def _day(at: int, kind: str) -> str:
    return str(at // DAY) if kind == "crypto" else new_york_day(at)


def _splits(points: list[Bar]) -> tuple[tuple[int, int, int], ...]:
    pairs = itertools.pairwise(points)
    found = ((after.at, *split_between(before.close, after.open)) for before, after in pairs)
    return tuple(split for split in found if split[1:] != (1, 1))


def _averages(days: list[Bar]) -> list[tuple[int, int]]:
    """From when on each average of the days before holds."""
    ordered = sorted(days, key=lambda bar: bar.at)
    worth = [notional(bar.close, bar.volume) for bar in ordered]
    return [
        (bar.at, sum(worth[max(0, at + 1 - MONTH) : at + 1]) // min(MONTH, at + 1))
        for at, bar in enumerate(ordered)
    ]


def rows(
    symbol: str, sources: dict[str, _Bars], since: int, until: int
) -> tuple[list[Row], Traded] | None:
    """The tape of one symbol from the source that knows most of the window; None without one."""
    kind = asset_class(symbol)

    def inside(source: str) -> tuple[int, str]:
        held = sources[source].points(kind)
        return sum(since <= point.at < until for point in held), source

    best = max(sources, key=inside)
    if not inside(best)[0]:
        return None
    points = [point for point in sources[best].points(kind) if point.at < until]
    splits: tuple[tuple[int, int, int], ...] = ()
    if best in UNADJUSTED:
        splits = tuple(split for split in _splits(points) if split[0] >= since)
        points = joined(points)
    # What a day traded for in dollars is the same on both sides of a split and at every source.
    longest = max(
        sources,
        key=lambda source: (
            source == best and bool(sources[source].days),
            len(sources[source].days),
            source,
        ),
    )
    averages = _averages(sources[longest].days)
    out: list[Row] = []
    adv = known = 0
    for point in points:
        while known < len(averages) and averages[known][0] < point.at:
            adv = averages[known][1]
            known += 1
        row = _row(symbol, point.at, point.close, adv)
        if point.at < since:
            # The last one before the window is the price it begins with.
            out[:] = [row]
        else:
            out.append(row)
    return out, Traded(best, len(out), splits)


def gather(
    items: Iterable[RawItem | SetAside],
) -> tuple[dict[str, dict[str, _Bars]], dict[str, int]]:
    """Bars by symbol and source, and how many items were set aside by code."""
    found: dict[str, dict[str, _Bars]] = defaultdict(lambda: defaultdict(_Bars))
    asides: dict[str, int] = defaultdict(int)
    for item in items:
        signal = item if isinstance(item, SetAside) else to_signal(item)
        if isinstance(signal, SetAside):
            asides[signal.code] += 1
        elif signal.kind == "bar":
            source = FAMILIES.get(signal.author, signal.author)
            found[signal.symbols[0]][source].add(signal)
    return found, dict(sorted(asides.items()))


def write_tape(feeds: Path, since: int, until: int, out: Path) -> Report:
    """Write the market of `[since, until)` from the recorded prices below `feeds`.

    Args:
        feeds: folder of recorded feeds.
        since: UTC nanoseconds.
        until: likewise.
        out: the tape, replaced whole; its directory exists.

    Raises:
        UnavailableError: `FEEDS_MISSING`, or `WRITE_FAILED`.
    """
    gathered, asides = gather(
        item
        for collector in (prices.collector(feeds), crypto.collector(feeds))
        for item in collector.collect(since - collector.history, until)
    )
    tape: list[Row] = []
    symbols: dict[str, Traded] = {}
    for symbol, sources in sorted(gathered.items()):
        found = rows(symbol, dict(sources), since, until)
        if found is not None:
            tape += found[0]
            symbols[symbol] = found[1]
    tape.sort(key=lambda row: (row.market_time, row.symbol))
    atomic_write(out, b"".join(encode(row) + b"\n" for row in tape))
    return Report(symbols, asides)
