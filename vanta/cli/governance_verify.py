"""`vanta governance verify`: the conformance door, over any repository."""

import re
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from vanta.cli.options import Environment, Json, TrustFile
from vanta.cli.output import legible, print_json, say
from vanta.domain.errors import RefusedError, VantaError
from vanta.domain.instant import parse_instant


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
    from vanta.domain.name import NAME_PATTERN
    from vanta.governance.commits import is_oid

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
