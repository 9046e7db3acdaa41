"""Headlines: by ticker, by wire, found by GDELT, from a news API, and from syndicated feeds."""

import re
from typing import Any

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY, MINUTE
from vanta.domain.signal import RawItem, Signal
from vanta.markets.normalise.draft import cell, row, shaped, signal
from vanta.markets.normalise.text import clean, plain
from vanta.markets.times import (
    ASSUMED_ZONE,
    DAY_ONLY,
    EXACT,
    FARTHEST_ZONE,
    ROUNDED,
    feed_time,
    naive_utc,
    zoned,
)

GDELT_STEP = 15 * MINUTE
_TICKER = re.compile(r"[A-Z]{1,5}(?:[.-][A-Z]{1,2})?\Z")
_SPACED = re.compile(r"\s+([,.:;!?%)\]])|([(\[$])\s+|\s+('s\b)")
_NO_SUMMARY = "No summary available."


def _headline(text: str) -> str:
    words = clean(text)
    if not words:
        raise MalformedError("no headline", code="EMPTY_TEXT")
    return words


def _named(tickers: list[str]) -> list[str]:
    return [ticker for ticker in tickers if _TICKER.match(ticker)]


def by_ticker(raw: RawItem) -> Signal:
    """`title,date,stock`; midnight stands for a time nobody wrote down."""
    cells = row(raw)
    stamp = cell(cells, "date")
    at = zoned(stamp)
    placeholder = stamp[11:19] == "00:00:00"
    return signal(
        raw,
        "headline",
        source_id=f"{cell(cells, 'stock')} {stamp} {cell(cells, 'title')}",
        event=at,
        seen=at + DAY if placeholder else at,
        quality=DAY_ONLY if placeholder else EXACT,
        symbols=_named([cell(cells, "stock")]),
        author="benzinga",
        text=_headline(cell(cells, "title")),
    )


def wire(raw: RawItem) -> Signal:
    """IEX news: `related` mixes tickers with topics and codes of other vendors."""
    cells = row(raw)
    summary = cell(cells, "summary").strip()
    body = "" if summary == _NO_SUMMARY else plain(summary)
    return signal(
        raw,
        "headline",
        source_id=cell(cells, "url"),
        event=zoned(cell(cells, "datetime")),
        symbols=_named([cell(cells, "symbol"), *cell(cells, "related").split(",")]),
        author=cell(cells, "source"),
        text=clean(f"{_headline(cell(cells, 'headline'))} {body}"),
    )


def gdelt(raw: RawItem) -> Signal:
    """GDELT titles: UTC in steps of a quarter of an hour, punctuation set apart by blanks."""
    cells = row(raw)
    at = naive_utc(cell(cells, "dt"))
    title = _SPACED.sub(lambda m: m[1] or m[2] or m[3], _headline(cell(cells, "title")))
    return signal(
        raw,
        "headline",
        event=at,
        # A step is named by its beginning, so its stories are known by its end.
        seen=at + GDELT_STEP,
        quality=ROUNDED,
        symbols=_named([cell(cells, "@symbol")]),
        author="gdelt",
        text=title,
    )


class _Attributes(msgspec.Struct, frozen=True, rename="camel"):
    title: str
    publish_on: str


class Story(msgspec.Struct, frozen=True):
    """One story of the Seeking Alpha news answer."""

    id: str
    attributes: _Attributes


class Trending(msgspec.Struct, frozen=True):
    """One story of the trending answer."""

    id: int
    title: str
    publish_on: str


def _seeking_alpha(raw: RawItem, story_id: str, title: str, published: str) -> Signal:
    return signal(
        raw,
        "headline",
        source_id=f"seekingalpha {story_id}",
        event=zoned(published),
        author="seekingalpha",
        text=_headline(title),
    )


def story(raw: RawItem) -> Signal:
    """A story of the news answer."""
    item = shaped(raw, Story)
    return _seeking_alpha(raw, item.id, item.attributes.title, item.attributes.publish_on)


def trending(raw: RawItem) -> Signal:
    """A story of the trending answer."""
    item = shaped(raw, Trending)
    return _seeking_alpha(raw, str(item.id), item.title, item.publish_on)


class Entry(msgspec.Struct, frozen=True):
    """An entry of a syndicated feed, as the parser hands it over."""

    feed: str
    title: str
    summary: str
    link: str
    id: str
    published: str
    updated: str


def entry(raw: RawItem) -> Signal:
    """An entry of RSS, RDF or Atom.

    Only what it says of its publication counts: an entry updated later was known before.
    """
    item = shaped(raw, Entry)
    title = plain(item.title)
    if not title:
        raise MalformedError("no title", code="EMPTY_TEXT")
    if not item.published and not item.updated:
        raise MalformedError("no date", code="NO_TIME")
    at, quality = feed_time(item.published or item.updated)
    late = FARTHEST_ZONE if quality == ASSUMED_ZONE else 0
    fields: dict[str, Any] = {"author": clean(item.feed), "text": plain(f"{title} {item.summary}")}
    return signal(
        raw,
        "headline",
        source_id=item.id or item.link,
        event=at,
        seen=at + late,
        quality=quality,
        **fields,
    )
