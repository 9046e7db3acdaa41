"""Gathering every record that has to do with one order, from the journals of several nodes.

Most of what the journals hold is about other orders. So they are read once for who caused whom,
and only what this order grew from, and what grew from it, is read again for what it says.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from vanta.audit.authorship import PolicyStep, policy_step
from vanta.audit.dag import Dag, Link, link
from vanta.audit.nodes import GOVERNANCE, Node, in_reading_order, nodes
from vanta.audit.retrace import Retraced, retrace
from vanta.audit.trail import Found, at, trail
from vanta.domain.conviction import Conviction
from vanta.domain.encoding import decode
from vanta.domain.errors import RefusedError
from vanta.executor import events
from vanta.node.layout import Layout

LAST = "last"
"""The name of the order that was prepared last, or of the last decision where there is none."""

_HARVEST = "harvest"
_TRADES = "trade_log"
_TAKEN = ("intent.accepted", "exit.wanted", "conversion.wanted")
_INTENTS = (*_TAKEN, "intent.promoted")
_REFUSED = "intent.refused"
_SHOWN = 5


class _Reasons(msgspec.Struct, frozen=True):
    conviction: Conviction


class Lineage(NamedTuple):
    """Everything the journals hold about one intent and what came of it."""

    asked: str
    intent_id: str
    records: tuple[Found, ...]
    """Its causes and effects, causes first; refusals of parcels too, whosever they were."""
    missing: tuple[str, ...]
    """Ids that some of these name as a cause, and that no journal given holds."""
    steps: tuple[PolicyStep, ...]
    """Of the governance journal of the node that decided; empty when nobody did."""
    retraced: Retraced | None


def lineage(
    name: str, layouts: Sequence[Layout], *, progress: Callable[[str], None] | None = None
) -> Lineage:
    """Gather what there is about an order.

    Args:
        name: an order, intent, decision or fill; the beginning of its id that is nobody else's;
            or `last`.
        layouts: the nodes whose journals to read; services may be running.
        progress: told of each journal.

    Raises:
        RefusedError: `NO_SUCH_ORDER`, or `AMBIGUOUS` with some of the ids meant.
        BrokenLineError: a journal does not verify.
        UnavailableError: `NO_NODE`; `JOURNAL_CHANGED` when a file was closed meanwhile: ask again.
    """
    say = progress or (lambda _: None)
    given = nodes(layouts)
    journals = [pair for pair in in_reading_order(given) if pair[1] != GOVERNANCE]
    dag = Dag()
    for node, journal in journals:
        if journal != _HARVEST:
            say(f"reading {journal} of {node.name}")
            for found in _read(node, journal):
                dag.add(link(found))
    intent_id = resolve(name, dag)
    before, absent = dag.ancestors(intent_id)
    wanted = {*absent, *_spoken_for(before)}
    for node, journal in journals:
        if journal == _HARVEST:
            say(f"reading {journal} of {node.name}")
            for found in _read(node, journal):
                if found.record.id in wanted:
                    dag.add(link(found))
    causes, missing = dag.ancestors(intent_id, *sorted(wanted))
    effects = [one for one in dag.descendants(intent_id) if one not in causes]
    accepted = any(one.type in _TAKEN for one in causes)
    refusals = [] if accepted else list(dag.typed(_REFUSED))
    links = [*reversed(causes), *effects, *refusals]
    decider = next((one.node for one in effects if one.type == "decision.made"), "")
    say("folding the book")
    return Lineage(
        asked=name,
        intent_id=intent_id,
        records=tuple(_again(one) for one in links),
        missing=tuple(missing),
        steps=tuple(_steps(given, decider)),
        retraced=_retraced(given, decider, intent_id),
    )


def resolve(name: str, dag: Dag) -> str:
    """The intent that `name` is about.

    Raises:
        RefusedError: `NO_SUCH_ORDER`, `AMBIGUOUS`.
    """
    ids = [_last(dag)] if name == LAST else dag.named(name)
    intents = {
        cause.id
        for known in ids
        if known
        for cause in dag.ancestors(known)[0]
        if cause.type in _INTENTS
    }
    if not intents:
        raise RefusedError(
            "no order or intent here is called that" if name != LAST else "nothing was decided yet",
            code="NO_SUCH_ORDER",
            place=name,
            remedy="name an order or intent by its id or the beginning of it, and every node that"
            " has to do with it",
        )
    if len(intents) > 1:
        some = ", ".join(sorted(intents)[:_SHOWN])
        raise RefusedError(
            f"{len(intents)} intents could be meant: {some}{', ...' * (len(intents) > _SHOWN)}",
            code="AMBIGUOUS",
            place=name,
            remedy="write more of the id",
        )
    return intents.pop()


def _last(dag: Dag) -> str:
    for kind in ("order.prepared", "decision.made"):
        latest = max(dag.typed(kind), key=lambda one: (one.ts, one.seq), default=None)
        if latest is not None:
            return latest.id
    return ""


def _spoken_for(causes: Sequence[Link]) -> Iterator[str]:
    """Signals that the reasons of a conviction name; its record names the strongest alone."""
    for one in causes:
        if one.type == "conviction.reflected":
            body = decode(_Reasons, bytes(at(one.spot, one.id).body), place=one.id)
            for reason in body.conviction.reasons:
                yield from reason.signals


def _read(node: Node, journal: str) -> Iterator[Found]:
    return trail(node.name, node.layout.journal(journal))


def _again(one: Link) -> Found:
    return Found(one.node, one.journal, one.spot, at(one.spot, one.id), "")


def _steps(given: Sequence[Node], decider: str) -> Iterator[PolicyStep]:
    for node in given:
        if node.name == decider and node.layout.journal(GOVERNANCE).exists():
            told = map(policy_step, _read(node, GOVERNANCE))
            yield from (step for step in told if step is not None)


def _retraced(given: Sequence[Node], decider: str, intent_id: str) -> Retraced | None:
    node = next((node for node in given if node.name == decider), None)
    if node is None:
        return None
    told = (events.read(found.record) for found in _read(node, _TRADES))
    return retrace((event for event in told if event is not None), intent_id)
