"""Exact numbers: what enters is read to the last digit or refused, and nothing rounds inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import MalformedError
from vanta.domain.exact import PPM, UNIT, notional, part_of, ppm, show_ppm, show_units, units

AMOUNTS = st.integers(-(10**25), 10**25)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", UNIT),
        ("1.25", 125_000_000),
        ("0.00000001", 1),
        ("-0.5", -50_000_000),
        ("12500.50", 1_250_050_000_000),
        ("999999999999999999.99999999", 10**26 - 1),
        ("0.1000000000000", 10_000_000),
    ],
)
def test_money_is_read_exactly(text: str, value: int) -> None:
    assert units(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "+1", "1.", ".5", "01", "1e3", "1E3", "0x10", "1_000", "1,000", "--1"),
        *(
            "nan",
            "NaN",
            "inf",
            "-Infinity",
            "1.0.0",
            "1\n",
            "\u0661\u0662",
            "1.\u0665",
            "\u00bd",
            "1000000000000000000",
        ),
    ],
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        units(text, place="vault.yaml:3: capital")
    assert refused.value.code == "NUMBER"
    assert refused.value.place == "vault.yaml:3: capital"
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (units, "0.000000001"),
        (ppm, "0.0000001"),
        (ppm, "0.0500001"),
        # More digits than a decimal context holds must not be rounded into a number that fits.
        (units, "0.10000000000000000000000000000000000000001"),
        (units, "123456789012345678.00000000001"),
        (ppm, "0.05" + "0" * 60 + "1"),
    ],
)
def test_more_places_than_the_scale_holds_are_refused(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(MalformedError, match="decimal places"):
        read(text)


@given(AMOUNTS)
def test_shown_numbers_read_back(value: int) -> None:
    assert units(show_units(value)) == value


@given(st.integers(0, 10**20))
def test_shown_ratios_read_back(value: int) -> None:
    assert ppm(show_ppm(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (UNIT, "1"), (100 * UNIT, "100"), (1, "0.00000001"), (-1, "-0.00000001")],
)
def test_numbers_are_shown_as_short_as_they_can_be(value: int, text: str) -> None:
    assert show_units(value) == text


@given(st.integers(-(10**18), 10**18), st.integers(-(10**18), 10**18), st.integers(1, 100))
def test_an_exposure_is_never_counted_smaller_than_it_is(price: int, size: int, times: int) -> None:
    found, exact = notional(price, size, times), price * size * times
    assert abs(found) * UNIT >= abs(exact) > (abs(found) - 1) * UNIT or found == exact == 0
    assert found * exact >= 0


@given(st.integers(-(10**20), 10**20), st.integers(0, PPM))
def test_a_share_never_exceeds_its_whole(amount: int, ratio: int) -> None:
    part = part_of(amount, ratio)
    assert abs(part) <= abs(amount)
    assert abs(part) * PPM <= abs(amount) * ratio < (abs(part) + 1) * PPM


def test_rounding_is_away_from_zero_for_exposures_and_toward_it_for_shares() -> None:
    assert (notional(1, 1), notional(-1, 1)) == (1, -1)
    assert (part_of(1, PPM // 2), part_of(-1, PPM // 2)) == (0, 0)
