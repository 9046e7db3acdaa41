"""No accepted sequence breaches a cap.

A machine does whatever can happen to an Executor, in any order: intents of two vaults to two
brokers, fills, half fills, cancels, rejections, moving prices, new days, new policies. After every
order that was accepted, a second book, which adds everything up anew, is asked for every cap.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import Phase, settings
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
    COIN,
    INSTRUMENTS,
    NOW,
    OTHER,
    USDC,
    VAULT,
    intent,
    policy,
    published,
    quote,
    vault,
)
from tests.executor.naive import PEG, Naive, Placed, breaches, breaches_of_conversion, held_as
from vanta.domain.conviction import Side
from vanta.domain.encoding import encode
from vanta.domain.exact import FINEST, PPM, UNIT
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.policy import Boost, Flip, Policy, VaultPolicy
from vanta.domain.trading import (
    Decision,
    Fill,
    Instrument,
    Intent,
    OrderState,
    Quote,
    Sizing,
)
from vanta.executor import decide as decide_module
from vanta.executor.book import Book
from vanta.executor.brokers.port import Movement
from vanta.executor.case import Case
from vanta.executor.cashbook import stated
from vanta.executor.converting import ROUNDS, lacking, short_of_buffer, sweep
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    ConversionWanted,
    DecisionMade,
    FeeCharged,
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
from vanta.executor.fences import registry
from vanta.executor.fences.conversion import ASKED_OF_CONVERSIONS
from vanta.executor.fences.fence import Fence, Judge
from vanta.executor.fences.registry import FENCES
from vanta.executor.mandate import Mandates
from vanta.executor.positions import Line, Purse
from vanta.executor.sizing import entry_size
from vanta.executor.stops import Seen
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
    PEG: USDC,
    COIN.symbol: COIN,
}
PRICES = {"AAPL": 100, "MSFT": 100, "BTC-USD": 100, CALL: 2, PUT: 2}
VAULTS = (VAULT, OTHER)
CASH = 200_000 * UNIT

symbols = st.sampled_from(["AAPL", "AAPL", "AAPL", "MSFT", "BTC-USD", "BTC-USDC", CALL, PUT])
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


K = 1000 * UNIT
WIDE = 10**9 * UNIT
THEMES = (
    "all",
    "all",
    "size",
    "positions",
    "exposure",
    "cash",
    "losses",
    "conviction",
    "repeats",
    "rates",
    "open",
)
"""Which caps of a policy are met: all of them now and then, or these and hardly any other.

