"""What the tests of the Executor build with: a small fund, its market, its intents."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vanta.domain.encoding import content_id, encode
from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.domain.policy import (
    AccountPolicy,
    Boost,
    Concurrency,
    Exposure,
    Flip,
    FlipEnvelope,
    Liquidity,
    Losses,
    OrderLimits,
    OverlayPolicy,
    PersonaTerms,
    Policy,
    PositionLimits,
    Provenance,
    Published,
    Throttle,
    Universe,
    VaultPolicy,
)
from vanta.domain.trading import Envelope, Fill, Instrument, Intent, Order, OrderState, Quote
from vanta.executor.book import Book
from vanta.executor.case import Case
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import (
    DecisionMade,
    OrderAcknowledged,
    OrderFilled,
    OrderPrepared,
    PolicyAdopted,
    VaultFunded,
)
from vanta.executor.mandate import Mandates
from vanta.governance.keys import public_key_of
from vanta.governance.sshsig import sign
from vanta.lattice.direction import Table

NOW = 1_700_000_000 * SECOND
"""A Tuesday, 22:13 UTC."""
DAY_START = NOW // DAY * DAY
COMMIT = "c" * 40
BUILD = "markets@0.1.0"
VAULT = "momentum-us"
OTHER = "fundamental-core"
NODE = "markets-1"
KEY = Ed25519PrivateKey.from_private_bytes(b"m" * 32)

AAPL = Instrument("AAPL", "equity", "fiat", UNIT // 100, UNIT, shortable=True, tradable=True)
MSFT = Instrument("MSFT", "equity", "fiat", UNIT // 100, UNIT, shortable=True, tradable=True)
BTC = Instrument("BTC-USD", "crypto", "crypto", UNIT // 100, UNIT // 10_000, tradable=True)
USDC = Instrument("USDC-USD", "crypto", "crypto", UNIT // 10_000, UNIT // 100, tradable=True)
COIN = msgspec.structs.replace(BTC, symbol="BTC-USDC", quoted_in="USDC")
"""The same coin as `BTC`, in its market in stablecoin."""
INSTRUMENTS = {one.symbol: one for one in (AAPL, MSFT, BTC, USDC, COIN)}

_numbers = itertools.count()


class Ticks:
    """A clock that moves a microsecond every time it is read."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1000
        return self.now


def vault(**changes: object) -> VaultPolicy:
    """A vault that lets an ordinary order through; `orders={...}` changes a field of a part."""
    rules = VaultPolicy(
        capital=1_000_000 * UNIT,
        rails=frozenset({"fiat", "crypto"}),
        brokers=frozenset({"paper"}),
        universe=Universe(
            allow=frozenset({"AAPL", "MSFT", "BTC-USD"}),
            asset_classes=frozenset({"equity", "crypto", "option"}),
            sectors={"AAPL": "technology", "MSFT": "technology"},
        ),
        orders=OrderLimits(
            max_quantity=10_000 * UNIT,
            max_notional=100_000 * UNIT,
            collar=20_000,
            quote_age=30 * SECOND,
            intent_age=10 * MINUTE,
            duplicate_window=5 * MINUTE,
            per_minute=60,
            per_fill=100,
        ),
        throttle=Throttle(repeats=20, window=HOUR),
        positions=PositionLimits(per_symbol=200_000 * UNIT),
        exposure=Exposure(
            gross=900_000 * UNIT,
            net=900_000 * UNIT,
            per_ticker=Table(300_000),
            per_sector=Table(600_000),
            per_asset_class=Table(900_000),
        ),
        concurrency=Concurrency(open_orders=20, positions=15, open_orders_per_broker=Table(20)),
        liquidity=Liquidity(adv_floor=1_000_000 * UNIT, max_of_adv=100_000, spread=10_000),
        losses=Losses(daily=20_000 * UNIT, drawdown=120_000, streak=3),
        persona=PersonaTerms(
            name="ares", multiplier=1_250_000, conviction=550_000, gross=1_800_000 * UNIT
        ),
        bands=((550_000, 20_000), (700_000, 50_000), (850_000, 80_000)),
        envelope=FlipEnvelope(ttl=2 * 3600 * SECOND, slice=200_000, amplifier=2 * PPM),
    )
    for name, value in changes.items():
        part = getattr(rules, name)
        new = msgspec.structs.replace(part, **value) if isinstance(value, dict) else value
        rules = msgspec.structs.replace(rules, **{name: new})
    return rules


