"""Every fence passes at its limit and denies one tick beyond it, with its own code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

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
    pegged,
    policy,
    published,
    quote,
    vault,
)
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE, NEVER, SECOND
from vanta.domain.policy import Flip, OverlayPolicy, Policy, Provenance, VaultPolicy
from vanta.domain.switches import Switches
from vanta.domain.trading import Instrument, Order, Quote
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.events import DecisionMade, MessageSent, PolicyAdopted
from vanta.executor.fences.registry import ALL_PASSED, FENCES, judge, measure
from vanta.executor.mandate import Mandates
from vanta.lattice.direction import BOUNDLESS, Table

CALL = "AAPL240119C00190000"
PUT = "AAPL240119P00190000"
OPTION = Instrument(
    CALL, "option", "fiat", UNIT // 100, UNIT, 100, shortable=True, underlying="AAPL", tradable=True
)
PUT_OPTION = msgspec.structs.replace(OPTION, symbol=PUT)


@dataclass
class Asked:
    """One question to the fences: an ordinary order unless said otherwise."""

    order: Order = field(default_factory=order)
    rules: VaultPolicy = field(default_factory=vault)
    account: dict[str, Any] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    quote: Quote | None = field(default_factory=quote)
    overlay: OverlayPolicy | None = None
    flip: Flip | None = None
    before: Callable[[Book, Policy], None] = lambda _book, _rules: None
    now: int = NOW
    intent: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = (VAULT, OTHER)
    cash: int = 1_000_000 * UNIT

    def denied(self) -> set[str]:
        """Codes of the fences that say no."""
        rules = policy(
            {VAULT: self.rules, OTHER: vault()},
            overlay=self.overlay,
            flips={VAULT: self.flip} if self.flip else None,
            account=self.account,
        )
        rules = msgspec.structs.replace(rules, released=self.released)
        book = fund(rules, self.cash, self.names)
        self.before(book, rules)
        of = case(self.order, rules, book, self.quote, self.now, **self.intent)
        answers = judge(self.order, of)
        denied = {answer.code for answer in answers if not answer.passed}
        assert (answers is ALL_PASSED) == (not denied)
        measured = {answer.code for answer in measure(self.order, of) if not answer.passed}
        assert measured == denied, "measuring and judging do not agree"
        return denied


def rule(**changes: object) -> Asked:
    return Asked(rules=vault(**changes))


def hold_apple(book: Book, rules: Policy) -> None:
    hold(book, rules, "AAPL", 100, 100)


def hold_other_apple(book: Book, rules: Policy) -> None:
    hold(book, rules, "AAPL", 100, 100, OTHER)


def short_apple(book: Book, rules: Policy) -> None:
    hold(book, rules, "AAPL", -100, 100)


def short_apple_elsewhere(book: Book, rules: Policy) -> None:
    hold(book, rules, "AAPL", -100, 100, broker="second")


def lose(amount: int) -> Callable[[Book, Policy], None]:
    """Buy MSFT with a fee of so many dollars."""
    return lambda book, rules: hold(book, rules, "MSFT", 10, 100, fee=amount * UNIT)


def exits_at_a_loss(count: int) -> Callable[[Book, Policy], None]:
    def happen(book: Book, rules: Policy) -> None:
        hold(book, rules, "MSFT", 100, 100)
        for number in range(count):
            exiting = order("MSFT", 10, 90, side="sell", reducing=True)
            wanted = intent("MSFT", id=exiting.intent_id, side="sell", reducing=True)
            event = made(wanted, book, rules, quote("MSFT", 100 - number))
            assert event.decision.order is not None, event.decision.reasons
            filled(book, event.decision.order, 10 * UNIT)
            opened = book.open[event.decision.order.client_order_id]
            book._close(opened, type(opened.state).CANCELLED, "")

    return happen


def on(**switches: int) -> OverlayPolicy:
    return OverlayPolicy(everywhere=Switches(**switches))


SAME = order()
ALL_OF_NAV = {name: Table(PPM) for name in ("per_ticker", "per_sector", "per_asset_class")}
APPLE = quote().instrument


def converting(conviction_id: str) -> Asked:
    """A conversion, as the Executor itself wants it or as somebody else would."""
    proposed = order("USDC-USD", limit_price=UNIT, strategy="convert")
    return Asked(order=proposed, quote=pegged(), intent={"conviction_id": conviction_id})


BITCOIN: dict[str, Any] = {"order": order("BTC-USD"), "quote": quote("BTC-USD")}


def ordered_before(since: int) -> Callable[[Book, Policy], None]:
    def happen(book: Book, _: Policy) -> None:
        book.vaults[VAULT].recent["AAPL buy reflect"] = NOW - since

    return happen


def write_calls(book: Book, rules: Policy) -> None:
    hold_apple(book, rules)
    book.vaults[VAULT].written["AAPL"] = 50 * UNIT


def unmark(book: Book, _: Policy) -> None:
    book.vaults[VAULT].unmarked = 1


def send(count: int, **of: str) -> Callable[[Book, Policy], None]:
    """Cancels sent in the last minute."""

    def happen(book: Book, _: Policy) -> None:
        for number in range(count):
            named = {"vault": VAULT, "broker": "paper", "strategy": "reflect", **of}
            book.apply(MessageSent(f"ord_{number}", "cancel", at=NOW - MINUTE + 1, **named))

    return happen


def order_again(count: int, ago: int = HOUR - 1) -> Callable[[Book, Policy], None]:
    """The same thing ordered so many times, so long ago, and filled."""

    def happen(book: Book, _: Policy) -> None:
        for _again in range(count):
            book.tallies.order(order(), NOW - ago)

    return happen


def throttled(nonce: str) -> Callable[[Book, Policy], None]:
    return lambda book, _: book.tallies.shut_off(VAULT, "reflect", f"intent_{nonce}")


def send_today(messages: int, fills: int) -> Callable[[Book, Policy], None]:
    def happen(book: Book, rules: Policy) -> None:
        send(messages, broker="elsewhere", strategy="other")(book, rules)
        for _fill in range(fills):
            book.tallies.fill(VAULT, NOW)

    return happen


def rest(side: str, price: int, name: str = OTHER) -> Callable[[Book, Policy], None]:
    """An order of our own, open at a price of so many cents."""

    def happen(book: Book, rules: Policy) -> None:
        resting = order(quantity=1, side=side, vault=name, limit_price=price * UNIT // 100)
        wanted = intent(id=resting.intent_id, vault=name, side=side)
        decision = decide(wanted, Book(), Mandates(rules), quote(), NOW, broker="paper")
        forced = msgspec.structs.replace(decision, verdict="accept", order=resting)
        book.apply(DecisionMade(wanted, quote(), NOW, "paper", forced))

    return happen


def succeed(ago: int) -> Callable[[Book, Policy], None]:
    """Another policy came into force so long ago."""

    def happen(book: Book, rules: Policy) -> None:
        next_one = msgspec.structs.replace(
            published(rules, 2), provenance=Provenance(commit="d" * 40, tree="", serial=2)
        )
        book.apply(PolicyAdopted(next_one, NOW - ago))

    return happen


WORTH = 1000 * UNIT
"""Ten shares at a hundred dollars."""

LADDER: dict[str, tuple[Asked, Asked]] = {
    # code: (at the limit, one tick beyond)
    "CONVICTION": (
        Asked(order=order(conviction=550_000)),
        Asked(order=order(conviction=549_999), rules=vault(bands=((0, 100_000),))),
    ),
    "NO_SIZE": (Asked(order=order(quantity=1)), Asked(order=order(quantity=0))),
    "NOT_POSITIVE": (Asked(order=order(quantity=1)), Asked(order=order(quantity=0))),
    "TOO_LARGE": (Asked(), Asked(order=order(price=10**9, quantity=2 * 10**9))),
    "INSTRUMENT": (Asked(), Asked(order=order(asset_class="crypto"))),
    "TICK": (
        Asked(order=order(limit_price=100 * UNIT + UNIT // 100)),
        Asked(order=order(limit_price=100 * UNIT + UNIT // 100 + 1)),
    ),
    "LOT": (
        Asked(order=order(quantity=11)),
        Asked(order=msgspec.structs.replace(order(), quantity=10 * UNIT + 1)),
    ),
    "ORDER_QUANTITY": (
        rule(orders={"max_quantity": 10 * UNIT}),
        rule(orders={"max_quantity": 10 * UNIT - 1}),
    ),
    "ORDER_NOTIONAL": (
        rule(orders={"max_notional": WORTH}),
        rule(orders={"max_notional": WORTH - 1}),
    ),
    "QUOTE_MISSING": (Asked(), Asked(quote=None)),
    "QUOTE_INVALID": (
        Asked(quote=quote(bid=100 * UNIT, ask=100 * UNIT)),
        Asked(quote=quote(bid=100 * UNIT + 1, ask=100 * UNIT)),
    ),
    "QUOTE_AGE": (
        Asked(quote=quote(ts=NOW - 30 * SECOND)),
        Asked(quote=quote(ts=NOW - 30 * SECOND - 1)),
    ),
    "COLLAR": (
        Asked(order=order(price=102)),
        Asked(order=order(limit_price=102 * UNIT + UNIT // 100)),
    ),
    "DUPLICATE_ID": (
        Asked(),
        Asked(order=SAME, before=lambda book, _: book.decided.update({SAME.intent_id: 0})),
    ),
    "DUPLICATE_CONTENT": (
        Asked(before=ordered_before(5 * MINUTE)),
        Asked(before=ordered_before(5 * MINUTE - 1)),
    ),
    "INTENT_EXPIRED": (
        Asked(intent={"expires": NOW + 1}),
        Asked(intent={"expires": NOW}),
    ),
    "INTENT_FROM_FUTURE": (
        Asked(intent={"created": NOW + 5 * SECOND}),
        Asked(intent={"created": NOW + 5 * SECOND + 1}),
    ),
    "INTENT_AGE": (
        Asked(intent={"created": NOW - 10 * MINUTE}),
        Asked(intent={"created": NOW - 10 * MINUTE - 1}),
    ),
    "FLIP_CLOSED": (
        Asked(
            order=order(flip=True), flip=Flip(until=NOW + 1, slice=PPM, amplifier=PPM)
        ),
        Asked(order=order(flip=True), flip=Flip(until=NOW, slice=PPM, amplifier=PPM)),
    ),
    "SESSION": (Asked(), Asked(quote=quote(session="closed"))),
    "MARKET_HALT": (Asked(), Asked(quote=quote(session="halted"))),
    "SYMBOL_NOT_ALLOWED": (
        rule(universe={"allow": frozenset({"*"})}),
        rule(universe={"allow": frozenset({"MSFT"})}),
    ),
    "SYMBOL_DENIED": (
        rule(universe={"deny": frozenset({"MSFT"})}),
        rule(universe={"deny": frozenset({"AAPL"})}),
    ),
    "ASSET_CLASS": (
        rule(universe={"asset_classes": frozenset({"equity"})}),
        rule(universe={"asset_classes": frozenset({"crypto"})}),
    ),
    "BROKER": (rule(brokers=frozenset({"*"})), rule(brokers=frozenset({"alpaca"}))),
    "RAIL": (rule(rails=frozenset({"fiat"})), rule(rails=frozenset({"crypto"}))),
    "RESTRICTED": (
        Asked(),
        Asked(quote=quote(instrument=msgspec.structs.replace(AAPL, restricted=True))),
    ),
    "SHORT_NOT_ALLOWED": (
        Asked(order=order(side="sell"), rules=vault(positions={"short": True})),
        Asked(order=order(side="sell")),
    ),
    "NOT_SHORTABLE": (
        Asked(order=order(side="sell"), rules=vault(positions={"short": True})),
        Asked(
            order=order(side="sell"),
            rules=vault(positions={"short": True}),
            quote=quote(instrument=msgspec.structs.replace(AAPL, shortable=False)),
        ),
    ),
    "NAKED_OPTION": (
        Asked(
            order=order(CALL, 1, 100, side="sell", asset_class="option", multiplier=100),
            rules=vault(
                positions={"short": True}, universe={"allow": frozenset({"*"})}
            ),
            quote=quote(CALL, instrument=OPTION),
            before=hold_apple,
        ),
        Asked(
            order=order(CALL, 2, 100, side="sell", asset_class="option", multiplier=100),
            rules=vault(
                positions={"short": True}, universe={"allow": frozenset({"*"})}
            ),
            quote=quote(CALL, instrument=OPTION),
            before=hold_apple,
        ),
    ),
    "NOT_TRADABLE": (
        Asked(),
        Asked(quote=quote(instrument=msgspec.structs.replace(AAPL, tradable=False))),
    ),
    # A put at 190 needs 19,000 dollars; its own premium of 100 is reserved, with fees of 20 cents.
    "NAKED_PUT": (
        Asked(
            order=order(PUT, 1, 1, side="sell", asset_class="option", multiplier=100),
            rules=vault(positions={"short": True}, universe={"allow": frozenset({"*"})}),
            quote=quote(PUT, 1, instrument=PUT_OPTION, bid=UNIT, ask=UNIT),
            cash=1910020 * UNIT // 100,
        ),
        Asked(
            order=order(PUT, 1, 1, side="sell", asset_class="option", multiplier=100),
            rules=vault(positions={"short": True}, universe={"allow": frozenset({"*"})}),
            quote=quote(PUT, 1, instrument=PUT_OPTION, bid=UNIT, ask=UNIT),
            cash=1910020 * UNIT // 100 - 1,
        ),
    ),
    "UNCOVERS_OPTION": (
        Asked(
            order=order("AAPL", 50, 100, side="sell", reducing=True),
            before=write_calls,
        ),
        Asked(
            order=order("AAPL", 51, 100, side="sell", reducing=True),
            before=write_calls,
        ),
    ),
    "NOT_REDUCING": (
        Asked(order=order("AAPL", 100, 100, side="sell", reducing=True), before=hold_apple),
        Asked(order=order("AAPL", 101, 100, side="sell", reducing=True), before=hold_apple),
    ),
    "OTHER_SIDE": (Asked(before=short_apple), Asked(before=short_apple_elsewhere)),
    "POSITION": (
        Asked(rules=vault(positions={"per_symbol": 11_000 * UNIT}), before=hold_apple),
        Asked(rules=vault(positions={"per_symbol": 11_000 * UNIT - 1}), before=hold_apple),
    ),
    "POSITION_ACCOUNT": (
        Asked(account={"per_symbol": 11_000 * UNIT}, before=hold_other_apple),
        Asked(account={"per_symbol": 11_000 * UNIT - 1}, before=hold_other_apple),
    ),
    "PERSONA_GROSS": (
        Asked(rules=vault(persona={"gross": 11_000 * UNIT}), before=hold_other_apple),
        Asked(rules=vault(persona={"gross": 11_000 * UNIT - 1}), before=hold_other_apple),
    ),
    "POSITIONS": (rule(concurrency={"positions": 1}), rule(concurrency={"positions": 0})),
    "GROSS": (
        Asked(rules=vault(exposure={"gross": 11_000 * UNIT}), before=hold_apple),
        Asked(rules=vault(exposure={"gross": 11_000 * UNIT - 1}), before=hold_apple),
    ),
    "NET": (
        Asked(rules=vault(exposure={"net": 11_000 * UNIT}), before=hold_apple),
        Asked(rules=vault(exposure={"net": 11_000 * UNIT - 1}), before=hold_apple),
    ),
    "ACCOUNT_GROSS": (
        Asked(account={"gross": 11_000 * UNIT}, before=hold_other_apple),
        Asked(account={"gross": 11_000 * UNIT - 1}, before=hold_other_apple),
    ),
    "ACCOUNT_NET": (
        Asked(account={"net": 11_000 * UNIT}, before=hold_other_apple),
        Asked(account={"net": 11_000 * UNIT - 1}, before=hold_other_apple),
    ),
    "NAV_UNKNOWN": (Asked(), Asked(names=(OTHER,))),
    "TICKER_SHARE": (
        Asked(rules=vault(exposure={"per_ticker": Table(PPM, {"AAPL": 1000})})),
        Asked(rules=vault(exposure={"per_ticker": Table(PPM, {"AAPL": 999})})),
    ),
    "SECTOR_SHARE": (
        Asked(rules=vault(exposure={"per_sector": Table(0, {"technology": 1000})})),
        Asked(rules=vault(exposure={"per_sector": Table(PPM, {"technology": 999})})),
    ),
    "ASSET_CLASS_SHARE": (
        Asked(rules=vault(exposure={"per_asset_class": Table(0, {"equity": 1000})})),
        Asked(rules=vault(exposure={"per_asset_class": Table(PPM, {"equity": 999})})),
    ),
    "BUYING_POWER": (
        Asked(rules=vault(bands=((0, PPM),), exposure=ALL_OF_NAV), cash=1002 * UNIT),
        Asked(rules=vault(bands=((0, PPM),), exposure=ALL_OF_NAV), cash=1002 * UNIT - 1),
    ),
    "CAPITAL": (
        Asked(rules=vault(capital=WORTH, bands=((0, PPM),))),
        Asked(rules=vault(capital=WORTH - 1, bands=((0, PPM),))),
    ),
    "STABLECOIN_BUFFER": (
        Asked(**BITCOIN, rules=vault(stablecoin_buffer=998_998)),
        Asked(**BITCOIN, rules=vault(stablecoin_buffer=998_999)),
    ),
    "CURRENCY": (
        Asked(quote=quote(instrument=msgspec.structs.replace(APPLE, quoted_in="USD"))),
        Asked(quote=quote(instrument=msgspec.structs.replace(APPLE, quoted_in="EUR"))),
    ),
    "NOT_CONVERTING": (converting(""), converting("con_1")),
    "PNL_UNKNOWN": (Asked(), Asked(before=unmark)),
    "DAILY_LOSS": (
        Asked(rules=vault(losses={"daily": 500 * UNIT}), before=lose(500)),
        Asked(rules=vault(losses={"daily": 500 * UNIT - 1}), before=lose(500)),
    ),
    "ACCOUNT_DAILY_LOSS": (
        Asked(account={"daily_loss": 500 * UNIT}, before=lose(500)),
        Asked(account={"daily_loss": 500 * UNIT - 1}, before=lose(500)),
    ),
    "DRAWDOWN": (
        Asked(rules=vault(losses={"drawdown": 500}), before=lose(500)),
        Asked(rules=vault(losses={"drawdown": 499}), before=lose(500)),
    ),
    "LOSS_STREAK": (
        Asked(rules=vault(losses={"streak": 2}), before=exits_at_a_loss(2)),
        Asked(rules=vault(losses={"streak": 1}), before=exits_at_a_loss(2)),
    ),
    "CONCENTRATION": (
        Asked(rules=vault(bands=((0, 1000),), persona={"multiplier": PPM})),
        Asked(rules=vault(bands=((0, 999),), persona={"multiplier": PPM})),
    ),
    "FLIP_SLICE": (
        Asked(order=order(flip=True), flip=Flip(until=FOREVER, slice=1000, amplifier=PPM)),
        Asked(order=order(flip=True), flip=Flip(until=FOREVER, slice=999, amplifier=PPM)),
    ),
    "ADV_UNKNOWN": (
        Asked(quote=quote(adv=1), rules=vault(liquidity={"adv_floor": 0, "max_of_adv": 2**62})),
        Asked(quote=quote(adv=0), rules=vault(liquidity={"adv_floor": 0, "max_of_adv": 2**62})),
    ),
    "ADV_FLOOR": (
        Asked(quote=quote(adv=1_000_000 * UNIT)),
        Asked(quote=quote(adv=1_000_000 * UNIT - 1)),
    ),
    "ADV_SHARE": (
        rule(liquidity={"max_of_adv": 20}),
        rule(liquidity={"max_of_adv": 19}),
    ),
    "SPREAD": (rule(liquidity={"spread": 200}), rule(liquidity={"spread": 199})),
    "ORDERS_PER_MINUTE": (rule(orders={"per_minute": 1}), rule(orders={"per_minute": 0})),
    "MESSAGES": (
        Asked(account={"messages": 6}, before=send(5, vault="", broker="x", strategy="")),
        Asked(account={"messages": 5}, before=send(5, vault="", broker="x", strategy="")),
    ),
    "MESSAGES_BROKER": (
        Asked(account={"messages_per_broker": Table(0, {"paper": 6})}, before=send(5)),
        Asked(account={"messages_per_broker": Table(99, {"paper": 5})}, before=send(5)),
    ),
    "MESSAGES_STRATEGY": (
        Asked(account={"messages_per_strategy": Table(0, {"reflect": 6})}, before=send(5)),
        Asked(account={"messages_per_strategy": Table(99, {"reflect": 5})}, before=send(5)),
    ),
    "REPEATED": (
        Asked(rules=vault(throttle={"repeats": 6}), before=order_again(5)),
        Asked(rules=vault(throttle={"repeats": 5}), before=order_again(5)),
    ),
    "THROTTLED": (
        Asked(before=throttled("0123456789abcdef"), released=frozenset({"0123456789abcdef"})),
        Asked(before=throttled("0123456789abcdef"), released=frozenset({"0123456789abcdee"})),
    ),
    "ORDERS_PER_FILL": (
        Asked(rules=vault(orders={"per_fill": 3}), before=send_today(8, 2)),
        Asked(rules=vault(orders={"per_fill": 3}), before=send_today(9, 2)),
    ),
    "SELF_MATCH": (Asked(before=rest("sell", 100_01)), Asked(before=rest("sell", 100_00))),
    "BUILD": (
        Asked(account={"builds": frozenset({"*"})}),
        Asked(account={"builds": frozenset({"markets@0.1.1"})}),
    ),
    "POLICY_UNKNOWN": (
        Asked(account={"policy_lag": 0}),
        Asked(account={"policy_lag": BOUNDLESS}, intent={"policy": "e" * 40}),
    ),
    "POLICY_LAG": (Asked(before=succeed(MINUTE)), Asked(before=succeed(MINUTE + 1))),
    "OPEN_ORDERS": (rule(concurrency={"open_orders": 1}), rule(concurrency={"open_orders": 0})),
    "OPEN_ORDERS_BROKER": (
        rule(concurrency={"open_orders_per_broker": Table(0, {"paper": 1})}),
        rule(concurrency={"open_orders_per_broker": Table(20, {"paper": 0})}),
    ),
    "OPEN_ORDERS_ACCOUNT": (Asked(account={"open_orders": 1}), Asked(account={"open_orders": 0})),
    "REDUCE_ONLY": (Asked(overlay=on(reduce_only=NEVER)), Asked(overlay=on(reduce_only=NEVER + 1))),
    "ORDERS_DISABLED": (
        Asked(overlay=on(orders_disabled=NEVER)),
        Asked(overlay=on(orders_disabled=NEVER + 1)),
    ),
    "MAINTENANCE": (Asked(overlay=on(maintenance=NEVER)), Asked(overlay=on(maintenance=NEVER + 1))),
    "EXTERNAL_CALLS_DISABLED": (
        Asked(overlay=on(external_calls_disabled=NEVER)),
        Asked(overlay=on(external_calls_disabled=NEVER + 1)),
    ),
    "FULL_HALT": (Asked(overlay=on(full_halt=NEVER)), Asked(overlay=on(full_halt=NEVER + 1))),
    "VAULT_UNKNOWN": (Asked(), Asked(order=order(vault="nobody"))),
}  # fmt: skip

TOGETHER = {
    "NO_SIZE": {"NOT_POSITIVE"},
    "NOT_POSITIVE": {"NO_SIZE"},
    "QUOTE_MISSING": {"INSTRUMENT", "SESSION", "ADV_UNKNOWN", "ADV_FLOOR"},
    "NAV_UNKNOWN": {"BUYING_POWER", "CAPITAL", "CONCENTRATION", "PNL_UNKNOWN", "DRAWDOWN"},
}
"""Codes that cannot come alone."""


@pytest.mark.parametrize("code", sorted(LADDER))
def test_it_passes_at_the_limit(code: str) -> None:
    assert LADDER[code][0].denied() == set()


@pytest.mark.parametrize("code", sorted(LADDER.keys() - {"VAULT_UNKNOWN", "TOO_LARGE"}))
def test_one_tick_beyond_denies_with_its_own_code(code: str) -> None:
    assert LADDER[code][1].denied() == {code} | TOGETHER.get(code, set())


@pytest.mark.parametrize("code", ["VAULT_UNKNOWN", "TOO_LARGE"])
def test_what_breaks_everything_is_named_too(code: str) -> None:
    denied = LADDER[code][1].denied()
    assert code in denied
    assert len(denied) > 5


def test_the_ladder_has_a_rung_for_every_code() -> None:
    assert LADDER.keys() == {code for fence in FENCES for code in fence.codes}
    assert len({code for fence in FENCES for code in fence.codes}) == sum(
        len(fence.codes) for fence in FENCES
    )
    assert [fence.number for fence in FENCES] == [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        18,
        25,
    ]


def test_every_violated_fence_is_reported() -> None:
    asked = Asked(
        order=order(limit_price=103 * UNIT + 1, quantity=1000),
        rules=vault(
            orders={"max_quantity": UNIT, "max_notional": UNIT},
            exposure={"gross": 0, "net": 0},
            losses={"daily": 0},
        ),
        overlay=on(full_halt=FOREVER),
        before=lose(500),
    )
    assert asked.denied() == {
        "TICK", "ORDER_QUANTITY", "ORDER_NOTIONAL", "COLLAR", "GROSS", "NET", "DAILY_LOSS",
        "CONCENTRATION", "FULL_HALT",
    }  # fmt: skip


CLOSED = VaultPolicy()
"""What a vault is tightened to when it may do nothing more."""


@pytest.mark.parametrize(
    ("rules", "account"),
    [
        (CLOSED, {"gross": 0, "net": 0, "per_symbol": 0, "daily_loss": 0, "open_orders": 0}),
        (vault(positions={"per_symbol": 1}, exposure={"gross": 1, "net": 1}), {}),
    ],
)
def test_a_cap_below_a_position_only_stops_opening(
    rules: VaultPolicy, account: dict[str, int]
) -> None:
    leaving = Asked(
        order=order("AAPL", 100, 100, side="sell", reducing=True),
        rules=rules,
        account=account,
        before=hold_apple,
    )
    assert leaving.denied() == set()
    assert Asked(rules=rules, account=account, before=hold_apple).denied()


def test_a_vault_that_lost_too_much_can_still_be_left() -> None:
    def lose_holding(book: Book, rules: Policy) -> None:
        hold(book, rules, "AAPL", 100, 100, fee=1)

    strict = vault(losses={"daily": 0, "drawdown": 0, "streak": 0})
    leaving = order("AAPL", 100, 100, side="sell", reducing=True)
    assert Asked(order=leaving, rules=strict, before=lose_holding).denied() == set()
    assert Asked(rules=strict, before=lose_holding).denied() == {
        "DAILY_LOSS",
        "DRAWDOWN",
    }


def test_a_vault_that_is_gone_from_the_policy_can_still_be_left() -> None:
    rules = policy({OTHER: vault()})
    book = fund(rules, names=(VAULT, OTHER))
    hold(book, rules, "AAPL", 100, 100)
    leaving = order("AAPL", 100, 100, side="sell", reducing=True)
    assert judge(leaving, case(leaving, rules, book, quote())) is ALL_PASSED
    entering = order()
    answers = judge(entering, case(entering, rules, book, quote()))
    assert "VAULT_UNKNOWN" in {answer.code for answer in answers if not answer.passed}


@pytest.mark.parametrize(
    ("switch", "reducing"),
    [
        ("reduce_only", True),
        ("orders_disabled", False),
        ("maintenance", False),
        ("external_calls_disabled", False),
        ("full_halt", False),
    ],
)
@pytest.mark.parametrize("scope", ["everywhere", "vaults", "venues", "strategies"])
def test_a_switch_holds_at_every_scope(switch: str, scope: str, *, reducing: bool) -> None:
    name = {"vaults": VAULT, "venues": "paper", "strategies": "reflect"}.get(scope, "")
    thrown = Switches(**{switch: FOREVER})
    value = thrown if scope == "everywhere" else Table(Switches(), {name: thrown})
    overlay = msgspec.structs.replace(OverlayPolicy(), **{scope: value})
    assert Asked(overlay=overlay).denied() == {switch.upper()}
    leaving = order("AAPL", 100, 100, side="sell", reducing=True)
    out = Asked(order=leaving, overlay=overlay, before=hold_apple).denied()
    assert out == (set() if reducing else {switch.upper()})


def test_a_switch_of_another_scope_does_not_hold() -> None:
    thrown = Table(Switches(), {"somewhere-else": Switches(full_halt=FOREVER)})
    overlay = OverlayPolicy(vaults=thrown, venues=thrown, strategies=thrown, followers=thrown)
    assert Asked(overlay=overlay).denied() == set()


def test_a_quote_of_another_symbol_is_no_quote() -> None:
    assert "QUOTE_MISSING" in Asked(quote=quote("MSFT")).denied()


@pytest.mark.parametrize(("bid", "ask"), [(0, UNIT), (-UNIT, UNIT), (UNIT, 0), (UNIT, 2 * 10**17)])
def test_half_a_market_is_none(bid: int, ask: int) -> None:
    assert "QUOTE_INVALID" in Asked(quote=quote(bid=bid, ask=ask)).denied()


def test_a_quote_from_the_future_is_not_live() -> None:
    assert Asked(quote=quote(ts=NOW + 1)).denied() == {"QUOTE_AGE"}


def test_symbols_without_a_sector_share_one() -> None:
    def hold_bitcoin(book: Book, rules: Policy) -> None:
        hold(book, rules, "BTC-USD", 100, 100)

    sectors = {"universe": {"sectors": {}}, "exposure": {"per_sector": Table(11_000)}}
    assert Asked(rules=vault(**sectors), before=hold_bitcoin).denied() == set()
    sectors["exposure"] = {"per_sector": Table(10_999)}
    assert Asked(rules=vault(**sectors), before=hold_bitcoin).denied() == {"SECTOR_SHARE"}


def test_a_gap_at_the_open_is_a_loss_of_the_day() -> None:
    """The day begins at yesterday's marks, and the quote that begins it counts."""
    tomorrow = quote(price=95, market_time=NOW + DAY)
    gap = Asked(
        order=order("AAPL", 1, 95),
        rules=vault(losses={"daily": 500 * UNIT}),
        quote=tomorrow,
        before=hold_apple,
    )
    assert gap.denied() == set()
    gap.rules = vault(losses={"daily": 500 * UNIT - 1})
    assert gap.denied() == {"DAILY_LOSS"}


