"""X: posts of the last hours that a search finds, with an application's own token."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from vanta.domain.instant import SECOND, show_instant
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.shelf import Shelf
from vanta.markets.fetch.source import REACH, Ask, Tier
from vanta.markets.times import MONTH_NAMES, zoned
from vanta.node.collecting import XFeed
from vanta.node.credentials import read_secret

PLACES = re.compile(r"twitter/tweets_\d{4}-\d{2}-\d{2}\.jsonl")
PACE = 2.0
"""It allows four hundred and fifty searches in a quarter of an hour."""
_PAGE = 100
_FEWEST = 10
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class _Tag(msgspec.Struct):
    tag: str


class _Entities(msgspec.Struct):
    cashtags: list[_Tag] = []


class _Reference(msgspec.Struct):
    type: str
    id: str


class _Post(msgspec.Struct):
    id: str
    text: str
    author_id: str
    created_at: str
    entities: _Entities = msgspec.field(default_factory=_Entities)
    referenced_tweets: list[_Reference] = []


class _User(msgspec.Struct):
    id: str
    created_at: str = ""


class _Includes(msgspec.Struct):
    users: list[_User] = []


class _Meta(msgspec.Struct):
    next_token: str | None = None


class _Answer(msgspec.Struct):
    data: list[_Post] = []
    includes: _Includes = msgspec.field(default_factory=_Includes)
    meta: _Meta = msgspec.field(default_factory=_Meta)


class X:
    """Posts that the searches that are named find."""

    name = "x"

    def __init__(self, config: XFeed, terms: Terms, shelf: Shelf) -> None:
        self._config, self._now, self._shelf = config, terms.now, shelf
        self._vendor = Conversation(config.url, terms, pace=PACE, headers=self._let_in)

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        if tier is Tier.LIGHT:
            return
        for words in self._config.queries:
            what = f"posts that {words!r} finds from {self._vendor.place}"
            yield Ask(what, partial(self._posts, words, self._now - REACH[tier]))

    def _let_in(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {read_secret(self._config.token).reveal()}"}

    def _posts(self, words: str, since: int) -> int:
        by_day: dict[str, list[bytes]] = {}
        left, token = self._config.most, ""
        while left > 0:
            answer = self._page(words, since, min(left, _PAGE), token)
            joined = {user.id: user.created_at for user in answer.includes.users}
            for post in answer.data:
                at = zoned(post.created_at)
                if since <= at <= self._now and joined.get(post.author_id):
                    day = datetime.fromtimestamp(at // SECOND, UTC).date().isoformat()
                    by_day.setdefault(day, []).append(_line(post, joined[post.author_id]))
            left -= max(len(answer.data), _FEWEST)
            token = answer.meta.next_token or ""
            if not token:
                break
        return sum(
            self._shelf.add_lines(f"twitter/tweets_{day}.jsonl", lines[::-1])
            for day, lines in by_day.items()
        )

    def _page(self, words: str, since: int, most: int, token: str) -> _Answer:
        query = {
            "query": words,
            "start_time": show_instant(since // SECOND * SECOND),
            "max_results": str(max(most, _FEWEST)),
            "tweet.fields": "created_at,author_id,entities,referenced_tweets",
            "expansions": "author_id",
            "user.fields": "created_at",
        } | ({"next_token": token} if token else {})
        return self._vendor.read(_Answer, self._vendor.get("/2/tweets/search/recent", query))


def _line(post: _Post, joined: str) -> bytes:
    """A post as the feed's files hold one; what changes afterwards, such as likes, is left out."""
    retweeted = [one.id for one in post.referenced_tweets if one.type == "retweeted"]
    return msgspec.json.encode(
        {
            "id": post.id,
            "ts": show_instant(zoned(post.created_at) // SECOND * SECOND),
            "text": post.text,
            "cashtags": [tag.tag.upper() for tag in post.entities.cashtags],
            "user_id": post.author_id,
            "user_created_at": _old_style(zoned(joined)),
            "retweet_of": retweeted[0] if retweeted else None,
        }
    )


def _old_style(at: int) -> str:
    """`Sun Jun 01 01:05:54 +0000 2014`, whatever the machine's language."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    day, month = _DAYS[moment.weekday()], MONTH_NAMES[moment.month - 1]
    return f"{day} {month} {moment:%d %H:%M:%S} +0000 {moment.year:04d}"
