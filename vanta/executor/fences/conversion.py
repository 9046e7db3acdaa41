"""What a fence asks of a conversion, where it is not what it asks of a position.

A conversion moves a vault's money between dollars and stablecoin. It is no exposure, so nothing
that bounds positions is asked; it needs no symbol of its own in a universe, only a rail, an asset
class, a broker, and not to be denied. What a conversion may give is what nothing else has a claim
on, and of stablecoin not the buffer. Everything else, rates and switches too, is asked as ever.
"""

from vanta.domain.exact import PPM, part_of
from vanta.domain.trading import Finding, Order
from vanta.executor.case import CONVERT, FEE_ALLOWANCE, UNSIZED, Case
from vanta.executor.fences.fence import Judge, at_least, at_most, holds
from vanta.executor.mandate import holds as contains
from vanta.executor.reference import spread


def _terms(order: Order, case: Case, found: list[Finding]) -> None:
    """0: a vault of the policy, and something to convert; there is no conviction."""
    known, every = case.mandate.known, case.every
    if not order.reducing and (not known or every):
        holds(found, 0, "VAULT_UNKNOWN", known, order.vault)
    sized = order.quantity if case.sized == UNSIZED else case.sized
    if sized <= 0 or every:
        at_least(found, 0, "NO_SIZE", sized, 1, "units")


def _size(order: Order, case: Case, found: list[Finding]) -> None:
    """2: what one order may be worth; how many pieces of a dollar that is says nothing."""
    limit = case.mandate.max_notional
    if not order.reducing and (case.worth > limit or case.every):
        at_most(found, 2, "ORDER_NOTIONAL", case.worth, limit, "units")


def _duplicate(order: Order, case: Case, found: list[Finding]) -> None:
    """4: by id alone; the next conversion is another one."""
    known = order.intent_id in case.book.decided
    if known or case.every:
        holds(found, 4, "DUPLICATE_ID", not known, order.intent_id)


def _permitted(order: Order, case: Case, found: list[Finding]) -> None:
    """6: an open market on a rail, of a class and at a broker of the vault's; and our own wish."""
    mandate, quote, every = case.mandate, case.quote, case.every
    session = None if quote is None else quote.session
    if session != "open" or every:
        holds(found, 6, "SESSION", session == "open", session, "open")
    own = not case.intent.conviction_id and order.strategy == CONVERT
    if not own or every:
        holds(found, 6, "NOT_CONVERTING", own, order.symbol)
    questions = [("SYMBOL_DENIED", not case.terms.denied, order.symbol)]
    if quote is not None:
        instrument = quote.instrument
        questions += [("RAIL", contains(mandate.rails, instrument.rail), instrument.rail)]
        if not order.reducing:
            questions += [
                ("RESTRICTED", not instrument.restricted, order.symbol),
                ("NOT_TRADABLE", instrument.tradable, order.symbol),
            ]
    if not order.reducing:
        questions += [
            ("ASSET_CLASS", contains(mandate.asset_classes, order.asset_class), order.asset_class),
            ("BROKER", contains(mandate.brokers, order.broker), order.broker),
        ]
    for code, allowed, name in questions:
        if not allowed or every:
            holds(found, 6, code, allowed, name)


def _covered(order: Order, case: Case, found: list[Finding]) -> None:
    """7: no option is covered by money of either kind that a conversion takes: fence 10 asks."""


def _position(order: Order, case: Case, found: list[Finding]) -> None:
    """8: of stablecoin, no more than nothing else has a claim on."""
    if not order.reducing:
        return
    purse = case.vault.purse
    free = purse.free if purse is not None and order.side == "sell" else 0
    if order.quantity > free or case.every:
        at_most(found, 8, "NOT_REDUCING", order.quantity, free, "units")


def _exposure(order: Order, case: Case, found: list[Finding]) -> None:
    """9: a conversion is none."""


def _buying_power(order: Order, case: Case, found: list[Finding]) -> None:
    """10: dollars that nothing has a claim on; and stablecoin beyond the buffer."""
    every = case.every
    if not order.reducing:
        needed = case.worth + part_of(case.worth, FEE_ALLOWANCE)
        if needed > case.available or every:
            at_most(found, 10, "BUYING_POWER", needed, case.available, "units")
        return
    buffer = part_of(max(0, case.nav), case.mandate.stablecoin_buffer)
    left = case.cushion - case.worth
    if left < buffer or every:
        at_least(found, 10, "STABLECOIN_BUFFER", left, buffer, "units")


def _liquid(order: Order, case: Case, found: list[Finding]) -> None:
    """12: no conversion larger than its market; there is no conviction to be larger than."""
    if order.reducing:
        return
    mandate, quote, every = case.mandate, case.quote, case.every
    adv = 0 if quote is None else quote.adv
    if adv > 0 and (case.worth * PPM > mandate.max_of_adv * adv or every):
        share = -(-case.worth * PPM // adv)
        at_most(found, 12, "ADV_SHARE", share, mandate.max_of_adv, "ppm")
    if adv <= 0 or every:
        at_least(found, 12, "ADV_UNKNOWN", adv, 1, "units")
    if adv < mandate.adv_floor or every:
        at_least(found, 12, "ADV_FLOOR", adv, mandate.adv_floor, "units")
    if quote is not None and case.reference:
        apart = spread(quote)
        if apart > mandate.spread or every:
            at_most(found, 12, "SPREAD", apart, mandate.spread, "ppm")


ASKED_OF_CONVERSIONS: dict[int, Judge] = {
    0: _terms,
    2: _size,
    4: _duplicate,
    6: _permitted,
    7: _covered,
    8: _position,
    9: _exposure,
    10: _buying_power,
    12: _liquid,
}
"""By the fence's number, which also declares the fields they read."""
