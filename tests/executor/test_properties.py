"""What holds for every order, policy and sequence, not only for the ones somebody thought of."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.executor.building import (
    AAPL,
    NOW,
    OTHER,
    VAULT,
    case,
    filled,
    fund,
    hold,
    intent,
    made,
    order,
    policy,
    quote,
    vault,
)
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT, notional
from vanta.domain.instant import DAY, FOREVER, MINUTE, SECOND
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.domain.trading import Order, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.events import DecisionMade, OrderCancelled
from vanta.executor.fences.registry import ALL_PASSED, FENCES, judge, measure
from vanta.executor.mandate import PATHS, Mandate, Mandates
from vanta.executor.positions import UNCLASSIFIED
from vanta.lattice.algebra import close, compare, meet, tighten, tightenings
from vanta.lattice.direction import BOUNDLESS, Table
from vanta.lattice.direction import Order as Standing
from vanta.lattice.governed import Governed, directions

EDGES = [0, 1, 10 * UNIT, 1000 * UNIT - 1, 1000 * UNIT, 1000 * UNIT + 1, 11_000 * UNIT, BOUNDLESS]
SHARES = [0, 1, 199, 200, 201, 999, 1000, 1001, 20_000, 550_000, 800_000, PPM, 2 * PPM]
TIMES = [0, 1, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, FOREVER]
NAMES = [frozenset({"*"}), frozenset({"AAPL", "paper", "equity", "fiat"}), frozenset[str]()]
SECTORS = {"AAPL": "technology"}

shares = st.sampled_from(SHARES)
tables = st.builds(
    Table,
    shares,
    st.dictionaries(st.sampled_from(["AAPL", "technology", "equity", "paper"]), shares, max_size=2),
)
switched = st.builds(
    Switches,
    **{name: st.sampled_from([0, 0, 0, NOW, FOREVER]) for name in Switches.__struct_fields__},
)
switch_tables = st.builds(
    Table,
    switched,
    st.dictionaries(st.sampled_from([VAULT, "paper", "reflect"]), switched, max_size=1),
)
flips = st.builds(
    Flip,
    until=st.sampled_from([0, NOW, NOW + 1, FOREVER]),
    slice=shares,
    amplifier=shares,
    conviction=shares,
)
boosts = st.builds(Boost, until=st.sampled_from([0, NOW, NOW + 1, FOREVER]), multiplier=shares)


G = TypeVar("G", bound=Governed)


def _rules(draw: st.DrawFn, base: G) -> G:
    """`base` with some of its governed fields drawn from around the limits of the test's orders."""
    changes: dict[str, Any] = {}
    for name in directions(type(base)):
        value = getattr(base, name)
        if name in {"sectors", "label", "name"} or draw(st.integers(0, 3)) == 0:
            continue
        if name == "bands":
            changes[name] = draw(
                st.sampled_from([(), ((0, 1000),), ((0, 999),), ((550_000, PPM),)])
            )
        elif hasattr(value, "__struct_fields__") and not isinstance(value, Table):
            changes[name] = _rules(draw, value)
        elif isinstance(value, Table):
            changes[name] = draw(tables)
        elif isinstance(value, bool):
            changes[name] = draw(st.booleans())
        elif isinstance(value, frozenset):
            changes[name] = draw(st.sampled_from(NAMES))
        else:
            changes[name] = draw(st.sampled_from([value, *EDGES, *SHARES, *TIMES]))
    return msgspec.structs.replace(base, **changes)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    base = vault(universe={"sectors": SECTORS})
    scopes = {name: draw(switch_tables) for name in ("vaults", "venues", "strategies")}
    quiet = draw(st.booleans())
    overlay = OverlayPolicy(
        everywhere=Switches() if quiet else draw(switched),
        **({} if quiet else scopes),
        flips=draw(st.dictionaries(st.just(VAULT), flips)),
        boosts=draw(st.dictionaries(st.just(VAULT), boosts)),
    )
    names = [VAULT, OTHER] if draw(st.integers(0, 5)) else [OTHER]
    return Policy(
        environment="dev",
        account=_rules(draw, policy().account),
        vaults={name: _rules(draw, base) for name in names},
        overlay=overlay,
    )


def held() -> tuple[Book, Policy]:
    """A book with positions in two vaults, an open order, and a small loss."""
    rules = policy({VAULT: vault(universe={"sectors": SECTORS}), OTHER: vault()})
    book = fund(rules)
    hold(book, rules, "AAPL", 100, 100, fee=1)
    hold(book, rules, "AAPL", 50, 100, OTHER)
    made(intent("MSFT"), book, rules, quote("MSFT"))
    book.vaults[VAULT].recent["AAPL buy reflect"] = NOW - 5 * MINUTE
    return book, rules


