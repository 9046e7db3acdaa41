"""Halts of the lane that stand on a main line this node has not been shown (R6); pure.

Whoever signed one may have been given their key there, and the halt brings that history along. It
is folded for the halt's sake and for nothing else: no policy is taken from it.
"""

from collections.abc import Iterable

import msgspec

from vanta.domain.errors import VantaError
from vanta.governance.approvals import seen
from vanta.governance.fold import fold
from vanta.governance.lane import Delivered, deliver
from vanta.governance.walk import Objects, State

STEPS = 64
"""How far ahead of the anchor a halt is followed."""

LINES = 8
"""How many different histories are folded in one go; nobody's flood must not cost one each."""

STRANGER = "UNKNOWN_SIGNER"


def deliver_ahead(
    state: State, oids: Iterable[str], objects: Objects, now: int
) -> tuple[State, tuple[Delivered, ...]]:
    """`lane.deliver`, which asks of a stranger's halt whether the history it stands on knows them.

    A key that only a quorum on that history gave may halt, as it will when main is shown; what a
    stranger gave themselves there is worth as little as it would be on main.
    """
    after, outcomes = deliver(state, oids, objects, now)
    lane = dict(after.lane)
    told: list[Delivered] = []
    ahead = _Ahead(state, objects, now)
    for outcome in outcomes:
        there = ahead.where_known(outcome.commit) if outcome.code == STRANGER else None
        if there is None:
            told.append(outcome)
            continue
        judged, again = deliver(there, [outcome.commit], objects, now)
        told += again
        lane |= {each: judged.lane[each] for each in judged.lane if each == outcome.commit}
    return msgspec.structs.replace(after, lane=lane), tuple(told)


class _Ahead:
    """The histories that halts stand on, each folded once."""

    def __init__(self, state: State, objects: Objects, now: int) -> None:
        self._state = state
        self._objects = objects
        self._now = now
        self._folded: dict[str, State | None] = {}

    def where_known(self, oid: str) -> State | None:
        """What is known where a halt stands, if the authority written there names its signer."""
        try:
            on = self._objects.parents(oid)[0]
            written = self._objects.authority(on)
        except (VantaError, IndexError):
            return None
        if not seen(written, self._state.environment, oid, self._objects, self._now).signer:
            return None
        if on not in self._folded and len(self._folded) < LINES:
            self._folded[on] = self._fold(on)
        return self._folded.get(on)

    def _fold(self, on: str) -> State | None:
        """The state at a commit ahead of the anchor; `None` where there is no such way."""
        try:
            if len(self._objects.graph.first_parents(on, self._state.anchor)) > STEPS:
                return None
            steps = list(fold(self._state, on, self._objects, self._now))
        except VantaError:
            return None
        return steps[-1].state if steps else None
