"""`vanta tracker add`, `mark`, `note`, `fix`: what operators say."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.cli.tracker_options import (
    Also,
    Build,
    Commit,
    Module,
    Owner,
    SeverityOption,
    ThreadId,
    commit_id,
    desk,
    layout_of,
    modules,
    severity,
    status,
    statuses,
)
from vanta.domain.printable import printable

if TYPE_CHECKING:
    from vanta.alpha.tracker.desk import Desk
    from vanta.alpha.tracker.threads import Status, Thread


@command
def add(
    module: Annotated[
        str, typer.Argument(help="What it is about: a module.", autocompletion=modules)
    ],
    title: Annotated[str, typer.Argument(help="In one line.")],
    severe: SeverityOption = "medium",
    owner: Owner = None,
    note: Annotated[str, typer.Option("--note", help="What else is to be said.")] = "",
    candidate: Build = None,
    commit: Commit = None,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Open a thread about a module."""
    how = severity(severe or "medium")
    commits = [commit_id(each) for each in commit or ()]
    with desk(node) as tracker:
        if candidate:
            # Before anything is written: a thread that was refused leaves nothing behind.
            tracker.found(candidate)
        thread = tracker.add(module, title, how, owner or "")
        if note:
            thread = tracker.note(thread, note)
        thread = _linked(tracker, thread, candidate, commits)
    _told(thread, f"{thread.id} opened", as_json=as_json)
    if not as_json:
        say(f"  next: {_after(thread)}")


@command
def mark(
    thread: ThreadId,
    to: Annotated[
        str,
        typer.Argument(
            metavar="STATUS",
            help="open, in_review, changes_wanted, promoted, rolled_back or closed.",
            autocompletion=statuses,
        ),
    ],
    why: Annotated[str, typer.Option("--why", "-w", help="For whoever reads it.")] = "",
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Give a thread a status; `approved` follows from sign-offs and cannot be typed."""
    wanted = status(to)
    with desk(node) as tracker:
        marked = _mark(tracker, thread, wanted, why)
    if as_json:
        print_json(marked)
        return
    for one in marked:
        say(f"{one.id} is {one.status.replace('_', ' ')}")


@command
def note(
    thread: ThreadId,
    text: Annotated[str, typer.Argument(help="What is to be said; `-` reads standard input.")],
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Say something in a thread."""
    said = sys.stdin.read() if text == "-" else text
    with desk(node) as tracker:
        noted = [tracker.note(one, said) for one in _asked(tracker, thread)]
    for one in noted:
        _told(one, f"{one.id} noted", as_json=as_json)


@command
def fix(
    thread: ThreadId,
    candidate: Build = None,
    commit: Commit = None,
    title: Annotated[str, typer.Option("--title", "-t", help="What it is about.")] = "",
    module: Module = None,
    severe: SeverityOption = None,
    owner: Owner = None,
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
) -> None:
    """Name what puts a thread right (a build, a governance commit), or correct what it says.

    A build that is named comes before the reviewers; sign-offs are of a build, and those of the
    one before it do not count for it.
    """
    how = severity(severe) if severe else None
    commits = [commit_id(each) for each in commit or ()]
    if not (candidate or commits or title or module or how) and owner is None:
        raise typer.BadParameter("name what is to be put right: --candidate, --commit, --title...")
    with desk(node) as tracker:
        if candidate:
            tracker.found(candidate)
        fixed = tracker.state.thread(thread)
        if title or module or how or owner is not None:
            fixed = tracker.correct(
                fixed, module=module or "", title=title, severity=how, owner=owner
            )
        fixed = _linked(tracker, fixed, candidate, commits)
    _told(fixed, f"{fixed.id} put right", as_json=as_json)
    if candidate and not as_json:
        say(f"  next: {_after(fixed)}")


@command
def observe(also: Also = None, node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """Mark what the nodes' own journals say became of builds: promoted, or gone back from and why.

    A second time marks nothing. Exit 0: every thread is where its build is. 3: one could not
    follow; it is told why. 1: an error. 2: usage.
    """
    from vanta.alpha.tracker.deployed import deployed
    from vanta.alpha.tracker.observing import observe as observed

    found = deployed([layout_of(each) for each in (node, *(also or ()))])
    outcomes = [one for runs in found for one in runs.outcomes]
    with desk(node) as tracker:
        marked, left = observed(tracker, outcomes, time.time_ns())
    if as_json:
        print_json({"marked": marked, "left": left})
    else:
        for one in marked:
            say(f"{one.id} is {one.status.replace('_', ' ')}: {printable(one.why, most=400)}")
        for each in left:
            say(f"{each.thread} does not follow {each.build}: {each.why}")
        if not marked and not left:
            say("nothing new")
    if left:
        raise typer.Exit(3)


def _linked(
    tracker: "Desk", thread: "Thread", candidate: str | None, commits: list[str]
) -> "Thread":
    for one in commits:
        thread = tracker.link(thread, one)
    return tracker.name(thread, candidate) if candidate else thread


def _asked(tracker: "Desk", asked: str) -> list["Thread"]:
    """The thread of an id, or all those a build is to put right."""
    named = tracker.state.candidates.get(asked)
    if named is not None and named.threads:
        return [tracker.state.threads[one] for one in named.threads]
    return [tracker.state.thread(asked)]


def _mark(tracker: "Desk", asked: str, wanted: "Status", why: str) -> list["Thread"]:
    from vanta.alpha.tracker.threads import check_mark

    found = _asked(tracker, asked)
    if asked in tracker.state.candidates:
        # What happened to a build is nothing to a thread that is over.
        found = [one for one in found if one.status != "closed"] or found
    commit = ""
    if wanted == "promoted":
        from vanta.alpha.tracker.promoting import as_it_stands

        found, commit = as_it_stands(tracker, found, time.time_ns())
    for one in found:
        # All of them, or none.
        check_mark(one, wanted, why.strip())
    return [tracker.mark(one, wanted, why, commit) for one in found]


def _after(thread: "Thread") -> str:
    if thread.candidate:
        return f"vt-open {thread.id}, then vt-sign {thread.id} -k KEY"
    return f"vt-fix {thread.id} --candidate BUILD"


def _told(thread: "Thread", text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(thread)
    else:
        say(text)
