"""A flip is over at its end by the node's clock: whoever is gone, and wherever it is set."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    fund,
    intent,
    policy,
    published,
    quote,
    vault,
)
from tests.executor.running import Node
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import FOREVER, HOUR, MINUTE, SECOND
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.trading import Decision
from vanta.executor.book import Book
from vanta.executor.branches import ended
from vanta.executor.decide import decide
from vanta.executor.events import BranchEnded
from vanta.executor.mandate import Mandates

END = NOW + MINUTE


def flipping(until: int = END) -> Policy:
    flip = Flip(until=until, slice=100_000, amplifier=1_500_000, conviction=550_000)
    rules = vault(orders={"duplicate_window": 0})
    return policy({VAULT: rules, OTHER: vault()}, flips={VAULT: flip})


def answer(rules: Policy, book: Book, now: int) -> Decision:
    wanted = intent(flip=True, created=NOW)
    return decide(wanted, book, Mandates(rules), quote(ts=now), now, broker="paper")


@pytest.mark.parametrize(("now", "open_"), [(END - 1, True), (END, False), (END + 1, False)])
def test_it_is_open_until_the_nanosecond_of_its_end(*, now: int, open_: bool) -> None:
    rules = flipping()
    decision = answer(rules, fund(rules), now)
    assert decision.order is not None
    assert decision.order.flip is open_
    # After the end it is what the base persona makes of it: five per cent of NAV, times 1.25.
    base = 62_500 * UNIT
    assert decision.sizing.persona == (base * 3 // 2 if open_ else base)


def test_once_its_end_was_reached_a_clock_set_back_opens_nothing() -> None:
    rules = flipping()
    book = fund(rules)
    book.apply(BranchEnded(VAULT, "flip", END, END))
    for state in (book, Book.from_state(encode(book.state()))):
        decision = answer(rules, state, NOW)
        assert decision.order is not None
        assert not decision.order.flip
    # One that is opened after it, with an end of its own, is another.
    later = answer(flipping(END + 1), book, NOW)
    assert later.order is not None
    assert later.order.flip
    # And it is no matter of another vault's.
    assert book.ended == {VAULT: END}


def test_a_boost_ends_the_same_way() -> None:
    rules = policy(boosts={VAULT: Boost(until=END, multiplier=2 * PPM)})
    book = fund(rules)
    assert answer(rules, book, END - 1).sizing.boost == 2 * PPM
    assert answer(rules, book, END).sizing.boost == 0
    book.apply(BranchEnded(VAULT, "boost", END, END))
    assert answer(rules, book, NOW).sizing.boost == 0


def test_every_end_is_told_once() -> None:
    overlay = OverlayPolicy(
        flips={VAULT: Flip(until=END), OTHER: Flip(until=FOREVER)},
        boosts={VAULT: Boost(until=END + 1), OTHER: Boost(until=END)},
    )
    assert list(ended(overlay, {}, END - 1)) == []
    assert [(one.vault, one.kind) for one in ended(overlay, {}, END)] == [
        (VAULT, "flip"),
        (OTHER, "boost"),
    ]
    both = list(ended(overlay, {}, END + 1))
    assert [(one.vault, one.kind) for one in both] == [
        (VAULT, "flip"),
        (OTHER, "boost"),
        (VAULT, "boost"),
    ]
    book = Book()
    for one in both:
        book.apply(one)
    assert list(ended(overlay, book.ended, END + HOUR)) == []


# The service -------------------------------------------------------------------------------------


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.source[:] = [published(flipping())]
    yield made
    made.end()


def flips(node: Node) -> list[bool]:
    return [order.flip for order in node.broker.orders.values()]


def test_it_is_gone_with_git_alpha_and_controller_gone(node: Node) -> None:
    """Nobody publishes anything any more; only the clock goes on."""
    node.wants(flip=True)
    node.step(2)
    node.wait(MINUTE)
    node.wants("MSFT", flip=True)
    node.step(2)
    assert flips(node) == [True, False]
    assert node.types().count("branch.ended") == 1
    node.holds_together()


def test_an_intent_that_waited_over_the_end_is_the_base_personas(node: Node) -> None:
    node.boot()
    node.broker.away = True
    node.wants(flip=True)
    node.step(2)
    node.wait(MINUTE)
    node.broker.away = False
    node.step(3)
    assert flips(node) == [False]


def test_it_stays_gone_over_a_restart_with_the_clock_set_back(node: Node) -> None:
    node.step(1)
    node.wait(MINUTE)
    node.step(1)
    node.end()
    node.clock.now = NOW + 10 * SECOND
    node.boot()
    node.wants(flip=True)
    node.step(3)
    assert flips(node) == [False]
    assert node.types().count("branch.ended") == 1
    node.holds_together()


def test_a_later_publication_of_the_same_flip_does_not_open_it_again(node: Node) -> None:
    node.step(1)
    node.wait(MINUTE)
    node.step(1)
    again = msgspec.structs.replace(flipping(), nodes=node.source[0].policy.nodes)
    node.source[:] = [published(again, 2)]
    node.clock.now = NOW + 10 * SECOND
    node.wants(flip=True)
    node.step(3)
    assert flips(node) == [False]
