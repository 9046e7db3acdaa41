"""Whether journals are as they were written, and vouched for."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Checkpoint, Journal, Journals
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, size, span
from vanta.domain.instant import HOUR
from vanta.journal.writer import ROTATE_AT

RUNBOOK = "Stop its service, touch nothing, and follow runbooks/journal-does-not-verify.md."

SOUND = Says("JOURNALS_SOUND", Severity.OK, "{names}: whole to the end")
NONE = Says(
    "JOURNAL_NONE",
    Severity.CRITICAL,
    "there is no journal at all",
    "Start the node's services; a journal that was there before is lost, so restore it first.",
)
BROKEN = Says("JOURNAL_BROKEN", Severity.CRITICAL, "{subject}: {why} [{code}] at {place}", RUNBOOK)
AHEAD = Says("CHECKPOINT_BROKEN", Severity.CRITICAL, "{subject}: {why} [{code}]", RUNBOOK)
UNSIGNED = Says(
    "CHECKPOINT_UNSIGNED",
    Severity.WARN,
    "{subject}: its last checkpoint does not hold: {why} [{code}]",
    "`vanta audit verify` opens it with every key the node ever had.",
)
TORN = Says(
    "JOURNAL_TORN",
    Severity.WARN,
    "{subject}: ends in {torn} bytes of an unfinished line, and nobody writes it",
    "Starting its service cuts them off; they were never acknowledged.",
)
PART = Says(
    "JOURNAL_PART",
    Severity.NOTE,
    "{subject}: followed for {walked} records only, for it is large",
    "`vanta audit verify` follows all of it.",
)
OVERGROWN = Says(
    "JOURNAL_OVERGROWN",
    Severity.WARN,
    "{subject}: its live segment has {bytes}, and should have been closed before",
    "Its service remembers more than has room in one line: most of all open orders and intents "
    "that are valid for long. Until that is less it goes on, and takes long to start.",
)
UNCOVERED = Says(
    "CHECKPOINT_OLD",
    Severity.WARN,
    "{subject}: {uncovered} records without a checkpoint for {age}",
    "`vanta node checkpoint` signs how far it reaches; its timer may not run.",
)
UNSAID = Says(
    "CHECKPOINT_NONE",
    Severity.WARN,
    "{subject}: {age} old, and no checkpoint was ever signed",
    "`vanta node checkpoint` signs how far it reaches; let a timer do it.",
)


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    uncovered: int = 26 * HOUR
    """For how long records may be without a checkpoint, nanoseconds: one a day, and some delay."""
    live_bytes: int = 3 * ROTATE_AT
    """Of a live segment: what it opens with, and what closes it."""


LIMITS = Limits()


def judge(found: Journals, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """Each live segment follows its chain, ends in a whole line, and is signed for.

    Closed files and older checkpoints are `vanta audit verify`'s to go through.
    """
    if not found.journals:
        yield Told(NONE)
        return
    bad = [told for one in found.journals for told in _journal(one, moment.now, limits)]
    yield from bad
    named = {told.subject for told in bad}
    fine = [one for one in found.journals if one.name not in named]
    if fine:
        sizes = {f"{one.name}_records": one.size for one in fine}
        yield Told(SOUND, values={"names": listed(one.name for one in fine)}, figures=sizes)


def _journal(one: Journal, now: int, limits: Limits) -> Iterator[Told]:
    if one.trouble:
        values = {"why": one.why, "code": one.trouble, "place": one.place or one.name}
        yield Told(BROKEN, one.name, values)
        return
    if one.torn and not one.writer:
        yield Told(TORN, one.name, {"torn": one.torn}, {"torn_bytes": one.torn})
    if not one.whole:
        yield Told(PART, one.name, {"walked": one.walked}, {"walked_records": one.walked})
    if one.live_bytes > limits.live_bytes:
        figures = {"live_bytes": one.live_bytes}
        yield Told(OVERGROWN, one.name, {"bytes": size(one.live_bytes)}, figures)
    if one.checkpoint is not None:
        yield from _checkpoint(one.name, one.checkpoint, now, limits)
    elif one.opened and now - one.opened > limits.uncovered:
        age = now - one.opened
        yield Told(UNSAID, one.name, {"age": span(age)}, {"uncovered_seconds": seconds(age)})


def _checkpoint(name: str, one: Checkpoint, now: int, limits: Limits) -> Iterator[Told]:
    if one.trouble in {"CHECKPOINT_AHEAD", "CHECKPOINT_HEAD"}:
        yield Told(AHEAD, name, {"why": one.why, "code": one.trouble})
    elif one.trouble:
        yield Told(UNSIGNED, name, {"why": one.why, "code": one.trouble})
    elif one.since is not None and now - one.since > limits.uncovered:
        age = now - one.since
        values = {"uncovered": one.uncovered, "age": span(age)}
        yield Told(UNCOVERED, name, values, {"uncovered_seconds": seconds(age)})


CHECKS = (
    Check(
        "journals",
        "journals",
        (BROKEN, AHEAD, NONE, UNSIGNED, TORN, OVERGROWN, UNCOVERED, UNSAID, PART, SOUND),
        LIMITS,
        judge,
    ),
)
