"""How things stand, as a list of conditions in the manner of Kubernetes; pure.

A condition's reason is the code of the receipt or error behind it, so that what an operator reads
is what a journal, a metric and a runbook call it too.
"""

from collections.abc import Iterable, Mapping

import msgspec

from vanta.domain.errors import VantaError
from vanta.domain.instant import SECOND, show_instant
from vanta.governance.memory import Memory
from vanta.governance.walk import Step

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
OK = "OK"

GOOD = {
    "Fetched": TRUE,
    "Verified": TRUE,
    "Applied": TRUE,
    "LaneHeard": TRUE,
    "Fresh": TRUE,
    "ClockHealthy": TRUE,
    "Published": TRUE,
    "Drift": FALSE,
    "Latched": FALSE,
    "LaneHalted": FALSE,
    "HandEdited": FALSE,
}
"""Every type of condition, and the status it has when all is well."""


class Condition(msgspec.Struct, frozen=True):
    """One of them."""

    type: str
    status: str
    """`True`, `False` or `Unknown`."""
    reason: str
    """A code; `OK` where there is nothing to say."""
    message: str
    since: int = 0
    """When the status last changed, UTC nanoseconds."""

    @property
    def good(self) -> bool:
        """Whether it is as it is when all is well."""
        return self.status == GOOD[self.type]


class Facts(msgspec.Struct, frozen=True):
    """What the conditions follow from."""

    memory: Memory
    troubles: Mapping[str, VantaError]
    """By `branch`, `lane` and `notes`, of the last fetch."""
    looked: bool
    """Whether there was a fetch yet."""
    steps: tuple[Step, ...]
    """The last ones taken."""
    held_back: Mapping[str, str]
    age: int
    """Nanoseconds since a head was confirmed."""
    alert_after: int | None
    doubt: str
    """Why the clock is not believed."""
    put_back: tuple[str, int]
    """Code of the last hand edit that was undone, and when."""
    latch_trouble: str


FETCH_CODES = frozenset(
    {
        "BAD_REF",
        "BAD_URL",
        "FETCH_ABORTED",
        "FETCH_FAILED",
        "FETCH_TIMEOUT",
        "FETCH_TOO_LARGE",
        "FOREIGN_OWNER",
        "GIT_MISSING",
        "MIRROR_UNUSABLE",
        "REF_MISSING",
        "SHALLOW",
        "TOO_MANY_OBJECTS",
        "TOO_MANY_REFS",
    }
)
"""Errors of the transport; every other one is of what came."""


def conditions(facts: Facts, before: Iterable[Condition], now: int) -> tuple[Condition, ...]:
    """How things stand.

    Args:
        facts: what is known.
        before: the conditions of the last look, for since when they have been so.
        now: UTC nanoseconds.
    """
    known = {condition.type: condition for condition in before}
    found = (*_of_the_forge(facts), *_of_time(facts), *_of_the_node(facts))
    return tuple(
        msgspec.structs.replace(
            one,
            since=known[one.type].since
            if one.type in known and known[one.type].status == one.status
            else now,
        )
        for one in found
    )


def _of_the_forge(facts: Facts) -> Iterable[Condition]:
    branch, lane = facts.troubles.get("branch"), facts.troubles.get("lane")
    fetching = branch is not None and branch.code in FETCH_CODES
    yield _told("Fetched", branch if fetching else None, "the branch came", looked=facts.looked)
    yield _told(
        "Verified",
        None if fetching else branch,
        "the head was walked to its end",
        looked=facts.looked and not fetching,
    )
    yield _applied(facts)
    heard = facts.looked and not (fetching and lane is None)
    yield _told("LaneHeard", lane, "the lane came and was judged", looked=heard)


def _told(kind: str, error: VantaError | None, fine: str, *, looked: bool) -> Condition:
    if error is not None:
        return Condition(kind, FALSE, error.code, str(error))
    if not looked:
        return Condition(kind, UNKNOWN, "NOT_LOOKED", "there was nothing to judge yet")
    return Condition(kind, TRUE, OK, fine)


def _applied(facts: Facts) -> Condition:
    state = facts.memory.state
    if state is None:
        return Condition("Applied", FALSE, "NO_POLICY", "nothing was introduced yet")
    if facts.steps and facts.steps[-1].verdict in {"refused", "tightened"}:
        step = facts.steps[-1]
        if step.reason:
            what = f"{step.commit[:12]} {step.verdict}: {step.message}"
            return Condition("Applied", FALSE, step.reason, what)
    return Condition("Applied", TRUE, OK, f"commit {state.anchor[:12]} is in force as it stands")


def _of_time(facts: Facts) -> Iterable[Condition]:
    aged = facts.alert_after is not None and facts.age > facts.alert_after
    if facts.memory.aged:
        what = f"no head was confirmed for {facts.age // SECOND} s: reduce-only"
        yield Condition("Fresh", FALSE, "HEAD_AGED", what)
    elif aged:
        what = f"no head was confirmed for {facts.age // SECOND} s"
        yield Condition("Fresh", FALSE, "HEAD_OLD", what)
    else:
        yield Condition("Fresh", TRUE, OK, "a head was confirmed not long ago")
    if facts.doubt:
        what = f"{facts.doubt}; halts do not end by it"
        yield Condition("ClockHealthy", FALSE, "CLOCK_DOUBTED", what)
    else:
        yield Condition("ClockHealthy", TRUE, OK, "the clock is believed")


def _of_the_node(facts: Facts) -> Iterable[Condition]:
    memory = facts.memory
    if facts.held_back:
        commit, place = next(iter(facts.held_back.items()))
        what = f"nothing is published before a head has {commit[:12]} below it, says {place}"
        yield Condition("Published", FALSE, "ROLLBACK", what)
    elif memory.published is None:
        yield Condition("Published", FALSE, "NO_POLICY", "nothing was published yet")
    else:
        serial = memory.published.provenance.serial
        yield Condition("Published", TRUE, OK, f"serial {serial} is in the published files")
    code, at = facts.put_back
    if facts.latch_trouble:
        yield Condition("Drift", TRUE, "LATCH_UNWRITABLE", facts.latch_trouble)
    elif code:
        yield Condition("Drift", FALSE, code, f"a hand edit was put back at {show_instant(at)}")
    else:
        yield Condition("Drift", FALSE, OK, "the published files are as the journal says")
    halts = memory.latched_by()
    yield _listed("Latched", "LATCH_SET", [_latch(nonce, memory) for nonce in halts])
    lane = memory.state.lane if memory.state else {}
    stands = [f"{halt.file} by {halt.person} ({oid[:12]})" for oid, halt in sorted(lane.items())]
    yield _listed("LaneHalted", "HALTED", stands)
    edits = [_edit(nonce, memory) for nonce in memory.restrained_by()]
    yield _listed("HandEdited", "EDIT_ADOPTED", edits)


def _edit(nonce: str, memory: Memory) -> str:
    held = memory.restraints[nonce]
    said = f"{held.who}: {held.reason}" if held.reason else held.who
    return f"{nonce}{f' by {said}' if said else ''}; release it with `vanta resume --edit {nonce}`"


def _latch(nonce: str, memory: Memory) -> str:
    note = memory.latches[nonce]
    who = f" by {note.who}" if note.who else ""
    return f"{nonce}{who}: {note.reason}; release it with `vanta resume --edit {nonce}`"


def _listed(kind: str, reason: str, found: list[str]) -> Condition:
    if found:
        return Condition(kind, TRUE, reason, "; ".join(found))
    return Condition(kind, FALSE, OK, "none")
