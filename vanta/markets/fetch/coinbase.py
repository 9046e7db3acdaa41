"""Coinbase Exchange: bars of coins by the minute and the day, which it gives to anybody."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from vanta.domain.instant import DAY, MINUTE, SECOND, show_instant
from vanta.markets.collectors.crypto import HISTORY
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.shelf import Row, Shelf, digits
from vanta.markets.fetch.source import DAYS, REACH, Ask, Tier
from vanta.markets.times import utc_midnight
from vanta.node.collecting import CoinbaseFeed

PLACES = re.compile(r"crypto/coinbase_(?:minute_[a-z]+_\d{8}|daily_[a-z]+)\.csv")
MINUTES = ("ms_since_midnight_utc", "open", "high", "low", "close", "volume")
DAILY = ("time", "open", "high", "low", "close", "volume")
PACE = 0.15
"""It allows ten requests a second to all of an address."""
_CANDLES = 300
"""The most it answers at once."""
_KEPT = HISTORY + 60 * DAY
"""How far back a file of daily bars goes."""

_Candle = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]
"""When it begins, low, high, open, close, volume."""


class Coinbase:
    """Bars of the coins that are named."""

    name = "coinbase"

    def __init__(self, config: CoinbaseFeed, terms: Terms, shelf: Shelf) -> None:
        self._symbols, self._now, self._shelf = config.symbols, terms.now, shelf
        self._vendor = Conversation(config.url, terms, pace=PACE)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        for symbol in self._symbols:
            what = f"bars of {symbol} from {self._vendor.place}"
            yield Ask(f"minute {what}", partial(self._minutes, symbol, REACH[tier]))
            if tier in DAYS:
                back = DAYS[tier] * DAY
                yield Ask(f"daily {what}", partial(self._days, symbol, back))

    def _minutes(self, symbol: str, back: int) -> int:
        by_day: dict[str, list[Row]] = {}
        for at, prices in self._candles(symbol, MINUTE, back):
            day = datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y%m%d")
            row = (str((at - utc_midnight(day)) // 1_000_000), *prices)
            by_day.setdefault(day, []).append(row)
        pair = symbol.replace("-", "").lower()
        return sum(
            self._shelf.add_rows(f"crypto/coinbase_minute_{pair}_{day}.csv", MINUTES, rows, key=[0])
            for day, rows in by_day.items()
        )

    def _days(self, symbol: str, back: int) -> int:
        rows = [(_stamp(at), *prices) for at, prices in self._candles(symbol, DAY, back)]
        pair, oldest = symbol.replace("-", "").lower(), _stamp(self._now - _KEPT)
        return self._shelf.add_rows(
            f"crypto/coinbase_daily_{pair}.csv",
            DAILY,
            rows,
            key=[0],
            kept=lambda row: row[0] >= oldest,
        )

    def _candles(self, symbol: str, span: int, back: int) -> Iterator[tuple[int, list[str]]]:
        """Bars that are over, oldest first: when each began, then open, high, low, close, volume.

        One that still goes on would be recorded as it stood by chance.
        """
        since = (self._now - back) // span * span
        while since + span <= self._now:
            until = min(since + _CANDLES * span, self._now // span * span)
            query = {
                "granularity": str(span // SECOND),
                "start": show_instant(since),
                "end": show_instant(until - span),
            }
            reply = self._vendor.get(f"/products/{symbol}/candles", query)
            for begin, low, high, opened, close, volume in sorted(
                self._vendor.read(list[_Candle], reply), key=lambda candle: candle[0]
            ):
                at = begin * SECOND
                if since <= at <= until - span and at % span == 0:
                    yield at, [digits(each) for each in (opened, high, low, close, volume)]
            since = until


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y%m%d 00:00")
