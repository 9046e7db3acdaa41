"""What the tracker's commands share: options, completion, and the way to the journal."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, NodeDir

if TYPE_CHECKING:
    from vanta.alpha.tracker.desk import Desk
    from vanta.alpha.tracker.state import TrackerState
    from vanta.alpha.tracker.threads import Severity, Status
    from vanta.node.layout import Layout

__all__ = ("NODE_DEFAULT", "NodeDir")

_SHOWN = 60
"""Letters of a title a completion shows."""


def _state(context: typer.Context) -> "TrackerState":
    from vanta.alpha.tracker.desk import look

    return look(layout_of(context.params.get("node") or NODE_DEFAULT))[0]


def thread_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Completion: threads that are not over, with what they are about."""
    from vanta.alpha.tracker.threads import DONE
    from vanta.domain.printable import printable

    try:
        state = _state(context)
    except Exception:  # noqa: BLE001 - a shell that completes has nobody to tell
        return []
    return [
        (one.id, printable(f"{one.module}: {one.title}", most=_SHOWN))
        for one in state.threads.values()
        if one.status not in DONE and one.id.startswith(incomplete.upper())
    ]


def builds(context: typer.Context, incomplete: str) -> list[str]:
    """Completion: candidates that lie on the export."""
    from vanta.alpha.tracker.candidate import candidates

    try:
        found = candidates(layout_of(context.params.get("node") or NODE_DEFAULT))
    except Exception:  # noqa: BLE001 - as above
        return []
    return [name for name in found if name.startswith(incomplete)]


def modules(context: typer.Context, incomplete: str) -> list[str]:
    """Completion: modules that have threads."""
    try:
        state = _state(context)
    except Exception:  # noqa: BLE001 - as above
        return []
    names = {one.module for one in state.threads.values()}
    return sorted(name for name in names if name.startswith(incomplete))


def _chosen(incomplete: str, words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def severities(incomplete: str) -> list[str]:
    """Completion."""
    from vanta.alpha.tracker.threads import SEVERITIES

    return _chosen(incomplete, SEVERITIES)


def statuses(incomplete: str) -> list[str]:
    """Completion."""
    from vanta.alpha.tracker.threads import STATUSES

    return _chosen(incomplete, STATUSES)


ThreadId = Annotated[
    str,
    typer.Argument(
        metavar="THREAD",
        help="Such as T-1; or a build: every thread whose candidate it is.",
        autocompletion=thread_ids,
    ),
]
SeverityOption = Annotated[
    str | None,
    typer.Option(
        "--severity", "-s", help="low, medium, high or critical.", autocompletion=severities
    ),
]
Owner = Annotated[str | None, typer.Option("--owner", "-o", help="Who sees to it.")]
Module = Annotated[
    str | None,
    typer.Option("--module", "-m", help="Of the code, or of the fund.", autocompletion=modules),
]
Build = Annotated[
    str | None,
    typer.Option(
        "--candidate", "-b", help="The build that is to put it right.", autocompletion=builds
    ),
]
Commit = Annotated[
    list[str] | None,
    typer.Option("--commit", "-c", help="A governance commit it is about, in full; give each."),
]


Also = Annotated[
    list[Path] | None,
    typer.Option("--also", help="A further node's folder whose builds are looked at; give each."),
]


def layout_of(node: Path) -> "Layout":
    """A node's folders."""
    from vanta.node.layout import Layout

    return Layout(node.resolve())


def desk(node: Path) -> "Desk":
    """The tracker of a node, once it is our turn."""
    from importlib.metadata import version

    from vanta.alpha.tracker.desk import Desk
    from vanta.governance.latch import who

    return Desk(layout_of(node), by=who(), actor=f"tracker@{version('vanta')}", clock=time.time_ns)


def severity(word: str) -> "Severity":
    """A severity as it was typed."""
    from vanta.alpha.tracker.threads import SEVERITIES

    for known in SEVERITIES:
        if word == known:
            return known
    raise typer.BadParameter(f"one of {', '.join(SEVERITIES)}", param_hint="--severity")


def status(word: str) -> "Status":
    """A status as it was typed, with spaces or dashes too."""
    from vanta.alpha.tracker.threads import STATUSES

    asked = word.lower().replace("-", "_").replace(" ", "_")
    for known in STATUSES:
        if asked == known:
            return known
    raise typer.BadParameter(f"one of {', '.join(STATUSES)}", param_hint="STATUS")


def commit_id(text: str) -> str:
    """A commit's full id as it was typed."""
    from vanta.governance.commits import is_oid

    if not is_oid(text):
        raise typer.BadParameter(
            "a commit is named in full: git rev-parse COMMIT", param_hint="--commit"
        )
    return text
