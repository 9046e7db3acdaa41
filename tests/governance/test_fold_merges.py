"""R1, R5 on merges: nothing is smuggled in by one, and no halt is dropped by one."""

from pathlib import Path

import pytest

from tests.governance.fund import CRYPTO, MOMENTUM, Fund, capital, halted, switch, vault
from tests.governance.simulator import Content

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
OTHER: dict[str, Content] = {CRYPTO: vault("crypto", capital=2000, persona="athena")}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def stop(fund: Fund) -> dict[str, Content]:
    return {fund.halt("stop"): switch("stop")}


def test_a_pull_request_approved_on_its_branch_is_applied_when_merged(fund: Fund) -> None:
    base = fund.introduction
    first = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    second = fund.approve("grace", parents=[first], ref=None)
    fund.tree(fund.sim.files(second), by=None, parents=[base, second])
    (step,) = fund.walk()
    assert (step.verdict, step.approvers) == ("applied", ("ada", "grace"))
    assert [seen.signer for seen in step.seen] == ["ada", "grace", ""]


def test_an_approved_branch_survives_an_unrelated_merge(fund: Fund) -> None:
    base = fund.introduction
    first = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    second = fund.approve("grace", parents=[first], ref=None)
    readme = fund.change({"README.md": "meanwhile\n"}, by=None, parents=[base])
    files = {**fund.sim.files(second), "README.md": "meanwhile\n"}
    fund.tree(files, by=None, parents=[readme, second])
    assert fund.step().verdict == "applied"


def test_one_approval_on_each_side_of_a_merge_is_two(fund: Fund) -> None:
    base = fund.introduction
    first = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    second = fund.tree(fund.sim.files(first), by="grace", approve=True, parents=[base, first])
    assert fund.step(second).approvers == ("ada", "grace")
    assert fund.step(second).verdict == "applied"


def test_a_merge_whose_own_tree_was_edited_carries_nobodys_approval(fund: Fund) -> None:
    base = fund.introduction
    first = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    second = fund.approve("grace", parents=[first], ref=None)
    smuggled = {**fund.sim.files(second), MOMENTUM: vault("momentum", capital=4000)}
    fund.tree(smuggled, by="alan", parents=[base, second])
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ())


def test_two_approved_branches_merged_are_a_third_tree_nobody_approved(fund: Fund) -> None:
    base = fund.introduction
    one = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    one = fund.approve("grace", parents=[one], ref=None)
    two = fund.change(OTHER, by="ada", approve=True, parents=[base], ref=None)
    two = fund.approve("grace", parents=[two], ref=None)
    fund.tree(fund.sim.files(one), by=None, parents=[base, one])
    fund.tree({**fund.sim.files(one), **OTHER}, by=None, parents=[fund.sim.head(), two])
    first, second = fund.walk()
    assert (first.verdict, second.verdict) == ("applied", "refused")
    fund.approve("ada")
    fund.approve("alan")
    assert capital(fund.after().policy, "crypto") == 2000


def test_a_proposal_closed_months_ago_is_not_revived_by_merging_it(fund: Fund) -> None:
    """Its approvals were given before what has happened since."""
    base = fund.introduction
    old = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    old = fund.approve("grace", parents=[old], ref=None)
    fund.change({MOMENTUM: vault("momentum", capital=900)}, by="ada", approve=True, parents=[base])
    fund.tree(fund.sim.files(old), by=None, parents=[fund.sim.head(), old])
    step = fund.step()
    assert step.verdict == "refused"
    assert capital(step.state.policy) == 900


