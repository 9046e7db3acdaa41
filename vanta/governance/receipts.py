"""What `governance.jsonl` holds: one type of record for everything that can happen.

Every outcome is a record, refusals included. A body states what happened and, where that changes
what the node enforces, the whole publication; `memory` is the fold of these records.
"""

from typing import Any

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.policy import Policy, Published
from vanta.domain.record import Record
from vanta.governance.authority import Need
from vanta.governance.lane import Delivered
from vanta.governance.walk import LaneHalt, Seen, State, Step

INTRODUCED = "policy.introduced"
EVALUATED = "policy.evaluated"
HALT_DELIVERED = "halt.delivered"
HALTS_REFUSED = "halts.refused"
ADOPTED = "edit.adopted"
REVERTED = "edit.reverted"
HEAD_REFUSED = "head.refused"
HEAD_AGED = "head.aged"
HEAD_CONFIRMED = "head.confirmed"
LATCH_SET = "latch.set"
LATCH_RESTORED = "latch.restored"
LATCH_LIFTED = "latch.lifted"
TERM_ENDED = "term.ended"
CLOCK_DOUBTED = "clock.doubted"
CLOCK_TRUSTED = "clock.trusted"
FLOOR_FOUND = "floor.found"
SILENCE_ENDED = "silence.ended"

PUBLISHING = frozenset(
    {
        INTRODUCED,
        EVALUATED,
        HALT_DELIVERED,
        ADOPTED,
        HEAD_AGED,
        HEAD_CONFIRMED,
        LATCH_SET,
        SILENCE_ENDED,
        TERM_ENDED,
    }
)
"""Types whose records may state what the node enforces from there on."""

ANEW = frozenset({HEAD_CONFIRMED, SILENCE_ENDED})
"""Types whose publication has a serial of its own, whatever it is."""


class ChangeNote(msgspec.Struct, frozen=True):
    """A change as it is journalled: values by their JSON."""

    path: tuple[str, ...]
    before: Any
    after: Any
    effect: str


class Evaluated(msgspec.Struct, frozen=True):
    """One step of the fold, or the introduction."""

    commit: str
    tree: str
    verdict: str
    reason: str
    message: str
    changes: tuple[ChangeNote, ...]
    needs: tuple[Need, ...]
    approvers: tuple[str, ...]
    signers: tuple[Seen, ...]
    observed: int
    """When it was first seen, UTC nanoseconds: the `now` it was judged by."""
    released: tuple[str, ...]
    """Nonces of hand edits a quorum had let go by then; a later commit may forget them again."""
    state: State | None
    """After the step; left out where a later step of the same batch has it."""
    published: Published | None = None
    """What the node enforces from here on; left out where a later record of the batch has it."""


class HaltDelivered(msgspec.Struct, frozen=True):
    """A halt of the lane, which stands from here on."""

    commit: str
    person: str
    file: str
    observed: int
    """The `now` it was judged by."""
    halt: LaneHalt
    published: Published | None = None
    """Left out where a later record of the batch has it."""


class HaltsRefused(msgspec.Struct, frozen=True):
    """Commits of the lane that halt nothing, each told once for each reason."""

    refused: tuple[Delivered, ...]
    observed: int
    more: int = 0
    """How many more there were since the last such record."""


class Adopted(msgspec.Struct, frozen=True):
    """A hand edit that only tightened, and holds until a quorum releases its nonce."""

    nonce: str
    before: Policy
    after: Policy
    reason: str = ""
    """Why, by whoever made it."""
    who: str = ""
    published: Published | None = None


class Reverted(msgspec.Struct, frozen=True):
    """A hand edit that was put back; of a flood of them some, and how many more."""

    code: str
    message: str
    found: dict[str, str]
    """Published file to the SHA-256 of what it held, as far as it could be read."""
    serial: int
    """Of what is published instead."""
    more: int = 0
    """How many more were put back since the last such record."""


class HeadRefused(msgspec.Struct, frozen=True):
    """A head, or an answer of the remote, that could not be walked at all."""

    head: str
    code: str
    message: str
    part: str = "branch"
    """What did not come: `branch`, `lane` or `notes`."""


class HeadAged(msgspec.Struct, frozen=True):
    """No head was confirmed for so long that only reductions are allowed."""

    confirmed: int
    """When one was last, UTC nanoseconds; 0 for never."""
    published: Published | None = None


class HeadConfirmed(msgspec.Struct, frozen=True):
    """A head was confirmed, and what was withheld until then is published anew."""

    at: int
    """UTC nanoseconds."""
    published: Published | None = None


class SilenceEnded(msgspec.Struct, frozen=True):
    """The controller is back after readers went reduce-only for want of it; it publishes anew."""

    lasted: int
    """Nanoseconds."""
    published: Published | None = None


class LatchSet(msgspec.Struct, frozen=True):
    """A halt in the latch, which holds until a quorum releases its nonce."""

    nonce: str
    reason: str
    who: str
    at: int
    covers: str
    """What of the latch it stands for where that has no nonce of its own; empty where it has."""
    published: Published | None = None
    """None before anything is."""


class LatchRestored(msgspec.Struct, frozen=True):
    """Halts that were put back into the latch, from which somebody had taken them."""

    nonces: tuple[str, ...]
    more: int = 0
    """How many more times some were put back since the last such record."""


class LatchLifted(msgspec.Struct, frozen=True):
    """Halts a quorum released, whose latch is gone."""

    nonces: tuple[str, ...]


class TermEnded(msgspec.Struct, frozen=True):
    """Something had an end, and it has come."""

    what: tuple[str, ...]
    """Dotted paths below `overlay`."""
    halts: int
    """The instant up to which halts are over; it moves only by a healthy clock."""
    loosenings: int
    """The instant up to which what loosens is over: the latest clock there was."""
    published: Published | None = None


class ClockDoubted(msgspec.Struct, frozen=True):
    """The clock is not believed from here on."""

    why: str
    wall: int
    """The latest it has said."""


class ClockTrusted(msgspec.Struct, frozen=True):
    """The clock is believed again."""


class FloorFound(msgspec.Struct, frozen=True):
    """What other files on this node say was published, and this journal does not know."""

    serial: int
    commits: dict[str, str]
    """Commit to where it was found; nothing is published that does not descend from each."""


class _Publishes(msgspec.Struct, frozen=True):
    published: Published | None = None


def published_by(record: Record) -> Published | None:
    """What a record of the governance journal published, if anything."""
    if record.type in PUBLISHING:
        return decode(_Publishes, bytes(record.body), place=record.id).published
    return None


def evaluated(step: Step, observed: int, *, state: bool = True) -> Evaluated:
    """The receipt of a step, without what it publishes.

    Args:
        step: what was judged.
        observed: the `now` it was judged by.
        state: whether to state what is known after it.
    """
    return Evaluated(
        commit=step.commit,
        tree=step.tree,
        verdict=step.verdict,
        reason=step.reason,
        message=step.message,
        changes=tuple(ChangeNote(c.path, c.before, c.after, c.effect.value) for c in step.changes),
        needs=step.needs,
        approvers=step.approvers,
        signers=step.seen,
        observed=observed,
        released=tuple(sorted(step.state.policy.released)),
        state=step.state if state else None,
    )


def introduced(state: State, observed: int) -> Evaluated:
    """The receipt of the introduction, without what it publishes."""
    return Evaluated(
        commit=state.anchor,
        tree=state.tree,
        verdict="applied",
        reason="",
        message="",
        changes=(),
        needs=(),
        approvers=(),
        signers=(),
        observed=observed,
        released=tuple(sorted(state.policy.released)),
        state=state,
    )
