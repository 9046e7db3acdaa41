"""Alpaca's market data: what traded of the options of a share, minute by minute.

Snapshots of all its contracts say which traded lately; of the busiest the minutes are asked for.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import MINUTE, SECOND, show_instant
from vanta.markets.amounts import decimal
from vanta.markets.fetch.alpaca import bars, cells, conversation
from vanta.markets.fetch.asking import Terms
from vanta.markets.fetch.shelf import Row, Shelf
from vanta.markets.fetch.source import REACH, Ask, Tier
from vanta.markets.times import new_york_day, new_york_midnight, zoned
from vanta.node.collecting import AlpacaFeed

PLACES = re.compile(r"options/[a-z]+_trades_minute_\d{4}-\d{2}-\d{2}\.csv")
COLUMNS = (
    "underlying", "trade_date", "right", "strike_x10000", "expiry", "ms_since_midnight_ny",
    "open_x10000", "high_x10000", "low_x10000", "close_x10000", "volume",
)  # fmt: skip
BUSIEST = 100
"""Contracts of a share whose minutes are asked for: one request takes no more."""
PAGES = 10
"""Answers of a thousand snapshots for one share."""
_CONTRACT = re.compile(r"(?P<root>[A-Z]{1,6})(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})")
_RIGHTS = {"C": "call", "P": "put"}


class _Trade(msgspec.Struct):
    t: str


class _Day(msgspec.Struct):
    v: Decimal = Decimal(0)


class _Snapshot(msgspec.Struct, rename="camel"):
    latest_trade: _Trade | None = None
    daily_bar: _Day | None = None


class _Answer(msgspec.Struct):
    snapshots: dict[str, _Snapshot] | None = None
    next_page_token: str | None = None


class AlpacaOptions:
    """Trades of options on the shares that are named."""

    name = "alpaca options"

    def __init__(self, config: AlpacaFeed, terms: Terms, shelf: Shelf) -> None:
        self._config, self._now, self._shelf = config, terms.now, shelf
        self._vendor = conversation(config, terms)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        if tier is Tier.LIGHT:
            return
        for share in self._config.options:
            what = f"trades of options on {share} from {self._vendor.place}"
            yield Ask(what, partial(self._trades, share, self._now - REACH[tier]))

    def _trades(self, share: str, since: int) -> int:
        contracts = self._busiest(share, since)
        if not contracts:
            return 0
        query = {
            "symbols": ",".join(contracts),
            "timeframe": "1Min",
            "start": show_instant(since // SECOND * SECOND),
            "limit": "10000",
            "sort": "asc",
        }
        by_place: dict[str, list[Row]] = {}
        for contract, at, bar in bars(self._vendor, "/v1beta1/options/bars", query):
            if contract not in contracts or not since <= at <= self._now - MINUTE:
                continue
            day = new_york_day(at)
            begin = str((at - new_york_midnight(day)) // 1_000_000)
            named = _named(contract)
            row = (share, day, *named, begin, *cells(bar))
            place = f"options/{share.lower()}_trades_minute_{day[:4]}-{day[4:6]}-{day[6:]}.csv"
            by_place.setdefault(place, []).append(row)
        return sum(
            self._shelf.add_rows(place, COLUMNS, sorted(rows, key=_when), key=range(6))
            for place, rows in by_place.items()
        )

    def _busiest(self, share: str, since: int) -> list[str]:
        """The contracts that traded most today, of those that traded since then."""
        traded: list[tuple[Decimal, str]] = []
        token: str | None = ""
        for _ in range(PAGES):
            query = {"feed": self._config.options_feed, "limit": "1000"}
            page = {**query, "page_token": token} if token else query
            reply = self._vendor.get(f"/v1beta1/options/snapshots/{share}", page)
            answer = self._vendor.read(_Answer, reply)
            for contract, seen in (answer.snapshots or {}).items():
                if (
                    seen.latest_trade is not None
                    and _CONTRACT.fullmatch(contract)
                    and zoned(seen.latest_trade.t) >= since
                ):
                    volume = decimal((seen.daily_bar or _Day()).v) or Decimal(0)
                    traded.append((-volume, contract))
            token = answer.next_page_token
            if not token:
                break
        return [contract for _, contract in sorted(traded)[:BUSIEST]]


def _named(contract: str) -> tuple[str, str, str]:
    """Right, strike and expiry out of a contract's name."""
    match = _CONTRACT.fullmatch(contract)
    if match is None:
        raise MalformedError(f"{contract[:32]!r} names no option", code="OPTION")
    return _RIGHTS[match["right"]], str(int(match["strike"]) * 10), f"20{match['day']}"


def _when(row: Row) -> tuple[int, str]:
    return int(row[5]), row[3]
