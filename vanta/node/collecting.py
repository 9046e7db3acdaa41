"""Whom a node's collectors ask, and for what: `markets.collect` of `etc/node.yaml`.

Symbols are held to what the files of each feed can be named by, so that nothing is asked for that
could not be recorded.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictStr, model_validator

from vanta.domain.instant import DAY
from vanta.governance.documents.scalars import read_duration
from vanta.node.parts import Credential, Part, Text

Coin = Annotated[StrictStr, Field(pattern=r"^[A-Z]{2,10}-(USDT|USDC|USD|EUR|BTC|ETH)$")]
"""Such as `BTC-USD`."""
Share = Annotated[StrictStr, Field(pattern=r"^[A-Z]{1,5}(-[A-Z]{1,2})?$")]
"""Such as `AAPL` or `BRK-B`."""
Ticker = Annotated[StrictStr, Field(pattern=r"^[A-Z]{1,5}$")]
Subreddit = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{1,20}$")]
Form = Annotated[StrictStr, Field(pattern=r"^[A-Z0-9][A-Z0-9 /-]{0,15}$")]
Contact = Annotated[StrictStr, Field(pattern=r"^(|[!-~][ -~]{2,198}[!-~])$")]


class SecFeed(Part):
    """The latest filings at EDGAR."""

    forms: Annotated[tuple[Form, ...], Field(min_length=1, max_length=8)] = ("4",)
    """Each is asked for by itself; EDGAR answers with all forms whose names begin so."""
    companies: Annotated[tuple[Share, ...], Field(max_length=100)] = ()
    """Of whom each Form 3, 4 and 5 is fetched whole: the list alone says not what was traded."""
    url: Text = "https://www.sec.gov"


class CoinbaseFeed(Part):
    """Bars of coins, by the minute and the day."""

    symbols: Annotated[tuple[Coin, ...], Field(min_length=1, max_length=20)]
    url: Text = "https://api.exchange.coinbase.com"


class KrakenFeed(Part):
    """Single trades of coins."""

    symbols: Annotated[tuple[Coin, ...], Field(min_length=1, max_length=10)]
    url: Text = "https://api.kraken.com"


class AlpacaFeed(Part):
    """Bars of shares, and what trades of their options."""

    symbols: Annotated[tuple[Share, ...], Field(max_length=200)] = ()
    options: Annotated[tuple[Ticker, ...], Field(max_length=20)] = ()
    """Shares whose options are asked for."""
    feed: Literal["iex", "sip", "delayed_sip"] = "iex"
    """Where its bars of shares come from; `sip` takes a subscription."""
    options_feed: Literal["indicative", "opra"] = "indicative"
    """Likewise of options; `opra` takes a subscription."""
    key: Credential = "alpaca-data-key"
    secret: Credential = "alpaca-data-secret"  # noqa: S105 - its name
    url: Text = "https://data.alpaca.markets"

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.symbols and not self.options:
            raise ValueError("nothing to ask for: name `symbols`, `options` or both")
        return self


class GdeltFeed(Part):
    """Headlines that GDELT found."""

    queries: Annotated[dict[Ticker, Text], Field(min_length=1, max_length=40)]
    """What is searched for each ticker, such as `"Tesla" sourcelang:english`."""
    url: Text = "https://api.gdeltproject.org"


class RedditFeed(Part):
    """The newest posts of subreddits."""

    subreddits: Annotated[tuple[Subreddit, ...], Field(min_length=1, max_length=20)]
    id: Credential = "reddit-id"
    secret: Credential = "reddit-secret"  # noqa: S105 - its name
    url: Text = "https://oauth.reddit.com"
    tokens: Text = "https://www.reddit.com"
    """Where the token for `url` is had."""


class XFeed(Part):
    """Posts on X of the last hours that a search finds."""

    queries: Annotated[tuple[Text, ...], Field(min_length=1, max_length=20)]
    """Such as `$TSLA lang:en -is:retweet`."""
    most: Annotated[int, Field(ge=10, le=1000)] = 100
    """Posts of each query and turn; X charges by the post."""
    token: Credential = "x-token"  # noqa: S105 - its name
    url: Text = "https://api.x.com"


class CollectConfig(Part):
    """Who is asked. A source that is not named is not asked."""

    contact: Contact = ""
    """Whom a vendor may write to, such as `Example Fund ops@example.com`: part of `User-Agent`."""
    keep: Annotated[int, BeforeValidator(read_duration), Field(ge=DAY, le=3650 * DAY)] = 14 * DAY
    """How long a file that nothing was added to is kept; at least as long as models look back."""
    sec: SecFeed | None = None
    coinbase: CoinbaseFeed | None = None
    kraken: KrakenFeed | None = None
    alpaca: AlpacaFeed | None = None
    gdelt: GdeltFeed | None = None
    reddit: RedditFeed | None = None
    x: XFeed | None = None

    @model_validator(mode="after")
    def _says_who_asks(self) -> Self:
        if (self.sec or self.reddit) and not self.contact:
            raise ValueError(
                "`sec` and `reddit` want to know who asks: add `contact`, such as "
                "`Example Fund ops@example.com`"
            )
        return self
