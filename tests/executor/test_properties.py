"""What holds for every order and policy, not only for the ones somebody thought of."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    case,
    filled,
    fund,
    in_stablecoin,
    intent,
    made,
    order,
    pegged,
    policy,
    quote,
)
from tests.executor.drawing import (
    coins,
    conversions,
    denied,
    held,
    markets,
    moneyed,
    orders,
    policies,
)
from vanta.domain.encoding import encode
from vanta.domain.instant import DAY
from vanta.domain.policy import Boost, Flip, Policy
from vanta.domain.trading import Order, Quote
from vanta.executor.book import Book
from vanta.executor.case import Case
from vanta.executor.decide import decide
from vanta.executor.events import DecisionMade
from vanta.executor.fences.conversion import ASKED_OF_CONVERSIONS
from vanta.executor.fences.registry import ALL_PASSED, FENCES, judge, measure
from vanta.executor.mandate import PATHS, Mandate, Mandates
from vanta.executor.rails import PEG


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), orders, markets)
def test_judging_and_measuring_agree(rules: Policy, proposed: Order, market: Quote | None) -> None:
    book, _ = held()
    of = case(proposed, rules, book, market)
    measured = {answer.code for answer in measure(proposed, of) if not answer.passed}
    assert {a.code for a in judge(proposed, of) if not a.passed} == measured
    assert (judge(proposed, of) is ALL_PASSED) == (not measured)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), orders, markets)
def test_what_sizing_leaves_unasked_would_have_passed(
    rules: Policy, proposed: Order, market: Quote | None
) -> None:
    """An order within the room every cap leaves skips their fences; asked, none would deny."""
    book, _ = held()
    of = case(proposed, rules, book, market)
    of.leave(of.scaled(of.banded(proposed.conviction), flip=proposed.flip), flip=proposed.flip)
    short = {answer.code for answer in judge(proposed, of) if not answer.passed}
    assert short == denied(rules, book, proposed, market)


holdings = st.lists(
    st.tuples(
        st.sampled_from(["AAPL", "AAPL", "MSFT"]),
        st.sampled_from([VAULT, OTHER]),
        st.sampled_from([-100, -10, 10, 100]),
        st.sampled_from(["held", "pending", "half"]),
        st.booleans(),
    ),
    max_size=8,
)


def place(book: Book, rules: Policy, what: tuple[str, str, int, str, bool]) -> None:
    """An opening order in the book, filled, pending or half of each, past every fence."""
    symbol, name, quantity, how, flip = what
    side = "buy" if quantity > 0 else "sell"
    placed = order(symbol, abs(quantity), 100, side=side, vault=name, flip=flip)
    wanted = intent(symbol, id=placed.intent_id, vault=name, side=side)
    decision = decide(wanted, book, Mandates(rules), quote(symbol), NOW, broker="paper")
    forced = msgspec.structs.replace(decision, verdict="accept", order=placed)
    book.apply(DecisionMade(wanted, quote(symbol), NOW, "paper", forced))
    if how != "pending":
        filled(book, placed, placed.quantity // (2 if how == "half" else 1))


NUMBERS = [
    "up", "down", "rest", "account_rest", "account_symbol_rest", "class_rest", "sector_rest",
    "net_up", "net_down", "account_net_up", "account_net_down", "flipped", "available", "nav",
    "loss", "account_loss", "deployable",
]  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(holdings, st.sampled_from([50, 99, 100, 101, 130]), st.booleans())
def test_a_decision_sees_the_book_as_its_quote_will_make_it(
    placed: list[tuple[str, str, int, str, bool]],
    price: int,
    another_day: bool,  # noqa: FBT001 - drawn
) -> None:
    rules = policy(flips={VAULT: Flip()})
    book = fund(rules)
    for one in placed:
        place(book, rules, one)
    market = quote(price=price, market_time=NOW + (DAY if another_day else 0))
    before = case(order(), rules, book, market)
    seen = {name: getattr(before, name) for name in NUMBERS}
    made(intent(conviction=0), book, rules, market)
    after = case(order(), rules, book, market)
    assert seen == {name: getattr(after, name) for name in NUMBERS}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(holdings, policies(), orders)
def test_the_room_every_cap_leaves_is_exact(
    placed: list[tuple[str, str, int, str, bool]], rules: Policy, proposed: Order
) -> None:
    """Whatever is open on either side: within the room no cap denies, and beyond it one does."""
    book = fund(rules, names=(VAULT, OTHER))
    for one in placed:
        place(book, rules, one)
    proposed = msgspec.structs.replace(proposed, reducing=False)
    of = case(proposed, rules, book, quote())
    room = of.leave(
        of.scaled(of.banded(proposed.conviction), flip=proposed.flip), flip=proposed.flip
    )
    of.weigh(proposed)
    asked = case(proposed, rules, book, quote())
    found = {a.code for a in measure(proposed, asked) if not a.passed} & ON_AMOUNTS
    if of.worth <= room:
        assert found == set()
    elif of.worth > room + 2:  # the allowance for fees rounds by a unit
        assert found


ON_AMOUNTS = {
    "ORDER_NOTIONAL",
    "POSITION",
    "POSITION_ACCOUNT",
    "PERSONA_GROSS",
    "GROSS",
    "NET",
    "ACCOUNT_GROSS",
    "ACCOUNT_NET",
    "NAV_UNKNOWN",
    "TICKER_SHARE",
    "SECTOR_SHARE",
    "ASSET_CLASS_SHARE",
    "BUYING_POWER",
    "STABLECOIN_BUFFER",
    "CAPITAL",
    "CONCENTRATION",
    "FLIP_SLICE",
    "ADV_SHARE",
}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), orders, markets)
def test_a_fence_reads_only_the_fields_it_declares(
    rules: Policy, other: Policy, proposed: Order, market: Quote | None
) -> None:
    book, _ = held()
    mine, theirs = Mandate(VAULT, rules), Mandate(VAULT, other)
    for fence in FENCES:
        of = case(proposed, rules, book, market)
        of.weigh(proposed)
        wanted: list[Any] = []
        fence.judge(proposed, of, wanted)
        mixed = Mandate(VAULT, rules)
        for name in PATHS:
            source = mine if name in fence.reads else theirs
            setattr(mixed, name, getattr(source, name))
        again = case(proposed, rules, book, market)
        again.mandate, again.terms = mixed, mixed.symbol("AAPL")
        again._add_up(book.symbols["AAPL"])
        again.weigh(proposed)
        found: list[Any] = []
        fence.judge(proposed, again, found)
        assert found == wanted, fence.name


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), st.one_of(coins, conversions))
def test_and_of_an_order_that_moves_stablecoin_no_others(
    rules: Policy, other: Policy, proposed: Order
) -> None:
    book, _ = moneyed()
    converts = proposed.symbol == PEG
    market = pegged() if converts else in_stablecoin()
    of: dict[str, Any] = {"conviction_id": ""} if converts else {}
    mine, theirs = Mandate(VAULT, rules), Mandate(VAULT, other)
    for fence in FENCES:
        ask = ASKED_OF_CONVERSIONS.get(fence.number, fence.judge) if converts else fence.judge
        answers = []
        for mandate in (mine, mixed(fence.reads, mine, theirs, rules)):
            asked = Case(
                case(proposed, rules, book, market, **of).intent,
                book,
                mandate,
                market,
                NOW,
                "paper",
            )
            asked.weigh(proposed)
            found: list[Any] = []
            ask(proposed, asked, found)
            answers.append(found)
        assert answers[0] == answers[1], fence.name


def mixed(reads: tuple[str, ...], mine: Mandate, theirs: Mandate, rules: Policy) -> Mandate:
    """A mandate that has only some fields of the one, and all others of the other."""
    made = Mandate(VAULT, rules)
    for name in PATHS:
        setattr(made, name, getattr(mine if name in reads else theirs, name))
    return made


def test_every_declared_path_is_a_field_of_the_policy() -> None:
    rules = policy(flips={VAULT: Flip()}, boosts={VAULT: Boost()})
    for fence in FENCES:
        for path in fence.paths:
            value: Any = rules
            for step in path:
                value = next(iter(value.values())) if step == "*" else getattr(value, step)
    assert set(PATHS) == {name for fence in FENCES for name in fence.reads} | {"persona"}


# Determinism ------------------------------------------------------------------------------------

SCRIPT = """
import sys
from tests.executor.building import *
from vanta.domain.encoding import encode
names = frozenset({"A", "B", "AAPL", "MSFT", "C"})
rules = policy({VAULT: vault(universe={"allow": names}), OTHER: vault()})
book = fund(rules)
for symbol in ("AAPL", "MSFT", "AAPL", "BTC-USD"):
    wanted = intent(symbol)
    sys.stdout.buffer.write(encode(made(wanted, book, rules, quote(symbol))) + b"\\n")
sys.stdout.buffer.write(encode(book.state()))
"""


def test_the_same_bytes_in_another_process_under_another_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            check=True,
            capture_output=True,
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 5000


def test_deciding_changes_nothing() -> None:
    book, rules = held()
    before = encode(book.state())
    wanted = intent()
    first = decide(wanted, book, Mandates(rules), quote(), NOW, broker="paper")
    assert encode(decide(wanted, book, Mandates(rules), quote(), NOW, broker="paper")) == encode(
        first
    )
    assert encode(book.state()) == before
