"""Where `vanta` starts: a halt on the spot before anything else is even loaded.

Typer and what the other commands need take several times as long to load as a halt takes. So
`vanta halt --now` of everything is read here, where it is spelled so that it can mean one thing
only; whatever else is on the command line goes to the command itself, which knows it all. Of the
other groups only the one that is named is loaded: what a service waits for when it starts.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

_NODE = "/opt/vanta"
_COMPLETE = "_VANTA_COMPLETE"
"""Set where a shell asks what may come next, of all commands."""
GROUPS = frozenset(
    {"governance", "node", "markets", "executor", "broker", "audit", "tracker", "build"}
)
"""Groups of commands, each a module of this package by its name."""
TAKES = {
    "--reason": "reason",
    "-m": "reason",
    "--node": "node",
    "-n": "node",
    "--switch": "switch",
    # A halt on the spot asks nobody, and so makes nothing of these.
    **dict.fromkeys(("--environment", "-e", "--key", "-k", "--repo", "-r"), ""),
    **dict.fromkeys(("--remote", "--branch", "--trust", "-t", "--also"), ""),
}
FLAGS = {"--now": "now", "--json": "as_json"}


class OnTheSpot(NamedTuple):
    """A halt of everything on this node."""

    node: Path
    reason: str
    as_json: bool


def on_the_spot(words: list[str]) -> OnTheSpot | None:
    """The halt that a command line asks for; None where it may ask for anything else.

    Args:
        words: what follows `vanta`.
    """
    if words[:1] != ["halt"] or "--now" not in words or _COMPLETE in os.environ:
        return None
    given = {"node": os.environ.get("VANTA_NODE") or _NODE, "switch": "full_halt"}
    left = iter(words[1:])
    for word in left:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word in FLAGS:
            given[FLAGS[word]] = "yes"
            continue
        takes = TAKES.get(name)
        found = value if equals else next(left, None)
        if takes is None or found is None:
            return None
        given[takes] = found
    if "now" not in given or "reason" not in given or given["switch"] != "full_halt":
        return None
    return OnTheSpot(Path(given["node"]), given["reason"], "as_json" in given)


def _run_any(first: list[str]) -> None:
    if GROUPS.isdisjoint(first) or _COMPLETE in os.environ:
        from vanta.cli.main import run as run_whole

        run_whole()
        return
    from importlib import import_module

    from vanta.cli.root import root

    alone = root()
    alone.add_typer(import_module(f"vanta.cli.{first[0]}").app, name=first[0])
    alone()


def run() -> None:
    """Entry point."""
    halt = on_the_spot(sys.argv[1:])
    if halt is None:
        _run_any(sys.argv[1:2])
        return
    from vanta.cli.halt_now import halt_now
    from vanta.domain.errors import VantaError

    try:
        halt_now(halt.node, halt.reason, "full_halt", {}, as_json=halt.as_json)
    except VantaError as error:
        from vanta.cli.output import fail

        fail(error)
        sys.exit(1)
    except KeyboardInterrupt:
        # Waiting for the sends was given up; the latch is set.
        sys.exit("Aborted!")
