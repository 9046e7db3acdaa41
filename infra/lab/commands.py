"""`python -m infra.lab`: what `make lab` and the targets that begin like it call."""

from typing import Annotated

import typer

from infra.lab import access
from infra.lab.host import look
from infra.lab.lab import Lab
from infra.lab.plan import known, plan_of
from vanta.cli.columns import table
from vanta.cli.output import command, print_json, say

app = typer.Typer(
    help="Real systemd machines on this host: jump, alpha, markets, executor.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Names = Annotated[list[str] | None, typer.Argument(help="Machines; all without one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _lab() -> Lab:
    return Lab(plan_of(), say)


@app.command()
@command
def up(machines: Names = None) -> None:
    """Boot machines; the first time their image is made, which takes some minutes."""
    lab = _lab()
    lab.up(machines or ())
    say(f"up. `make lab-shell NODE=executor`, or: ssh -F {lab.plan.keys}/config executor")


@app.command()
@command
def status(as_json: Json = False) -> None:
    """Say how each machine stands."""
    stands = _lab().status()
    if as_json:
        print_json([stand._asdict() for stand in stands])
        return
    rows = [(s.name, s.address, s.state, " ".join(s.failed)) for s in stands]
    for line in table([("machine", "address", "state", "failed"), *rows], left=(0, 1, 2, 3)):
        say(line)


@app.command()
@command
def shell(machine: Annotated[str, typer.Argument(help="Where to.")]) -> None:
    """Open a shell on a machine, through the jump host."""
    raise typer.Exit(access.shell(_lab().plan, known(machine)))


@app.command()
@command
def reset(machines: Names = None) -> None:
    """Bring machines back to the image in seconds, and boot them again."""
    lab = _lab()
    look(lab.plan.cache)
    lab.reset(machines or ())


@app.command()
@command
def off(
    machines: Names = None,
    plug: Annotated[bool, typer.Option("--pull-the-plug", help="Without a shutdown.")] = False,
) -> None:
    """Turn machines off; what they wrote stays, and `up` boots them again."""
    _lab().off(machines or (), pull_the_plug=plug)


@app.command()
@command
def inventory() -> None:
    """Print the inventory Ansible reads: every machine, its address and the way in."""
    from infra.lab.inventory import inventory_of

    print_json(inventory_of(plan_of()))


@app.command()
@command
def down() -> None:
    """Turn all off and throw away what they wrote; the image stays for the next time."""
    lab = _lab()
    look(lab.plan.cache)
    lab.down()
