"""One order explained: what was seen, believed, asked, decided, sent, filled and gained; pure.

Everything told names the record it is from. What is not in the journals is not told, and said to
be missing.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from vanta.audit import answers, bias_text, wording
from vanta.audit.authorship import PolicyInForce, in_force
from vanta.audit.lineage import Lineage
from vanta.audit.references import ACCEPTED, INTENT_NAMESPACE, PROMOTED, Sealed
from vanta.audit.retrace import Outcome
from vanta.audit.trail import Found
from vanta.domain.conviction import Conviction
from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.domain.exits import ExitCause
from vanta.domain.signal import Signal
from vanta.domain.trading import Envelope, Fill, Finding, Intent, Order, Quote, Sizing
from vanta.executor import events
from vanta.governance.sshsig import parse_armor, verify

T = TypeVar("T")


class Source(msgspec.Struct, frozen=True):
    """The record something is told from."""

    node: str
    journal: str
    record: int
    """Its place in the journal, from 0."""
    ts: int
    """When it was written, UTC nanoseconds."""
    place: str
    """File, line and byte."""


class SignalSeen(msgspec.Struct, frozen=True):
    """A signal behind the conviction."""

    signal: Signal
    source: Source


class Believed(msgspec.Struct, frozen=True):
    """The conviction."""

    conviction: Conviction
    source: Source


class Asked(msgspec.Struct, frozen=True):
    """The intent, and how it got from Markets to the Executor."""

    intent: Intent
    sender: str
    signed_by: str
    """Fingerprint of the key whose signature holds; empty when none does."""
    promoted: Source | None
    accepted: Source | None
    refused: str
    """Why the Executor did not take it; empty when it did or never saw it."""
    cause: ExitCause | None = None
    """The term of a persona for which the Executor asked it of itself; none for anything else."""
    causes: tuple[str, ...] = ()
    """Why the Executor asked it of itself, in words; empty when somebody else asked."""


class Fence(msgspec.Struct, frozen=True):
    """One question to the order, and its answer."""

    fence: int
    name: str
    """What is so when the whole fence passes."""
    code: str
    passed: bool
    observed: int | str | None
    limit: int | str | None
    unit: str
    sentence: str


class Decided(msgspec.Struct, frozen=True):
    """The decision."""

    id: str
    verdict: str
    now: int
    broker: str
    quote: Quote | None
    sizing: Sizing
    steps: tuple[str, ...]
    """The sizing, step by step."""
    bias: tuple[str, ...]
    """What the persona made of it, and when it will get out."""
    fences: tuple[Fence, ...]
    reproduced: bool
    """Whether deciding again on the recorded inputs gave the same bytes; always looked at."""
    source: Source

    @property
    def denials(self) -> tuple[Fence, ...]:
        """The fences that said no."""
        return tuple(fence for fence in self.fences if not fence.passed)


class Happened(msgspec.Struct, frozen=True):
    """Something that happened to the order."""

    type: str
    sentence: str
    fill: Fill | None
    source: Source


class Explanation(msgspec.Struct, frozen=True):
    """One order, from its signals to its profit or loss."""

    asked: str
    intent_id: str
    client_order_id: str
    """Empty when nothing was ordered."""
    state: str
    """Of `OrderState`, `denied`, or where nothing was decided `accepted`, `refused` or `sent`."""
    headline: str
    signals: tuple[SignalSeen, ...]
    believed: Believed | None
    intent: Asked | None
    decided: Decided | None
    order: Order | None
    happened: tuple[Happened, ...]
    outcome: Outcome | None
    result: tuple[str, ...]
    """The outcome in words."""
    policy: PolicyInForce | None
    missing: tuple[str, ...]
    """Ids of causes that no journal given holds."""
    waited: tuple[str, ...] = ()
    """The conversions it waited for, in words."""


class _SignalBody(msgspec.Struct, frozen=True):
    signal: Signal


class _ConvictionBody(msgspec.Struct, frozen=True):
    conviction: Conviction


def explain(lineage: Lineage) -> Explanation:
    """Tell what the records of an order say.

    Args:
        lineage: what `lineage.lineage` gathered.

    Raises:
        MalformedError: a record that is not what its type promises.
    """
    seen = [
        SignalSeen(_body(found, _SignalBody).signal, _source(found))
        for found in _typed(lineage, "signal.harvested")
    ]
    signals = tuple(sorted(seen, key=lambda one: (one.signal.seen_ts, one.signal.id)))
    believed = _first(
        lineage,
        "conviction.reflected",
        lambda found: Believed(_body(found, _ConvictionBody).conviction, _source(found)),
    )
    intent = _asked(lineage)
    made = _first(lineage, "decision.made", lambda found: (_event(found), found))
    decided = _decided(*made, lineage) if made else None
    order = made[0].decision.order if made else None
    happened = tuple(_happened(found) for found in lineage.records if _of_order(found))
    outcome = lineage.retraced.outcome if lineage.retraced else None
    policy = None
    if made:
        serial = lineage.retraced.serial if lineage.retraced else 0
        policy = in_force(lineage.steps, made[1].record.policy, serial)
    state = _state(intent, decided, outcome)
    return Explanation(
        asked=lineage.asked,
        intent_id=lineage.intent_id,
        client_order_id=order.client_order_id if order else "",
        state=state,
        headline=wording.headline(
            state,
            intent.intent if intent else None,
            outcome,
            len(decided.denials) if decided else 0,
        ),
        signals=signals,
        believed=believed,
        intent=intent,
        decided=decided,
        waited=_waited(lineage),
        order=order,
        happened=happened,
        outcome=outcome,
        result=wording.result(order, outcome) if order and outcome else (),
        policy=policy,
        missing=lineage.missing,
    )


def _source(found: Found) -> Source:
    record = found.record
    return Source(found.node, found.journal, record.seq, record.ts, found.place)


def _body(found: Found, kind: type[T]) -> T:
    return decode(kind, bytes(found.record.body), place=found.place)


def _event(found: Found) -> Any:  # noqa: ANN401 - the event of the record's type
    return events.read(found.record)


def _typed(lineage: Lineage, *types: str) -> Iterable[Found]:
    return (found for found in lineage.records if found.record.type in types)


def _first(lineage: Lineage, kind: str, tell: Callable[[Found], T]) -> T | None:
    return next((tell(found) for found in _typed(lineage, kind)), None)


def _asked(lineage: Lineage) -> Asked | None:
    """The intent, as the Executor took it or else as Markets sent it."""
    own = next(iter(_typed(lineage, events.ExitWanted.type, events.ConversionWanted.type)), None)
    if own is not None:
        return _own(own)
    promoted = next(iter(_typed(lineage, PROMOTED)), None)
    accepted = next(iter(_typed(lineage, ACCEPTED)), None)
    found = accepted or promoted
    if found is None:
        return None
    sealed = _body(found, Sealed)
    return Asked(
        intent=sealed.intent,
        sender=sealed.envelope.node,
        signed_by=_signer(sealed.envelope),
        promoted=_source(promoted) if promoted else None,
        accepted=_source(accepted) if accepted else None,
        refused="" if accepted else _refusal(sealed.envelope, lineage),
    )


def _own(found: Found) -> Asked:
    """A way out or a conversion that nobody sent: its record says what it was found from."""
    event: events.ExitWanted | events.ConversionWanted = _event(found)
    if isinstance(event, events.ConversionWanted):
        cause, causes = None, wording.conversion_cause(event)
    else:
        cause, causes = event.cause, wording.exit_cause(event.intent, event.cause)
    return Asked(
        intent=event.intent,
        sender=found.node,
        signed_by="",
        promoted=None,
        accepted=_source(found),
        refused="",
        cause=cause,
        causes=causes,
    )


def _waited(lineage: Lineage) -> tuple[str, ...]:
    found = lineage.retraced.conversions if lineage.retraced else ()
    return tuple(wording.waited_for(one) for one in found)


def _signer(envelope: Envelope) -> str:
    try:
        signature = parse_armor(envelope.signature.encode())
        return verify(signature, envelope.payload.encode(), INTENT_NAMESPACE).fingerprint
    except VantaError:
        return ""


def _refusal(envelope: Envelope, lineage: Lineage) -> str:
    """Why the parcel of this envelope was refused: a refusal names the digest of the parcel."""
    digest = sha256(encode(envelope)).hexdigest()
    for found in _typed(lineage, "intent.refused"):
        refused = _body(found, events.IntentRefused)
        if refused.digest == digest:
            return f"{refused.reason} [{refused.code}]"
    return ""


def _decided(made: events.DecisionMade, found: Found, lineage: Lineage) -> Decided:
    decision = made.decision
    retraced = lineage.retraced
    # The journal keeps numbers of what failed; asked again, every fence tells its own.
    findings = retraced.findings if retraced and retraced.reproduced else decision.findings
    return Decided(
        id=decision.id,
        verdict=decision.verdict,
        now=made.now,
        broker=made.broker,
        quote=made.quote,
        sizing=decision.sizing,
        steps=wording.sizing(made.intent, decision.sizing),
        bias=_bias(made, lineage),
        fences=tuple(_fence(finding) for finding in findings),
        reproduced=bool(retraced and retraced.reproduced),
        source=_source(found),
    )


def _bias(made: events.DecisionMade, lineage: Lineage) -> tuple[str, ...]:
    retraced = lineage.retraced
    if retraced is None or retraced.bias is None:
        return ()
    paid = retraced.outcome.average_price if retraced.outcome else 0
    return bias_text.told(retraced.bias, made.intent, made.decision.order, paid)


def _fence(finding: Finding) -> Fence:
    return Fence(
        fence=finding.fence,
        name=answers.fence_name(finding.fence),
        code=finding.code,
        passed=finding.passed,
        observed=finding.observed,
        limit=finding.limit,
        unit=finding.unit,
        sentence=answers.answer(finding),
    )


def _of_order(found: Found) -> bool:
    return found.record.type in wording.EVENTS


def _happened(found: Found) -> Happened:
    event = _event(found)
    fill = event.fill if isinstance(event, events.OrderFilled) else None
    return Happened(found.record.type, wording.event(event), fill, _source(found))


def _state(intent: Asked | None, decided: Decided | None, outcome: Outcome | None) -> str:
    if outcome is not None:
        return outcome.state
    if decided is not None:
        return "denied"
    return (
        "refused"
        if intent and intent.refused
        else "accepted"
        if intent and intent.accepted
        else "sent"
    )
