"""All fences, in the order of the checklist, and the one way an order is put to them."""

from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.edition import EDITION
from vanta.executor.encoded import share
from vanta.executor.fences import wire
from vanta.executor.fences.conversion import ASKED_OF_CONVERSIONS
from vanta.executor.fences.fence import Fence
from vanta.executor.fences.one_order import (
    collar,
    covered,
    duplicate,
    permitted,
    shape,
    size,
    timely,
)
from vanta.executor.fences.origin import origin
from vanta.executor.fences.rates import open_orders, rate, throttle
from vanta.executor.fences.resting import self_match
from vanta.executor.fences.switched import switches
from vanta.executor.fences.terms import terms
from vanta.executor.fences.together import (
    buying_power,
    concentration,
    exposure,
    losses,
    position,
)

# In the order of the checklist; number 17 is asked at the wire (`wire`).
FENCES: tuple[Fence, ...] = (
    terms,
    shape,
    size,
    collar,
    duplicate,
    timely,
    permitted,
    covered,
    position,
    exposure,
    buying_power,
    losses,
    concentration,
    rate,
    throttle,
    open_orders,
    self_match,
    switches,
    origin,
)
_EDITIONS = {
    edition: tuple(fence for fence in FENCES if fence.since <= edition)
    for edition in range(1, EDITION + 1)
}
_JUDGES = {edition: tuple(one.judge for one in fences) for edition, fences in _EDITIONS.items()}
_CONVERSIONS = tuple(ASKED_OF_CONVERSIONS.get(one.number, one.judge) for one in FENCES)
_PASSED = {
    edition: share(tuple(one.passed for one in fences)) for edition, fences in _EDITIONS.items()
}
_PLACES = {
    edition: {one.number: place for place, one in enumerate(fences)}
    for edition, fences in _EDITIONS.items()
}
CODES = frozenset(code for one in FENCES for code in one.codes) | frozenset(wire.CODES)
"""Every code an order can be denied with, or kept off the wire."""

ALL_PASSED = _PASSED[EDITION]
"""What every fence says of an order that none denies."""


def all_passed(findings: tuple[Finding, ...], edition: int) -> bool:
    """Whether this is what `judge` returned of an order that no fence denies."""
    return findings is _PASSED[edition]


def judge(order: Order, case: Case) -> tuple[Finding, ...]:
    """Put an order to every fence.

    Returns:
        Per fence, each question that failed with its numbers, or one finding that it passed; so
        the order may go on when these are `ALL_PASSED`, and only then.
    """
    case.weigh(order)
    found: list[Finding] = []
    edition = case.edition
    for ask in _CONVERSIONS if case.converting else _JUDGES[edition]:
        ask(order, case, found)
    if not found:
        return _PASSED[edition]
    # Every fence has one answer, and adds to `found` in its turn: what failed takes the place of
    # what would have passed.
    passed, places = _PASSED[edition], _PLACES[edition]
    answers: list[Finding] = []
    at = 0
    for failed in found:
        place = places[failed.fence]
        if place >= at:
            answers += passed[at:place]
            at = place + 1
        answers.append(failed)
    return (*answers, *passed[at:])


def measure(order: Order, case: Case) -> tuple[Finding, ...]:
    """Put an order to every fence and report every question asked, passed ones with numbers too.

    `judge` records what an audit needs; this is what it shows, from the replayed book.
    """
    case.every = True
    try:
        case.weigh(order)
        found: list[Finding] = []
        for ask in _CONVERSIONS if case.converting else _JUDGES[case.edition]:
            ask(order, case, found)
    finally:
        case.every = False
    return tuple(found)
