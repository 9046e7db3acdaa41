"""`vanta governance`: the repository, its approvals, and the controller that enforces it."""

import signal
import time
from typing import Annotated

import typer

from vanta.cli import (
    governance_found,
    governance_keys,
    governance_plan,
    governance_schema,
    governance_sign,
    governance_verify,
)
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import show_instant

app = typer.Typer(
    help="Documents, approvals and the controller that enforces them.", no_args_is_help=True
)
app.command("init")(governance_found.init)
app.add_typer(governance_keys.app, name="keys")
app.command("propose")(governance_sign.propose)
app.command("plan")(governance_plan.plan)
app.command("approve")(governance_sign.approve)
app.command("verify")(governance_verify.verify)
app.command("schema")(governance_schema.schema)


@app.command("status")
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


@app.command("controller")
@command
def controller(
    node: NodeDir = NODE_DEFAULT,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
) -> None:
    """Follow the governed branch, enforce what may be enforced, write a receipt for all of it."""
    from vanta.governance.controller import Controller
    from vanta.governance.fetcher import Source
    from vanta.governance.repository import Repository
    from vanta.governance.trust import read_trust
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    source = Source(config.governance.remote, config.governance.branch)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopped.append(got))
    with Repository.create(layout.mirror) as mirror:
        running = Controller(
            layout.memory, mirror, source, config.environment, read_trust(layout.trust)
        )
        try:
            while not stopped:
                began = time.monotonic()
                for step in running.tick():
                    why = f" {step.reason}: {step.message}" if step.reason else ""
                    say(f"{show_instant(time.time_ns())} {step.commit[:12]} {step.verdict}{why}")
                if once:
                    if running.trouble:
                        raise UnavailableError(
                            f"the branch could not be read: {running.trouble.strip()}",
                            code="NO_HEAD",
                            place=config.governance.remote,
                            remedy="what was last verified stays in force meanwhile",
                        )
                    break
                rest = config.governance.poll_ms / 1000 - (time.monotonic() - began)
                time.sleep(max(0.0, rest))
        finally:
            running.close()
