"""From a raw item to a signal, whatever its layout, or to the reason why not."""

from collections.abc import Callable

from vanta.domain.errors import MalformedError
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.markets.normalise import bars, crypto, news, options, reddit, sec, twitter

LAYOUTS: dict[str, Callable[[RawItem], Signal]] = {
    "reddit-bare-posts": reddit.bare_post,
    "reddit-top-posts": reddit.top_post,
    "reddit-utc-posts": reddit.utc_post,
    "reddit-zoneless-posts": reddit.zoneless_post,
    "reddit-comments": reddit.comment,
    "twitter-study": twitter.study_tweet,
    "twitter-api": twitter.api_tweet,
    "sec-ownership": sec.ownership,
    "sec-form4-rows": sec.parsed_form4,
    "sec-atom": sec.atom_entry,
    "news-by-ticker": news.by_ticker,
    "news-wire": news.wire,
    "news-gdelt": news.gdelt,
    "news-stories": news.story,
    "news-trending": news.trending,
    "syndicated": news.entry,
    "crypto-daily": bars.coin_daily,
    "crypto-minute": bars.coin_minute,
    "crypto-span": bars.coin_span,
    "crypto-unified-trades": crypto.unified_trade,
    "crypto-public-trades": crypto.public_trade,
    "crypto-kraken-trades": crypto.kraken_trade,
    "options-minute": options.minute_trades,
    "options-open-interest": options.open_interest,
    "options-unusual": options.unusual,
    "prices-yahoo-daily": bars.yahoo_daily,
    "prices-wsb-daily": bars.wsb_daily,
    "prices-one-symbol-daily": bars.one_symbol_daily,
    "prices-lean-daily": bars.lean_daily,
    "prices-lean-minute": bars.lean_minute,
}
"""How each layout is read; a collector names the layout, so nothing here guesses."""


def to_signal(raw: RawItem) -> Signal | SetAside:
    """The item in the one shape all feeds share, or set aside with its reason; never an error."""
    read = LAYOUTS.get(raw.layout)
    if read is None:
        return SetAside(raw.feed, raw.place, "UNKNOWN_LAYOUT", f"no reader for {raw.layout!r}")
    try:
        return read(raw)
    except MalformedError as error:
        return SetAside(raw.feed, raw.place, error.code, error.message)
    except (RecursionError, UnicodeError):
        return SetAside(raw.feed, raw.place, "UNREADABLE", "nested too deep, or no text at all")
