"""Each policy over one resource: what passes, what does not, what is not known, what is not its."""

from dataclasses import replace

import pytest

from tests.policies.infrastructure import cases_access, cases_data
from tests.policies.infrastructure.change import Bad, Case, put
from tests.policies.infrastructure.engine import UNKNOWN, Engine, Made
from tests.policies.infrastructure.estate import ESTATE, STACK, first
from vanta_policies import kinds
from vanta_policies.pack import RULES

CASES = (
    *cases_data.COMPUTE,
    *cases_data.STORAGE,
    *cases_data.DATABASE,
    *cases_data.RECOVERY,
    *cases_access.IDENTITY,
    *cases_access.NETWORK,
    *cases_access.ENCRYPTION,
    *cases_access.OBSERVABILITY,
    *cases_access.ACCOUNT_CASES,
)
TOLD_APART = tuple(
    case
    for at, case in enumerate(CASES)
    # What everything carries is asked of every kind alike: one of them stands for the others.
    if case.policy not in {other.policy for other in CASES[:at]}
    or not case.policy.startswith("every")
)
BY_NAME = {rule.name: rule for rule in RULES}


def label(case: Case) -> str:
    return f"{case.policy}-{case.kind.rpartition(':')[2]}"


def subject(case: Case) -> Made:
    """What the policy is content with."""
    if any(one.kind == case.kind for one in ESTATE):
        return first(case.kind, name=case.name)
    return Made(case.kind, {}, stack=STACK)


def exempting(case: Case) -> dict[str, dict[str, object]]:
    terms = {
        "name": subject(case).name,
        "reason": "Looked at; it is harmless where it is.",
        "until": "2099-12-31",
    }
    return {case.policy: {"exempt": [terms]}}


BADS = [(case, bad) for case in CASES for bad in case.bad]
BAD_IDS = [f"{label(case)}-{at}" for case in CASES for at, _ in enumerate(case.bad)]


@pytest.mark.parametrize("case", TOLD_APART, ids=label)
def test_what_it_is_content_with_passes(case: Case, updating: Engine) -> None:
    if case.always:
        # Nothing of the kind is right; what somebody answers for passes.
        updating.configure(exempting(case))
    answer = updating.analyze(subject(case))
    assert not answer.said
    assert (case.policy in answer.elsewhere) is case.always


@pytest.mark.parametrize(("case", "bad"), BADS, ids=BAD_IDS)
def test_what_is_wrong_is_told_with_its_remedy(case: Case, bad: Bad, updating: Engine) -> None:
    answer = updating.analyze(put(subject(case), bad.changes))
    said = answer.of(case.policy)
    assert said
    assert bad.says in "\n".join(one.message for one in said)
    assert all(BY_NAME[case.policy].remedy in one.message for one in said)
    assert {one.level for one in said} == {"mandatory"}
    stack_wide = {one for one in bad.also if one not in BY_NAME}
    assert answer.policies == {case.policy, *bad.also} - stack_wide


@pytest.mark.parametrize("case", TOLD_APART, ids=label)
def test_what_is_not_known_does_not_pass(case: Case, updating: Engine, previewing: Engine) -> None:
    made = subject(case)
    if "inlinePolicies" in case.unknown:
        made = put(made, {"inlinePolicies": [{"name": "x", "policy": ""}]})
    unknown = put(made, {case.unknown: UNKNOWN})
    updated = updating.analyze(unknown).of(case.policy)
    assert bool(updated) is not case.enough
    assert {one.level for one in updated} <= {"mandatory"}
    previewed = previewing.analyze(unknown).of(case.policy)
    # A document that names what does not exist yet cannot be read in a preview; its resource is
    # not made before the update has read it.
    waits = BY_NAME[case.policy].document
    levels = {one.level for one in previewed}
    assert levels == (set() if case.enough else {"advisory"} if waits else {"mandatory"})


@pytest.mark.parametrize("case", TOLD_APART, ids=label)
def test_what_is_not_its_own_is_not_judged(case: Case, updating: Engine) -> None:
    bad = put(subject(case), case.bad[0].changes)
    other = kinds.ROUTE if case.kind != kinds.ROUTE else kinds.NAT
    answer = updating.analyze(replace(bad, kind=other))
    assert not answer.said
    assert answer.elsewhere[case.policy] == "not of a kind it judges"


IN_PRODUCTION = [case for case in CASES if BY_NAME[case.policy].in_production]


@pytest.mark.parametrize("case", IN_PRODUCTION, ids=label)
def test_what_holds_in_production_is_not_asked_elsewhere(case: Case, updating: Engine) -> None:
    bad = put(subject(case), case.bad[0].changes)
    elsewhere = replace(put(bad, {"tags.vanta:environment": "dev"}), stack="dev")
    answer = updating.analyze(elsewhere)
    assert not answer.of(case.policy)
    assert answer.elsewhere[case.policy] == "holds in production alone"
    # A stack of another name that says it is production is.
    by_tag = replace(bad, stack="eu")
    assert updating.analyze(by_tag).of(case.policy)


def test_every_policy_has_a_case_for_every_kind_it_judges() -> None:
    wanted = {(rule.name, kind) for rule in RULES for kind in rule.kinds}
    assert {(case.policy, case.kind) for case in CASES} == wanted
    assert all(case.bad for case in CASES)


def test_there_are_as_many_as_we_say() -> None:
    # Passing, violating, unknown and not applicable for each.
    assert len(RULES) >= 40
    assert 3 * len(TOLD_APART) + len(BADS) >= 160
