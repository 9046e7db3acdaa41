"""What `builds.jsonl` says of a node's builds: the bodies of its records."""

from typing import ClassVar, Literal

import msgspec

from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.record import Entry, Record

Letter = Literal["_A", "_B"]
How = Literal["promote", "rollback"]


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every body; `type` is the record's."""

    type: ClassVar[str]


class Staged(Event, frozen=True):
    """A build lies in a slot, complete and verified."""

    type: ClassVar[str] = "build.staged"
    build: str
    letter: Letter
    builder: str
    """Who signed it."""
    reviewers: tuple[str, ...]
    """Who had signed it off by then."""


class Released(Event, frozen=True):
    """On Alpha: a candidate lies among the releases, with these people's sign-offs."""

    type: ClassVar[str] = "build.released"
    build: str
    builder: str
    """Who signed it."""
    reviewers: tuple[str, ...]
    """Whose sign-offs lie with it."""


class FlipBegun(Event, frozen=True):
    """What runs is about to change; nothing has yet."""

    type: ClassVar[str] = "flip.begun"
    build: str
    before: str
    """What runs; empty where nothing ever did."""
    how: How
    builder: str
    reviewers: tuple[str, ...]


class FlipMade(Event, frozen=True):
    """`current` is on the build, durably; its services may not be."""

    type: ClassVar[str] = "flip.made"
    build: str


class BuildPromoted(Event, frozen=True):
    """The build's services run, and passed the gate."""

    type: ClassVar[str] = "build.promoted"
    build: str
    milliseconds: int
    """From the flip until the gate let it pass."""


class BuildFailed(Event, frozen=True):
    """The build did not pass the gate, and is marked bad."""

    type: ClassVar[str] = "build.failed"
    build: str
    code: str
    reason: str
    evidence: str
    """Folder below the node's logs with what was seen; empty when none could be kept."""


class FlipReverted(Event, frozen=True):
    """`current` is back on what it was on before the flip."""

    type: ClassVar[str] = "flip.reverted"
    build: str
    """What it is on now."""
    given_up: str
    code: str


class FlipFinished(Event, frozen=True):
    """`current` was put where it belongs by whoever found it half done, or moved by a hand."""

    type: ClassVar[str] = "flip.finished"
    build: str
    code: str
    """`INTERRUPTED`, or `LINK_MOVED`."""


class BuildRestored(Event, frozen=True):
    """What came of gating the services of the build that was gone back to."""

    type: ClassVar[str] = "build.restored"
    build: str
    milliseconds: int
    """From flipping back."""
    code: str
    """Why it is not ready; empty when it is."""


class BuildRefused(Event, frozen=True):
    """Something was asked for and not done."""

    type: ClassVar[str] = "build.refused"
    build: str
    step: str
    """`release`, `stage`, `promote` or `rollback`."""
    code: str
    reason: str


class SlotEmptied(Event, frozen=True):
    """A build's folder was taken away."""

    type: ClassVar[str] = "slot.emptied"
    build: str


TYPES: dict[str, type[Event]] = {
    one.type: one
    for one in (
        Staged,
        Released,
        FlipBegun,
        FlipMade,
        BuildPromoted,
        BuildFailed,
        FlipReverted,
        FlipFinished,
        BuildRestored,
        BuildRefused,
        SlotEmptied,
    )
}


def entry(event: Event, *, ordinal: int, policy: str) -> Entry:
    """The entry that states an event.

    Args:
        event: what happened.
        ordinal: the place its record will have in the journal: the same can happen twice.
        policy: governance commit in force; empty for none.
    """
    name = content_id("bld", event.type.encode(), encode(event), ordinal.to_bytes(8, "big"))
    return Entry(type=event.type, id=name, body=event, policy=policy)


def read(record: Record) -> Event | None:
    """The event a record states; None for the journal's own.

    Raises:
        MalformedError: a body that is not its type's.
    """
    kind = TYPES.get(record.type)
    return decode(kind, bytes(record.body), place=record.id) if kind else None
