"""`vanta executor orders`: every order, and how far it came."""

from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.columns import table, wrapped
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.exact import UNIT, show_finest, show_units
from vanta.domain.instant import SECOND, show_instant

if TYPE_CHECKING:
    from vanta.executor.listing import ListedOrder

_CENT = UNIT // 100
_FIVE_DIGITS = 10_000
_ID = 12
"""Letters of an id that tell orders apart; a command takes them as a prefix."""


@command
def orders(
    node: NodeDir = NODE_DEFAULT,
    open_only: Annotated[
        bool, typer.Option("--open", help="Only those that are not over.")
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="Every column, in however many letters that takes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Every order, how far it came, and why what was denied was denied."""
    from vanta.executor.listing import listing
    from vanta.journal.reader import read
    from vanta.node.layout import Layout

    found = listing(read(Layout(node.resolve()).journal("trade_log")))
    if open_only:
        alive = {name: one for name, one in found.orders.items() if not one.state.terminal}
        found.orders = alive
    if as_json:
        print_json(found)
        return
    if not found.orders:
        say("no order is open" if open_only else "no order was prepared")
    elif wide:
        rows = [_WIDE, *(_wide(name, one) for name, one in found.orders.items())]
        for line in table(rows, left=(0, 1, 2, 3, 4, 9)):
            say(line)
    else:
        rows = [_HEAD, *(_row(name, one) for name, one in found.orders.items())]
        for line in table(rows, left=(0, 1, 2, 3)):
            say(line)
    denied = ", ".join(f"{code} {n}" for code, n in sorted(found.denied.items()))
    for line in wrapped(f"{found.accepted} accepted; reasons for denial: {denied or 'none'}"):
        say(line)


_HEAD: tuple[str, ...] = ("order", "vault", "what", "state")
_WIDE: tuple[str, ...] = (
    "order", "prepared", "vault", "symbol", "side", "quantity", "filled", "price", "fees", "state",
)  # fmt: skip


def _row(name: str, one: "ListedOrder") -> tuple[str, ...]:
    order = one.order
    what = f"{order.side} {show_units(order.quantity)} {order.symbol}"
    at = f" at {_price(one)}" if one.filled else ""
    whole = one.filled >= order.quantity
    how = f"filled{'' if whole else f' {show_units(one.filled)}'}{at}" if one.filled else ""
    state = one.stands
    if one.state.terminal and not whole:
        state = f"{state}, {how}" if how else state
    elif how:
        state = how
    return name[:_ID], order.vault, what, state


def _wide(name: str, one: "ListedOrder") -> tuple[str, ...]:
    prepared = show_instant(one.prepared // SECOND * SECOND)
    order = one.order
    return (
        name[:_ID], prepared, order.vault, order.symbol, order.side, show_units(order.quantity),
        show_units(one.filled), _price(one), _fees(one), one.stands,
    )  # fmt: skip


def _fees(one: "ListedOrder") -> str:
    """In money, and what of it was kept of the coin."""
    coin = one.order.symbol.partition("-")[0]
    kept = f" ({show_finest(one.kept)} {coin})" if one.kept else ""
    return f"{show_units(one.fees)}{kept}"


def _price(one: "ListedOrder") -> str:
    """The average to the cent, of a small one to five digits; a dash where nothing was filled."""
    if not one.filled:
        return "-"
    average, step = one.paid // one.filled, _CENT
    while step > 1 and average < _FIVE_DIGITS * step:
        step //= 10
    return show_units(average // step * step)
