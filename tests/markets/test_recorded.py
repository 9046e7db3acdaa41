"""The recorded public feeds: what their README knows of them, seen through the same doors.

Skipped where VANTA_FEEDS names no folder.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.markets.house import House
from vanta.domain.conviction import Conviction
from vanta.domain.instant import DAY, HOUR, parse_instant
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.markets.collectors import crypto, news, options, prices, reddit, sec, twitter
from vanta.markets.collectors.port import Collector
from vanta.markets.dedupe import Recent, gist, seen
from vanta.markets.directory import load
from vanta.markets.entities import Directory, resolve
from vanta.markets.normalise.signals import to_signal
from vanta.markets.replay import replay_harvest, replay_reflection
from vanta.markets.service import Step
from vanta.markets.tape import write_tape

pytestmark = pytest.mark.recorded


def at(text: str) -> int:
    return parse_instant(f"{text}T00:00:00Z")


def judged(
    collector: Collector, since: int = 0, until: int = 2**62
) -> tuple[list[Signal], Counter[str]]:
    signals: list[Signal] = []
    asides: Counter[str] = Counter()
    items = sorted(
        collector.collect(since, until),
        key=lambda item: item.collected if isinstance(item, RawItem) else 0,
    )
    for item in items:
        found = item if isinstance(item, SetAside) else to_signal(item)
        if isinstance(found, SetAside):
            asides[found.code] += 1
        else:
            signals.append(found)
    return signals, asides


def taken(signals: list[Signal]) -> list[Signal]:
    recent = Recent()
    out = []
    for signal in signals:
        if not seen(signal, recent):
            recent.remember(signal)
            out.append(signal)
    return out


@pytest.fixture(scope="module")
def tweets(recorded: Path) -> list[Signal]:
    signals, asides = judged(twitter.collector(recorded))
    assert not asides
    return signals


def test_every_tweet_is_read_and_the_apis_own_are_the_same_tweets(tweets: list[Signal]) -> None:
    assert len(tweets) == 46_366 + 24
    assert len({tweet.id for tweet in tweets}) == 46_366


def test_a_quarter_are_retweets_and_seven_thousand_say_nothing_new(tweets: list[Signal]) -> None:
    study = [tweet for tweet in tweets if "raw_api" not in tweet.origin]
    retweets = sum("retweet_of" in tweet.entities for tweet in study)
    assert 0.27 <= retweets / len(study) < 0.28
    said = Counter(gist(tweet.text) for tweet in study)
    repeats = sum(count - 1 for count in said.values())
    # The README counts 7,078 with its own idea of a link.
    assert 7_050 <= repeats <= 7_200


def test_the_groupon_rumour_of_the_bots_counts_once(tweets: list[Signal]) -> None:
    swarm = [tweet for tweet in tweets if "to buy $GRPN for 7B. $FB should" in tweet.text]
    assert len(swarm) == 599
    assert len(taken(swarm)) == 1


def test_five_thousand_nine_hundred_tweets_are_stuffed(tweets: list[Signal]) -> None:
    stuffed = sum(len(tweet.symbols) >= 5 for tweet in tweets if "raw_api" not in tweet.origin)
    # The README counts 5,913 by what the tweets mark; not all of it names something.
    assert 5_750 <= stuffed <= 5_913


def test_plain_words_do_not_make_tickers_of_tweets(tweets: list[Signal], recorded: Path) -> None:
    directory = Directory(load(recorded))
    for tweet in tweets:
        if "HEI$T" in tweet.text:
            assert not {"T", "HEI"} & set(resolve(tweet, directory).symbols)


def test_reddits_page_overlap_is_taken_once_and_removed_text_is_none(recorded: Path) -> None:
    signals, _ = judged(reddit.collector(recorded), at("2021-01-01"), at("2021-01-05"))
    posts = [signal for signal in signals if "2021-01-01_04" in signal.origin]
    # 4,100 rows, 1,800 of them repeats, of which AutoModerator's are set aside.
    assert 4_080 <= len(posts) <= 4_100
    assert len({post.id for post in posts}) <= 4_100 - 1_800
    assert not any("[removed]" in post.text for post in posts)
    assert not any("â€" in post.text for post in posts)


def test_comments_are_known_when_they_were_retrieved_and_their_ids_repeat(recorded: Path) -> None:
    signals, asides = judged(reddit.collector(recorded), at("2021-01-16"), at("2021-01-30"))
    comments = [signal for signal in signals if signal.kind == "comment"]
    assert asides["REMOVED"] == 191
    late = [comment.seen_ts - comment.event_ts for comment in comments]
    assert min(late) >= 11 * 10**9
    assert 44 * HOUR < max(late) <= 46 * HOUR
    assert len(comments) > len({comment.id for comment in comments})


def test_of_what_edgar_answered_to_form_4_two_thirds_are_form_4(recorded: Path) -> None:
    signals, asides = judged(sec.collector(recorded), at("2025-12-11"), at("2025-12-13"))
    asked = [signal for signal in signals if "/form4_2025" in signal.origin]
    assert len(asked) == 2_500
    form_4 = sum(signal.entities["form"] in {"4", "4/A"} for signal in asked)
    assert round(100 * form_4 / len(asked)) == 66
    assert asides["HTTP_REFUSED"] == 1
    kept = taken(asked)
    assert len({signal.entities["accession"] for signal in kept}) == 1_409
    assert len(kept) < len(asked)


def test_polls_a_minute_apart_say_almost_the_same(recorded: Path) -> None:
    signals, _ = judged(sec.collector(recorded), at("2025-12-11"), at("2025-12-13"))
    polls = [signal for signal in signals if "/all_2025" in signal.origin]
    assert len(taken(polls)) < len(polls) / 2


def test_real_filings_are_read_with_their_dates_apart(recorded: Path) -> None:
    signals, _ = judged(sec.collector(recorded))
    by_symbol = {
        signal.symbols[0]: signal for signal in signals if "/form345/" in signal.origin
        and signal.kind == "insider_trade"
    }  # fmt: skip
    assert {"AAPL", "TSVT", "SCWO", "SNOW"} <= set(by_symbol)
    apple = by_symbol["AAPL"]
    assert apple.seen_ts == parse_instant("2022-05-06T22:30:57Z")
    assert apple.measures["sold_shares_units"] == 25_000 * 10**8
    nvidia = [signal for signal in signals if "NVDA_form4" in signal.origin]
    assert len(nvidia) == 1_803
    assert len({signal.entities["accession"] for signal in nvidia}) == 389
    days = sorted((signal.seen_ts - signal.event_ts) // DAY for signal in nvidia)
    assert days[len(days) // 2] in {2, 3}
    assert days[-1] in {353, 354}


def test_nvidia_as_an_owner_is_no_insider_of_nvidia(recorded: Path) -> None:
    directory = Directory(load(recorded))
    signals, _ = judged(sec.collector(recorded))
    foreign = [signal for signal in signals if signal.entities.get("issuer_cik") == "0001832483"]
    assert foreign
    assert all("NVDA" not in resolve(signal, directory).symbols for signal in foreign)


def test_headlines_repeat_as_templates_and_four_lines_are_broken(recorded: Path) -> None:
    signals, asides = judged(news.collector(recorded))
    headlines = [signal for signal in signals if "headlines_by_ticker" in signal.origin]
    assert (len(headlines), asides["COLUMNS"]) == (7_858, 4)
    top = [signal for signal in headlines if signal.text == "Benzinga's Top Upgrades"]
    # Forty, and two with a blank too many.
    assert len(top) == 42
    assert len(taken(sorted(top, key=lambda signal: signal.event_ts))) < 5
    midnight = [signal for signal in headlines if signal.time_quality == "day"]
    assert len(midnight) == 6


def test_syndicated_feeds_of_every_kind_are_read(recorded: Path) -> None:
    signals, asides = judged(news.collector(recorded))
    entries = Counter(
        signal.origin.split(":")[0].removeprefix("rss/") for signal in signals
        if signal.origin.startswith("rss/")
    )  # fmt: skip
    assert entries["uolNoticias.rss"] == 15
    assert entries["rss-1.rss.gz"] == 69
    assert entries["encoding.rss"] == 40
    assert asides["NO_FEED"] == 1
    uol = [signal for signal in signals if "uolNoticias" in signal.origin]
    latest = max(uol, key=lambda signal: signal.event_ts)
    assert latest.event_ts == parse_instant("2018-09-24T22:42:40Z")
    assert "simulações" in latest.text


def test_prices_keep_their_bad_rows_out(recorded: Path) -> None:
    signals, asides = judged(prices.collector(recorded))
    assert asides["BAR_MIXED"] == 1
    weekend = sum(signal.author == "prices-wsb-daily" for signal in signals)
    assert asides["NO_TRADES"] == 91 + (3_295 - weekend)
    assert sum(signal.author == "prices-yahoo-daily" for signal in signals) == 60_532 - 91


def test_every_option_minute_and_coin_bar_is_read(recorded: Path) -> None:
    signals, asides = judged(options.collector(recorded))
    assert asides == {"UNKNOWN_LAYOUT": 5}
    minutes = Counter(
        signal.origin.split(":")[0] for signal in signals if signal.author == "options-minute"
    )
    assert minutes["options/aapl_trades_minute_2014-06-06.csv.gz"] == 22_067
    assert minutes["options/aapl_trades_minute_2014-06-09.csv.gz"] == 21_617
    signals, asides = judged(crypto.collector(recorded))
    assert asides == {"UNKNOWN_LAYOUT": 5}
    short = [s for s in signals if "coinbase_minute_ethusd_20180404" in s.origin]
    assert len(short) < 1_440


@pytest.fixture(scope="module")
def june(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, list[Step]]:
    """The two recorded days of Apple's options, with the split between them."""
    house = House(tmp_path_factory.mktemp("june"), recorded)
    with house.open() as node:
        steps = node.run(
            parse_instant("2014-06-05T16:00:00Z"), parse_instant("2014-06-10T00:00:00Z"), 3 * HOUR
        )
    return house, steps


