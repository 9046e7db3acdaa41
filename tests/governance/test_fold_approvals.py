"""R5: an approval falls with anything that happens to the governed tree after it was given."""

from pathlib import Path

import pytest

from tests.governance.fund import (
    CRYPTO,
    ENVIRONMENT,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content
from vanta.domain.instant import HOUR, show_instant

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def stop(fund: Fund) -> dict[str, Content]:
    return {fund.halt("stop"): switch("stop")}


def test_an_approval_before_a_halt_does_not_resume_after_it(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.change(stop(fund), by="olga", approve=True)
    fund.change({fund.halt("stop"): None}, by="grace", approve=True)
    step = fund.step()
    assert (step.verdict, step.reason, step.approvers) == ("refused", "QUORUM_MISSING", ("grace",))
    assert halted(step.state.policy)
    assert capital(step.state.policy) == 1000


def test_halt_resume_by_one_halt_again_resume_by_another_resumes_nothing(fund: Fund) -> None:
    for person in ("ada", "grace", "alan"):
        fund.change(stop(fund), by="olga", approve=True)
        fund.change({fund.halt("stop"): None}, by=person, approve=True)
        assert halted(fund.after().policy)
        assert fund.step().approvers == (person,)


def test_two_resume_after_the_halt(fund: Fund) -> None:
    fund.change(stop(fund), by="olga", approve=True)
    fund.change({fund.halt("stop"): None}, by="ada", approve=True)
    fund.approve("grace")
    assert not halted(fund.after().policy)


def test_an_approval_of_the_tree_before_the_halt_does_not_ride_a_revert(fund: Fund) -> None:
    """Two people approved today's tree for something else; the revert goes back to it."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    fund.change(stop(fund), by="olga", approve=True)
    fund.change({fund.halt("stop"): None}, by="alan")
    step = fund.step()
    assert (step.verdict, step.approvers, halted(step.state.policy)) == ("refused", (), True)


def test_an_approval_given_beside_a_halt_counts_for_nothing(fund: Fund) -> None:
    base = fund.introduction
    beside = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    beside = fund.approve("grace", parents=[beside], ref=None)
    halt = fund.change(stop(fund), by="olga", parents=[base])
    fund.tree(fund.sim.files(beside), by=None, parents=[halt, beside])
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ())
    assert halted(step.state.policy)
    assert capital(step.state.policy) == 1000


def test_approvals_do_not_slide_sideways_past_a_restrained_head(fund: Fund) -> None:
    base = fund.introduction
    proposal = fund.change(LOOSER, by="ada", approve=True, parents=[base])
    assert fund.step().verdict == "refused"
    halt = fund.change(stop(fund), by="olga", parents=[proposal])
    side = fund.approve("grace", parents=[proposal], ref=None)
    fund.tree(fund.sim.files(proposal), by=None, parents=[halt, side])
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ())
    assert halted(step.state.policy)


def test_a_proposal_withdrawn_and_put_back_starts_again(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.change({MOMENTUM: vault("momentum")}, by=None)
    fund.change(LOOSER, by="grace", approve=True)
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ("grace",))


def test_an_approval_of_something_else_in_between_ends_the_one_before(fund: Fund) -> None:
    """Even where the trees meet again through a merge that changes neither parent."""
    base = fund.introduction
    one = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    other = fund.approve("grace", parents=[base], ref=None)
    merge = fund.tree(fund.sim.files(one), by="alan", approve=True, parents=[base, one, other])
    assert fund.step(merge).approvers == ("alan",)


def test_a_change_of_one_governed_byte_voids_the_approval(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace", parents=[fund.introduction], ref=None)
    fund.change({CRYPTO: vault("crypto", persona="athena") + "# a comment\n"}, by="grace")
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ())


def test_an_approval_names_one_environment(fund: Fund) -> None:
    """The same files below another environment's folder have another digest."""
    proposal = fund.change(LOOSER, by="ada", approve=True)
    digest = fund.digest(fund.sim.files(proposal))
    fund.sim.approve("dev", digest, signer=fund.person("grace"))
    fund.sim.approve("staging", digest, signer=fund.person("alan"))
    assert fund.step().approvers == ("ada",)


def test_an_approval_of_the_parents_tree_approves_not_the_child(fund: Fund) -> None:
    before = fund.digest(fund.sim.files(fund.introduction))
    fund.change(LOOSER, by="ada", approve=True)
    fund.sim.approve("prod", before, signer=fund.person("grace"))
    assert fund.step().approvers == ("ada",)


def test_an_approval_by_a_commit_that_speaks_for_nobody_is_none(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("mallory")
    assert fund.step().approvers == ("ada",)
    fund.tree(fund.sim.files(fund.sim.head()), by=None, approve=True)
    assert fund.step().approvers == ("ada",)


def test_an_approval_on_a_merge_counts(fund: Fund) -> None:
    base = fund.introduction
    side = fund.change(LOOSER, by="ada", approve=True, parents=[base], ref=None)
    fund.tree(fund.sim.files(side), by="grace", approve=True, parents=[base, side])
    assert fund.step().verdict == "applied"


def test_an_approval_outlives_its_end_once_it_was_seen_in_time(fund: Fund) -> None:
    proposal = fund.change(LOOSER, by="ada", approve=True)
    digest = fund.digest(fund.sim.files(proposal))
    ends = fund.now + 60 * 10**9
    fund.sim.approve("prod", digest, signer=fund.person("grace"), until=ends)
    assert fund.step(now=ends - 1).verdict == "applied"
    assert fund.step(now=ends).verdict == "refused"


def test_a_release_takes_two_who_saw_what_they_let_go(fund: Fund) -> None:
    fund.change({OVERLAY: overlay(released=["abcd"])}, by="ada", approve=True)
    assert fund.after().policy.released == frozenset()
    fund.approve("grace")
    assert fund.after().policy.released == {"abcd"}


def test_an_approval_somebody_else_rebased_is_nobodys(fund: Fund) -> None:
    """Git keeps the author and makes whoever rebases the committer, trailers and all."""
    fund.change(LOOSER, by="ada", approve=True)
    theirs = fund.approve("grace")
    raw = fund.history.commit(theirs).signed_payload
    assert raw is not None
    lines = raw.split(b"\n")
    at = next(n for n, line in enumerate(lines) if line.startswith(b"committer "))
    lines[at] = lines[at].replace(
        fund.person("grace").identity.encode(), fund.person("alan").identity.encode()
    )
    fund.sim.raw_commit(
        fund.sim.signed(b"\n".join(lines), fund.person("alan")),
        files=fund.sim.files(theirs),
        ref="refs/heads/main",
    )
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", "APPROVAL_NOT_OWN")
    assert step.approvers == ("ada",)


def test_an_approval_under_a_name_that_cannot_be_seen_approves_nothing(fund: Fund) -> None:
    """Whoever reads the history may be shown another name; the signature is ada's."""
    fund.change(LOOSER, by="grace", approve=True)
    head = fund.sim.head()
    files = fund.sim.files(head)
    until = show_instant(fund.now + HOUR)
    payload = fund.sim.payload(
        tree=fund.sim.tree(files),
        parents=[head],
        committer=fund.person("ada"),
        message=f"Yes\n\nVanta-Approve: {ENVIRONMENT} {fund.digest(files)} until={until}\n",
    ).replace(b"Ada <", "A\u200dda <".encode())
    raw = fund.sim.signed(payload, fund.person("ada"))
    oid = fund.sim.raw_commit(raw, files=files, ref=MAIN)
    step = fund.step()
    assert [each.approval for each in step.seen if each.commit == oid] == ["BAD_IDENTITY"]
    assert capital(step.state.policy) == 1000
