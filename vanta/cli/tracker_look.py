"""`vanta tracker list`, `open`, `summary`, `board`: what there is to see."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.columns import table
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, errors, print_json, say, write_to
from vanta.cli.tracker_options import (
    Also,
    Module,
    Owner,
    SeverityOption,
    ThreadId,
    layout_of,
    statuses,
)
from vanta.cli.tracker_options import severity as severity_of
from vanta.cli.tracker_options import status as status_of
from vanta.domain.printable import printable

if TYPE_CHECKING:
    from vanta.alpha.tracker.standing import Standing
    from vanta.alpha.tracker.threads import Thread

_TITLE = 44
_STYLES = {"critical": "bold red", "high": "yellow"}
"""Severities that are seen from afar."""


@command
def list_(
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Only these; give each.", autocompletion=statuses),
    ] = None,
    module: Module = None,
    owner: Owner = None,
    severe: SeverityOption = None,
    search: Annotated[
        str, typer.Option("--search", "-q", help="Only those that say this anywhere.")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Those that are promoted or closed too.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most lines; 0 for all.")] = 50,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Threads, the worst and oldest first."""
    from vanta.alpha.tracker.standing import stand
    from vanta.alpha.tracker.threads import DONE, SEVERITIES

    wanted = {status_of(each) for each in status or ()}
    least = SEVERITIES.index(severity_of(severe)) if severe else 0
    now = time.time_ns()
    standing = stand(layout_of(node), now)
    said = search.casefold()

    def fits(thread: "Thread") -> bool:
        stands = standing.statuses[thread.id]
        return (
            (stands in wanted if wanted else everything or stands not in DONE)
            and (module is None or thread.module == module)
            and (owner is None or thread.owner == owner)
            and SEVERITIES.index(thread.severity) >= least
            and (not said or said in _all_of(thread))
        )

    found = standing.threads(fits)
    found.sort(key=lambda one: (-SEVERITIES.index(one.severity), one.opened))
    if as_json:
        print_json(found[: limit or None])
        return
    _warn(standing)
    if not found:
        say("no thread" if everything or wanted else "no thread is open; --all shows the others")
        return
    shown = found[: limit or None]
    lines = table([_HEAD, *(_row(one, now) for one in shown)], left=(0, 1, 2, 4, 5, 6))
    say(lines[0])
    for one, line in zip(shown, lines[1:], strict=True):
        say(line, style=_STYLES.get(one.severity))
    if len(shown) < len(found):
        say(f"and {len(found) - len(shown)} more: --limit 0 shows them")


@command
def open_(thread: ThreadId, node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Everything about one thread: its candidate, who signed that off, what was said."""
    from vanta.alpha.tracker.approval import approval
    from vanta.alpha.tracker.permission import reviews
    from vanta.alpha.tracker.standing import stand
    from vanta.cli.tracker_text import told

    layout, now = layout_of(node), time.time_ns()
    standing = stand(layout, now)
    state = standing.state
    of_build = state.candidates.get(thread)
    one = state.thread(of_build.threads[0] if of_build and of_build.threads else thread)
    [shown] = standing.threads(lambda each: each.id == one.id)
    candidate = state.candidates.get(one.candidate)
    worth = approval(state, candidate, reviews(layout, now).permission) if candidate else None
    if as_json:
        print_json({"thread": shown, "candidate": candidate, "approval": worth})
        return
    _warn(standing)
    for line in told(shown, candidate, worth, now):
        say(line)


@command
def summary(module: Module = None, node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """How far each module has come."""
    from vanta.alpha.tracker.standing import stand
    from vanta.alpha.tracker.summary import progress
    from vanta.cli.tracker_text import summed

    now = time.time_ns()
    standing = stand(layout_of(node), now)
    found = standing.threads(lambda one: module is None or one.module == module)
    together, each = progress(found, standing.statuses)
    if as_json:
        print_json({"together": together, "modules": each})
        return
    _warn(standing)
    for line in summed(together, each, now):
        say(line)


@command
def board(
    out: Annotated[
        Path | None, typer.Option("--out", help="The page to write; board.html in the node's run.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="List every thread that is done, not the last 500.")
    ] = False,
    also: Also = None,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Write the board as one HTML page: no network, readable without script and on paper."""
    from vanta.alpha.tracker.board import page
    from vanta.alpha.tracker.deployed import deployed
    from vanta.alpha.tracker.permission import reviews
    from vanta.alpha.tracker.standing import stand

    layout, now = layout_of(node), time.time_ns()
    standing = stand(layout, now)
    found = reviews(layout, now)
    path = out or layout.run / "board.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = deployed([layout_of(each) for each in (node, *(also or ()))])
    text = page(standing, found.permission, now, runs=runs, everything=everything)
    write_to(path, text.encode())
    if as_json:
        print_json({"page": path, "threads": len(standing.statuses)})
        return
    _warn(standing)
    say(f"written to {path}: {len(standing.statuses)} threads")


_HEAD: tuple[str, ...] = ("thread", "status", "severity", "age", "owner", "module", "title")


def _row(one: "Thread", now: int) -> tuple[str, ...]:
    from vanta.alpha.tracker.summary import age

    return (
        one.id,
        one.status.replace("_", " "),
        one.severity,
        age(one.opened, now),
        printable(one.owner, most=16) or "-",
        printable(one.module, most=24),
        printable(one.title, most=_TITLE),
    )


def _all_of(thread: "Thread") -> str:
    said = (note.text for note in thread.notes)
    words = (thread.id, thread.module, thread.title, thread.owner, thread.candidate, thread.why)
    return "\n".join((*words, *thread.commits, *said)).casefold()


def _warn(standing: "Standing") -> None:
    """Say that nothing can be approved, on standard error: what is listed is still so."""
    if standing.trouble:
        errors.print(f"no sign-off counts: {standing.trouble}", markup=False, soft_wrap=True)
