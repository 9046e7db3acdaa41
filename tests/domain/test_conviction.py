"""A score is exactly the sum of its reasons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.conviction import BANDS, Conviction, Reason, band
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.exact import PPM


def conviction(score: int, *parts: int) -> Conviction:
    reasons = tuple(Reason(f"model/{i}", part, part, PPM, "why") for i, part in enumerate(parts))
    return Conviction(
        id="conviction_1",
        symbol="AAPL",
        asset_class="equity",
        as_of=1,
        side="buy",
        score=score,
        band=band(score),
        reasons=reasons,
        overlays={},
        youngest=1,
        audit="reflection:1",
    )


@given(st.lists(st.integers(-PPM, PPM), max_size=6))
def test_the_parts_sum_to_the_score_or_there_is_no_conviction(parts: list[int]) -> None:
    total = sum(parts)
    if 0 <= total <= PPM:
        assert conviction(total, *parts).score == total
    for wrong in (total + 1, total - 1):
        if 0 <= wrong <= PPM:
            with pytest.raises(ValueError, match="do not sum"):
                conviction(wrong, *parts)


@pytest.mark.parametrize("score", [-1, PPM + 1])
def test_a_score_lies_between_nothing_and_certainty(score: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        Conviction(
            id="c", symbol="A", asset_class="equity", as_of=1, side="sell", score=score, band="",
            reasons=(Reason("m", score, 0, 0, ""),), overlays={}, youngest=1, audit="",
        )  # fmt: skip


def test_one_that_was_tampered_with_does_not_read_back() -> None:
    data = encode(conviction(600_000, 400_000, 200_000))
    assert decode(Conviction, data).score == 600_000
    with pytest.raises(MalformedError, match="do not sum"):
        decode(Conviction, data.replace(b'"score":600000', b'"score":900000'))


@pytest.mark.parametrize(("edge", "name"), BANDS)
def test_a_band_begins_at_its_edge(edge: int, name: str) -> None:
    assert band(edge) == name
    if edge:
        assert band(edge - 1) != name