def policy(
    vaults: Mapping[str, VaultPolicy] | None = None,
    *,
    overlay: OverlayPolicy | None = None,
    flips: Mapping[str, Flip] | None = None,
    boosts: Mapping[str, Boost] | None = None,
    account: Mapping[str, Any] | None = None,
) -> Policy:
    """A policy of `momentum-us` and `fundamental-core`, or of the vaults given."""
    whole = AccountPolicy(
        gross=1_800_000 * UNIT,
        net=1_800_000 * UNIT,
        per_symbol=300_000 * UNIT,
        daily_loss=50_000 * UNIT,
        open_orders=60,
        messages=120,
        messages_per_broker=Table(120),
        messages_per_strategy=Table(120),
        builds=frozenset({BUILD}),
        policy_lag=MINUTE,
    )
    over = overlay or OverlayPolicy()
    if flips:
        over = msgspec.structs.replace(over, flips=dict(flips))
    if boosts:
        over = msgspec.structs.replace(over, boosts=dict(boosts))
    return Policy(
        environment="dev",
        account=msgspec.structs.replace(whole, **(account or {})),
        vaults=dict(vaults) if vaults is not None else {VAULT: vault(), OTHER: vault()},
        overlay=over,
        nodes={NODE: (public_key_of(KEY).openssh,)},
    )


