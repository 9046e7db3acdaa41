"""The controller: every outcome has a receipt, and what it knows is what the receipts say."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import (
    MOMENTUM,
    OVERLAY,
    Fund,
    boost,
    capital,
    flip,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import MAIN, Content
from tests.governance.station import Station
from vanta.domain.errors import RefusedError, UnavailableError
from vanta.governance.memory import recall
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, read_files, render
from vanta.governance.publisher import PUBLISHED_MODE
from vanta.governance.trust import Trust

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    made.stop()


def stop(fund: Fund) -> dict[str, Content]:
    return {fund.halt("stop"): switch("stop")}


def test_the_introduction_is_published_with_its_receipt(station: Station, fund: Fund) -> None:
    controller = station.start()
    assert controller.tick() == ()
    (receipt,) = station.bodies("policy.introduced")
    assert (receipt["commit"], receipt["verdict"]) == (fund.introduction, "applied")
    published = station.published()
    assert published == controller.memory.published == station.reader()
    assert published.policy == fund.state.policy
    assert (published.provenance.commit, published.provenance.serial) == (fund.introduction, 1)


def test_a_fresh_node_goes_straight_to_the_policy_in_force(station: Station, fund: Fund) -> None:
    """The introduction allowed what has been halted since: it is never published on its own."""
    fund.change(stop(fund), by="olga")
    published_early: list[bool] = []

    def look(step: str) -> None:
        if step in {"receipt", "publish"}:
            published_early.append((station.memory / VAULT_FILE).exists())

    station.start(crash=look).tick()
    assert published_early == [False, False]
    assert halted(station.reader().policy)


def test_nothing_new_costs_no_record(station: Station) -> None:
    controller = station.start()
    controller.tick()
    before = station.journal.read_bytes()
    assert controller.tick() == controller.tick() == ()
    assert station.journal.read_bytes() == before


def test_every_step_has_a_receipt_refusals_included(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    commits = [
        fund.change({"README.md": "x\n"}, by=None),
        fund.change(LOOSER, by=None),
        fund.change(stop(fund), by="olga"),
        fund.approve("ada"),
        fund.approve("grace"),
    ]
    steps = controller.tick()
    receipts = station.bodies("policy.evaluated")
    verdicts = ["unchanged", "refused", "tightened", "refused", "applied"]
    assert [step.verdict for step in steps] == verdicts
    assert [receipt["verdict"] for receipt in receipts] == verdicts
    assert [receipt["commit"] for receipt in receipts] == commits
    assert [receipt["reason"] for receipt in receipts[1:4:2]] == ["UNSIGNED", "QUORUM_MISSING"]
    waiting = receipts[3]
    assert (waiting["approvers"], waiting["needs"][0]["quorum"]) == (["ada"], 2)
    assert waiting["changes"][0]["effect"] == "loosens"
    assert [one["state"] is None for one in receipts] == [True, True, True, True, False]


def test_receipts_name_the_policy_in_force_when_they_were_written(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    controller.tick()
    head = fund.change(stop(fund), by="olga")
    controller.tick()
    fund.change({"README.md": "x\n"}, by=None)
    controller.tick()
    assert [record.policy for record in station.records()] == ["", fund.introduction, head]


def test_the_serial_grows_with_the_policy_and_not_with_commits(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    serials = []
    for change in ({}, stop(fund), {"README.md": "x\n"}):
        fund.change(change, by="olga")
        controller.tick()
        serials.append(station.published().provenance.serial)
    assert serials == [1, 2, 2]
    assert station.published().provenance.commit == fund.sim.head()


def test_a_restart_knows_what_was_known(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    fund.change(stop(fund), by="olga")
    fund.change(LOOSER, by="ada", approve=True)
    controller.tick()
    station.overlay(maintenance=True)
    controller.tick()
    known, files = controller.memory, read_files(station.memory)
    again = station.start()
    assert again.memory == known == recall(station.journal)
    assert read_files(station.memory) == files
    assert again.tick() == ()


def test_one_walk_or_many_end_at_the_same_policy(tmp_path: Path, fund: Fund) -> None:
    for name in ("often", "once"):
        (tmp_path / name).mkdir()
    often, once = (Station(tmp_path / name, fund) for name in ("often", "once"))
    controller = often.start()
    for changes, by in (({}, None), (stop(fund), "olga"), (LOOSER, "ada"), (LOOSER, None)):
        fund.change(changes, by=by, approve=by is not None)
        controller.tick()
    last = once.start()
    last.tick()
    assert last.memory.state == controller.memory.state
    assert last.memory.published is not None
    assert last.memory.published.policy == often.published().policy
    often.stop()
    once.stop()


def test_a_journal_belongs_to_one_environment(station: Station) -> None:
    station.start().tick()
    with pytest.raises(RefusedError) as refused:
        station.start(environment="dev")
    assert refused.value.code == "WRONG_ENVIRONMENT"
    # Whoever refused let go of the journal.
    station.start().tick()


def test_two_controllers_on_one_memory_are_one_too_many(
    station: Station, tmp_path: Path, fund: Fund
) -> None:
    station.start()
    other = Station(tmp_path, fund)
    with pytest.raises(UnavailableError) as refused:
        other.start()
    assert refused.value.code == "JOURNAL_LOCKED"
    other.stop()


def test_files_are_for_the_group_and_nobody_else(station: Station) -> None:
    station.start().tick()
    for name in (VAULT_FILE, OVERLAY_FILE):
        assert (station.memory / name).stat().st_mode & 0o777 == PUBLISHED_MODE


# A branch that cannot be walked


def refusals(station: Station) -> list[str]:
    return [body["code"] for body in station.bodies("head.refused")]


def test_a_remote_that_is_gone_is_told_once_and_the_last_good_policy_stays(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    controller.tick()
    good = station.published()
    moved = Path(f"{station.remote}.away")
    fund.sim.path.rename(moved)
    for _ in range(3):
        assert controller.tick() == ()
    assert refusals(station) == ["FETCH_FAILED"]
    assert "FETCH_FAILED" in controller.trouble
    assert station.reader() == good
    moved.rename(fund.sim.path)
    fund.change(stop(fund), by="olga")
    controller.tick()
    assert controller.trouble == ""
    assert halted(station.reader().policy)


def test_a_branch_that_is_gone_is_told_once(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    (fund.sim.path / MAIN).unlink()
    for _ in range(3):
        controller.tick()
    assert refusals(station) == ["REF_MISSING"]


def test_a_rewritten_history_is_refused_once_and_the_next_good_head_is_taken_at_once(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    halt = fund.change(stop(fund), by="olga")
    controller.tick()
    fund.change(LOOSER, by="ada", approve=True, parents=[fund.introduction])
    for _ in range(3):
        assert controller.tick() == ()
    assert refusals(station) == ["NOT_DESCENDANT"]
    assert halted(station.reader().policy)
    fund.sim.point(MAIN, halt)
    fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
    controller.tick()
    assert capital(station.reader().policy) == 1
    assert refusals(station) == ["NOT_DESCENDANT"]


def test_an_older_commit_presented_again_is_refused(station: Station, fund: Fund) -> None:
    controller = station.start()
    fund.change(stop(fund), by="olga")
    controller.tick()
    fund.sim.point(MAIN, fund.introduction)
    assert controller.tick() == ()
    assert refusals(station) == ["NOT_DESCENDANT"]
    assert halted(station.reader().policy)


def test_a_merge_made_the_wrong_way_round_is_refused(station: Station, fund: Fund) -> None:
    controller = station.start()
    halt = fund.change(stop(fund), by="olga")
    controller.tick()
    side = fund.change({"README.md": "x\n"}, by="ada", parents=[fund.introduction], ref=None)
    fund.tree(fund.sim.files(halt), by="ada", parents=[side, halt])
    assert controller.tick() == ()
    assert refusals(station) == ["NOT_FIRST_PARENT"]
    assert halted(station.reader().policy)


def test_the_same_trouble_after_a_good_head_is_told_again(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    for _ in range(2):
        (fund.sim.path / MAIN).unlink()
        controller.tick()
        fund.sim.point(MAIN, fund.sim.head())
        controller.tick()
    assert refusals(station) == ["REF_MISSING"] * 2


def test_a_state_that_was_deleted_is_folded_again_and_cannot_be_rolled_back_by_it(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    fund.change(LOOSER, by="ada", approve=True)
    fund.change(stop(fund), by="olga", approve=True)
    controller.tick()
    known = station.published().policy
    station.stop()
    shutil.rmtree(station.memory)
    station.memory.mkdir()
    station.start().tick()
    assert station.published().policy == known


@pytest.mark.parametrize(
    ("trust", "code"),
    [
        (lambda t: Trust(t.introduction, ("SHA256:other",)), "UNTRUSTED_INTRODUCTION"),
        (lambda t: Trust(t.introduction, ()), "UNTRUSTED_INTRODUCTION"),
        (lambda t: Trust("f" * 40, t.fingerprints), "MISSING_OBJECT"),
        (lambda t: Trust("main", t.fingerprints), "BAD_OID"),
    ],
)
def test_without_its_introduction_nothing_is_published(
    station: Station, fund: Fund, trust: object, code: str
) -> None:
    assert callable(trust)
    fund.trust = trust(fund.trust)
    controller = station.start()
    for _ in range(2):
        assert controller.tick() == ()
    assert refusals(station) == [code]
    assert not (station.memory / VAULT_FILE).exists()
    with pytest.raises(UnavailableError):
        station.reader()


def test_a_journal_that_rotates_keeps_everything_known(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    fund.change(stop(fund), by="olga")
    controller.tick()
    station.overlay(maintenance=True)
    controller.tick()
    known = controller.memory
    reader = station.reader
    before = reader()
    controller._ledger.rotate()
    assert recall(station.journal) == known
    assert station.start().memory == known
    assert reader() == before == station.published()
    fund.change({"README.md": "x\n"}, by=None)
    station.start().tick()
    assert reader().provenance.commit == fund.sim.head()


def test_a_flip_is_published_until_it_ends(station: Station, fund: Fund) -> None:
    ends = fund.now + 3600 * 10**9
    fund.change({OVERLAY: overlay(flip(ends))}, by="olga", approve=True)
    station.start().tick()
    assert station.reader().policy.overlay.flips["momentum"].until == ends


def test_a_boost_is_published_until_it_ends(station: Station, fund: Fund) -> None:
    ends = fund.now + 3600 * 10**9
    fund.change({OVERLAY: overlay(boosts=[boost(ends)])}, by="ada", approve=True)
    fund.approve("grace")
    station.start().tick()
    found = station.reader().policy.overlay.boosts["momentum"]
    assert (found.until, found.multiplier) == (ends, 1_500_000)


def test_files_say_which_record_they_were_made_from(station: Station) -> None:
    controller = station.start()
    controller.tick()
    assert controller.memory.published is not None
    assert controller.memory.at is not None
    assert controller.memory.at.size == 2
    assert read_files(station.memory) == render(
        controller.memory.published, controller.memory.at, "governance"
    )
