"""R6: a halt of the lane lands whatever the main line says, and is taken back only on top of it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.governance.fund import (
    CRYPTO,
    MOMENTUM,
    OVERLAY,
    Fund,
    authority,
    capital,
    flip,
    halted,
    overlay,
    revoked,
    switch,
    vault,
)
from tests.governance.simulator import START, Content
from vanta.domain.encoding import decode, encode
from vanta.domain.instant import FOREVER, HOUR
from vanta.governance.ahead import deliver_ahead
from vanta.governance.documents.read import AUTHORITY
from vanta.governance.fold import fold, in_force
from vanta.governance.lane import Delivered, beside, deliver
from vanta.governance.report import walk
from vanta.governance.walk import State

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


def lane_halt(
    fund: Fund,
    by: str | None,
    *,
    on: str | None = None,
    stem: str = "stop",
    more: dict[str, Content] | None = None,
    text: str | None = None,
) -> str:
    """A halt that no branch holds."""
    files: dict[str, Content] = {fund.halt(stem): text or switch(stem), **(more or {})}
    return fund.change(files, by=by, parents=[on or fund.introduction], ref=None)


def told(fund: Fund, state: State, *oids: str) -> tuple[State, Delivered]:
    after, outcomes = deliver(state, oids, fund.history, fund.now)
    return after, outcomes[0]


def refold(fund: Fund, state: State, oids: Iterable[str] = ()) -> State:
    """On to the head, then the lane."""
    heard = frozenset(oids)
    for step in fold(state, fund.sim.head(), fund.history, fund.now, lane=heard):
        state = step.state
    return deliver(state, beside(heard, state.anchor, fund.history), fund.history, fund.now)[0]


def test_a_halt_beside_the_main_line_is_in_force_at_once(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    state, outcome = told(fund, fund.state, oid)
    assert outcome == Delivered(oid, "olga", fund.halt("stop"))
    assert halted(in_force(state))
    assert not halted(state.policy)


def test_nothing_a_main_line_says_ends_it_short_of_a_quorum_on_top_of_it(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    state, _ = told(fund, fund.state, oid)
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    state = refold(fund, state)
    assert capital(in_force(state)) == 2000
    assert halted(in_force(state))


def test_a_quorum_on_top_of_it_takes_it_back(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    state, _ = told(fund, fund.state, oid)
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="ada", approve=True, parents=[main, oid])
    one = refold(fund, state)
    assert halted(in_force(one))
    assert one.lane
    fund.approve("grace")
    both = refold(fund, one)
    assert not halted(in_force(both))
    assert both.lane == {}
    assert told(fund, both, oid)[1] == Delivered(oid, code="RESOLVED")


def test_approvals_given_beside_it_do_not_take_it_back(fund: Fund) -> None:
    """Two people approve the tree without the halt, which is then merged under it."""
    oid = lane_halt(fund, "olga")
    fund.change({"README.md": "x"}, by="ada", approve=True)
    fund.approve("grace")
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="alan", parents=[main, oid])
    state = refold(fund, fund.state, [oid])
    assert halted(in_force(state))


def test_early_late_or_after_a_lost_state_it_ends_the_same(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    early, _ = told(fund, fund.state, oid)
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    late = refold(fund, fund.state, [oid])
    assert encode(refold(fund, early)) == encode(late)
    assert decode(State, encode(late)) == late


def test_it_is_judged_by_the_authority_it_stands_on(fund: Fund) -> None:
    """Olga leaves afterwards: what she halted stands, on a node that hears of it late too."""
    oid = lane_halt(fund, "olga")
    text = authority({name: keys for name, keys in fund.keys.items() if name != "olga"})
    fund.change({AUTHORITY: text.replace("people: [olga]", "people: [carol]")}, by="ada",
                approve=True)  # fmt: skip
    fund.approve("grace")
    state = refold(fund, fund.state, [oid])
    assert "olga" not in state.authority.people
    assert halted(in_force(state))
    new = lane_halt(fund, "olga", on=fund.sim.head(), stem="new")
    assert told(fund, state, new)[1].code == "UNKNOWN_SIGNER"


def test_a_signer_the_main_line_gives_later_is_heard_when_it_has(fund: Fund) -> None:
    phone = fund.person("phone").key.openssh
    keys = {**fund.keys, "phone": [phone]}
    text = authority(keys, risk=["phone", "ada", "grace"])
    fund.change({AUTHORITY: text}, by="ada", approve=True)
    oid = lane_halt(fund, "phone", on=fund.approve("grace"))
    assert told(fund, fund.state, oid)[1].code == "UNKNOWN_SIGNER"
    assert halted(in_force(refold(fund, fund.state, [oid])))


@pytest.mark.parametrize(
    ("by", "code"), [(None, "UNSIGNED"), ("mallory", "UNKNOWN_SIGNER"), ("carol", "NOT_PERMITTED")]
)
def test_who_may_not_tighten_there_halts_nothing(fund: Fund, by: str | None, code: str) -> None:
    state, outcome = told(fund, fund.state, lane_halt(fund, by))
    assert outcome.code == code
    assert in_force(state) == fund.state.policy


def test_who_may_tighten_one_vault_halts_that_one(fund: Fund) -> None:
    oid = lane_halt(fund, "carol", text=switch("stop", scope="vault: crypto"))
    overlay = in_force(told(fund, fund.state, oid)[0]).overlay
    assert overlay.vaults.at("crypto").full_halt == FOREVER
    assert overlay.vaults.at("momentum").full_halt == 0


def test_a_commit_that_halts_nothing_is_none(fund: Fund) -> None:
    released = "apiVersion: vanta.dev/v1\nkind: Overlay\nmetadata: {name: stop}\nspec: {}\n"
    for oid in (
        lane_halt(fund, "olga", text=vault("stop")),
        fund.change({"README.md": "x"}, by="olga", parents=[fund.introduction], ref=None),
        lane_halt(fund, "olga", text="spec: ["),
        lane_halt(fund, "olga", text=released),
    ):
        assert told(fund, fund.state, oid)[1].code == "NO_HALT"


def test_a_halt_of_another_history_is_none_here(fund: Fund) -> None:
    """The same people govern another fund, and its halt is replayed."""
    files: dict[str, Content] = {**fund.sim.files(fund.introduction), "README.md": "another fund"}
    other = fund.tree(files, by="ada", parents=[], ref=None)
    oid = lane_halt(fund, "olga", on=other)
    assert told(fund, fund.state, oid)[1].code == "NOT_DESCENDANT"


def test_a_halt_that_this_store_lost_keeps_no_other_out(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    state, outcomes = deliver(fund.state, ["1" * 40, oid], fund.history, fund.now)
    assert [each.code for each in outcomes] == ["MISSING_OBJECT", ""]
    assert halted(in_force(state))


def test_what_else_its_commit_changes_is_not_heard_in_the_lane(fund: Fund) -> None:
    oid = lane_halt(fund, "ada", more={MOMENTUM: vault("momentum", capital=1)})
    state, _ = told(fund, fund.state, oid)
    assert capital(in_force(state)) == 1000
    assert halted(in_force(state))


def test_it_leaves_the_flips_it_is_not_about(fund: Fund) -> None:
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR))}, by="olga", approve=True)
    state = refold(fund, fund.state)
    oid = lane_halt(fund, "olga", text=switch("stop", scope="venue: paper"))
    halted_now = in_force(told(fund, state, oid)[0])
    assert halted_now.overlay.flips == state.policy.overlay.flips
    assert halted_now.overlay.venues.at("paper").full_halt == FOREVER


def test_a_vault_that_leaves_a_halted_persona_stays_halted(fund: Fund) -> None:
    oid = lane_halt(fund, "olga", text=switch("stop", scope="persona: ares"))
    state, _ = told(fund, fund.state, oid)
    assert in_force(state).overlay.vaults.at("momentum").full_halt == FOREVER
    assert in_force(state).overlay.vaults.at("crypto").full_halt == 0
    fund.change({MOMENTUM: vault("momentum", persona="athena")}, by="ada", approve=True)
    fund.approve("grace")
    state = refold(fund, state)
    assert state.policy.vaults["momentum"].persona.name == "athena"
    assert in_force(state).overlay.vaults.at("momentum").full_halt == FOREVER


def test_a_vault_that_joins_a_halted_persona_is_halted(fund: Fund) -> None:
    oid = lane_halt(fund, "olga", text=switch("stop", scope="persona: ares"))
    state, _ = told(fund, fund.state, oid)
    fund.change({CRYPTO: vault("crypto", persona="ares")}, by="ada", approve=True)
    fund.approve("grace")
    state = refold(fund, state)
    assert state.policy.vaults["crypto"].persona.name == "ares"
    assert in_force(state).overlay.vaults.at("crypto").full_halt == FOREVER


def test_on_a_tree_nobody_can_read_it_reaches_the_vaults_in_force(fund: Fund) -> None:
    poison = fund.change({MOMENTUM: "spec: ["}, by=None)
    oid = lane_halt(fund, "olga", on=poison, text=switch("stop", scope="persona: ares"))
    state = refold(fund, fund.state, [oid])
    assert in_force(state).overlay.vaults.at("momentum").full_halt == FOREVER


def test_with_an_end_it_says_until_when(fund: Fund) -> None:
    oid = lane_halt(fund, "olga", text=switch("stop", until=START + 24 * HOUR))
    state, _ = told(fund, fund.state, oid)
    assert in_force(state).overlay.everywhere.full_halt == START + 24 * HOUR


def test_a_merge_that_drops_it_must_have_its_quorum_though_nobody_there_may_halt(
    fund: Fund,
) -> None:
    """Its signer lost their key between the halt and the merge: it stands all the same."""
    oid = lane_halt(fund, "olga")
    gone = authority({**fund.keys, "olga": [revoked(fund.keys["olga"][0])]})
    fund.change({AUTHORITY: gone}, by="ada")
    state = refold(fund, fund.state, [oid])
    assert halted(in_force(state))
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="ada", parents=[main, oid])
    state = refold(fund, state, [oid])
    assert halted(in_force(state))
    fund.approve("ada")
    fund.approve("grace")
    resumed = refold(fund, state, [oid])
    assert not halted(in_force(resumed))
    # A node that lost its state ends there too.
    assert encode(refold(fund, fund.state, [oid])) == encode(resumed)


# Below a tip


def beside_of(fund: Fund, *tips: str) -> frozenset[str]:
    return beside(tips, fund.state.anchor, fund.history)


def test_what_is_piled_on_a_halt_buries_it_for_nobody(fund: Fund) -> None:
    oid = tip = lane_halt(fund, "olga")
    for number in range(20):
        tip = fund.change({"README.md": str(number)}, by=None, parents=[tip], ref=None)
    merged = fund.tree(fund.sim.files(oid), by=None, parents=[fund.introduction, tip], ref=None)
    for at in (tip, merged):
        state, _ = deliver(fund.state, beside_of(fund, at), fund.history, fund.now)
        assert set(state.lane) == {oid}


def test_what_the_main_line_has_is_not_the_lanes(fund: Fund) -> None:
    on = fund.change({fund.halt("first"): switch("first")}, by="olga")
    second = lane_halt(fund, "olga", on=on, stem="second")
    state = refold(fund, fund.state)
    assert beside([second], state.anchor, fund.history) == {second}


def test_a_buried_halt_that_the_main_line_merges_is_heard_before_it(fund: Fund) -> None:
    """Late nodes end where those end that heard it when it came."""
    oid = lane_halt(fund, "olga")
    tip = fund.change({"README.md": "on top"}, by=None, parents=[oid], ref=None)
    early = deliver(fund.state, beside_of(fund, tip), fund.history, fund.now)[0]
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="ada", parents=[main, tip])
    late = refold(fund, fund.state, [tip])
    assert halted(in_force(late))
    assert encode(refold(fund, early, [tip])) == encode(late)


def test_a_tip_that_cannot_be_walked_keeps_none_beside_it_out(fund: Fund) -> None:
    oid = lane_halt(fund, "olga")
    tip = fund.change({"README.md": "on top"}, by=None, parents=[oid], ref=None)
    assert beside_of(fund, "1" * 40, tip) == {"1" * 40, tip, oid}


# On a main line that is withheld


@pytest.fixture
def given(fund: Fund) -> str:
    """The head of a main line on which a quorum gave somebody their key."""
    keys = {**fund.keys, "phone": [fund.person("phone").key.openssh]}
    text = authority(keys, risk=["phone", "ada", "grace"])
    fund.change({AUTHORITY: text}, by="ada", approve=True)
    return fund.approve("grace")


def ahead(fund: Fund, *oids: str) -> tuple[State, list[str]]:
    state, outcomes = deliver_ahead(fund.state, oids, fund.history, fund.now)
    return state, [each.code for each in outcomes]


def test_a_halt_brings_along_what_gave_its_key(fund: Fund, given: str) -> None:
    one = lane_halt(fund, "phone", on=given)
    two = lane_halt(fund, "phone", on=given, stem="two")
    state, codes = ahead(fund, one, two)
    assert codes == ["", ""]
    assert halted(in_force(state))
    # Nothing else is taken from there, and once main is shown it stands as it stood.
    assert state.authority == fund.state.authority
    later = refold(fund, state)
    assert encode(later) == encode(refold(fund, fund.state, [one, two]))


def test_a_key_that_no_quorum_gave_halts_nothing(fund: Fund, given: str) -> None:
    asked = fund.history.parents(given)[0]
    state, codes = ahead(fund, lane_halt(fund, "phone", on=asked))
    assert (codes, state.lane) == (["UNKNOWN_SIGNER"], {})


def test_a_stranger_is_one_on_every_history(fund: Fund, given: str) -> None:
    root = fund.tree(fund.sim.files(given), by="ada", parents=[], ref=None)
    mine = fund.tree(fund.sim.files(given), by="phone", parents=[], ref=None)
    strangers = [
        lane_halt(fund, "mallory", on=given),
        lane_halt(fund, "phone", on=root),
        mine,
    ]
    state, codes = ahead(fund, *strangers)
    assert (set(codes), state.lane) == ({"UNKNOWN_SIGNER"}, {})


def test_no_halt_is_followed_far_nor_on_many_histories(
    fund: Fund, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    halts = [lane_halt(fund, "phone", on=given)]
    on = fund.change({"README.md": "on"}, by=None, parents=[given], ref=None)
    halts.append(lane_halt(fund, "phone", on=on))
    monkeypatch.setattr("vanta.governance.ahead.LINES", 1)
    assert sorted(ahead(fund, *halts)[1]) == ["", "UNKNOWN_SIGNER"]
    monkeypatch.setattr("vanta.governance.ahead.STEPS", 1)
    assert ahead(fund, halts[0])[1] == ["UNKNOWN_SIGNER"]


# Through the door


def test_a_standing_halt_is_what_the_door_says_last(fund: Fund) -> None:
    def door(applied: str | None = None) -> tuple[str, str | None, int]:
        report = walk(fund.sim.path, fund.trust, "prod", applied=applied, now=fund.now)
        assert report.policy is not None
        return report.verdict, report.reason, report.policy.overlay.everywhere.full_halt

    base = fund.sim.head()
    assert door() == ("unchanged", None, 0)
    fund.sim.point("refs/vanta/halts/stop", lane_halt(fund, "olga"))
    fund.sim.point("refs/vanta/halts/noise", lane_halt(fund, "mallory", stem="noise"))
    assert door() == ("tightened", "HALTED", FOREVER)
    fund.change({MOMENTUM: "spec: ["}, by=None)
    assert door()[0::2] == ("tightened", FOREVER)
    assert door(base) == (door()[0], door()[1], FOREVER)


def test_a_head_that_cannot_be_walked_keeps_no_halt_out(fund: Fund) -> None:
    fund.sim.point("refs/vanta/halts/stop", lane_halt(fund, "olga"))
    other = fund.tree(fund.sim.files(fund.introduction), by=None, parents=[], ref=None)
    report = walk(fund.sim.path, fund.trust, "prod", head=other, now=fund.now)
    assert (report.verdict, report.reason) == ("tightened", "NOT_DESCENDANT")
    assert report.policy is not None
    assert halted(report.policy)


def test_a_branch_that_is_hidden_keeps_no_halt_out(fund: Fund) -> None:
    fund.sim.point("refs/vanta/halts/stop", lane_halt(fund, "olga"))
    report = walk(fund.sim.path, fund.trust, "prod", head="refs/heads/gone", now=fund.now)
    assert (report.verdict, report.reason) == ("tightened", "REF_MISSING")
