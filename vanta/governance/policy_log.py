"""A policy walked back to its people: every step, who signed, who approved, what it changed.

A node's journal tells when the node saw each step, and what happened beside the branch: halts of
the lane, hand edits, latches, ends. A repository tells the same steps by what its commits claim.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import VantaError
from vanta.domain.instant import show_instant
from vanta.domain.record import Record
from vanta.governance import receipts
from vanta.governance.plan import Line
from vanta.governance.planning import lines
from vanta.governance.receipts import ChangeNote, Evaluated
from vanta.governance.repository import Repository
from vanta.governance.rewalk import Walked
from vanta.governance.walk import Seen, Step
from vanta.journal.reader import read
from vanta.lattice.algebra import changes
from vanta.lattice.direction import Change, Effect

OBSERVED, CLAIMED = "observed", "claimed"
"""Whose time it is: the node's that saw it, or the commit's own, which anybody can make up."""


_PINNED = "in force by the pin"


class Signature(msgspec.Struct, frozen=True):
    """One new commit of a step: who signed it, or why it speaks for nobody."""

    commit: str
    person: str
    code: str


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One step.

    Attributes:
        at: RFC 3339; empty where the commit's bytes say none.
        clock: `observed` or `claimed`.
        what: `policy.introduced`, `policy.evaluated`, or another record type of the journal.
        commit: empty for what was no commit.
        verdict: of the walk; empty for what is not judged.
        reason: a code, or empty.
        message: for people.
        signed: every commit that came in with it.
        approved: people whose approvals of exactly this tree counted.
        changes: what it would change, of which the verdict says how much it did.
    """

    at: str
    clock: str
    what: str
    commit: str = ""
    verdict: str = ""
    reason: str = ""
    message: str = ""
    signed: tuple[Signature, ...] = ()
    approved: tuple[str, ...] = ()
    changes: tuple[Line, ...] = ()


def of_repository(repository: Path, walked: Walked) -> Iterator[Happened]:
    """Every step of a walk, oldest first, then the halts of the lane that stand."""
    with Repository(repository) as opened:
        start = walked.start.introduction
        yield Happened(
            at=_claimed(opened, start),
            clock=CLAIMED,
            what=receipts.INTRODUCED,
            commit=start,
            verdict="applied",
            message=_PINNED,
        )
        for step in walked.steps:
            yield _step(step, _claimed(opened, step.commit))
        came = {each.commit for step in walked.steps for each in step.seen}
        for oid, halt in sorted(walked.state.lane.items()):
            if oid in came:
                # The branch took it too.
                continue
            yield Happened(
                at=_claimed(opened, oid),
                clock=CLAIMED,
                what=receipts.HALT_DELIVERED,
                commit=oid,
                verdict="tightened",
                message=halt.file,
                signed=(Signature(oid, halt.person, ""),),
            )


def _step(step: Step, at: str) -> Happened:
    return Happened(
        at=at,
        clock=CLAIMED,
        what=receipts.EVALUATED,
        commit=step.commit,
        verdict=step.verdict,
        reason=step.reason,
        message=step.message,
        signed=_signed(step.seen),
        approved=step.approvers,
        changes=lines(step.changes),
    )


def _signed(seen: tuple[Seen, ...]) -> tuple[Signature, ...]:
    return tuple(Signature(each.commit, each.signer, each.code) for each in seen)


def _claimed(repository: Repository, oid: str) -> str:
    try:
        return show_instant(repository.commit(oid).committer_time)
    except VantaError:
        return ""


def of_node(journal: Path) -> Iterator[Happened]:
    """Everything a node's `governance.jsonl` holds, oldest first.

    Raises:
        VantaError: there is no such journal, or it does not verify.
    """
    for record in read(journal):
        if not record.type.startswith("journal."):
            yield of_record(record)


def of_record(record: Record) -> Happened:
    """What one record of a node's journal tells."""
    told = _TOLD.get(record.type)
    if told is not None:
        return told(record)
    return Happened(at=show_instant(record.ts), clock=OBSERVED, what=record.type)


