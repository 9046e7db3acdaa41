"""`vanta diagnostics`, and the same as `vanta-diagnostics`: how well this node is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, console, print_json, say
from vanta.domain.errors import RefusedError

if TYPE_CHECKING:
    from vanta.diagnostics.examine import Report
    from vanta.diagnostics.facts import NodeStatus
    from vanta.node.config import NodeConfig
    from vanta.node.layout import Layout

_EXITS = {"ok": 0, "note": 0, "unknown": 3, "warn": 3, "critical": 4}
"""By verdict; what could not be looked at is nobody's all-clear."""


@command
def diagnostics(
    node: NodeDir = NODE_DEFAULT,
    prometheus: Annotated[
        Path | None,
        typer.Option("--prometheus", help="Also write metrics, for the textfile collector."),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Also tell the other nodes how this one stands.")
    ] = False,
    watch: Annotated[
        float, typer.Option("--watch", min=0, help="Look again every so many seconds.")
    ] = 0,
    within: Annotated[
        float, typer.Option("--within", min=0.1, max=60, help="Seconds a look may take.")
    ] = 5,
    as_json: Json = False,
) -> None:
    """How well this node is: services, build, policy, journals, trading, disks, clock, mounts.

    It reads and changes nothing; a disk or a mount that hangs does not make it hang.

    Exit 0: all is well, but for notes. 3: somebody should look, or something could not be looked
    at. 4: somebody must act. 1: the command could not look at all. 2: usage.
    """
    from vanta.diagnostics.examine import configuration, examine
    from vanta.node.layout import Layout

    if prometheus is not None and prometheus.suffix != ".prom":
        raise RefusedError(
            "node_exporter reads files that end in .prom",
            code="METRICS_NAME",
            place=str(prometheus),
            remedy=f"name it {prometheus.with_suffix('.prom').name}",
        )
    layout = Layout(node.absolute())
    while True:
        config = configuration(layout, within)
        report, own = examine(layout, config, deadline=within)
        if prometheus is not None:
            from vanta.diagnostics.metrics import write

            write(report, prometheus)
        if publish:
            _publish(layout, config, own)
        _show(report, as_json=as_json, clear=bool(watch))
        if not watch:
            raise typer.Exit(_EXITS[report.verdict])
        time.sleep(watch)


def _show(report: "Report", *, as_json: bool, clear: bool) -> None:
    from vanta.cli.diagnostics_text import report_lines

    if as_json:
        print_json(report)
        return
    if clear and console.is_terminal:
        console.clear()
    for line in report_lines(report):
        # Bold and dim are no colours to whoever asked for none, and are left out all the same.
        say(line.text, style=None if console.no_color else line.style)


def _publish(layout: "Layout", config: "NodeConfig", own: "NodeStatus | None") -> None:
    """Put the status where the others read it.

    Raises:
        RefusedError: `NOWHERE`.
        UnavailableError: nothing is known to tell, or it cannot be written.
    """
    from vanta.diagnostics.examine import publishing
    from vanta.diagnostics.peers import publish
    from vanta.node.key import load_node_key

    boards = publishing(layout, config)
    if not boards:
        raise RefusedError(
            "there is nowhere to tell the other nodes",
            code="NOWHERE",
            place=str(layout.config),
            remedy="add `statuses:` with a folder or redis://host:6379/0, the same on every node",
        )
    if own is None:
        return  # the report says why; an older status says its age by itself
    key = load_node_key(layout)
    for board in boards:
        publish(board, own, key)


app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(diagnostics)


def run() -> None:
    """Entry point of `vanta-diagnostics`."""
    app()
