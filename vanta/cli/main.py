"""The `vanta` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from vanta.cli import (
    audit,
    broker,
    build,
    diagnostics,
    executor,
    governance,
    halt,
    markets,
    node,
    tracker,
)

app = typer.Typer(
    name="vanta",
    help="Every change to risk is a signed commit; every order replays from its signal.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(governance.app, name="governance")
app.add_typer(node.app, name="node")
app.add_typer(markets.app, name="markets")
app.add_typer(executor.app, name="executor")
app.add_typer(broker.app, name="broker")
app.add_typer(audit.app, name="audit")
app.add_typer(tracker.app, name="tracker")
app.add_typer(build.app, name="build")
app.command("diagnostics")(diagnostics.diagnostics)
app.command("halt")(halt.halt)
app.command("resume")(halt.resume)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        typer.echo(f"vanta {version('vanta')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """VANTA."""


def run() -> None:
    """Entry point."""
    app()
