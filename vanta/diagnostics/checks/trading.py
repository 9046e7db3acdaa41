"""Whether intents become orders and orders are confirmed, in time."""

from collections.abc import Iterator
from typing import NamedTuple

from vanta.diagnostics.facts import Brokers, Bus, Lag, Open, Pipeline
from vanta.diagnostics.finding import Check, Moment, Says, Severity, Told
from vanta.diagnostics.words import listed, seconds, span
from vanta.domain.instant import MINUTE, SECOND

EMPTY = Says("BUS_EMPTY", Severity.OK, "{waiting} parcels wait")
WAITING = Says(
    "BUS_WAITING",
    Severity.WARN,
    "{waiting} parcels wait on the bus, the oldest for {age}",
    "The Executor does not take them in: see whether it runs.",
)
ASIDE = Says(
    "BUS_ASIDE",
    Severity.WARN,
    "{aside} of what came were no parcels and lie in {where}",
    "See what they are and who may write there; then remove them.",
)


class BusLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    waiting: int = 30 * SECOND
    """How long a parcel may wait, nanoseconds."""


class Limits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    arrived: int = 5 * SECOND
    """From an intent's making to its being let in, nanoseconds, of 95 in 100."""
    decided: int = SECOND
    """From there to its decision, nanoseconds."""
    confirmed: int = 5 * SECOND
    """From there to the broker's confirmation, nanoseconds."""
    waiting: int = 30 * SECOND
    """How long what waits for a decision or a confirmation may have waited, nanoseconds."""
    stuck: int = 5 * MINUTE
    """How long until that is critical, nanoseconds."""
    ahead: int = 2 * SECOND
    """How far ahead of this clock an intent may have been made, nanoseconds."""


BUS_LIMITS, LIMITS = BusLimits(), Limits()


def judge_bus(found: Bus, moment: Moment, limits: BusLimits = BUS_LIMITS) -> Iterator[Told]:
    """Parcels are taken in soon, and nothing else lies there."""
    age = moment.now - found.oldest if found.oldest is not None else 0
    figures = {"waiting": found.waiting, "oldest_seconds": seconds(age), "aside": found.aside}
    if found.aside:
        yield Told(ASIDE, values={"aside": found.aside, "where": found.where}, figures=figures)
    if age > limits.waiting:
        yield Told(WAITING, values={"waiting": found.waiting, "age": span(age)}, figures=figures)
    elif not found.aside:
        yield Told(EMPTY, values={"waiting": found.waiting or "no"}, figures=figures)


FLOWING = Says(
    "ORDERS_FLOW",
    Severity.OK,
    "95 in 100 let in after {arrived}, decided after {decided}, confirmed after {confirmed} more",
)
QUIET = Says("ORDERS_NONE", Severity.NOTE, "no intent was decided lately: there is nothing to time")
SLOW = Says(
    "ORDERS_SLOW",
    Severity.WARN,
    "5 in 100 were {subject} after more than {p95}; {limit} is allowed",
    "Compare `vanta broker check` and the load of the node; see runbooks/orders-are-slow.md.",
)
UNDECIDED = Says(
    "INTENTS_WAIT",
    Severity.WARN,
    "{count} intents wait for a decision, {example} for {age}",
    "`vanta executor status` says what keeps it; see runbooks/orders-are-slow.md.",
)
UNCONFIRMED = Says(
    "ORDERS_UNCONFIRMED",
    Severity.WARN,
    "the broker has said nothing of {count} orders, of {example} for {age}",
    "`vanta executor reconcile` asks it; nothing is sent twice meanwhile.",
)
STUCK = Says(
    "ORDERS_STUCK",
    Severity.CRITICAL,
    "{count} {subject}, {example} for {age}",
    "`vanta halt` if money is at stake; then runbooks/orders-are-slow.md.",
)
REFUSED = Says(
    "PARCELS_REFUSED",
    Severity.NOTE,
    "parcels were not let in within a day: {codes}",
    "reference/reason-codes.md says what each code means.",
)
AHEAD = Says(
    "INTENT_AHEAD",
    Severity.WARN,
    "an intent was made {ahead} after it arrived: clocks differ by more",
    "Compare `chronyc tracking` on this node and on Markets.",
)


def judge_orders(found: Pipeline, moment: Moment, limits: Limits = LIMITS) -> Iterator[Told]:
    """Intents are let in, decided and confirmed in time, and none is left behind."""
    steps = {
        "let in": (found.arrived, limits.arrived),
        "decided": (found.decided, limits.decided),
        "confirmed": (found.confirmed, limits.confirmed),
    }
    figures: dict[str, int | float] = {}
    for name, (lag, _) in steps.items():
        figures |= _figures(name.replace(" ", "_"), lag)
    bad: list[Told] = []
    for name, (lag, limit) in steps.items():
        if lag.count and lag.p95 > limit:
            values = {"p95": span(lag.p95), "limit": span(limit)}
            bad.append(Told(SLOW, name, values, _figures(name.replace(" ", "_"), lag)))
    bad += _waits(found.undecided, moment.now, UNDECIDED, "intents without a decision", limits)
    bad += _waits(
        found.unconfirmed, moment.now, UNCONFIRMED, "orders without a word of the broker", limits
    )
    if found.ahead > limits.ahead:
        bad.append(Told(AHEAD, values={"ahead": span(found.ahead)}))
    yield from bad
    if found.refused:
        codes = listed(f"{count} {code}" for code, count in found.refused.items())
        yield Told(REFUSED, values={"codes": codes}, figures=dict(found.refused))
    if not found.decided.count:
        yield Told(QUIET)
    elif not bad:
        values = {
            "arrived": span(found.arrived.p95),
            "decided": span(found.decided.p95),
            "confirmed": span(found.confirmed.p95),
        }
        yield Told(FLOWING, values=values, figures=figures)


