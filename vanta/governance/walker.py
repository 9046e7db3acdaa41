"""The controller's walk: what a fetch brought, as events that are still to be journalled.

The main line and the lane are heard apart, so that neither can keep the other back.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.governance import floor, receipts
from vanta.governance.ahead import deliver_ahead
from vanta.governance.fetcher import Refs
from vanta.governance.firstseen import FirstSeen, Sightings
from vanta.governance.fold import heard, introduce, take
from vanta.governance.hints import Allowance
from vanta.governance.history import History
from vanta.governance.lane import RESOLVED, Delivered, beside
from vanta.governance.ledger import Event
from vanta.governance.memory import Memory
from vanta.governance.receipts import HaltDelivered, HaltsRefused, evaluated, introduced
from vanta.governance.repository import Repository
from vanta.governance.rewalk import RECEIPTS, sightings
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE, State, Step

STORE_FAULTS = frozenset({"MISSING_OBJECT", "CORRUPT_OBJECT", "OBJECT_MISMATCH", "GIT_STALLED"})
"""What this node's store lacks: everything is fetched again, not only what seems new."""

_TOLD_AT_ONCE = 50
"""Refused commits of the lane that are named in one record."""


class Walked(NamedTuple):
    """What a look came to."""

    events: list[Event]
    steps: tuple[Step, ...] = ()
    trouble: VantaError | None = None
    """What kept the head from being walked to its end."""


class Around(NamedTuple):
    """What came beside the main line."""

    lane: frozenset[str]
    """What the refs of the lane point to; what the main line merges of it is heard just before."""
    notes: Refs
    """Where first-seen notes lie."""


