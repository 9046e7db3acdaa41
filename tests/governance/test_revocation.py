"""R2: a key is taken back by any one root person or by its owner; every other change takes root."""

from pathlib import Path

import pytest

from tests.governance.fund import (
    HERE,
    MOMENTUM,
    Fund,
    authority,
    capital,
    expiring,
    halted,
    revoked,
    switch,
    vault,
)
from tests.governance.simulator import Content, person
from vanta.domain.instant import HOUR, MINUTE
from vanta.governance.authority import Authority, resolve
from vanta.governance.documents.kinds import AuthorityDocument
from vanta.governance.documents.read import AUTHORITY, read_document
from vanta.governance.revocation import Revocation, authority_changes
from vanta.governance.revocation import revoked as revoked_by
from vanta.lattice.direction import Effect

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def without(fund: Fund, *names: str) -> dict[str, Content]:
    """The authority with every key of these people revoked."""
    people = {
        n: [revoked(k) for k in keys] if n in names else keys for n, keys in fund.keys.items()
    }
    return {AUTHORITY: authority(people)}


def resolved(text: str) -> Authority:
    found = read_document(text.encode(), file=AUTHORITY)
    assert isinstance(found, AuthorityDocument)
    return resolve(found)


def live(fund: Fund, name: str) -> bool:
    return bool(fund.after().authority.people[name].keys)


@pytest.mark.parametrize(
    ("by", "whose", "gone"),
    [
        ("grace", "ada", True),
        ("olga", "olga", True),
        ("carol", "carol", True),
        ("olga", "ada", False),
        ("carol", "olga", False),
        ("mallory", "ada", False),
        (None, "ada", False),
    ],
)
def test_one_signature_of_root_or_of_the_owner_takes_a_key_back(
    fund: Fund,
    by: str | None,
    whose: str,
    gone: bool,  # noqa: FBT001 - a table
) -> None:
    fund.change(without(fund, whose), by=by)
    step = fund.step()
    assert live(fund, whose) is not gone
    assert step.verdict == ("tightened" if gone else "refused")
    assert (step.reason == "") is gone


def test_what_it_approved_before_counts_and_nothing_after(fund: Fund) -> None:
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    fund.change(without(fund, "grace"), by="alan")
    assert capital(fund.after().policy) == 2000
    fund.change({MOMENTUM: vault("momentum", capital=3000)}, by="ada", approve=True)
    fund.approve("grace")
    step = fund.step()
    assert (step.verdict, step.reason) == ("refused", "UNKNOWN_SIGNER")
    assert capital(step.state.policy) == 2000


def test_a_revoked_key_halts_nothing(fund: Fund) -> None:
    fund.change(without(fund, "olga"), by="ada")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    assert not halted(fund.after().policy)


def test_a_key_comes_back_only_by_the_quorum_of_root(fund: Fund) -> None:
    fund.change(without(fund, "olga"), by="ada")
    fund.change({AUTHORITY: authority(fund.keys)}, by="ada", approve=True)
    assert fund.step().reason == "QUORUM_MISSING"
    assert not live(fund, "olga")
    fund.approve("grace")
    assert live(fund, "olga")


def test_it_lands_on_a_tree_nobody_can_read(fund: Fund) -> None:
    fund.change({MOMENTUM: "spec: [", f"{HERE}vaults/\u00e9.yaml": "a"}, by=None)
    fund.change(without(fund, "olga"), by="grace")
    step = fund.step()
    assert step.verdict == "tightened"
    assert not step.state.authority.people["olga"].keys


def test_beside_it_nothing_else_of_the_authority_changes(fund: Fund) -> None:
    """A revocation by one, with a key slipped in for themselves."""
    mine = fund.person("second").key.openssh
    people = {
        **fund.keys,
        "ada": [*fund.keys["ada"], mine],
        "olga": [revoked(fund.keys["olga"][0])],
    }
    fund.change({AUTHORITY: authority(people)}, by="ada")
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "QUORUM_MISSING")
    assert step.state.authority.person_of(fund.person("second").key) is None
    assert not step.state.authority.people["olga"].keys


def test_a_merge_that_gives_back_what_it_brings_in_taken_gives_nothing_back(fund: Fund) -> None:
    """The revocation comes on a branch, and the merge's own tree drops it."""
    main = fund.sim.head()
    side = fund.change(without(fund, "olga"), by="grace", parents=[main], ref=None)
    fund.tree(fund.sim.files(main), by="ada", approve=True, parents=[main, side])
    step = fund.step()
    assert (step.verdict, step.reason) == ("tightened", "QUORUM_MISSING")
    assert not step.state.authority.people["olga"].keys


def test_approvals_of_a_new_authority_fall_when_a_key_is_revoked_beside_them(fund: Fund) -> None:
    main = fund.sim.head()
    wanted: dict[str, Content] = {AUTHORITY: authority(fund.keys, loosen=1)}
    one = fund.change(wanted, by="ada", approve=True, parents=[main], ref=None)
    two = fund.approve("grace", parents=[one], ref=None)
    fund.change(without(fund, "olga"), by="alan")
    fund.tree(fund.sim.files(two), by="ada", parents=[fund.sim.head(), two])
    assert not live(fund, "olga")
    assert fund.after().authority.roles["risk"].grants[0].quorum["loosen"] == 2


