"""The tracker as one page: nothing is loaded, and without script it is a page of plain tables.

What threads say was typed by anybody. All of it is escaped, and the policy in the page names by
their digests the one script and the one style that may be in it.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from vanta.alpha.tracker.approval import Approval, approval
from vanta.alpha.tracker.board_table import LONGEST, row, when
from vanta.alpha.tracker.deployed import Runs
from vanta.alpha.tracker.standing import Standing
from vanta.alpha.tracker.summary import Progress, age, progress
from vanta.alpha.tracker.threads import DONE, SEVERITIES, STATUSES, Status, Thread, spoken
from vanta.domain.printable import printable
from vanta.governance.builders import BuildPermission

CARDS = 24
"""Most cards in a column; the table below holds the others."""
LISTED_DONE = 500
"""Threads that are done in the table, the latest ones."""
BUILDS_SHOWN = 40
"""Most builds that are shown; the table names every candidate."""
BUILDS_DONE = 8
"""Builds with nothing left to do that are still shown."""

BAD_SHOWN = 6
"""Builds of a node that are not to run there again, the latest ones."""

STEPS = ("named", "signed off", "approved", "promoted")
"""The way of a candidate."""


class Card(NamedTuple):
    """A thread as it is shown in its column."""

    id: str
    severity: str
    module: str
    title: str
    owner: str
    age: str
    opened: str
    why: str
    candidate: str


class Node(NamedTuple):
    """A node as it is shown."""

    name: str
    build: str
    since: str
    bad: tuple[tuple[str, str], ...]
    last: str
    """That it went back from a build, where that is the last thing that happened there."""
    why: str


class Build(NamedTuple):
    """A candidate on its way."""

    name: str
    commit: str
    follows: str
    at: int
    """How many steps are behind it."""
    ended: str
    """`rolled back` or `changes wanted`, where it went no further."""
    why: str
    builder: str
    signed: tuple[tuple[str, str], ...]
    """Each who signed, and why that does not count; empty where it does."""
    needed: int
    counting: int
    threads: tuple[str, ...]


def page(
    standing: Standing,
    permission: BuildPermission,
    now: int,
    *,
    runs: Sequence[Runs] = (),
    everything: bool = False,
) -> str:
    """The page, as HTML.

    Args:
        standing: the tracker as it stands.
        permission: whose sign-offs count.
        now: UTC nanoseconds.
        runs: what nodes run, and what became of builds there.
        everything: list every thread that is done, and not only the last of them.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    style, script = _resource("board.css"), _resource("board.js")
    threads = sorted(standing.threads(), key=_worst_first)
    over = sum(one.status in DONE for one in threads)
    listed = threads if everything else threads[: len(threads) - max(0, over - LISTED_DONE)]
    columns = {status: [one for one in threads if one.status == status] for status in STATUSES}
    together, modules = progress(threads, standing.statuses)
    return environment.from_string(
        _resource("board.html.j2")
    ).render(
        style=Markup(style),  # noqa: S704 - ours, from the package
        script=Markup(script),  # noqa: S704 - the same
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
        "; base-uri 'none'; form-action 'none'",
        made=when(now),
        position=standing.position,
        trouble=printable(standing.trouble),
        needed=permission.needed if permission.askable else 0,
        together=together,
        modules=[_module(one, now) for one in modules],
        columns=[
            (status, spoken(status), len(found), [_card(one, now) for one in found[:CARDS]])
            for status, found in columns.items()
        ],
        nodes=[_node(one, now) for one in runs],
        builds=list(_builds(standing, permission)),
        steps=STEPS,
        rows=Markup("".join(row(one, n, now) for n, one in enumerate(listed, 1))),  # noqa: S704 - safe
        left_out=len(threads) - len(listed),
        severities=SEVERITIES[::-1],
        statuses=[(status, spoken(status)) for status in STATUSES],
        owners=sorted({printable(one.owner) for one in listed if one.owner}),
    )


def _resource(name: str) -> str:
    return (files("vanta.alpha.tracker") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _worst_first(thread: Thread) -> tuple[bool, int, int]:
    done = thread.status in DONE
    # Of what is over, the latest is looked for; of what is not, the oldest waits.
    order = -thread.since if done else thread.opened
    return done, 0 if done else -SEVERITIES.index(thread.severity), order


def _card(one: Thread, now: int) -> Card:
    return Card(
        id=printable(one.id),
        severity=one.severity,
        module=printable(one.module),
        title=printable(one.title),
        owner=printable(one.owner),
        age=age(one.opened, now),
        opened=when(one.opened),
        why=printable(one.why, most=LONGEST),
        candidate=printable(one.candidate),
    )


def _node(one: Runs, now: int) -> Node:
    last = one.outcomes[-1] if one.outcomes else None
    gone_back = last is not None and not last.good
    return Node(
        name=printable(one.node),
        build=printable(one.build),
        since=age(one.since, now) if one.since else "",
        bad=tuple((printable(name), printable(code)) for name, code in reversed(one.bad.items()))[
            :BAD_SHOWN
        ],
        last=f"went back from {printable(last.build)}" if gone_back and last else "",
        why=printable(last.why, most=LONGEST) if gone_back and last else "",
    )


def _module(one: Progress, now: int) -> tuple[Progress, str, str]:
    return one, printable(one.module), "" if one.oldest is None else age(one.oldest, now)


def _builds(standing: Standing, permission: BuildPermission) -> Iterator[Build]:
    """Candidates on their way, the one named last first; then the last few that have arrived."""
    shown = done = 0
    for candidate in reversed(standing.state.candidates.values()):
        statuses = {standing.statuses[name] for name in candidate.threads}
        if not candidate.threads:
            continue
        if statuses <= DONE:
            done += 1
            if done > BUILDS_DONE:
                continue
        if shown == BUILDS_SHOWN:
            return
        shown += 1
        threads = [standing.state.threads[name] for name in candidate.threads]
        worth = approval(standing.state, candidate, permission)
        ended = next((each for each in ("rolled_back", "changes_wanted") if each in statuses), "")
        why = next((one.why for one in threads if one.status == ended), "")
        uncounted = {one.person: one.spoken for one in worth.uncounted}
        yield Build(
            name=candidate.build,
            commit=printable(candidate.manifest.commit[:12]),
            follows=printable(candidate.manifest.follows),
            at=_steps(worth, statuses),
            ended=spoken(ended),
            why=printable(why, most=LONGEST),
            builder=worth.builder,
            signed=tuple(
                (one.person, uncounted.get(one.person, "")) for one in candidate.sign_offs
            ),
            needed=worth.needed,
            counting=len(worth.by),
            threads=candidate.threads,
        )


def _steps(worth: Approval, statuses: set[Status]) -> int:
    if statuses & {"promoted", "rolled_back"}:
        return len(STEPS)
    if worth.quorum:
        return 3
    return 2 if worth.by else 1
