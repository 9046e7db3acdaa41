"""Refs fetched piecemeal, so that what cannot be had costs itself and nothing beside it.

Refs that came to be there are asked for in groups, in the order in which they did. A group that
fails is halved, over as many looks as that takes, until what is at fault is alone; that is tried
again ever more seldom. New groups, halves and what was alone take turns, so that none of the three
can keep the others waiting, however many somebody pushes.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vanta.domain.errors import RefusedError, VantaError

Ask = Callable[[Sequence[str], float], Mapping[str, str]]
"""Fetches refs by name within some seconds; what each points to. Raises `VantaError`."""

Holds = Callable[[Iterable[str]], set[str]]
"""Which of these objects are there."""

MOST_RUNS = 32
"""Fetches of one look."""

_LOOK_SECONDS = 10.0
_PATIENCE = 5.0
"""Seconds for what was not alone yet, and the more of them the longer that was let wait."""

_NAMES_LENGTH = 50_000
"""Letters of the names of one group; the system bounds a command's arguments."""

_ALONE, _NEW, _HALVES = range(3)
"""Whose turn it is."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 600.0


class Came(NamedTuple):
    """What a look came to."""

    refs: dict[str, str]
    """Those that are there and were fetched, now or before."""
    missed: VantaError | None
    """Why there are not all of them."""


@dataclass
class _Alone:
    """A commit that could not be fetched by itself."""

    error: VantaError
    due: float
    wait: float


class Piecemeal:
    """Remembers what was fetched and what is still to be, by object id.

    Args:
        most: refs in one group; a listing with more is told of, and taken in turns.
        seconds: the longest that one fetch may take.
        clock: seconds that only grow.
    """

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._have: set[str] = set()
        self._new: deque[str] = deque()
        self._halves: deque[tuple[str, ...]] = deque()
        self._alone: dict[str, _Alone] = {}
        self._complaint: VantaError | None = None
        self._turn = _ALONE

    def look(self, listed: Mapping[str, str], ask: Ask, holds: Holds) -> Came:
        """Fetch what is listed and was not fetched yet, or as much of it as one look may.

        Args:
            listed: every ref that is there, and what it points to.
            ask: see `Ask`.
            holds: which of these objects are there already, with all that is below them.
        """
        names = {oid: name for name, oid in sorted(listed.items(), reverse=True)}
        self._take_note(names, holds)
        moved: dict[str, str] = {}
        until = self._clock() + min(_LOOK_SECONDS, self._seconds)
        for _ in range(MOST_RUNS):
            group = self._next(names)
            if not group:
                break
            try:
                found = ask([names[oid] for oid in group], self._patience(group))
            except VantaError as error:
                self._failed(group, error)
                if error.code == "FETCH_ABORTED":
                    break
            else:
                self._have.update(found.values())
                for oid in group:
                    self._alone.pop(oid, None)
                moved |= found
            if self._clock() >= until:
                break
        there = {**listed, **moved}
        refs = {name: oid for name, oid in there.items() if oid in self._have}
        return Came(refs, self._missed(len(listed)))

    @property
    def waiting(self) -> bool:
        """Whether another look would ask for something that no look has asked for by itself."""
        return bool(self._new or self._halves)

    def _take_note(self, names: Mapping[str, str], holds: Holds) -> None:
        """Forget what is there no longer, and line up what came to be."""
        self._have &= names.keys()
        self._alone = {oid: one for oid, one in self._alone.items() if oid in names}
        self._new = deque(oid for oid in self._new if oid in names)
        halves = (tuple(oid for oid in group if oid in names) for group in self._halves)
        self._halves = deque(group for group in halves if group)
        known = {
            *self._have,
            *self._alone,
            *self._new,
            *(o for group in self._halves for o in group),
        }
        came = names.keys() - known
        have = holds(came) if came else set()
        self._have |= have
        self._new.extend(sorted(came - have))

    def _next(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """What to ask for now; nothing where nothing is left."""
        for _ in range(3):
            self._turn = (self._turn + 1) % 3
            if self._turn == _ALONE and (group := self._first_alone()):
                return group
            if self._turn == _NEW and self._new:
                return self._first_new(names)
            if self._turn == _HALVES and self._halves:
                return self._halves.popleft()
        return ()

    def _first_new(self, names: Mapping[str, str]) -> tuple[str, ...]:
        group: list[str] = []
        length = 0
        while self._new and len(group) < self._most:
            length += len(names[self._new[0]])
            if group and length > _NAMES_LENGTH:
                break
            group.append(self._new.popleft())
        return tuple(group)

    def _first_alone(self) -> tuple[str, ...]:
        now = self._clock()
        due = [(one.due, oid) for oid, one in self._alone.items() if one.due <= now]
        return (min(due)[1],) if due else ()

    def _patience(self, group: Sequence[str]) -> float:
        alone = self._alone.get(group[0])
        return min(self._seconds, _PATIENCE * (alone.wait if alone else 1))

    def _failed(self, group: Sequence[str], error: VantaError) -> None:
        halved = self._turn == _HALVES
        self._complaint = error
        if len(group) > 1:
            middle = len(group) // 2
            halves = [tuple(group[:middle]), tuple(group[middle:])]
            if halved:
                # What came first is gone through to its end first, so that its end comes.
                self._halves.extendleft(reversed(halves))
            else:
                self._halves.extend(halves)
            return
        before = self._alone.get(group[0])
        wait = min(_LONGEST_WAIT, 2 * before.wait) if before else _FIRST_WAIT
        self._alone[group[0]] = _Alone(error, self._clock() + wait, wait)

    def _missed(self, number: int) -> VantaError | None:
        """What to say of the refs that did not come."""
        if self._alone:
            # Always of the same one, as long as it is there.
            return self._alone[min(self._alone)].error
        if self._halves:
            return self._complaint
        if number > self._most:
            return RefusedError(
                f"more than {self._most} refs match: they are taken in turns", code="TOO_MANY_REFS"
            )
        return None
