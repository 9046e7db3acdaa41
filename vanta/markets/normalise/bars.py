"""Price bars, of shares and of coins.

A bar is known when it ends; one that ends at the close is to be had a little later. A bar in which
nothing traded, or in which two prices of one split are mixed, is no observation.
"""

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY, MINUTE
from vanta.domain.signal import RawItem, Signal
from vanta.markets.amounts import amount, count, positive, x10000
from vanta.markets.normalise.draft import Row, cell, row, signal
from vanta.markets.times import (
    DAY_ONLY,
    EXACT,
    SETTLED,
    millis_of_day,
    new_york_close,
    new_york_midnight,
    utc_midnight,
    zoned,
)

MIXED = 2
"""High over low above which one bar holds prices of both sides of a split."""

_NAMES = ("open", "high", "low", "close")


def _bar(
    raw: RawItem,
    symbol: str,
    prices: list[int],
    volume: int,
    *,
    end: int,
    span: int,
    seen: int | None = None,
    quality: str = EXACT,
) -> Signal:
    high, low = max(prices), min(prices)
    if volume == 0:
        raise MalformedError("nothing traded in this bar", code="NO_TRADES")
    if span < DAY and high >= MIXED * low:
        raise MalformedError("the bar mixes prices of before and after a split", code="BAR_MIXED")
    if prices[1] != high or prices[2] != low:
        raise MalformedError("open or close lies outside high and low", code="BAR_SHAPE")
    measures = {f"{name}_units": price for name, price in zip(_NAMES, prices, strict=True)}
    return signal(
        raw,
        "bar",
        source_id=f"{raw.layout} {symbol} {end} {span}",
        event=end,
        seen=seen,
        quality=quality,
        symbols=[symbol],
        author=raw.layout,
        measures=measures | {"volume_units": volume, "span_ns": span},
    )


def _ohlc(cells: Row, *names: str) -> list[int]:
    return [positive(cell(cells, name)) for name in names or _NAMES]


def _ohlc_x10000(cells: Row) -> list[int]:
    return [x10000(cell(cells, f"{name}_x10000")) for name in _NAMES]


def _daily(raw: RawItem, symbol: str, day: str, prices: list[int], volume: str) -> Signal:
    close = new_york_close(day)
    return _bar(
        raw,
        symbol,
        prices,
        amount(volume),
        end=close,
        span=DAY,
        seen=close + SETTLED,
        quality=DAY_ONLY,
    )


def yahoo_daily(raw: RawItem) -> Signal:
    """`symbol,date,open,high,low,close,adj_close,volume`.

    `adj_close` takes later dividends out of earlier prices, so it is not read.
    """
    cells = row(raw)
    prices = _ohlc(cells)
    # The prices are rounded floats: a close may stand a hair outside its own range.
    prices[1], prices[2] = max(prices), min(prices)
    return _daily(raw, cell(cells, "symbol"), cell(cells, "date"), prices, cell(cells, "volume"))


def wsb_daily(raw: RawItem) -> Signal:
    """The same with weekends filled forward, which their volume `NA` gives away."""
    cells = row(raw)
    if cell(cells, "volume") == "NA":
        raise MalformedError("filled forward over a day without trading", code="NO_TRADES")
    return yahoo_daily(raw)


def one_symbol_daily(raw: RawItem) -> Signal:
    """`,Open,High,Low,Close,Volume,...`: the symbol is the file's."""
    cells = row(raw)
    prices = _ohlc(cells, "Open", "High", "Low", "Close")
    prices[1], prices[2] = max(prices), min(prices)
    return _daily(raw, cell(cells, "@symbol"), cell(cells, ""), prices, cell(cells, "Volume"))


def lean_daily(raw: RawItem) -> Signal:
    """Unadjusted daily bars, prices in ten-thousandths."""
    cells = row(raw)
    day = cell(cells, "time")[:8]
    return _daily(raw, cell(cells, "@symbol"), day, _ohlc_x10000(cells), cell(cells, "volume"))


def lean_minute(raw: RawItem) -> Signal:
    """Unadjusted minutes, counted from midnight in New York."""
    cells = row(raw)
    begin = millis_of_day(
        new_york_midnight(cell(cells, "@date")), cell(cells, "ms_since_midnight_ny")
    )
    return _bar(
        raw,
        cell(cells, "@symbol"),
        _ohlc_x10000(cells),
        amount(cell(cells, "volume")),
        end=begin + MINUTE,
        span=MINUTE,
    )


def coin_daily(raw: RawItem) -> Signal:
    """A day of a coin, from midnight to midnight UTC."""
    cells = row(raw)
    end = utc_midnight(cell(cells, "time")[:8]) + DAY
    return _bar(
        raw,
        cell(cells, "@symbol"),
        _ohlc(cells),
        amount(cell(cells, "volume")),
        end=end,
        span=DAY,
        quality=DAY_ONLY,
    )


def coin_minute(raw: RawItem) -> Signal:
    """A minute of a coin, counted from midnight UTC."""
    cells = row(raw)
    begin = millis_of_day(utc_midnight(cell(cells, "@date")), cell(cells, "ms_since_midnight_utc"))
    return _bar(
        raw,
        cell(cells, "@symbol"),
        _ohlc(cells),
        amount(cell(cells, "volume")),
        end=begin + MINUTE,
        span=MINUTE,
    )


def coin_span(raw: RawItem) -> Signal:
    """A bar that says when it begins; how long it is stands in its file's name."""
    cells = row(raw)
    span = count(cell(cells, "@minutes")) * MINUTE
    return _bar(
        raw,
        cell(cells, "@symbol"),
        _ohlc(cells),
        amount(cell(cells, "volume")),
        end=zoned(cell(cells, "date")) + span,
        span=span,
    )