@pytest.mark.parametrize("merger", [None, "ada", "alan"])
@pytest.mark.parametrize("seen_before", [True, False])
def test_a_merge_that_drops_a_halt_drops_nothing(
    fund: Fund,
    merger: str | None,
    seen_before: bool,  # noqa: FBT001 - two histories
) -> None:
    """`git merge -s ours`, of a halt that was known before or withheld until the merge exists."""
    base = fund.introduction
    if seen_before:
        main = halt = fund.change(stop(fund), by="olga", parents=[base])
        other = fund.change({"README.md": "x\n"}, by=None, parents=[base], ref=None)
    else:
        main = fund.change({"README.md": "x\n"}, by=None, parents=[base])
        halt = other = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    files = dict(fund.sim.files(halt))
    del files[fund.halt("stop")]
    fund.tree(files, by=merger, parents=[main, other], approve=merger is not None)
    step = fund.step()
    assert halted(step.state.policy)
    assert step.reason in {"UNSIGNED", "QUORUM_MISSING"}


def test_a_merge_back_to_a_tree_that_was_approved_before_the_halt_drops_nothing(
    fund: Fund,
) -> None:
    base = fund.introduction
    approved = fund.change(LOOSER, by="ada", approve=True, parents=[base])
    approved = fund.approve("grace", parents=[approved])
    halt = fund.change(stop(fund), by="olga", parents=[approved], ref=None)
    fund.tree(fund.sim.files(approved), by="alan", approve=True, parents=[approved, halt])
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "QUORUM_MISSING")
    assert step.approvers == ("alan",)
    assert halted(step.state.policy)


def test_a_merge_that_tightens_something_else_drops_no_halt_by_it(fund: Fund) -> None:
    base = fund.introduction
    halt = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    files = {**fund.sim.files(base), MOMENTUM: vault("momentum", capital=1)}
    fund.tree(files, by="ada", approve=True, parents=[base, halt])
    step = fund.step()
    assert halted(step.state.policy)
    assert capital(step.state.policy) == 1


def test_a_quorum_that_saw_the_halt_may_merge_without_it(fund: Fund) -> None:
    base = fund.introduction
    halt = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    fund.tree(fund.sim.files(base), by="ada", approve=True, parents=[base, halt])
    assert halted(fund.after().policy)
    fund.approve("grace")
    step = fund.step()
    assert (step.verdict, halted(step.state.policy)) == ("applied", False)


def test_a_halt_by_nobody_on_a_side_branch_restrains_nothing(fund: Fund) -> None:
    base = fund.introduction
    halt = fund.change(stop(fund), by="mallory", parents=[base], ref=None)
    fund.tree(fund.sim.files(base), by=None, parents=[base, halt])
    step = fund.step()
    assert (step.verdict, step.state.policy) == ("unchanged", fund.state.policy)


def test_a_halt_merged_in_lands(fund: Fund) -> None:
    base = fund.introduction
    halt = fund.change(stop(fund), by="olga", parents=[base], ref=None)
    main = fund.change(LOOSER, by=None, parents=[base])
    fund.tree({**fund.sim.files(main), **stop(fund)}, by=None, parents=[main, halt])
    step = fund.step()
    assert (step.verdict, halted(step.state.policy)) == ("tightened", True)
    assert capital(step.state.policy) == 1000


def test_what_a_branch_tightened_and_took_back_needs_the_quorum(fund: Fund) -> None:
    """As it would have, had its commits been made on the main line."""
    base = fund.introduction
    down = fund.change(
        {MOMENTUM: vault("momentum", capital=500)}, by="ada", parents=[base], ref=None
    )
    up = fund.change(
        {MOMENTUM: vault("momentum", capital=800)}, by="ada", approve=True, parents=[down], ref=None
    )
    fund.tree(fund.sim.files(up), by=None, parents=[base, up])
    assert capital(fund.after().policy) == 500
    fund.approve("grace")
    assert capital(fund.after().policy) == 800


def test_an_unrelated_root_merged_in_brings_nothing(fund: Fund) -> None:
    alien = fund.tree(
        {**fund.sim.files(fund.introduction), **LOOSER},
        by="ada",
        approve=True,
        parents=[],
        ref=None,
    )
    alien = fund.approve("grace", parents=[alien], ref=None)
    fund.tree(fund.sim.files(alien), by=None, parents=[fund.introduction, alien])
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ())
