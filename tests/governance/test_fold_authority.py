"""R2: who may do what is said by the authority in force at that step, and by no other."""

from pathlib import Path

import pytest

from tests.governance.fund import CEILING, MOMENTUM, Fund, authority, capital, document, vault
from tests.governance.simulator import Content
from vanta.domain.exact import UNIT
from vanta.governance.documents.read import AUTHORITY

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def with_key(fund: Fund, name: str, *keys: str) -> dict[str, Content]:
    people = {**fund.keys, name: [*fund.keys.get(name, []), *keys]}
    return {AUTHORITY: authority(people)}


def test_a_new_key_takes_the_root_quorum_and_then_speaks(fund: Fund) -> None:
    phone = fund.person("phone")
    fund.change(with_key(fund, "grace", phone.key.openssh), by="ada", approve=True)
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", "QUORUM_MISSING")
    assert step.message.startswith("loosen (root) needs 2 of root, has 1")
    fund.approve("grace")
    assert fund.after().authority.person_of(phone.key) == "grace"


def test_somebody_who_adds_a_key_to_anothers_name_cannot_sign_with_it(fund: Fund) -> None:
    """One range: the key goes under grace's name, the capital goes up, both "approve"."""
    own = fund.person("second")
    fund.change({**with_key(fund, "grace", own.key.openssh), **LOOSER}, by="ada", approve=True)
    head = fund.sim.head()
    payload = fund.sim.payload(
        tree=fund.sim.tree(fund.sim.files(head)),
        parents=[head],
        committer=fund.person("grace"),
        message="Approve\n\nVanta-Approve: prod "
        f"{fund.digest(fund.sim.files(head))} until=2027-01-01T00:00:00Z\n",
    )
    forged = fund.sim.raw_commit(
        fund.sim.signed(payload, own), files=fund.sim.files(head), ref="refs/heads/main"
    )
    step = fund.step(forged)
    assert (step.verdict, step.reason, step.approvers) == ("refused", "UNKNOWN_SIGNER", ("ada",))
    assert step.state.authority == fund.state.authority
    assert capital(step.state.policy) == 1000


def test_a_change_of_authority_travels_alone(fund: Fund) -> None:
    phone = fund.person("phone")
    fund.change({**with_key(fund, "ada", phone.key.openssh), **LOOSER}, by="ada", approve=True)
    fund.approve("grace")
    fund.approve("alan")
    _, first, step = fund.walk()
    assert (first.verdict, first.reason) == ("refused", "AUTHORITY_NOT_ALONE")
    assert (step.verdict, step.reason) == ("refused", "AUTHORITY_NOT_ALONE")
    assert "split the commit" in step.message
    assert step.state.authority == fund.state.authority
    assert capital(step.state.policy) == 1000


def test_a_halt_beside_a_change_of_authority_still_tightens(fund: Fund) -> None:
    phone = fund.person("phone")
    files = {**with_key(fund, "ada", phone.key.openssh), MOMENTUM: vault("momentum", capital=1)}
    fund.change(files, by="ada", approve=True)
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "AUTHORITY_NOT_ALONE")
    assert capital(step.state.policy) == 1
    assert step.state.authority == fund.state.authority


def test_nodes_may_travel_with_people(fund: Fund) -> None:
    node = fund.person("node").key.openssh
    text = authority(fund.keys, nodes=f'[{{name: executor, keys: ["{node}"]}}]')
    fund.change({AUTHORITY: text}, by="ada", approve=True)
    fund.approve("alan")
    step = fund.step()
    assert step.verdict == "applied"
    assert step.state.policy.nodes == {"executor": (node,)}


def test_somebody_removed_no_longer_counts_and_what_they_approved_before_stays(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    fund.change({AUTHORITY: authority(fund.keys, risk=["ada", "alan"])}, by="ada", approve=True)
    fund.approve("alan")
    assert capital(fund.after().policy) == 2000
    fund.change({MOMENTUM: vault("momentum", capital=3000)}, by="ada", approve=True)
    fund.approve("grace")
    step = fund.step()
    assert (step.verdict, step.approvers) == ("refused", ("ada", "grace"))
    assert capital(step.state.policy) == 2000


def test_a_revoked_key_speaks_for_nobody_from_then_on(fund: Fund) -> None:
    spare = fund.person("spare")
    fund.change(with_key(fund, "ada", spare.key.openssh), by="ada", approve=True)
    fund.approve("grace")
    swapped = {**fund.keys, "ada": [spare.key.openssh]}
    fund.change({AUTHORITY: authority(swapped)}, by="grace")
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "")
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada", approve=True)
    step = fund.step()
    assert (step.reason, capital(step.state.policy)) == ("UNKNOWN_SIGNER", 1000)


def test_an_authority_changed_and_restored_within_one_range_gives_nothing(fund: Fund) -> None:
    """Lower the quorum, use it, put it back: only the middle would have profited."""
    fund.change({AUTHORITY: authority(fund.keys, loosen=1)}, by="ada", approve=True)
    fund.change(LOOSER, by="ada", approve=True)
    fund.change({AUTHORITY: authority(fund.keys)}, by="ada", approve=True)
    step = fund.step()
    assert (step.verdict, capital(step.state.policy)) == ("refused", 1000)
    assert step.state.authority == fund.state.authority


@pytest.mark.parametrize("name", ["authority.yml", "Authority.yaml", "people.yaml"])
def test_an_authority_deleted_or_renamed_leaves_the_one_in_force(fund: Fund, name: str) -> None:
    text = fund.sim.files(fund.introduction)[AUTHORITY]
    fund.change({AUTHORITY: None, name: text}, by="ada", approve=True)
    step = fund.step()
    assert step.verdict == "refused"
    assert step.state.authority == fund.state.authority
    fund.change({AUTHORITY: text, name: None}, by="ada")
    assert fund.step().verdict == "unchanged"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ({"quorum": 3}, "ROOT_LOCKOUT"),
        ({"loosen": 0}, "BAD_QUORUM"),
        ({"root": ["ada"]}, "ROOT_LOCKOUT"),
    ],
)
def test_an_authority_that_cannot_govern_is_never_in_force(
    fund: Fund, text: dict[str, object], code: str
) -> None:
    fund.change({AUTHORITY: authority(fund.keys, **text)}, by="ada", approve=True)  # type: ignore[arg-type]
    fund.approve("grace")
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", code)


def test_a_lower_quorum_counts_from_the_next_commit_on(fund: Fund) -> None:
    fund.change({AUTHORITY: authority(fund.keys, loosen=1)}, by="ada", approve=True)
    fund.approve("grace")
    fund.change(LOOSER, by="alan", approve=True)
    assert capital(fund.after().policy) == 2000


def test_a_ceiling_is_roots(fund: Fund) -> None:
    text = document("Ceiling", "prod", "account: {gross: 99999}\ncapital: 5000")
    fund.change({CEILING: text}, by="ada", approve=True)
    assert fund.step().reason == "QUORUM_MISSING"
    fund.approve("grace")
    assert fund.step().verdict == "applied"


def test_a_ceiling_lowered_by_one_root_clamps_vaults_they_have_no_say_over(fund: Fund) -> None:
    fund.change({AUTHORITY: authority(fund.keys, risk=["ada", "grace"])}, by="ada", approve=True)
    fund.approve("alan")
    text = document("Ceiling", "prod", "account: {gross: 10000}\ncapital: 700")
    fund.change({CEILING: text}, by="alan", approve=True)
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "")
    assert step.state.policy.ceiling.capital == 700 * UNIT
    assert (capital(step.state.policy), capital(step.state.policy, "crypto")) == (700, 700)
