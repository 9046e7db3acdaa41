"""Conversions of the Executor's own: money an order lacks, or the buffer, brought where it belongs.

An intent that every fence would accept if only the vault's money lay in its currency waits for a
conversion; so does a buffer that has run short. A pure function of intent, book, policy, quotes and
instant, so an audit makes every wish again. What comes of it is an intent like any other: decided,
fenced, and sent once. A vault has one conversion at a time.
"""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.domain.conviction import Side
from vanta.domain.encoding import content_id
from vanta.domain.exact import PPM, UNIT, notional, part_of
from vanta.domain.instant import HOUR, MINUTE
from vanta.domain.trading import Intent, Order, Quote
from vanta.executor.book import Book
from vanta.executor.case import CONVERT, FEE_ALLOWANCE, UNSIZED, Case
from vanta.executor.decide import propose
from vanta.executor.edition import EDITION
from vanta.executor.events import ConversionWanted
from vanta.executor.fences.registry import all_passed, judge
from vanta.executor.mandate import Mandate, Mandates, holds
from vanta.executor.positions import VaultBook
from vanta.executor.rails import (
    CRYPTO,
    PEG,
    STABLECOIN,
    USD,
    Conversion,
    Market,
    ShortError,
    plan,
    proceeds,
)
from vanta.executor.reference import reference
from vanta.executor.sizing import limit_price
from vanta.executor.stops import LIFE, Seen

ROUNDS = 4
"""Most conversions that one intent waits for: what one order may be worth can be less than it
lacks, and prices move."""

NEAR = 99
"""An order this much of a hundred of its full size waits for no more money."""

SHORT = 95
"""A buffer below this much of a hundred of what it should be is made up, to the whole."""

RETRY = MINUTE
"""Least time between two sweeps of one vault; doubled for each that moved nothing."""

RETRY_MOST = HOUR

_MONEY = 2**62
"""More than any vault has."""


class _Way(NamedTuple):
    """One way through the market in which dollars and stablecoin are exchanged."""

    intent: Intent
    market: Market


def reaches(mandate: Mandate) -> bool:
    """Whether a vault has stablecoin at all: by its rails."""
    return mandate.known and holds(mandate.rails, CRYPTO)


def lacking(
    intent: Intent,
    book: Book,
    policy: Mandates,
    market: Seen,
    peg: Seen,
    now: int,
    edition: int = EDITION,
) -> ConversionWanted | None:
    """The conversion an intent has to wait for; None where it is to be decided as things are.

    None, too, where another fence than that on money would deny it, or where no conversion helps:
    then the decision says so.

    Args:
        intent: past intake.
        book: everything decided before, folded; not changed.
        policy: the policy in force.
        market: a quote of the intent's symbol, and whose it is.
        peg: dollars for one of the stablecoin, and where it would be converted.
        now: UTC nanoseconds by the node's clock, read after the quotes were.
        edition: of the fences.
    """
    mandate = policy.of(intent.vault)
    if intent.reducing or intent.expires <= now or not reaches(mandate):
        return None
    latest = book.conversions.get(intent.vault)
    if latest is not None and latest.rounds.get(intent.id, 0) >= ROUNDS:
        return None
    if latest is not None and latest.serves == intent.id and latest.over and latest.idle:
        # It was tried, and nothing came of it.
        return None
    asks = _Asking(intent, book, mandate, market, now, edition)
    side: Side = "buy" if asks.plain.paid_in_stablecoin else "sell"
    way = _way(book, mandate, peg, side, intent, now)
    if way is None or not asks.plain.reference:
        return None
    has = _purse(book, intent.vault)
    extra = _brings(has, way.market, side, asks.buffer, book.peg)
    if extra <= 0:
        return None
    whole = asks.with_more(extra)
    if whole is None or asks.alone * 100 >= whole.quantity * NEAR:
        return None
    paid_in = STABLECOIN if side == "buy" else USD
    try:
        conversions = plan(has, paid_in, asks.costs(whole), asks.buffer, (way.market,))
    except ShortError:
        return None
    quantity = _whole_lots(conversions, way.market, mandate, peg.quote)
    if not quantity or conversions[0].side != side:
        return None
    return ConversionWanted(
        way.intent, quantity, conversions, peg.quote, peg.broker, now, edition,
        intent, market.quote, market.broker,
    )  # fmt: skip


def short_of_buffer(book: Book, policy: Mandates, now: int) -> Iterator[str]:
    """Vaults whose stablecoin has run below their buffer, and that may be swept now."""
    for name, vault in sorted(book.vaults.items()):
        mandate = policy.of(name)
        if not mandate.stablecoin_buffer or not reaches(mandate) or book.converting(name):
            continue
        latest = book.conversions.get(name)
        if latest is not None:
            apart = min(RETRY << min(max(0, latest.idle - 1), 10), RETRY_MOST)
            if 0 <= now - latest.asked < apart:
                continue
        has = _purse(book, name).get(STABLECOIN, 0)
        if has * book.peg * 100 < _buffer(vault, mandate) * UNIT * SHORT:
            yield name


def sweep(
    name: str, book: Book, policy: Mandates, peg: Seen, now: int, edition: int = EDITION
) -> ConversionWanted | None:
    """The conversion that makes a vault's buffer up; None where it cannot be, or is not now.

    Args:
        name: of the vault, of `short_of_buffer`.
        book: everything decided before, folded; not changed.
        policy: the policy in force.
        peg: dollars for one of the stablecoin, and where it would be converted.
        now: UTC nanoseconds by the node's clock, read after the quote was.
        edition: of the fences; on record with the wish.
    """
    mandate = policy.of(name)
    way = _way(book, mandate, peg, "buy", None, now)
    if way is None or mandate.brake(peg.broker, CONVERT).opening:
        return None
    buffer = _stablecoin(_buffer(book.vaults[name], mandate), peg.quote)
    try:
        conversions = plan(_purse(book, name), USD, 0, buffer, (way.market,))
    except ShortError:
        return None
    quantity = _whole_lots(conversions, way.market, mandate, peg.quote)
    if not quantity:
        return None
    return ConversionWanted(way.intent, quantity, conversions, peg.quote, peg.broker, now, edition)


