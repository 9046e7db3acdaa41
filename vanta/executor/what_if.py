"""What if: recorded decisions made again under a proposed policy.

Each intent is decided against the book as it then was, with the quote and at the instant on
record: once under the policy that was in force and once under the proposed one. The book goes on
as it is recorded, so this is no simulation of what would have come of it. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.errors import RefusedError
from vanta.domain.policy import Policy
from vanta.domain.record import Record
from vanta.domain.trading import Decision
from vanta.executor.book import Book
from vanta.executor.decide import decide
from vanta.executor.edition import EDITION
from vanta.executor.events import DecisionMade, read
from vanta.executor.mandate import Mandates


class Redecided(NamedTuple):
    """One recorded intent, decided under both policies."""

    made: DecisionMade
    serial: int
    """Of the publication that was in force."""
    before: Decision
    """Under the policy that was in force, as this build decides."""
    after: Decision
    """Under the proposed one."""
    beside: bool = False
    """Whether what stood beside the documents then is known, and stands beside these, too."""

    @property
    def otherwise_built(self) -> bool:
        """Whether the build on record decided otherwise under the very same policy."""
        return encode(self.before) != encode(self.made.decision)


class _Opening(msgspec.Struct):
    state: msgspec.Raw


def redecide(
    records: Iterable[Record],
    proposed: Policy,
    *,
    since: int,
    until: int,
    beside: Mapping[int, Policy] | None = None,
) -> Iterator[Redecided]:
    """Decide everything again that was decided from `since` until before `until`.

    Args:
        records: of `trade_log.jsonl`, from its beginning, or from the first record of a segment.
        proposed: the policy in question.
        since: UTC nanoseconds.
        until: UTC nanoseconds; flips and boosts of then that have ended by it stand as they stood.
        beside: by the serial of a publication, the proposed policy with the halts and hand edits
            that stood beside the documents then; for the others it is taken as it is.

    Raises:
        RefusedError: `OTHER_ENVIRONMENT`: the log is of another environment than the policy.
        MalformedError: a record the Executor did not write.
    """
    book, beside = Book(), beside or {}
    recorded = wanted = Mandates(proposed)
    for record in records:
        if record.type.startswith("journal."):
            book = Book.from_state(bytes(msgspec.json.decode(record.body, type=_Opening).state))
            continue
        event = read(record)
        if event is None:
            continue
        if isinstance(event, DecisionMade) and since <= event.now < until and book.published:
            published, serial = book.published, book.published.provenance.serial
            if recorded.policy is not published.policy:
                _same_environment(published.policy, proposed)
                recorded = Mandates(published.policy)
                under = beside.get(serial, proposed)
                wanted = Mandates(_with_ended(under, published.policy, until))
            intent, quote, now, broker = event.intent, event.quote, event.now, event.broker
            edition = min(event.edition, EDITION)
            before = decide(intent, book, recorded, quote, now, broker=broker, edition=edition)
            after = decide(intent, book, wanted, quote, now, broker=broker, edition=edition)
            yield Redecided(event, serial, before, after, serial in beside)
        book.apply(event)


def _with_ended(proposed: Policy, recorded: Policy, until: int) -> Policy:
    """With the flips and boosts of then that have ended, which no proposal takes away."""
    flips = {name: one for name, one in recorded.overlay.flips.items() if one.until <= until}
    boosts = {name: one for name, one in recorded.overlay.boosts.items() if one.until <= until}
    overlay = msgspec.structs.replace(
        proposed.overlay,
        flips=proposed.overlay.flips | flips,
        boosts=proposed.overlay.boosts | boosts,
    )
    return msgspec.structs.replace(proposed, overlay=overlay)


def _same_environment(recorded: Policy, proposed: Policy) -> None:
    if recorded.environment != proposed.environment:
        raise RefusedError(
            f"the log was written under the policy of {recorded.environment}, and the plan is for "
            f"{proposed.environment}",
            code="OTHER_ENVIRONMENT",
            remedy=f"plan with --environment {recorded.environment}, or name the other node",
        )
