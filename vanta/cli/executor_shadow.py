"""`vanta executor shadow`: decide beside a live Executor, send nothing, and say what differs."""

import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanta.cli.columns import table, wrapped
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.cli.span import read_span
from vanta.domain.exact import show_money, show_units
from vanta.domain.instant import SECOND, show_instant

if TYPE_CHECKING:
    from vanta.executor.shadow import ShadowDecided, Tally

_SHOWN = 10
_SAYS = {
    "same": "the same",
    "denied": "denied here, sent live",
    "allowed": "denied live, allowed here",
    "smaller": "smaller here",
    "larger": "larger here",
    "repriced": "other limit price",
    "reasons": "denied for other reasons",
}


@command
def shadow(
    live: Annotated[Path, typer.Option("--live", help="The live Executor's folder; only read.")],
    node: NodeDir = NODE_DEFAULT,
    since: Annotated[
        str, typer.Option("--since", help="Where nothing was compared yet: how far back.")
    ] = "1d",
    once: Annotated[
        bool, typer.Option("--once", help="Catch up, say how the two compare, and end.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Decide what a live Executor decides, under this node's own policy, and never send.

    It reads the live node's journals, takes nothing off its bus, speaks to no broker, and writes
    this node's shadow.jsonl alone. Every decision meets the book the live one met.

    Exit 0: ended, or with --once all came out the same. 3: with --once, some differ or are missing.
    1: an error. 2: usage.
    """
    from vanta.executor.shadowing import ShadowNode
    from vanta.governance.published import PolicyReader
    from vanta.node.ending import until_told
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    following = ShadowNode(
        layout,
        Layout(live.resolve()),
        # Nothing is sent, so a controller that is silent need not keep anything in.
        read_policy=PolicyReader(layout.memory),
        clock=time.time_ns,
        actor=f"shadow@{version('vanta')}",
        since=time.time_ns() - read_span(since, place="--since"),
    )
    with closing(following):
        if not once:
            following.run(until_told())
            return
        while following.step():
            pass
        found = following.tally
    if as_json:
        print_json(_data(found))
    else:
        for line in _lines(found):
            say(line)
    raise typer.Exit(3 if found.differing or found.missing else 0)


def _data(found: "Tally") -> dict[str, Any]:
    return {
        "commit": found.commit,
        "serial": found.serial,
        "decisions": sum(found.outcomes.values()),
        "same": found.same,
        "differs": {name: n for name, n in sorted(found.outcomes.items()) if name != "same"},
        "missing": found.missing,
        "missed": found.missed[-_SHOWN:],
        "latest": [_one(one) for one in reversed(found.latest)],
    }


def _one(one: "ShadowDecided") -> dict[str, Any]:
    return {
        "at": show_instant(one.live_ts),
        "intent": one.intent_id,
        "vault": one.vault,
        "symbol": one.symbol,
        "side": one.side,
        "outcome": one.outcome,
        "live": show_units(one.before),
        "here": show_units(one.after),
        "because": one.because,
    }


def _lines(found: "Tally") -> list[str]:
    decisions = sum(found.outcomes.values())
    lines = [f"{decisions:,} live decisions made again under serial {found.serial}"]
    rows = [(_SAYS[name], f"{found.outcomes[name]:,}") for name in _SAYS if name in found.outcomes]
    rows += [("let in live and never decided", f"{found.missing:,}")] if found.missing else []
    lines += table(rows, indent=2) if rows else []
    if found.latest:
        lines.append("the latest that differ:")
    for one in reversed(found.latest[-_SHOWN:]):
        at = show_instant(one.live_ts // SECOND * SECOND)
        moved = f"{_worth(one.before)} live, {_worth(one.after)} here"
        moved = moved if one.before or one.after else "denied live and here"
        lines += wrapped(f"{at} {one.vault} {one.side} {one.symbol}: {moved}: {one.because}", 2)
    return lines + [f"  missing: {name}" for name in found.missed[-_SHOWN:]]


def _worth(amount: int) -> str:
    return show_money(amount) if amount else "nothing"
