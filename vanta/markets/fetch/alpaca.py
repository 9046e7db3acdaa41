"""Alpaca's market data: bars of shares by the minute and the day."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial

import msgspec

from vanta.domain.instant import DAY, MINUTE, SECOND, show_instant
from vanta.markets.collectors.prices import HISTORY
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.shelf import Row, Shelf, digits
from vanta.markets.fetch.source import DAYS, REACH, Ask, Tier
from vanta.markets.times import SETTLED, new_york_close, new_york_day, new_york_midnight, zoned
from vanta.node.collecting import AlpacaFeed
from vanta.node.credentials import read_secret

PLACES = re.compile(r"prices/lean_(?:minute_[a-z-]+_\d{8}_trade|daily_[a-z-]+)\.csv")
_PRICES = ("open_x10000", "high_x10000", "low_x10000", "close_x10000", "volume")
MINUTES = ("ms_since_midnight_ny", *_PRICES)
DAILY = ("time", *_PRICES)
PACE = 0.4
"""It allows two hundred requests a minute to an account."""
TOGETHER = 50
"""Symbols of one request."""
PAGES = 20
"""Answers of ten thousand bars for one request."""
_KEPT = HISTORY + 60 * DAY


class Bar(msgspec.Struct):
    """A bar as Alpaca writes one, of a share or an option."""

    t: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - its name there
    c: Decimal
    v: Decimal


class _Answer(msgspec.Struct):
    bars: dict[str, list[Bar]] | None = None
    next_page_token: str | None = None


def conversation(config: AlpacaFeed, terms: Terms) -> Conversation:
    """With Alpaca, as the account whose credentials are named."""

    def signed() -> Mapping[str, str]:
        return {
            "APCA-API-KEY-ID": read_secret(config.key).reveal(),
            "APCA-API-SECRET-KEY": read_secret(config.secret).reveal(),
        }

    return Conversation(config.url, terms, pace=PACE, headers=signed)


def bars(vendor: Conversation, path: str, query: dict[str, str]) -> Iterator[tuple[str, int, Bar]]:
    """All bars of a request, page by page: whose, when each began, and the bar."""
    token: str | None = ""
    for _ in range(PAGES):
        page = {**query, "page_token": token} if token else query
        answer = vendor.read(_Answer, vendor.get(path, page))
        for symbol, found in (answer.bars or {}).items():
            for bar in found:
                yield symbol, zoned(bar.t), bar
        token = answer.next_page_token
        if not token:
            return


def cells(bar: Bar) -> list[str]:
    """Open, high, low and close in ten-thousandths of a dollar, and the volume."""
    prices = [Decimal(digits(price)).scaleb(4) for price in (bar.o, bar.h, bar.l, bar.c)]
    return [_short(digits(number)) for number in (*prices, bar.v)]


class Alpaca:
    """Bars of the shares that are named."""

    name = "alpaca"

    def __init__(self, config: AlpacaFeed, terms: Terms, shelf: Shelf) -> None:
        self._config, self._now, self._shelf = config, terms.now, shelf
        self._vendor = conversation(config, terms)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        names = self._config.symbols
        for first in range(0, len(names), TOGETHER):
            some = names[first : first + TOGETHER]
            what = f"bars of {' '.join(some)} from {self._vendor.place}"
            yield Ask(f"minute {what}", partial(self._minutes, some, REACH[tier]))
            if tier in DAYS:
                back = DAYS[tier] * DAY
                yield Ask(f"daily {what}", partial(self._days, some, back))

    def _minutes(self, symbols: tuple[str, ...], back: int) -> int:
        def row(symbol: str, at: int, bar: Bar) -> tuple[str, Row] | None:
            day = new_york_day(at)
            if at + MINUTE > self._now:
                return None
            since_midnight = str((at - new_york_midnight(day)) // 1_000_000)
            place = f"prices/lean_minute_{symbol.lower()}_{day}_trade.csv"
            return place, (since_midnight, *cells(bar))

        return self._record(symbols, "1Min", back, MINUTES, row)

    def _days(self, symbols: tuple[str, ...], back: int) -> int:
        def row(symbol: str, at: int, bar: Bar) -> tuple[str, Row] | None:
            day = new_york_day(at)
            if new_york_close(day) + SETTLED > self._now:
                return None
            return f"prices/lean_daily_{symbol.lower()}.csv", (f"{day} 00:00", *cells(bar))

        oldest = new_york_day(self._now - _KEPT)
        return self._record(symbols, "1Day", back, DAILY, row, lambda kept: kept[0] >= oldest)

    def _record(
        self,
        symbols: tuple[str, ...],
        span: str,
        back: int,
        header: Row,
        row: Callable[[str, int, Bar], tuple[str, Row] | None],
        kept: Callable[[Row], bool] = lambda _row: True,
    ) -> int:
        """Ask for bars, and record those that are over."""
        since = self._now - back
        query = {
            "symbols": ",".join(symbols).replace("-", "."),
            "timeframe": span,
            "start": show_instant(since // SECOND * SECOND),
            "limit": "10000",
            "adjustment": "raw",
            "feed": self._config.feed,
            "sort": "asc",
        }
        by_place: dict[str, list[Row]] = {}
        for theirs, at, bar in bars(self._vendor, "/v2/stocks/bars", query):
            symbol = theirs.replace(".", "-")
            found = row(symbol, at, bar) if symbol in symbols and at >= since - DAY else None
            if found is not None:
                by_place.setdefault(found[0], []).append(found[1])
        return sum(
            self._shelf.add_rows(place, header, rows, key=[0], kept=kept)
            for place, rows in by_place.items()
        )


def _short(number: str) -> str:
    """Without zeros behind the point."""
    return number.rstrip("0").rstrip(".") if "." in number else number
