"""Kraken: single trades of coins, which it gives to anybody."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import msgspec

from vanta.domain.instant import MINUTE, SECOND
from vanta.markets.fetch.asking import Conversation, NoAnswerError, Terms
from vanta.markets.fetch.shelf import Row, Shelf, digits
from vanta.markets.fetch.source import REACH, Ask, Tier
from vanta.markets.times import epoch_seconds
from vanta.node.collecting import KrakenFeed

PLACES = re.compile(r"crypto/kraken_[A-Z]+_[A-Z]+_public_trades_\d{4}-\d{2}-\d{2}\.csv")
COLUMNS = ("timestamp", "id", "type", "side", "price", "amount", "cost", "date")
PACE = 1.2
"""It asks for a request a second at most from whoever has no key."""
PAGES = {Tier.LIGHT: 3, Tier.WARM_UP: 10}
"""Answers of a thousand trades for each pair and turn; the next turn goes on from there."""
_FULL = 1000
_AHEAD = MINUTE
_OWN_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
_SIDES = {"b": "buy", "s": "sell"}
_TYPES = {"m": "market", "l": "limit"}

_Trade = tuple[Decimal, Decimal, Decimal, str, str, str, int]
"""Price, amount, when (seconds), the taker's side, type, whatever else, id."""


class _Answer(msgspec.Struct):
    error: list[str]
    result: dict[str, list[_Trade] | str] = {}


class Kraken:
    """Trades of the coins that are named."""

    name = "kraken"

    def __init__(self, config: KrakenFeed, terms: Terms, shelf: Shelf) -> None:
        self._symbols, self._now, self._shelf = config.symbols, terms.now, shelf
        self._vendor = Conversation(config.url, terms, pace=PACE)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`; the light turns leave the deep ones nothing."""
        if tier not in PAGES:
            return
        for symbol in self._symbols:
            what = f"trades of {symbol} from {self._vendor.place}"
            yield Ask(what, partial(self._trades, symbol, tier))

    def _trades(self, symbol: str, tier: Tier) -> int:
        base, _, quote = symbol.partition("-")
        pair = _OWN_NAMES.get(base, base) + _OWN_NAMES.get(quote, quote)
        since, new = self._since(symbol, tier), 0
        for _ in range(PAGES[tier]):
            query = {"pair": pair, "since": str(since), "count": str(_FULL)}
            answer = self._vendor.read(_Answer, self._vendor.get("/0/public/Trades", query))
            trades, last = self._sorted_out(answer)
            new += self._record(symbol, [one for one in trades if since < _at(one)])
            if len(trades) < _FULL or last <= since:
                break
            since = last
        return new

    def _since(self, symbol: str, tier: Tier) -> int:
        """From the last trade that is recorded; no further back than the tier reaches."""
        oldest = self._now - REACH[tier]
        if tier is not Tier.LIGHT:
            return oldest
        recorded = self._shelf.content(_place(symbol, self._now)).rstrip().rpartition(b"\n")[2]
        millis = recorded.partition(b",")[0]
        return max(oldest, int(millis) * 1_000_000 if millis.isdigit() else 0)

    def _sorted_out(self, answer: _Answer) -> tuple[list[_Trade], int]:
        """Its trades, and where the next page begins. It says of an error with a status of 200."""
        if answer.error:
            said = answer.error[0]
            throttled = "limit" in said.casefold() or "too many" in said.casefold()
            raise NoAnswerError(
                "the vendor asks for fewer requests"
                if throttled
                else "the vendor refused to answer",
                code="VENDOR_THROTTLED" if throttled else "VENDOR_REFUSED",
                place=self._vendor.place,
                over=throttled,
            )
        last = answer.result.get("last", "")
        lists = [trades for trades in answer.result.values() if isinstance(trades, list)]
        if len(lists) != 1 or not isinstance(last, str) or not re.fullmatch(r"\d{1,19}", last):
            raise self._vendor.unreadable("not the trades of one pair")
        return lists[0], int(last)

    def _record(self, symbol: str, trades: list[_Trade]) -> int:
        by_place: dict[str, list[Row]] = {}
        for trade in trades:
            price, amount, _, side, kind, _, number = trade
            at = _at(trade)
            if at > self._now + _AHEAD:
                continue
            row = (
                str(at // 1_000_000),
                str(number),
                _TYPES.get(kind, ""),
                _SIDES.get(side, ""),
                digits(price),
                digits(amount),
                digits(price * amount),
                datetime.fromtimestamp(at // SECOND, UTC).isoformat(" "),
            )
            by_place.setdefault(_place(symbol, at), []).append(row)
        return sum(
            self._shelf.add_rows(place, COLUMNS, rows, key=[1]) for place, rows in by_place.items()
        )


def _at(trade: _Trade) -> int:
    return epoch_seconds(str(trade[2]))


def _place(symbol: str, at: int) -> str:
    day = datetime.fromtimestamp(at // SECOND, UTC).date().isoformat()
    return f"crypto/kraken_{symbol.replace('-', '_')}_public_trades_{day}.csv"
