"""Tweets: the researchers' cut-down object, and the old v1.1 API's own.

Followers, likes and retweet counts are as of the crawl and are not read at all. What the author's
account is old by is true of every moment, and is kept.
"""

import re

import msgspec

from vanta.domain.errors import MalformedError
from vanta.domain.instant import DAY
from vanta.domain.signal import RawItem, Signal
from vanta.markets.normalise.draft import shaped, signal
from vanta.markets.normalise.text import clean
from vanta.markets.times import twitter_time, zoned

_CASHTAG = re.compile(r"[A-Za-z]{1,6}(?:[._-][A-Za-z]{1,2})?\Z")


class Tweet(msgspec.Struct, frozen=True):
    """One line of `tweets_YYYY-MM.jsonl`; what is not named is not used."""

    id: str
    ts: str
    text: str
    cashtags: tuple[str, ...]
    user_id: str
    user_created_at: str
    retweet_of: str | None


class _User(msgspec.Struct, frozen=True):
    id_str: str
    created_at: str


class _Tag(msgspec.Struct, frozen=True):
    text: str


class _Entities(msgspec.Struct, frozen=True):
    symbols: tuple[_Tag, ...] = ()


class _Retweeted(msgspec.Struct, frozen=True):
    id_str: str


class RawTweet(msgspec.Struct, frozen=True):
    """A tweet object of the v1.1 API."""

    id_str: str
    created_at: str
    text: str
    user: _User
    entities: _Entities
    retweeted_status: _Retweeted | None = None


def _tweet(
    raw: RawItem,
    tweet_id: str,
    at: int,
    text: str,
    *,
    cashtags: tuple[str, ...],
    author: str,
    joined: int,
    retweet_of: str | None,
) -> Signal:
    if not tweet_id or not author:
        raise MalformedError("no id or no author", code="MISSING_FIELD")
    words = clean(text)
    if not words:
        raise MalformedError("no text", code="EMPTY_TEXT")
    return signal(
        raw,
        "tweet",
        source_id=tweet_id,
        event=at,
        symbols=[tag.replace("_", "-") for tag in cashtags if _CASHTAG.match(tag)],
        author=author,
        text=words,
        measures={"account_days": max(0, at - joined) // DAY},
        entities={"retweet_of": retweet_of or ""},
    )


def study_tweet(raw: RawItem) -> Signal:
    """A tweet as the study stored it; the symbol it was collected for is not what it says."""
    tweet = shaped(raw, Tweet)
    return _tweet(
        raw,
        tweet.id,
        zoned(tweet.ts),
        tweet.text,
        cashtags=tweet.cashtags,
        author=tweet.user_id,
        joined=twitter_time(tweet.user_created_at),
        retweet_of=tweet.retweet_of,
    )


def api_tweet(raw: RawItem) -> Signal:
    """A tweet as the API gave it."""
    tweet = shaped(raw, RawTweet)
    return _tweet(
        raw,
        tweet.id_str,
        twitter_time(tweet.created_at),
        tweet.text,
        cashtags=tuple(tag.text for tag in tweet.entities.symbols),
        author=tweet.user.id_str,
        joined=twitter_time(tweet.user.created_at),
        retweet_of=tweet.retweeted_status.id_str if tweet.retweeted_status else None,
    )
