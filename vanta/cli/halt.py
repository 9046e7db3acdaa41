"""`vanta halt` and `vanta resume`."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vanta.cli.options import (
    NODE_DEFAULT,
    Also,
    Branch,
    Combined,
    Environment,
    Json,
    MaybeEnvironment,
    MaybeKey,
    MaybeTrust,
    NodeDir,
    Remote,
    Repo,
)
from vanta.cli.output import command, errors, print_json, say
from vanta.cli.signing_key import signing_key
from vanta.cli.trust_file import UNJUDGED, find_trust
from vanta.domain.errors import RefusedError
from vanta.domain.switches import SWITCHES

Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; it is kept for ever.")]


def _scope(**given: str | None) -> dict[str, str]:
    named = {kind: name for kind, name in given.items() if name}
    if len(named) > 1:
        raise RefusedError(
            "a halt has one scope", code="TWO_SCOPES", remedy="run `vanta halt` once for each"
        )
    return named


def _switches(incomplete: str) -> list[str]:
    return [name for name in SWITCHES if name.startswith(incomplete)]


@command
def halt(
    reason: Reason,
    environment: MaybeEnvironment = None,
    key: MaybeKey = None,
    repo: Repo = Path(),
    now: Annotated[
        bool, typer.Option("--now", help="On this node, at once: no Git, no key, no controller.")
    ] = False,
    node: NodeDir = NODE_DEFAULT,
    switch: Annotated[
        str,
        typer.Option("--switch", help=f"One of {', '.join(SWITCHES)}.", autocompletion=_switches),
    ] = "full_halt",
    vault: Annotated[str | None, typer.Option("--vault", help="Only this vault.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Only this broker.")] = None,
    persona: Annotated[str | None, typer.Option("--persona", help="Only this persona.")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this one.")] = None,
    follower: Annotated[str | None, typer.Option("--follower", help="Only this one.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="RFC 3339 time it ends by itself.")
    ] = None,
    remote: Remote = "origin",
    branch: Branch = "main",
    also: Also = None,
    trust: MaybeTrust = None,
    as_json: Json = False,
) -> None:
    """Stop trading by one signed commit, delivered at once. One signature is enough.

    It goes to the governed branch and to the halt lane, which neither a protected branch nor
    anything unreadable on it can block. Exit 0: at least one way took it. 1: none did.

    With --now nothing is signed: it halts the node it runs on and returns when no order is on its
    way. The controller journals it, and it takes a quorum to release.
    """
    if now:
        from vanta.cli.halt_now import halt_now

        scope = _scope(
            vault=vault, venue=venue, persona=persona, strategy=strategy, follower=follower
        )
        halt_now(node, reason, switch, scope, until=until, as_json=as_json)
        return
    if environment is None:
        raise typer.BadParameter(
            "a signed halt needs it: name it with --environment", param_hint="--environment"
        )
    from vanta.governance.aim import UNCHECKED
    from vanta.governance.authoring import Desk
    from vanta.governance.trust import read_trust

    if switch not in SWITCHES:
        raise RefusedError(
            f"there is no switch {switch!r}",
            code="NO_SUCH_SWITCH",
            remedy=f"use one of {', '.join(SWITCHES)}",
        )
    scope = _scope(vault=vault, venue=venue, persona=persona, strategy=strategy, follower=follower)
    entry = {"switch": switch, "scope": scope, "reason": reason, "until": until}
    pinned = read_trust(trust) if trust else None
    signed = Desk(repo, environment, signing_key(key, repo), time.time_ns()).halt(
        entry, remote, branch, also=also or (), trust=pinned
    )
    if as_json:
        print_json(signed)
        return
    where = " ".join(f"{kind} {name}" for kind, name in scope.items()) or "everywhere"
    ends = f", until {until}" if until else ""
    say(f"{switch} for {where} in {environment}{ends}, signed by {signed.signer}")
    say(f"  commit {signed.commit[:12]}: {signed.detail}")
    for each in signed.deliveries:
        say(f"  {'taken' if each.taken else 'NOT TAKEN'} by {each.where} {each.said}".rstrip())
    for kind in UNCHECKED & scope.keys():
        say(f"  nobody here knows every {kind}: `vanta executor status` says whether it is on")
    say("  next: vanta governance status, and `vanta resume` when it is over")


@command
def resume(
    reason: Reason,
    environment: Environment,
    key: MaybeKey = None,
    repo: Repo = Path(),
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A halt to take back; all if nothing is named; repeatable."),
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", help="A hand edit or latch to let go (its nonce); repeat for more."),
    ] = None,
    remote: Remote = "origin",
    branch: Branch = "main",
    also: Also = None,
    trust: MaybeTrust = None,
    combined: Combined = False,
    as_json: Json = False,
) -> None:
    """Take halts back: the first of the approvals that loosening needs.

    Halts that lie on the lane alone are merged, so that the same quorum lets go of them too.
    Its commit approves everything the branch holds. With the pin (--trust, VANTA_TRUST, or
    <clone>.trust.json beside the clone) that is shown first, and refused where earlier changes
    that are not in force would be approved with it; --combined means those too.
    """
    from vanta.cli.plan_text import plan_text
    from vanta.governance.approving import look
    from vanta.governance.authoring import Desk
    from vanta.governance.plan import Plan

    desk = Desk(repo, environment, signing_key(key, repo), time.time_ns())
    git_dir, pinned = desk.clone.git_dir(), find_trust(trust, repo)
    plans: list[Plan] = []

    def show(commit: str) -> None:
        if pinned is None:
            return
        plans.append(
            look(git_dir, pinned, environment, commit, combined=combined, idle=True, now=desk.now)
        )
        if not as_json:
            say(plan_text(plans[-1]))

    if pinned is None:
        errors.print(UNJUDGED, markup=False, soft_wrap=True)
    signed = desk.resume(
        tuple(name or ()), reason, remote, branch, also=also or (), edits=edit or (), look=show
    )
    if as_json:
        print_json({**asdict(signed), "plan": plans[-1] if plans else None})
        return
    say(f"resume proposed and approved by {signed.signer}:")
    for each in signed.files:
        say(f"  {each}")
    say(f"  commit {signed.commit[:12]} pushed to {remote}/{branch}")
    say("  next: the others pull and run `vanta governance approve --push`")
    if signed.lane:
        say(f"  once it is applied: git push {remote} --delete {' '.join(signed.lane)}")
