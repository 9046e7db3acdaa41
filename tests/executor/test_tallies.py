"""What is counted over time: messages, the same again and again, orders for each that fills."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import (
    COMMIT,
    NOW,
    OTHER,
    VAULT,
    case,
    envelope,
    fund,
    intent,
    made,
    order,
    policy,
    published,
    quote,
    vault,
)
from tests.executor.running import Node
from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.policy import OverlayPolicy, Policy, Provenance, Published
from vanta.domain.switches import Switches
from vanta.executor.book import Book
from vanta.executor.edition import APART
from vanta.executor.events import DecisionMade, OrderCancelled, PolicyAdopted, VaultFunded
from vanta.executor.fences.registry import judge
from vanta.executor.intake import Refused, accept
from vanta.executor.tallies import Tallies


def rules(repeats: int = 2, **changes: object) -> Policy:
    return policy(
        {
            VAULT: vault(
                orders={"duplicate_window": 0, **changes},
                throttle={"repeats": repeats, "window": HOUR},
                positions={"per_symbol": 900_000 * UNIT},
                bands=((0, 10_000),),
            ),
            OTHER: vault(orders={"duplicate_window": 0}),
        }
    )


def ask(book: Book, now: int, symbol: str = "AAPL", **of: object) -> DecisionMade:
    """Something small, again; it is over at once, so that only the throttle counts it."""
    wanted = intent(symbol, created=now, expires=now + MINUTE, **of)
    market = quote(symbol, ts=now, market_time=now)
    assert book.published is not None
    event = made(wanted, book, book.published.policy, market, now)
    if event.decision.order is not None:
        book.apply(OrderCancelled(event.decision.order.client_order_id, "asked"))
    return event


def reasons(event: DecisionMade) -> set[str]:
    return {finding.code for finding in event.decision.reasons}


# The throttle -----------------------------------------------------------------------------------


def test_one_repetition_too_many_shuts_the_strategy_off_until_a_quorum_lets_it_go() -> None:
    book = fund(rules())
    assert [reasons(ask(book, NOW + n * SECOND)) for n in range(2)] == [set(), set()]
    assert reasons(ask(book, NOW + 2 * SECOND)) == {"REPEATED"}
    nonce = book.tallies.throttled[VAULT]["reflect"]
    # Time does not let it go, nor does another symbol or side.
    for later, symbol in ((3 * SECOND, "AAPL"), (DAY, "AAPL"), (DAY, "MSFT")):
        told = ask(book, NOW + later, symbol)
        assert reasons(told) == {"THROTTLED"}
        [finding] = told.decision.reasons
        assert finding.observed == nonce
    # Another strategy, and the same one in another vault, are not touched by it.
    assert reasons(ask(book, NOW + DAY, strategy="other")) == set()
    assert reasons(ask(book, NOW + DAY, vault=OTHER)) == set()
    released = msgspec.structs.replace(rules(), released=frozenset({nonce}))
    book.apply(PolicyAdopted(published(released, 2), NOW + DAY))
    # What it counted before is forgotten with it; the next one too many is a new throttle.
    assert [reasons(ask(book, NOW + DAY + n)) for n in range(3)] == [set(), set(), {"REPEATED"}]
    assert book.tallies.throttled[VAULT]["reflect"] != nonce
    assert reasons(ask(book, NOW + DAY + 4)) == {"THROTTLED"}


def test_a_way_out_is_not_throttled() -> None:
    book = fund(rules())
    book.tallies.shut_off(VAULT, "reflect", "intent_0123456789abcdef")
    leaving = order("AAPL", 1, 100, side="sell", reducing=True)
    codes = {a.code for a in judge(leaving, case(leaving, rules(), book, quote())) if not a.passed}
    assert codes == {"NOT_REDUCING"}


def test_what_is_older_than_the_window_is_no_repetition() -> None:
    book = fund(rules())
    assert reasons(ask(book, NOW)) == set()
    assert reasons(ask(book, NOW + 1)) == set()
    assert reasons(ask(book, NOW + HOUR)) == set()
    assert reasons(ask(book, NOW + HOUR)) == {"REPEATED"}


def test_a_throttle_survives_a_restart() -> None:
    book = fund(rules(repeats=0))
    assert reasons(ask(book, NOW)) == {"REPEATED"}
    again = Book.from_state(encode(book.state()))
    assert again.tallies == book.tallies
    nonce = again.tallies.throttled[VAULT]["reflect"]
    assert reasons(ask(again, NOW + DAY)) == {"THROTTLED", "REPEATED"}
    assert again.tallies.throttled[VAULT]["reflect"] == nonce


def test_a_vault_that_is_not_there_yet_shuts_nothing_off() -> None:
    """It allows nothing, and of nothing the first is too many: it waits for its policy only."""
    book = fund(rules())
    early = ask(book, NOW, vault="to-come")
    assert {"VAULT_UNKNOWN", "REPEATED"} <= reasons(early)
    come = {**rules().vaults, "to-come": rules().vaults[VAULT]}
    book.apply(PolicyAdopted(published(policy(come), 2), NOW + 1))
    book.apply(VaultFunded("to-come", 100_000 * UNIT, NOW + 1))
    assert reasons(ask(book, NOW + SECOND, vault="to-come")) == set()
    # As it was before, it comes out of a log of then.
    former = msgspec.structs.replace(early, edition=APART - 1)
    book.apply(former)
    assert reasons(ask(book, NOW + 2 * SECOND, vault="to-come")) == {"THROTTLED"}


# Messages ---------------------------------------------------------------------------------------


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made_node = Node(tmp_path)
    yield made_node
    made_node.end()


def test_the_cancels_of_a_halt_are_counted_and_never_kept_in(node: Node) -> None:
    node.source[0] = published(
        policy(
            {VAULT: vault(orders={"duplicate_window": 0}), OTHER: vault()},
            account={"messages": 1},
        )
    )
    node.broker.filling = False
    node.wants()
    node.step(2)
    halted = msgspec.structs.replace(
        node.source[0].policy, overlay=OverlayPolicy(everywhere=Switches(full_halt=2**62))
    )
    node.source[0] = published(halted, 2)
    node.step(3)
    sent = node.body("message.sent")
    assert (sent["kind"], sent["vault"], sent["broker"], sent["strategy"]) == (
        "cancel", VAULT, "paper", "reflect",
    )  # fmt: skip
    assert "book.cleared" in node.types()
    assert node.process is not None
    tallies = node.process._log.book.tallies
    assert len(tallies.account) == len(tallies.brokers["paper"]) == 2
    assert tallies.days[VAULT].messages == 2
    node.holds_together()


def test_orders_of_a_day_are_held_against_what_of_it_filled() -> None:
    book = fund(rules(repeats=99, per_fill=2))
    day = (NOW // DAY + 1) * DAY - 10 * SECOND
    assert [reasons(ask(book, day + n * SECOND)) for n in range(3)] == [
        set(), set(), {"ORDERS_PER_FILL"},
    ]  # fmt: skip
    book.tallies.fill(VAULT, day)
    assert reasons(ask(book, day + 4 * SECOND)) == set()
    # A new day begins with nothing sent and nothing filled.
    assert reasons(ask(book, day + 11 * SECOND)) == set()
    assert book.tallies.days[VAULT].messages == 1


def test_times_are_cut_only_by_later_ones_and_count_in_any_order() -> None:
    tallies = Tallies()
    for at in (NOW, NOW + 5, NOW + 3, NOW - 1):
        tallies.message(VAULT, "paper", "reflect", at)
    assert tallies.account == [NOW - 1, NOW, NOW + 3, NOW + 5]
    tallies.message(VAULT, "paper", "reflect", NOW + 3 * MINUTE)
    assert tallies.account == [NOW + 3 * MINUTE]


# Where it is from -------------------------------------------------------------------------------


def after(rules: Policy, commit: str, serial: int) -> Published:
    return Published(rules, Provenance(commit=commit, tree="", serial=serial))


def test_while_nodes_are_promoted_both_builds_and_both_policies_are_taken() -> None:
    both = frozenset({"markets@0.1.0", "markets@0.2.0"})
    promoting = policy(account={"builds": both, "policy_lag": MINUTE})
    book = fund(policy())
    book.apply(PolicyAdopted(after(promoting, "d" * 40, 2), NOW))
    for build in sorted(both):
        for commit in (COMMIT, "d" * 40):
            told = made(intent(build=build, policy=commit), book, promoting, quote(), NOW)
            assert not reasons(told) & {"BUILD", "POLICY_UNKNOWN", "POLICY_LAG"}
    done = policy(account={"builds": frozenset({"markets@0.2.0"}), "policy_lag": MINUTE})
    book.apply(PolicyAdopted(after(done, "e" * 40, 3), NOW))
    late = NOW + MINUTE + 1
    forgotten = intent(created=late, expires=late + MINUTE)
    told = made(forgotten, book, done, quote(ts=late, market_time=late), late)
    assert reasons(told) >= {"BUILD", "POLICY_LAG"}


def test_a_policy_that_comes_back_is_in_force_and_not_late() -> None:
    book = fund(policy())
    for serial, commit in enumerate(("d" * 40, COMMIT), 2):
        book.apply(PolicyAdopted(after(policy(), commit, serial), NOW))
    assert book.tallies.superseded == {"d" * 40: NOW}
    assert book.knows_policy(COMMIT)
    assert not book.knows_policy("f" * 40)


def test_an_intent_made_under_a_policy_on_its_way_waits_for_it(node: Node) -> None:
    """Markets had it first: its intent is decided under it, and not denied for it."""
    node.boot()
    node.step()
    early = node.wants(policy="d" * 40)
    other = node.wants("MSFT")
    node.step()
    assert [r.parents for r in node.log() if r.type == "decision.made"] == [(other.id,)]
    node.source[0] = after(node.source[0].policy, "d" * 40, 2)
    node.step()
    decided = [r for r in node.log() if r.type == "decision.made"]
    assert [r.parents for r in decided] == [(other.id,), (early.id,)]
    assert b'"verdict":"accept"' in bytes(decided[-1].body)


def test_one_whose_policy_never_comes_is_denied_with_that_reason(node: Node) -> None:
    node.wants(policy="f" * 40)
    node.step(7)
    [decided] = [r for r in node.log() if r.type == "decision.made"]
    assert b"POLICY_UNKNOWN" in bytes(decided.body)
    assert node.broker.sent == []


def test_a_way_out_of_the_executors_own_needs_no_build_that_is_taken() -> None:
    """It grew from no conviction, and intake lets in nothing that says so."""
    rules = policy(account={"builds": frozenset(), "policy_lag": 0})
    book = fund(rules)
    own = intent(conviction_id="", build="executor", policy="f" * 40, reducing=True, side="sell")
    assert not reasons(made(own, book, rules, quote())) & {"BUILD", "POLICY_UNKNOWN", "POLICY_LAG"}
    parcel = accept(envelope(own), rules.nodes, {}, NOW)
    assert isinstance(parcel, Refused)
    assert (parcel.code, parcel.reason) == ("INTENT_FIELD", "conviction_id is not a name")
