"""How much, and at what price: NAV, band, persona, headroom, lot.

Headroom is what every cap still leaves, so an order that is sized never breaches one; the fences
check it all the same, for they know nothing of how an order came about.
"""

from vanta.domain.exact import PPM, UNIT, notional
from vanta.domain.trading import Sizing
from vanta.executor.case import FEE_ALLOWANCE, Case
from vanta.executor.edition import FIRST
from vanta.executor.fences.one_order import exit_collar
from vanta.executor.reference import MAGNITUDE, put_strike
from vanta.executor.sums import OPTION

REACH = 4
"""A limit reaches past the far side of the market by this part of the collar: one quarter."""


def limit_price(case: Case) -> int:
    """A price that reaches past the far side of the market, within the collar, on a tick.

    0 where there is no market. Where no tick lies within the collar, the nearest: the fence
    denies it.
    """
    quote, intent = case.quote, case.intent
    if quote is None or not case.reference:
        return 0
    collar = case.mandate.collar
    tick = max(1, quote.instrument.tick)
    sides = quote.bid + quote.ask
    if intent.reducing:
        collar = max(collar, exit_collar(case, tick, sides))
    collar = min(collar, PPM)
    if intent.side == "buy":
        wanted = quote.ask + quote.ask * collar // (REACH * PPM)
        return min(wanted, sides * (PPM + collar) // (2 * PPM)) // tick * tick
    wanted = quote.bid - quote.bid * collar // (REACH * PPM)
    lowest = -(-sides * (PPM - collar) // (2 * PPM))
    return -(-max(wanted, lowest) // tick) * tick


def exit_size(case: Case) -> Sizing:
    """All of the position at that broker that no other order is already reducing."""
    quote, left = case.quote, case.left(case.intent.side, case.broker)
    worth = notional(case.reference, left, case.multiplier)
    lot = max(1, quote.instrument.lot) if quote is not None else 1
    return Sizing(case.nav, worth, worth, worth, left // lot * lot)


def conversion_size(case: Case) -> Sizing:
    """As much as the conversion was wanted for; nothing where none was."""
    wanted = case.book.converting(case.intent.vault)
    quantity = wanted.quantity if wanted and wanted.intent_id == case.intent.id else 0
    amount = notional(case.reference, quantity)
    return Sizing(case.nav, amount, amount, amount, quantity)


def entry_size(case: Case, price: int, *, flip: bool) -> Sizing:
    """What the conviction is worth, cut to the room every cap leaves.

    Args:
        case: intent, book, mandate and quote.
        price: the limit, units; 0 for none.
        flip: whether the vault's flip branch sizes it.
    """
    mandate, quote = case.mandate, case.quote
    banded = case.banded(case.intent.conviction)
    persona = case.scaled(banded, flip=flip)
    headroom = max(0, case.leave(persona, flip=flip))
    if quote is None or price <= 0:
        return Sizing(case.nav, banded, persona, 0, 0, case.boost)
    limit = case.dollars(price) if case.paid_in_stablecoin else price
    each = max(limit, case.reference) * case.multiplier
    quantity = min(headroom * UNIT // each, mandate.max_quantity)
    if case.edition > FIRST and case.intent.asset_class == OPTION and not case.buying:
        quantity = min(quantity, _secured(case, max(price, case.reference)))
    lot = max(1, quote.instrument.lot)
    return Sizing(case.nav, banded, persona, headroom, quantity // lot * lot, case.boost)


def _secured(case: Case, price: int) -> int:
    """How many puts the free cash stands behind, up to their strike; of anything else no bound."""
    strike = put_strike(case.intent.symbol)
    if not strike or case.mandate.naked_options:
        return MAGNITUDE
    each = (strike * PPM + price * (PPM + FEE_ALLOWANCE)) * case.multiplier
    # The allowance and the strike are both rounded up.
    return max(0, case.available - 2) * PPM * UNIT // each
