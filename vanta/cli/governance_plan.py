"""`vanta governance plan` and `verify`: what a head means, to people and to programs."""

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from vanta.cli.options import NODE_DEFAULT, Branch, Environment, Json, MaybeTrust, Remote, Repo
from vanta.cli.output import command, errors, print_json, say
from vanta.cli.span import read_span
from vanta.domain.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vanta.domain.policy import Policy
    from vanta.executor.what_if import Redecided
    from vanta.governance.plan import Replay


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
    replay: Annotated[
        str,
        typer.Option(
            "--replay", metavar="TIME", help="Decide the last 7d, 12h... again under it: what if?"
        ),
    ] = "",
    node: Annotated[
        Path,
        typer.Option("--node", "-n", envvar="VANTA_NODE", help="The Executor's folder to replay."),
    ] = NODE_DEFAULT,
    journal: Annotated[
        Path | None, typer.Option("--journal", help="Replay a copied trade_log.jsonl instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a change does to risk, what it needs, and who has signed.

    With --base it is judged as it would be once a forge's button had merged it; so is the HEAD of
    another branch than the governed one, into what was last fetched of that. The pin is --trust,
    VANTA_TRUST, or <clone>.trust.json beside the clone. docs/reference/plan.md has the JSON.

    With --replay it reads what an Executor decided lately and decides each intent again under
    what is proposed, against the book as it was then: which orders would have been denied,
    allowed or sized differently. It is no simulation of what would have come of it.

    Exit 0: it may be applied, or with --gate only tightens. 3: approvals are missing.
    1: it can never be applied as it stands, or an error. 2: usage.
    """
    from vanta.cli.plan_text import plan_markdown, plan_text
    from vanta.cli.trust_file import need_trust
    from vanta.governance.clone import Clone
    from vanta.governance.plan import gate_exit
    from vanta.governance.planning import make_plan
    from vanta.governance.proposed import proposed_policy
    from vanta.node.layout import Layout

    pinned = need_trust(trust, repo)
    span = read_span(replay, place="--replay") if replay else 0
    clone = Clone(repo)
    target = clone.head(base) if base else clone.target(remote, branch) if head == "HEAD" else ""
    now, git_dir, tip = time.time_ns(), clone.git_dir(), clone.head(head)
    made = make_plan(git_dir, pinned, environment, head=tip, base=target, now=now)
    if span:
        proposed = proposed_policy(git_dir, environment, head=tip, base=target, now=now)
        if proposed is None:
            made = msgspec.structs.replace(made, notes=(*made.notes, _UNREADABLE))
        else:
            log = journal or Layout(node.resolve()).journal("trade_log")
            found = _replayed(log, proposed, now - span, now, quiet=as_json)
            made = msgspec.structs.replace(made, replay=found)
    if as_json:
        print_json(made)
    elif markdown:
        say(plan_markdown(made))
    else:
        say(plan_text(made))
        if head == "HEAD" and not clone.bare() and clone.dirty():
            say("  note: changes that are not committed are not in this plan")
    raise typer.Exit(gate_exit(made) if gate else made.exit)


_UNREADABLE = "nothing is decided again: what is proposed cannot be read as a policy"
_EVERY = 500
"""Decisions between two lines of progress."""


def _replayed(journal: Path, proposed: "Policy", since: int, now: int, *, quiet: bool) -> "Replay":
    from vanta.executor.what_if import redecide
    from vanta.executor.what_if_told import tell
    from vanta.governance.standing_beside import standing_beside
    from vanta.journal.reader import read_since

    if not journal.exists():
        raise RefusedError(
            "there is no trade log to replay",
            code="NO_TRADE_LOG",
            place=str(journal),
            remedy="name the Executor's folder with --node, or a copy with --journal",
        )
    receipts = journal.with_name("governance.jsonl")
    beside = standing_beside(read_since(receipts, since), proposed) if receipts.exists() else {}
    told = errors.is_terminal and not quiet
    with errors.status("deciding again") if told else nullcontext() as status:

        def counting() -> "Iterator[Redecided]":
            made = redecide(
                read_since(journal, since), proposed, since=since, until=now, beside=beside
            )
            for number, one in enumerate(made, 1):
                if status is not None and number % _EVERY == 0:
                    status.update(f"deciding again: {number:,}")
                yield one

        return tell(counting(), since=since, until=now)
