"""Take any one rule away, and a small history breaks a property that all of them together keep."""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import NamedTuple

import pytest

from tests.model.graphs import smallest
from tests.model.over_time import (
    CLOCK,
    FORGOTTEN,
    LANE,
    LATCH,
    SCHEDULE,
    clocked,
    laned,
    latched,
    presented,
    scheduled,
)
from tests.model.properties import (
    AFTER,
    ALONE,
    AUTHORITY,
    ENDED,
    HALTS,
    HONOURED,
    KEYS,
    NOBODY,
    PATHS,
    QUORUM,
    REVOCATIONS,
    STRANGERS,
    UNORDERED,
    violations,
)
from tests.model.rules import ALL, RULES, Rules, State
from tests.model.terms import History, Policy
from tests.model.told import told
from tests.model.worlds import WORLDS

Judge = Callable[[Rules, History, State, State], list[str]]


def one_step(_: Rules, history: History, before: State, after: State) -> list[str]:
    return violations(history, before, after)


def any_schedule(rules: Rules, history: History, _: State, after: State) -> list[str]:
    return scheduled(history, after.at, rules)


def any_two_heads(rules: Rules, history: History, _: State, __: State) -> list[str]:
    return presented(history, rules)


def the_lane(rules: Rules, history: History, _: State, __: State) -> list[str]:
    return laned(history, rules)


def the_latch(rules: Rules, history: History, _: State, after: State) -> list[str]:
    return latched(history, after.at, rules)


class Needed(NamedTuple):
    """Without `rule`, some history of `world` no larger than `size` violates `broken`."""

    rule: str
    broken: str
    world: str
    size: int
    judge: Judge = one_step


NEEDED = (
    Needed("R0 descend", FORGOTTEN, "halted", 1, any_two_heads),
    Needed("R1 every commit", SCHEDULE, "fences", 3, any_schedule),
    Needed("R1 new", HALTS, "fences", 2),
    Needed("R1 some parent", HALTS, "raised", 2),
    Needed("R1 restrain", QUORUM, "fences", 1),
    Needed("R1 tightenings first", HALTS, "fences", 2),
    Needed("R1 adopt", HALTS, "fences", 2),
    Needed("R1 paths", PATHS, "operator", 1),
    Needed("R1 unordered", UNORDERED, "gear", 1),
    Needed("R2 in force", AUTHORITY, "joining", 2),
    Needed("R2 revoked", KEYS, "revocation", 2),
    Needed("R2 revoked first", KEYS, "revoked beside", 2),
    Needed("R2 one revokes", REVOCATIONS, "revocation", 1),
    Needed("R2 who revokes", AUTHORITY, "revocation", 1),
    Needed("R2 expired", KEYS, "expired", 2),
    Needed("R2 expired tightens", HALTS, "expired", 1),
    Needed("R2 root quorum", AUTHORITY, "joining", 1),
    Needed("R2 alone", ALONE, "joining", 2),
    Needed("R2 judged once", SCHEDULE, "time", 2, any_schedule),
    Needed("R3 nothing", NOBODY, "fences", 1),
    Needed("R3 naming", STRANGERS, "fences", 3),
    Needed("R3 forge", HONOURED, "fences", 3),
    Needed("R3 unreadable", HALTS, "unreadable", 2),
    Needed("R4 explicit", QUORUM, "fences", 2),
    Needed("R4 people", QUORUM, "signers", 2),
    Needed("R4 role", QUORUM, "signers", 2),
    Needed("R4 own tree", QUORUM, "approvals", 2),
    Needed("R4 own hand", QUORUM, "approvals", 2),
    Needed("R4 until", ENDED, "time", 2),
    Needed("R5 same tree", QUORUM, "fences", 2),
    Needed("R5 falls", AFTER, "fences", 3),
    Needed("R5 any parent", AFTER, "fences", 3),
    Needed("R5 other approval", AFTER, "fences", 3),
    Needed("R6 lane", LANE, "lane", 2, the_lane),
    Needed("R6 apart", HALTS, "halt files", 1),
    Needed("R6 ancestor", LANE, "lane", 3, the_lane),
    Needed("R6 quorum", LANE, "lane and keys", 3, the_lane),
    Needed("R6 judged there", LANE, "lane and keys", 2, the_lane),
    Needed("R7 latch", LATCH, "latch", 1, the_latch),
    Needed("R7 nonce", LATCH, "latch", 2, the_latch),
    Needed("R8 greatest", FORGOTTEN, "halted", 1, any_two_heads),
)
CLOCKS = ("R9 latest", "R9 healthy")


def test_no_rule_is_left_out() -> None:
    assert [needed.rule for needed in NEEDED] + list(CLOCKS) == list(RULES)


@pytest.mark.parametrize("needed", NEEDED, ids=lambda needed: needed.rule)
def test_without_it_a_property_breaks(needed: Needed) -> None:
    rules = ALL - {needed.rule}
    world = WORLDS[needed.world]
    found = smallest(world, needed.size, rules, partial(needed.judge, rules), needed.broken)
    assert found is not None, f"up to {needed.size} commits nothing is lost without {needed.rule}"
    size, history = found
    assert size == needed.size, f"{needed.size} is not the smallest:\n{told(history)}"


@pytest.mark.parametrize("rule", CLOCKS)
def test_without_it_a_wrong_clock_does_harm(rule: str) -> None:
    readings = product(product(range(3), (True, False)), repeat=3)
    policies = (Policy(raised=1), Policy(halted=1))
    assert any(
        CLOCK in clocked(policy, read, ALL - {rule}) for policy, read in product(policies, readings)
    )
