"""The log: the same steps whether a node or a repository tells them."""

from pathlib import Path

import pytest

from tests.governance.fund import CRYPTO, ENVIRONMENT, MOMENTUM, Fund, switch, vault
from tests.governance.station import Station
from vanta.domain.errors import UnavailableError
from vanta.governance.policy_log import Happened, of_node, of_repository
from vanta.governance.rewalk import rewalk

LOOSER = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    made = Fund(tmp_path)
    made.change(
        {**LOOSER, CRYPTO: vault("crypto", capital=900, persona="athena")}, by="ada", approve=True
    )
    made.approve("grace")
    made.change({"README.md": "x"}, by=None)
    made.change({made.halt("stop"): switch("stop")}, by="olga")
    made.change({MOMENTUM: "spec: ["}, by="mallory")
    return made


def told(fund: Fund) -> list[Happened]:
    walked = rewalk(fund.sim.path, fund.trust, ENVIRONMENT, now=fund.now)
    return list(of_repository(fund.sim.path, walked))


def test_every_step_tells_who_signed_who_approved_and_what_it_changed(fund: Fund) -> None:
    start, proposed, approved, note, halt, poison = told(fund)
    assert (start.what, start.commit) == ("policy.introduced", fund.introduction)
    assert (proposed.verdict, proposed.reason) == ("tightened", "QUORUM_MISSING")
    assert (approved.verdict, approved.approved) == ("applied", ("ada", "grace"))
    assert {each.says for each in approved.changes} >= {"vaults.momentum.capital: 1000 -> 2000"}
    assert [each.person for each in approved.signed] == ["grace"]
    assert (note.verdict, note.signed[0].code) == ("unchanged", "UNSIGNED")
    assert (halt.verdict, halt.signed[0].person) == ("tightened", "olga")
    assert (poison.verdict, poison.signed[0].code) == ("refused", "UNKNOWN_SIGNER")
    assert all((each.clock, each.at[:11]) == ("claimed", "2026-11-22T") for each in told(fund))


def test_a_node_and_a_repository_tell_the_same_steps(fund: Fund, tmp_path: Path) -> None:
    station = Station(tmp_path, fund)
    station.start().tick()
    station.stop()
    names = ("what", "commit", "verdict", "signed", "approved", "changes")
    by_node = [
        [getattr(each, name) for name in names]
        for each in of_node(station.journal)
        if each.what in {"policy.introduced", "policy.evaluated"}
    ]
    # A repository's last step says more: what nobody signed would have asked for.
    by_repository = [[getattr(each, name) for name in names] for each in told(fund)]
    assert by_node == by_repository
    assert all(each.clock == "observed" for each in of_node(station.journal))


def test_what_happens_beside_the_branch_is_told_too(fund: Fund, tmp_path: Path) -> None:
    station = Station(tmp_path, fund)
    running = station.start()
    running.tick()
    head = fund.sim.head()
    fund.change(
        {fund.halt("aside"): switch("aside", scope="vault: crypto")}, by="carol",
        ref="refs/vanta/halts/aside", parents=[head],
    )  # fmt: skip
    running.tick()
    station.overlay(maintenance=True)
    running.tick()
    station.limit(99_000)
    running.tick()
    station.stop()
    found = {each.what: each for each in of_node(station.journal)}
    lane = found["halt.delivered"]
    assert (lane.signed[0].person, lane.message) == ("carol", fund.halt("aside"))
    assert "maintenance" in " ".join(each.says for each in found["edit.adopted"].changes)
    assert found["edit.reverted"].reason == "LOOSENING_EDIT"
    assert lane.commit in {each.commit for each in told(fund)}


def test_a_node_that_was_never_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        list(of_node(tmp_path / "governance.jsonl"))