Sizing keeps orders within most caps by itself, and one cap hides behind another. So that each is
what stands in the way at last, some policies are wide but for one kind of cap.
"""


@st.composite
def rules(draw: st.DrawFn) -> Policy:
    """A policy whose caps are low enough to be met within a few orders."""
    theme = draw(st.sampled_from(THEMES))

    def some(of: str, wide: int, *choices: int) -> int:
        """One of them; mostly the last, which leaves room. `wide` where the policy is of others."""
        if theme == of:
            return draw(st.sampled_from(choices))
        if theme != "all":
            return wide
        return draw(st.sampled_from([*choices, *[choices[-1]] * len(choices) * 2]))

    def one(persona: str) -> VaultPolicy:
        return vault(
            capital=some("cash", 400, 400, 120, 40) * K,
            brokers=frozenset({"*"}),
            universe={"allow": frozenset({"*"})},
            orders={
                "duplicate_window": some("repeats", 0, 30, 0) * SECOND,
                "max_notional": some("size", WIDE // K, 9, 60, 30) * K,
                "max_quantity": some("size", WIDE // UNIT, 100, 400, 10_000) * UNIT,
                "per_minute": some("rates", 100, 3, 60, 60),
                "per_fill": some("open", 100, 3, 8, 100),
            },
            throttle={
                "repeats": some("repeats", 100, 20, 2, 3),
                "window": some("repeats", 60, 30, 60, 3600) * SECOND,
            },
            positions={
                "short": True,
                "per_symbol": some("positions", WIDE // K, 140, 60, 25) * K,
            },
            exposure={
                "gross": some("exposure", WIDE // K, 50, 150, 300) * K,
                "net": some("exposure", WIDE // K, 60, 300) * K,
                "per_ticker": Table(some("exposure", 9 * PPM, 100_000, 300_000)),
                "per_sector": Table(some("exposure", 9 * PPM, 200_000, 900_000)),
                "per_asset_class": Table(some("exposure", 9 * PPM, 300_000, 900_000)),
            },
            concurrency={
                "open_orders": some("open", 100, 3, 20),
                "positions": some("positions", 15, 3, 15),
                "open_orders_per_broker": Table(some("open", 100, 4, 20)),
            },
            liquidity={"max_of_adv": some("conviction", PPM, 500, 100_000)},
            losses={
                "daily": some("losses", WIDE // UNIT, 300, 2000, 100_000) * UNIT,
                "drawdown": some("losses", PPM, 5_000, 50_000, PPM),
                "streak": some("losses", 100, 0, 1, 100),
            },
            persona={
                "name": persona,
                "multiplier": some("conviction", 1_250_000, 500_000, 1_250_000),
                "gross": some("positions", WIDE // K, 60, 300, 900) * K,
            },
            compounding={"reinvest": some("cash", 0, 0, 500_000)},
            stablecoin_buffer=some("cash", 0, 700_000, 0),
            bands=(
                (550_000, some("conviction", 900_000, 100_000, 150_000)),
                (850_000, some("conviction", 900_000, 20_000, 300_000)),
            ),
        )

    together = draw(st.booleans())
    flips = {
        VAULT: Flip(
            until=NOW + some("conviction", 86_400, 0, 600, 86_400) * SECOND,
            slice=100_000,
            amplifier=1_500_000,
        )
    }
    boosts = {
        OTHER: Boost(until=NOW + some("conviction", 0, 0, 600, 86_400) * SECOND, multiplier=2 * PPM)
    }
    return policy(
        {VAULT: one("ares"), OTHER: one("ares" if together else "athena")},
        flips=flips,
        boosts=boosts,
        account={
            "gross": some("exposure", WIDE // K, 80, 400) * K,
            "net": some("exposure", WIDE // K, 60, 400) * K,
            "per_symbol": some("positions", WIDE // K, 60, 180) * K,
            "daily_loss": some("losses", WIDE // UNIT, 500, 100_000) * UNIT,
            "open_orders": some("open", 100, 6, 60),
            "messages": some("rates", 1000, 6, 120),
            "messages_per_broker": Table(some("rates", 1000, 5, 120)),
            "messages_per_strategy": Table(some("rates", 1000, 5, 120)),
        },
    )


class Trading(RuleBasedStateMachine):
    """Two vaults, two brokers, and whatever happens to them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.numbers = iter(range(10**9))
        self.prices = dict(PRICES)
        self.peg = UNIT
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
        symbol = held_as(symbol)
        self.prices[symbol] = max(1, self.prices[symbol] * (100 + percent) // 100)

    @rule(peg=st.sampled_from([UNIT, UNIT, UNIT * 999 // 1000, UNIT * 98 // 100 + 1, UNIT + 7]))
    def the_peg_moves(self, peg: int) -> None:
        self.peg = peg

    def market(self, symbol: str) -> Quote:
        if symbol == PEG:
            tick = USDC.tick
            made = quote(PEG, 1, instrument=USDC, bid=self.peg - tick, ask=self.peg + tick)
            return msgspec.structs.replace(made, ts=self.now, market_time=self.now)
        made = quote(symbol, self.prices[held_as(symbol)], instrument=WHAT[symbol])
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
        if symbol == "BTC-USD" and which % 2:
            # One coin, whichever of its markets it goes through.
            symbol = "BTC-USDC"
        broker = "alpaca" if which % 5 > 2 else "paper"
        placed = self.ask(symbol, name, broker, side=side, reducing=True)
        if placed is not None and which % 3:
            self.fill(placed, 10**6, 0)

    @rule(
        name=st.sampled_from(VAULTS),
        side=st.sampled_from(["buy", "buy", "buy", "sell"]),
        lots=st.sampled_from([1, 100_000, 1_000_000, 3_000_000]),
        filled=st.sampled_from([0, 50_000, 10**9, 10**9]),
    )
    def money_is_converted(self, name: str, side: Side, lots: int, filled: int) -> None:
        if self.book.converting(name) is not None:
            return
        wanted = intent(
            PEG, vault=name, side=side, reducing=side == "sell", strategy="convert",
            conviction_id="", created=self.now, expires=self.now + MINUTE, market_time=self.now,
        )  # fmt: skip
        self.convert(
            ConversionWanted(
                wanted, lots * USDC.lot, (), self.market(PEG), "paper", self.now, EDITION
            ),
            filled,
        )

    @rule(name=st.sampled_from(VAULTS), conviction=st.sampled_from([600_000, 900_000]))
    def an_intent_waits_for_its_money(self, name: str, conviction: int) -> None:
        of = {"vault": name, "conviction": conviction, "asset_class": "crypto"}
        times = {"created": self.now, "expires": self.now + MINUTE, "market_time": self.now}
        wanted = intent("BTC-USDC", **of, **times)
        for _ in range(ROUNDS + 1):
            peg, market = Seen("paper", self.market(PEG)), Seen("paper", self.market("BTC-USDC"))
            event = lacking(wanted, self.book, self.mandates, market, peg, self.now)
            if event is None or self.book.converting(name) is not None:
                break
            self.convert(event, 10**9)
        else:
            raise AssertionError("it waits for ever")
        self.ask("BTC-USDC", name, "paper", conviction=conviction)

    @rule(name=st.sampled_from(VAULTS))
    def a_buffer_is_swept(self, name: str) -> None:
        if name in short_of_buffer(self.book, self.mandates, self.now):
            seen = Seen("paper", self.market(PEG))
            event = sweep(name, self.book, self.mandates, seen, self.now)
            if event is not None:
                self.convert(event, 10**9)

    def convert(self, event: ConversionWanted, lots: int) -> None:
        """Want a conversion, and decide on it."""
        self.book.apply(event)
        assert self.book.converting(event.intent.vault) is not None
        placed = self.settle(event.intent, "paper")
        if placed is None:
            assert self.book.converting(event.intent.vault) is None
        elif lots:
            self.fill(placed, lots, 0)

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
        return self.settle(wanted, broker)

    def settle(self, wanted: Intent, broker: str) -> Placed | None:
        """Decide on an intent, and hold what is accepted against every cap."""
        symbol, name = wanted.symbol, wanted.vault
        market = self.market(symbol)
        decision = self.decide(wanted, market, broker)
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
        held = held_as(symbol)
        others = [one for one in self.naive.open(name, held) if one.order.reducing]
        self.naive.accepted(order, market, self.now)
        last = self.naive.placed[-1]
        if last.converts:
            found = breaches_of_conversion(self.naive, self.in_force, last, market, self.now)
            assert found == []
        elif order.reducing:
            quantity = self.naive.held.get((name, held), 0)
            assert order.quantity + sum(one.left for one in others) <= abs(quantity)
            assert (quantity > 0) == (order.side == "sell")
            # Nor does it turn what lies at one broker, whatever lies at another.
            there = self.naive.there.get((name, held, broker), 0)
            leaving = sum(one.left for one in others if one.order.broker == broker)
            assert order.quantity + leaving <= abs(there)
            assert (there > 0) == (order.side == "sell")
        else:
            assert breaches(self.naive, self.in_force, last, market, self.now) == []
        return last

    def decide(self, wanted: Intent, market: Quote, broker: str) -> Decision:
        return decide(wanted, self.book, self.mandates, market, self.now, broker=broker)

    @rule(
        which=whole,
        lots=st.sampled_from([1, 7, 10**6]),
        off=st.sampled_from([-3, 0, 0, 2]),
        fees=st.sampled_from([(0, 0), (1_000_003, 0), (-100_000_007, 7), (2_500_000_000, 10**9)]),
    )
    @precondition(lambda self: any(self.naive.open()))
    def an_order_fills(self, which: int, lots: int, off: int, fees: tuple[int, int]) -> None:
        """What is kept of a coin at once, or told of later, is in parts of 10^-12 of it."""
        at_once, later = fees
        placed = self.some_open(which)
        self.fill(placed, lots, off, at_once)
        if later and placed.order.symbol not in {PEG, COIN.symbol}:
            self.charge_later(placed, later)

    def charge_later(self, placed: Placed, share: int) -> None:
        order = placed.order
        line = self.book.vaults[order.vault].lines[order.symbol]
        kept = line.quantity * share // 100 if order.asset_class == "crypto" else 0
        price = self.naive.marks[order.symbol]
        amount = -(-max(0, kept) * price // (FINEST * UNIT)) if kept > 0 else share
        moved = Movement(
            f"paper:{next(self.numbers)}", "fee", -amount, self.now, "FEE", order.symbol,
            -max(0, kept), price, order.client_order_id,
        )  # fmt: skip
        event = stated(moved, 0, self.book, order.broker, self.now)
        assert isinstance(event, FeeCharged)
        self.book.apply(event)
        for one in event.shares:
            self.naive.charged(one.vault, event.broker, one.amount, order.symbol, one.kept, price)

    def fill(self, placed: Placed, lots: int, off: int, share: int = 0) -> None:
        order = placed.order
        quantity = min(placed.left, lots * WHAT[order.symbol].lot)
        tick = WHAT[order.symbol].tick
        price = max(tick, order.limit_price + off * tick)
        name = order.client_order_id
        if self.book.open[name].state in {OrderState.PREPARED, OrderState.UNKNOWN}:
            self.book.apply(OrderAcknowledged(name, "B", self.now))
        number = f"F{next(self.numbers)}"
        kept = quantity * share // 100 if order.asset_class == "crypto" else 0
        fee = -(-kept * price // (FINEST * UNIT)) if kept else UNIT
        fill = Fill(number, name, order.symbol, order.side, quantity, price, fee, self.now, kept)
        self.book.apply(OrderFilled(fill))
        self.naive.filled(placed, quantity, price, fee, self.now, kept)

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
            orders = list(self.naive.open(name))
            purse = mine.purse or Purse(Line(PEG, "crypto", 1))
            assert purse.line.quantity == self.naive.stablecoin.get(name, 0)
            assert purse.reserved == sum(one.stablecoin for one in orders)
            assert purse.converting == sum(one.dollars for one in orders if one.converts)
            for symbol, line in mine.lines.items():
                brokers = ("paper", "alpaca")
                there = {at: self.naive.there.get((name, symbol, at), 0) for at in brokers}
                assert line.lying == {at: quantity for at, quantity in there.items() if quantity}
                assert sum(line.leaving.values()) == line.reducing
                if line.asset_class != "crypto":
                    assert len({quantity > 0 for quantity in line.lying.values()}) < 2
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


AMOUNTS = (500, 5_000, 20_000, 60_000, 150_000)
"""What an order may be worth that was sized by nobody, in dollars."""


def greedily(case: Case, price: int, *, flip: bool) -> Sizing:
    """A size that asks no cap: one of `AMOUNTS`, whatever room there is."""
    each = max(price, case.reference, 1) * case.multiplier
    amount = AMOUNTS[case.now // SECOND % len(AMOUNTS)] * UNIT
    lot = case.quote.instrument.lot if case.quote is not None else 1
    quantity = max(lot, amount * UNIT // each // lot * lot)
    return msgspec.structs.replace(entry_size(case, price, flip=flip), quantity=quantity)


class Greedy(Trading):
    """The same where sizing asks for too much: the fences alone stand between it and the caps."""

    def decide(self, wanted: Intent, market: Quote, broker: str) -> Decision:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decide_module, "entry_size", greedily)
            return super().decide(wanted, market, broker)


def search(machine: type[Trading], examples: int, *phases: Phase) -> None:
    """Look for a sequence that breaches something, the same ones every time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            phases=phases or tuple(Phase),
            print_blob=False,
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.parametrize("machine", [Trading, Greedy])
def test_no_accepted_sequence_breaches_a_cap(machine: type[Trading]) -> None:
    search(machine, 40)


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("machine", [Trading, Greedy])
def test_no_accepted_long_sequence_breaches_a_cap(machine: type[Trading]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=750, stateful_step_count=120, deadline=None)
    )


MET_BY = {
    2: "size", 4: "repeats", 7: "all", 8: "positions", 9: "exposure", 10: "cash", 11: "losses",
    12: "conviction", 13: "rates", 14: "repeats", 15: "open", 16: "all",
}  # fmt: skip
"""The policies that show each fence's work soonest. The fences that are not here ask one order by
itself, or its vault's terms: no sequence gets past them that a single order would not."""


def without(fence: Fence) -> tuple[Judge, ...]:
    """Every fence but one."""
    return tuple(judge for judge in registry._JUDGES[EDITION] if judge is not fence.judge)


def test_every_fence_is_of_one_order_or_of_a_sequence() -> None:
    assert {one.number for one in FENCES} - set(MET_BY) == {0, 1, 3, 5, 6, 18, 25}


@pytest.mark.parametrize(
    "fence", [one for one in FENCES if one.number in MET_BY], ids=lambda one: one.name
)
def test_a_fence_that_is_gone_is_missed(fence: Fence, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is no ornament: take any fence away and it finds what gets past.

    It ends with what it finds, mostly soon; what it tries first depends on the numbers in whatever
    code happens to be loaded.
    """
    monkeypatch.setattr("tests.executor.test_sequences.THEMES", (MET_BY[fence.number],))
    monkeypatch.setitem(registry._JUDGES, EDITION, without(fence))
    with pytest.raises(AssertionError):
        search(Greedy, 500, Phase.generate)


def test_what_is_asked_of_a_conversion_is_missed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fence 10: what a conversion may give is asked there, and by fence 8 only again."""
    asked = (ASKED_OF_CONVERSIONS.get(one.number, one.judge) for one in FENCES if one.number != 10)
    monkeypatch.setattr("tests.executor.test_sequences.THEMES", ("cash",))
    monkeypatch.setattr(registry, "_CONVERSIONS", tuple(asked))
    with pytest.raises(AssertionError):
        search(Trading, 500, Phase.generate)


def test_a_way_out_of_more_than_lies_there_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sizing and fence 8 look at the whole position, as before edition `APART`."""
    monkeypatch.setattr(Line, "available_at", lambda line, _: line.available)
    with pytest.raises(AssertionError):
        search(Trading, 500, Phase.generate)


def test_both_sides_at_two_brokers_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Case, "opposed", lambda _: "")
    with pytest.raises(AssertionError):
        search(Trading, 500, Phase.generate)
