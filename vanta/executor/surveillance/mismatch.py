"""What the comparison finds, its own journal of it, and which findings halt the node."""

from typing import ClassVar

import msgspec

from vanta.domain.encoding import content_id, decode
from vanta.domain.errors import MalformedError
from vanta.domain.record import Record
from vanta.executor.events import Event

JOURNAL = "alerts"

NOT_COMPARED = "NOT_COMPARED"
"""A broker that gave no statement for too long: there is nothing on record and nothing there."""

HALTING = frozenset(
    {
        "INTENT_DIFFERS",
        "INTENT_MISSING",
        "INTENT_TWICE",
        "OVERFILLED",
        "UNPREPARED",
        "WIRE_DIFFERS",
        "WITHHELD_SENT",
    }
)
"""What nobody decided was sent or traded under this node's name: nothing more may leave."""

PASSING = frozenset(
    {"FILL_MISSING", "FILL_NOT_THEIRS", NOT_COMPARED, "ORDER_NOT_OURS", "STILL_ALIVE"}
)
"""What may be over by itself. Everything else stands until a person settles it."""

MOST = 1000
"""Mismatches that stand at once; beyond them one alert says so."""
_SETTLED_KEPT = 4096


class Mismatch(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One thing that is not as it is on record."""

    code: str
    broker: str
    """Empty where it is between the node's own two journals."""
    subject: str
    """Order, or order and fill."""
    ours: int | str | None
    theirs: int | str | None

    @property
    def id(self) -> str:
        """The same for the same thing, however it changes."""
        parts = (self.code, self.broker, self.subject)
        return content_id("mis", *(part.encode() for part in parts))

    @property
    def why(self) -> str:
        """In one line, for a person."""
        if self.code == NOT_COMPARED:
            return f"{self.broker} gives no statement to compare with [{self.code}]"
        where = f" at {self.broker}" if self.broker else ""
        ours, theirs = ("nothing" if x is None else x for x in (self.ours, self.theirs))
        return f"{self.subject}{where}: {ours} on record, {theirs} there [{self.code}]"

    @property
    def halts(self) -> bool:
        """Whether it holds everything in."""
        return self.code in HALTING


class MismatchFound(Event, frozen=True):
    """An alert."""

    type: ClassVar[str] = "mismatch.found"
    mismatch: Mismatch
    seen: int
    """When it was first looked at, UTC nanoseconds."""
    at: int
    """When it was certain: what a broker may tell a moment late had that moment."""
    halts: bool


class MismatchOver(Event, frozen=True):
    """It is as it is on record again."""

    type: ClassVar[str] = "mismatch.over"
    id: str
    at: int


class MismatchSettled(Event, frozen=True):
    """A person has looked into it: it stands no longer, and is not told again."""

    type: ClassVar[str] = "mismatch.settled"
    id: str
    who: str
    """As the system calls whoever asked."""
    why: str
    at: int


ALERTS: dict[str, type[Event]] = {
    kind.type: kind for kind in (MismatchFound, MismatchOver, MismatchSettled)
}
"""Every type of `alerts.jsonl` but the writer's own."""


def read_alert(record: Record) -> Event | None:
    """The event a record of `alerts.jsonl` states; None for the journal's own.

    Raises:
        MalformedError: `EVENT_TYPE`: a type this build does not know; `MALFORMED_JSON`.
    """
    kind = ALERTS.get(record.type)
    if kind is None:
        if record.type.startswith("journal."):
            return None
        raise MalformedError(
            f"{record.type} is not a type of the alerts",
            code="EVENT_TYPE",
            place=record.id,
            remedy="read it with the build that wrote it",
        )
    return decode(kind, bytes(record.body), place=record.id)


class Standing(msgspec.Struct, forbid_unknown_fields=True):
    """The fold of `alerts.jsonl`: what stands."""

    found: dict[str, MismatchFound] = {}
    """By id, oldest first."""
    settled: dict[str, str] = {}
    """The codes of what a person settled and may still be so, by id."""

    def take(self, event: Event | None) -> None:
        """Take one event in."""
        match event:
            case MismatchFound(mismatch):
                self.found[mismatch.id] = event
            case MismatchOver(name):
                self.found.pop(name, None)
                self.settled.pop(name, None)
            case MismatchSettled(name) if name in self.found:
                self.settled[name] = self.found.pop(name).mismatch.code
                while len(self.settled) > _SETTLED_KEPT:
                    del self.settled[next(iter(self.settled))]
            case _:
                pass

    def knows(self, mismatch: Mismatch) -> bool:
        """Whether it was told, and neither ended nor may be told again."""
        return mismatch.id in self.found or mismatch.id in self.settled
