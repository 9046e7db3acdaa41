"""What the property tests of the fences draw from: policies, orders, markets, and a book to ask."""

from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from tests.executor.building import (
    AAPL,
    BUILD,
    COMMIT,
    NOW,
    OTHER,
    VAULT,
    case,
    filled,
    fund,
    hold,
    in_stablecoin,
    intent,
    made,
    order,
    pegged,
    policy,
    quote,
    vault,
)
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import FOREVER, MINUTE, SECOND
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.domain.trading import Decision, Order, Quote, Sizing
from vanta.executor.book import Book
from vanta.executor.edition import EDITION
from vanta.executor.events import DecisionMade, MessageSent, OrderPrepared
from vanta.executor.fences.registry import judge
from vanta.lattice.direction import BOUNDLESS, Table
from vanta.lattice.governed import Governed, directions

EDGES = [0, 1, 10 * UNIT, 1000 * UNIT - 1, 1000 * UNIT, 1000 * UNIT + 1, 11_000 * UNIT, BOUNDLESS]
SHARES = [0, 1, 199, 200, 201, 999, 1000, 1001, 20_000, 550_000, 800_000, PPM, 2 * PPM]
TIMES = [0, 1, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, FOREVER]
NAMES = [
    frozenset({"*"}),
    frozenset({"AAPL", "paper", "equity", "fiat", "crypto", "BTC-USD", BUILD}),
    frozenset[str](),
]
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
        if name == "label" or draw(st.integers(0, 3)) == 0:
            continue
        if name == "name":
            changes[name] = draw(st.sampled_from(["ares", "ares", "athena"]))
        elif name == "sectors":
            changes[name] = draw(st.sampled_from([SECTORS, {}, {"AAPL": "equity"}]))
        elif name == "bands":
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
        released=draw(st.sampled_from([frozenset[str](), frozenset({NONCE}), frozenset({"x"})])),
    )


OLD = "b" * 40
"""A commit that was in force until a minute before now."""
NONCE = "0123456789abcdef"
"""Of a throttle that was set off for the strategy `again`."""


def held() -> tuple[Book, Policy]:
    """A book in which something of everything that fences count has happened.

    Positions in two vaults, open orders on both sides, a small loss, messages, repetitions, a
    throttle that was set off, and a policy that was in force before.
    """
    rules = policy({VAULT: vault(universe={"sectors": SECTORS}), OTHER: vault()})
    book = fund(rules)
    hold(book, rules, "AAPL", 100, 100, fee=1)
    hold(book, rules, "AAPL", 50, 100, OTHER)
    made(intent("MSFT"), book, rules, quote("MSFT"))
    book.vaults[VAULT].recent["AAPL buy reflect"] = NOW - 5 * MINUTE
    for number in range(3):
        book.apply(MessageSent(f"ord_{number}", "cancel", VAULT, "paper", "reflect", NOW - SECOND))
        book.tallies.order(order(), NOW - SECOND)
    book.tallies.shut_off(VAULT, "again", f"intent_{NONCE}")
    book.tallies.supersede(OLD, COMMIT, NOW - MINUTE)
    return book, rules


def moneyed() -> tuple[Book, Policy]:
    """The same, and the vault has stablecoin, some of it reserved, and a coin."""
    book, rules = held()
    bought = order("USDC-USD", 5000, 1, strategy="convert")
    place(book, bought, pegged())
    filled(book, bought, price=UNIT)
    coin = msgspec.structs.replace(order("BTC-USDC", 1, 20_000), quantity=UNIT // 10)
    place(book, coin, in_stablecoin())
    filled(book, coin, quantity=UNIT // 20, price=20_000 * UNIT)
    return book, rules


def place(book: Book, placed: Order, market: Quote) -> None:
    """An order in the book, past every fence."""
    wanted = intent(placed.symbol, id=placed.intent_id, side=placed.side, reducing=placed.reducing)
    decision = Decision("dec_x", wanted.id, "accept", placed, Sizing(0, 0, 0, 0, 0), ())
    book.apply(DecisionMade(wanted, market, NOW, "paper", decision, EDITION))
    book.apply(OrderPrepared(placed))


coins = st.builds(
    lambda quantity, price, side: msgspec.structs.replace(
        order("BTC-USDC", 1, price, side=side), quantity=quantity * UNIT // 100
    ),
    quantity=st.sampled_from([0, 1, 5, 10, 15, 100]),
    price=st.sampled_from([19_700, 20_000, 20_300, 21_000]),
    side=st.sampled_from(["buy", "buy", "sell"]),
)
conversions = st.builds(
    lambda quantity, price, side: order(
        "USDC-USD", quantity, limit_price=price, side=side, reducing=side == "sell",
        strategy="convert", conviction=0,
    ),
    quantity=st.sampled_from([0, 1, 1000, 2000, 3000, 4000, 10_000, 10**6]),
    price=st.sampled_from([UNIT, UNIT * 98 // 100, UNIT * 101 // 100, UNIT * 105 // 100]),
    side=st.sampled_from(["buy", "sell"]),
)  # fmt: skip


orders = st.builds(
    order,
    st.just("AAPL"),
    quantity=st.sampled_from([0, 1, 10, 11, 100, 101]),
    price=st.sampled_from([99, 100, 102, 103]),
    side=st.sampled_from(["buy", "sell"]),
    reducing=st.booleans(),
    flip=st.booleans(),
    conviction=st.sampled_from([0, 549_999, 550_000, 800_000, PPM]),
    strategy=st.sampled_from(["reflect", "reflect", "reflect", "again"]),
)
origins: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {"policy": OLD}, {"policy": "e" * 40}, {"build": "markets@9.9.9"}]
)
"""What an intent says it was made by; mostly what is taken."""

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


def denied(
    rules: Policy,
    book: Book,
    proposed: Order,
    market: Quote | None,
    origin: dict[str, Any] | None = None,
) -> set[str]:
    """Codes of the fences that say no to an order as it is proposed."""
    of = case(proposed, rules, book, market, **(origin or {}))
    answers = judge(proposed, of)
    return {answer.code for answer in answers if not answer.passed}
