"""`vanta governance controller` and `hint`: the controller wired to its node's configuration."""

import grp
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from vanta.cli.output import print_json, say
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import SECOND, show_instant
from vanta.node.config import GovernanceConfig, NodeConfig, read_config
from vanta.node.layout import Layout
from vanta.node.readiness import Readiness

if TYPE_CHECKING:
    from vanta.domain.record import Position
    from vanta.governance.controller import Controller
    from vanta.governance.metrics import Metrics
    from vanta.governance.policy_log import Happened
    from vanta.governance.status import StatusView
    from vanta.governance.walk import Step

_ENDING = (signal.SIGTERM, signal.SIGINT)
_TEXTFILE_EVERY = 5 * SECOND
_HINTS_AFTER = 3.0
"""Seconds from the start until Redis is listened to; the first fetches need no hint."""


def look_once(node: Path, *, as_json: bool = False) -> None:
    """Settle, fetch, take in what came, tell everything that was journalled, and end.

    Raises:
        UnavailableError: `NO_HEAD`: the branch could not be read.
    """
    layout, config = _node(node)
    journal = layout.journal("governance")
    before = _position(journal)
    with _controller(layout, config) as (controller, shown):
        controller.tick()
        # What the look brought may have ended or lifted something.
        controller.settle()
        shown.refresh()
        _tell_since(journal, before, as_json=as_json)
        if controller.trouble:
            raise UnavailableError(
                f"the branch could not be read: {controller.trouble.strip()}",
                code="NO_HEAD",
                place=config.governance.remote,
                remedy="what was last verified stays in force meanwhile",
            )


def follow(node: Path) -> None:
    """Run until a signal says to end."""
    from vanta.governance.hints import HintSocket, RedisHints
    from vanta.governance.loop import Loop
    from vanta.node.carrier import redis_access

    for number in _ENDING:
        # Until there is a loop to end, ending is leaving.
        signal.signal(number, lambda _got, _frame: sys.exit(0))
    layout, config = _node(node)
    with _controller(layout, config) as (controller, shown), ExitStack() as stack:
        hints: HintSocket | None = None
        try:
            layout.run.mkdir(mode=0o750, exist_ok=True)
            hints = HintSocket(layout.run)
            stack.callback(hints.close)
        except (UnavailableError, OSError) as error:
            # The poll finds everything a hint would have told of.
            say(f"{error}")
        loop = Loop(
            controller,
            config.governance.poll_ms / 1000,
            hints=hints,
            told=_say_steps,
            refresh=shown.refresh,
            ready=stack.enter_context(Readiness(layout.run, "governance")).announce,
        )
        for number in _ENDING:
            signal.signal(number, lambda _got, _frame: loop.stop())
        if config.governance.hints:
            access = redis_access(config, config.governance.hints)
            hinted = config.governance.hints, loop.hint
            redis = RedisHints(*hinted, connect=access.connect, after=_HINTS_AFTER)
            stack.callback(redis.close)
        loop.run()


def send(node: Path | None, redis: str | None) -> list[str]:
    """Hint at a node's controller, at those on a Redis, or at both; who was told.

    Raises:
        UnavailableError: nobody listens there.
    """
    from vanta.governance.hints import publish_hint, send_hint

    told = []
    if redis is not None:
        told.append(f"{publish_hint(redis)} controllers by Redis")
    if node is not None:
        send_hint(Layout(node.resolve()).run)
        told.append(f"the controller of {node}")
    return told


class _Shown:
    """Status view and metrics, kept up to date."""

    def __init__(
        self, controller: "Controller", view: "StatusView", metrics: "Metrics", textfile: str
    ) -> None:
        self._controller = controller
        self._view = view
        self._metrics = metrics
        self._textfile = Path(textfile) if textfile else None
        self._written = 0

    def refresh(self) -> None:
        status = self._view.refresh()
        self._metrics.show(self._controller, status)
        if self._textfile and abs(status.written - self._written) >= _TEXTFILE_EVERY:
            self._metrics.write(self._textfile)
            self._written = status.written


