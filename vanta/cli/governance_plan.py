"""`vanta governance plan` and `verify`: what a head means, to people and to programs."""

import time
from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import Branch, Environment, Json, MaybeTrust, Remote, Repo
from vanta.cli.output import command, print_json, say


@command
def plan(
    environment: Environment,
    trust: MaybeTrust = None,
    repo: Repo = Path(),
    head: Annotated[str, typer.Option("--head", help="What to plan: a ref or commit.")] = "HEAD",
    base: Annotated[
        str | None,
        typer.Option("--base", help="Plan the merge of the head into this ref or commit."),
    ] = None,
    remote: Remote = "origin",
    branch: Branch = "main",
    gate: Annotated[
        bool, typer.Option("--gate", help="As a required check: 0 too if it only tightens.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what a change does to risk, what it needs, and who has signed.

    With --base it is judged as it would be once a forge's button had merged it; so is the HEAD of
    another branch than the governed one, into what was last fetched of that. The pin is --trust,
    VANTA_TRUST, or <clone>.trust.json beside the clone. docs/reference/plan.md has the JSON.

    Exit 0: it may be applied, or with --gate only tightens. 3: approvals are missing.
    1: it can never be applied as it stands, or an error. 2: usage.
    """
    from vanta.cli.plan_text import plan_markdown, plan_text
    from vanta.cli.trust_file import need_trust
    from vanta.governance.clone import Clone
    from vanta.governance.plan import gate_exit
    from vanta.governance.planning import make_plan

    pinned = need_trust(trust, repo)
    clone = Clone(repo)
    made = make_plan(
        clone.git_dir(),
        pinned,
        environment,
        head=clone.head(head),
        base=clone.head(base) if base else clone.target(remote, branch) if head == "HEAD" else "",
        now=time.time_ns(),
    )
    if as_json:
        print_json(made)
    elif markdown:
        say(plan_markdown(made))
    else:
        say(plan_text(made))
        if head == "HEAD" and not clone.bare() and clone.dirty():
            say("  note: changes that are not committed are not in this plan")
    raise typer.Exit(gate_exit(made) if gate else made.exit)
