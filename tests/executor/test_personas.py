"""The personas of the starter: what their documents say is what they do, end to end."""

from pathlib import Path
from typing import Any

import pytest

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    filled,
    fund,
    intent,
    made,
    policy,
    quote,
    vault,
)
from vanta.domain.exact import PPM, UNIT
from vanta.domain.policy import PersonaTerms, Policy
from vanta.domain.trading import Order
from vanta.executor.book import Book
from vanta.executor.mandate import Mandates
from vanta.executor.stops import Seen, stops
from vanta.governance.documents.derive import compile_onto
from vanta.governance.documents.read import read_document

FOLDER = Path(__file__).parents[2] / "gitops" / "personas"
NAMES = ("apollo", "ares", "athena", "nemesis")
WIDE = {"per_ticker": vault().exposure.per_ticker, "gross": 10**7 * UNIT, "net": 10**7 * UNIT}


def persona(name: str) -> PersonaTerms:
    document: Any = read_document((FOLDER / f"{name}.yaml").read_bytes(), file=f"{name}.yaml")
    return compile_onto(PersonaTerms(name=name), document.spec)


ALL = {name: persona(name) for name in NAMES}


def as_persona(name: str) -> Policy:
    return policy({VAULT: vault(persona=ALL[name]), OTHER: vault()})


def bought(name: str, conviction: int = 900_000) -> tuple[Book, Policy, Order]:
    rules = as_persona(name)
    book = fund(rules)
    order = made(intent(conviction=conviction), book, rules, quote()).decision.order
    assert order is not None
    filled(book, order, price=100 * UNIT)
    return book, rules, order


def test_every_starter_document_is_tested_here() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(NAMES)


def test_they_differ_in_the_way_their_documents_say() -> None:
    athena, apollo, ares, nemesis = (ALL[name] for name in ("athena", "apollo", "ares", "nemesis"))
    # The wary take less, and only what is surer.
    sizes = [one.multiplier for one in (nemesis, athena, apollo, ares)]
    assert sizes == sorted(set(sizes))
    assert apollo.multiplier == PPM
    floors = [one.conviction for one in (ares, apollo, athena, nemesis)]
    assert floors == sorted(set(floors))
    # The patient hold longer and give more room; the wary least.
    horizons = [one.horizon for one in (ares, nemesis, apollo, athena)]
    assert horizons == sorted(set(horizons))
    stops_at = [one.stop_loss for one in (nemesis, ares, apollo, athena)]
    assert stops_at == sorted(set(stops_at))
    for one in ALL.values():
        assert 0 < one.stop_loss < one.trailing < PPM
        assert one.horizon > 0


def test_the_same_conviction_is_worth_what_the_persona_makes_of_it() -> None:
    sizes = {name: bought(name)[2].quantity for name in NAMES}
    whole = sizes["apollo"]
    for name, terms in ALL.items():
        assert abs(sizes[name] - whole * terms.multiplier // PPM) <= 2 * UNIT
    assert sizes["nemesis"] < sizes["athena"] < sizes["apollo"] < sizes["ares"]


@pytest.mark.parametrize("name", NAMES)
def test_a_persona_acts_at_its_cut_off_and_not_below(name: str) -> None:
    rules, floor = as_persona(name), ALL[name].conviction
    for conviction, verdict in ((floor, "accept"), (floor - 1, "deny")):
        decision = made(intent(conviction=conviction), fund(rules), rules, quote()).decision
        assert decision.verdict == verdict
        codes = {one.code for one in decision.reasons}
        assert ("CONVICTION" in codes) == (verdict == "deny")


@pytest.mark.parametrize("name", NAMES)
def test_a_persona_gets_out_at_its_own_levels(name: str) -> None:
    book, rules, _ = bought(name)
    terms = ALL[name]

    def out(price: int, later: int = 0) -> list[str]:
        middle = quote("AAPL", 100, bid=price, ask=price, market_time=NOW + later)
        found = stops(book, Mandates(rules), [Seen("paper", middle)], NOW)
        return [one.cause.kind for one in found]

    stop = 100 * UNIT * (PPM - terms.stop_loss) // PPM
    assert (out(stop + 1), out(stop)) == ([], ["stop_loss"])
    assert (out(100 * UNIT, terms.horizon), out(100 * UNIT, terms.horizon + 1)) == (
        [],
        ["horizon"],
    )
    book.holdings[VAULT]["AAPL"].best = 200 * UNIT
    trail = 200 * UNIT * (PPM - terms.trailing) // PPM
    assert (out(trail + 1), out(trail)) == ([], ["trailing"])