def views(steps: list[Step], symbol: str) -> list[Conviction]:
    return [view for step in steps for view in step.reflection.views if view.symbol == symbol]


def test_june_2014_comes_to_convictions_and_to_some_intents(
    june: tuple[House, list[Step]],
) -> None:
    house, steps = june
    intents = [intent for step in steps for intent in step.reflection.intents]
    assert "AAPL" in {intent.symbol for intent in intents}
    assert len(house.inbox.poll(100)) == len(intents) > 1
    models = {reason.model for view in views(steps, "AAPL") for reason in view.reasons}
    assert {"sentiment/1", "momentum/1", "options/1", "relevance/1", "volume/1"} <= models


def test_no_view_of_apple_falls_by_six_sevenths_with_its_split(
    june: tuple[House, list[Step]],
) -> None:
    for view in views(june[1], "AAPL"):
        [moved] = [reason for reason in view.reasons if reason.model == "momentum/1"]
        assert moved.value > -500_000


def test_june_2014_is_computed_again_to_the_same_bytes(june: tuple[House, list[Step]]) -> None:
    from vanta.journal.reader import read  # noqa: PLC0415 - the heavy one of this file

    layout = june[0].layout
    harvest, reflection = layout.journal("harvest"), layout.journal("reflection")
    assert all(one.same for one in replay_harvest(read(harvest)))
    assert all(one.same for one in replay_reflection(read(harvest), read(reflection)))


