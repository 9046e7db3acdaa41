"""`vanta markets collect`: one turn of asking vendors, which a timer starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vanta.cli.options import NODE_DEFAULT, Json, NodeDir
from vanta.cli.output import command, fail, print_json, say
from vanta.domain.errors import RefusedError, UnavailableError, VantaError

if TYPE_CHECKING:
    from vanta.markets.fetch.asking import Terms
    from vanta.markets.fetch.source import Tier
    from vanta.markets.fetch.turn import Turn
    from vanta.node.config import NodeConfig
    from vanta.node.layout import Layout


@command
def collect(
    tier: Annotated[str, typer.Argument(help="light, deep or warm-up.")],
    node: NodeDir = NODE_DEFAULT,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked of whom, and ask nobody.")
    ] = False,
) -> None:
    """Ask the vendors that `markets.collect` of etc/node.yaml names, and write their feeds.

    `light` is for every minute: filings, coins, bars of shares. `deep` is for every hour, and adds
    headlines, posts and options, over two hours. `warm-up` is for before the open: everything, over
    a day, and daily bars as far back as models look. It reaches vendors through HTTPS_PROXY where
    that is set, and takes keys from systemd alone. Where a switch forbids calls out it asks nobody,
    says why and ends with 0; so it does while another turn of the same tier is on.

    Exit 0: all that was asked for is recorded. 1: some is not, and which is told. 2: usage.
    """
    from vanta.markets.fetch.shelf import Shelf
    from vanta.markets.fetch.turn import Turn, planned
    from vanta.markets.fetch.turn import collect as turn_of
    from vanta.node.config import read_config
    from vanta.node.layout import Layout

    wanted = _tier(tier)
    layout = Layout(node.resolve())
    config = read_config(layout.config)
    shelf = Shelf(_folder(config, layout.config))
    terms = _terms(config, layout, wanted)
    if dry_run:
        turn = Turn([], halted=_halted(terms))
        asks = [] if turn.halted else list(planned(config.markets.collect, terms, shelf, wanted))
        if as_json:
            print_json({"tier": tier, "would_ask": [ask.what for ask in asks]} | _halt(turn))
            return
        say(f"asks nobody: {turn.halted}" if turn.halted else f"would ask {len(asks)} times:")
        for ask in asks:
            say(f"  {ask.what}")
        return
    with shelf.alone(f"collect-{tier}") as alone:
        if not alone:
            _tell_busy(tier, as_json=as_json)
            return
        turn = turn_of(config.markets.collect, terms, shelf, wanted)
    if as_json:
        print_json({"tier": tier} | _told(turn))
    else:
        _tell(turn)
    for source, failure in turn.failures:
        fail(_named(source, failure.error))
    if turn.failures:
        raise typer.Exit(1)


def _tier(text: str) -> "Tier":
    from vanta.markets.fetch.source import Tier

    try:
        return Tier(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is none of {', '.join(Tier)}", param_hint="TIER"
        ) from error


def _folder(config: "NodeConfig", place: Path) -> Path:
    """Where feeds are written: a folder that is there, and no recorded window."""
    markets = config.markets
    if not any(getattr(markets.collect, name) for name in _sources()):
        raise RefusedError(
            "no source is configured",
            code="NO_SOURCES",
            place=str(place),
            remedy="name one under `markets: {collect: ...}`, or stop the timers",
        )
    if markets.recorded or not markets.feeds:
        raise RefusedError(
            "the feeds are a recorded window, which nobody adds to"
            if markets.recorded
            else "the node has no folder of feeds",
            code="RECORDED_FEEDS" if markets.recorded else "NO_FEEDS",
            place=str(place),
            remedy="name a folder for live feeds: `markets: {feeds: <folder>}`, not `recorded`",
        )
    folder = Path(markets.feeds).resolve()
    if not folder.is_dir():
        raise UnavailableError(
            "the folder of feeds is not there",
            code="FEEDS_MISSING",
            place=str(folder),
            remedy="make it, and give it to the collectors' user",
        )
    return folder


def _sources() -> list[str]:
    from vanta.node.collecting import CollectConfig

    return [name for name in CollectConfig.model_fields if name not in {"contact", "keep"}]


def _terms(config: "NodeConfig", layout: "Layout", tier: "Tier") -> "Terms":
    import time
    from importlib.metadata import version

    from vanta.governance.published import PolicyReader
    from vanta.markets.fetch.asking import Terms
    from vanta.markets.fetch.source import BUDGET
    from vanta.markets.permission import permission

    policy = PolicyReader(layout.memory, silence=config.governance.silent_after)

    def permit() -> None:
        try:
            found: Any = policy()
        except VantaError as error:
            found = error
        permission(layout.memory, found).require()

    ours = f"vanta/{version('vanta')}"
    contact = config.markets.collect.contact
    agent = f"{contact} ({ours})" if contact else ours
    return Terms(time.time_ns(), time.monotonic() + BUDGET[tier], agent, permit)


def _halted(terms: "Terms") -> Any:  # noqa: ANN401 - imported lazily
    from vanta.markets.permission import CollectorsHaltedError

    try:
        terms.permit()
    except CollectorsHaltedError as error:
        return error
    return None


def _named(source: str, error: VantaError) -> VantaError:
    """The error, which says whose it is."""
    return VantaError(
        f"{source}: {error.message}", code=error.code, place=error.place, remedy=error.remedy
    )


def _tell_busy(tier: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"tier": tier, "busy": True})
    else:
        say(f"another {tier} turn is still on; this one asks nobody")


def _tell(turn: "Turn") -> None:
    for one in turn.sources:
        failed = f", {len(one.failures)} failed" if one.failures else ""
        say(f"{one.source}: {one.asked} asked, {one.new} new{failed}")
    if turn.pruned:
        say(f"{turn.pruned} old files removed")
    if turn.halted:
        say(f"asks nobody{' any more' if turn.sources else ''}: {turn.halted}")
    elif not turn.sources:
        say("no source that is configured has a part in this tier")


def _halt(turn: "Turn") -> dict[str, Any]:
    return {"halted": str(turn.halted) if turn.halted else ""}


def _told(turn: "Turn") -> dict[str, Any]:
    """A turn, for programs."""
    return _halt(turn) | {
        "busy": False,
        "pruned": turn.pruned,
        "sources": {
            one.source: {
                "asked": one.asked,
                "new": one.new,
                "failures": [
                    {"what": each.what, "code": each.error.code, "error": each.error.message}
                    for each in one.failures
                ],
            }
            for one in turn.sources
        },
    }