orders = st.builds(
    order,
    st.just("AAPL"),
    quantity=st.sampled_from([0, 1, 10, 11, 100, 101]),
    price=st.sampled_from([99, 100, 102, 103]),
    side=st.sampled_from(["buy", "sell"]),
    reducing=st.booleans(),
    flip=st.booleans(),
    conviction=st.sampled_from([0, 549_999, 550_000, 800_000, PPM]),
)
markets = st.sampled_from(
    [
        quote(),
        quote(price=95),
        quote(adv=0),
        quote(ts=NOW - 31 * SECOND),
        quote(session="closed"),
        quote(instrument=msgspec.structs.replace(AAPL, shortable=False)),
        None,
    ]
)


def denied(rules: Policy, book: Book, proposed: Order, market: Quote | None) -> set[str]:
    of = case(proposed, rules, book, market)
    answers = judge(proposed, of)
    return {answer.code for answer in answers if not answer.passed}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), policies(), orders, markets)
def test_a_tighter_policy_never_admits_what_a_looser_one_denied(
    loose: Policy, other: Policy, proposed: Order, market: Quote | None
) -> None:
    """And not only as a whole: whatever code denied goes on denying."""
    book, _ = held()
    before = denied(loose, book, proposed, market)
    tight = meet(loose, other)
    assert compare(tight, loose) in {Standing.TIGHTER, Standing.EQUAL}
    assert before <= denied(tight, book, proposed, market)
    for one in tightenings(loose, other):
        assert before <= denied(tighten(loose, [one]), book, proposed, market), one.path


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies(), orders, markets)
def test_the_tightest_policy_keeps_every_denial(
    loose: Policy, proposed: Order, market: Quote | None
) -> None:
    book, _ = held()
    before = denied(loose, book, proposed, market)
    assert before <= denied(close(loose), book, proposed, market)
    gone = msgspec.structs.replace(loose, vaults={})
    assert before <= denied(gone, book, proposed, market)


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


def test_every_declared_path_is_a_field_of_the_policy() -> None:
    rules = policy(flips={VAULT: Flip()}, boosts={VAULT: Boost()})
    for fence in FENCES:
        for path in fence.paths:
            value: Any = rules
            for step in path:
                value = next(iter(value.values())) if step == "*" else getattr(value, step)
    assert set(PATHS) == {name for fence in FENCES for name in fence.reads} | {"persona"}


# No accepted sequence breaches a cap ------------------------------------------------------------


def breaches(book: Book, rules: Policy, name: str, symbol: str) -> Iterable[str]:
    """Caps that a book breaches, summed from its lines and orders with nothing kept on the way."""
    of, account = rules.vaults[name], rules.account
    gross = {
        (vault_name, held_symbol): _worst(book, vault_name, held_symbol)
        for vault_name, held_vault in book.vaults.items()
        for held_symbol in held_vault.lines
    }
    mine = {key[1]: value for key, value in gross.items() if key[0] == name}
    nav = book.vaults[name].cash + sum(
        line.quantity * line.mark // UNIT for line in book.vaults[name].lines.values()
    )
    share = gross[name, symbol]
    sector = of.universe.sectors.get(symbol, UNCLASSIFIED)
    together = sum(
        value
        for held_symbol, value in mine.items()
        if of.universe.sectors.get(held_symbol, UNCLASSIFIED) == sector
    )
    caps = {
        "per symbol": (share, of.positions.per_symbol),
        "account per symbol": (
            sum(value for key, value in gross.items() if key[1] == symbol),
            account.per_symbol,
        ),
        "gross": (sum(mine.values()), of.exposure.gross),
        "capital": (sum(mine.values()), of.capital),
        "account gross": (sum(gross.values()), account.gross),
        "ticker": (share * PPM, of.exposure.per_ticker.at(symbol) * nav),
        "sector": (together * PPM, of.exposure.per_sector.at(sector) * nav),
        "net": (max(_net(book, [name])), of.exposure.net),
        "account net": (max(_net(book, list(book.vaults))), account.net),
        "buying power": (0, _free(book, name)),
        "open orders": (
            sum(one.order.vault == name for one in book.open.values()),
            of.concurrency.open_orders,
        ),
        "account open orders": (len(book.open), account.open_orders),
        "positions": (sum(value > 0 for value in mine.values()), of.concurrency.positions),
    }
    return [cap for cap, (amount, limit) in caps.items() if amount > limit]


