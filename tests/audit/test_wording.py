"""Numbers and answers in words: never raising, never steering, never larger than they are."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import intent
from vanta.audit import answers, wording
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND
from vanta.domain.switches import SWITCHES
from vanta.domain.trading import Finding, Sizing
from vanta.executor import reasons
from vanta.executor.fences import wire
from vanta.executor.fences.registry import FENCES

CODES = sorted({code for fence in FENCES for code in fence.codes} | {"SWITCHES_OFF"})
AMOUNTS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (wording.quantity(12 * UNIT), "12"),
        (wording.quantity(1_500 * UNIT + UNIT // 4), "1,500.25"),
        (wording.quantity(-UNIT // 2), "-0.5"),
        (wording.price(187 * UNIT), "187.00"),
        (wording.price(24_434_538_461), "244.3453"),
        (wording.price(1_234), "0.00001234"),
        (wording.price(-187 * UNIT), "-187.00"),
        (wording.money(125_000_000_000), "$1,250.00"),
        (wording.money(-99_999_999), "-$0.99"),
        (wording.money(-1), "$0.00"),
        (wording.gain(UNIT), "+$1.00"),
        (wording.gain(-UNIT), "-$1.00"),
        (wording.percent(72_500), "7.25 %"),
        (wording.percent(-5), "0.00 %"),
        (wording.points(420_000), "+0.42"),
        (wording.points(-15_000), "-0.02"),
        (wording.span(90 * SECOND), "1.5 min"),
        (wording.span(-2 * HOUR), "-2 h"),
        (wording.span(3 * DAY), "3 d"),
        (wording.span(10 * MINUTE), "10 min"),
        (wording.span(1_770_000), "1.77 ms"),
        (wording.span(0), "0 s"),
        (wording.measured(FOREVER, "units"), "no limit"),
        (wording.measured("AAPL", ""), "AAPL"),
        (wording.measured(1_234, "count"), "1,234"),
        (wording.measure("close_units", 18_750_000_000), "close 187.5"),
        (wording.measure("tone_ppm", -250_000), "tone -25.00 %"),
        (wording.measure("odd", 7), "odd 7"),
        (wording.when(1_700_000_000 * SECOND), "2023-11-14 22:13:20 UTC"),
        (wording.when(FOREVER), "forever"),
    ],
)
def test_numbers_read_like_numbers(said: str, shown: str) -> None:
    assert said == shown


@given(AMOUNTS)
def test_money_is_never_shown_larger_than_it_is(units: int) -> None:
    shown = Decimal(wording.money(units).replace("$", "").replace(",", ""))
    assert abs(shown) <= abs(Decimal(units)) / UNIT
    assert abs(abs(Decimal(units)) / UNIT - abs(shown)) < Decimal("0.01")


@given(AMOUNTS)
def test_quantities_are_exact(units: int) -> None:
    assert Decimal(wording.quantity(units).replace(",", "")) == Decimal(units) / UNIT


@given(st.integers(-PPM, PPM))
def test_percentages_are_within_a_hundredth(ppm: int) -> None:
    shown = Decimal(wording.percent(ppm).removesuffix(" %"))
    assert abs(shown - Decimal(ppm) / 10_000) < Decimal("0.01")


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=15)
@given(
    passed=st.booleans(),
    observed=st.none() | AMOUNTS | st.text(max_size=8),
    limit=st.none() | AMOUNTS | st.text(max_size=8),
    unit=st.sampled_from(["units", "ppm", "ns", "count", ""]),
)
def test_every_answer_has_words(
    code: str,
    passed: bool,  # noqa: FBT001 - drawn
    observed: int | str | None,
    limit: int | str | None,
    unit: str,
) -> None:
    finding = Finding(9, code, passed, observed, limit, unit)
    assert answers.answer(finding)
    if code in reasons.CODES:
        assert not answers.answer(finding).endswith("]") or "]" in f"{observed}{limit}"


def test_every_question_reads_well_when_it_was_answered_with_yes() -> None:
    own = answers._PASSED.keys() | answers._MONEY.keys()
    of_the_gate = {name.upper() for name in SWITCHES} | set(wire.CODES)
    assert reasons.CODES - of_the_gate == (own | answers.EITHER_WAY) & reasons.CODES
    assert not own & answers.EITHER_WAY


@pytest.mark.parametrize("code", sorted(answers._PASSED))
def test_a_question_about_a_fault_is_not_answered_with_the_fault(code: str) -> None:
    denied = Finding(1, code, passed=False, observed=1, limit=2, unit="count")
    asked = Finding(1, code, passed=True, observed=1, limit=2, unit="count")
    assert answers.answer(asked) != answers.answer(denied)


def test_a_boost_is_said_where_the_persona_was_boosted() -> None:
    steps = Sizing(UNIT, UNIT, UNIT, UNIT, UNIT)
    asked = intent()
    assert "the persona makes it $1.00" in wording.sizing(asked, steps)
    boosted = msgspec.structs.replace(steps, boost=1_500_000)
    assert "the persona, boosted to 1.5, makes it $1.00" in wording.sizing(asked, boosted)


def test_a_fence_is_called_what_is_so_when_it_passes() -> None:
    assert answers.fence_name(18) == "switches off"
    assert answers.fence_name(99) == "fence 99"
