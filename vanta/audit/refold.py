"""Every governance receipt made again from the commits it is about."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from vanta.audit.trail import Found
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.policy import Published
from vanta.domain.record import Position, Record
from vanta.governance import receipts
from vanta.governance.fold import introduce, take
from vanta.governance.history import History
from vanta.governance.lane import deliver
from vanta.governance.memory import Memory, add, learn, remember
from vanta.governance.receipts import (
    ANEW,
    PUBLISHING,
    Evaluated,
    HaltDelivered,
    evaluated,
    introduced,
)
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
    published: msgspec.Raw = msgspec.Raw(b"null")


class _PutBack(msgspec.Struct, frozen=True):
    serial: int


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
        One for each record that is computed from others, and each snapshot.

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
        """As computed here; ahead of the memory inside a batch."""

    def run(self, told: Iterable[Found]) -> Iterator[Replayed]:
        for found in told:
            record, body = found.record, bytes(found.record.body)
            before = self._memory.state
            again = self._again(record, found.place)
            if again is not None:
                yield Replayed(record.id, _compared(record.type, body), again)
            self._memory = remember(self._memory, record, Position(record.seq + 1, found.head))
            if record.type != receipts.HALT_DELIVERED and self._memory.state is not before:
                # What was recorded is gone on from, so that one difference stays one.
                self._state = self._memory.state

    def _again(self, record: Record, place: str) -> bytes | None:
        """What a record should say; None for one that is not computed from anything."""
        body = bytes(record.body)
        match record.type:
            case receipts.INTRODUCED:
                return self._stated(record, self._introduce(decode(Evaluated, body, place=place)))
            case receipts.EVALUATED:
                step = self._evaluate(decode(Evaluated, body, place=place), place)
                return self._stated(record, step)
            case receipts.HALT_DELIVERED:
                halt = self._deliver(decode(HaltDelivered, body, place=place), place)
                return self._stated(record, halt)
            case receipts.REVERTED:
                return encode(self._memory.serial)
            case kind if kind == ROTATED:
                return encode(self._memory)
            case kind if kind in PUBLISHING:
                return encode(self._publication(record, learn(self._memory, record)))
            case _:
                return None

    def _stated(self, record: Record, body: Evaluated | HaltDelivered) -> bytes:
        """The body with what it should publish, if it publishes anything."""
        published = self._publication(record, add(self._memory, record.type, body))
        return encode(msgspec.structs.replace(body, published=published))

    def _publication(self, record: Record, after: Memory) -> Published | None:
        stated = msgspec.json.decode(record.body, type=_Published).published
        if bytes(stated) == b"null":
            return None
        return after.publication(anew=record.type in ANEW)

    def _introduce(self, recorded: Evaluated) -> Evaluated:
        if recorded.state is None:
            raise _out_of_order("an introduction without a state", recorded.commit)
        environment = recorded.state.environment
        history = self._history = History(self._repository, environment)
        pinned = frozenset(self._trust.fingerprints)
        state = introduce(self._trust.introduction, pinned, environment, history)
        return introduced(state, recorded.observed)

    def _evaluate(self, recorded: Evaluated, place: str) -> Evaluated:
        state, history = self._known(place)
        parents = history.parents(recorded.commit)
        if parents[:1] != (state.anchor,):
            raise _out_of_order(f"it does not come after {state.anchor[:12]}", place)
        step = take(state, recorded.commit, history, recorded.observed)
        self._state = step.state
        return evaluated(step, recorded.observed, state=recorded.state is not None)

    def _deliver(self, recorded: HaltDelivered, place: str) -> HaltDelivered:
        state, history = self._known(place)
        after, outcomes = deliver(state, [recorded.commit], history, recorded.observed)
        halt = after.lane.get(recorded.commit)
        # It may have others below itself, which have records of their own.
        outcome = next(one for one in outcomes if one.commit == recorded.commit)
        if halt is None:
            raise _out_of_order(f"the halt does not stand: {outcome.code}", place)
        lane = {**state.lane, recorded.commit: recorded.halt}
        self._state = msgspec.structs.replace(state, lane=lane)
        return HaltDelivered(outcome.commit, outcome.person, outcome.file, recorded.observed, halt)

    def _known(self, place: str) -> tuple[State, History]:
        if self._state is None or self._history is None:
            raise _out_of_order("nothing was introduced before it", place)
        return self._state, self._history


def _compared(kind: str, body: bytes) -> bytes:
    """The part of a body that is computed."""
    if kind == ROTATED:
        return bytes(msgspec.json.decode(body, type=_Opening).state)
    if kind in {receipts.INTRODUCED, receipts.EVALUATED, receipts.HALT_DELIVERED}:
        return body
    if kind == receipts.REVERTED:
        return encode(msgspec.json.decode(body, type=_PutBack).serial)
    return bytes(msgspec.json.decode(body, type=_Published).published)


def _out_of_order(why: str, place: str) -> MalformedError:
    return MalformedError(
        f"a receipt that is out of order: {why}",
        code="RECEIPT_ORDER",
        place=place,
        remedy="keep the journal and the mirror as evidence",
    )