def _orders(book: Book, name: str, side: str) -> Iterable[tuple[str, int]]:
    for opened in book.open.values():
        one = opened.order
        if one.vault == name and one.side == side and not one.reducing:
            yield one.symbol, notional(opened.price, opened.remaining, one.multiplier)


def _worst(book: Book, name: str, symbol: str) -> int:
    line = book.vaults[name].lines[symbol]
    worth = notional(line.mark, abs(line.quantity))
    buys = sum(amount for one, amount in _orders(book, name, "buy") if one == symbol)
    sells = sum(amount for one, amount in _orders(book, name, "sell") if one == symbol)
    return max(
        (worth if line.quantity > 0 else 0) + buys, (worth if line.quantity < 0 else 0) + sells
    )


def _net(book: Book, names: list[str]) -> tuple[int, int]:
    net = buys = sells = 0
    for name in names:
        for line in book.vaults[name].lines.values():
            worth = notional(line.mark, abs(line.quantity))
            net += worth if line.quantity > 0 else -worth
        buys += sum(amount for _, amount in _orders(book, name, "buy"))
        sells += sum(amount for _, amount in _orders(book, name, "sell"))
    return net + buys, sells - net


def _free(book: Book, name: str) -> int:
    shorts = sum(
        notional(line.mark, -line.quantity)
        for line in book.vaults[name].lines.values()
        if line.quantity < 0
    )
    reserved = sum(amount for side in ("buy", "sell") for _, amount in _orders(book, name, side))
    return book.vaults[name].cash - reserved - 2 * shorts


steps = st.lists(
    st.tuples(
        st.sampled_from(["intent", "intent", "intent", "fill", "part", "cancel"]),
        st.sampled_from(["AAPL", "MSFT", "BTC-USD"]),
        st.sampled_from([VAULT, OTHER]),
        st.sampled_from(["buy", "buy", "sell"]),
        st.sampled_from([600_000, 800_000, 900_000]),
        st.sampled_from([90, 100, 110]),
        st.booleans(),
    ),
    min_size=15,
    max_size=60,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 10))
def test_no_accepted_sequence_breaches_a_cap(sequence: list[Any], seed: int) -> None:
    wide = {
        "per_ticker": Table(150_000),
        "per_sector": Table(200_000),
        "gross": 300_000 * UNIT,
        "net": 200_000 * UNIT,
    }
    one = vault(
        orders={"duplicate_window": 0, "max_notional": 60_000 * UNIT},
        positions={"short": True, "per_symbol": 140_000 * UNIT},
        exposure=wide,
        concurrency={"open_orders": 4, "positions": 2},
        losses={"daily": BOUNDLESS, "drawdown": PPM, "streak": 100},
        capital=(seed + 1) * 50_000 * UNIT,
        bands=((0, 120_000),),
    )  # fmt: skip
    account = {"gross": 400_000 * UNIT, "net": 250_000 * UNIT, "per_symbol": 180_000 * UNIT}
    rules = policy({VAULT: one, OTHER: one}, account={**account, "open_orders": 6})
    book = fund(rules, cash=(seed + 1) * 60_000 * UNIT)
    for number, (kind, symbol, name, side, conviction, price, reducing) in enumerate(sequence):
        now = NOW + number
        if kind == "intent":
            wanted = intent(symbol, vault=name, side=side, conviction=conviction, reducing=reducing)
            before = book.vaults[name].lines.get(symbol)
            quantity = before.quantity if before else 0
            event = made(wanted, book, rules, quote(symbol, price, ts=now), now)
            if event.decision.order is None:
                continue
            if reducing:
                assert event.decision.order.quantity <= abs(quantity)
                assert (quantity > 0) == (side == "sell")
                continue
            assert list(breaches(book, rules, name, symbol)) == []
        elif book.open:
            opened = list(book.open.values())[number % len(book.open)]
            if kind == "cancel":
                book.apply(OrderCancelled(opened.order.client_order_id, "asked"))
            else:
                lot = (
                    opened.order.quantity // 2 // UNIT * UNIT
                    if kind == "part"
                    else opened.remaining
                )
                filled(book, opened.order, min(lot, opened.remaining) or opened.remaining, fee=UNIT)
    again = Book.from_state(encode(book.state()))
    assert encode(again.state()) == encode(book.state())


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
