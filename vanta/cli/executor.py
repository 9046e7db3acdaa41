"""`vanta executor`: decide, route, and show what became of it."""

import time
from contextlib import ExitStack, closing
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vanta.cli import (
    executor_ask,
    executor_orders,
    executor_profit,
    executor_shadow,
    executor_status,
    executor_surveil,
)
from vanta.cli.audit import explain
from vanta.cli.options import NODE_DEFAULT, NodeDir
from vanta.cli.output import command, say
from vanta.domain.errors import RefusedError

if TYPE_CHECKING:
    from vanta.executor.sessions import Sessions
    from vanta.node.config import NodeConfig
    from vanta.node.layout import Layout

app = typer.Typer(help="Decide, route, and show what became of it.", no_args_is_help=True)

app.command("status")(executor_status.status)
app.command("orders")(executor_orders.orders)
app.command("positions")(executor_status.positions)
app.command("pnl")(executor_profit.pnl)
app.command("nav")(executor_profit.nav)
app.command("cancel")(executor_ask.cancel)
app.command("explain")(explain)
app.command("reconcile")(executor_ask.reconcile)
app.command("nudge")(executor_ask.nudge)
app.command("shadow")(executor_shadow.shadow)
app.command("surveil")(executor_surveil.surveil)
app.command("alerts")(executor_surveil.alerts)
app.command("settle")(executor_surveil.settle)

_QUIET_ROUNDS = 25
"""Rounds with nothing to do after which the day is over, 20 ms each."""
_TO_REACH = 10.0
"""Seconds a bus has to be reached."""


@app.command("run")
@command
def run(
    node: NodeDir = NODE_DEFAULT,
    with_paper_broker: Annotated[
        bool, typer.Option("--with-paper-broker", help="Start the paper broker too, and end it.")
    ] = False,
    with_judge: Annotated[
        bool, typer.Option("--with-judge", help="Start the judge of halts too, and end it.")
    ] = False,
    with_surveillance: Annotated[
        bool,
        typer.Option("--with-surveillance", help="Start the comparison too, and end it."),
    ] = False,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing is left to do.")
    ] = False,
) -> None:
    """Take intents in, decide, send, and follow every order to its end."""
    from vanta.bus.port import AWAY
    from vanta.executor.brokers.named import open_brokers, open_streams
    from vanta.executor.brokers.paper.process import start
    from vanta.executor.hints import send_hint
    from vanta.executor.judge.process import start as start_judge
    from vanta.executor.service import ExecutorNode
    from vanta.executor.surveillance.process import start as start_surveillance
    from vanta.governance.published import PolicyReader
    from vanta.node.carrier import open_inbox
    from vanta.node.config import read_config
    from vanta.node.ending import until_told
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    _require(config, layout, with_paper_broker=with_paper_broker)
    stop = until_told()
    with ExitStack() as stack:
        if with_paper_broker:
            folder = Path(config.broker)
            process = start(folder, folder / "tape.jsonl", log=layout.logs / "paper-broker.log")
            stack.callback(process.wait, timeout=10)
            stack.callback(process.terminate)
        watchers = ((with_judge, start_judge), (with_surveillance, start_surveillance))
        for started in (begin(layout) for wanted, begin in watchers if wanted):
            stack.callback(started.wait, timeout=10)
            stack.callback(started.terminate)
        brokers = open_brokers(config, time.time_ns)
        for broker in brokers:
            stack.callback(broker.close)
        executor = ExecutorNode(
            layout,
            read_policy=PolicyReader(layout.memory, silence=config.governance.silent_after),
            clock=time.time_ns,
            brokers=brokers,
            inbox=stack.enter_context(open_inbox(config, layout.config)),
            actor=f"executor@{version('vanta')}",
            judge_silence=config.executor.judge_silent_after,
            surveillance_silence=config.executor.surveillance.silent_after,
            sessions=_calendar(config),
        )
        stack.callback(executor.close)
        for stream in open_streams(config, partial(send_hint, layout.run)):
            stack.callback(stream.close)
        if not until_idle:
            ready = stack.enter_context(Readiness(layout.run, "executor"))
            executor.run(stop, ready=lambda: ready.works(executor.standing))
            return
        quiet = 0
        patience = time.monotonic() + _TO_REACH
        while quiet < _QUIET_ROUNDS and not stop.is_set():
            worked = executor.step()
            coming = executor.trouble in AWAY and time.monotonic() < patience
            done = executor.settled or executor.trouble
            quiet = 0 if worked or coming or not done else quiet + 1
            if not worked:
                stop.wait(0.02)
        if executor.trouble:
            raise RefusedError(
                "the Executor could not work",
                code=executor.trouble,
                remedy="`vanta governance status`, and is the broker running?",
            )


def _calendar(config: "NodeConfig") -> "Sessions | None":
    """The exchange's calendar beside what vendors say; the paper broker's market asks it itself."""
    from vanta.executor.sessions import Sessions
    from vanta.node.config import PAPER

    return None if set(config.executor.brokers) == {PAPER} else Sessions()


def _require(config: "NodeConfig", layout: "Layout", *, with_paper_broker: bool) -> None:
    """Refuse to run on a configuration that lacks what this needs."""
    from vanta.node.carrier import require_bus
    from vanta.node.config import PAPER

    require_bus(config, layout.config)
    if with_paper_broker and not (config.broker and PAPER in config.executor.brokers):
        raise RefusedError(
            f"orders of this node go to {', '.join(config.executor.brokers)}",
            code="NOT_PAPER",
            place=str(layout.config),
            remedy="leave `--with-paper-broker` out, or add `broker: <folder>`",
        )


@app.command("judge")
@command
def judge(node: NodeDir = NODE_DEFAULT) -> None:
    """Watch what the Executor does, and halt the node where it must not go on."""
    from vanta.executor.judge.service import Judge
    from vanta.node.ending import until_told
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    stop = until_told()
    layout = Layout(node.resolve())
    with closing(Judge(layout)) as judging, Readiness(layout.run, "judge") as ready:
        judging.run(
            stop,
            told=lambda found: say(f"HALTED: {found.why} [{found.code}]"),
            ready=ready.works,
        )
