"""`vanta governance`: the repository, its approvals, and the controller that enforces it."""

import re
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli import governance_keys
from vanta.cli.governance_schema import schema
from vanta.cli.options import (
    NODE_DEFAULT,
    Environment,
    Json,
    Key,
    NodeDir,
    Remote,
    Repo,
    TrustFile,
)
from vanta.cli.output import command, legible, print_json, say
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.domain.instant import parse_instant, show_instant

app = typer.Typer(
    help="Documents, approvals and the controller that enforces them.", no_args_is_help=True
)


app.add_typer(governance_keys.app, name="keys")


@app.command("init")
@command
def init(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    person: Annotated[
        list[str], typer.Option("--person", help="NAME=EMAIL=KEY.pub, one for each founder.")
    ],
    key: Key,
    node: Annotated[
        list[Path] | None, typer.Option("--node", help="A node's folder to register and pin.")
    ] = None,
    quorum: Annotated[int, typer.Option("--quorum", help="People a loosening takes.")] = 2,
    trust: Annotated[
        Path | None, typer.Option("--trust", help="Where to write the pin; beside the folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a governance repository with its first people, and pin it on the nodes."""
    from vanta.governance.clone import public_half
    from vanta.governance.starter import start, trust_file
    from vanta.journal.files import atomic_write
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    layouts = [Layout(path.resolve()) for path in node or []]
    nodes = {read_config(each.config).node: public_half(each.key) for each in layouts}
    founders = [_founder(text) for text in person]
    pinned = start(folder, founders, nodes, key, quorum=quorum)
    target = trust or folder.with_name(f"{folder.name}.trust.json")
    for path in (target, *(each.trust for each in layouts)):
        atomic_write(path, trust_file(pinned), mode=0o644)
    if as_json:
        print_json({"repository": folder, "trust": pinned, "trust_file": target})
        return
    say(f"governance repository in {folder}, introduced by commit {pinned.introduction[:12]}")
    say(f"  pinned in {target}" + (f" and on {len(layouts)} nodes" if layouts else ""))
    say(f"  next: git -C {folder} push <your forge> main")


def _founder(text: str) -> Any:  # noqa: ANN401 - imported lazily
    from vanta.governance.clone import public_half
    from vanta.governance.starter import Founder

    parts = text.split("=")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - name, address, key
        raise RefusedError(
            f"{text!r} is not NAME=EMAIL=KEY.pub",
            code="BAD_PERSON",
            place="--person",
            remedy="such as --person ada=ada@fund.example=keys/ada.pub",
        )
    return Founder(parts[0], parts[1], public_half(Path(parts[2])))


@app.command("propose")
@command
def propose(
    message: Annotated[str, typer.Option("--message", "-m", help="Why.")],
    environment: Environment,
    key: Key,
    repo: Repo = Path(),
    push: Annotated[bool, typer.Option("--push", help="Push the commit too.")] = False,
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Sign everything changed in your clone as one commit that approves its own tree."""
    from vanta.governance.authoring import Desk

    desk = Desk(repo, environment, key, time.time_ns())
    signed = desk.propose(message)
    if push:
        desk.clone.push(remote, signed.commit, desk.clone.branch())
    _say_signed("proposed", signed, as_json=as_json, pushed=push)


@app.command("approve")
@command
def approve(
    environment: Environment,
    key: Key,
    repo: Repo = Path(),
    push: Annotated[bool, typer.Option("--push", help="Push the approval too.")] = False,
    remote: Remote = "origin",
    as_json: Json = False,
) -> None:
    """Sign an approval of exactly the governed tree that is checked out."""
    from vanta.governance.authoring import Desk

    desk = Desk(repo, environment, key, time.time_ns())
    signed = desk.approve()
    if push:
        desk.clone.push(remote, signed.commit, desk.clone.branch())
    _say_signed("approved", signed, as_json=as_json, pushed=push)


def _say_signed(what: str, signed: Any, *, as_json: bool, pushed: bool) -> None:  # noqa: ANN401
    if as_json:
        print_json(signed)
        return
    say(f"{what} by {signed.signer}: tree {signed.digest[:12]}, commit {signed.commit[:12]}")
    say("  pushed" if pushed else "  next: vanta governance plan, then git push")


@app.command("plan")
@command
def plan(
    environment: Environment,
    trust: TrustFile,
    repo: Repo = Path(),
    head: Annotated[str, typer.Option("--head", help="What to plan: a ref or commit.")] = "HEAD",
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what a change does to risk, what it needs, and who has signed.

    Exit 0: it may be applied. 3: approvals are missing. 1: it can never be applied.
    """
    from vanta.cli.plan_text import plan_markdown, plan_text
    from vanta.governance.clone import Clone
    from vanta.governance.report import plan_exit, walk
    from vanta.governance.trust import read_trust

    report = walk(repo, read_trust(trust), environment, head=head, now=time.time_ns())
    if as_json:
        print_json(report)
    elif markdown:
        say(plan_markdown(report, environment))
    else:
        say(plan_text(report, environment))
        clone = Clone(repo)
        if head == "HEAD" and (clone.path / ".git").exists() and clone.dirty():
            say("  note: changes that are not committed are not in this plan")
    raise typer.Exit(plan_exit(report))


@app.command("verify")
def verify(
    repository: Annotated[Path, typer.Argument(help="Any clone or bare repository.")],
    trust: TrustFile,
    environment: Environment,
    applied: Annotated[
        str | None, typer.Option("--applied", help="Judge against the policy at this commit.")
    ] = None,
    now: Annotated[str | None, typer.Option("--now", help="RFC 3339 time to judge at.")] = None,
    as_json: Json = False,
) -> None:
    """Fold a repository from its introduction, as every node does, and say what it ends in.

    Exit 0: applied or unchanged. 3: tightened. 1: refused. 2: usage.
    """
    from vanta.governance.report import EXIT, walk
    from vanta.governance.trust import read_trust

    try:
        at = time.time_ns() if now is None else parse_instant(now, place="--now")
        _check_place(environment, applied)
        pinned = read_trust(trust)
    except VantaError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        report = walk(repository, pinned, environment, applied=applied, now=at)
    except VantaError as error:
        refused: dict[str, Any] = {
            "verdict": "refused", "reason": error.code, "message": legible(str(error)),
            "head": None, "needs": [], "policy": None, "commits": [],
        }  # fmt: skip
        print_json(refused) if as_json else say(f"refused: {error}")
        raise typer.Exit(EXIT["refused"]) from error
    if as_json:
        print_json(report)
    else:
        reason = f" ({report.reason}: {report.message})" if report.reason else ""
        say(f"{report.verdict}{reason} at {report.head[:12]}, {len(report.commits)} commits judged")
    raise typer.Exit(EXIT[report.verdict])


def _check_place(environment: str, applied: str | None) -> None:
    """Refuse what names no environment or commit, before it is looked for."""
    from vanta.governance.commits import is_oid
    from vanta.governance.documents.scalars import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, environment):
        raise RefusedError(
            f"{environment[:80]!r} is not the name of an environment",
            code="BAD_ENVIRONMENT",
            place="--environment",
            remedy="such as prod: the folder below environments/",
        )
    if applied is not None and not is_oid(applied):
        raise RefusedError(
            f"{applied[:80]!r} is not a full commit id",
            code="BAD_OID",
            place="--applied",
            remedy="name the commit the nodes have evaluated: vanta governance status",
        )


app.command("schema")(schema)


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