@pytest.mark.parametrize(
    ("first", "end", "feed", "least"),
    [
        ("2021-01-01", "2021-01-03", "reddit", 800),
        ("2025-12-12", "2025-12-13", "sec", 2_500),
        ("2018-01-01", "2018-03-01", "news", 200),
        ("2017-12-17", "2017-12-18", "crypto", 1_440),
    ],
)
def test_other_windows_are_harvested_and_reflected_without_a_stumble(
    recorded: Path, tmp_path: Path, first: str, end: str, feed: str, least: int
) -> None:
    with House(tmp_path, recorded).open() as node:
        [step] = node.run(at(first), at(end), at(end) - at(first))
        assert node.harvested.tallies[feed].taken >= least
    assert step.reflection.refused is None


def test_apples_tape_is_of_one_source_on_one_side_of_the_split(
    recorded: Path, tmp_path: Path
) -> None:
    report = write_tape(recorded, at("2014-06-05"), at("2014-06-10"), tmp_path / "tape.jsonl")
    apple = report.symbols["AAPL"]
    assert apple.source == "lean"
    [(_, new, old)] = apple.splits
    assert (new, old) == (7, 1)
    assert report.set_aside["BAR_MIXED"] == 1
    assert report.symbols["MSFT"].source == "prices-yahoo-daily"
