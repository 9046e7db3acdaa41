"""Each policy over a stack: what passes, what does not, what is not known, what is not its own."""

from dataclasses import replace

import pytest

from tests.policies.infrastructure import cases_stack
from tests.policies.infrastructure.change import Broken, Members, StackCase
from tests.policies.infrastructure.engine import Engine, Made
from tests.policies.infrastructure.estate import ESTATE
from vanta_policies.pack import STACK_RULES

CASES = (*cases_stack.REACH, *cases_stack.CUSTODY, *cases_stack.SCOPE)
BY_NAME = {rule.name: rule for rule in STACK_RULES}
BROKEN = [(case, broken) for case in CASES for broken in case.broken]
BROKEN_IDS = [f"{case.policy}-{at}" for case in CASES for at, _ in enumerate(case.broken)]


def label(case: StackCase) -> str:
    return case.policy


def test_the_small_stack_passes(updating: Engine, previewing: Engine) -> None:
    for pack in (updating, previewing):
        answer = pack.analyze_stack(ESTATE)
        assert not answer.said
        assert not answer.elsewhere


@pytest.mark.parametrize(("case", "broken"), BROKEN, ids=BROKEN_IDS)
def test_what_is_wrong_is_told_with_its_remedy(
    case: StackCase, broken: Broken, updating: Engine
) -> None:
    # That it trips no other policy is asked of the program's own stack: test_mutants.py.
    updating.configure({}, alone=case.policy)
    said = updating.analyze_stack(broken.edit(ESTATE)).said
    assert broken.says in "\n".join(one.message for one in said)
    assert all(BY_NAME[case.policy].remedy in one.message for one in said)
    assert {one.level for one in said} == {"mandatory"}


@pytest.mark.parametrize("case", CASES, ids=label)
def test_what_is_not_known_does_not_pass(case: StackCase, previewing: Engine) -> None:
    previewing.configure({}, alone=case.policy)
    said = previewing.analyze_stack(case.unknown(ESTATE)).said
    assert {one.level for one in said} == {"mandatory"}


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_stack_without_any_of_its_kinds_is_not_judged(case: StackCase, updating: Engine) -> None:
    rule = BY_NAME[case.policy]
    others = tuple(one for one in ESTATE if one.kind not in rule.kinds)
    updating.configure({}, alone=case.policy)
    answer = updating.analyze_stack(others)
    assert not answer.of(case.policy)
    # What holds of every stack is not of a kind.
    assert (case.policy in answer.elsewhere) is bool(rule.kinds)


def in_development(members: Members) -> Members:
    def moved(one: Made) -> Made:
        return replace(
            one,
            stack="dev",
            inputs={**one.inputs, "tags": {}},
            needs={
                path: tuple(urn.replace("urn:pulumi:prod", "urn:pulumi:dev") for urn in urns)
                for path, urns in one.needs.items()
            },
        )

    return tuple(map(moved, members))


IN_PRODUCTION = [case for case in CASES if BY_NAME[case.policy].in_production]


@pytest.mark.parametrize("case", IN_PRODUCTION, ids=label)
def test_what_holds_in_production_is_not_asked_elsewhere(case: StackCase, updating: Engine) -> None:
    bad = in_development(case.broken[0].edit(ESTATE))
    updating.configure({}, alone=case.policy)
    answer = updating.analyze_stack(bad)
    assert answer.elsewhere[case.policy] == "holds in production alone"
    # A stack that says by its tag that it is production is.
    updating.configure({}, tags={"vanta:environment": "prod"}, alone=case.policy)
    assert updating.analyze_stack(bad).of(case.policy)


def test_every_policy_has_cases() -> None:
    assert [case.policy for case in CASES] == [rule.name for rule in STACK_RULES]
    assert all(case.broken for case in CASES)
