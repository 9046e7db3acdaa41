"""A shadow's journal made again: the live trade log it followed, and the policies it decided under.

What it told as missing is not made again: that is about when it looked, which no record says.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.policy import Published
from vanta.domain.record import Record
from vanta.executor.edition import EDITION
from vanta.executor.events import DecisionMade
from vanta.executor.mandate import Mandates
from vanta.executor.replay import Replayed
from vanta.executor.shadow import Shadow, ShadowAdopted, ShadowDecided, read_shadow


class _Told(NamedTuple):
    record: Record
    decided: ShadowDecided
    under: Mandates | None
    """None where the policy was adopted in a segment that is not here."""


def replay_shadow(live: Iterable[Record], shadow: Iterable[Record]) -> Iterator[Replayed]:
    """Decide again what the shadow decided.

    Args:
        live: of the `trade_log.jsonl` it followed, from its beginning or from a segment's.
        shadow: of `shadow.jsonl`, from its beginning.

    Raises:
        MalformedError: a record that neither of them wrote.
    """
    told = {one.decided.live_seq: one for one in _told(shadow)}
    again = Shadow()
    for record in live:
        if not told:
            return
        one = told.get(record.seq)
        if one is None or one.under is None:
            again.follow(record)
            continue
        edition = min(one.decided.edition, EDITION)
        made = again.take(record, one.under, edition=edition)
        if made is not None:
            del told[record.seq]
            if bool(made.because) is bool(one.decided.because):
                # It says the rest of the record in words, and each build has words of its own.
                made = msgspec.structs.replace(made, because=one.decided.because)
            yield Replayed(one.record.id, bytes(one.record.body), encode(made))
    # What is left is about decisions that the live node did not make.
    for one in told.values():
        yield Replayed(one.record.id, bytes(one.record.body), b"null")


def _told(shadow: Iterable[Record]) -> Iterator[_Told]:
    published: Published | None = None
    mandates: Mandates | None = None
    for record in shadow:
        event = read_shadow(record)
        if isinstance(event, ShadowAdopted):
            published = event.published
            mandates = Mandates(published.policy)
        elif isinstance(event, ShadowDecided):
            yield _Told(record, event, mandates)


def first_told(shadow: Iterable[Record]) -> ShadowDecided | None:
    """The first decision a shadow made again; None for none."""
    return next((one.decided for one in _told(shadow)), None)


def followed(live: Iterable[Record], first: ShadowDecided) -> bool:
    """Whether it is this trade log that a shadow followed."""
    for record in live:
        if record.seq >= first.live_seq:
            is_it = record.parents == (first.intent_id,) and record.type == DecisionMade.type
            return record.seq == first.live_seq and is_it
    return False
