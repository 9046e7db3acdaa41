"""R1, R4: in force only loosens where enough people approved exactly this tree, explicitly."""

from pathlib import Path

import pytest

from tests.governance.fund import (
    CRYPTO,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    flip,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import Content
from vanta.domain.errors import RefusedError
from vanta.domain.instant import HOUR, MINUTE
from vanta.governance.fold import introduce

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}
TIGHTER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=500)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def test_the_introduction_is_in_force_by_its_pin(fund: Fund) -> None:
    assert fund.state.anchor == fund.introduction
    assert capital(fund.state.policy) == 1000
    assert fund.state.tree == fund.digest(fund.sim.files(fund.introduction))
    assert fund.walk(fund.introduction) == []


def test_one_of_two_approvals_loosens_nothing_and_says_who_is_missing(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", "QUORUM_MISSING")
    assert step.message.endswith("needs 2 of risk, has 1; still to ask: alan, grace")
    assert step.approvers == ("ada",)
    assert capital(step.state.policy) == 1000


def test_the_second_approval_loosens(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("alan")
    step = fund.step()
    assert (step.verdict, step.reason, step.approvers) == ("applied", "", ("ada", "alan"))
    assert capital(step.state.policy) == 2000


def test_one_person_approving_twice_is_one_person(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("ada")
    assert fund.step().reason == "QUORUM_MISSING"


def test_people_without_the_role_do_not_count(fund: Fund) -> None:
    fund.change(LOOSER, by="olga", approve=True)
    fund.approve("carol")
    fund.approve("ada")
    assert [step.verdict for step in fund.walk()] == ["refused"] * 3


def test_a_signature_alone_approves_nothing(fund: Fund) -> None:
    """A README fix on top of somebody's proposal says nothing about the proposal."""
    fund.change(LOOSER, by="ada", approve=True)
    fund.change({"README.md": "The fund, again.\n"}, by="alan")
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ("ada",))


def test_an_approval_survives_what_is_not_governed(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.change({"README.md": "The fund, again.\n"}, by="alan")
    fund.approve("grace")
    assert fund.step().verdict == "applied"


@pytest.mark.parametrize(
    "trailer",
    [
        "Vanta-Approve: dev {digest} until={until}",
        "Vanta-Approve: prod {digest} until={past}",
        "Vanta-Approve: prod {other} until={until}",
        "Vanta-Approve: prod {digest} until={until}\nVanta-Approve: prod {digest} until={until}",
        "vanta-approve: prod {digest} until={until}",
        "Vanta-Approve: prod {digest}",
        "I write `Vanta-Approve: prod {digest} until={until}` here.",
        "> Vanta-Approve: prod {digest} until={until}",
        "Vanta-Approve: prod {digest} until={until}\n\nThat was it.",
    ],
)
def test_an_approval_is_exactly_one_trailer_of_this_tree_here_and_now(
    fund: Fund, trailer: str
) -> None:
    proposal = fund.change(LOOSER, by="ada", approve=True)
    digest = fund.digest(fund.sim.files(proposal))
    text = trailer.format(
        digest=digest, other="0" * 64, until="2027-01-01T00:00:00Z", past="2026-11-22T00:01:00Z"
    )
    fund.sim.commit(signer=fund.person("grace"), message=f"Approve\n\n{text}\n")
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ("ada",))


def test_an_approval_is_judged_when_first_seen_and_not_again(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    early = fund.after()
    fund.approve("alan")
    assert fund.step().verdict == "applied"
    later = fund.now + 80 * HOUR
    assert early.approvals
    assert [step.approvers for step in fund.walk(now=later)] == [(), ()]


def test_tightening_takes_one_who_may(fund: Fund) -> None:
    fund.change(TIGHTER, by="olga", approve=True)
    step = fund.step()
    assert (step.verdict, capital(step.state.policy)) == ("applied", 500)


def test_a_signed_tightening_holds_even_without_an_approval(fund: Fund) -> None:
    fund.change(TIGHTER, by="olga")
    step = fund.step()
    assert (step.verdict, step.reason, capital(step.state.policy)) == ("tightened", "", 500)


def test_a_mixed_change_holds_where_it_tightens(fund: Fund) -> None:
    fund.change({**LOOSER, CRYPTO: vault("crypto", capital=10, persona="athena")}, by="ada")
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "QUORUM_MISSING")
    assert capital(step.state.policy, "crypto") == 10
    assert capital(step.state.policy, "momentum") == 1000


def test_what_cannot_be_ordered_waits_for_the_quorum(fund: Fund) -> None:
    fund.change(
        {MOMENTUM: vault("momentum", capital=500, more="compounding: {reinvest: 0.5}")}, by="ada"
    )
    policy = fund.after().policy
    assert capital(policy) == 500
    assert policy.vaults["momentum"].compounding.reinvest == 0


def test_a_tightener_tightens_only_where_they_may(fund: Fund) -> None:
    files: dict[str, Content] = {
        MOMENTUM: vault("momentum", capital=1),
        CRYPTO: vault("crypto", capital=2, persona="athena"),
        fund.halt("stop"): switch("stop", kind="maintenance", scope="vault: crypto"),
        fund.halt("all"): switch("all"),
    }
    fund.change(files, by="carol")
    step = fund.step()
    assert step.verdict == "tightened"
    assert (capital(step.state.policy), capital(step.state.policy, "crypto")) == (1000, 2)
    assert step.state.policy.overlay.everywhere.full_halt == 0
    # The halt of everything is not hers to give, but it reaches what is hers.
    switches = step.state.policy.overlay.vaults.at("crypto")
    assert min(switches.maintenance, switches.full_halt) > 0
    assert step.state.policy.overlay.vaults.at("momentum").full_halt == 0


def test_a_deleted_vault_is_closed_and_not_forgotten(fund: Fund) -> None:
    fund.change({MOMENTUM: None}, by="ada")
    step = fund.step()
    assert step.verdict == "tightened"
    assert capital(step.state.policy) == 0
    assert step.state.policy.vaults["momentum"].rails == frozenset()


def test_a_deleted_vault_comes_back_only_by_the_quorum(fund: Fund) -> None:
    fund.change({MOMENTUM: None}, by="ada", approve=True)
    assert "momentum" not in fund.after().policy.vaults
    fund.change({MOMENTUM: vault("momentum")}, by="ada", approve=True)
    assert fund.step().reason == "QUORUM_MISSING"
    fund.approve("grace")
    assert capital(fund.after().policy) == 1000


def test_a_renamed_vault_starts_closed(fund: Fund) -> None:
    renamed = f"{MOMENTUM.rpartition('/')[0]}/impulse.yaml"
    fund.change({MOMENTUM: None, renamed: vault("impulse")}, by="ada", approve=True)
    policy = fund.after().policy
    assert "impulse" not in policy.vaults
    assert capital(policy, "momentum") == 0


def test_a_vault_moved_out_from_under_a_persona_halt_stays_halted(fund: Fund) -> None:
    fund.change({fund.halt("stop"): switch("stop", scope="persona: ares")}, by="olga", approve=True)
    assert fund.after().policy.overlay.vaults.at("momentum").full_halt > 0
    fund.change({MOMENTUM: vault("momentum", persona="athena")}, by="ada", approve=True)
    step = fund.step()
    assert step.reason == "QUORUM_MISSING"
    assert step.state.policy.overlay.vaults.at("momentum").full_halt > 0


def test_a_flip_within_the_envelope_takes_one_signature_and_ends_by_itself(fund: Fund) -> None:
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR))}, by="olga", approve=True)
    step = fund.step()
    assert step.verdict == "applied"
    assert step.state.policy.overlay.flips["momentum"].until == fund.now + HOUR - MINUTE


