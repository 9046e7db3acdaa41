"""What `tracker.jsonl` says: the bodies of its records, and how they are read."""

from typing import ClassVar

import msgspec

from vanta.alpha.tracker.candidate import Stated
from vanta.alpha.tracker.threads import Severity, Status
from vanta.domain.encoding import content_id, decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.record import Entry, Record


class Event(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Base of every body; `type` is the record's."""

    type: ClassVar[str]


class ThreadOpened(Event, frozen=True):
    """Somebody opened a thread."""

    type: ClassVar[str] = "thread.opened"
    thread: str
    module: str
    title: str
    severity: Severity
    owner: str
    by: str


class ThreadMarked(Event, frozen=True):
    """A thread was given a status; never `approved`, which follows from sign-offs."""

    type: ClassVar[str] = "thread.marked"
    thread: str
    status: Status
    why: str
    by: str


class ThreadNoted(Event, frozen=True):
    """Somebody said something."""

    type: ClassVar[str] = "thread.noted"
    thread: str
    text: str
    by: str


class ThreadCorrected(Event, frozen=True):
    """What a thread says of itself was put right; an empty field stays as it was."""

    type: ClassVar[str] = "thread.corrected"
    thread: str
    module: str
    title: str
    severity: Severity | None
    owner: str | None
    by: str


class CandidateNamed(Event, frozen=True):
    """A build was named that is to put a thread right."""

    type: ClassVar[str] = "candidate.named"
    thread: str
    build: str
    manifest: Stated
    by: str


class CommitLinked(Event, frozen=True):
    """A governance commit was linked to a thread."""

    type: ClassVar[str] = "commit.linked"
    thread: str
    commit: str
    by: str


class SignOffAdded(Event, frozen=True):
    """A signature over a candidate's manifest that held when it was added."""

    type: ClassVar[str] = "sign_off.added"
    build: str
    person: str
    key: str
    signature: str
    counted: tuple[str, ...]
    """People whose sign-offs count with this one, by the policy of this record."""
    needed: int
    """How many it takes; 0 where the builder may not build, so that it is none."""
    by: str


class SignOffWithdrawn(Event, frozen=True):
    """A sign-off was taken back."""

    type: ClassVar[str] = "sign_off.withdrawn"
    build: str
    person: str
    signature: str
    """SHA-256 of its armour, in hex."""
    why: str
    by: str


TRACKER: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        ThreadOpened,
        ThreadMarked,
        ThreadNoted,
        ThreadCorrected,
        CandidateNamed,
        CommitLinked,
        SignOffAdded,
        SignOffWithdrawn,
    )
}
"""Every type of `tracker.jsonl` but the writer's own."""

_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in TRACKER.items()}


def read(record: Record) -> Event | None:
    """The event a record states; None for the journal's own records.

    Raises:
        MalformedError: `EVENT_TYPE`: a type this build does not know; `MALFORMED_JSON`.
    """
    decoder = _DECODERS.get(record.type)
    if decoder is None:
        if record.type.startswith("journal."):
            return None
        raise MalformedError(
            f"{record.type} is not a type of the tracker's journal",
            code="EVENT_TYPE",
            place=record.id,
            remedy="read it with the build that wrote it",
        )
    try:
        return decoder.decode(record.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Said as everything else of its kind is.
        return decode(TRACKER[record.type], bytes(record.body), place=record.id)


def record_id(event: Event, ordinal: int) -> str:
    """Id of the record that states an event, told apart by how far the journal was before it."""
    return content_id("trk", event.type.encode(), encode(event), ordinal.to_bytes(8, "big"))


def entry(event: Event, *, ordinal: int, cause: str = "", policy: str = "") -> Entry:
    """The entry that states an event.

    Args:
        event: what happened.
        ordinal: how far the journal was; no two records have one before them.
        cause: id of the record that opened its thread, or named its build; empty for the first.
        policy: governance commit in force, where it was judged by one.
    """
    known = record_id(event, ordinal)
    return Entry(
        type=event.type,
        id=known,
        body=event,
        parents=(cause,) if cause else (),
        dag_id=cause or known,
        policy=policy,
    )
