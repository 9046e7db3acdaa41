"""Recorded feeds: found by layout, opened within bounds, cut to the window, never fatal."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vanta.domain.errors import UnavailableError
from vanta.domain.instant import DAY, HOUR, SECOND, parse_instant
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.markets.collectors import crypto, files, news, options, prices, reddit, sec, twitter
from vanta.markets.collectors.files import Bounds
from vanta.markets.collectors.port import Collector
from vanta.markets.collectors.recorded import RecordedCollector
from vanta.markets.normalise.signals import to_signal
from vanta.markets.sample.plot import END, START

FEEDS = (twitter, reddit, sec, news, crypto, options, prices)
EVER = (0, 2**62)
POSTS = "title,date,author,num_comments,text\n"


def write(root: Path, name: str, content: str | bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def asides(collector: Collector, window: tuple[int, int] = EVER) -> list[tuple[str, str]]:
    found = collector.collect(*window)
    return [(item.place, item.code) for item in found if isinstance(item, SetAside)]


def items(collector: Collector, window: tuple[int, int] = EVER) -> list[RawItem]:
    return [item for item in collector.collect(*window) if isinstance(item, RawItem)]


@pytest.fixture(params=FEEDS, ids=lambda feed: feed.__name__.rpartition(".")[2])
def collector(request: pytest.FixtureRequest, sample: Path) -> RecordedCollector:
    found: RecordedCollector = request.param.collector(sample)
    return found


def test_windows_side_by_side_hold_what_one_window_holds(collector: RecordedCollector) -> None:
    whole = {item.place: item for item in items(collector, (START, END))}
    parts: list[RawItem] = []
    for since in range(START, END, 6 * HOUR):
        parts += items(collector, (since, since + 6 * HOUR))
    timed = [item for item in parts if START <= item.collected < END]
    assert len(timed) == len({item.place for item in timed})
    assert {item.place for item in parts} == set(whole)


def test_a_window_holds_what_could_first_be_had_in_it(collector: RecordedCollector) -> None:
    window = (START + 30 * HOUR, START + 42 * HOUR)
    for item in items(collector, window):
        signal = to_signal(item)
        if isinstance(signal, Signal):
            assert window[0] <= signal.seen_ts < window[1]


def test_a_second_look_finds_the_same_without_reading_again(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = twitter.collector(sample)
    first = list(collector.collect(START, END))
    monkeypatch.setattr(files.FeedFile, "data", lambda _: pytest.fail("read again"))
    assert list(collector.collect(START, END)) == first


def test_what_is_too_much_to_keep_is_read_each_time(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = items(twitter.collector(sample), (START, END))
    monkeypatch.setattr(files.FeedFile.__init__, "__defaults__", (Bounds(kept_chars=1_000),))
    collector = twitter.collector(sample)
    for _ in range(2):
        found = items(collector, (START, END))
        assert sorted(item.place for item in found) == sorted(item.place for item in kept)


def test_a_file_of_no_layout_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, "twitter/notes.txt", "hello")
    write(tmp_path, "twitter/tweets_2014-06.jsonl.gz", '{"ts":"2014-06-01T00:00:00Z"}\n{broken\n')
    collector = twitter.collector(tmp_path)
    assert asides(collector) == [
        ("twitter/notes.txt", "UNKNOWN_LAYOUT"),
        ("twitter/tweets_2014-06.jsonl.gz:2", "MALFORMED_JSON"),
    ]
    assert len(items(collector)) == 1


def test_a_file_that_breaks_off_is_set_aside_whole(tmp_path: Path) -> None:
    path = write(
        tmp_path, "reddit/wsb_posts_2020-12-01.csv.gz", POSTS + "a,1606780814,b,0,c\n" * 50
    )
    path.write_bytes(path.read_bytes()[:-20])
    [(place, code)] = asides(reddit.collector(tmp_path))
    assert (place, code) == ("reddit/wsb_posts_2020-12-01.csv.gz", "FILE_BROKEN")


def test_what_grows_beyond_the_bound_is_not_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "reddit/wsb_posts_2020-12-01.csv.gz", POSTS + "a,1606780814,b,0,c\n" * 50_000)
    monkeypatch.setattr(files.FeedFile.__init__, "__defaults__", (Bounds(file_bytes=100_000),))
    [(_, code)] = asides(reddit.collector(tmp_path))
    assert code == "FILE_TOO_LARGE"


def test_an_item_beyond_the_bound_is_set_aside_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = f"a,1606780814,b,0,{'x' * 5000}\nb,1606780815,b,0,c\n"
    write(tmp_path, "reddit/wsb_posts_2020-12-01.csv.gz", POSTS + rows)
    bounds = Bounds(item_chars=4_000)
    monkeypatch.setattr(files.FeedFile.__init__, "__defaults__", (bounds,))
    collector = reddit.collector(tmp_path)
    assert [code for _, code in asides(collector)] == ["CSV"]
    write(tmp_path, "twitter/raw_api_tweets.jsonl", f'{{"text":"{"x" * 5000}"}}\n{{"text":""}}\n')
    found = twitter.collector(tmp_path)
    assert [code for _, code in asides(found)] == ["ITEM_TOO_LARGE"]
    assert len(items(found)) == 1


def test_rows_broken_in_two_are_set_aside_and_counted(tmp_path: Path) -> None:
    at = "2011-07-20 06:43:00-04:00"
    text = f",title,date,stock\n1,Color on\n,{at},AAN\n2,Fine,{at},A\n"
    write(tmp_path, "news/headlines_by_ticker_x.csv.gz", text)
    collector = news.collector(tmp_path)
    assert [code for _, code in asides(collector)] == ["COLUMNS", "COLUMNS"]
    assert len(items(collector)) == 1


def test_two_layouts_under_one_name_are_told_apart_by_their_header(tmp_path: Path) -> None:
    write(tmp_path, "reddit/wsb_posts_2020-12-01.csv", POSTS + "a,1606780814,b,0,c\n")
    other = "title,score,id,url,comms_num,created,body,timestamp\na,1,x,u,0,1642792067.0,b,t\n"
    write(tmp_path, "reddit/wsb_posts_2022-01-18_21.csv", other)
    assert [item.layout for item in items(reddit.collector(tmp_path))] == [
        "reddit-bare-posts",
        "reddit-utc-posts",
    ]


FEED = '<?xml version="1.0"?>{}<rss version="2.0"><channel><title>x</title>{}</channel></rss>'
ENTRY = "<item><title>{}</title><pubDate>Wed, 03 Jan 2018 13:47:00 GMT</pubDate></item>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_declares_entities_is_refused(tmp_path: Path, encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!entity a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    write(tmp_path, "rss/bomb.xml", FEED.format(bomb, ENTRY.format("&b;")).encode(encoding))
    assert asides(news.collector(tmp_path)) == [("rss/bomb.xml", "XML_ENTITY")]


def test_half_a_character_spelt_as_a_number_stops_no_harvest(tmp_path: Path) -> None:
    write(tmp_path, "rss/half.rss", FEED.format("", ENTRY.format("a &#xD800; b")))
    write(tmp_path, "rss/whole.rss", FEED.format("", ENTRY.format("fine")))
    collector = news.collector(tmp_path)
    assert asides(collector) == [("rss/half.rss", "NO_FEED")]
    assert len(items(collector)) == 1


def test_documents_that_never_close_or_nest_without_end_are_set_aside(tmp_path: Path) -> None:
    write(tmp_path, "sec/form345/open.xml", "<ownershipDocument>" * 200_000)
    nested = "<a>" * 200_000 + "</a>" * 200_000
    write(tmp_path, "sec/form345/deep.xml", f"<ownershipDocument>{nested}</ownershipDocument>")
    write(tmp_path, "news/seekingalpha_trending_x.json", "[" * 200_000)
    assert {code for _, code in asides(sec.collector(tmp_path))} == {"XML", "ITEM_TOO_LARGE"}
    [(_, code)] = asides(news.collector(tmp_path))
    assert code in {"FILE_BROKEN", "MALFORMED_JSON"}


def test_a_page_that_is_no_feed_is_set_aside(tmp_path: Path) -> None:
    write(tmp_path, "rss/moved.rss", "<head><title>Moved</title></head><body>here</body>")
    assert asides(news.collector(tmp_path)) == [("rss/moved.rss", "NO_FEED")]


def test_a_feed_without_a_declared_encoding_is_still_read(tmp_path: Path) -> None:
    text = "<rss><channel><title>UOL</title>" + ENTRY.format("simulações") + "</channel></rss>"
    write(tmp_path, "rss/uol.rss", text.encode("cp1252"))
    [item] = items(news.collector(tmp_path))
    signal = to_signal(item)
    assert isinstance(signal, Signal)
    assert signal.text == "simulações"


def atom(stamp: str) -> str:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<updated>2025-12-12T18:03:57-05:00</updated><entry><title>4 - P\xe9rez (0002063236) "
        f"(Reporting)</title><updated>{stamp}</updated><category term='4'/>"
        "<id>urn:tag:sec.gov,2008:accession-number=0002063236-25-000004</id></entry></feed>"
    )


ATOM = "sec/edgar_current_atom/form4_2025-12-12_req00_start0000_count100_http200.atom.xml.gz"


def test_edgars_feed_is_latin_1_and_every_entry_stands_as_it_came(tmp_path: Path) -> None:
    write(tmp_path, ATOM, atom("2025-12-12T18:02:43-05:00").encode("iso-8859-1"))
    [item] = items(sec.collector(tmp_path))
    assert item.collected == parse_instant("2025-12-12T23:03:57Z")
    signal = to_signal(item)
    assert isinstance(signal, Signal)
    assert signal.author == "Pérez"
    assert signal.seen_ts == parse_instant("2025-12-12T23:02:43Z")


def test_a_filing_accepted_after_the_answer_came_is_of_the_future(tmp_path: Path) -> None:
    write(tmp_path, ATOM, atom("2025-12-13T18:02:43-05:00").encode("iso-8859-1"))
    [item] = items(sec.collector(tmp_path))
    found = to_signal(item)
    assert isinstance(found, SetAside)
    assert found.code == "FUTURE_STAMP"


def test_a_refusal_of_the_server_is_set_aside_as_one(tmp_path: Path) -> None:
    name = ATOM.replace("http200.atom.xml", "http503.html")
    write(tmp_path, name, "<!DOCTYPE html><html></html>")
    assert asides(sec.collector(tmp_path)) == [(name, "HTTP_REFUSED")]


def test_a_stamp_later_than_its_file_is_of_the_future_in_every_window(tmp_path: Path) -> None:
    tweet: dict[str, object] = {
        "id": "1",
        "ts": "2031-01-01T00:00:00Z",
        "text": "x",
        "cashtags": [],
        "user_id": "1",
        "user_created_at": "Mon May 05 05:11:52 +0000 2014",
        "retweet_of": None,
    }
    line = json.dumps(tweet)
    write(tmp_path, "twitter/tweets_2014-06.jsonl", line)
    june = parse_instant("2014-06-10T00:00:00Z")
    [item] = items(twitter.collector(tmp_path), (june, june + DAY))
    found = to_signal(item)
    assert isinstance(found, SetAside)
    assert found.code == "FUTURE_STAMP"


def test_a_file_of_another_month_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path, "twitter/tweets_2014-06.jsonl.gz", "x")
    path = tmp_path / "twitter" / "tweets_2014-06.jsonl.gz"
    path.write_bytes(b"no gzip at all")
    far = parse_instant("2015-01-01T00:00:00Z")
    assert list(twitter.collector(tmp_path).collect(far, far + SECOND)) == []


def test_a_month_there_is_none_of_is_set_aside(tmp_path: Path) -> None:
    write(tmp_path, "twitter/tweets_2014-13.jsonl", "{}")
    assert asides(twitter.collector(tmp_path)) == [("twitter/tweets_2014-13.jsonl", "FILE_NAME")]


def test_trades_without_ids_are_told_apart_by_their_line(tmp_path: Path) -> None:
    write(tmp_path, "crypto/kraken_BCHEUR_trades.csv", "1672531436,90.54,1.1\n" * 2)
    signals = [to_signal(item) for item in items(crypto.collector(tmp_path))]
    assert [signal.symbols for signal in signals if isinstance(signal, Signal)] == [
        ("BCH-EUR",)
    ] * 2
    assert len({signal.id for signal in signals if isinstance(signal, Signal)}) == 2


def test_a_missing_folder_of_feeds_is_said_and_a_missing_feed_is_nothing(tmp_path: Path) -> None:
    assert list(options.collector(tmp_path).collect(*EVER)) == []
    with pytest.raises(UnavailableError) as error:
        list(options.collector(tmp_path / "nowhere").collect(*EVER))
    assert error.value.code == "FEEDS_MISSING"


SMALL = (
    "crypto/coinbase_daily_btcusd.csv.gz",
    "news/headlines_by_ticker_2026.csv.gz",
    "options/tsla_trades_minute_2026-03-03.csv.gz",
    "reddit/wsb_comments_2026-03-02_04.csv.gz",
    "rss/coinwire.rss",
    "sec/edgar_current_atom/form4_2026-03-03_req00_start0000_count100_http200.atom.xml.gz",
    "sec/form345/form4_tesla.xml",
    "sec/form4_parsed/XOM_form4_transactions.csv.gz",
)


@given(
    name=st.sampled_from(SMALL),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=6) | st.just(b"\0\xff<![CDATA[")), max_size=6
    ),
    keep=st.floats(0, 1),
)
@settings(max_examples=80, deadline=None)
def test_no_damage_to_a_file_stops_a_harvest(
    sample: Path, name: str, cuts: list[tuple[float, bytes]], keep: float
) -> None:
    data = (sample / name).read_bytes()
    data = gzip.decompress(data) if name.endswith(".gz") else data
    for where, what in cuts:
        at = int(where * len(data))
        data = data[:at] + what + data[at + len(what) :]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, name, data[: max(1, int(keep * len(data)))])
        for feed in FEEDS:
            for item in feed.collector(root).collect(*EVER):
                found = item if isinstance(item, SetAside) else to_signal(item)
                assert isinstance(found, Signal | SetAside)


def test_the_port_is_all_a_harvest_needs() -> None:
    class Nothing:
        feed = "news"
        history = 0

        def collect(self, since: int, until: int) -> Iterator[RawItem | SetAside]:
            del since, until
            yield from ()

    found: Collector = Nothing()
    assert items(found) == []
