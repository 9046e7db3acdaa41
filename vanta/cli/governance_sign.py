"""`vanta governance propose` and `approve`: what people sign."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import (
    Branch,
    Combined,
    Environment,
    Json,
    MaybeKey,
    MaybeTrust,
    Remote,
    Repo,
    environments,
)
from vanta.cli.output import command, errors, print_json, say
from vanta.cli.signing_key import signing_key
from vanta.cli.trust_file import UNJUDGED, find_trust

Expires = Annotated[
    str, typer.Option("--expires", help="For how long the approval may be first seen.")
]


@command
def propose(
    message: Annotated[str, typer.Option("--message", "-m", help="Why.")],
    environment: Environment,
    key: MaybeKey = None,
    repo: Repo = Path(),
    push: Annotated[bool, typer.Option("--push", help="Push the commit too.")] = False,
    remote: Remote = "origin",
    expires: Expires = "72h",
    as_json: Json = False,
) -> None:
    """Sign everything changed in your clone as one commit that approves its own tree."""
    from vanta.cli.spans import span
    from vanta.governance.authoring import Desk

    desk = Desk(repo, environment, signing_key(key, repo), time.time_ns())
    signed = desk.propose(message, ttl=span(expires, place="--expires"))
    if push:
        desk.clone.push(remote, signed.commit, desk.clone.branch())
    if as_json:
        print_json(signed)
        return
    _say_signed("proposed", signed, pushed=push)


@command
def approve(
    environment: Annotated[
        list[str],
        typer.Option(
            "--environment",
            "-e",
            envvar="VANTA_ENVIRONMENT",
            help="Whose tree; repeat for more.",
            autocompletion=environments,
        ),
    ],
    key: MaybeKey = None,
    repo: Repo = Path(),
    trust: MaybeTrust = None,
    base: Annotated[
        str | None,
        typer.Option("--base", help="Judge its merge into this ref or commit instead."),
    ] = None,
    combined: Combined = False,
    push: Annotated[bool, typer.Option("--push", help="Push the approval too.")] = False,
    remote: Remote = "origin",
    branch: Branch = "main",
    expires: Expires = "72h",
    as_json: Json = False,
) -> None:
    """Show what the checked-out governed tree asks for, and sign an approval of exactly that.

    With the pin (--trust, VANTA_TRUST, or <clone>.trust.json beside the clone) it is judged as a
    node judges it, on another branch than the governed one as it would be once merged into what
    was last fetched of that. It is refused where nothing is to be approved, where no approval can
    help, and where earlier changes that are not in force would be approved with it; --combined
    means those too. Exit 0: signed. 1: refused, and nothing was signed. 2: usage.
    """
    from vanta.cli.plan_text import outcome, plan_text
    from vanta.cli.spans import span
    from vanta.governance.approving import look
    from vanta.governance.authoring import Desk
    from vanta.governance.planning import make_plan

    now = time.time_ns()
    ttl = span(expires, place="--expires")
    key = signing_key(key, repo)
    desks = [Desk(repo, each, key, now) for each in dict.fromkeys(environment)]
    clone = desks[0].clone
    git_dir, head, pinned = clone.git_dir(), clone.head(), find_trust(trust, repo)
    onto = clone.head(base) if base else clone.target(remote, branch)
    for desk in desks:
        desk.check(desk.tree(head))
        desk.signer(head)
        if pinned:
            plan = look(
                git_dir, pinned, desk.environment, head, base=onto, combined=combined, now=now
            )
            if not as_json:
                say(plan_text(plan))
    if pinned is None:
        errors.print(UNJUDGED, markup=False, soft_wrap=True)
    signed = [(desk.environment, desk.approve(ttl=ttl)) for desk in desks]
    if push:
        clone.push(remote, clone.head(), clone.branch())
    told: list[dict[str, Any]] = []
    for name, each in signed:
        after = pinned and make_plan(
            git_dir, pinned, name, head=clone.head(), base=onto, now=time.time_ns()
        )
        told.append({"environment": name, **asdict(each), "plan": after})
        if not as_json:
            _say_signed("approved", each, pushed=push)
            if after:
                say(f"  {name}: {outcome(after)}")
    if as_json:
        print_json({**told[-1], "approvals": told})


def _say_signed(what: str, signed: Any, *, pushed: bool) -> None:  # noqa: ANN401 - lazily
    say(f"{what} by {signed.signer}: tree {signed.digest[:12]}, commit {signed.commit[:12]}")
    say("  pushed" if pushed else "  next: vanta governance plan, then git push")
