"""`vanta executor cancel`, `reconcile`, `nudge`: take an order back, look at the brokers again."""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.columns import table
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND

if TYPE_CHECKING:
    from vanta.executor.brokers.port import Broker
    from vanta.executor.events import Difference
    from vanta.executor.listing import ListedOrder, Listing
    from vanta.journal.reader import Tail
    from vanta.node.layout import Layout

_LOOK_EVERY = 0.1
_APART = 1.0
"""Seconds between two looks at a difference: what is executed in between is none."""
_SILENT = 5 * SECOND


@command
def cancel(
    order: Annotated[
        str, typer.Argument(help="An order, or `last`; a prefix that fits one will do.")
    ],
    node: NodeDir = NODE_DEFAULT,
    wait: Annotated[
        float, typer.Option("--wait", min=0, max=600, help="Seconds to wait for its end.")
    ] = 10.0,
    who: Annotated[
        str, typer.Option("--who", help="Who asks, for the record, if not the user who types it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Ask the Executor to take an order back, and say how it ended.

    It passes every switch and halt. Asking again is nothing; an order that is over stays as it is.

    Exit 0: the order is over, however it ended. 3: asked, and not over yet; it stays asked for,
    also where no Executor runs. 1: an error. 2: usage.
    """
    from vanta.executor.judge.signs import EXECUTOR_SIGN
    from vanta.governance.heartbeat import Silence
    from vanta.journal.reader import Tail
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    with Tail(layout.journal("trade_log")) as tail:
        name, one, asked = _cancel(layout, tail, order, wait, who)
    running = not Silence(layout.memory, _SILENT, name=EXECUTOR_SIGN).lasts()
    if as_json:
        print_json(
            {"order": name, "state": one.state.value, "why": one.why, "asked": asked,
             "running": running}
        )  # fmt: skip
    else:
        say(_told(name, one, asked=asked, running=running))
    raise typer.Exit(0 if one.state.terminal else 3)


def _cancel(
    layout: "Layout", tail: "Tail", order: str, wait: float, who: str
) -> tuple[str, "ListedOrder", bool]:
    """Ask, and follow the journal to its end; its name, itself, whether it was asked."""
    from vanta.executor.listing import Listing
    from vanta.executor.withdrawal import ask
    from vanta.governance.latch import who as user
    from vanta.journal.segment import NAME_THE_NODE

    if not layout.journal("trade_log").exists():
        raise UnavailableError(
            "no Executor has traded here",
            code="JOURNAL_MISSING",
            place=str(layout.journal("trade_log")),
            remedy=NAME_THE_NODE,
        )
    known = _read_on(tail, Listing())
    name, one = _find(layout, known, order)
    asked = not one.state.terminal
    if asked:
        try:
            ask(layout.run, name, who or user())
        except OSError as error:
            raise UnavailableError(
                f"the Executor cannot be asked: {error.strerror}",
                code="NOT_ASKED",
                place=str(layout.run),
                remedy="start it with `vanta executor run`, and ask as a user of its group",
            ) from error
        until = time.monotonic() + wait
        while not one.state.terminal and time.monotonic() < until:
            time.sleep(_LOOK_EVERY)
            _read_on(tail, known)
    return name, one, asked


def _told(name: str, one: "ListedOrder", *, asked: bool, running: bool) -> str:
    from vanta.domain.exact import show_units

    filled = f", {show_units(one.filled)} of {show_units(one.order.quantity)} filled"
    state = f"{one.stands}{filled}"
    if one.state.terminal:
        return f"{name}: {state}" if asked else f"{name} was over already: {state}"
    why = "its broker has not said so yet" if running else "no Executor runs here"
    return f"{name} is asked for and not over: {why}; it stays asked for ({state})"


def _read_on(tail: "Tail", known: "Listing") -> "Listing":
    """Take in everything that is new."""
    from vanta.executor.listing import listing

    while records := tail.poll():
        listing(records, known)
    return known


def _find(layout: "Layout", known: "Listing", order: str) -> tuple[str, "ListedOrder"]:
    """The order whose name is this or begins with it; of several the one that is open."""
    orders = known.orders
    if order == "last" and orders:
        order = next(reversed(orders))
    found = [name for name in orders if name == order or (order and name.startswith(order))]
    alive = [name for name in found if not orders[name].state.terminal]
    found = alive if len(found) > 1 and alive else found
    if len(found) == 1:
        return found[0], orders[found[0]]
    raise RefusedError(
        f"{len(found)} orders begin with {order!r}" if found else f"there is no order {order!r}",
        code="WHICH_ORDER" if found else "NO_ORDER",
        place=str(layout.root),
        remedy="`vanta executor orders` lists them; give more of its name",
    )


@command
def nudge(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Let the Executor look at everything again now: every open order, every broker's statement.

    It is for a timer. It sends nothing itself and decides nothing: what waits goes when the
    Executor would send it anyway.

    Exit 0: it was told. 3: no Executor runs here; starting one looks at everything. 1: an error.
    2: usage.
    """
    from vanta.executor.hints import EVERYBODY, send_hint
    from vanta.executor.judge.signs import EXECUTOR_SIGN
    from vanta.governance.heartbeat import Silence
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    running = not Silence(layout.memory, _SILENT, name=EXECUTOR_SIGN).lasts()
    if running:
        send_hint(layout.run, EVERYBODY)
    if as_json:
        print_json({"told": running})
    else:
        say("the Executor looks again" if running else "no Executor runs here")
    raise typer.Exit(0 if running else 3)


@command
def reconcile(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Hold book, intents and every broker's statement against each other; read-only.

    A difference counts that is there twice, a second apart: what is executed meanwhile is none.

    Exit 0: they agree. 3: they differ. 1: an error; a broker that is away is one. 2: usage.
    """
    from vanta.executor.brokers.named import open_brokers
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    brokers = open_brokers(read_config(layout.config), time.time_ns)
    found: dict[str, list[Difference]] = {}
    for broker in brokers:
        with closing(broker):
            found[broker.name] = _twice(partial(_differences, layout, broker))
    differing = sum(map(len, found.values()))
    if as_json:
        print_json({"agree": not differing, "brokers": found})
    else:
        for name, differences in found.items():
            says = f"{len(differences)} DIFFERENCES" if differences else "book and broker agree"
            say(f"{name}: {says}")
            rows = [("what", "of", "ours", "theirs")]
            rows += [(x.code, x.subject, _side(x.ours), _side(x.theirs)) for x in differences]
            for line in table(rows, indent=2, left=(0, 1)) if differences else ():
                say(line)
    raise typer.Exit(3 if differing else 0)


def _side(value: int | str | None) -> str:
    from vanta.domain.exact import show_units

    return show_units(value) if isinstance(value, int) else str(value or "nothing")


def _twice(look: Callable[[], list["Difference"]]) -> list["Difference"]:
    found = look()
    if not found:
        return found
    time.sleep(_APART)
    again = look()
    return [one for one in again if one in found]


def _differences(layout: "Layout", broker: "Broker") -> list["Difference"]:
    from vanta.executor.brokers.port import Bookkeeping
    from vanta.executor.cashbook import LOOK_BACK
    from vanta.executor.post_trade import (
        Written,
        against_intents,
        against_movements,
        against_statement,
    )
    from vanta.executor.recall import recall
    from vanta.executor.reconcile import BrokerState, compare
    from vanta.journal.reader import read

    state = BrokerState(broker.open_orders(), broker.positions(), broker.account())
    statement = broker.executions_since(0)
    begin = time.time_ns() - LOOK_BACK
    moved = broker.movements_since(begin) if isinstance(broker, Bookkeeping) else ()
    written = Written()
    for journal in ("intents", "trade_log"):
        written.take(read(layout.journal(journal)))
    book = recall(layout.journal("trade_log")).book
    return [
        *compare(book, state, broker.name),
        *against_intents(written),
        *against_statement(written, broker.name, state.orders, statement),
        *against_movements(written, broker.name, moved),
    ]