def _figures(name: str, lag: Lag) -> dict[str, int | float]:
    return {
        f"{name}_count": lag.count,
        f"{name}_p50_seconds": seconds(lag.median),
        f"{name}_p95_seconds": seconds(lag.p95),
        f"{name}_longest_seconds": seconds(lag.longest),
    }


def _waits(found: Open, now: int, says: Says, what: str, limits: Limits) -> Iterator[Told]:
    age = now - found.oldest if found.oldest is not None else 0
    if age <= limits.waiting:
        return
    values = {"count": found.count, "example": found.example[:19], "age": span(age)}
    figures = {"count": found.count, "oldest_seconds": seconds(age)}
    if age > limits.stuck:
        yield Told(STUCK, what, values, figures)
    else:
        yield Told(says, "", values, figures)


ARMED = Says("BROKERS_ARMED", Severity.OK, "{names}: armed, and as the book says")
UNPOSTED = Says(
    "BROKERS_UNKNOWN",
    Severity.UNKNOWN,
    "the Executor never said how its brokers stand",
    "Start it; see runbooks/a-service-does-not-run.md.",
)
SHUT = Says(
    "EXECUTOR_SHUT",
    Severity.CRITICAL,
    "the Executor lets no opening order out: {code}",
    "`vanta executor status` says why; reference/halts-of-the-executor.md says what ends it.",
)
UNARMED = Says(
    "BROKER_UNARMED",
    Severity.CRITICAL,
    "{subject}: not armed{code}",
    "`vanta broker check {subject}` says what does not work.",
)
TROUBLED = Says(
    "BROKER_TROUBLED",
    Severity.WARN,
    "{subject}: takes no new orders, {code}",
    "`vanta broker check {subject}` says what does not work.",
)
DRIFTING = Says(
    "BROKER_DIFFERS",
    Severity.CRITICAL,
    "{subject}: differs from the book in {differences} things",
    "`vanta executor reconcile` lists them.",
)
MISMATCHED = Says(
    "COMPARISON_MISMATCH",
    Severity.CRITICAL,
    "{standing} mismatches of orders and statements stand",
    "`vanta executor alerts` lists them, each with what to do.",
)
UNRECONCILED = Says(
    "BROKER_OLD",
    Severity.WARN,
    "{subject}: last compared with the book {age} ago",
    "See whether the Executor runs.",
)


class BrokerLimits(NamedTuple):
    """How far a fact may go; at the limit it passes."""

    reconciled: int = MINUTE
    """Since book and broker were compared, nanoseconds; it is done every few seconds."""


BROKER_LIMITS = BrokerLimits()


def judge_brokers(
    found: Brokers, moment: Moment, limits: BrokerLimits = BROKER_LIMITS
) -> Iterator[Told]:
    """Every broker is armed, takes orders, and agrees with the book."""
    bad: list[Told] = []
    if found.mismatches:
        values = {"standing": found.mismatches}
        bad.append(Told(MISMATCHED, values=values, figures={"mismatches": found.mismatches}))
    if not found.posted:
        yield from (*bad, Told(UNPOSTED))
        return
    if found.trouble:
        bad.append(Told(SHUT, values={"code": found.trouble}))
    for one in found.brokers:
        since = moment.now - one.reconciled if one.reconciled else 0
        if not one.armed:
            code = f", {one.trouble}" if one.trouble else ""
            bad.append(Told(UNARMED, one.name, {"code": code}))
        elif one.trouble:
            bad.append(Told(TROUBLED, one.name, {"code": one.trouble}))
        if one.differences:
            values = {"differences": one.differences}
            bad.append(Told(DRIFTING, one.name, values, {"differences": one.differences}))
        if since > limits.reconciled:
            figures = {"reconciled_age_seconds": seconds(since)}
            bad.append(Told(UNRECONCILED, one.name, {"age": span(since)}, figures))
    yield from bad
    if not bad:
        yield Told(ARMED, values={"names": listed(one.name for one in found.brokers)},
                   figures={"waiting": found.waiting})  # fmt: skip


CHECKS = (
    Check("bus", "bus", (WAITING, ASIDE, EMPTY), BUS_LIMITS, judge_bus, ("markets", "executor")),
    Check(
        "orders",
        "pipeline",
        (STUCK, SLOW, UNDECIDED, UNCONFIRMED, AHEAD, REFUSED, QUIET, FLOWING),
        LIMITS,
        judge_orders,
        ("executor",),
    ),
    Check(
        "brokers",
        "brokers",
        (SHUT, UNARMED, DRIFTING, MISMATCHED, TROUBLED, UNRECONCILED, UNPOSTED, ARMED),
        BROKER_LIMITS,
        judge_brokers,
        ("executor",),
    ),
)
