"""Findings that many decisions share, encoded once.

Of an order that no fence denies every decision says the same, and it is half of the record. `share`
is told of such findings; a record that has this very tuple takes its JSON as it is, so the bytes
are the same and come sooner.
"""

from typing import NamedTuple

import msgspec

from vanta.domain.encoding import encode
from vanta.domain.trading import Decision, Finding, Intent, Order, Quote, Sizing


class _Decision(msgspec.Struct, frozen=True, gc=False):
    """A `Decision` whose findings are JSON already; field by field the same."""

    id: str
    intent_id: str
    verdict: str
    order: Order | None
    sizing: Sizing
    findings: msgspec.Raw


class _DecisionMade(msgspec.Struct, frozen=True, gc=False):
    """A `DecisionMade` of such a decision."""

    intent: Intent
    quote: Quote | None
    now: int
    broker: str
    decision: _Decision
    edition: int


class _Shared(NamedTuple):
    findings: tuple[Finding, ...]
    """Kept, so that nothing else is ever found at its address."""
    encoded: msgspec.Raw


_SHARED: dict[int, _Shared] = {}


def share(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Encode findings that many decisions will have: this very tuple, not one that is equal."""
    _SHARED[id(findings)] = _Shared(findings, msgspec.Raw(encode(findings)))
    return findings


def decision_made(
    intent: Intent,
    quote: Quote | None,
    now: int,
    broker: str,
    decision: Decision,
    edition: int,
) -> object | None:
    """What encodes to the same bytes as `DecisionMade` of these; None where nothing is shared."""
    shared = _SHARED.get(id(decision.findings))
    if shared is None:
        return None
    return _DecisionMade(
        intent,
        quote,
        now,
        broker,
        _Decision(
            decision.id,
            decision.intent_id,
            decision.verdict,
            decision.order,
            decision.sizing,
            shared.encoded,
        ),
        edition,
    )
