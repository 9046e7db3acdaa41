"""`vanta executor surveil`, `alerts` and `settle`: the continuous comparison, and what it found."""

import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanta.cli.columns import wrapped
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, print_json, say
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND, show_instant

if TYPE_CHECKING:
    from vanta.executor.surveillance.mismatch import MismatchFound, Standing
    from vanta.node.layout import Layout

_SILENT = 5 * SECOND


@command
def surveil(node: NodeDir = NODE_DEFAULT) -> None:
    """Compare intents, orders and every broker's statement as they come, and alert.

    It sends nothing. What nobody decided halts the node; everything else is told.
    """
    from vanta.executor.brokers.named import open_statements
    from vanta.executor.surveillance.hook import Hook
    from vanta.executor.surveillance.loop import run
    from vanta.executor.surveillance.metrics import Metrics
    from vanta.executor.surveillance.service import Surveillance
    from vanta.governance.exposition import serve
    from vanta.node.config import read_config
    from vanta.node.ending import until_told
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    terms = config.executor.surveillance
    stop = until_told()
    brokers = open_statements(config, time.time_ns)
    names = [one.statements.name for one in brokers]
    metrics, hook = Metrics(names), Hook(terms.command)
    if terms.metrics:
        serve(metrics.registry, terms.metrics, field="executor.surveillance.metrics")
    comparing = Surveillance(
        layout, names, clock=time.time_ns, actor=f"surveillance@{version('vanta')}"
    )
    written = 0.0

    def told(alert: "MismatchFound") -> None:
        metrics.told(alert)
        hook.tell(alert)
        say(f"{'HALTED' if alert.halts else 'ALERT'}: {alert.mismatch.why}")

    ready = Readiness(layout.run, "surveillance")

    def shown(readings: Any) -> None:  # noqa: ANN401 - imported lazily
        nonlocal written
        ready.works(_compared(comparing.standing))
        hook.reap()
        metrics.show(readings, comparing.standing, hook.failed)
        if terms.metrics_textfile and time.monotonic() - written >= 1:
            written = time.monotonic()
            metrics.write(Path(terms.metrics_textfile))

    with ready:
        run(comparing, brokers, time.time_ns, stop, told, shown)


def _compared(standing: "Standing") -> str:
    return f"{len(standing.found)} mismatches stand" if standing.found else ""


@command
def alerts(node: NodeDir = NODE_DEFAULT, as_json: Json = False) -> None:
    """What the comparison found that is neither over nor settled.

    Exit 0: nothing. 3: something stands. 1: an error. 2: usage.
    """
    from vanta.node.layout import Layout

    found = list(_standing(Layout(node.resolve())).found.values())
    if as_json:
        print_json({"standing": [_one(alert) for alert in found]})
    elif not found:
        say("nothing stands")
    else:
        for alert in found:
            for line in _lines(alert):
                say(line)
    raise typer.Exit(3 if found else 0)


@command
def settle(
    alert: Annotated[str, typer.Argument(help="An alert's id; a prefix that fits one will do.")],
    because: Annotated[str, typer.Option("--because", help="What was found out.")],
    node: NodeDir = NODE_DEFAULT,
    wait: Annotated[
        float, typer.Option("--wait", min=0, max=600, help="Seconds to wait for it.")
    ] = 10.0,
    as_json: Json = False,
) -> None:
    """Say that an alert was looked into; it stands no longer, and the reason is on record.

    It lets no halt go: that takes a quorum.

    Exit 0: settled. 3: asked, and not settled yet; it stays asked for. 1: an error. 2: usage.
    """
    from vanta.executor.surveillance.settling import ask
    from vanta.node.layout import Layout

    layout = Layout(node.resolve())
    name = _find(_standing(layout), alert, layout)
    if not because.strip():
        raise RefusedError("no reason is given", code="NO_REASON", remedy="say it with --because")
    try:
        ask(layout.run, name, because.strip())
    except OSError as error:
        raise UnavailableError(
            f"the comparison cannot be asked: {error.strerror}",
            code="NOT_ASKED",
            place=str(layout.run),
            remedy="start it with `vanta executor surveil`, and ask as a user of its group",
        ) from error
    until = time.monotonic() + wait
    while (stands := name in _standing(layout).found) and time.monotonic() < until:
        time.sleep(0.05)
    if as_json:
        print_json({"id": name, "settled": not stands})
    else:
        say(f"{name} is asked for and not settled yet" if stands else f"{name} is settled")
    raise typer.Exit(3 if stands else 0)


def surveyed(layout: "Layout") -> dict[str, Any]:
    """How the comparison stands, for the status."""
    from vanta.executor.surveillance.posted import read_compared
    from vanta.executor.surveillance.signs import SURVEILLANCE_SIGN
    from vanta.governance.heartbeat import NEVER_HEARD, Silence

    lasted = Silence(layout.memory, _SILENT, name=SURVEILLANCE_SIGN).lasted()
    posted = read_compared(layout.run)
    try:
        found = list(_standing(layout).found.values())
    except UnavailableError:
        found = []
    heard = lasted != NEVER_HEARD
    return {
        "state": ("comparing" if lasted <= _SILENT else "silent") if heard else "never",
        "sign_seconds": round(lasted / SECOND, 1) if heard else None,
        "brokers": [
            {"name": one.name, "read": show_instant(one.at) if one.at else None,
             "trouble": one.trouble or None}
            for one in (posted.brokers if posted else ())
        ],
        "standing": [_one(alert) for alert in found],
    }  # fmt: skip


def survey_lines(found: dict[str, Any]) -> list[str]:
    """The same for a terminal."""
    if found["state"] == "never":
        return ["comparison: none runs here"]
    names = [
        f"{one['name']}{' ' + one['trouble'] if one['trouble'] else ''}" for one in found["brokers"]
    ]
    state = "comparing" if found["state"] == "comparing" else "SILENT"
    lines = [f"comparison: {state} {', '.join(names) or 'nothing'}"]
    if found["left_out"]:
        lines.append(f"  not compared: {', '.join(found['left_out'])}")
    if found["standing"]:
        lines.append(f"MISMATCHES: {len(found['standing'])} stand; `vanta executor alerts`")
        lines += [f"  {one['why']}" for one in found["standing"][-5:]]
    return lines


def _standing(layout: "Layout") -> "Standing":
    from vanta.executor.surveillance.mismatch import JOURNAL
    from vanta.executor.surveillance.service import standing

    return standing(layout.journal(JOURNAL))


def _find(standing: "Standing", alert: str, layout: "Layout") -> str:
    found = [name for name in standing.found if name.startswith(alert)]
    if len(found) == 1:
        return found[0]
    raise RefusedError(
        f"{len(found)} alerts begin with {alert!r}",
        code="WHICH_ALERT" if found else "NO_ALERT",
        place=str(layout.root),
        remedy="`vanta executor alerts` lists them; give more of its id",
    )


def _one(alert: "MismatchFound") -> dict[str, Any]:
    one = alert.mismatch
    return {
        "id": one.id,
        "code": one.code,
        "broker": one.broker or None,
        "subject": one.subject,
        "ours": one.ours,
        "theirs": one.theirs,
        "why": one.why,
        "seen": show_instant(alert.seen),
        "at": show_instant(alert.at),
        "halts": alert.halts,
    }


def _lines(alert: "MismatchFound") -> list[str]:
    one = alert.mismatch
    at = show_instant(alert.at // SECOND * SECOND)
    halted = ", halted the node" if alert.halts else ""
    return [f"{one.id[:16]} {at}{halted}", *wrapped(one.why, 2)]
