"""What people say: tweets, posts, comments, headlines, and the noise between them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from vanta.markets.sample.paper import lines, put, table
from vanta.markets.sample.plot import DAYS, STORIES, Story, is_coin, tag
from vanta.markets.sample.prices import moment

_OPEN = (
    "Watching",
    "Back in",
    "Morning look at",
    "Still thinking about",
    "My take on",
    "Desk chat:",
    "Just read up on",
    "Note to self,",
    "Chart of the day:",
    "Third day on",
)
_GOOD = (
    "beats estimates and raises guidance",
    "is breaking out on real volume",
    "looks strong, buyers keep coming",
    "got an upgrade and deserves it",
    "is bullish above the old high",
    "has great momentum into the close",
    "keeps winning orders, love the setup",
    "could rally a lot further from here",
)
_BAD = (
    "misses estimates and cuts guidance",
    "is breaking down, sellers everywhere",
    "looks terrible, bagholders will suffer",
    "got a downgrade and deserves it",
    "is bearish below the old low",
    "tanked again and the bounce is weak",
    "has a lawsuit coming, avoid this mess",
    "could plunge a lot further from here",
)
_FLAT = (
    "trades where it traded yesterday",
    "has a meeting next week",
    "moves with the index",
    "reports on Thursday",
    "opened a new office",
    "is in the list of the day",
)
_CLOSE = (
    "",
    "Adding tomorrow.",
    "What do you think?",
    "Small size only.",
    "Not advice.",
    "Long week.",
    "More in the thread.",
    "Time will tell.",
)
_BUSY = 20
"""Tweets from which a day's talk reaches the slower places."""
_LOWER = 0.1
"""Share of people who write tickers in lower case."""


def says(story: Story, at: int, rng: Random, name: str) -> str:
    """One sentence in the day's mood."""
    lean = story.mood[at]
    if rng.random() < abs(lean):
        claim = rng.choice(_GOOD if lean > 0 else _BAD)
    else:
        claim = rng.choice(_FLAT)
    return f"{rng.choice(_OPEN)} {name} {claim}. {rng.choice(_CLOSE)}".strip()


def _tweet(
    number: int, day: str, minute: float, text: str, user: int, **more: str
) -> dict[str, Any]:
    at = moment(day, minute)
    item = {
        "source": "twitter",
        "id": str(2_028_000_000_000_000_000 + number),
        "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_at_raw": at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "text": text,
        "lang": "en",
        "cashtags": [word.strip("$.,:") for word in text.split() if word[:1] == "$"],
        "hashtags": [],
        "urls": [],
        "user_id": str(900_000 + user),
        "user_created_at": "Tue Jan 06 10:00:00 +0000 2015",
        "followers": user * 7 % 5_000,
        "friends": 10,
        "statuses": 500,
        "verified": False,
        "retweet_of": None,
        "in_reply_to": None,
        "retweet_count": 0,
        "favorite_count": 0,
        "collected_for": [],
        "file_day": day,
    }
    return item | more


def _said(rng: Random) -> Iterator[dict[str, Any]]:
    number = 0
    for story in STORIES:
        for at, day in enumerate(DAYS):
            for _ in range(story.talk[at]):
                number += 1
                mark = tag(story).lower() if rng.random() < _LOWER else tag(story)
                text = says(story, at, rng, mark).replace(" and ", " &amp; ")
                yield _tweet(number, day, rng.randrange(30, 1_430), text, rng.randrange(400))


def _noise(rng: Random) -> Iterator[dict[str, Any] | str]:
    """A swarm, a stuffed list, words that are no tickers, and lines that are no tweets."""
    rumour = "RT @QuickStreetTip: $AAPL in talks to buy $AMD for 400B. Will $MSFT step in?"
    for bot in range(60):
        minute = 905 + bot * 0.4
        yield _tweet(50_000 + bot, DAYS[1], minute, rumour, 5_000 + bot, retweet_of="1")
    stuffed = "Free picks http://t.co/x $AAPL $MSFT $NVDA $TSLA $AMD $JPM $XOM $GE $T"
    for copy in range(4):
        yield _tweet(60_000 + copy, DAYS[copy % 3], 700, f"{stuffed} {rng.randrange(9_999)}", 7_000)
    yield _tweet(61_000, DAYS[0], 800, "Nice CAT, great KO, V for victory, T for two", 7_001)
    yield _tweet(61_001, DAYS[2], 640, "No text &lt;here&gt; to speak of\n$NVDA", 7_002)
    ahead = _tweet(61_002, DAYS[1], 600, "$TSLA will be fine", 7_003)
    yield ahead | {"ts": "2031-01-01T00:00:00Z"}
    yield '{"source": "twitter", "id": "2028000000000061003", "ts": "2026-03-03T1'
    yield _tweet(61_004, DAYS[1], 610, "$XOM", 7_004) | {"user_created_at": "some day"}


