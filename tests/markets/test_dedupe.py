"""The same words count once; the same words from elsewhere count when they are news."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import NOON, said
from vanta.domain.instant import DAY, HOUR
from vanta.domain.signal import Signal
from vanta.markets import dedupe
from vanta.markets.dedupe import Recent, Staged, gist, seen

RUMOUR = "$AMZN in talks to buy $GRPN for 7B. Will $GOOG step in?"


def taken(*signals: Signal) -> int:
    recent = Recent()
    count = 0
    for signal in signals:
        if not seen(signal, recent):
            recent.remember(signal)
            count += 1
    return count


def test_a_swarm_of_bots_is_one_observation() -> None:
    swarm = [
        said(f"bot{at}", f"RT @tip{at % 3}: {RUMOUR} http://t.co/{at}", at=NOON + at)
        for at in range(599)
    ]
    assert taken(*swarm) == 1


def test_a_tail_or_a_cut_does_not_make_it_another_post() -> None:
    long = RUMOUR + " This is what everybody says about it today, and again"
    assert taken(said("a", long), said("b", long + " #lol"), said("c", f"RT @a: {long[:90]}…")) == 1


def test_short_words_belong_to_who_says_them() -> None:
    assert taken(said("ann", "GME!"), said("bob", "GME!"), said("c", "GME!", author="ann")) == 2


def test_the_same_words_a_season_later_may_be_news() -> None:
    late = NOON + 31 * DAY
    assert taken(said("a", RUMOUR), said("b", RUMOUR, at=late)) == 2
    assert taken(said("a", RUMOUR), said("b", RUMOUR, at=NOON + 30 * DAY)) == 1


def headline(name: str, symbol: str, at: int) -> Signal:
    words = "Benzinga's Top Upgrades of the Morning"
    return said(name, words, kind="headline", feed="news", at=at, symbols=(symbol,), author="bz")


def test_a_headline_that_comes_every_morning_is_a_template() -> None:
    daily = [headline(f"h{day}", "A", NOON + day * DAY) for day in range(0, 400, 40)]
    assert taken(*daily) == 1


def test_one_story_about_three_companies_counts_once_for_each() -> None:
    story = [headline(f"h{at}", symbol, NOON) for at, symbol in enumerate("ABCABC")]
    assert taken(*story) == 3
    assert taken(*story, headline("later", "D", NOON + HOUR)) == 3


def test_bars_are_told_apart_by_their_id_alone() -> None:
    bars = [said(name, kind="bar", feed="prices") for name in ("x", "y", "x")]
    assert taken(*bars) == 2


def test_the_gist_is_without_links_marks_and_case() -> None:
    assert gist("RT @a: RT @b: Buy $AAPL… http://t.co/x NOW") == "buy $aapl now"


def test_what_is_staged_is_seen_and_not_yet_remembered() -> None:
    base = Recent()
    staged = Staged(base)
    first = said("a", RUMOUR)
    staged.remember(first)
    assert seen(said("b", RUMOUR), staged)
    assert not seen(first, base)


def test_the_window_is_bounded_and_the_oldest_falls_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dedupe, "IDS", 3)
    monkeypatch.setattr(dedupe, "TEXTS", 2)
    recent = Recent()
    signals = [said(f"s{at}", f"{at} things nobody said before this") for at in range(5)]
    for signal in signals:
        recent.remember(signal)
    memory = recent.memory()
    assert memory.ids == ("sig_s2", "sig_s3", "sig_s4")
    assert len(memory.heard) == 2
    assert not seen(signals[0], recent)
    assert seen(signals[4], recent)


WORDS = st.sampled_from(["buy it now before it is late", "sell", "hold on to what you have here"])


@given(
    st.lists(
        st.tuples(WORDS, st.sampled_from(["tweet", "post", "headline", "bar"]), st.integers(0, 3)),
        max_size=20,
    )
)
@settings(max_examples=80)
def test_a_restart_in_between_changes_nothing(items: list[tuple[str, str, int]]) -> None:
    signals = [
        said(f"s{at}", words, kind=kind, at=NOON + day * DAY)
        for at, (words, kind, day) in enumerate(items)
    ]
    through, restarted = Recent(), Recent()
    for signal in signals:
        assert seen(signal, through) == seen(signal, restarted)
        if not seen(signal, through):
            through.remember(signal)
            restarted.remember(signal)
        restarted = Recent(restarted.memory())
