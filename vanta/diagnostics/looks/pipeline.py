"""From an intent's promotion to the broker's confirmation, by what the Executor wrote of it.

An intent says when Markets made it; the journals say when it was let in, decided, prepared and
acknowledged. Each step is counted once for an intent, from the end of both journals.
"""

import os
from collections.abc import Iterable, Mapping

import msgspec

from vanta.diagnostics.facts import Broker, Brokers, Lag, Open, Pipeline
from vanta.diagnostics.looks.tail import Line, Tail, tail
from vanta.domain.instant import DAY
from vanta.executor.events import (
    DecisionMade,
    IntentAccepted,
    IntentRefused,
    OrderAcknowledged,
    OrderCancelled,
    OrderFilled,
    OrderPrepared,
    OrderRejected,
)
from vanta.executor.surveillance.posted import read_compared
from vanta.node.layout import Layout

RECENT = 1000
"""The last intents whose steps are counted."""

WITHHELD = "order.withheld"
_ROTATED = "journal.rotated"
_STANDING = "executor.json"
_LARGEST = 1024 * 1024


class _Id(msgspec.Struct, frozen=True):
    id: str
    created: int = 0


class _Accepted(msgspec.Struct, frozen=True):
    intent: _Id


class _Waiting(msgspec.Struct, frozen=True):
    waiting: tuple[_Id, ...] = ()


class _Opening(msgspec.Struct, frozen=True):
    state: _Waiting | None = None


class _Refused(msgspec.Struct, frozen=True):
    code: str


class _Name(msgspec.Struct, frozen=True):
    client_order_id: str
    intent_id: str = ""


class _Prepared(msgspec.Struct, frozen=True):
    order: _Name


class _Fill(msgspec.Struct, frozen=True):
    fill: _Name


_ENDS = {OrderAcknowledged.type, OrderRejected.type, OrderCancelled.type, WITHHELD}


def look(layout: Layout, now: int) -> Pipeline:
    """All of it, as of `now`."""
    came, refused, opened = _arrivals(tail(layout.journal("intents")), now)
    log = tail(layout.journal("trade_log"))
    decided, prepared, confirmed, over = _steps(log)
    arrived_at = {name: at for name, (_, at) in came.items()}
    undecided = {
        name: at
        for name, at in {**opened, **arrived_at}.items()
        # What was let in before the end that was read begins may be decided before it too.
        if name not in decided and (log.whole or at >= log.since)
    }
    unconfirmed = {
        name: at for name, (_, at) in prepared.items() if name not in confirmed and name not in over
    }
    return Pipeline(
        arrived=_lag(at - made for made, at in came.values()),
        decided=_lag(decided[name] - at for name, at in arrived_at.items() if name in decided),
        confirmed=_lag(
            confirmed[name] - decided[intent]
            for name, (intent, _) in prepared.items()
            if name in confirmed and intent in decided
        ),
        undecided=_open(undecided),
        unconfirmed=_open(unconfirmed),
        refused=refused,
        ahead=max((made - at for made, at in came.values()), default=0),
    )


def _arrivals(
    found: Tail, now: int
) -> tuple[dict[str, tuple[int, int]], dict[str, int], dict[str, int]]:
    """Intent to when it was made and let in; refusals of a day by code; what waited before."""
    came: dict[str, tuple[int, int]] = {}
    refused: dict[str, int] = {}
    opened: dict[str, int] = {}
    for line in found.lines:
        if line.type == IntentAccepted.type:
            intent = msgspec.json.decode(line.body, type=_Accepted).intent
            came[intent.id] = (intent.created, line.ts)
        elif line.type == IntentRefused.type and line.ts >= now - DAY:
            code = msgspec.json.decode(line.body, type=_Refused).code
            refused[code] = refused.get(code, 0) + 1
        elif line.type == _ROTATED:
            state = msgspec.json.decode(line.body, type=_Opening).state or _Waiting()
            opened = {one.id: one.created for one in state.waiting}
    recent = list(came)[-RECENT:]
    return {name: came[name] for name in recent}, dict(sorted(refused.items())), opened


_Steps = tuple[dict[str, int], dict[str, tuple[str, int]], dict[str, int], set[str]]


def _steps(found: Tail) -> _Steps:
    """When intents were decided; orders prepared for which intent, confirmed, and over without."""
    decided: dict[str, int] = {}
    prepared: dict[str, tuple[str, int]] = {}
    confirmed: dict[str, int] = {}
    over: set[str] = set()
    for line in found.lines:
        if line.type == DecisionMade.type:
            decided.setdefault(msgspec.json.decode(line.body, type=_Accepted).intent.id, line.ts)
        elif line.type == OrderPrepared.type:
            order = msgspec.json.decode(line.body, type=_Prepared).order
            prepared[order.client_order_id] = (order.intent_id, line.ts)
        elif line.type == OrderFilled.type:
            # A fill says that the broker has it, too.
            name = msgspec.json.decode(line.body, type=_Fill).fill.client_order_id
            confirmed.setdefault(name, line.ts)
        elif line.type in _ENDS:
            _ended(line, confirmed, over)
    return decided, prepared, confirmed, over


def _ended(line: Line, confirmed: dict[str, int], over: set[str]) -> None:
    name = msgspec.json.decode(line.body, type=_Name).client_order_id
    if line.type == OrderAcknowledged.type:
        confirmed.setdefault(name, line.ts)
    else:
        over.add(name)


def _lag(lengths: Iterable[int]) -> Lag:
    """Nearest-rank percentiles; clocks of two nodes may make a length negative, which is told."""
    found = sorted(lengths)
    if not found:
        return Lag(0, 0, 0, 0)
    ranks = [-(-len(found) * percent // 100) - 1 for percent in (50, 95)]
    return Lag(len(found), found[ranks[0]], found[ranks[1]], found[-1])


def _open(since: Mapping[str, int]) -> Open:
    oldest = min(since, key=lambda name: since[name], default="")
    return Open(len(since), since[oldest] if oldest else None, oldest)


class _Difference(msgspec.Struct, frozen=True):
    code: str


class _Broker(msgspec.Struct, frozen=True):
    name: str
    armed: bool
    trouble: str
    reconciled: int
    differences: tuple[_Difference, ...] = ()


class _Standing(msgspec.Struct, frozen=True):
    trouble: str
    waiting: int
    brokers: tuple[_Broker, ...]


def brokers(layout: Layout) -> Brokers:
    """What the running Executor, and whoever compares what it does, last said of its brokers."""
    compared = read_compared(layout.run)
    standing = compared.standing if compared else 0
    try:
        fd = os.open(layout.run / _STANDING, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Brokers(posted=False, trouble="", waiting=0, brokers=(), mismatches=standing)
    with os.fdopen(fd, "rb") as file:
        said = msgspec.json.decode(file.read(_LARGEST), type=_Standing)
    return Brokers(
        posted=True,
        trouble=said.trouble,
        waiting=said.waiting,
        brokers=tuple(
            Broker(one.name, one.armed, one.trouble, one.reconciled, len(one.differences))
            for one in said.brokers
        ),
        mismatches=standing,
    )
