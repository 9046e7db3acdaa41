"""The bias of a persona in words, the same in the terminal and on the page."""

from vanta.audit.bias import Bias
from vanta.audit.wording import money, percent, price, span, when
from vanta.domain.exact import PPM, show_ppm
from vanta.domain.trading import Intent, Order


def told(found: Bias, intent: Intent, order: Order | None, paid: int) -> tuple[str, ...]:
    """The bias in words.

    Args:
        found: what applied.
        intent: that was decided.
        order: that came of it; None where none did.
        paid: average price of its fills, units; 0 where there are none.
    """
    if intent.reducing:
        return ()
    size = (
        f"{found.persona}, boosted, scales every size by {show_ppm(found.boost)}"
        f" instead of {show_ppm(found.multiplier)}"
        if found.boost
        else f"{found.persona} scales every size by {show_ppm(found.multiplier)}"
    )
    lines = [f"{size} and acts from {percent(found.conviction)} sure on"]
    if found.reinvested:
        lines.append(
            f"sizes are shares of {money(found.deployable)}, {money(found.reinvested)} of it"
            " reinvested gains"
        )
    if intent.flip:
        lines.append(_flip(found))
    if order is not None and not order.reducing:
        lines.append(_stops(found, order, paid or order.limit_price))
    return tuple(lines)


def _flip(found: Bias) -> str:
    if found.flip_open:
        return (
            f"it is of the flip branch, open until {when(found.flip_until)}: that scales sizes by"
            f" {show_ppm(found.flip_amplifier)} again, uses {percent(found.flip_slice)} of NAV at"
            f" most, and acts from {percent(found.flip_conviction)} sure on instead"
        )
    ended = f"ended on {when(found.flip_until)}" if found.flip_until else "is not open"
    return f"it was meant for the flip branch, which {ended}: {found.persona} alone counts"


def _stops(found: Bias, order: Order, at: int) -> str:
    long = order.side == "buy"
    below, best = ("below", "highest") if long else ("above", "lowest")
    ways = []
    if found.stop_loss:
        level = at * (PPM - found.stop_loss if long else PPM + found.stop_loss) // PPM
        ways.append(f"at {price(level)} ({percent(found.stop_loss)} {below} {price(at)})")
    if found.trailing:
        ways.append(f"{percent(found.trailing)} {below} the {best} price since")
    if found.horizon:
        ways.append(f"after {span(found.horizon)}")
    return f"{found.persona} gets out {', '.join(ways) or 'when asked to'}"