def test_a_short_counts_with_its_proceeds_and_as_much_again() -> None:
    selling = Asked(
        order=order(quantity=10, side="sell"),
        rules=vault(
            positions={"short": True},
            bands=((0, 10 * PPM),),
            exposure={name: Table(10 * PPM) for name in ALL_OF_NAV},
            capital=10_000_000 * UNIT,
            losses={"drawdown": PPM, "daily": 10**6 * UNIT},
        ),
        cash=11_002 * UNIT,
        before=short_apple,
    )  # fmt: skip
    assert selling.denied() == set()
    selling.cash -= 1
    assert selling.denied() == {"BUYING_POWER"}


@pytest.mark.parametrize(
    ("side", "bid", "ask"), [("sell", 32, 34), ("buy", 32, 34), ("sell", 7, 8)]
)
def test_a_way_out_is_not_kept_in_by_a_tick_that_is_wider_than_its_collar(
    side: str, bid: int, ask: int
) -> None:
    """Of an option for cents no nickel lies within one percent of the market."""
    symbol = "AAPL240119C00110000"
    coarse = Instrument(
        symbol, "option", "fiat", UNIT // 20, UNIT, 100, underlying="AAPL", tradable=True
    )
    market = quote(symbol, 1, instrument=coarse)
    cent = UNIT // 100
    market = msgspec.structs.replace(market, bid=bid * cent, ask=ask * cent, last=bid * cent)
    terms = policy({VAULT: vault(positions={"short": True, "naked_options": True})})
    book = fund(terms)
    hold(book, terms, symbol, 2 if side == "sell" else -2, 1)
    wanted = intent(symbol, side=side, reducing=True, asset_class="option")
    decision = decide(wanted, book, Mandates(terms), market, NOW, broker="paper")
    assert [one.code for one in decision.reasons if one.code == "COLLAR"] == []
    before = decide(wanted, book, Mandates(terms), market, NOW, broker="paper", edition=2)
    assert [one.code for one in before.reasons if one.code == "COLLAR"] == ["COLLAR"]
