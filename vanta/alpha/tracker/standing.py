"""The tracker as a person looks at it: every thread with the status it has at this moment."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from vanta.alpha.tracker.desk import look
from vanta.alpha.tracker.state import TrackerState
from vanta.alpha.tracker.threads import LOOKED_AT, Status, Thread
from vanta.domain.record import Position
from vanta.node.layout import Layout


class Standing(NamedTuple):
    """What was seen."""

    state: TrackerState
    statuses: dict[str, Status]
    """By thread; `approved` where enough sign-offs hold and count now."""
    position: Position
    """How far the journal was."""
    trouble: str
    """Why no sign-off could be judged, where that is so."""

    def threads(self, wanted: Callable[[Thread], bool] = lambda _: True) -> list[Thread]:
        """Threads as they stand, oldest first."""
        return [
            one
            if one.status == self.statuses[one.id]
            else msgspec.structs.replace(one, status=self.statuses[one.id])
            for one in self.state.threads.values()
            if wanted(one)
        ]


def stand(layout: Layout, now: int) -> Standing:
    """Look at the tracker, and ask again what its sign-offs are worth.

    Args:
        layout: Alpha's folders.
        now: UTC nanoseconds.

    Raises:
        UnavailableError, MalformedError: see `desk.look`.
    """
    state, position = look(layout)
    threads = list(state.threads.values())
    if not any(
        state.candidates[one.candidate].sign_offs for one in threads if one.status in LOOKED_AT
    ):
        # Nobody signed, so nobody has to be asked who may.
        return Standing(state, {one.id: one.status for one in threads}, position, "")
    from vanta.alpha.tracker.approval import standing  # noqa: PLC0415 - governance takes long
    from vanta.alpha.tracker.permission import reviews  # noqa: PLC0415 - to load

    found = reviews(layout, now)
    return Standing(state, standing(state, threads, found.permission), position, found.trouble)
