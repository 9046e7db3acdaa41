"""`vanta markets`: harvest feeds, reflect on them, promote intents."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanta.cli.collecting import collect
from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, errors, print_json, say
from vanta.domain.errors import RefusedError
from vanta.domain.instant import SECOND, parse_instant, show_instant

if TYPE_CHECKING:
    from vanta.node.layout import Layout

app = typer.Typer(help="Harvest feeds, reflect on them, promote intents.", no_args_is_help=True)
app.command("collect")(collect)

Feeds = Annotated[Path, typer.Option("--feeds", help="Folder of recorded feeds.")]
From = Annotated[str | None, typer.Option("--from", help="RFC 3339 time the window begins.")]
To = Annotated[str | None, typer.Option("--to", help="RFC 3339 time the window ends before.")]
Step = Annotated[
    str | None, typer.Option("--step", help="Length of a turn, such as 30m. Default 1h.")
]


@app.command("sample")
@command
def sample(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
) -> None:
    """Write the bundled sample: a few invented days of all six feeds, in the real formats."""
    from vanta.markets.sample.compose import compose
    from vanta.markets.sample.plot import END, START
    from vanta.markets.window import write_window

    if folder.exists() and any(folder.iterdir()):
        raise RefusedError(
            "the folder is not empty", code="NOT_EMPTY", place=str(folder), remedy="name a new one"
        )
    compose(folder)
    write_window(folder, START, END)
    window = _window(folder, None, None, None)
    say(f"sample feeds in {folder}, from {show_instant(window[0])} to {show_instant(window[1])}")


def _window(feeds: Path, start: str | None, end: str | None, step: str | None) -> Any:  # noqa: ANN401
    """The window to work on: what was asked for, or what the folder says it holds."""
    from vanta.governance.documents.scalars import read_duration
    from vanta.markets.window import read_window

    if (start is None) != (end is None):
        raise RefusedError("--from and --to come together", code="WINDOW", place="--from")
    if start is not None and end is not None:
        since, until = parse_instant(start, place="--from"), parse_instant(end, place="--to")
    else:
        since, until = read_window(feeds)
    try:
        length = read_duration(step or "1h")
    except ValueError as error:
        raise RefusedError(str(error), code="STEP", place="--step") from error
    return since, until, length


@app.command("run")
@command
def run(
    feeds: Feeds,
    node: NodeDir = NODE_DEFAULT,
    start: From = None,
    end: To = None,
    step: Step = None,
    as_json: Json = False,
) -> None:
    """Work through a window of recorded feeds: harvest, reflect and promote, turn by turn."""
    from vanta.governance.published import PolicyReader
    from vanta.markets.service import MarketsNode
    from vanta.node.carrier import open_outbox
    from vanta.node.config import read_config
    from vanta.node.key import load_node_key
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    layout = Layout(node.resolve())
    config = read_config(layout.config)
    since, until, length = _window(feeds, start, end, step)
    turns = -(-(until - since) // length)
    with (
        open_outbox(config, layout.config) as outbox,
        Readiness(layout.run, "markets") as ready,
        MarketsNode.open(
            layout,
            policy=PolicyReader(layout.memory, silence=config.governance.silent_after),
            clock=time.time_ns,
            key=load_node_key(layout),
            outbox=outbox,
            feeds=feeds,
            node=config.node,
        ) as markets,
    ):
        ready.announce()
        done: list[Any] = []
        shown = errors.is_terminal and not as_json
        with errors.status("opening the feeds") if shown else nullcontext() as status:

            def each(turn: Any) -> None:  # noqa: ANN401 - imported lazily
                done.append(turn)
                if status is not None:
                    status.update(f"{show_instant(turn.as_of)}: turn {len(done)} of {turns}")

            markets.run(since, until, length, each)
    totals = _totals(done)
    if as_json:
        print_json(totals)
        return
    say(
        f"{totals['signals']} signals ({totals['repeats']} repeats left out, "
        f"{totals['set_aside']} items set aside), {totals['convictions']} convictions, "
        f"{totals['intents']} intents sent"
    )
    for reason in totals["refused"]:
        say(f"  {reason}")


@app.command("follow")
@command
def follow(
    node: NodeDir = NODE_DEFAULT,
    feeds: Annotated[
        Path | None, typer.Option("--feeds", help="Instead of `markets.feeds` of node.yaml.")
    ] = None,
    with_promoter: Annotated[
        bool, typer.Option("--with-promoter", help="Start the promoter too, and end it.")
    ] = False,
) -> None:
    """Live: each turn by the clock, take what the feeds have by now, reflect, and propose.

    `markets` in etc/node.yaml says which folder, how often, and whether it is a recorded window
    that is gone through as if it were happening now. It goes on where its journals end. It reads no
    key and no bus: `vanta markets promote` signs and sends what it proposes.
    """
    from vanta.governance.published import PolicyReader
    from vanta.markets.following import Following, Newly, Recorded
    from vanta.markets.service import MarketsNode, recorded_collectors
    from vanta.markets.window import read_window
    from vanta.node.config import read_config
    from vanta.node.ending import until_told
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    stop = until_told()
    layout = Layout(node.resolve())
    config = read_config(layout.config)
    wanted = config.markets
    folder = _feeds(feeds or (Path(wanted.feeds) if wanted.feeds else None), layout.config)
    collectors = tuple(Newly(one) for one in recorded_collectors(folder))
    with (
        _promoter(layout) if with_promoter else nullcontext(),
        Readiness(layout.run, "markets") as ready,
        MarketsNode.open(
            layout,
            policy=PolicyReader(layout.memory, silence=config.governance.silent_after),
            clock=time.time_ns,
            key=None,
            outbox=None,
            feeds=folder,
            node=config.node,
            collectors=collectors,
            working=ready.works,
        ) as markets,
    ):
        if wanted.recorded:
            first, end = read_window(folder)
            begin = max(first, markets.reached)
            now = Recorded(begin, end, wanted.pace, time.time_ns)
            following = Following(markets, collectors, now, wanted.every, first)
        else:
            following = Following(markets, collectors, time.time_ns, wanted.every)
        following.run(stop, told=_tell, working=ready.works)


@app.command("promote")
@command
def promote(node: NodeDir = NODE_DEFAULT) -> None:
    """Live: sign what was proposed and the policy in force admits, and hand it to the bus.

    Of Markets' services it alone reads the node's key and reaches the bus.
    """
    from vanta.governance.published import PolicyReader
    from vanta.markets.promoter import Promoter
    from vanta.node.carrier import open_outbox
    from vanta.node.config import read_config
    from vanta.node.ending import until_told
    from vanta.node.key import load_node_key
    from vanta.node.layout import Layout
    from vanta.node.readiness import Readiness

    stop = until_told()
    layout = Layout(node.resolve())
    config = read_config(layout.config)
    with (
        open_outbox(config, layout.config) as outbox,
        Readiness(layout.run, "promoter") as ready,
        Promoter(
            layout,
            policy=PolicyReader(layout.memory, silence=config.governance.silent_after),
            clock=time.time_ns,
            key=load_node_key(layout),
            outbox=outbox,
            node=config.node,
            build=f"promoter@{version('vanta')}",
        ) as promoter,
    ):
        promoter.run(stop, told=say, working=ready.works)


@contextmanager
def _promoter(layout: "Layout") -> Iterator[None]:
    """A promoter beside this process, which ends with it."""
    import subprocess

    from vanta.node.build import vanta_command

    words = [*vanta_command(), "markets", "promote", "--node", str(layout.root)]
    layout.logs.mkdir(parents=True, exist_ok=True)
    with (layout.logs / "promoter.log").open("ab") as log:
        started = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        started.terminate()
        started.wait(30)


def _feeds(folder: Path | None, config: Path) -> Path:
    if folder is None:
        raise RefusedError(
            "the node has no folder of feeds",
            code="NO_FEEDS",
            place=str(config),
            remedy="add `markets: {feeds: <folder>}`, or name it with --feeds",
        )
    return folder.resolve()


def _tell(turn: Any) -> None:  # noqa: ANN401 - imported lazily
    """A line for the log of what came of a turn; none where nothing did."""
    totals = _totals([turn] if turn.reflection else [])
    if turn.taken or totals["intents"] or turn.trouble:
        why = f" [{turn.trouble}]" if turn.trouble else ""
        at = show_instant(turn.until // SECOND * SECOND)
        say(
            f"{at}: {turn.taken} signals, {totals['convictions']} convictions, "
            f"{totals['intents']} intents{why}"
        )


def _totals(turns: list[Any]) -> dict[str, Any]:
    """What all turns came to together."""
    taken = [
        feed
        for turn in turns
        if turn.harvest is not None and not isinstance(turn.harvest, RefusedError)
        for feed in turn.harvest.feeds.values()
    ]
    refused = {str(turn.harvest) for turn in turns if isinstance(turn.harvest, RefusedError)}
    refused |= {str(turn.reflection.refused) for turn in turns if turn.reflection.refused}
    return {
        "turns": len(turns),
        "signals": sum(feed.taken for feed in taken),
        "repeats": sum(feed.duplicate for feed in taken),
        "set_aside": sum(sum(feed.set_aside.values()) for feed in taken),
        "convictions": sum(len(turn.reflection.views) for turn in turns),
        "intents": sum(len(turn.reflection.intents) for turn in turns),
        "held": sum(len(turn.reflection.held) for turn in turns),
        "refused": sorted(refused),
    }


@app.command("tape")
@command
def tape(
    feeds: Feeds,
    out: Annotated[Path, typer.Option("--out", help="The paper broker's tape to write.")],
    start: From = None,
    end: To = None,
) -> None:
    """Write the market the paper broker fills against, from recorded prices."""
    from vanta.markets.tape import write_tape

    since, until, _ = _window(feeds, start, end, None)
    out.parent.mkdir(parents=True, exist_ok=True)
    report = write_tape(feeds, since, until, out)
    prices = sum(traded.rows for traded in report.symbols.values())
    say(f"{prices} prices of {len(report.symbols)} symbols written to {out}")
