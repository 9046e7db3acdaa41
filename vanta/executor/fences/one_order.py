"""Fences 1 to 7: what one order is, whatever else the book holds."""

from msgspec import UNSET

from vanta.domain.exact import PPM, notional, part_of
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.trading import Finding, Instrument, Order
from vanta.executor.book import content
from vanta.executor.case import FEE_ALLOWANCE, Case
from vanta.executor.edition import FIRST, RAILS, THIRD
from vanta.executor.fences.fence import at_least, at_most, fence, holds
from vanta.executor.mandate import holds as contains
from vanta.executor.rails import CURRENCIES
from vanta.executor.reference import MAGNITUDE, is_call, put_strike
from vanta.executor.sums import OPTION

EXIT_QUOTE_AGE = MINUTE
"""A way out may be priced by a quote this old, even in a vault whose own cap is lower."""

EXIT_COLLAR = 10_000
"""A way out may be this far from the reference (ppm), even in a vault whose own cap is lower."""

CLOCK_TOLERANCE = 5 * SECOND
"""How far ahead of ours the clock that made an intent may be."""


@fence(
    1,
    "WELL_FORMED",
    codes=("NOT_POSITIVE", "TOO_LARGE", "INSTRUMENT", "TICK", "LOT"),
)
def shape(order: Order, case: Case, found: list[Finding]) -> None:
    """Finite, positive, on the instrument's tick and lot. Every order."""
    every = case.every
    price, quantity = order.limit_price, order.quantity
    if price <= 0 or quantity <= 0 or every:
        at_least(found, 1, "NOT_POSITIVE", min(price, quantity), 1, "units")
    if price > MAGNITUDE or quantity > MAGNITUDE or every:
        at_most(found, 1, "TOO_LARGE", max(price, quantity), MAGNITUDE, "units")
    quote = case.quote
    if quote is None:
        holds(found, 1, "INSTRUMENT", False, None, order.symbol)  # noqa: FBT003 - not found
        return
    instrument = quote.instrument
    same = (
        instrument.symbol == order.symbol
        and instrument.asset_class == order.asset_class
        and instrument.multiplier == order.multiplier
        and instrument.tick > 0
        and instrument.lot > 0
        and instrument.multiplier > 0
    )
    if not same or every:
        holds(found, 1, "INSTRUMENT", same, f"{instrument.symbol} {instrument.asset_class}")
        if not same:
            return
    if price % instrument.tick or every:
        holds(found, 1, "TICK", price % instrument.tick == 0, price, instrument.tick, "units")
    if quantity % instrument.lot or every:
        holds(found, 1, "LOT", quantity % instrument.lot == 0, quantity, instrument.lot, "units")


@fence(
    2,
    "WITHIN_ORDER_SIZE",
    codes=("ORDER_QUANTITY", "ORDER_NOTIONAL"),
    reads=("max_quantity", "max_notional"),
)
def size(order: Order, case: Case, found: list[Finding]) -> None:
    """Quantity and notional of one order. Opening orders: a way out is bounded by what is held."""
    if order.reducing:
        return
    mandate, every = case.mandate, case.every
    if order.quantity > mandate.max_quantity or every:
        at_most(found, 2, "ORDER_QUANTITY", order.quantity, mandate.max_quantity, "units")
    if case.beyond and (case.worth > mandate.max_notional or every):
        at_most(found, 2, "ORDER_NOTIONAL", case.worth, mandate.max_notional, "units")


