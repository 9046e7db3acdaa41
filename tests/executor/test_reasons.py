"""Reasons: every code has one sentence, with its numbers in their units."""

import msgspec
import pytest

from tests.executor.building import VAULT, order, policy, vault
from tests.executor.test_fences import LADDER
from vanta.domain.policy import AccountPolicy, Policy, Universe
from vanta.domain.trading import Finding
from vanta.executor.fences import wire
from vanta.executor.fences.registry import CODES as DENIED
from vanta.executor.fences.registry import FENCES
from vanta.executor.gate import taken_back
from vanta.executor.mandate import Mandate
from vanta.executor.reasons import CODES, sentence, withheld

Value = int | str | None


def failed(fence: int, code: str, observed: Value, limit: Value) -> Finding:
    return Finding(fence, code, passed=False, observed=observed, limit=limit, unit="")


def passed(fence: int, code: str, observed: Value, limit: Value) -> Finding:
    return Finding(fence, code, passed=True, observed=observed, limit=limit, unit="")


ALL = sorted(
    [(fence.number, code) for fence in FENCES for code in fence.codes]
    + [(wire.NUMBER, code) for code in wire.CODES]
)


def test_there_is_a_sentence_for_every_code_and_no_other() -> None:
    assert {code for _, code in ALL} == CODES == DENIED


@pytest.mark.parametrize(("number", "code"), ALL)
def test_a_sentence_says_what_is_wrong_and_where(number: int, code: str) -> None:
    for observed, limit in ((1_250_000, 1_000_000), ("AAPL", None), (None, "open")):
        text = sentence(failed(number, code, observed, limit))
        assert text.endswith(f"[{number} {code}]")
        assert "{" not in text
        assert text == text.strip()
    assert sentence(passed(number, code, 1, 2)).endswith(f"[{number} {code}]")


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (
            failed(9, "GROSS", 1_250_050_000_000, 1_000_000_000_000),
            "gross exposure would be $12,500.50; the vault's cap is $10,000.00 [9 GROSS]",
        ),
        (
            failed(9, "TICKER_SHARE", 123_400, 100_000),
            "the symbol would be 12.34 % of NAV; its cap is 10 % [9 TICKER_SHARE]",
        ),
        (
            failed(3, "QUOTE_AGE", 90 * 10**9, 30 * 10**9),
            "the quote is 90 s old; at most 30 s is allowed [3 QUOTE_AGE]",
        ),
        (
            passed(11, "DAILY_LOSS", -100_000_000, 2_000_000_000_000),
            "daily loss: -$1.00 of $20,000.00 [11 DAILY_LOSS]",
        ),
        (passed(0, "WITHIN_TERMS", None, None), "within terms [0 WITHIN_TERMS]"),
        (
            failed(9, "GROSS", 10_000_000_000_001, 10_000_000_000_000),
            "gross exposure would be $100000.00000001; the vault's cap is $100000 [9 GROSS]",
        ),
        (
            failed(5, "INTENT_AGE", 600 * 10**9 + 1, 600 * 10**9),
            "the intent is 600.000000001 s old; at most 600 s is allowed [5 INTENT_AGE]",
        ),
        (
            failed(6, "SESSION", None, "open"),
            "the market is not known to be open [6 SESSION]",
        ),
        (
            failed(1, "INSTRUMENT", None, "AAPL"),
            "the venue's instrument is unknown, not the one ordered [1 INSTRUMENT]",
        ),
    ],
)  # fmt: skip
def test_numbers_are_in_their_units(finding: Finding, text: str) -> None:
    assert sentence(finding) == text


def test_real_findings_read_well() -> None:
    assert len(LADDER) == len(ALL) - len(wire.CODES)


def test_what_the_gate_says_is_a_sentence_too() -> None:
    assert withheld("HALT_LATCHED") == "a halt is latched on this node [HALT_LATCHED]"
    assert withheld("FULL_HALT") == "full_halt is on [FULL_HALT]"
    assert withheld("BROKER_UNAVAILABLE") == "a broker does not answer [BROKER_UNAVAILABLE]"
    assert withheld("SOMETHING") == "the gate is shut [SOMETHING]"


def test_so_is_what_keeps_an_order_in_that_was_decided() -> None:
    nothing = Mandate("nobody", Policy("test", AccountPolicy()))
    denied = msgspec.structs.replace(vault(), universe=Universe(deny=frozenset({"AAPL"})))
    denying = Mandate(VAULT, policy({VAULT: denied}))
    codes = {*taken_back(order(), nothing), *taken_back(order(), denying), *wire.CODES}
    assert len(codes) == len(wire.CODES) + 7
    for code in codes:
        said = withheld(code)
        assert said.endswith(f" [{code}]")
        assert "gate is shut" not in said


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (2_000, "0.002 ms"),
        (1_500_000, "1.5 ms"),
        (1, "0.000001 ms"),
        (0, "0 s"),
        (8_000_000_000, "8 s"),
        (-300_000_000, "-300 ms"),
        (300_000_000_000, "5.0 min"),
    ],
)
def test_a_moment_is_said_without_an_exponent(observed: int, said: str) -> None:
    text = sentence(failed(4, "DUPLICATE_CONTENT", observed, 60_000_000_000))
    assert f"ordered {said} ago, within the window of 60 s" in text


def test_prices_read_like_prices() -> None:
    text = sentence(failed(16, "SELF_MATCH", 1_771_100_000_000, 1_788_901_000_000))
    assert text.startswith("at 17,711.00 it would trade with an order of our own at 17,889.01")


def test_a_flips_cut_off_is_not_said_to_be_the_personas() -> None:
    # Of an order of the flip branch, the limit is the flip's.
    said = sentence(failed(0, "CONVICTION", 600_000, 700_000))
    assert said == "a conviction of 60 % is below the 70 % it takes here [0 CONVICTION]"


def test_a_way_out_of_nothing_is_not_said_to_be_kept_in_by_caps() -> None:
    said = sentence(failed(0, "NO_SIZE", 0, 1))
    assert said == "it comes to less than one lot [0 NO_SIZE]"
