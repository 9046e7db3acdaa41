"""The tracker's journal, folded again: what its view must say, and whether its sign-offs hold."""

from collections.abc import Collection

from vanta.alpha.tracker import events
from vanta.alpha.tracker.desk import VIEW, render
from vanta.alpha.tracker.sign_off import verify
from vanta.alpha.tracker.state import TrackerState, opened_with
from vanta.audit.problems import Problem, Problems
from vanta.audit.trail import Found
from vanta.domain.encoding import encode
from vanta.domain.errors import VantaError
from vanta.domain.record import Position
from vanta.journal.segment import ROTATED

VIEW_FILE = f"{VIEW}.json"
_EVIDENCE = "keep the journal as evidence: it was not written by the tracker"


class Tracked:
    """One walk over a tracker's journal, from its first record.

    Args:
        problems: where to put what is found.
        wanted: sizes of the journal that views were derived from.
    """

    def __init__(self, problems: Problems, wanted: Collection[int]) -> None:
        self.signatures = 0
        """Sign-offs that were verified."""
        self.views: dict[int, bytes] = {}
        """By size: what the view says there."""
        self._problems = problems
        self._wanted = wanted
        self._state = TrackerState()
        self._broken = False

    def take(self, found: Found) -> None:
        """Go on by a record; after one that does not follow, nothing more is said."""
        if self._broken:
            return
        try:
            self._take(found)
        except VantaError as error:
            self._broken = True
            self._problems.add(error.code, found.place, error.message, _EVIDENCE)

    def _take(self, found: Found) -> None:
        record = found.record
        if record.type == ROTATED and encode(opened_with(record)) != encode(self._state):
            self._problems.add(
                "SNAPSHOT",
                found.place,
                "the segment opens with a state that the records before it do not give",
                _EVIDENCE,
            )
        event = events.read(record)
        if isinstance(event, events.ThreadMarked) and event.status == "approved":
            self._problems.add(
                "APPROVAL_UNSIGNED", found.place, f"{event.thread} was typed approved", _EVIDENCE
            )
        self._state.take(record)
        if isinstance(event, events.SignOffAdded):
            self._check(event, found)
        if record.seq + 1 in self._wanted:
            position = Position(record.seq + 1, found.head)
            self.views[position.size] = render(self._state, position)

    def _check(self, event: events.SignOffAdded, found: Found) -> None:
        self.signatures += 1
        try:
            key = verify(self._state.candidates[event.build].manifest, event.signature)
        except VantaError as error:
            said = f"{event.person}'s sign-off of {event.build}: {error.message}"
            self._problems.add(error.code, found.place, said, _EVIDENCE)
            return
        if key.fingerprint != event.key:
            said = f"{event.person}'s sign-off of {event.build} is by {key.fingerprint}"
            self._problems.add("UNKNOWN_SIGNER", found.place, said, _EVIDENCE)


def edited(place: str) -> Problem:
    """The problem of a view that is not what its journal amounts to."""
    return Problem(
        "VIEW_EDITED",
        place,
        "not what its journal amounted to there",
        "the next command of the tracker writes it anew; find out who edited it",
    )
