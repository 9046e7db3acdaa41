"""`vanta governance log`: a policy walked back to its people."""

import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import Json, MaybeTrust, environments
from vanta.cli.output import command, print_json, say


@command
def log(
    repository: Annotated[
        Path | None, typer.Argument(help="A clone or bare repository; here if neither is named.")
    ] = None,
    node: Annotated[
        Path | None, typer.Option("--node", "-n", help="A node's folder: tell what that node did.")
    ] = None,
    trust: MaybeTrust = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            envvar="VANTA_ENVIRONMENT",
            help="Of a repository: whose policy.",
            autocompletion=environments,
        ),
    ] = None,
    head: Annotated[str, typer.Option("--head", help="Of a repository: up to where.")] = "HEAD",
    count: Annotated[
        int, typer.Option("--count", "-c", min=1, help="How many steps, newest first.")
    ] = 20,
    as_json: Json = False,
) -> None:
    """Walk the policy back to its people: each step, who signed, who approved, what it changed.

    A node tells by its own clock what it saw, and what happened beside the branch; a repository
    tells by the times its commits claim. docs/reference/plan.md has the JSON.

    Exit 0: told. 1: it cannot be read. 2: usage.
    """
    from vanta.governance.policy_log import of_node, of_repository

    if node is not None:
        if repository is not None:
            raise typer.BadParameter("name a repository or --node, not both")
        from vanta.node.layout import Layout

        found = of_node(Layout(node.resolve()).journal("governance"))
    else:
        from vanta.cli.trust_file import need_trust
        from vanta.governance.clone import Clone
        from vanta.governance.rewalk import rewalk

        where = repository or Path()
        if environment is None:
            raise typer.BadParameter("--environment is needed: a repository holds several")
        pinned = need_trust(trust, where)
        clone = Clone(where)
        walked = rewalk(
            clone.git_dir(), pinned, environment, head=clone.head(head), now=time.time_ns()
        )
        if walked.stopped is not None:
            raise walked.stopped
        found = of_repository(clone.git_dir(), walked)
    steps = list(reversed(deque(found, maxlen=count)))
    if as_json:
        print_json({"steps": steps})
        return
    for step in steps:
        for line in _lines(step):
            say(line)


def _lines(step: Any) -> list[str]:  # noqa: ANN401 - imported lazily
    from vanta.cli.plan_text import EFFECTS, printable

    what = step.verdict or step.what
    if step.verdict and step.what != "policy.evaluated":
        what = f"{step.verdict} ({step.what})"
    head = f"{step.at or 'at no time'}  {step.commit[:12] or '-' * 12}  {what}"
    lines = [f"{head}  {step.reason}" if step.reason else head]
    if step.message:
        lines.append(f"    {step.message}")
    signed = [f"{each.person or each.code} {each.commit[:12]}" for each in step.signed]
    if signed:
        lines.append(f"    signed: {', '.join(signed)}")
    if step.approved:
        lines.append(f"    approved: {', '.join(step.approved)}")
    lines += [f"    {EFFECTS[each.effect]:<10} {each.says}" for each in step.changes]
    return [printable(line) for line in lines]