class Walker:
    """Walks one environment of one mirror.

    Args:
        repository: the mirror.
        environment: which environment.
        trust: the pinned introduction.
    """

    def __init__(self, repository: Repository, environment: str, trust: Trust) -> None:
        self._repository = repository
        self._environment = environment
        self._trust = trust
        self._history = History(repository, environment)
        self._notes: dict[str, tuple[Sightings, ...]] = {}
        self._heard: tuple[str, set[str]] = ("", set())
        self._unsigned: set[str] = set()
        self._told: set[tuple[str, str]] = set()
        self._below: set[str] = set()
        self._bad: tuple[object, VantaError] | None = None
        self._pinned = False
        self._may_tell = Allowance(burst=20, per_second=0.1)
        self._untold = 0

    def distrust(self, state: State) -> VantaError | None:
        """Why what the journal goes on from is not what is pinned now; None where it is.

        The journal was begun by a pin that may have been changed since: then the people who may
        say so trust something else, and this node follows nobody until they agree.
        """
        if not self._pinned:
            try:
                self._check_pin(state)
            except Exception as error:  # noqa: BLE001 - nor may this break the halts
                return _as_trouble(error)
            self._pinned = True
        return None

    def _check_pin(self, state: State) -> None:
        if self._trust.introduction != state.introduction:
            raise RefusedError(
                f"this journal began at {state.introduction[:12]}, and the trust file now pins "
                f"{self._trust.introduction[:12]}",
                code="PIN_CHANGED",
                place=self._trust.introduction[:12],
                remedy="put the pin back; a new introduction needs a new governance journal, as "
                "docs/runbooks/lost-key.md says; what was last verified stays in force meanwhile",
            )
        self._introduce()

    def main(self, memory: Memory, head: str, around: Around, now: int) -> Walked:
        """Fold the main line to `head`.

        Args:
            memory: what is known; without a state the walk starts at the introduction.
            head: a commit id.
            around: what came with it.
            now: the latest time seen, UTC nanoseconds.
        """
        asked = (head, memory.state.anchor if memory.state else "", around, memory.floor)
        if self._bad is not None and self._bad[0] == asked:
            # The same bytes mean the same, however often they are looked at.
            return Walked([], (), self._bad[1])
        walked = self._main(memory, head, around, now)
        hopeless = isinstance(walked.trouble, UNREADABLE) and not walked.steps
        self._bad = (asked, walked.trouble) if walked.trouble and hopeless else None
        return walked

    def _main(self, memory: Memory, head: str, around: Around, now: int) -> Walked:
        events: list[Event] = []
        steps: list[Step] = []
        trouble: VantaError | None = None
        state = memory.state
        try:
            if state is None:
                state = self._introduce()
                subject = f"{state.anchor}:introduction"
                events.append(Event(receipts.INTRODUCED, subject, introduced(state, now)))
            notes = self._sightings(around.notes)
            self._check_floor(memory, state, notes, head)
            lane = beside(around.lane, state.anchor, self._history)
            for oid in self._history.graph.first_parents(head, state.anchor):
                state, halts = heard(state, oid, lane, self._history, now)
                events += self._halts(state, halts, now)
                witnessed = FirstSeen(notes).at(oid, state.policy.nodes)
                observed = now if witnessed is None else witnessed
                step = take(state, oid, self._history, observed)
                state = step.state
                steps.append(step)
                events.append(Event(receipts.EVALUATED, oid, evaluated(step, observed)))
        except Exception as error:  # noqa: BLE001 - what breaks the walk must not break the halts
            trouble = _as_trouble(error)
            if memory.state is None:
                # A fresh node goes straight to the policy in force, or nowhere.
                return Walked([], (), trouble)
        return Walked(_slim(events), tuple(steps), trouble)

    def _halts(self, state: State, outcomes: tuple[Delivered, ...], now: int) -> Iterator[Event]:
        """The halts that stand from here on."""
        for one in outcomes:
            if not one.code:
                body = HaltDelivered(one.commit, one.person, one.file, now, state.lane[one.commit])
                yield Event(receipts.HALT_DELIVERED, one.commit, body)

    def lane(self, state: State, halts: Refs, now: int) -> Walked:
        """Hear the halts of the lane that were not heard at this anchor yet.

        Args:
            state: what is known.
            halts: where they lie.
            now: the latest time seen, UTC nanoseconds.
        """
        if self._heard[0] != state.anchor:
            self._heard = (state.anchor, set())
        tips = frozenset(halts.values())
        if tips <= self._heard[1]:
            return Walked([])
        try:
            new = beside(tips, state.anchor, self._history) - self._heard[1] - self._unsigned
            after, outcomes = deliver_ahead(state, new, self._history, now)
        except Exception as error:  # noqa: BLE001 - nor may what breaks the lane break the walk
            return Walked([], (), _as_trouble(error))
        faults = [one for one in outcomes if one.code in STORE_FAULTS]
        self._heard[1].update(new | tips)
        self._heard[1].difference_update(fault.commit for fault in faults)
        self._unsigned.update(one.commit for one in outcomes if one.code == "UNSIGNED")
        events = list(self._refused((one for one in outcomes if one.commit in tips), now))
        events += self._halts(after, outcomes, now)
        fault = UnavailableError(faults[0].message, code=faults[0].code) if faults else None
        return Walked(events, (), fault)

    def claimed(self, oid: str) -> int:
        """When a commit says it was made, UTC nanoseconds; 0 where it cannot be read."""
        try:
            return self._history.commit(oid).committer_time
        except VantaError:
            return 0

    def lacks(self, commits: dict[str, str], state: State | None) -> dict[str, str]:
        """Those of the commits that what is known so far is not known to stand on."""
        return floor.unknown(commits, state.anchor, self._history.graph) if state else commits

    def _check_floor(
        self, memory: Memory, state: State, notes: tuple[Sightings, ...], head: str
    ) -> None:
        """Refuse a head that lacks what is known to have been enforced (R8)."""
        commits = dict(memory.floor.commits)
        if memory.state is None:
            commits |= floor.of_sightings(notes, state.policy.nodes).commits
        open_ = {oid: place for oid, place in commits.items() if oid not in self._below}
        floor.check(open_, head, self._history.graph)
        self._below.update(open_)

    def _refused(self, outcomes: Iterable[Delivered], now: int) -> Iterator[Event]:
        """What halts nothing, once for each reason; of a flood some, and how many more."""
        news = [one for one in outcomes if self._is_news(one)]
        if not news:
            return
        self._told.update((one.commit, one.code) for one in news)
        self._untold += len(news)
        if self._may_tell.wait() > 0:
            return
        self._may_tell.take()
        told = tuple(news[:_TOLD_AT_ONCE])
        body = HaltsRefused(told, now, self._untold - len(told))
        self._untold = 0
        yield Event(receipts.HALTS_REFUSED, "lane", body)

    def _is_news(self, outcome: Delivered) -> bool:
        said = (outcome.commit, outcome.code)
        return outcome.code not in {"", RESOLVED} and said not in self._told

    def _introduce(self) -> State:
        pinned = frozenset(self._trust.fingerprints)
        return introduce(self._trust.introduction, pinned, self._environment, self._history)

    def _sightings(self, notes: Refs) -> tuple[Sightings, ...]:
        """The readable notes of this environment; a note is read once."""
        oid = notes.get(f"{RECEIPTS}/{self._environment}")
        if oid is None:
            return ()
        if oid not in self._notes:
            found = tuple(sightings(self._repository, oid, self._environment))
            self._notes = {oid: found}
        return self._notes[oid]


def _slim(events: list[Event]) -> list[Event]:
    """The events of one batch: only the last step states all that is known."""
    last = max((n for n, one in enumerate(events) if one.type == receipts.EVALUATED), default=-1)
    return [
        event._replace(body=msgspec.structs.replace(event.body, state=None))
        if event.type == receipts.EVALUATED and number != last
        else event
        for number, event in enumerate(events)
    ]


def _as_trouble(error: Exception) -> VantaError:
    """The error as one with a code; one that nobody foresaw refuses what brought it."""
    if isinstance(error, VantaError):
        return error
    return RefusedError(
        f"it breaks the walk: {type(error).__name__}: {error}"[:400],
        code="WALK_BROKEN",
        remedy="report it with the commit; what was last verified stays in force",
    )
