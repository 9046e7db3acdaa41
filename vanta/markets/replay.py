"""Every pure step of Markets again, from what the journals recorded, byte for byte.

Nothing here reads a clock, a feed or the policy in force: a difference means that a record was
changed, or that this build computes something else than the one that wrote it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.record import Record
from vanta.domain.signal import SetAside
from vanta.markets import records
from vanta.markets.beliefs import Beliefs
from vanta.markets.entities import Directory, resolve
from vanta.markets.harvested import Harvested
from vanta.markets.normalise.signals import to_signal
from vanta.markets.promote import admit, proposal_id
from vanta.markets.reflection import think

T = TypeVar("T")


class Replayed(NamedTuple):
    """One recorded fact beside the same computed again."""

    record_id: str
    recorded: bytes
    recomputed: bytes
    """Empty when the step no longer comes to anything."""

    @property
    def same(self) -> bool:
        """Whether the bytes are equal."""
        return self.recorded == self.recomputed


def _body(record: Record, kind: type[T]) -> T:
    return decode(kind, bytes(record.body), place=record.id)


def _part(record: Record, name: str) -> bytes:
    """The bytes of one member of a body, as they stand in the line."""
    return bytes(msgspec.json.decode(record.body, type=dict[str, msgspec.Raw])[name])


def replay_harvest(harvest: Iterable[Record]) -> Iterator[Replayed]:
    """Every signal, and every item set aside that was an item, judged again.

    Args:
        harvest: the records of `harvest.jsonl`, from the first.

    Yields:
        In the journal's order; a signal that would be set aside now, or the other way round, is
        there as what it comes to now.
    """
    directory = Directory(())
    for record in harvest:
        if record.type == records.DIRECTORY_LOADED:
            loaded = _body(record, records.DirectoryLoaded)
            directory = Directory(loaded.companies)
            recomputed = directory.digest.encode()
            yield Replayed(record.id, loaded.digest.encode(), recomputed)
        elif record.type == records.SIGNAL_HARVESTED:
            signal = to_signal(_body(record, records.SignalHarvested).item)
            if not isinstance(signal, SetAside):
                signal = resolve(signal, directory)
            yield Replayed(record.id, _part(record, "signal"), encode(signal))
        elif record.type == records.ITEM_SET_ASIDE:
            item = _body(record, records.ItemSetAside).item
            if item is not None:
                yield Replayed(record.id, _part(record, "set_aside"), encode(to_signal(item)))


def replay_reflection(
    harvest: Iterable[Record], reflection: Iterable[Record]
) -> Iterator[Replayed]:
    """Every conviction, ranking, intent and held view, formed again.

    Args:
        harvest: the records of `harvest.jsonl`, from the first.
        reflection: the records of `reflection.jsonl`, from the first.

    Yields:
        What was recorded first and what is missing from the record last, reflection by reflection;
        an envelope's payload is compared with the intent computed again.

    Raises:
        MalformedError: `EVIDENCE_MISSING`: the harvest is shorter than a reflection's evidence.
    """
    taken = Harvested()
    coming = iter(harvest)
    read = 0
    state = Beliefs()
    for group in _reflections(reflection):
        started = _body(group[0], records.ReflectionStarted)
        wanted = started.harvest.size - read
        found = list(islice(coming, wanted))
        if len(found) < wanted:
            raise MalformedError(
                f"the harvest journal ends after {read + len(found)} records",
                code="EVIDENCE_MISSING",
                place=group[0].id,
                remedy="give the harvest journal this reflection was formed on",
            )
        taken.fold(found)
        read += len(found)
        yield from _compared(group, _again(taken, started, state))
        state.fold(group)


def _reflections(reflection: Iterable[Record]) -> Iterator[list[Record]]:
    """The records of each reflection, its start first; those of the journal itself pass."""
    group: list[Record] = []
    for record in reflection:
        if record.type == records.REFLECTION_STARTED and group:
            yield group
            group = []
        if group or record.type == records.REFLECTION_STARTED:
            group.append(record)
    if group:
        yield group


ASKED = "intent"
"""Instead of its record's type: whether it was proposed, or signed at once, is no matter."""
_OF = {records.INTENT_PROPOSED: ASKED, records.INTENT_PROMOTED: ASKED}

Computed = dict[tuple[str, str], bytes]
"""Type and id (conviction and vault for a held view) to the bytes of what it is."""


def _again(taken: Harvested, started: records.ReflectionStarted, state: Beliefs) -> Computed:
    views, ranking, intents, held = think(taken.observed, started, state.ranking, state.promoted)
    found: Computed = {(records.CONVICTION_REFLECTED, view.id): encode(view) for view in views}
    found[records.RANKING_MADE, ranking.id] = encode(ranking)
    found |= {(ASKED, intent.id): encode(intent) for intent in intents}
    found |= {
        (records.INTENT_HELD, f"{one.conviction_id} {one.vault}"): encode(one) for one in held
    }
    return found


def _compared(group: list[Record], computed: Computed) -> Iterator[Replayed]:
    for record in group:
        if record.type == records.CONVICTION_REFLECTED:
            name, recorded = record.id, _part(record, "conviction")
        elif record.type == records.RANKING_MADE:
            name, recorded = record.id, _part(record, "ranking")
        elif record.type == records.INTENT_PROPOSED:
            intent = _body(record, records.IntentProposed).intent
            name, recorded = intent.id, _part(record, "intent")
        elif record.type == records.INTENT_PROMOTED:
            promoted = _body(record, records.IntentPromoted)
            name, recorded = record.id, promoted.envelope.payload.encode()
            if encode(promoted.intent) != recorded:
                yield Replayed(record.id, encode(promoted.intent), recorded)
        elif record.type == records.INTENT_HELD:
            one = _body(record, records.IntentHeld)
            name, recorded = f"{one.conviction_id} {one.vault}", encode(one)
        else:
            continue
        yield Replayed(
            record.id, recorded, computed.pop((_OF.get(record.type, record.type), name), b"")
        )
    for (_, name), missing in computed.items():
        yield Replayed(name, b"", missing)


def replay_promotion(
    reflection: Iterable[Record], promotion: Iterable[Record]
) -> Iterator[Replayed]:
    """What the promoter signed and what it denied, judged again from what was proposed.

    Args:
        reflection: the records of `reflection.jsonl`, from the first.
        promotion: the records of `promotion.jsonl`, from the first.

    Yields:
        Each proposal that was judged, in the order of the record; one that no reflection made has
        nothing recomputed.
    """
    proposed = {
        record.id: _body(record, records.IntentProposed).intent
        for record in reflection
        if record.type == records.INTENT_PROPOSED
    }
    started: records.PromotionStarted | None = None
    for record in promotion:
        if record.type == records.PROMOTION_STARTED:
            started = _body(record, records.PromotionStarted)
        elif record.type == records.INTENT_PROMOTED and started is not None:
            promoted = _body(record, records.IntentPromoted)
            intent = proposed.get(proposal_id(record.id))
            signed, _ = admit([intent] if intent else [], started.terms, started.now)
            recomputed = encode(signed[0]) if signed else b""
            yield Replayed(record.id, promoted.envelope.payload.encode(), recomputed)
        elif record.type == records.INTENT_DENIED and started is not None:
            said = _body(record, records.IntentDenied)
            intent = proposed.get(proposal_id(said.intent_id))
            _, denied = admit([intent] if intent else [], started.terms, started.now)
            codes = encode(denied[0].codes) if denied else b""
            yield Replayed(record.id, encode(said.codes), codes)
