"""`vanta governance status`, `controller` and `hint`: a node's own side."""

from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say


@command
def status(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """What this node enforces, since when, and what holds it back."""
    from vanta.cli.status_text import node_status, status_lines

    found = node_status(node)
    if as_json:
        print_json(found)
        return
    for line in status_lines(found):
        say(line)


@command
def controller(
    node: NodeDir = NODE_DEFAULT,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once: print what happened for programs.")
    ] = False,
) -> None:
    """Follow the governed branch, enforce what may be enforced, write a receipt for all of it.

    With --once it tells everything it journalled: steps of the branch, halts of the lane, hand
    edits, latches, ends. docs/reference/plan.md has the JSON, which is that of the log.
    """
    from vanta.cli.controller import follow, look_once

    if as_json and not once:
        raise typer.BadParameter("--json goes with --once; a controller that follows never ends")
    if once:
        look_once(node, as_json=as_json)
    else:
        follow(node)


@command
def hint(
    node: Annotated[
        Path | None, typer.Option("--node", "-n", help="The folder of a node on this machine.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option("--redis", help="A Redis that controllers listen on: its URL.")
    ] = None,
) -> None:
    """Tell controllers to look at the branch now; it says no more, and nothing depends on it."""
    from vanta.cli.controller import send

    for told in send(node if node or redis else NODE_DEFAULT, redis):
        say(f"told {told}")
