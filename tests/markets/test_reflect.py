"""A score is exactly the sum of its reasons, and what only confirms can never turn it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.markets.house import NOON, bar, said
from vanta.domain.conviction import Conviction, band
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, HOUR
from vanta.markets.features import Features, Flow, Text, align
from vanta.markets.models.evidence import Evidence
from vanta.markets.personas import FAR, Persona, tilt
from vanta.markets.reflect import CLIP, conviction, convictions, parents, youngest

QUICK = Persona("ares", 3 * DAY)
PATIENT = Persona("athena", 20 * DAY)
FEATURES = Features("AAPL", "equity", NOON)


def piece(model: str, value: int, weight: int = 400_000, *, directed: bool = True) -> Evidence:
    return Evidence(f"{model}/1", value, weight, "because", (f"sig_{model}",), directed=directed)


def view(*evidence: Evidence, personas: tuple[Persona, ...] = ()) -> Conviction | None:
    return conviction(FEATURES, evidence, personas, audit="harvest.jsonl@7")


def held(*evidence: Evidence, personas: tuple[Persona, ...] = ()) -> Conviction:
    found = view(*evidence, personas=personas)
    assert found is not None
    return found


def test_the_side_is_the_sign_and_the_parts_are_the_score() -> None:
    found = held(piece("sentiment", -500_000), piece("momentum", 250_000))
    assert (found.side, found.score, found.band) == ("sell", 100_000, "noise")
    assert [reason.part for reason in found.reasons] == [200_000, -100_000]
    assert found.audit == "harvest.jsonl@7"


def test_what_confirms_adds_and_what_doubts_takes_away() -> None:
    base = piece("momentum", PPM)
    assert held(base, piece("volume", 500_000, directed=False)).score == 600_000
    assert held(base, piece("volume", -500_000, directed=False)).score == 200_000


def test_what_confirms_can_at_most_double_and_the_rest_is_clipped() -> None:
    found = held(piece("momentum", 100_000), piece("volume", PPM, PPM, directed=False))
    assert found.score == 80_000
    assert found.reasons[-1].model == CLIP
    assert found.reasons[-1].part == 80_000 - 40_000 - PPM


def test_doubt_cancels_a_view_and_does_not_turn_it() -> None:
    assert view(piece("momentum", 100_000), piece("volume", -PPM, PPM, directed=False)) is None
    assert view(piece("volume", PPM, directed=False)) is None
    assert view() is None


def test_nobody_is_surer_than_sure() -> None:
    found = held(*(piece(name, PPM, 800_000) for name in ("momentum", "sentiment")))
    assert (found.score, found.band) == (PPM, "max")
    assert found.reasons[-1].part == -600_000


def test_a_patient_persona_makes_less_of_what_is_said_today() -> None:
    talk = held(piece("sentiment", PPM), personas=(QUICK, PATIENT))
    assert talk.overlays["ares"] > talk.score > talk.overlays["athena"]
    inside = held(piece("insiders", PPM), personas=(QUICK, PATIENT))
    assert inside.overlays["athena"] > inside.overlays["ares"] == inside.score


def test_a_persona_that_would_see_it_the_other_way_holds_nothing() -> None:
    mixed = held(piece("sentiment", 500_000), piece("insiders", -490_000), personas=(PATIENT,))
    assert mixed.side == "buy"
    assert mixed.overlays["athena"] == 0


def test_a_tilt_depends_on_the_horizon_alone() -> None:
    assert tilt("sentiment/1", 0) == PPM
    assert tilt("relevance/1", 20 * DAY) == PPM
    assert tilt("sentiment/1", 20 * DAY) == FAR
    assert tilt("sentiment/2", HOUR) == FAR


PIECES = st.lists(
    st.builds(
        Evidence,
        model=st.sampled_from(["sentiment/1", "momentum/1", "insiders/1", "volume/1"]),
        value=st.integers(-PPM, PPM),
        weight=st.integers(0, PPM),
        text=st.just("x"),
        signals=st.just(()),
        directed=st.booleans(),
    ),
    max_size=8,
)


@given(PIECES)
@settings(max_examples=300)
def test_for_any_evidence_the_reasons_sum_to_a_score_within_bounds(
    evidence: list[Evidence],
) -> None:
    found = view(*evidence, personas=(QUICK, PATIENT))
    if found is None:
        return
    assert sum(reason.part for reason in found.reasons) == found.score
    assert 0 < found.score <= PPM
    assert found.band == band(found.score)
    assert all(0 <= score <= PPM for score in found.overlays.values())
    pull = sum(one.value * one.weight for one in evidence if one.directed)
    if abs(pull) > PPM * len(evidence):
        assert found.side == ("buy" if pull > 0 else "sell")


@given(PIECES)
def test_the_same_evidence_is_the_same_conviction(evidence: list[Evidence]) -> None:
    assert view(*evidence) == view(*evidence)


def test_the_youngest_signal_of_a_feed_counts_and_no_reference_bar() -> None:
    text = Text("t", "twitter", "a", NOON - 5 * HOUR, 1, "x")
    flow = Flow("f", NOON - 2 * HOUR, True, 1, 1, 0)  # noqa: FBT003 - a call
    price = bar("b", NOON, UNIT)
    assert youngest(Features("AAPL", "equity", NOON, texts=(text,), flow=(flow,))) == flow.seen
    aligned = align([said("t", "x", at=NOON - HOUR), price], NOON)["AAPL"]
    assert youngest(aligned) == NOON - HOUR
    coin = bar("c", NOON - HOUR, UNIT, symbol="BTC-USD", feed="crypto", source="crypto-daily")
    assert youngest(align([coin], NOON)["BTC-USD"]) == NOON - HOUR


def test_one_remark_alone_is_no_view_and_two_are() -> None:
    one = align([said("a", "bullish, beats estimates")], NOON)
    assert convictions(one, (), audit="") == []
    two = align([said("a", "bullish, beats estimates"), said("b", "great quarter")], NOON)
    assert [found.symbol for found in convictions(two, (), audit="")] == ["AAPL"]


def test_parents_are_the_signals_strongest_reason_first() -> None:
    found = held(piece("momentum", 100_000), piece("sentiment", 500_000))
    assert parents(found) == ("sig_sentiment", "sig_momentum")
