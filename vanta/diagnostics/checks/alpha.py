"""Whether Alpha's own parts are there and up."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Alpha, Part
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import seconds, span

UP = Says("TRACKER_UP", Severity.OK, "{records} records, and the view shows all of them{uptime}")
NO_TRACKER = Says(
    "TRACKER_NONE", Severity.NOTE, "not installed: there is no tracker.jsonl on this node"
)
NO_VIEW = Says(
    "TRACKER_VIEW",
    Severity.WARN,
    "thread_tracker.json shows {view} of {records} records",
    "It is a view: the next `vt-` command that writes makes it again from the journal.",
)
NO_JOURNAL = Says(
    "TRACKER_LOST",
    Severity.CRITICAL,
    "thread_tracker.json is there, and the journal it is a view of is not",
    "Restore tracker.jsonl from its off-node copy; do not begin an empty one.",
)
TRACKER_DOWN = Says(
    "TRACKER_DOWN",
    Severity.WARN,
    "it was ready {since} ago and is gone without a word",
    "Look at its log, then start it again.",
)
ASSISTANT_UP = Says("ASSISTANT_UP", Severity.OK, "up for {since}")
NO_ASSISTANT = Says("ASSISTANT_NONE", Severity.NOTE, "not installed: this build has no assistant")
ASSISTANT_DOWN = Says(
    "ASSISTANT_DOWN",
    Severity.WARN,
    "it does not run{since}",
    "Look at its log, then start it again; nothing trades better or worse meanwhile.",
)


class Limits(NamedTuple):
    """Nothing is measured."""


LIMITS = Limits()


def judge_tracker(found: Alpha, moment: Moment) -> Iterator[Told]:
    """The view of threads shows all of its journal; where it has a service, that is up."""
    part = found.tracker
    if not part.installed:
        yield Told(NO_TRACKER)
        return
    if part.journal is None:
        yield Told(NO_JOURNAL)
        return
    bad: list[Told] = []
    figures: dict[str, int | float] = {"records": part.journal, **_uptime(part, moment.now)}
    if part.view != part.journal:
        shows = "none" if part.view is None else part.view
        bad.append(Told(NO_VIEW, values={"view": shows, "records": part.journal}, figures=figures))
    if part.ready is not None and not part.ready.alive:
        bad.append(Told(TRACKER_DOWN, values={"since": span(moment.now - part.ready.since)}))
    yield from bad
    if not bad:
        up = f", up for {span(moment.now - part.ready.since)}" if part.ready else ""
        yield Told(UP, values={"records": part.journal, "uptime": up}, figures=figures)


def judge_assistant(found: Alpha, moment: Moment) -> Iterator[Told]:
    """Where there is an assistant, it is up."""
    part = found.assistant
    if part.ready is not None and part.ready.alive:
        since = span(moment.now - part.ready.since)
        yield Told(ASSISTANT_UP, values={"since": since}, figures=_uptime(part, moment.now))
    elif not part.installed:
        yield Told(NO_ASSISTANT)
    else:
        ready = part.ready
        since = f": it was ready {span(moment.now - ready.since)} ago" if ready else ""
        yield Told(ASSISTANT_DOWN, values={"since": since})


def _uptime(part: Part, now: int) -> dict[str, int | float]:
    alive = part.ready is not None and part.ready.alive
    return {"uptime_seconds": seconds(now - part.ready.since)} if alive and part.ready else {}


CHECKS = (
    Check(
        "tracker",
        "alpha",
        (NO_JOURNAL, NO_VIEW, TRACKER_DOWN, NO_TRACKER, UP),
        LIMITS,
        judge_tracker,
        ("alpha",),
    ),
    Check(
        "assistant",
        "alpha",
        (ASSISTANT_DOWN, NO_ASSISTANT, ASSISTANT_UP),
        LIMITS,
        judge_assistant,
        ("alpha",),
    ),
)
