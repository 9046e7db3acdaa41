"""GDELT: headlines that a search of the world's news finds, which it gives to anybody."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import HOUR
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.shelf import Row, Shelf
from vanta.markets.fetch.source import REACH, Ask, Tier
from vanta.markets.times import naive_utc
from vanta.node.collecting import GdeltFeed

PLACES = re.compile(r"news/[a-z]{1,5}_headlines_\d{4}-\d{2}-\d{2}\.csv")
COLUMNS = ("", "dt", "title")
PACE = 6.0
"""It asks everybody for one request in five seconds."""
_CONTROL = re.compile(rb"[\x00-\x1f]")
_ESCAPE = re.compile(rb'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_MOST = 250
"""The most it answers."""


class _Article(msgspec.Struct):
    title: str
    seendate: str


class _Answer(msgspec.Struct):
    articles: list[_Article] = []


class Gdelt:
    """Headlines for each ticker that a search is named for."""

    name = "gdelt"

    def __init__(self, config: GdeltFeed, terms: Terms, shelf: Shelf) -> None:
        self._queries, self._now, self._shelf = config.queries, terms.now, shelf
        self._vendor = Conversation(config.url, terms, pace=PACE)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`.

        Each hour begins with another ticker: where time runs out, it does not for the same ones.
        """
        if tier is Tier.LIGHT:
            return
        tickers = sorted(self._queries)
        first = self._now // HOUR % len(tickers)
        for ticker in tickers[first:] + tickers[:first]:
            what = f"headlines for {ticker} from {self._vendor.place}"
            yield Ask(what, partial(self._headlines, ticker, REACH[tier]))

    def _headlines(self, ticker: str, back: int) -> int:
        query = {
            "query": self._queries[ticker],
            "mode": "ArtList",
            "format": "json",
            "maxrecords": str(_MOST),
            "timespan": f"{back // HOUR}h",
            "sort": "DateDesc",
        }
        reply = self._vendor.get("/api/v2/doc/doc", query)
        answer = self._vendor.read(_Answer, replace(reply, body=_mended(reply.body)))
        by_day: dict[str, list[Row]] = {}
        for article in reversed(answer.articles):
            stamp = _stamp(article.seendate)
            if self._now - 2 * back <= naive_utc(stamp) <= self._now:
                by_day.setdefault(stamp[:10], []).append(("", stamp, article.title))
        return sum(
            self._shelf.add_rows(
                f"news/{ticker.lower()}_headlines_{day}.csv", COLUMNS, rows, key=(1, 2)
            )
            for day, rows in by_day.items()
        )


def _mended(body: bytes) -> bytes:
    """An answer as JSON may be: it copies titles with what no string of JSON holds."""
    text = body.decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda found: found[0] if found[1] else b"", _CONTROL.sub(b" ", text))


def _stamp(seen: str) -> str:
    """`20230918T031500Z` as `2023-09-18 03:15:00`."""
    try:
        moment = datetime.strptime(seen, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise MalformedError(f"{seen[:40]!r} is not a time of this feed", code="TIME") from error
    return moment.strftime("%Y-%m-%d %H:%M:%S")