def test_a_flip_that_is_over_by_a_clock_ahead_does_not_begin_when_the_clock_is_right(
    fund: Fund,
) -> None:
    """It seems to loosen nothing, so one approval carries the tree; the flip stays behind."""
    changes: dict[str, Content] = {**TIGHTER, OVERLAY: overlay(flip(fund.now + 9 * HOUR))}
    fund.change(changes, by="ada", approve=True)
    step = fund.step(now=fund.now + 10 * HOUR)
    assert (step.verdict, capital(step.state.policy)) == ("applied", 500)
    assert step.state.policy.overlay.flips == {}


def test_a_flip_beyond_the_envelope_takes_the_quorum(fund: Fund) -> None:
    fund.change({OVERLAY: overlay(flip(fund.now + 9 * HOUR))}, by="olga", approve=True)
    assert fund.step().reason == "QUORUM_MISSING"
    fund.approve("ada")
    fund.approve("grace")
    assert fund.step().verdict == "applied"


def test_a_halt_that_ended_by_itself_is_no_change(fund: Fund) -> None:
    ends = fund.now + HOUR
    fund.change({fund.halt("stop"): switch("stop", until=ends)}, by="olga", approve=True)
    fund.change({fund.halt("stop"): None}, by="olga")
    before, after = fund.step(now=ends - 1), fund.step(now=ends)
    assert (before.verdict, before.reason) == ("refused", "QUORUM_MISSING")
    assert (after.verdict, after.reason) == ("unchanged", "")


def test_a_halts_end_brought_nearer_takes_the_quorum(fund: Fund) -> None:
    stop = fund.halt("stop")
    fund.change({stop: switch("stop")}, by="olga", approve=True)
    fund.change({stop: switch("stop", until=fund.now + MINUTE)}, by="ada", approve=True)
    step = fund.step()
    assert step.reason == "QUORUM_MISSING"
    assert halted(step.state.policy)


def test_what_no_rule_covers_is_refused_for_good(fund: Fund) -> None:
    text = str(fund.sim.files(fund.introduction)["authority.yaml"])
    text = text.replace(", loosen: 2", "")
    fund.change({"authority.yaml": text}, by="ada", approve=True)
    fund.approve("grace")
    assert fund.step().verdict == "applied"
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    step = fund.step()
    assert (step.reason, step.message) == ("NO_RULE", "no role may loosen momentum")


def test_nothing_changes_where_nothing_governed_does(fund: Fund) -> None:
    fund.change({"README.md": "more\n"}, by=None)
    fund.change({"environments/dev/vaults/x.yaml": "not: even\n  yaml"}, by=None)
    assert [step.verdict for step in fund.walk()] == ["unchanged", "unchanged"]


def test_an_introduction_signed_by_another_key_is_no_introduction(fund: Fund) -> None:
    other = frozenset({fund.person("grace").key.fingerprint})
    with pytest.raises(RefusedError) as refused:
        introduce(fund.introduction, other, "prod", fund.history)
    assert refused.value.code == "UNTRUSTED_INTRODUCTION"
    unsigned = fund.change({}, by=None, ref=None)
    with pytest.raises(RefusedError) as refused:
        introduce(unsigned, other, "prod", fund.history)
    assert refused.value.code == "UNSIGNED"


@pytest.mark.parametrize("below", ["a pending raise", "a vault nobody can read"])
def test_a_halt_on_top_of_something_else_says_first_that_it_holds(fund: Fund, below: str) -> None:
    raise_ = {MOMENTUM: vault("momentum", capital=2000)}
    fund.change(raise_ if below == "a pending raise" else {MOMENTUM: "spec: ["}, by="ada")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    step = fund.walk()[-1]
    assert step.verdict == "tightened"
    assert step.message.startswith("what it tightens holds; for the rest, ")
