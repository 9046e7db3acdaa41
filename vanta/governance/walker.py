"""The controller's walk: what a fetch brought, as events that are still to be journalled.

The main line and the lane are heard apart, so that neither can keep the other back.
"""

from typing import NamedTuple

from vanta.domain.errors import UnavailableError, VantaError
from vanta.governance import floor, receipts
from vanta.governance.fetcher import Refs
from vanta.governance.firstseen import FirstSeen, Sightings
from vanta.governance.fold import fold, introduce
from vanta.governance.history import History
from vanta.governance.lane import RESOLVED, Delivered, deliver
from vanta.governance.ledger import Event
from vanta.governance.memory import Memory
from vanta.governance.receipts import HaltDelivered, HaltsRefused, evaluated, introduced
from vanta.governance.repository import Repository
from vanta.governance.rewalk import RECEIPTS, sightings
from vanta.governance.trust import Trust
from vanta.governance.walk import UNREADABLE, State, Step

STORE_FAULTS = frozenset({"MISSING_OBJECT", "CORRUPT_OBJECT", "OBJECT_MISMATCH"})
"""What this node's store lacks: everything is fetched again, not only what seems new."""


class Walked(NamedTuple):
    """What a look came to."""

    events: list[Event]
    steps: tuple[Step, ...] = ()
    trouble: VantaError | None = None
    """What kept the head from being walked to its end."""


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
        self._told: set[tuple[str, str]] = set()
        self._below: set[str] = set()
        self._bad: tuple[object, VantaError] | None = None

    def main(self, memory: Memory, head: str, notes: Refs, now: int) -> Walked:
        """Fold the main line to `head`.

        Args:
            memory: what is known; without a state the walk starts at the introduction.
            head: a commit id.
            notes: where first-seen notes lie.
            now: the latest time seen, UTC nanoseconds.
        """
        asked = (head, memory.state.anchor if memory.state else "", notes, memory.floor)
        if self._bad is not None and self._bad[0] == asked:
            # The same bytes mean the same, however often they are looked at.
            return Walked([], (), self._bad[1])
        walked = self._main(memory, head, notes, now)
        hopeless = isinstance(walked.trouble, UNREADABLE) and not walked.steps
        self._bad = (asked, walked.trouble) if walked.trouble and hopeless else None
        return walked

    def _main(self, memory: Memory, head: str, notes: Refs, now: int) -> Walked:
        events: list[Event] = []
        steps: list[Step] = []
        observed: list[int] = []
        trouble: VantaError | None = None
        state = memory.state
        try:
            if state is None:
                state = self._introduce()
                subject = f"{state.anchor}:introduction"
                events.append(Event(receipts.INTRODUCED, subject, introduced(state, now)))
            seen = self._sightings(notes)
            self._check_floor(memory, state, seen, head)
            for step in fold(state, head, self._history, now, first_seen=FirstSeen(seen)):
                witnessed = FirstSeen(seen).at(step.commit, state.authority.nodes)
                observed.append(now if witnessed is None else witnessed)
                steps.append(step)
                state = step.state
        except VantaError as error:
            if memory.state is None:
                # A fresh node goes straight to the policy in force, or nowhere.
                return Walked([], (), error)
            trouble = error
        for step, when in zip(steps, observed, strict=True):
            body = evaluated(step, when, state=step is steps[-1])
            events.append(Event(receipts.EVALUATED, step.commit, body))
        return Walked(events, tuple(steps), trouble)

    def lane(self, state: State, halts: Refs, now: int) -> Walked:
        """Hear the halts of the lane that were not heard at this anchor yet.

        Args:
            state: what is known.
            halts: where they lie.
            now: the latest time seen, UTC nanoseconds.
        """
        if self._heard[0] != state.anchor:
            self._heard = (state.anchor, set())
        new = set(halts.values()) - self._heard[1] - state.lane.keys()
        after, outcomes = deliver(state, new, self._history, now)
        faults = [one for one in outcomes if one.code in STORE_FAULTS]
        self._heard[1].update(new - {fault.commit for fault in faults})
        refused = tuple(one for one in outcomes if self._is_news(one))
        self._told.update((one.commit, one.code) for one in refused)
        events: list[Event] = []
        if refused:
            events.append(Event(receipts.HALTS_REFUSED, "lane", HaltsRefused(refused, now)))
        for one in outcomes:
            if not one.code:
                body = HaltDelivered(one.commit, one.person, one.file, now, after.lane[one.commit])
                events.append(Event(receipts.HALT_DELIVERED, one.commit, body))
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
            commits |= floor.of_sightings(notes, state.authority.nodes).commits
        open_ = {oid: place for oid, place in commits.items() if oid not in self._below}
        floor.check(open_, head, self._history.graph)
        self._below.update(open_)

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
