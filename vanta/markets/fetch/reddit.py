"""Reddit: the newest posts of subreddits, as an application that nobody is logged in to."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import msgspec

from vanta.domain.instant import SECOND
from vanta.markets.fetch.asking import Conversation, Terms
from vanta.markets.fetch.shelf import Row, Shelf, digits
from vanta.markets.fetch.source import REACH, Ask, Tier
from vanta.markets.times import epoch_seconds
from vanta.node.collecting import RedditFeed
from vanta.node.credentials import Secret, read_secret

PLACES = re.compile(r"reddit/[a-z0-9_]+_posts_\d{4}-\d{2}-\d{2}\.csv")
COLUMNS = ("title", "id", "url", "created", "body", "author")
PACE = 0.7
"""It allows a hundred requests a minute to an application."""
_TOKEN = re.compile(r"[!-~]{1,4096}")
PAGES = 5
"""Answers of a hundred posts for each subreddit and turn."""


class _Token(msgspec.Struct):
    access_token: str


class _Post(msgspec.Struct):
    id: str
    title: str
    created_utc: Decimal
    selftext: str = ""
    author: str | None = None
    url: str | None = None


class _Child(msgspec.Struct):
    data: _Post


class _Listing(msgspec.Struct):
    children: list[_Child]
    after: str | None = None


class _Answer(msgspec.Struct):
    data: _Listing


class Reddit:
    """New posts of the subreddits that are named."""

    name = "reddit"

    def __init__(self, config: RedditFeed, terms: Terms, shelf: Shelf) -> None:
        self._config, self._now, self._shelf = config, terms.now, shelf
        self._doorman = Conversation(config.tokens, terms, headers=self._ourselves)
        self._vendor = Conversation(config.url, terms, pace=PACE, headers=self._let_in)
        self._token: Secret | None = None

    def asks(self, tier: Tier) -> Iterator[Ask]:
        """See `source.Source.asks`."""
        if tier is Tier.LIGHT:
            return
        for name in self._config.subreddits:
            what = f"new posts of r/{name} from {self._vendor.place}"
            yield Ask(what, partial(self._posts, name, self._now - REACH[tier]))

    def _ourselves(self) -> Mapping[str, str]:
        pair = (
            f"{read_secret(self._config.id).reveal()}:{read_secret(self._config.secret).reveal()}"
        )
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _let_in(self) -> Mapping[str, str]:
        if self._token is None:
            form = {"grant_type": "client_credentials"}
            reply = self._doorman.post("/api/v1/access_token", form)
            token = self._doorman.read(_Token, reply).access_token
            # It goes into a header, where a line break would begin another.
            if not _TOKEN.fullmatch(token):
                raise self._doorman.unreadable("a token that is none")
            self._token = Secret("reddit-token", token)
        return {"Authorization": f"Bearer {self._token.reveal()}"}

    def _posts(self, name: str, since: int) -> int:
        by_day: dict[str, list[Row]] = {}
        after: str | None = ""
        for _ in range(PAGES):
            query = {"limit": "100", "raw_json": "1"} | ({"after": after} if after else {})
            answer = self._vendor.read(_Answer, self._vendor.get(f"/r/{name}/new", query))
            posts = [child.data for child in answer.data.children]
            for post in posts:
                at = epoch_seconds(str(post.created_utc))
                if since <= at <= self._now:
                    day = datetime.fromtimestamp(at // SECOND, UTC).date().isoformat()
                    by_day.setdefault(day, []).append(_row(post))
            after = answer.data.after
            if not after or not posts or epoch_seconds(str(posts[-1].created_utc)) < since:
                break
        return sum(
            self._shelf.add_rows(
                f"reddit/{name.lower()}_posts_{day}.csv", COLUMNS, rows[::-1], key=[1]
            )
            for day, rows in by_day.items()
        )


def _row(post: _Post) -> Row:
    created = digits(post.created_utc)
    return (post.title, post.id, post.url or "", created, post.selftext, post.author or "")
