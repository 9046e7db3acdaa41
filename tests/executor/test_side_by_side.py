"""Many vaults: books of their own, governance in common.

The same history is lived twice, once with another vault trading beside and once without. What one
vault is answered, holds, has lost and may still do must come out byte for byte.
"""

from random import Random
from typing import NamedTuple

import msgspec
import pytest

from tests.executor.building import (
    NOW,
    OTHER,
    VAULT,
    filled,
    fund,
    hold,
    intent,
    made,
    policy,
    published,
    quote,
    vault,
)
from vanta.domain.encoding import encode
from vanta.domain.exact import UNIT
from vanta.domain.instant import FOREVER, SECOND
from vanta.domain.policy import Boost, Flip, OverlayPolicy, Policy
from vanta.domain.switches import Switches
from vanta.domain.trading import Decision, Intent, Quote
from vanta.executor.book import Book
from vanta.executor.branches import ended
from vanta.executor.events import BookMarked, OrderCancelled, PolicyAdopted
from vanta.executor.mandate import Mandates
from vanta.executor.reference import reference
from vanta.executor.stops import Seen, stops
from vanta.lattice.direction import BOUNDLESS, Table

TERMS = {"stop_loss": 40_000, "trailing": 60_000, "horizon": 600 * SECOND}
OWN = vault(
    persona=TERMS,
    positions={"short": True},
    orders={"per_minute": 3, "duplicate_window": 5 * SECOND},
    losses={"daily": 9_000 * UNIT, "streak": 1},
    compounding={"reinvest": 1_000_000, "scale": 1_000_000},
    concurrency={"open_orders": 2, "open_orders_per_broker": Table(BOUNDLESS)},
)
WIDE = dict.fromkeys(("gross", "net", "per_symbol", "daily_loss", "open_orders"), BOUNDLESS)
END = NOW + 20 * SECOND
RULES = policy(
    {VAULT: OWN, OTHER: OWN},
    account=WIDE,
    flips={
        VAULT: Flip(until=END, slice=100_000, amplifier=1_500_000),
        OTHER: Flip(until=END + 90_000 * SECOND, slice=100_000, amplifier=1_500_000),
    },
    boosts={OTHER: Boost(until=END + 90_000 * SECOND, multiplier=2_000_000)},
)


class Step(NamedTuple):
    """One thing a vault does in a market."""

    vault: str
    symbol: str
    side: str
    reducing: bool
    flip: bool
    price: int
    """Dollars."""
    after: int
    """Seconds since the step before."""
    fate: str


def history(seed: int, length: int = 60) -> list[Step]:
    """Sixty steps of two vaults, over some days: long enough for losses, streaks and stops."""
    chance = Random(seed)
    return [_step(chance) for _ in range(length)]


def _step(chance: Random) -> Step:
    name = chance.choice([VAULT, OTHER])
    own = "BTC-USD" if name == VAULT else "MSFT"
    symbol = chance.choice(["AAPL", own])
    fate = chance.choice(["filled", "filled", "cancelled", "open"])
    return Step(
        vault=name,
        symbol=symbol,
        side=chance.choice(["buy", "buy", "sell"]),
        reducing=chance.random() < 0.4,
        flip=chance.random() < 0.5,
        price=chance.randint(92, 108),
        after=chance.choice([0, 1, 10, 30, 30_000]),
        # No order may meet another of ours, of whichever vault: what rests, rests apart.
        fate="cancelled" if fate == "open" and symbol != own else fate,
    )


