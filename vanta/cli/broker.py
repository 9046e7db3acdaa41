"""`vanta broker`: the paper broker as a process of its own."""

from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.output import command

app = typer.Typer(help="The paper broker.", no_args_is_help=True)


@app.command("paper")
@command
def paper(
    folder: Annotated[Path, typer.Argument(help="Of its socket, its journal and `tape.jsonl`.")],
    tape: Annotated[
        Path | None, typer.Option("--tape", help="The market; `tape.jsonl` in the folder.")
    ] = None,
) -> None:
    """Fill orders against recorded prices, with spread, slippage, fees and partial fills."""
    from vanta.executor.brokers.paper.server import serve

    serve(folder, tape or folder / "tape.jsonl")


@app.callback()
def main() -> None:
    """Keep `paper` a subcommand: other brokers follow."""
