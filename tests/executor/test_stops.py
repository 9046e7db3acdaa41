"""Exits of the Executor's own: when a persona gets out, and that it does so once."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    filled,
    fund,
    hold,
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
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, SECOND
from vanta.domain.policy import OverlayPolicy, Policy
from vanta.domain.switches import SWITCHES, Switches
from vanta.domain.trading import Fill, OrderState, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.events import BookMarked, ExitWanted, OrderCancelled, OrderFilled, PolicyAdopted
from vanta.executor.mandate import Mandates
from vanta.executor.replay import replay
from vanta.executor.stops import LIFE, RETRY, STRATEGY, Seen, stops
from vanta.governance.latch import LATCH

CENT = UNIT // 100


def rules(**persona: int) -> Policy:
    return policy({VAULT: vault(persona=persona, positions={"short": True}), OTHER: vault()})


def found(book: Book, under: Policy, market: Quote, now: int = NOW) -> tuple[ExitWanted, ...]:
    return stops(book, Mandates(under), [Seen("paper", market)], now)


def kinds(book: Book, under: Policy, market: Quote, now: int = NOW) -> list[str]:
    return [one.cause.kind for one in found(book, under, market, now)]


def holding(under: Policy, quantity: int = 10, price: int = 100) -> Book:
    book = fund(under)
    hold(book, under, "AAPL", quantity, price)
    return book


# When --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "out"), [("96.01", []), ("96.00", ["stop_loss"])])
def test_a_stop_loss_counts_from_its_limit_on(price: str, out: list[str]) -> None:
    under = rules(stop_loss=40_000)
    assert kinds(holding(under), under, quote("AAPL", price)) == out


@pytest.mark.parametrize(("price", "out"), [("103.99", []), ("104.00", ["stop_loss"])])
def test_and_of_a_short_position_as_it_rises(price: str, out: list[str]) -> None:
    under = rules(stop_loss=40_000)
    [*wanted] = found(holding(under, -10), under, quote("AAPL", price))
    assert [one.cause.kind for one in wanted] == out
    assert all((one.intent.side, one.intent.reducing) == ("buy", True) for one in wanted)


@pytest.mark.parametrize(("price", "out"), [("114.01", []), ("114.00", ["trailing"])])
def test_a_trailing_stop_is_measured_from_the_best_price_since(price: str, out: list[str]) -> None:
    under = rules(stop_loss=40_000, trailing=50_000)
    book = holding(under)
    book.apply(BookMarked((quote("AAPL", 120),)))
    book.apply(BookMarked((quote("AAPL", 118),)))
    wanted = found(book, under, quote("AAPL", price))
    assert [one.cause.kind for one in wanted] == out
    assert all((one.cause.best, one.cause.cost) == (120 * UNIT, 100 * UNIT) for one in wanted)


@pytest.mark.parametrize(("price", "out"), [("83.99", []), ("84.00", ["trailing"])])
def test_and_of_a_short_position_from_the_lowest(price: str, out: list[str]) -> None:
    under = rules(trailing=50_000)
    book = holding(under, -10)
    book.apply(BookMarked((quote("AAPL", 80),)))
    assert kinds(book, under, quote("AAPL", price)) == out


@pytest.mark.parametrize(("after", "out"), [(3 * DAY, []), (3 * DAY + 1, ["horizon"])])
def test_a_horizon_is_measured_by_the_markets_time(after: int, out: list[str]) -> None:
    under = rules(horizon=3 * DAY)
    market = quote("AAPL", 101, market_time=NOW + after)
    assert kinds(holding(under), under, market) == out


def test_what_was_bought_later_is_held_since_the_first_fill_and_a_new_position_anew() -> None:
    under = rules(horizon=3 * DAY, trailing=50_000)
    book = holding(under)
    first = book.holdings[VAULT]["AAPL"].entry
    hold(book, under, "AAPL", 10, 130)
    kept = book.holdings[VAULT]["AAPL"]
    assert (kept.entry, kept.best) == (first, 130 * UNIT)
    hold(book, under, "AAPL", -20, 90)
    assert book.holdings[VAULT] == {}
    hold(book, under, "AAPL", 5, 90)
    assert book.holdings[VAULT]["AAPL"].best == 90 * UNIT
    hold(book, under, "AAPL", -8, 95)
    turned = book.holdings[VAULT]["AAPL"]
    assert (turned.best, turned.entry != first) == (95 * UNIT, True)


def test_a_term_of_nothing_is_no_term() -> None:
    under = rules(stop_loss=0, trailing=0, horizon=0)
    assert kinds(holding(under), under, quote("AAPL", 1, market_time=NOW + 900 * DAY)) == []


@pytest.mark.parametrize(
    "market",
    [
        quote("AAPL", 50, session="closed"),
        quote("AAPL", 50, session="halted"),
        quote("AAPL", 50, ts=NOW - MINUTE - 1),
        quote("AAPL", 50, ts=NOW + 1),
        msgspec.structs.replace(quote("AAPL", 50), bid=0),
        msgspec.structs.replace(quote("AAPL", 50), bid=60 * UNIT),
        quote("MSFT", 50),
    ],
)
def test_a_market_that_is_closed_old_or_none_waits(market: Quote) -> None:
    under = rules(stop_loss=40_000)
    assert found(holding(under), under, market) == ()


@pytest.mark.parametrize("switch", SWITCHES)
def test_switches_hold_exits_back_where_they_forbid_reducing(switch: str) -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    halted = msgspec.structs.replace(
        under, overlay=OverlayPolicy(everywhere=Switches(**{switch: FOREVER}))
    )
    market = quote("AAPL", 50)
    assert kinds(book, halted, market) == (["stop_loss"] if switch == "reduce_only" else [])


def test_only_the_vault_whose_persona_has_had_enough_gets_out() -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    hold(book, under, "AAPL", 10, 100, OTHER)
    [one] = found(book, under, quote("AAPL", 90))
    assert one.intent.vault == VAULT


# How often ---------------------------------------------------------------------------------------


def wants_out(book: Book, under: Policy, market: Quote, now: int = NOW) -> ExitWanted:
    [one] = found(book, under, market, now)
    book.apply(one)
    return one


def test_an_exit_closes_all_that_is_held_and_is_wanted_once() -> None:
    under = rules(stop_loss=40_000)
    book, market = holding(under), quote("AAPL", 90)
    wanted = wants_out(book, under, market)
    assert found(book, under, market, NOW + HOUR) == ()
    placed = made(wanted.intent, book, under, market).decision.order
    assert placed is not None
    assert (placed.quantity, placed.side, placed.strategy) == (10 * UNIT, "sell", STRATEGY)
    assert (placed.conviction, placed.band) == (800_000, "strong")
    assert book.wanted == {}
    late = quote("AAPL", 90, ts=NOW + HOUR)
    assert found(book, under, late, NOW + HOUR) == ()
    filled(book, placed)
    assert found(book, under, late, NOW + HOUR) == ()
    assert book.holdings[VAULT] == {}


def test_what_came_to_nothing_is_wanted_again_after_a_while_that_doubles() -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    seen, now = set[str](), NOW
    for wait in (RETRY, 2 * RETRY, 4 * RETRY):
        wanted = wants_out(book, under, quote("AAPL", 90, ts=now), now)
        seen.add(wanted.intent.id)
        placed = made(wanted.intent, book, under, quote("AAPL", 90, ts=now), now).decision.order
        assert placed is not None
        book.apply(OrderCancelled(placed.client_order_id, "NOT_REACHED"))
        early = now + wait - 1
        assert found(book, under, quote("AAPL", 90, ts=early), early) == ()
        now += wait
    assert len(seen) == 3


def test_a_rest_below_one_lot_is_left_alone() -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    placed = order("AAPL", 10, 100, side="sell", reducing=True)
    wanted = intent("AAPL", id=placed.intent_id, side="sell", reducing=True)
    closing = made(wanted, book, under, quote()).decision.order
    assert closing is not None
    part = Fill("x", closing.client_order_id, "AAPL", "sell", 10 * UNIT - 1, 100 * UNIT, 0, NOW)
    book.apply(OrderFilled(part))
    book.apply(OrderCancelled(closing.client_order_id, "asked"))
    assert book.vaults[VAULT].lines["AAPL"].quantity == 1
    assert found(book, under, quote("AAPL", 50)) == ()


@given(
    bought=st.integers(CENT, 10**6 * UNIT),
    quantity=st.integers(1, 10**6),
    short=st.booleans(),
    price=st.integers(2 * CENT, 10**6 * UNIT),
    limit=st.integers(1, PPM),
)
@settings(max_examples=60, deadline=None)
def test_no_rounding_stands_between_a_price_and_its_limit(
    *, bought: int, quantity: int, short: bool, price: int, limit: int
) -> None:
    under = rules(stop_loss=limit)
    book = fund(under)
    hold(book, under, "AAPL", -quantity if short else quantity, 1)
    line, kept = book.vaults[VAULT].lines["AAPL"], book.holdings[VAULT]["AAPL"]
    line.cost, kept.best = bought * quantity, bought
    market = msgspec.structs.replace(quote(), bid=price, ask=price)
    lost = price - bought if short else bought - price
    met = lost > 0 and lost * PPM >= limit * bought
    assert kinds(book, under, market) == (["stop_loss"] if met else [])


def test_a_book_read_back_wants_the_same_exits_as_the_one_that_was_written() -> None:
    under = rules(stop_loss=40_000, trailing=50_000)
    book = holding(under)
    book.apply(BookMarked((quote("AAPL", 110),)))
    again = Book.from_state(encode(book.state()))
    market = quote("AAPL", "104.4")
    assert encode(found(again, under, market)) == encode(found(book, under, market)) != b"[]"
    wants_out(book, under, market)
    assert Book.from_state(encode(book.state())).wanted == book.wanted


def test_the_fences_are_asked_and_a_fence_can_keep_it_in() -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    wanted = wants_out(book, under, quote("AAPL", 90)).intent
    shut = quote("AAPL", 90, session="closed")
    denied = decide(wanted, book, Mandates(under), shut, NOW, broker="paper")
    assert [one.code for one in denied.reasons] == ["SESSION"]
    late = decide(wanted, book, Mandates(under), quote("AAPL", 90), NOW + LIFE, broker="paper")
    assert "INTENT_EXPIRED" in [one.code for one in late.reasons]


# The service -------------------------------------------------------------------------------------


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    made.source[:] = [published(rules(stop_loss=40_000, trailing=50_000))]
    yield made
    made.end()


def entered(node: Node) -> None:
    node.wants("AAPL")
    node.step(4)
    assert node.broker.held["AAPL"] > 0


def test_a_fall_takes_the_vault_out_with_a_reason_on_record(node: Node) -> None:
    entered(node)
    node.price("AAPL", 90)
    node.step(5)
    assert node.broker.held["AAPL"] == 0
    body = node.body("exit.wanted")
    assert body["cause"]["kind"] == "stop_loss"  # type: ignore[index]
    assert body["cause"]["price"] == 90 * UNIT  # type: ignore[index]
    [wanted] = [record for record in node.log() if record.type == "exit.wanted"]
    [decision] = [record for record in node.log() if record.parents == (wanted.id,)]
    assert (decision.type, decision.dag_id) == ("decision.made", wanted.dag_id)
    node.holds_together()


def test_a_way_out_that_the_market_ran_away_from_is_wanted_anew_at_its_price(node: Node) -> None:
    entered(node)
    node.broker.filling = False
    node.price("AAPL", 90)
    node.step(5)
    [first] = [one for one in node.broker.orders.values() if one.side == "sell"]
    node.price("AAPL", 80)
    node.wait(MINUTE // 2)
    node.step(3)
    assert node.types().count("exit.wanted") == 1, "it may fill yet"
    node.wait(MINUTE)
    node.price("AAPL", 80)
    node.step(2)
    assert node.broker.states[first.client_order_id] is OrderState.CANCELLED
    assert node.body("message.sent")["why"] == "OUTLIVED"
    node.broker.filling = True
    node.step(6)
    assert node.broker.held["AAPL"] == 0
    *_, second = [one for one in node.broker.orders.values() if one.side == "sell"]
    assert second.limit_price < first.limit_price
    node.holds_together()


BETWEEN = (
    "exits journalled", "decided", "decisions journalled", "gate looked", "submitted",
    "outcomes journalled",
)  # fmt: skip


@pytest.mark.parametrize("between", BETWEEN)
def test_killed_anywhere_on_the_way_out_it_still_gets_out_once(node: Node, between: str) -> None:
    class KilledError(BaseException):
        pass

    def strike(name: str) -> None:
        if name == between and any(one.type == "exit.wanted" for one in node.log()):
            raise KilledError

    entered(node)
    node.price("AAPL", 90)
    node.boot(strike)
    with pytest.raises(KilledError):
        node.step(6)
    node.boot()
    node.step(6)
    assert node.broker.held["AAPL"] == 0
    assert node.types().count("exit.wanted") == 1
    assert max(node.broker.submitted.values()) == 1
    assert len(node.broker.orders) == 2
    node.holds_together()


@pytest.mark.parametrize("fault", ["", "lose_answers", "lose_orders", "late"])
def test_killed_at_every_step_in_turn_it_gets_out_once_whatever_the_broker_does(
    tmp_path: Path, fault: str
) -> None:
    """The n-th checkpoint after the fall, for every n there is."""

    class KilledError(BaseException):
        pass

    killed = 0
    for nth in range(60):
        left = nth

        def strike(_: str) -> None:
            nonlocal left
            if left == 0:
                left = -1
                raise KilledError
            left -= 1

        (tmp_path / str(nth)).mkdir()
        node = Node(tmp_path / str(nth))
        node.source[:] = [published(rules(stop_loss=40_000))]
        entered(node)
        node.price("AAPL", 90)
        if fault:
            setattr(node.broker, fault, 1)
        node.boot(strike)
        try:
            node.step(4)
        except KilledError:
            killed += 1
        node.boot()
        node.step(6)
        node.wait(RETRY)
        node.step(6)
        assert node.broker.held["AAPL"] == 0
        sold = [one for one in node.broker.orders.values() if one.side == "sell"]
        assert sum(node.broker.filled[one.client_order_id] for one in sold) == sum(
            node.broker.filled[name] for name, one in node.broker.orders.items() if one not in sold
        )
        node.holds_together()
        node.end()
    assert killed > 20


def test_two_vaults_on_either_side_of_a_symbol_are_both_looked_after() -> None:
    under = rules(stop_loss=40_000)
    book = holding(under)
    hold(book, under, "AAPL", -10, 100, OTHER)
    assert book.symbols["AAPL"].quantity == 0
    assert book.held(NOW + 1) == ["AAPL"]


def test_a_halt_holds_it_in_and_the_fall_is_acted_on_once_it_ends(node: Node) -> None:
    entered(node)
    latch = node.layout.memory / LATCH
    latch.write_text("{}")
    node.price("AAPL", 90)
    node.step(5)
    assert "exit.wanted" not in node.types()
    latch.unlink()
    node.step(4)
    assert node.broker.held["AAPL"] == 0


def test_reduce_only_lets_it_out(node: Node) -> None:
    entered(node)
    under = node.source[0].policy
    shut = OverlayPolicy(everywhere=Switches(reduce_only=FOREVER))
    node.source[:] = [published(msgspec.structs.replace(under, overlay=shut), 2)]
    node.price("AAPL", 90)
    node.step(5)
    assert node.broker.held["AAPL"] == 0


def test_a_closed_session_is_waited_for(node: Node) -> None:
    entered(node)
    node.price("AAPL", 90)
    for _ in range(5):
        node.wait(SECOND)
        open_ = node.broker.quotes["AAPL"]
        node.broker.quotes["AAPL"] = msgspec.structs.replace(open_, session="closed")
        assert node.process is not None
        node.process.step()
    assert "exit.wanted" not in node.types()
    node.step(4)
    assert node.broker.held["AAPL"] == 0


def test_a_broker_that_refuses_is_asked_again_under_another_id(node: Node) -> None:
    entered(node)
    node.price("AAPL", 90)
    node.broker.refuse = "NO"
    node.step(4)
    node.broker.refuse = ""
    assert node.types().count("exit.wanted") == 1
    node.wait(RETRY)
    node.step(4)
    assert node.types().count("exit.wanted") == 2
    assert node.broker.held["AAPL"] == 0
    states = list(node.broker.states.values())
    assert states == [OrderState.FILLED] * 2
    node.holds_together()


def test_replay_makes_every_exit_again_and_finds_a_changed_one(node: Node) -> None:
    entered(node)
    node.price("AAPL", 90)
    node.step(5)
    log = node.log()
    for old, new in ((b'"observed":', b'"observed":1'), (b'"entry":"ord_', b'"entry":"ord_f')):
        changed = [
            msgspec.structs.replace(one, body=msgspec.Raw(bytes(one.body).replace(old, new, 1)))
            if one.type == "exit.wanted"
            else one
            for one in log
        ]
        assert changed != log
        assert not all(one.recorded == one.recomputed for one in replay(changed))
    kinds = [one.record_id for one in replay(log)]
    assert len([kind for kind in kinds if kind.startswith("intent_")]) == 1


# A vault that is gone ----------------------------------------------------------------------------


def gone(node: Node) -> None:
    """The next policy has no such vault."""
    under = rules(stop_loss=40_000, trailing=50_000)
    left = msgspec.structs.replace(under, vaults={OTHER: under.vaults[OTHER]})
    node.source[0] = published(left, 2)


def test_a_vault_that_is_gone_gets_out_by_the_last_terms_it_had(node: Node) -> None:
    entered(node)
    gone(node)
    node.step(2)
    node.price("AAPL", 97)
    node.step(4)
    assert "exit.wanted" not in node.types(), "those terms, and not any fall"
    node.price("AAPL", 90)
    node.step(5)
    assert node.broker.held["AAPL"] == 0
    body = node.body("exit.wanted")
    assert (body["cause"]["kind"], body["cause"]["persona"]) == ("stop_loss", "ares")  # type: ignore[index]
    node.holds_together()


def test_it_opens_nothing_more(node: Node) -> None:
    entered(node)
    gone(node)
    node.wants("MSFT")
    node.step(4)
    assert node.broker.held["MSFT"] == 0


def test_its_terms_outlive_the_process_and_the_segment(node: Node) -> None:
    node.boot(rotate_at=1)
    entered(node)
    gone(node)
    node.step(2)
    node.boot(rotate_at=1)
    node.price("AAPL", 90)
    node.step(5)
    assert node.broker.held["AAPL"] == 0
    node.holds_together()


def test_a_vault_that_comes_back_is_under_its_own_terms_again() -> None:
    first, then = rules(stop_loss=40_000), rules(stop_loss=200_000)
    book = holding(first)
    left = msgspec.structs.replace(first, vaults={OTHER: first.vaults[OTHER]})
    book.apply(PolicyAdopted(published(left, 2)))
    assert (kinds(book, left, quote("AAPL", 90)), book.orphans(left.vaults)) == (
        ["stop_loss"], {VAULT: 1}
    )  # fmt: skip
    book.apply(PolicyAdopted(published(then, 3)))
    assert (kinds(book, then, quote("AAPL", 90)), book.orphans(then.vaults)) == ([], {})


def test_a_snapshot_from_before_the_terms_were_kept_replays(node: Node) -> None:
    """A vault was taken away under an earlier build: its journals hold what they held then."""
    node.boot(rotate_at=1)
    entered(node)
    gone(node)
    node.step(3)
    log = [
        msgspec.structs.replace(one, body=msgspec.Raw(unkept(bytes(one.body))))
        if one.type.startswith("journal.")
        else one
        for one in node.log()
    ]
    assert any(b'"former":{"' in bytes(one.body) for one in node.log())
    assert not any(b"former" in bytes(one.body) for one in log)
    assert all(one.recorded == one.recomputed for one in replay(log))


def unkept(body: bytes) -> bytes:
    """A segment's opening as a build wrote it that did not keep those terms yet."""
    opening = msgspec.json.decode(body)
    if opening["state"] is not None:
        del opening["state"]["former"]
    return msgspec.json.encode(opening)
