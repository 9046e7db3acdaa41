"""Threads brought to where their builds are: promoted, or gone back from, and why."""

from collections.abc import Iterable

import msgspec

from vanta.alpha.tracker.deployed import Outcome
from vanta.alpha.tracker.desk import Desk
from vanta.alpha.tracker.promoting import as_it_stands
from vanta.alpha.tracker.threads import LOOKED_AT, Thread
from vanta.domain.errors import VantaError


class Left(msgspec.Struct, frozen=True):
    """A thread that could not follow its build."""

    thread: str
    build: str
    why: str


def observe(desk: Desk, outcomes: Iterable[Outcome], now: int) -> tuple[list[Thread], list[Left]]:
    """Mark the threads of each build with what became of it; a second time marks nothing.

    A build that was gone back from on one node was gone back from. What happened before a thread
    came to its status is no news to it.

    Args:
        desk: the tracker.
        outcomes: of the nodes.
        now: UTC nanoseconds.

    Returns:
        The threads as marked, and those that could not be.
    """
    by_build: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_build.setdefault(one.build, []).append(one)
    marked: list[Thread] = []
    left: list[Left] = []
    for build, known in by_build.items():
        candidate = desk.state.candidates.get(build)
        for name in candidate.threads if candidate is not None else ():
            thread = desk.state.threads[name]
            news = _last_of_each([one for one in known if one.at > thread.since])
            try:
                after = _follow(desk, thread, news, now)
            except VantaError as error:
                left.append(Left(thread.id, build, f"{error.message} [{error.code}]"))
                continue
            marked += [after] if after is not None else []
    return marked, left


def _last_of_each(outcomes: list[Outcome]) -> list[Outcome]:
    """What became of it last on each node."""
    return list({one.node: one for one in sorted(outcomes, key=lambda one: one.at)}.values())


def _follow(desk: Desk, thread: Thread, news: list[Outcome], now: int) -> Thread | None:
    back = [f"{one.node}: {one.why}" for one in news if not one.good]
    if back and thread.status in LOOKED_AT | {"promoted"}:
        return desk.mark(thread, "rolled_back", "; ".join(back))
    if not news or back or thread.status not in LOOKED_AT:
        return None
    [stands], commit = as_it_stands(desk, [thread], now)
    return desk.mark(stands, "promoted", f"on {', '.join(sorted(x.node for x in news))}", commit)
