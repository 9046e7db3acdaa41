"""Each model measures what its name says, in whole numbers, between -1 and 1."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import NOON
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE
from vanta.markets.features import Dealing, Features, Flow, Text
from vanta.markets.models import insiders, momentum, options, panel, relevance, sentiment, volume
from vanta.markets.models.evidence import Evidence, percent, saturated
from vanta.markets.series import Bar


def features(**parts: object) -> Features:
    return Features("AAPL", "equity", NOON, **parts)  # type: ignore[arg-type]


def texts(*words: str, author: str = "", named: int = 1) -> tuple[Text, ...]:
    return tuple(
        Text(f"t{at}", "twitter", author or f"a{at}", NOON - HOUR, named, said)
        for at, said in enumerate(words)
    )


def value(found: Evidence | None) -> int:
    assert found is not None
    return found.value


def test_nothing_to_measure_is_no_evidence() -> None:
    assert panel.evidence(features()) == ()


@pytest.mark.parametrize(
    ("words", "sign"),
    [
        ("beats estimates and raises guidance", 1),
        ("misses estimates, cuts guidance", -1),
        ("this short squeeze is on", 1),
        ("they are shorting it", -1),
        ("downgraded to underweight", -1),
        ("upgraded, very bullish 🚀", 1),
        ("class action lawsuit and fraud", -1),
        ("shares of interest to the trust", 0),
        ("opens at nine", 0),
    ],
)
def test_words_mean_what_they_mean_to_people_who_trade(words: str, sign: int) -> None:
    polarity = sentiment.polarity(words)
    assert (polarity > 0) - (polarity < 0) == sign


def test_one_author_has_one_vote() -> None:
    crowd = texts("great, bullish", "great, bullish indeed", "awful, bearish")
    shouting = tuple(text._replace(author="same") for text in crowd[:2]) + crowd[2:]
    assert value(sentiment.evidence(features(texts=crowd))) > value(
        sentiment.evidence(features(texts=shouting))
    )


def test_more_authors_weigh_more_and_the_strongest_are_named() -> None:
    few = sentiment.evidence(features(texts=texts("bullish")))
    many = sentiment.evidence(features(texts=texts(*["bullish"] * 20, "opens at nine")))
    assert few is not None
    assert many is not None
    assert few.weight < many.weight < sentiment.WEIGHT
    assert few.signals == ("t0",)
    assert "t20" not in many.signals


def test_a_stuffed_list_is_less_about_the_symbol_than_a_text_of_its_own() -> None:
    alone = relevance.evidence(features(texts=texts("x", "y")))
    stuffed = relevance.evidence(features(texts=texts("x", "y", named=9)))
    assert value(alone) == PPM
    assert value(stuffed) < 0
    assert alone is not None
    assert not alone.directed


def days(*closes: int, volumes: tuple[int, ...] = ()) -> tuple[Bar, ...]:
    first = NOON - len(closes) * DAY
    return tuple(
        Bar(f"d{at}", first + at * DAY, close * UNIT, close * UNIT,
            volumes[at] if volumes else 100)
        for at, close in enumerate(closes)
    )  # fmt: skip


def test_momentum_is_a_move_against_the_usual_move() -> None:
    calm = days(*[1000 + at % 2 for at in range(21)], 1002, 1004, 1006, 1008, 1010)
    wild = days(*[1000 + 60 * (at % 2) for at in range(21)], 1002, 1004, 1006, 1008, 1010)
    assert value(momentum.evidence(features(daily=calm))) > 300_000
    assert 0 < value(momentum.evidence(features(daily=wild))) < 100_000
    assert momentum.evidence(features(daily=calm[:5])) is None


def test_a_price_of_last_week_moves_nobody_today() -> None:
    old = tuple(bar._replace(at=bar.at - 9 * DAY) for bar in days(*range(100, 120)))
    assert momentum.evidence(features(daily=old)) is None
    assert volume.evidence(features(daily=old)) is None


def test_volume_is_held_against_the_month_the_hours_and_the_words_before() -> None:
    busy = days(*[100] * 11, volumes=(*[100] * 10, 300))
    assert value(volume.evidence(features(daily=busy))) == PPM
    quiet = days(*[100] * 11, volumes=(*[100] * 10, 1))
    assert value(volume.evidence(features(daily=quiet))) < -400_000
    spoken = features(texts=texts(*"abcdefgh"), usual=(2, 2, 2))
    assert value(volume.evidence(spoken)) == PPM
    hours = tuple(
        Bar(f"m{at}", NOON - at * HOUR - MINUTE, UNIT, UNIT, 200 if at == 0 else 100)
        for at in reversed(range(8))
    )
    assert value(volume.evidence(features(intraday=hours))) == 500_000


def dealing(who: str, bought: int = 0, sold: int = 0, *, planned: bool = False) -> Dealing:
    return Dealing(f"i{who}", who, NOON - DAY, bought * UNIT, sold * UNIT, planned)


def test_a_cluster_of_buyers_says_more_than_one_who_buys_more() -> None:
    cluster = [dealing(who, bought=10) for who in "abc"]
    one = [dealing("a", bought=10_000)]
    assert value(insiders.evidence(features(dealings=tuple(cluster)))) > value(
        insiders.evidence(features(dealings=tuple(one)))
    )


def test_selling_says_less_and_under_a_plan_almost_nothing() -> None:
    sold = insiders.evidence(features(dealings=(dealing("a", sold=10),)))
    planned = insiders.evidence(features(dealings=(dealing("a", sold=10, planned=True),)))
    assert value(sold) < value(planned) < 0
    many = tuple(dealing(str(who), sold=1) for who in range(30))
    assert value(insiders.evidence(features(dealings=many))) == insiders.MOST_AGAINST
    assert insiders.evidence(features(dealings=(dealing("grant"),))) is None


def flow(calls: int, puts: int, *, open_: bool = False) -> tuple[Flow, ...]:
    return tuple(
        Flow(name, NOON - HOUR, name == "call", 0 if open_ else 5, 0 if open_ else count,
             count if open_ else 0)
        for name, count in (("call", calls), ("put", puts))
    )  # fmt: skip


def test_options_are_held_against_what_is_open_already() -> None:
    callish = flow(70, 30)
    assert value(options.evidence(features(flow=callish + flow(50, 50, open_=True)))) > 0
    assert value(options.evidence(features(flow=callish + flow(90, 10, open_=True)))) < 0
    assert options.evidence(features(flow=flow(5, 5, open_=True))) is None


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**7))
def test_saturation_keeps_sign_order_and_bound(number: int, half: int) -> None:
    assert abs(saturated(number, half)) < PPM
    assert saturated(number, half) == -saturated(-number, half)
    assert saturated(number, half) <= saturated(number + 1, half)
    assert saturated(half, half) == PPM // 2


@pytest.mark.parametrize(
    ("ratio", "text"), [(0, "+0.0%"), (123_456, "+12.3%"), (-51_999, "-5.1%"), (-400, "+0.0%")]
)
def test_a_ratio_for_a_person(ratio: int, text: str) -> None:
    assert percent(ratio) == text


NUMBERS = st.integers(0, 10**12)


@given(
    words=st.lists(st.text(max_size=60), max_size=5),
    closes=st.lists(st.integers(1, 10**6), max_size=30),
    deals=st.lists(st.tuples(st.sampled_from("abc"), NUMBERS, NUMBERS, st.booleans()), max_size=5),
    trades=st.lists(st.tuples(st.booleans(), NUMBERS, NUMBERS, NUMBERS), max_size=5),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_features_every_model_stays_within_its_bounds(
    words: list[str],
    closes: list[int],
    deals: list[tuple[str, int, int, bool]],
    trades: list[tuple[bool, int, int, int]],
) -> None:
    found = panel.evidence(
        features(
            texts=texts(*words),
            usual=(1, 0, 2),
            daily=days(*closes),
            intraday=days(*closes[:15]),
            dealings=tuple(Dealing(str(n), who, NOON, b, s, p)
                           for n, (who, b, s, p) in enumerate(deals)),
            flow=tuple(Flow(str(n), NOON, c, p, k, o) for n, (c, p, k, o) in enumerate(trades)),
        )
    )  # fmt: skip
    for one in found:
        assert -PPM <= one.value <= PPM
        assert 0 <= one.weight <= PPM
        assert one.model in panel.VERSIONS
        assert len(one.signals) <= 5