class _Asking:
    """What an intent would come to with the money there is, and with more."""

    def __init__(
        self, intent: Intent, book: Book, mandate: Mandate, market: Seen, now: int, edition: int
    ) -> None:
        self._of = intent, book, mandate, market.quote, now, market.broker, edition
        self.plain = Case(*self._of)
        """As things are."""
        order, _ = propose(self.plain)
        self.alone = 0 if self.plain.sized != UNSIZED else order.quantity
        """Quantity as things are; 0 where that leaves nothing."""
        self.peg = book.peg
        amount = _buffer(book.vaults.get(intent.vault, VaultBook()), mandate)
        self.buffer = -(-amount * UNIT // self.peg)
        """Stablecoin that has to be left."""

    def with_more(self, extra: int) -> Order | None:
        """The order it comes to with so many dollars' worth more; None where a fence denies it."""
        case = Case(*self._of)
        case.available += extra
        if not case.paid_in_stablecoin and case.crypto:
            # What is converted is no stablecoin any more; of that no more goes than the buffer.
            case.cushion = min(case.cushion, part_of(case.nav, case.mandate.stablecoin_buffer) + 1)
        order, _ = propose(case)
        return order if all_passed(judge(order, case), case.edition) else None

    def costs(self, order: Order) -> int:
        """What an order may cost at most, in its own currency."""
        case = self.plain
        if case.paid_in_stablecoin and case.quote is not None:
            price = max(order.limit_price, reference(case.quote))
        else:
            price = max(order.limit_price, case.reference)
        amount = notional(price, order.quantity, order.multiplier)
        return amount + part_of(amount, FEE_ALLOWANCE) + 1


def _buffer(vault: VaultBook, mandate: Mandate) -> int:
    """Dollars' worth of stablecoin that a vault keeps."""
    return part_of(max(0, vault.nav), mandate.stablecoin_buffer)


def _stablecoin(amount: int, peg: Quote) -> int:
    """So many dollars in stablecoin, rounded up."""
    return -(-amount * UNIT // max(1, reference(peg)))


def _purse(book: Book, name: str) -> dict[str, int]:
    """What of a vault's money no order has a claim on, by currency."""
    vault = book.vaults.get(name)
    if vault is None:
        return {}
    # A short's proceeds are in the cash, and as much again stands behind it.
    dollars = vault.cash - vault.buying - vault.selling - 2 * vault.short
    dollars -= book.secured.get(name, 0)
    purse = vault.purse
    if purse is None:
        return {USD: max(0, dollars), STABLECOIN: 0}
    return {
        USD: max(0, dollars + purse.apart - purse.converting),
        STABLECOIN: max(0, purse.free),
    }


def _brings(has: dict[str, int], market: Market, side: Side, buffer: int, peg: int) -> int:
    """Dollars' worth that converting everything that may be would add, in whole lots; or less."""
    if side == "buy":
        each = market.buy_at * (PPM + FEE_ALLOWANCE)
        quantity = has.get(USD, 0) * PPM * UNIT // each - 2 * market.lot
        return quantity * peg // UNIT
    quantity = has.get(STABLECOIN, 0) - buffer - 2 * market.lot
    return proceeds(market, quantity) if quantity > 0 else 0


def _way(
    book: Book, mandate: Mandate, peg: Seen, side: Side, served: Intent | None, now: int
) -> _Way | None:
    """The conversion's own intent, and the market at the limit it would have; None without one."""
    quote = peg.quote
    latest = book.conversions.get(mandate.vault)
    serial = latest.serial + 1 if latest is not None else 1
    serves = served.id if served is not None else ""
    published = book.published
    intent = Intent(
        # The same wish has the same id, whoever works it out and how often.
        id=content_id(
            "intent", b"conversion", mandate.vault.encode(), serves.encode(), str(serial).encode()
        ),
        vault=mandate.vault,
        symbol=PEG,
        asset_class=quote.instrument.asset_class,
        side=side,
        reducing=side == "sell",
        conviction=0,
        band="",
        conviction_id="",
        strategy=CONVERT,
        flip=False,
        created=now,
        expires=now + LIFE,
        market_time=quote.market_time,
        build="executor",
        policy=published.provenance.commit if published else "",
        dag_id=served.dag_id if served is not None else "",
    )
    limit = limit_price(Case(intent, book, mandate, quote, now, peg.broker))
    if limit <= 0 or quote.symbol != PEG:
        return None
    lot = max(1, quote.instrument.lot)
    return _Way(intent, Market(PEG, STABLECOIN, USD, limit, limit, lot, FEE_ALLOWANCE))


def _whole_lots(
    conversions: tuple[Conversion, ...], market: Market, mandate: Mandate, peg: Quote
) -> int:
    """How much of a plan one order may have; 0 for nothing."""
    if not conversions:
        return 0
    quantity = conversions[0].quantity
    if conversions[0].side == "buy":
        most = min(mandate.max_notional, part_of(peg.adv, mandate.max_of_adv), _MONEY)
        quantity = min(quantity, most * UNIT // max(market.buy_at, reference(peg)))
    return quantity // market.lot * market.lot