# Expiry


def until(fund: Fund, name: str, instant: int) -> dict[str, Content]:
    return {AUTHORITY: authority({**fund.keys, name: [expiring(fund.keys[name][0], instant)]})}


def test_an_end_may_be_brought_forward_by_one_and_put_off_by_the_quorum(fund: Fund) -> None:
    soon, later = fund.now + HOUR, fund.now + 9 * HOUR
    fund.change(until(fund, "olga", soon), by="ada")
    assert fund.step().verdict == "tightened"
    assert set(fund.after().authority.people["olga"].keys.values()) == {soon}
    fund.change(until(fund, "olga", later), by="ada", approve=True)
    assert fund.step().reason == "QUORUM_MISSING"
    fund.approve("alan")
    assert set(fund.after().authority.people["olga"].keys.values()) == {later}


def test_an_expired_key_approves_nothing_whatever_its_commit_is_dated(fund: Fund) -> None:
    end = fund.now + HOUR
    fund.change(until(fund, "grace", end), by="ada")
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    assert capital(fund.step(now=end - MINUTE).state.policy) == 2000
    step = fund.step(now=end)
    assert (step.verdict, step.reason) == ("refused", "EXPIRED_KEY")
    assert capital(step.state.policy) == 1000


def test_an_expired_key_still_stops_things(fund: Fund) -> None:
    end = fund.now + HOUR
    fund.change(until(fund, "olga", end), by="ada")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    assert halted(fund.step(now=end + HOUR).state.policy)


def test_a_machines_key_is_taken_back_by_one_root_person_and_given_by_the_quorum(
    tmp_path: Path,
) -> None:
    fund = Fund(tmp_path, nodes=("alpha", "executor"))
    one = f'[{{name: alpha, keys: ["{fund.person("alpha").key.openssh}"]}}]'
    fund.change({AUTHORITY: authority(fund.keys, nodes=one)}, by="olga")
    assert set(fund.after().policy.nodes) == {"alpha", "executor"}
    fund.change({AUTHORITY: authority(fund.keys, nodes=one)}, by="ada", approve=True)
    assert set(fund.after().policy.nodes) == {"alpha"}


def test_every_other_difference_is_told_and_is_for_the_quorum() -> None:
    keys = {name: (person(name).key.openssh,) for name in ("ada", "grace", "alan", "olga", "carol")}
    phone = person("phone").key
    before = resolved(authority(keys))
    after = resolved(
        authority(
            {**keys, "ada": (*keys["ada"], phone.openssh), "new": (person("new").key.openssh,)},
            quorum=1,
            risk=["ada"],
        ).replace("grace@example.org", "grace@example.com")
    )
    told = {".".join(change.path): change.effect for change in authority_changes(before, after)}
    assert set(told.values()) == {Effect.UNORDERED}
    assert sorted(told) == [
        f"authority.keys.ada.{phone.fingerprint}",
        f"authority.keys.new.{person('new').key.fingerprint}",
        "authority.people.grace",
        "authority.people.new",
        "authority.quorum",
        "authority.roles.risk",
    ]
    assert authority_changes(before, before) == ()
    assert revoked_by(before, [Revocation("nobody", phone.openssh, 0)]) == before
    assert revoked_by(before, [Revocation("ada", phone.openssh, 0)]) == before


def test_somebody_who_leaves_takes_their_keys_along_at_once_and_their_roles_by_the_quorum() -> None:
    keys = {name: (person(name).key.openssh,) for name in ("ada", "grace", "alan", "olga", "carol")}
    before = resolved(authority(keys))
    fewer = {name: key for name, key in keys.items() if name != "carol"}
    after = resolved(authority(fewer).replace("people: [carol]", "people: [olga]"))
    told = {
        ".".join(c.path): (c.before, c.after, c.effect) for c in authority_changes(before, after)
    }
    assert told == {
        f"authority.keys.carol.{person('carol').key.fingerprint}": (
            "valid", "revoked", Effect.TIGHTENS,
        ),
        "authority.people.carol": ("carol@example.org", None, Effect.UNORDERED),
        "authority.roles.crypto": (["carol"], ["olga"], Effect.UNORDERED),
    }  # fmt: skip


@pytest.mark.parametrize("above", [True, False])
def test_a_key_approves_nothing_above_or_beside_what_takes_it_back(
    fund: Fund,
    above: bool,  # noqa: FBT001 - a table
) -> None:
    """The thief's approval and the revocation come in with one merge."""
    main = fund.sim.head()
    taken = fund.change(without(fund, "ada"), by="grace", parents=[main], ref=None)
    theirs = fund.change(
        LOOSER, by="ada", approve=True, parents=[taken if above else main], ref=None
    )
    merged = [main, theirs] if above else [main, taken, theirs]
    fund.tree(fund.sim.files(theirs), by=None, parents=merged)
    step = fund.step()
    assert {each.approval for each in step.seen if each.commit == theirs} == {"KEY_REVOKED"}
    assert step.approvers == ()
    assert capital(step.state.policy) == 1000


def test_a_commit_of_nobody_on_what_lacks_approvals_is_not_what_is_wrong(fund: Fund) -> None:
    fund.change(LOOSER, by="ada")
    fund.change({"README.md": "x"}, by=None)
    assert fund.step().reason == "QUORUM_MISSING"
