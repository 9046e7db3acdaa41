"""Whose policy it was: the steps that made it, and the people who approved them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from vanta.audit.trail import Found
from vanta.domain.encoding import decode
from vanta.governance.receipts import (
    ADOPTED,
    HALT_DELIVERED,
    HEAD_AGED,
    HEAD_CONFIRMED,
    INTRODUCED,
    LATCH_SET,
    PUBLISHING,
    SILENCE_ENDED,
    TERM_ENDED,
)
from vanta.governance.report import sentence
from vanta.governance.walk import Seen
from vanta.lattice.direction import Change, Effect

MOST_CHANGES = 12
"""Changes of one step that are told."""


class PolicyStep(msgspec.Struct, frozen=True):
    """One receipt that had a part in a policy."""

    commit: str
    """Empty for what no commit of the main line did."""
    serial: int
    """Of the publication it ended in; 0 where a later step of the same look did."""
    what: str
    """`introduced`, `applied`, `tightened`, `unchanged`, `refused`, or one of `_BESIDE`."""
    approvers: tuple[str, ...]
    signers: tuple[str, ...]
    message: str
    changes: tuple[str, ...]
    """What changed, as a risk officer would say it."""
    observed: int
    """When the node saw it, UTC nanoseconds."""
    node: str
    record: int
    place: str


class PolicyInForce(msgspec.Struct, frozen=True):
    """The policy a decision was made under."""

    commit: str
    serial: int
    steps: tuple[PolicyStep, ...]
    """From the last one that a quorum applied, or the introduction, to the one in force."""


class _Note(msgspec.Struct, frozen=True):
    path: tuple[str, ...]
    before: Any
    after: Any
    effect: str


class _Provenance(msgspec.Struct, frozen=True):
    commit: str
    serial: int


class _Published(msgspec.Struct, frozen=True):
    provenance: _Provenance


_BESIDE = {
    ADOPTED: "edited",
    HALT_DELIVERED: "halted",
    LATCH_SET: "latched",
    TERM_ENDED: "ended",
    HEAD_AGED: "aged",
    HEAD_CONFIRMED: "confirmed",
    SILENCE_ENDED: "returned",
}
"""What happened beside the main line and changed what was enforced, by type of record."""


class _Receipt(msgspec.Struct, frozen=True):
    """What is told of a receipt; the policies in it are not read."""

    commit: str = ""
    verdict: str = ""
    message: str = ""
    approvers: tuple[str, ...] = ()
    signers: tuple[Seen, ...] = ()
    changes: tuple[_Note, ...] = ()
    observed: int = 0
    person: str = ""
    file: str = ""
    who: str = ""
    reason: str = ""
    what: tuple[str, ...] = ()
    published: _Published | None = None


def policy_step(found: Found) -> PolicyStep | None:
    """The step a record of a governance journal states; None where it states none."""
    record = found.record
    if record.type not in PUBLISHING:
        return None
    receipt = decode(_Receipt, bytes(record.body), place=found.place)
    beside = _BESIDE.get(record.type, "")
    what = beside or ("introduced" if record.type == INTRODUCED else receipt.verdict)
    people = (*(seen.signer for seen in receipt.signers), receipt.person, receipt.who)
    changes = [
        sentence(Change(note.path, note.before, note.after, Effect(note.effect)))
        for note in receipt.changes[:MOST_CHANGES]
    ]
    if len(receipt.changes) > MOST_CHANGES:
        changes.append(f"and {len(receipt.changes) - MOST_CHANGES} more")
    return PolicyStep(
        commit="" if beside else receipt.commit,
        serial=receipt.published.provenance.serial if receipt.published else 0,
        what=what,
        approvers=receipt.approvers,
        signers=tuple(dict.fromkeys(filter(None, people))),
        message=receipt.message or receipt.reason or receipt.file or ", ".join(receipt.what),
        changes=tuple(changes),
        observed=receipt.observed or record.ts,
        node=found.node,
        record=record.seq,
        place=found.place,
    )


def in_force(steps: Iterable[PolicyStep], commit: str, serial: int) -> PolicyInForce | None:
    """The policy of a commit and serial, with the steps that made it; None if never published.

    Args:
        steps: of one governance journal, in order.
        commit: of the publication.
        serial: of the publication; 0 for the last one under that commit.
    """
    kept: list[PolicyStep] = []
    found: PolicyInForce | None = None
    last = ""
    for step in steps:
        if step.what in {"introduced", "applied"}:
            kept = []
        if step.what != "refused":
            kept.append(step)
        last = step.commit or last
        if step.serial and last == commit and serial in {0, step.serial}:
            shaping = [one for one in kept if one.what != "unchanged" or one is step]
            found = PolicyInForce(commit, step.serial, tuple(shaping))
    return found
