"""Each policy is seen to stop a change of the program's own stack, and to be the one that does.

A mutant is the recorded stack of production with one thing changed. The policy it is meant for must
say so, and no other may, but those that rightly say it too. A policy without a mutant, and a mutant
that nothing stops, fails here.
"""

from collections.abc import Iterator

import pytest

from tests.policies.infrastructure.change import Bad, Broken, Case, Members, StackCase, put
from tests.policies.infrastructure.engine import Engine, Made
from tests.policies.infrastructure.estate import ESTATE
from tests.policies.infrastructure.own_stacks import own_stack
from tests.policies.infrastructure.test_resource_policies import BAD_IDS, BADS
from tests.policies.infrastructure.test_resource_policies import CASES as RESOURCE_CASES
from tests.policies.infrastructure.test_stack_policies import CASES as STACK_CASES
from vanta_policies.pack import RULES, STACK_RULES

ONE_RESOURCE = {rule.name for rule in RULES}
WHOLE_STACK = {rule.name for rule in STACK_RULES}


def victims(case: Case) -> Iterator[Made]:
    """What of the program's stack a case can be tried on; what it makes none of is added to it."""
    stack = own_stack("prod")
    of_kind = [one for one in stack if one.kind == case.kind and one.name.startswith(case.name)]
    if of_kind:
        yield from of_kind
    else:
        added = [one for one in ESTATE if one.kind == case.kind]
        yield added[0] if added else Made(case.kind, {}, stack="prod")


@pytest.mark.parametrize(("case", "bad"), BADS, ids=BAD_IDS)
def test_a_mutant_of_a_resource_is_stopped_by_its_policy(
    case: Case, bad: Bad, updating: Engine
) -> None:
    mutant = put(next(victims(case)), bad.changes)
    assert updating.analyze(mutant).policies == {case.policy, *(bad.also & ONE_RESOURCE)}


def test_mutants_of_resources_trip_no_policy_over_the_stack(updating: Engine) -> None:
    """All of them at once, as many to a stack as do not meddle with one another."""
    stacks: list[dict[str, Made]] = []
    touched: list[set[tuple[str, str]]] = []
    rightly = {policy for _, bad in BADS for policy in bad.also & WHOLE_STACK}
    for case in RESOURCE_CASES:
        placed = False
        for at in range(len(stacks) + 1):
            if at == len(stacks):
                stacks.append({one.address: one for one in own_stack("prod")})
                touched.append(set())
            for victim in victims(case):
                spots = {(victim.address, path.split(".")[0]) for path in case.bad[0].changes}
                if touched[at] & spots or (not spots and victim.address in stacks[at]):
                    continue
                current = stacks[at].get(victim.address, victim)
                stacks[at][victim.address] = put(current, case.bad[0].changes)
                touched[at] |= spots
                placed = True
                break
            if placed:
                break
    assert len(stacks) < 10
    for stack in stacks:
        said = updating.analyze_stack(tuple(stack.values())).policies
        assert said <= rightly


@pytest.mark.parametrize("case", STACK_CASES, ids=lambda case: case.policy)
def test_a_mutant_of_the_stack_is_stopped_by_its_policy(case: StackCase, updating: Engine) -> None:
    broken = case.broken[0]
    mutant = broken.edit(own_stack("prod"))
    assert updating.analyze_stack(mutant).policies == {case.policy, *(broken.also & WHOLE_STACK)}
    said_of_one = set[str]()
    for made in new_in(mutant):
        said_of_one |= updating.analyze(made).policies
    assert said_of_one <= broken.also & ONE_RESOURCE


def new_in(mutant: Members) -> Iterator[Made]:
    before = {id(one) for one in own_stack("prod")}
    return (one for one in mutant if id(one) not in before)


FURTHER = [(case, broken) for case in STACK_CASES for broken in case.broken[1:]]


@pytest.mark.parametrize(
    ("case", "broken"),
    FURTHER,
    ids=[f"{case.policy}-{at}" for case in STACK_CASES for at in range(1, len(case.broken))],
)
def test_further_mutants_of_the_stack_are_stopped(
    case: StackCase, broken: Broken, updating: Engine
) -> None:
    updating.configure({}, alone=case.policy)
    said = updating.analyze_stack(broken.edit(own_stack("prod"))).said
    assert broken.says in "\n".join(one.message for one in said)


def test_every_policy_has_a_mutant() -> None:
    assert {case.policy for case, _ in BADS} == ONE_RESOURCE
    assert {case.policy for case in STACK_CASES} == WHOLE_STACK
