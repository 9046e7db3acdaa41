"""No accepted sequence breaches a cap.

A machine does whatever can happen to an Executor, in any order: intents of two vaults to two
brokers, fills, half fills, cancels, rejections, moving prices, new days, new policies. After every
order that was accepted, a second book, which adds everything up anew, is asked for every cap.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.executor.building import (
    INSTRUMENTS,
    NOW,
    OTHER,
    VAULT,
    intent,
    policy,
    published,
    quote,
    vault,
)
from tests.executor.naive import Naive, Placed, breaches
from vanta.domain.encoding import encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.policy import Boost, Flip, Policy, VaultPolicy
from vanta.domain.trading import Fill, Instrument, OrderState, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    DecisionMade,
    MessageSent,
    OrderAcknowledged,
    OrderCancelled,
    OrderFilled,
    OrderPrepared,
    OrderRejected,
    OrderUnknown,
    OrderWithheld,
    PolicyAdopted,
    VaultFunded,
)
from vanta.executor.mandate import Mandates
from vanta.executor.tallies import NONCE
from vanta.lattice.direction import Table

CALL, PUT = "AAPL240119C00110000", "AAPL240119P00090000"
OPTION = Instrument(
    CALL, "option", "fiat", UNIT // 100, UNIT, 100, shortable=True, underlying="AAPL", tradable=True
)
WHAT = {
    **INSTRUMENTS,
    CALL: OPTION,
    PUT: msgspec.structs.replace(OPTION, symbol=PUT),
}
PRICES = {"AAPL": 100, "MSFT": 100, "BTC-USD": 100, CALL: 2, PUT: 2}
VAULTS = (VAULT, OTHER)
CASH = 200_000 * UNIT

symbols = st.sampled_from(["AAPL", "AAPL", "AAPL", "MSFT", "BTC-USD", CALL, PUT])
whole = st.integers(0, 10)
wishes = st.tuples(
    symbols,
    st.sampled_from(VAULTS),
    st.sampled_from(["paper", "paper", "alpaca"]),
    st.fixed_dictionaries(
        {
            "side": st.sampled_from(["buy", "buy", "sell"]),
            "conviction": st.sampled_from([600_000, 900_000, 900_000]),
            "strategy": st.sampled_from(["reflect", "reflect", "other"]),
            "flip": st.booleans(),
        }
    ),
    st.sampled_from([0, 3, 10**6, 10**6]),
)
"""Symbol, vault, broker, what else an intent to open says, and how many lots of it fill at once."""


@st.composite
def rules(draw: st.DrawFn) -> Policy:
    """A policy whose caps are low enough to be met within a few orders."""

    def some(*choices: int) -> int:
        """One of them; mostly the last, which leaves room."""
        return draw(st.sampled_from([*choices, *[choices[-1]] * len(choices) * 2]))

    def one(persona: str) -> VaultPolicy:
        return vault(
            capital=some(400, 120, 40) * 1000 * UNIT,
            brokers=frozenset({"*"}),
            universe={"allow": frozenset({"*"})},
            orders={
                "duplicate_window": some(30, 0) * SECOND,
                "max_notional": some(9, 60, 30) * 1000 * UNIT,
                "max_quantity": some(100, 400, 10_000) * UNIT,
                "per_minute": some(3, 60, 60),
                "per_fill": some(3, 8, 100),
            },
            throttle={"repeats": some(20, 2, 3), "window": some(30, 60, 3600) * SECOND},
            positions={"short": True, "per_symbol": some(140, 60, 25) * 1000 * UNIT},
            exposure={
                "gross": some(50, 150, 300) * 1000 * UNIT,
                "net": some(60, 300) * 1000 * UNIT,
                "per_ticker": Table(some(100_000, 300_000)),
                "per_sector": Table(some(200_000, 900_000)),
                "per_asset_class": Table(some(300_000, 900_000)),
            },
            concurrency={
                "open_orders": some(3, 20),
                "positions": some(3, 15),
                "open_orders_per_broker": Table(some(4, 20)),
            },
            liquidity={"max_of_adv": some(500, 100_000)},
            losses={
                "daily": some(300, 2000, 100_000) * UNIT,
                "drawdown": some(5_000, 50_000, PPM),
                "streak": some(0, 1, 100),
            },
            persona={
                "name": persona,
                "multiplier": some(500_000, 1_250_000),
                "gross": some(60, 300, 900) * 1000 * UNIT,
            },
            compounding={"reinvest": some(0, 500_000)},
            stablecoin_buffer=some(700_000, 0),
            bands=((550_000, some(100_000, 150_000)), (850_000, 300_000)),
        )

    together = draw(st.booleans())
    flips = {
        VAULT: Flip(until=NOW + some(0, 600, 86_400) * SECOND, slice=100_000, amplifier=1_500_000)
    }
    boosts = {OTHER: Boost(until=NOW + some(0, 600, 86_400) * SECOND, multiplier=2 * PPM)}
    return policy(
        {VAULT: one("ares"), OTHER: one("ares" if together else "athena")},
        flips=flips,
        boosts=boosts,
        account={
            "gross": some(80, 400) * 1000 * UNIT,
            "net": some(60, 400) * 1000 * UNIT,
            "per_symbol": some(60, 180) * 1000 * UNIT,
            "daily_loss": some(500, 100_000) * UNIT,
            "open_orders": some(6, 60),
            "messages": some(6, 120),
            "messages_per_broker": Table(some(5, 120)),
            "messages_per_strategy": Table(some(5, 120)),
        },
    )


class Trading(RuleBasedStateMachine):
    """Two vaults, two brokers, and whatever happens to them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.numbers = iter(range(10**9))
        self.prices = dict(PRICES)
        self.in_force = policy()
        self.mandates = Mandates(self.in_force)
        self.book = Book()
        self.naive = Naive(dict.fromkeys(VAULTS, CASH))
        self.nonces: frozenset[str] = frozenset()
        for name in VAULTS:
            self.book.apply(VaultFunded(name, CASH, NOW))

    def adopt(self, found: Policy) -> None:
        self.in_force = msgspec.structs.replace(found, released=self.nonces)
        self.mandates = Mandates(self.in_force)
        self.book.apply(PolicyAdopted(published(self.in_force), self.now))

    def some_open(self, which: int) -> Placed:
        found = list(self.naive.open())
        return found[which % len(found)]

    # What can happen -----------------------------------------------------------------------------

    @initialize(found=rules())
    def the_first_policy(self, found: Policy) -> None:
        self.adopt(found)

    @rule(found=rules())
    def a_policy_comes_into_force(self, found: Policy) -> None:
        self.adopt(found)

    @rule()
    @precondition(lambda self: self.naive.throttled)
    def a_quorum_lets_every_throttle_go(self) -> None:
        self.nonces |= {nonce for _, nonce in self.naive.throttled.values()}
        self.adopt(self.in_force)

    @rule(seconds=st.sampled_from([1, 10, 30, 61, 600, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(symbol=symbols, percent=st.sampled_from([-10, -2, 1, 5, 10]))
    def a_price_moves(self, symbol: str, percent: int) -> None:
        self.prices[symbol] = max(1, self.prices[symbol] * (100 + percent) // 100)

    def market(self, symbol: str) -> Quote:
        made = quote(symbol, self.prices[symbol], instrument=WHAT[symbol])
        return msgspec.structs.replace(
            made,
            bid=made.last - UNIT // 1000,
            ask=made.last + UNIT // 1000,
            adv=10_000_000 * UNIT,
            ts=self.now,
            market_time=self.now,
        )

    @rule(wanted=st.lists(wishes, min_size=1, max_size=5), every=st.sampled_from([1, 9, 40]))
    def intents_to_open(self, wanted: list[Any], every: int) -> None:
        for symbol, name, broker, of, lots in wanted:
            placed = self.ask(symbol, name, broker, **of)
            if placed is not None and lots:
                self.fill(placed, lots, 0)
            self.now += every * SECOND

    @rule(which=whole)
    @precondition(lambda self: any(self.naive.held.values()))
    def an_intent_to_close(self, which: int) -> None:
        held = [(place, quantity) for place, quantity in self.naive.held.items() if quantity]
        (name, symbol), quantity = held[which % len(held)]
        side = "sell" if quantity > 0 else "buy"
        placed = self.ask(symbol, name, "paper", side=side, reducing=True)
        if placed is not None and which % 3:
            self.fill(placed, 10**6, 0)

    def ask(self, symbol: str, name: str, broker: str, **of: object) -> Placed | None:
        wanted = intent(
            symbol,
            vault=name,
            asset_class=WHAT[symbol].asset_class,
            created=self.now,
            expires=self.now + MINUTE,
            market_time=self.now,
            **of,
        )
        market = self.market(symbol)
        decision = decide(wanted, self.book, self.mandates, market, self.now, broker=broker)
        self.book.apply(DecisionMade(wanted, market, self.now, broker, decision, EDITION))
        self.naive.quoted(market)
        order = decision.order
        if order is None:
            codes = {finding.code for finding in decision.reasons}
            if "REPEATED" in codes and "THROTTLED" not in codes:
                nonce = wanted.id.rpartition("_")[2][:NONCE]
                key = (name, wanted.strategy)
                self.naive.throttled[key] = (len(self.naive.placed), nonce)
            return None
        self.book.apply(OrderPrepared(order))
        others = sum(one.left for one in self.naive.open(name, symbol) if one.order.reducing)
        self.naive.accepted(order, market, self.now)
        last = self.naive.placed[-1]
        if order.reducing:
            quantity = self.naive.held.get((name, symbol), 0)
            assert order.quantity + others <= abs(quantity)
            assert (quantity > 0) == (order.side == "sell")
        else:
            assert breaches(self.naive, self.in_force, last, market, self.now) == []
        return last

    @rule(which=whole, lots=st.sampled_from([1, 7, 10**6]), off=st.sampled_from([-3, 0, 0, 2]))
    @precondition(lambda self: any(self.naive.open()))
    def an_order_fills(self, which: int, lots: int, off: int) -> None:
        self.fill(self.some_open(which), lots, off)

    def fill(self, placed: Placed, lots: int, off: int) -> None:
        order = placed.order
        quantity = min(placed.left, lots * WHAT[order.symbol].lot)
        price = max(UNIT // 100, order.limit_price + off * UNIT // 100)
        name = order.client_order_id
        if self.book.open[name].state in {OrderState.PREPARED, OrderState.UNKNOWN}:
            self.book.apply(OrderAcknowledged(name, "B", self.now))
        number = f"F{next(self.numbers)}"
        fill = Fill(number, name, order.symbol, order.side, quantity, price, UNIT, self.now)
        self.book.apply(OrderFilled(fill))
        self.naive.filled(placed, quantity, price, UNIT, self.now)

    @rule(which=whole, how=st.sampled_from(["cancel", "cancel", "reject", "withhold"]))
    @precondition(lambda self: any(self.naive.open()))
    def an_order_ends(self, which: int, how: str) -> None:
        placed = self.some_open(which)
        order = placed.order
        name = order.client_order_id
        if how == "cancel":
            sent = MessageSent(name, "cancel", order.vault, order.broker, order.strategy, self.now)
            self.book.apply(sent)
            self.naive.messages.append((self.now, order.vault, order.broker, order.strategy))
            self.book.apply(OrderCancelled(name, "asked"))
        elif how == "reject":
            self.book.apply(OrderRejected(name, "NO", "asked"))
        else:
            self.book.apply(OrderWithheld(name, ("FULL_HALT",)))
        self.naive.ended(placed)

    @rule(which=whole)
    @precondition(lambda self: any(self.naive.open()))
    def nobody_knows(self, which: int) -> None:
        self.book.apply(OrderUnknown(self.some_open(which).order.client_order_id, "timeout"))

    @rule()
    def the_process_starts_again(self) -> None:
        again = Book.from_state(encode(self.book.state()))
        assert encode(again.state()) == encode(self.book.state())
        self.book = again
        if again.published is not None:
            self.in_force = again.published.policy
            self.mandates = Mandates(self.in_force)

    # What always holds ---------------------------------------------------------------------------

    @invariant()
    def the_two_books_agree(self) -> None:
        for name in VAULTS:
            mine = self.book.vaults[name]
            assert (mine.nav, mine.cash) == (self.naive.nav(name), self.naive.cash[name])
            assert (mine.gross, mine.flipped) == (self.naive.whole(name), self.naive.flips(name))
            assert mine.streak == self.naive.streak.get(name, 0)
            assert self.book.secured.get(name, 0) == self.naive.secured(name)
        assert sum(self.book.personas.values()) == sum(map(self.naive.whole, VAULTS))

    @invariant()
    def no_two_open_orders_of_ours_meet(self) -> None:
        opened = [one.order for one in self.naive.open()]
        for buy in opened:
            for sell in opened:
                if (buy.symbol, buy.side, sell.side) == (sell.symbol, "buy", "sell"):
                    assert buy.limit_price < sell.limit_price

    @invariant()
    def every_call_is_covered(self) -> None:
        for name in VAULTS:
            selling = sum(one.left for one in self.naive.open(name, "AAPL", "sell"))
            free = self.naive.held.get((name, "AAPL"), 0) - selling
            called = self.naive.called(name, "AAPL")
            assert called == 0 or called <= free


def test_no_accepted_sequence_breaches_a_cap() -> None:
    run_state_machine_as_test(
        Trading,
        settings=settings(
            max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_accepted_long_sequence_breaches_a_cap() -> None:
    run_state_machine_as_test(
        Trading, settings=settings(max_examples=1500, stateful_step_count=120, deadline=None)
    )
