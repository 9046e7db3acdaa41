"""`vanta broker`: what of a broker works, and the paper broker as a process of its own."""

from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say

app = typer.Typer(help="What of a broker works; the paper broker.", no_args_is_help=True)


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


_BROKEN = 3
_SYMBOLS = {"coinbase": "BTC-USD", "bybit": "BTC-USDT"}
"""What is asked for where shares are not traded."""


@app.command("check")
@command
def check(
    name: Annotated[str, typer.Argument(help="As `brokers` in etc/node.yaml names it; `paper`.")],
    node: NodeDir = NODE_DEFAULT,
    symbol: Annotated[
        str,
        typer.Option(
            "--symbol", help="Whose quote to ask for; AAPL, or bitcoin where only coins trade."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Say what of a broker works; nothing there is changed.

    Its credentials, whether it answers and how soon, its clock, the account and what it may do, a
    quote, open orders, positions, and the requests it still allows. Credentials are systemd's own:
    run it as the Executor's unit does, with LoadCredential.

    Exit 0: everything works. 1: an error; it is told what to type next. 2: usage. 3: something
    does not work; each is told with what to do.
    """
    import time

    from vanta.executor.brokers.check import check as look
    from vanta.executor.brokers.named import open_broker
    from vanta.node.config import PAPER, read_config
    from vanta.node.layout import Layout

    config = read_config(Layout(node.resolve()).config)
    if name not in config.brokers and not (name == PAPER and config.broker):
        open_broker(name, config, time.time_ns)
    account = config.brokers.get(name)
    wanted = symbol or _SYMBOLS.get(account.vendor if account else PAPER, "AAPL")
    found = look(name, lambda: open_broker(name, config, time.time_ns), wanted, time.time_ns)
    if as_json:
        print_json(found)
    else:
        for one in found.checks:
            mark = "ok  " if one.fine else "FAIL"
            code = f" [{one.code}]" if one.code else ""
            say(f"{mark} {one.name}: {one.said}{code}")
            if one.remedy and not one.fine:
                say(f"       try: {one.remedy}")
    if not found.fine:
        raise typer.Exit(_BROKEN)