@fence(
    3,
    "NEAR_REFERENCE",
    codes=("QUOTE_MISSING", "QUOTE_INVALID", "QUOTE_AGE", "COLLAR"),
    reads=("quote_age", "collar"),
)
def collar(order: Order, case: Case, found: list[Finding]) -> None:
    """A live reference, and a limit price near it. Every order."""
    mandate, every, quote = case.mandate, case.every, case.quote
    if quote is None or every:
        holds(found, 3, "QUOTE_MISSING", quote is not None, order.symbol)
        if quote is None:
            return
    if not case.reference or every:
        holds(found, 3, "QUOTE_INVALID", case.reference > 0, f"{quote.bid} to {quote.ask}")
    oldest, farthest = mandate.quote_age, mandate.collar
    if order.reducing:
        wide = exit_collar(case, quote.instrument.tick, quote.bid + quote.ask)
        oldest, farthest = max(oldest, EXIT_QUOTE_AGE), max(farthest, wide)
    age = case.now - quote.ts
    if not 0 <= age <= oldest or every:
        holds(found, 3, "QUOTE_AGE", 0 <= age <= oldest, age, oldest, "ns")
    if case.reference:
        middle = quote.bid + quote.ask
        apart = abs(2 * order.limit_price - middle) * PPM
        if apart > farthest * middle or every:
            at_most(found, 3, "COLLAR", -(-apart // middle), farthest, "ppm")


@fence(
    4,
    "NOT_DUPLICATE",
    codes=("DUPLICATE_ID", "DUPLICATE_CONTENT"),
    reads=("duplicate_window",),
)
def duplicate(order: Order, case: Case, found: list[Finding]) -> None:
    """The same intent, or the same request within the window.

    By id every order, by content opening orders: a second way out finds nothing left to reduce.
    """
    every = case.every
    known = order.intent_id in case.book.decided
    if known or every:
        holds(found, 4, "DUPLICATE_ID", not known, order.intent_id)
    if order.reducing:
        return
    last = case.vault.recent.get(content(order))
    if last is None:
        if every:
            holds(found, 4, "DUPLICATE_CONTENT", True, None, case.mandate.duplicate_window, "ns")  # noqa: FBT003 - none before
        return
    since, window = case.now - last, case.mandate.duplicate_window
    if since < window or every:
        at_least(found, 4, "DUPLICATE_CONTENT", since, window, "ns")


@fence(
    5,
    "TIMELY",
    codes=("INTENT_EXPIRED", "INTENT_FROM_FUTURE", "INTENT_AGE", "FLIP_CLOSED"),
    reads=("intent_age", "flip_until"),
)
def timely(order: Order, case: Case, found: list[Finding]) -> None:
    """Not expired, not from the future: every order. Not too old, flip open: opening orders."""
    intent, now, every = case.intent, case.now, case.every
    if intent.expires <= now or every:
        at_least(found, 5, "INTENT_EXPIRED", intent.expires - now, 1, "ns")
    age = now - intent.created
    if -age > CLOCK_TOLERANCE or every:
        at_most(found, 5, "INTENT_FROM_FUTURE", -age, CLOCK_TOLERANCE, "ns")
    if order.reducing:
        return
    mandate = case.mandate
    if age > mandate.intent_age or every:
        at_most(found, 5, "INTENT_AGE", age, mandate.intent_age, "ns")
    if order.flip:
        left = mandate.flip_until - case.reached
        if left <= 0 or every:
            at_least(found, 5, "FLIP_CLOSED", left, 1, "ns")


@fence(
    6,
    "PERMITTED",
    codes=(
        "SESSION",
        "MARKET_HALT",
        "SYMBOL_NOT_ALLOWED",
        "SYMBOL_DENIED",
        "ASSET_CLASS",
        "RAIL",
        "BROKER",
        "RESTRICTED",
        "SHORT_NOT_ALLOWED",
        "NOT_SHORTABLE",
        "NOT_TRADABLE",
        "CURRENCY",
        "NOT_CONVERTING",
    ),
    reads=("allow", "deny", "asset_classes", "rails", "brokers", "short"),
)
def permitted(order: Order, case: Case, found: list[Finding]) -> None:
    """The market is open: every order. The instrument is one to be in: opening orders."""
    every, quote = case.every, case.quote
    session = None if quote is None else quote.session
    later = case.edition >= THIRD
    stopped = later and session == "halted"
    if stopped or (later and every):
        # A session opens again by the calendar; of a halt nobody can say how long it lasts.
        holds(found, 6, "MARKET_HALT", not stopped, session, "open")
    if not stopped and (session != "open" or every):
        holds(found, 6, "SESSION", session == "open", session, "open")
    if order.reducing:
        return
    terms = case.terms
    if every or not (terms.clear and case.route.taken):
        _lists(order, case, found)
    if quote is not None:
        _instrument(order, quote.instrument, case, found)


def _lists(order: Order, case: Case, found: list[Finding]) -> None:
    mandate, terms = case.mandate, case.terms
    for code, allowed, name in (
        ("SYMBOL_NOT_ALLOWED", terms.allowed, order.symbol),
        ("SYMBOL_DENIED", not terms.denied, order.symbol),
        ("ASSET_CLASS", contains(mandate.asset_classes, order.asset_class), order.asset_class),
        ("BROKER", contains(mandate.brokers, order.broker), order.broker),
    ):
        if not allowed or case.every:
            holds(found, 6, code, allowed, name)


def _instrument(order: Order, instrument: Instrument, case: Case, found: list[Finding]) -> None:
    mandate, every = case.mandate, case.every
    rail = contains(mandate.rails, instrument.rail)
    if not rail or every:
        holds(found, 6, "RAIL", rail, instrument.rail)
    if instrument.restricted or every:
        holds(found, 6, "RESTRICTED", not instrument.restricted, order.symbol)
    if case.edition > FIRST and (not instrument.tradable or every):
        holds(found, 6, "NOT_TRADABLE", instrument.tradable, order.symbol)
    if instrument.quoted_in is not UNSET and case.edition >= RAILS:
        known = instrument.quoted_in in CURRENCIES
        if not known or every:
            holds(found, 6, "CURRENCY", known, instrument.quoted_in)
    if order.side == "sell":
        if not mandate.short or every:
            holds(found, 6, "SHORT_NOT_ALLOWED", mandate.short, order.vault)
        if not instrument.shortable or every:
            holds(found, 6, "NOT_SHORTABLE", instrument.shortable, order.symbol)


@fence(
    7,
    "COVERED",
    codes=("NAKED_OPTION", "NAKED_PUT", "UNCOVERS_OPTION"),
    reads=("naked_options",),
)
def covered(order: Order, case: Case, found: list[Finding]) -> None:
    """No option is sold that nothing stands behind, and nothing is sold from behind one.

    Every order that sells. A call is covered by the underlying held long, share for share, a put
    by cash that nothing else has a claim on, up to its strike. What is not plainly covered counts
    as naked: no leg of a spread covers another. Notionals of options are price times multiplier.
    """
    if order.side == "buy" or case.mandate.naked_options:
        return
    vault, every = case.vault, case.every
    if order.asset_class == OPTION:
        if order.reducing:
            return
        strike = put_strike(order.symbol)
        if strike and case.edition > FIRST:
            cash = notional(strike, order.quantity, order.multiplier)
            left = case.available - case.worth - part_of(case.worth, FEE_ALLOWANCE)
            if cash > left or every:
                at_most(found, 7, "NAKED_PUT", cash, left, "units")
            return
        needed = order.quantity * order.multiplier
        free = _behind(order, case)
        if needed > free or every:
            at_most(found, 7, "NAKED_OPTION", needed, free, "units")
        return
    needed = vault.written.get(order.symbol, 0) if vault.written else 0
    if needed:
        line = case.line
        left = line.quantity - line.reducing - line.writing - order.quantity
        if left < needed or every:
            at_least(found, 7, "UNCOVERS_OPTION", left, needed, "units")


def exit_collar(case: Case, tick: int, sides: int) -> int:
    """How far from the reference a way out may be in any vault, ppm.

    At least one tick: of an option that costs a few cents no price is nearer.

    Args:
        case: of the order.
        tick: of the instrument.
        sides: bid and ask together.
    """
    if case.edition < THIRD or sides <= 0:
        return EXIT_COLLAR
    return max(EXIT_COLLAR, -(-2 * tick * PPM // sides))


def _behind(order: Order, case: Case) -> int:
    """How much of its underlying stands behind a call and nothing else; behind a put nothing."""
    vault, quote = case.vault, case.quote
    underlying = "" if quote is None else quote.instrument.underlying
    line = vault.lines.get(underlying)
    if line is None or not is_call(order.symbol):
        return 0
    going = line.reducing + (line.writing if case.edition >= THIRD else 0)
    return max(0, line.quantity - going - vault.written.get(underlying, 0))
