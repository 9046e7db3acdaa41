"""Every governance receipt made again from the commits it is about."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.audit.trail import Found
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.policy import Published
from vanta.domain.record import Position
from vanta.governance import receipts
from vanta.governance.fold import introduce, take
from vanta.governance.history import History
from vanta.governance.receipts import Evaluated, Memory, Restraint, evaluated, remember
from vanta.governance.repository import Repository
from vanta.governance.trust import Trust
from vanta.governance.walk import State
from vanta.journal.segment import ROTATED


class Replayed(NamedTuple):
    """One recorded fact beside the same computed again."""

    record_id: str
    recorded: bytes
    recomputed: bytes


class _Published(msgspec.Struct, frozen=True):
    published: msgspec.Raw


class _Opening(msgspec.Struct, frozen=True):
    state: msgspec.Raw


class _Environment(msgspec.Struct, frozen=True):
    environment: str


class _Introduced(msgspec.Struct, frozen=True):
    state: _Environment


def refold(told: Iterable[Found], mirror: Path, trust: Trust) -> Iterator[Replayed]:
    """Fold the commits of a mirror again and compare each receipt, and each policy published.

    Args:
        told: the records of `governance.jsonl`, from the first.
        mirror: a repository that holds the commits; nothing in it is trusted.
        trust: the pinned introduction.

    Yields:
        One for each introduction, evaluation, hand edit, and snapshot.

    Raises:
        MalformedError: `RECEIPT_ORDER`: a receipt of a commit that does not come next.
        RefusedError: the introduction is not signed by a pinned key.
        UnavailableError: the mirror lacks a commit.
    """
    with Repository(mirror) as repository:
        yield from _Refold(repository, trust).run(told)


class _Refold:
    def __init__(self, repository: Repository, trust: Trust) -> None:
        self._repository = repository
        self._trust = trust
        self._history: History | None = None
        self._memory = Memory()
        self._state: State | None = None

    def run(self, told: Iterable[Found]) -> Iterator[Replayed]:
        for found in told:
            record, body = found.record, bytes(found.record.body)
            again = self._again(found)
            if again is not None:
                yield Replayed(record.id, _compared(record.type, body), again)
            self._memory = remember(self._memory, record, Position(record.seq + 1, found.head))
            if self._memory.at and self._memory.at.size == record.seq + 1:
                # What was recorded is gone on from, so that one difference stays one.
                self._state = self._memory.state

    def _again(self, found: Found) -> bytes | None:
        """What a record should say; None for one that is not computed from anything."""
        body, place = bytes(found.record.body), found.place
        match found.record.type:
            case receipts.INTRODUCED:
                return encode(self._introduce(decode(Evaluated, body, place=place), body))
            case receipts.EVALUATED:
                return encode(self._evaluate(decode(Evaluated, body, place=place), place))
            case receipts.ADOPTED:
                edit = decode(receipts.Adopted, body, place=place)
                restraint = Restraint(edit.before, edit.after)
                return encode(self._publication({edit.nonce: restraint}))
            case receipts.REVERTED:
                return encode(self._memory.published)
            case kind if kind == ROTATED:
                return encode(self._memory)
            case _:
                return None

    def _introduce(self, recorded: Evaluated, body: bytes) -> Evaluated:
        environment = decode(_Introduced, body).state.environment
        history = self._history = History(self._repository, environment)
        pinned = frozenset(self._trust.fingerprints)
        state = introduce(self._trust.introduction, pinned, environment, history)
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
            observed=recorded.observed,
            released=(),
            state=state,
            published=self._memory.publication(state, {}),
        )

    def _evaluate(self, recorded: Evaluated, place: str) -> Evaluated:
        state, history = self._state, self._history
        if state is None or history is None:
            raise _out_of_order("nothing was introduced before it", place)
        parents = history.parents(recorded.commit)
        if parents[:1] != (state.anchor,):
            raise _out_of_order(f"it does not come after {state.anchor[:12]}", place)
        step = take(state, recorded.commit, history, recorded.observed)
        self._state = step.state
        published = None
        if recorded.published is not None:
            published = self._memory.publication(step.state, self._memory.restraints)
        return evaluated(step, recorded.observed, published)

    def _publication(self, more: dict[str, Restraint]) -> Published | None:
        state = self._memory.state
        held = {**self._memory.restraints, **more}
        return self._memory.publication(state, held) if state else None


def _compared(kind: str, body: bytes) -> bytes:
    """The part of a body that is computed."""
    if kind == ROTATED:
        return bytes(msgspec.json.decode(body, type=_Opening).state)
    if kind in {receipts.ADOPTED, receipts.REVERTED}:
        return bytes(msgspec.json.decode(body, type=_Published).published)
    return body


def _out_of_order(why: str, place: str) -> MalformedError:
    return MalformedError(
        f"a receipt that is out of order: {why}",
        code="RECEIPT_ORDER",
        place=place,
        remedy="keep the journal and the mirror as evidence",
    )