def pegged(price: str | int = 1, **changes: object) -> Quote:
    """The market in which stablecoin is exchanged: two hundredths of a cent wide."""
    return narrow(USDC, price, UNIT // 10_000, **changes)


def in_stablecoin(price: str | int = 20_000, **changes: object) -> Quote:
    """The market of a bitcoin in stablecoin, two dollars wide."""
    return narrow(COIN, price, UNIT, **changes)


def narrow(instrument: Instrument, price: str | int, apart: int, **changes: object) -> Quote:
    """A market at a distance of `apart` units on both sides of a price."""
    middle = int(float(price) * UNIT)
    made = msgspec.structs.replace(
        quote(instrument.symbol, price, instrument=instrument),
        bid=middle - apart,
        ask=middle + apart,
    )
    return msgspec.structs.replace(made, **changes)


def published(rules: Policy, serial: int = 1) -> Published:
    return Published(
        policy=rules, provenance=Provenance(commit=COMMIT, tree="t" * 64, serial=serial)
    )


def quote(symbol: str = "AAPL", price: str | int = 100, **changes: object) -> Quote:
    """A market two cents wide around `price` dollars."""
    middle = int(float(price) * UNIT)
    made = Quote(
        symbol=symbol,
        bid=middle - UNIT // 100,
        ask=middle + UNIT // 100,
        last=middle,
        ts=NOW,
        market_time=NOW,
        adv=50_000_000 * UNIT,
        session="open",
        instrument=INSTRUMENTS.get(
            symbol, Instrument(symbol, "equity", "fiat", UNIT // 100, UNIT, tradable=True)
        ),
    )
    return msgspec.structs.replace(made, **changes)


def intent(symbol: str = "AAPL", **changes: object) -> Intent:
    """A new intent to open, at a conviction of 0.8."""
    number = next(_numbers)
    made = Intent(
        id=content_id("intent", str(number).encode()),
        vault=VAULT,
        symbol=symbol,
        asset_class="crypto" if symbol.endswith(("-USD", "-USDC")) else "equity",
        side="buy",
        reducing=False,
        conviction=800_000,
        band="strong",
        conviction_id=content_id("con", str(number).encode()),
        strategy="reflect",
        flip=False,
        created=NOW,
        expires=NOW + 10 * MINUTE,
        market_time=NOW,
        build=BUILD,
        policy=COMMIT,
        dag_id=content_id("con", str(number).encode()),
    )
    return msgspec.structs.replace(made, **changes)


def order(symbol: str = "AAPL", quantity: int = 10, price: int = 100, **changes: object) -> Order:
    """A proposed order of whole units at a price in dollars."""
    made = Order(
        client_order_id=f"ord_{next(_numbers):032x}",
        intent_id=f"intent_{next(_numbers):032x}",
        vault=VAULT,
        symbol=symbol,
        asset_class="crypto" if symbol.endswith(("-USD", "-USDC")) else "equity",
        broker="paper",
        side="buy",
        quantity=quantity * UNIT,
        limit_price=price * UNIT,
        multiplier=1,
        reducing=False,
        flip=False,
        persona="ares",
        strategy="reflect",
        conviction=800_000,
        band="strong",
    )
    return msgspec.structs.replace(made, **changes)


def fund(rules: Policy, cash: int = 1_000_000 * UNIT, names: tuple[str, ...] = ()) -> Book:
    """A book in which every vault of the policy has its money."""
    book = Book()
    book.apply(PolicyAdopted(published(rules)))
    for name in names or tuple(rules.vaults):
        book.apply(VaultFunded(name, cash, NOW))
    return book


def case(
    proposed: Order, rules: Policy, book: Book, market: Quote | None, now: int = NOW, **of: object
) -> Case:
    """The case of an order, as the intent that would have led to it."""
    wanted = intent(
        proposed.symbol,
        id=proposed.intent_id,
        vault=proposed.vault,
        asset_class=proposed.asset_class,
        side=proposed.side,
        reducing=proposed.reducing,
        conviction=proposed.conviction,
        strategy=proposed.strategy,
        flip=proposed.flip,
        **of,
    )
    return Case(wanted, book, Mandates(rules).of(proposed.vault), market, now, proposed.broker)


def made(
    wanted: Intent, book: Book, rules: Policy, market: Quote | None, now: int = NOW
) -> DecisionMade:
    """Decide on an intent, and take the decision into the book."""
    mandates = Mandates(book.published.policy if book.published else rules)
    decision = decide(wanted, book, mandates, market, now, broker="paper")
    event = DecisionMade(wanted, market, now, "paper", decision, EDITION)
    book.apply(event)
    if decision.order is not None:
        book.apply(OrderPrepared(decision.order))
    return event


def filled(
    book: Book, placed: Order, quantity: int | None = None, price: int | None = None, fee: int = 0
) -> Fill:
    """Acknowledge and fill an order of the book; all of it at its limit unless said otherwise."""
    opened = book.open[placed.client_order_id]
    if opened.state in {OrderState.PREPARED, OrderState.UNKNOWN}:
        book.apply(OrderAcknowledged(placed.client_order_id, "P1", NOW))
    fill = Fill(
        id=f"f{next(_numbers)}",
        client_order_id=placed.client_order_id,
        symbol=placed.symbol,
        side=placed.side,
        quantity=opened.remaining if quantity is None else quantity,
        price=placed.limit_price if price is None else price,
        fee=fee,
        ts=NOW,
    )
    book.apply(OrderFilled(fill))
    return fill


def hold(
    book: Book,
    rules: Policy,
    symbol: str,
    quantity: int,
    price: int,
    name: str = VAULT,
    *,
    fee: int = 0,
    broker: str = "paper",
) -> None:
    """Give a vault a position through the book's own events, past every fence."""
    side = "buy" if quantity > 0 else "sell"
    placed = order(symbol, abs(quantity), price, side=side, vault=name, broker=broker)
    market = quote(symbol, price)
    wanted = intent(symbol, id=placed.intent_id, vault=name, side=side)
    decision = decide(wanted, Book(), Mandates(rules), market, NOW, broker=broker)
    accepted = msgspec.structs.replace(decision, verdict="accept", order=placed)
    book.apply(DecisionMade(wanted, market, NOW, broker, accepted))
    filled(book, placed, price=price * UNIT, fee=fee)
    # Of the first edition, so that nothing is counted; what would stand in the way is forgotten.
    book.vaults[name].recent.clear()
    book.accepted.clear()


def envelope(wanted: Intent, key: Ed25519PrivateKey = KEY, node: str = NODE) -> bytes:
    """An intent as Markets sends it."""
    payload = encode(wanted)
    signature = sign(key, payload, "vanta-intent")
    return encode(Envelope(payload.decode(), signature.decode(), node))


def tape(
    path: Path, rows: Sequence[tuple[str, int, str | float]], adv: int = 50_000_000 * UNIT
) -> Path:
    """A tape of (symbol, market time, price) rows, two cents wide; stablecoin's a hundredth."""
    lines = []
    for symbol, market_time, price in sorted(rows, key=lambda row: row[1]):
        middle = int(float(price) * UNIT)
        apart = UNIT // 10_000 if symbol == USDC.symbol else UNIT // 100
        row = {
            "symbol": symbol,
            "market_time": market_time,
            "bid": middle - apart,
            "ask": middle + apart,
            "last": middle,
            "adv": adv,
            "instrument": INSTRUMENTS[symbol],
        }
        lines.append(encode(row) + b"\n")
    path.write_bytes(b"".join(lines))
    return path