def _evaluated(record: Record) -> Happened:
    body = decode(Evaluated, bytes(record.body), place=record.id)
    found = tuple(map(_change, body.changes))
    return Happened(
        at=show_instant(body.observed),
        clock=OBSERVED,
        what=record.type,
        commit=body.commit,
        verdict=body.verdict,
        reason=body.reason,
        message=body.message
        or ("in force by the pin" if record.type == receipts.INTRODUCED else ""),
        signed=_signed(body.signers),
        approved=body.approvers,
        changes=lines(found),
    )


def _change(note: ChangeNote) -> Change:
    return Change(note.path, note.before, note.after, Effect(note.effect))


def _halt(record: Record) -> Happened:
    body = decode(receipts.HaltDelivered, bytes(record.body), place=record.id)
    return Happened(
        at=show_instant(body.observed),
        clock=OBSERVED,
        what=record.type,
        commit=body.commit,
        verdict="tightened",
        message=body.file,
        signed=(Signature(body.commit, body.person, ""),),
    )


def _adopted(record: Record) -> Happened:
    body = decode(receipts.Adopted, bytes(record.body), place=record.id)
    return Happened(
        at=show_instant(record.ts),
        clock=OBSERVED,
        what=record.type,
        verdict="tightened",
        message=f"{body.who or 'a hand'} edited the overlay on the node, held as {body.nonce}"
        + (f": {body.reason}" if body.reason else ""),
        changes=lines(changes(body.before, body.after)),
    )


def _latched(record: Record) -> Happened:
    body = decode(receipts.LatchSet, bytes(record.body), place=record.id)
    return Happened(
        at=show_instant(body.at or record.ts),
        clock=OBSERVED,
        what=record.type,
        verdict="tightened",
        message=f"{body.who} halted on the node, held as {body.nonce}: {body.reason}",
    )


def _ended(record: Record) -> Happened:
    body = decode(receipts.TermEnded, bytes(record.body), place=record.id)
    message = f"ended: {', '.join(body.what)}"
    return Happened(at=show_instant(record.ts), clock=OBSERVED, what=record.type, message=message)


def _kept(record: Record) -> Happened:
    """Latches that were put back, or whose release has come."""
    body = decode(receipts.LatchLifted, bytes(record.body), place=record.id)
    held = ", ".join(body.nonces)
    message = (
        f"released by a quorum: {held}"
        if record.type == receipts.LATCH_LIFTED
        else f"put back, for no quorum has released it: {held}"
    )
    return Happened(at=show_instant(record.ts), clock=OBSERVED, what=record.type, message=message)


def _unheard(record: Record) -> Happened:
    body = decode(receipts.HaltsRefused, bytes(record.body), place=record.id)
    each = [f"{one.commit[:12]} {one.code}" for one in body.refused]
    more = [f"and {body.more} more"] if body.more else []
    return Happened(
        at=show_instant(body.observed),
        clock=OBSERVED,
        what=record.type,
        message=f"commits of the lane that halt nothing: {', '.join([*each, *more])}",
    )


def _refused(record: Record) -> Happened:
    """A head that could not be walked, or a hand edit that was put back."""
    body: dict[str, Any] = decode(dict, bytes(record.body), place=record.id)
    return Happened(
        at=show_instant(record.ts),
        clock=OBSERVED,
        what=record.type,
        commit=str(body.get("head", "")),
        verdict="refused",
        reason=str(body["code"]),
        message=str(body["message"]),
    )


_TOLD: dict[str, Callable[[Record], Happened]] = {
    receipts.INTRODUCED: _evaluated,
    receipts.EVALUATED: _evaluated,
    receipts.HALT_DELIVERED: _halt,
    receipts.ADOPTED: _adopted,
    receipts.REVERTED: _refused,
    receipts.HEAD_REFUSED: _refused,
    receipts.LATCH_SET: _latched,
    receipts.LATCH_RESTORED: _kept,
    receipts.LATCH_LIFTED: _kept,
    receipts.HALTS_REFUSED: _unheard,
    receipts.TERM_ENDED: _ended,
}
