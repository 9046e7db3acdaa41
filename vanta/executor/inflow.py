"""What came in: `intents.jsonl`, which intents were let in, and which still wait for a decision."""

from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.record import Position
from vanta.domain.trading import Intent
from vanta.executor.events import IntentAccepted, IntentRefused, entry, read
from vanta.executor.intake import Accepted, Refused
from vanta.executor.remembered import forget
from vanta.journal.reader import live_state
from vanta.journal.writer import ROTATE_AT, Journal


class _State(msgspec.Struct, forbid_unknown_fields=True):
    seen: list[tuple[str, int]] = []
    waiting: list[Intent] = []


class Inflow:
    """The fold of `intents.jsonl`.

    Args:
        path: of the journal.
        actor: service and build.
        clock: UTC nanoseconds.
        decided: ids of the intents a decision is on record for, at least of those that were decided
            since an instant.
        rotate_at: bytes appended to a segment after which it is closed.
    """

    def __init__(
        self,
        path: Path,
        *,
        actor: str,
        clock: Callable[[], int],
        decided: Callable[[int], Container[str]],
        rotate_at: int = ROTATE_AT,
    ) -> None:
        self.seen = OrderedDict[str, int]()
        """Intents let in, to when they expire; `remembered` says for how long."""
        self.waiting: dict[str, Intent] = {}
        """Intents without a decision, oldest first."""
        self._path, self._clock = path, clock
        self._journal = Journal.open(
            path,
            actor=actor,
            clock=clock,
            rotate_at=rotate_at,
            snapshot=self._state,
            when_asked=True,
        )
        try:
            self._recall(decided)
        except BaseException:
            self._journal.close()
            raise

    def _recall(self, decided_since: Callable[[int], Container[str]]) -> None:
        found = live_state(self._path)
        # What the book remembers is not enough: it forgets, and this segment may be older.
        decided = decided_since(found.opening.ts)
        state = _State() if bytes(found.state) == b"null" else decode(_State, bytes(found.state))
        self.seen.update(state.seen)
        self.waiting = {intent.id: intent for intent in state.waiting if intent.id not in decided}
        for record in found.records:
            event = read(record)
            if isinstance(event, IntentAccepted):
                self._take(event.intent)
                if event.intent.id in decided:
                    del self.waiting[event.intent.id]

    def _take(self, intent: Intent) -> None:
        forget(self.seen, self._clock())
        self.seen[intent.id] = intent.expires
        self.waiting[intent.id] = intent

    def _state(self) -> _State:
        return _State(list(self.seen.items()), list(self.waiting.values()))

    @property
    def position(self) -> Position:
        """How far the journal is durable."""
        return self._journal.position

    def take(self, judged: Sequence[Accepted | Refused], policy: str) -> None:
        """Journal what intake said of some parcels; durable on return.

        Args:
            judged: in the order they came.
            policy: governance commit in force.

        Raises:
            UnavailableError: it is not durable; the parcels must come again.
        """
        if not judged:
            return
        size = self._journal.position.size
        self._journal.append(
            [
                entry(
                    IntentAccepted(one.envelope, one.intent)
                    if isinstance(one, Accepted)
                    else IntentRefused(one.code, one.reason, one.node, one.digest),
                    ordinal=size + place,
                    parents=(one.intent.conviction_id,) if isinstance(one, Accepted) else (),
                    dag_id=one.intent.dag_id if isinstance(one, Accepted) else "",
                    policy=policy,
                )
                for place, one in enumerate(judged)
            ]
        )
        for one in judged:
            if isinstance(one, Accepted):
                self._take(one.intent)

    def decided(self, intent_id: str) -> None:
        """An intent has its decision on disk."""
        self.waiting.pop(intent_id, None)

    def rotate_if_due(self, *, early: bool) -> None:
        """Close the segment where it is large; only when no decision waits to be durable.

        Args:
            early: close it however small it is. With each segment of the trade log another one
                begins here, so that a start need not read far back for what was decided.
        """
        self._journal.rotate_if_due(early=early)

    def close(self) -> None:
        """Give the journal up."""
        self._journal.close()
