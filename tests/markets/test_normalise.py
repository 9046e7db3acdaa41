"""Each layout's items as signals, and each broken item set aside with its reason."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import NOON, raw
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE, parse_instant
from vanta.domain.signal import RawItem, SetAside, Signal
from vanta.markets.collectors import crypto, news, options, prices, reddit, sec, twitter
from vanta.markets.normalise.signals import LAYOUTS, to_signal

TWEET = {
    "id": "7",
    "ts": "2014-06-01T01:05:54Z",
    "text": "Long $aapl &amp; short $BRK_B http://t.co/x",
    "cashtags": ["aapl", "BRK_B", "not a tag"],
    "user_id": "9",
    "user_created_at": "Mon May 05 05:11:52 +0000 2014",
    "retweet_of": None,
    "followers": 10**9,
    "favorite_count": 10**9,
    "retweet_count": 10**9,
}
COMMENT = {
    "id": "gj1",
    "created_utc": "1610811051",
    "retrieved_on": "1610896581",
    "title": "GME to the moon",
    "author": "somebody",
    "score": "-4",
}
MINUTE_BAR = {
    "@symbol": "AAPL",
    "@date": "20140606",
    "ms_since_midnight_ny": "34200000",
    "open_x10000": "6450000",
    "high_x10000": "6460000",
    "low_x10000": "6440000",
    "close_x10000": "6455700",
    "volume": "600",
}
CONTRACT = {
    "underlying": "SPXW",
    "trade_date": "20210105",
    "right": "put",
    "strike_x10000": "37000000",
    "expiry": "20210106",
    "ms_since_midnight_ny": "34200000",
}
TRADES = CONTRACT | {"close_x10000": "10500", "volume": "100"}


def taken(item: RawItem) -> Signal:
    signal = to_signal(item)
    assert isinstance(signal, Signal), signal
    return signal


def code(item: RawItem) -> str:
    signal = to_signal(item)
    assert isinstance(signal, SetAside), signal
    return signal.code


def test_every_layout_a_collector_names_can_be_read() -> None:
    named = {
        layout.name
        for feed in (crypto, news, options, prices, reddit, sec, twitter)
        for layout in feed.LAYOUTS
    }
    assert named - {"sec-refusal"} == set(LAYOUTS)


def test_a_tweet_keeps_its_cashtags_and_nothing_of_the_crawl() -> None:
    signal = taken(raw("twitter-study", TWEET, feed="twitter"))
    assert signal.symbols == ("AAPL", "BRK-B")
    assert signal.text == "Long $aapl & short $BRK_B http://t.co/x"
    assert signal.event_ts == signal.seen_ts == parse_instant("2014-06-01T01:05:54Z")
    assert signal.measures == {"account_days": 26}


def test_the_same_tweet_from_the_old_api_is_the_same_signal() -> None:
    old = {
        "id_str": "7",
        "created_at": "Sun Jun 01 01:05:54 +0000 2014",
        "text": TWEET["text"],
        "user": {"id_str": "9", "created_at": TWEET["user_created_at"], "followers_count": 5},
        "entities": {"symbols": [{"text": "aapl"}]},
    }
    first = taken(raw("twitter-study", TWEET, feed="twitter"))
    assert taken(raw("twitter-api", old, feed="twitter")).id == first.id


def test_a_comment_is_known_when_it_was_retrieved() -> None:
    signal = taken(raw("reddit-comments", COMMENT, feed="reddit"))
    assert signal.seen_ts - signal.event_ts == (1610896581 - 1610811051) * 10**9
    assert signal.measures == {"score_count": -4}


def test_a_post_without_a_zone_may_be_later_than_it_reads() -> None:
    post = {"title": "GME", "body": "", "created": "2024-06-28 22:15:44", "id": "x"}
    signal = taken(raw("reddit-zoneless-posts", post, feed="reddit"))
    assert signal.time_quality == "assumed_zone"
    assert signal.seen_ts - signal.event_ts == 12 * HOUR


def test_of_two_time_columns_only_the_utc_one_counts() -> None:
    post = {
        "title": "Endgame",
        "body": "",
        "id": "s9",
        "created": "1642791834.0",
        "timestamp": "2022-01-21 11:03:54",
    }
    signal = taken(raw("reddit-utc-posts", post, feed="reddit"))
    assert signal.event_ts == parse_instant("2022-01-21T19:03:54Z")


def test_a_midnight_headline_is_known_a_day_later() -> None:
    row = {"title": "Profit tracks", "date": "2011-01-11 00:00:00-05:00", "stock": "A"}
    signal = taken(raw("news-by-ticker", row))
    assert (signal.time_quality, signal.seen_ts - signal.event_ts) == ("day", DAY)
    assert signal.symbols == ("A",)


def test_gdelt_titles_are_closed_up_and_known_when_their_quarter_ends() -> None:
    row = {
        "@symbol": "TSLA",
        "dt": "2022-06-27 10:15:00",
        "title": "Better Buy : Tesla vs . Rivian",
    }
    signal = taken(raw("news-gdelt", row))
    assert signal.text == "Better Buy: Tesla vs. Rivian"
    assert (signal.time_quality, signal.seen_ts - signal.event_ts) == ("rounded", 15 * MINUTE)


def test_a_wire_story_names_tickers_among_topics() -> None:
    row = {
        "datetime": "2018-05-14T23:12:03-04:00",
        "headline": "Results",
        "related": "A,DIA20640091,Healthcare,BRK.B,NYSE0001",
        "source": "SeekingAlpha",
        "summary": "No summary available.",
        "url": "https://example.invalid/1",
        "symbol": "A",
    }
    signal = taken(raw("news-wire", row))
    assert (signal.symbols, signal.text) == (("A", "BRK.B"), "Results")


def test_a_minute_bar_is_known_when_it_ends() -> None:
    signal = taken(raw("prices-lean-minute", MINUTE_BAR, feed="prices"))
    assert signal.event_ts == signal.seen_ts == parse_instant("2014-06-06T13:31:00Z")
    assert signal.measures["close_units"] == 64_557 * UNIT // 100
    assert signal.measures["volume_units"] == 600 * UNIT


def test_a_daily_bar_is_known_after_the_close_and_without_later_dividends() -> None:
    row = {
        "symbol": "AAPL", "date": "2014-06-06", "open": "92.84", "high": "93.03", "low": "92.07",
        "close": "92.22", "adj_close": "86.67", "volume": "87484600",
    }  # fmt: skip
    signal = taken(raw("prices-yahoo-daily", row, feed="prices"))
    assert signal.seen_ts == parse_instant("2014-06-06T20:30:00Z")
    assert signal.measures["close_units"] == 9_222 * UNIT // 100
    assert UNIT * 86_67 // 100 not in signal.measures.values()


def test_option_trades_are_premium_and_open_interest_is_contracts() -> None:
    traded = taken(raw("options-minute", TRADES, feed="options"))
    assert traded.symbols == ("SPX",)
    assert traded.measures["premium_units"] == 10_500 * UNIT
    assert traded.measures["contracts_count"] == 100
    assert traded.entities == {"right": "put"}
    standing = raw("options-open-interest", CONTRACT | {"open_interest": "0"}, feed="options")
    assert taken(standing).measures["open_count"] == 0


def test_a_coin_day_ends_at_the_next_midnight() -> None:
    row = {
        "@symbol": "BTC-USD", "time": "20141201 00:00", "open": "300", "high": "370", "low": "300",
        "close": "370", "volume": "0.05655554",
    }  # fmt: skip
    signal = taken(raw("crypto-daily", row, feed="crypto"))
    assert signal.seen_ts == parse_instant("2014-12-02T00:00:00Z")
    assert signal.measures["volume_units"] == 5_655_554


OWNERSHIP = """<ownershipDocument><documentType>4</documentType>
<periodOfReport>2022-05-04</periodOfReport><issuer><issuerCik>0000320193</issuerCik>
<issuerName>Apple Inc.</issuerName><issuerTradingSymbol>AAPL</issuerTradingSymbol></issuer>
<reportingOwner><reportingOwnerId><rptOwnerCik>0001462356</rptOwnerCik>
<rptOwnerName>Adams</rptOwnerName></reportingOwnerId></reportingOwner>
<aff10b5One>{planned}</aff10b5One><nonDerivativeTable>{table}</nonDerivativeTable>
<ownerSignature><signatureDate>2022-05-06</signatureDate></ownerSignature></ownershipDocument>"""
DEAL = """<nonDerivativeTransaction><transactionDate><value>{day}</value></transactionDate>
<transactionCoding><transactionCode>{code}</transactionCode></transactionCoding>
<transactionAmounts><transactionShares><value>{shares}</value></transactionShares>
<transactionPricePerShare><value>{price}</value></transactionPricePerShare></transactionAmounts>
</nonDerivativeTransaction>"""


def filing(*deals: dict[str, object], planned: int = 0, accepted: str = "") -> RawItem:
    table = "".join(DEAL.format(**deal) for deal in deals)
    xml = OWNERSHIP.format(table=table, planned=planned)
    collected = parse_instant("2022-05-07T00:00:00Z")
    return raw(
        "sec-ownership", {"xml": xml, "@accepted": accepted}, feed="sec", collected=collected
    )


def deal(kind: str, shares: int, day: str = "2022-05-04") -> dict[str, object]:
    return {"code": kind, "shares": shares, "price": "161.50", "day": day}


def test_a_filing_adds_up_what_was_traded_in_the_open_market() -> None:
    signal = taken(filing(deal("S", 10), deal("S", 30), deal("M", 500), deal("A", 7)))
    assert signal.measures == {
        "sold_shares_units": 40 * UNIT,
        "sold_value_units": 6_460 * UNIT,
    }
    assert signal.entities["insider"] == "0001462356"


def test_a_filing_is_known_when_it_was_accepted_not_when_it_was_traded() -> None:
    exact = taken(filing(deal("P", 1), accepted="20220506183057"))
    assert exact.seen_ts == parse_instant("2022-05-06T22:30:57Z")
    assert exact.event_ts == parse_instant("2022-05-04T04:00:00Z")
    signed = taken(filing(deal("P", 1)))
    assert signed.seen_ts == parse_instant("2022-05-07T02:00:00Z")


def test_a_sale_under_an_old_plan_says_so() -> None:
    assert taken(filing(deal("S", 1), planned=1)).measures["planned_count"] == 1


def test_a_document_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + OWNERSHIP
    assert code(raw("sec-ownership", {"xml": bomb}, feed="sec")) == "XML_ENTITY"


EMPTY_ENTRY = dict.fromkeys(("feed", "title", "summary", "link", "id", "published", "updated"), "")


@pytest.mark.parametrize(
    ("layout", "content", "reason"),
    [
        ("no-such-layout", {}, "UNKNOWN_LAYOUT"),
        ("twitter-study", "{", "MALFORMED_JSON"),
        ("twitter-study", TWEET | {"id": 7}, "MALFORMED_JSON"),
        ("twitter-study", TWEET | {"ts": "2014-06-01T01:05:54"}, "TIME"),
        ("twitter-study", TWEET | {"text": "  \n"}, "EMPTY_TEXT"),
        ("twitter-study", TWEET | {"ts": "2031-01-01T00:00:00Z"}, "FUTURE_STAMP"),
        ("reddit-comments", COMMENT | {"title": "[removed]"}, "REMOVED"),
        ("reddit-comments", COMMENT | {"author": "AutoModerator"}, "BOT"),
        ("reddit-comments", {k: v for k, v in COMMENT.items() if k != "score"}, "COLUMNS"),
        ("reddit-comments", COMMENT | {"score": "NaN"}, "NUMBER"),
        ("prices-lean-minute", MINUTE_BAR | {"low_x10000": "922300"}, "BAR_MIXED"),
        ("prices-lean-minute", MINUTE_BAR | {"volume": "0"}, "NO_TRADES"),
        ("prices-lean-minute", MINUTE_BAR | {"open_x10000": "6470000"}, "BAR_SHAPE"),
        ("prices-lean-minute", MINUTE_BAR | {"close_x10000": "inf"}, "NUMBER"),
        ("prices-lean-minute", MINUTE_BAR | {"close_x10000": "-1"}, "NUMBER"),
        ("prices-wsb-daily", {"volume": "NA"}, "NO_TRADES"),
        ("options-minute", TRADES | {"right": "straddle"}, "OPTION"),
        ("options-minute", TRADES | {"volume": "-3"}, "NUMBER"),
        ("options-minute", TRADES | {"volume": "0"}, "NO_TRADES"),
        ("options-minute", TRADES | {"expiry": "20210230"}, "TIME"),
        ("news-by-ticker", {"title": "", "date": "2011-01-11 08:00:00-05:00", "stock": "A"},
         "EMPTY_TEXT"),
        ("syndicated", EMPTY_ENTRY, "EMPTY_TEXT"),
        ("sec-atom", {"xml": "<entry>"}, "XML"),
        ("sec-atom", {"xml": "<entry><id>none</id></entry>"}, "MISSING_FIELD"),
    ],
)  # fmt: skip
def test_a_broken_item_is_set_aside_with_its_reason(
    layout: str, content: object, reason: str
) -> None:
    assert code(raw(layout, content)) == reason


def test_only_form_4_is_form_4() -> None:
    xml = (
        "<entry><title>424B2 - JPMORGAN CHASE &amp; CO (0000019617) (Filer)</title>"
        "<updated>2025-12-12T18:02:43-05:00</updated><category term='424B2'/>"
        "<id>urn:tag:sec.gov,2008:accession-number=0000019617-25-000004</id></entry>"
    )
    signal = taken(raw("sec-atom", {"xml": xml}, feed="sec"))
    assert signal.kind == "filing"
    assert signal.entities["form"] == "424B2"
    assert signal.entities["issuer_cik"] == "0000019617"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(layout=st.sampled_from(sorted(LAYOUTS)), content=st.text(max_size=80) | JSON)
@settings(max_examples=300)
def test_whatever_comes_it_is_a_signal_or_set_aside(layout: str, content: object) -> None:
    assert isinstance(to_signal(raw(layout, content)), Signal | SetAside)


@pytest.mark.parametrize(
    ("layout", "content"),
    [
        ("twitter-study", '{"x":' + "[" * 200_000),
        ("twitter-study", "\ud800"),
        ("crypto-kraken-trades", {"time": "1e900000", "price": "1", "amount": "1"}),
        ("crypto-kraken-trades", {"time": "1672531436", "price": "1e999999", "amount": "1"}),
        ("crypto-kraken-trades", {"time": "1672531436", "price": "9" * 99_999, "amount": "1"}),
        ("crypto-kraken-trades", {"time": "1672531436", "price": "1e-99999", "amount": "1"}),
    ],
)
def test_what_is_written_to_exhaust_is_set_aside_at_once(layout: str, content: object) -> None:
    if isinstance(content, dict):
        content |= {"@symbol": "BCH-EUR", "@line": "1"}
    began = time.perf_counter()
    assert isinstance(to_signal(raw(layout, content, feed="crypto")), SetAside)
    assert time.perf_counter() - began < 1


WHOLE: dict[str, dict[str, Any]] = {
    "twitter-study": TWEET,
    "reddit-comments": COMMENT,
    "prices-lean-minute": MINUTE_BAR,
    "options-minute": TRADES,
}


@given(
    layout=st.sampled_from(sorted(WHOLE)),
    values=st.dictionaries(st.integers(0, 12), st.text(max_size=12) | st.integers() | st.none()),
)
@settings(max_examples=300)
def test_a_whole_item_with_any_field_spoilt_is_never_an_error_nor_from_the_future(
    layout: str, values: dict[int, Any]
) -> None:
    item = dict(WHOLE[layout])
    names = sorted(item)
    for at, value in values.items():
        item[names[at % len(names)]] = value
    found = to_signal(raw(layout, item))
    if isinstance(found, Signal):
        assert found.event_ts <= found.seen_ts
        assert found.event_ts <= NOON + 5 * MINUTE
        assert all(isinstance(value, int) for value in found.measures.values())