class Life:
    """A book, and every answer it gave to one vault."""

    def __init__(self, rules: Policy, of: str) -> None:
        self.rules, self.of = rules, of
        self.book = fund(rules)
        self.answers: list[bytes] = []

    def decide(self, wanted: Intent, market: Quote, now: int, fate: str) -> None:
        decision = made(wanted, self.book, self.rules, market, now).decision
        if wanted.vault == self.of:
            self.answers.append(encode(decision))
        placed = decision.order
        if placed is not None and fate == "filled":
            # A price is the market's, whoever traded at it, so it is the same in both lives.
            filled(self.book, placed, price=reference(market), fee=UNIT)
        elif placed is not None and fate == "cancelled":
            self.book.apply(OrderCancelled(placed.client_order_id, "asked"))

    def stop(self, market: Quote, now: int, *, alone: bool) -> None:
        for one in stops(self.book, Mandates(self.rules), [Seen("paper", market)], now):
            if one.intent.vault == self.of or not alone:
                self.book.apply(one)
                self.decide(one.intent, market, now, "filled")

    def end_branches(self, now: int, *, alone: bool) -> None:
        for one in ended(self.rules.overlay, self.book.ended, now):
            if one.vault == self.of or not alone:
                self.book.apply(one)

    def own(self) -> list[bytes]:
        """All that is known of the vault."""
        book, name = self.book, self.of
        parts = (
            book.vaults[name], list(book.accepted.get(name, ())), book.holdings.get(name, {}),
            book.carried.get(name), book.ended.get(name),
        )  # fmt: skip
        return [encode(part) for part in parts]


def live(lived: list[Step], of: str, *, alone: bool) -> Life:
    """Live a history; alone, what others would do is only a market they looked at."""
    life, now = Life(RULES, of), NOW
    for nth, step in enumerate(lived):
        now += step.after * SECOND
        market = quote(step.symbol, step.price, ts=now, market_time=now)
        life.end_branches(now, alone=alone)
        life.book.apply(BookMarked((market,)))
        life.stop(market, now, alone=alone)
        if alone and step.vault != of:
            continue
        name = f"intent_{nth:032x}"
        wanted = intent(
            step.symbol, id=name, conviction_id="con", dag_id="con", vault=step.vault,
            side=step.side, reducing=step.reducing, flip=step.flip, created=now,
            market_time=now,
        )  # fmt: skip
        life.decide(wanted, market, now, step.fate)
    return life


@pytest.mark.parametrize("of", [VAULT, OTHER])
def test_nothing_of_one_vault_reaches_another(of: str) -> None:
    asked = set[str]()
    for seed in range(100):
        lived = history(seed)
        beside, alone = live(lived, of, alone=False), live(lived, of, alone=True)
        assert beside.answers == alone.answers, seed
        assert beside.own() == alone.own(), seed
        asked |= {code for answer in beside.answers for code in denials(answer)}
    # It was put to the questions whose answers could leak.
    assert asked >= {
        "DAILY_LOSS", "LOSS_STREAK", "ORDERS_PER_MINUTE", "DUPLICATE_CONTENT",
        "CONCENTRATION",
    }  # fmt: skip


def denials(answer: bytes) -> set[str]:
    return {one.code for one in msgspec.json.decode(answer, type=Decision).reasons}


@pytest.mark.parametrize("seed", range(10))
def test_the_account_is_the_sum_of_its_vaults(seed: int) -> None:
    book = live(history(seed), VAULT, alone=False).book
    for name in ("gross", "long", "short", "buying", "selling", "value", "cash", "open_orders"):
        total = sum(getattr(one, name) for one in book.vaults.values())
        assert getattr(book.account, name) == total


def test_what_is_governed_in_common_reaches_all() -> None:
    loss = policy({VAULT: vault(), OTHER: vault()}, account={"daily_loss": 1_000 * UNIT})
    book = fund(loss)
    hold(book, loss, "MSFT", 500, 100, OTHER)
    book.apply(BookMarked((quote("MSFT", 97),)))
    denied = made(intent(), book, loss, quote()).decision
    assert [one.code for one in denied.reasons] == ["ACCOUNT_DAILY_LOSS"]
    shut = OverlayPolicy(everywhere=Switches(full_halt=FOREVER))
    halted = msgspec.structs.replace(RULES, overlay=shut)
    for name in (VAULT, OTHER):
        book = Book()
        book.apply(PolicyAdopted(published(halted)))
        decision = made(intent(vault=name), book, halted, quote()).decision
        assert "FULL_HALT" in [one.code for one in decision.reasons]
