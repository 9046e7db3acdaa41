"""`python -m infra.lab`: what `make lab` and the targets that begin like it call."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.lab import access
from infra.lab.host import look
from infra.lab.lab import Lab
from infra.lab.plan import known, plan_of
from vanta.cli.columns import table
from vanta.cli.output import command, print_json, say

if TYPE_CHECKING:
    from infra.lab.fund import Fund

app = typer.Typer(
    help="Real systemd machines on this host: jump, alpha, markets, executor.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
REPOSITORY = Path(__file__).resolve().parents[2]
Names = Annotated[list[str] | None, typer.Argument(help="Machines; all without one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def _lab() -> Lab:
    return Lab(plan_of(), say)


@app.command()
@command
def able() -> None:
    """Say whether this host can make and boot machines; where it cannot, why, and end with 1."""
    look(plan_of().cache)
    say("it can")


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


def _fund(lab: Lab) -> "Fund":
    from infra.lab.fund import Fund

    return Fund(lab.plan.fund, REPOSITORY)


@app.command()
@command
def fund() -> None:
    """Make a practice fund: three people with keys, recorded feeds, a build they signed off."""
    of_the_lab = _fund(_lab())
    say(f"{of_the_lab.prepare()} is built and signed off; keys are in {of_the_lab.folder}/keys")


@app.command()
@command
def found() -> None:
    """Found the fund with the keys that `introduce.yml` took home, as its people would."""
    lab = _lab()
    of_the_lab = _fund(lab)
    of_the_lab.found(lab.plan.forge)
    say(f"founded. Next: introduce.yml -e repository={of_the_lab.governance}")


@app.command()
@command
def trial(
    only: Annotated[
        list[str] | None, typer.Argument(help="Tests to run, such as tests/lab/test_ssh.py.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up at the end.")] = False,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Check the lab that runs; converge nothing.")
    ] = False,
) -> None:
    """Converge a new lab, attack it, check it, print the figures, and take it down.

    Exit 0: everything passed. 1: an error; it is told what to type next. 2: usage. 3: a check
    or a part of the story failed.
    """
    from infra.lab.trial import AIMS, Trial

    lab = _lab()
    look(lab.plan.cache)
    trial = Trial(lab, REPOSITORY, say)
    try:
        if not as_it_is:
            trial.converge()
        if only:
            passed = trial.run("what was asked for", *only)
        else:
            went = trial.story()
            passed = trial.check() and went
    finally:
        rows = [(what, one, AIMS.get(what, "")) for what, one in trial.figures.items()]
        for line in table([("what", "measured", "aim"), *rows], left=(0, 1, 2)) if rows else ():
            say(line)
    if not keep and not as_it_is:
        lab.down()
    if not passed:
        raise typer.Exit(3)


@app.command()
@command
def down() -> None:
    """Turn all off and throw away what they wrote; the image stays for the next time."""
    lab = _lab()
    look(lab.plan.cache)
    lab.down()