def _node(node: Path) -> tuple[Layout, NodeConfig]:
    layout = Layout(node.resolve())
    return layout, read_config(layout.config)


@contextmanager
def _controller(layout: Layout, config: NodeConfig) -> "Iterator[tuple[Controller, _Shown]]":
    from vanta.governance.clock import NodeClock
    from vanta.governance.controller import Controller
    from vanta.governance.fetcher import Source
    from vanta.governance.metrics import Metrics
    from vanta.governance.repository import Repository, SshAccess
    from vanta.governance.status import StatusView
    from vanta.governance.timekeeping import Ages
    from vanta.governance.trust import read_trust

    wanted = config.governance
    metrics = Metrics()
    if wanted.metrics:
        metrics.serve(wanted.metrics)
    ssh = None
    if wanted.identity is not None and wanted.known_hosts is not None:
        ssh = SshAccess(wanted.identity, wanted.known_hosts, _sockets(layout))
    with Repository.create(layout.mirror, ssh=ssh) as mirror:
        controller = Controller(
            layout.memory,
            mirror,
            Source(wanted.remote, wanted.branch),
            config.environment,
            read_trust(layout.trust),
            clock=NodeClock(sync_required=wanted.require_clock_sync),
            ages=Ages(wanted.alert_after, wanted.reduce_only_after, wanted.silent_after),
            group=_group(wanted, layout),
            watcher=metrics,
        )
        try:
            view = StatusView(layout.memory, controller)
            yield controller, _Shown(controller, view, metrics, wanted.metrics_textfile)
        finally:
            controller.close()


def _sockets(layout: Layout) -> Path | None:
    """A folder for this user alone, in the one where nobody else may make anything.

    None where it cannot be made; then each fetch makes a connection of its own.
    """
    folder = layout.mirror.parent / "ssh"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


def _group(wanted: GovernanceConfig, layout: Layout) -> int | None:
    if not wanted.group:
        return None
    try:
        return grp.getgrnam(wanted.group).gr_gid
    except KeyError as error:
        raise MalformedError(
            f"there is no group {wanted.group!r}",
            code="NO_SUCH_GROUP",
            place=f"{layout.config}: governance.group",
            remedy=f"groupadd --system {wanted.group}",
        ) from error


def _position(journal: Path) -> "Position | None":
    """How far the journal goes; None before there is one."""
    from vanta.journal.reader import live_state

    try:
        return live_state(journal).position
    except UnavailableError as error:
        if error.code != "JOURNAL_MISSING":
            raise
        return None


def _tell_since(journal: Path, before: "Position | None", *, as_json: bool) -> None:
    """Everything that was journalled since, but for the look itself."""
    from vanta.governance.policy_log import of_record
    from vanta.governance.receipts import SILENCE_ENDED
    from vanta.journal.reader import Tail

    with Tail(journal, before) as tail:
        records = list(chain.from_iterable(iter(tail.poll, [])))
    told = [
        (each.ts, of_record(each))
        for each in records
        # That somebody looks again after a while is why this was typed.
        if each.type != SILENCE_ENDED and not each.type.startswith("journal.")
    ]
    if as_json:
        print_json({"happened": [happened for _, happened in told]})
        return
    for ts, happened in told:
        say(f"{show_instant(ts)} {_line(happened)}")


def _line(happened: "Happened") -> str:
    """What happened in a line; of a step on the branch, its verdict says it."""
    from vanta.governance.receipts import EVALUATED, HALT_DELIVERED

    what = happened.verdict if happened.what == EVALUATED else happened.what
    if happened.what == HALT_DELIVERED:
        return f"{happened.commit[:12]} {what} by {happened.signed[0].person}: {happened.message}"
    words = [happened.commit[:12], what, happened.reason]
    line = " ".join(filter(None, words))
    return f"{line}: {happened.message}" if happened.message else line


def _say_steps(steps: "tuple[Step, ...]") -> None:
    import time

    for step in steps:
        why = f" {step.reason}: {step.message}" if step.reason else ""
        say(f"{show_instant(time.time_ns())} {step.commit[:12]} {step.verdict}{why}")