def write_tweets(folder: Path, rng: Random) -> None:
    """`twitter/`: a month file, by time, a few lines of it twice or broken."""
    said = sorted(_said(rng), key=lambda tweet: (tweet["ts"], tweet["id"]))
    put(folder / "tweets_2026-03.jsonl.gz", lines([*said, *said[:5], *_noise(rng)]))


def write_posts(folder: Path, rng: Random) -> None:
    """`reddit/`: posts without ids, comments with the time they were retrieved, zone-less posts."""
    bare: list[tuple[object, ...]] = []
    comments: list[tuple[object, ...]] = []
    zoneless: list[tuple[object, ...]] = []
    for story in STORIES:
        ticker = tag(story).removeprefix("$")
        for at, day in enumerate(DAYS):
            for turn in range(story.talk[at] // 4):
                posted = moment(day, rng.randrange(20, 1_420))
                title = says(story, at, rng, ticker)
                author, when = f"user{rng.randrange(300)}", int(posted.timestamp())
                body = ("", "[removed]", "Itâ€™s what I think.", says(story, at, rng, ticker))[
                    turn % 4
                ]
                bare.append((title, when, author, rng.randrange(40), body))
                if turn % 3 == 0:
                    late = timedelta(minutes=rng.choice((1, 20, 400, 1_800)))
                    retrieved = int((posted + late).timestamp())
                    ident, words = f"h{len(comments):05d}", says(story, at, rng, ticker)
                    comments.append(("wallstreetbets", 3, retrieved, f"/r/w/{ident}/", "FALSE",
                                     ident, when, words, author))  # fmt: skip
            if story.talk[at] > _BUSY:
                shown = moment(day, 600).strftime("%Y-%m-%d %H:%M:%S")
                title, name = says(story, at, rng, ticker), f"z{len(zoneless)}"
                place, replies = "https://example.invalid/", "['first', 'nice']"
                zoneless.append((title, 90, name, "stocks", place, 4, "", shown, replies))
    bare += bare[:12]
    bare.append(("Daily Discussion Thread", bare[0][1], "AutoModerator", 900, "Your thread."))
    comments += comments[:3]
    comments.append((*comments[0][:5], "h99999", comments[0][6], "[removed]", "[deleted]"))
    days = "2026-03-02_04"
    put(folder / f"wsb_posts_{days}.csv.gz",
        table(("title", "date", "author", "num_comments", "text"), bare))  # fmt: skip
    header = ("subreddit", "score", "retrieved_on", "permalink", "is_submitter", "id",
              "created_utc", "title", "author")  # fmt: skip
    put(folder / f"wsb_comments_{days}.csv.gz", table(header, comments))
    header = ("title", "score", "id", "subreddit", "url", "num_comments", "body", "created",
              "comments")  # fmt: skip
    put(folder / f"wsb_posts_with_comments_{days}.csv.gz", table(header, zoneless))


def write_news(folder: Path, feeds: Path, rng: Random) -> None:
    """`news/` and `rss/`: headlines by ticker, GDELT titles without a zone, one syndicated feed."""
    rows: list[tuple[object, ...]] = []
    gdelt: list[tuple[object, ...]] = []
    items: list[str] = []
    for story in STORIES:
        for at, day in enumerate(DAYS):
            for _ in range(max(1, story.talk[at] // 12)):
                posted = moment(day, rng.randrange(600, 1_200))
                title = says(story, at, rng, story.name)
                if is_coin(story):
                    date = posted.strftime("%a, %d %b %Y %H:%M:%S +0000")
                    items.append(f"<item><title>{title}</title><guid>n{len(items)}</guid>"
                                 f"<pubDate>{date}</pubDate></item>")  # fmt: skip
                else:
                    local = (posted - timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S-05:00")
                    rows.append((len(rows), title, local, story.symbol))
            if story.symbol == "TSLA":
                stamp = moment(day, 945).strftime("%Y-%m-%d %H:%M:%S")
                gdelt.append((at, stamp, says(story, at, rng, "Tesla").replace(",", " ,")))
    for at, symbol in enumerate(("AAPL", "NVDA", "XOM")):
        rows.append((900 + at, "Top Upgrades", f"{DAYS[at]} 08:00:00-05:00", symbol))
    text = table(("", "title", "date", "stock"), rows)
    broken = b"950,Analyst Color on\n,2026-03-03 06:43:00-05:00,JPM\n"
    put(folder / "headlines_by_ticker_2026.csv.gz", text + broken)
    put(folder / "tsla_headlines_2026-03.csv.gz", table(("", "dt", "title"), gdelt))
    channel = f"<channel><title>Coin Wire</title>{''.join(items)}</channel>"
    put(feeds / "coinwire.rss", f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'.encode())
