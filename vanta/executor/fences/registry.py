"""All fences, in the order of the checklist, and the one way an order is put to them."""

from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
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
from vanta.executor.fences.rates import open_orders, rate
from vanta.executor.fences.switched import switches
from vanta.executor.fences.terms import terms
from vanta.executor.fences.together import (
    buying_power,
    concentration,
    exposure,
    losses,
    position,
)

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
    open_orders,
    switches,
)
_JUDGES = tuple(fence.judge for fence in FENCES)
ALL_PASSED = tuple(fence.passed for fence in FENCES)
"""What every fence says of an order that none denies."""


def judge(order: Order, case: Case) -> tuple[Finding, ...]:
    """Put an order to every fence.

    Returns:
        Per fence, each question that failed with its numbers, or one finding that it passed; so
        the order may go on when these are `ALL_PASSED`, and only then.
    """
    case.weigh(order)
    found: list[Finding] = []
    for ask in _JUDGES:
        ask(order, case, found)
    if not found:
        return ALL_PASSED
    answers: list[Finding] = []
    for fence in FENCES:
        failed = [finding for finding in found if finding.fence == fence.number]
        answers.extend(failed or (fence.passed,))
    return tuple(answers)


def measure(order: Order, case: Case) -> tuple[Finding, ...]:
    """Put an order to every fence and report every question asked, passed ones with numbers too.

    `judge` records what an audit needs; this is what it shows, from the replayed book.
    """
    case.every = True
    try:
        case.weigh(order)
        found: list[Finding] = []
        for ask in _JUDGES:
            ask(order, case, found)
    finally:
        case.every = False
    return tuple(found)
