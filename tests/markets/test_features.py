"""Aligned signals: what could be known at one instant, of one source, on one side of a split."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import NOON, bar, said
from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE
from vanta.domain.signal import Signal
from vanta.markets import observed
from vanta.markets.features import Features, align
from vanta.markets.observed import Observed
from vanta.markets.series import Bar, joined, split_between


def of(*signals: Signal, as_of: int = NOON, symbol: str = "AAPL") -> Features:
    return align(signals, as_of)[symbol]


def test_what_is_seen_later_is_not_looked_at() -> None:
    known = said("known", "fine", at=NOON)
    later = said("later", "better", at=NOON + 1)
    assert [text.id for text in of(known, later).texts] == ["sig_known"]
    assert align([later], NOON) == {}


AGES = st.integers(-3 * DAY, 60 * DAY)
KINDS = st.sampled_from(["tweet", "bar", "option_flow", "insider_trade", "headline"])


@given(st.lists(st.tuples(KINDS, AGES), max_size=12), st.lists(st.tuples(KINDS, AGES), max_size=6))
@settings(max_examples=60)
def test_no_signal_of_the_future_changes_anything(
    known: list[tuple[str, int]], coming: list[tuple[str, int]]
) -> None:
    past = [_signal(f"p{at}", kind, NOON - abs(age)) for at, (kind, age) in enumerate(known)]
    future = [_signal(f"f{at}", kind, NOON + 1 + abs(age)) for at, (kind, age) in enumerate(coming)]
    assert align(past + future, NOON) == align(past, NOON)
    assert align(future + past[::-1], NOON) == align(past, NOON)


def _signal(name: str, kind: str, at: int) -> Signal:
    if kind == "bar":
        return bar(name, at, 100 * UNIT, feed="crypto", source="crypto-daily")
    return said(name, "words", kind=kind, at=at)


def test_a_text_speaks_a_day_and_counts_as_usual_a_week() -> None:
    spoken = [
        said(f"s{hours}", "x", at=NOON - hours * HOUR) for hours in (1, 23, 24, 49, 50, 24 * 9)
    ]
    features = of(*spoken)
    assert [text.id for text in features.texts] == ["sig_s23", "sig_s1"]
    assert features.usual == (1, 2, 0, 0, 0, 0, 0)


def test_days_before_anything_was_ever_seen_are_not_usual() -> None:
    assert of(said("a", "x", at=NOON - 60 * HOUR), said("b", "x")).usual == (0, 1)
    assert of(said("b", "x")).usual == ()


def test_reference_bars_alone_are_no_signal_and_coins_are() -> None:
    assert align([bar("b", NOON, UNIT)], NOON) == {}
    assert "BTC-USD" in align([bar("b", NOON, UNIT, symbol="BTC-USD", feed="crypto")], NOON)


def test_two_sources_of_one_share_are_never_mixed() -> None:
    yahoo = [bar(f"y{day}", NOON - day * DAY, 92 * UNIT) for day in range(1, 9)]
    lean = [
        bar(f"l{day}", NOON - day * DAY, 645 * UNIT, source="prices-lean-daily")
        for day in range(1, 6)
    ]
    features = of(said("t", "x"), *yahoo, *lean)
    assert {daily.close for daily in features.daily} == {92 * UNIT}


def test_an_unadjusted_source_is_joined_over_its_split() -> None:
    before = [
        bar(f"b{at}", NOON - 10 * HOUR + at * MINUTE, 645 * UNIT, span=MINUTE,
            source="prices-lean-minute") for at in range(15)
    ]  # fmt: skip
    after = [
        bar(f"a{at}", NOON - 5 * HOUR + at * MINUTE, 93 * UNIT, span=MINUTE,
            source="prices-lean-minute") for at in range(15)
    ]  # fmt: skip
    intraday = of(said("t", "x"), *before, *after).intraday
    assert intraday[0].close == 645 * UNIT // 7
    assert intraday[0].volume == 7 * intraday[-1].volume


def test_a_split_is_told_from_a_fall() -> None:
    assert split_between(64_557, 9_370) == (7, 1)
    assert split_between(100, 203) == (1, 2)
    assert split_between(100, 70) == (1, 1)
    assert split_between(100, 99) == (1, 1)


@given(st.lists(st.integers(97, 103), min_size=2, max_size=12), st.integers(1, 11))
def test_joining_a_series_without_a_split_changes_nothing(prices: list[int], at: int) -> None:
    bars = [Bar(str(n), n, price * UNIT, price * UNIT, 5) for n, price in enumerate(prices)]
    assert joined(bars) == bars
    cut = min(at, len(bars))
    split = [
        entry._replace(open=entry.open * 7, close=entry.close * 7) if n < cut else entry
        for n, entry in enumerate(bars)
    ]
    whole = [(entry.open, entry.close) for entry in joined(split)]
    expected = [(entry.open, entry.close) for entry in (bars if cut < len(bars) else split)]
    assert whole == expected


def test_what_is_held_of_a_feed_is_bounded_and_the_oldest_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signals = [said(f"s{at}", "x" * 100) for at in range(9)]
    monkeypatch.setitem(observed.BYTES, "twitter", 3 * len(encode(signals[0])))
    held = Observed(signals)
    assert [signal.id for signal in held] == ["sig_s6", "sig_s7", "sig_s8"]
    assert [signal.id for signal in held.latest("twitter", 2)] == ["sig_s7", "sig_s8"]
    assert list(Observed(held)) == list(held)
