"""Fences 8 to 12: what the order makes of the book, with everything open and pending counted."""

from vanta.domain.exact import PPM, part_of
from vanta.domain.trading import Finding, Order
from vanta.executor.case import FEE_ALLOWANCE, Case
from vanta.executor.edition import APART, FIRST
from vanta.executor.fences.fence import at_least, at_most, fence, holds
from vanta.executor.reference import spread

UNMEASURED = 2**63 - 1
"""A share of nothing: above every cap."""


def _share(amount: int, nav: int) -> int:
    """`amount` as a share of NAV, ppm, rounded up."""
    return -(-amount * PPM // nav)


@fence(
    8,
    "WITHIN_POSITION",
    codes=(
        "NOT_REDUCING",
        "OTHER_SIDE",
        "POSITION",
        "POSITION_ACCOUNT",
        "PERSONA_GROSS",
        "POSITIONS",
    ),
    reads=("per_symbol", "account_per_symbol", "persona_gross", "persona", "positions"),
)
def position(order: Order, case: Case, found: list[Finding]) -> None:
    """The position in one symbol, of the vault and of all; the persona's; how many there are.

    A reducing order is asked only whether it reduces what lies at the broker it goes to; an opening
    one also whether the vault has the other side of it at another.
    """
    mandate, line, every = case.mandate, case.line, case.every
    if order.reducing:
        left = case.left(order.side, order.broker)
        if order.quantity > left or every:
            at_most(found, 8, "NOT_REDUCING", order.quantity, left, "units")
        return
    if case.edition >= APART:
        other = case.opposed()
        if other or every:
            holds(found, 8, "OTHER_SIDE", not other, other or None)
    if case.beyond:
        if case.exposed > mandate.per_symbol or every:
            at_most(found, 8, "POSITION", case.exposed, mandate.per_symbol, "units")
        together = case.account_symbol_rest + case.exposed
        if together > mandate.account_per_symbol or every:
            at_most(found, 8, "POSITION_ACCOUNT", together, mandate.account_per_symbol, "units")
        whole = case.persona_rest + case.exposed
        if case.edition > FIRST and (whole > mandate.persona_gross or every):
            at_most(found, 8, "PERSONA_GROSS", whole, mandate.persona_gross, "units")
    count = case.vault.occupied + 1 - line.counted.occupied
    if count > mandate.positions or every:
        at_most(found, 8, "POSITIONS", count, mandate.positions, "count")


@fence(
    9,
    "WITHIN_EXPOSURE",
    codes=(
        "GROSS",
        "NET",
        "ACCOUNT_GROSS",
        "ACCOUNT_NET",
        "NAV_UNKNOWN",
        "TICKER_SHARE",
        "SECTOR_SHARE",
        "ASSET_CLASS_SHARE",
    ),
    reads=(
        "gross",
        "net",
        "account_gross",
        "account_net",
        "per_ticker",
        "per_sector",
        "per_asset_class",
        "sectors",
    ),
)
def exposure(order: Order, case: Case, found: list[Finding]) -> None:
    """Gross and net of the vault and the account; shares of NAV. Opening orders."""
    if order.reducing or not case.beyond:
        return
    mandate, every, exposed, worth = case.mandate, case.every, case.exposed, case.worth
    up, down = (worth, 0) if order.side == "buy" else (0, worth)
    for code, amount, limit in (
        ("GROSS", case.rest + exposed, mandate.gross),
        ("ACCOUNT_GROSS", case.account_rest + exposed, mandate.account_gross),
        ("NET", max(case.net_up + up, case.net_down + down), mandate.net),
        (
            "ACCOUNT_NET",
            max(case.account_net_up + up, case.account_net_down + down),
            mandate.account_net,
        ),
    ):
        if amount > limit or every:
            at_most(found, 9, code, amount, limit, "units")
    nav, terms = case.nav, case.terms
    if nav <= 0 or every:
        at_least(found, 9, "NAV_UNKNOWN", nav, 1, "units")
    if nav <= 0:
        return
    for code, amount, limit in (
        ("TICKER_SHARE", exposed, terms.per_ticker),
        ("SECTOR_SHARE", case.sector_rest + exposed, terms.per_sector),
        (
            "ASSET_CLASS_SHARE",
            case.class_rest + exposed,
            case.route.per_asset_class,
        ),
    ):
        if amount * PPM > limit * nav or every:
            at_most(found, 9, code, _share(amount, nav), limit, "ppm")


@fence(
    10,
    "FUNDED",
    codes=("BUYING_POWER", "STABLECOIN_BUFFER", "CAPITAL"),
    reads=(
        "capital",
        "reinvest",
        "scale",
        "roll_forward",
        "stablecoin_buffer",
        "naked_options",
    ),
)
def buying_power(order: Order, case: Case, found: list[Finding]) -> None:
    """Cash nobody has a claim on, and the capital the vault was given. Opening orders.

    What an order may cost is reserved with the decision and free again when the order is over.
    """
    if order.reducing or not case.beyond:
        return
    every = case.every
    needed = case.worth + part_of(case.worth, FEE_ALLOWANCE)
    if needed > case.available or every:
        at_most(found, 10, "BUYING_POWER", needed, case.available, "units")
    deployed = case.rest + case.exposed
    if deployed > case.deployable or every:
        at_most(found, 10, "CAPITAL", deployed, case.deployable, "units")
    if case.crypto:
        buffer = part_of(max(0, case.nav), case.mandate.stablecoin_buffer)
        left = case.available + case.cushion - needed
        if left < buffer or every:
            at_least(found, 10, "STABLECOIN_BUFFER", left, buffer, "units")


@fence(
    11,
    "WITHIN_LOSS",
    codes=("PNL_UNKNOWN", "DAILY_LOSS", "ACCOUNT_DAILY_LOSS", "DRAWDOWN", "LOSS_STREAK"),
    reads=("daily_loss", "account_daily_loss", "drawdown", "streak"),
)
def losses(order: Order, case: Case, found: list[Finding]) -> None:
    """Today's loss, the fall from the highest NAV, the streak. Opening orders."""
    if order.reducing:
        return
    mandate, vault, every = case.mandate, case.vault, case.every
    if vault.unmarked or not vault.funded or every:
        known = not vault.unmarked and vault.funded > 0
        holds(found, 11, "PNL_UNKNOWN", known, vault.unmarked, 0, "count")
    if case.loss > mandate.daily_loss or every:
        at_most(found, 11, "DAILY_LOSS", case.loss, mandate.daily_loss, "units")
    if case.account_loss > mandate.account_daily_loss or every:
        at_most(
            found, 11, "ACCOUNT_DAILY_LOSS", case.account_loss, mandate.account_daily_loss, "units"
        )
    top = vault.high_water
    fall = (top - case.nav) * PPM
    if top <= 0 or fall > mandate.drawdown * top or every:
        share = -(-fall // top) if top > 0 else UNMEASURED
        at_most(found, 11, "DRAWDOWN", share, mandate.drawdown, "ppm")
    if vault.streak > mandate.streak or every:
        at_most(found, 11, "LOSS_STREAK", vault.streak, mandate.streak, "count")


@fence(
    12,
    "LIQUID",
    codes=("CONCENTRATION", "FLIP_SLICE", "ADV_UNKNOWN", "ADV_FLOOR", "ADV_SHARE", "SPREAD"),
    reads=(
        "bands",
        "multiplier",
        "boost_until",
        "boost_multiplier",
        "flip_amplifier",
        "envelope_amplifier",
        "flip_slice",
        "envelope_slice",
        "capital",
        "reinvest",
        "scale",
        "roll_forward",
        "adv_floor",
        "max_of_adv",
        "spread",
    ),
)
def concentration(order: Order, case: Case, found: list[Finding]) -> None:
    """No position larger than its conviction, no order larger than its market. Opening orders."""
    if order.reducing:
        return
    mandate, every = case.mandate, case.every
    quote = case.quote
    adv = 0 if quote is None else quote.adv
    if case.beyond:
        _conviction(order, case, found)
        if adv > 0 and (case.worth * PPM > mandate.max_of_adv * adv or every):
            at_most(found, 12, "ADV_SHARE", _share(case.worth, adv), mandate.max_of_adv, "ppm")
    if adv <= 0 or every:
        at_least(found, 12, "ADV_UNKNOWN", adv, 1, "units")
    if adv < mandate.adv_floor or every:
        at_least(found, 12, "ADV_FLOOR", adv, mandate.adv_floor, "units")
    if quote is not None and case.reference:
        apart = spread(quote)
        if apart > mandate.spread or every:
            at_most(found, 12, "SPREAD", apart, mandate.spread, "ppm")


def _conviction(order: Order, case: Case, found: list[Finding]) -> None:
    greatest = case.scaled(case.banded(order.conviction), flip=order.flip)
    if case.exposed > greatest or case.every:
        at_most(found, 12, "CONCENTRATION", case.exposed, greatest, "units")
    if order.flip:
        used, room = case.flipped + case.worth, case.slice
        if used > room or case.every:
            at_most(found, 12, "FLIP_SLICE", used, room, "units")
