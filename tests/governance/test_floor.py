"""R8: a node that lost its journal publishes nothing older than what the rest of it knows."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.governance.fund import MOMENTUM, Fund, capital, halted, switch, vault
from tests.governance.simulator import MAIN, Content
from tests.governance.station import Station
from vanta.domain.errors import UnavailableError
from vanta.domain.record import Entry
from vanta.executor.adoption import PolicyInForce
from vanta.executor.events import PolicyAdopted, entry
from vanta.executor.log import TradeLog
from vanta.governance.memory import Floor
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, PolicyReader, read_files
from vanta.journal.writer import Journal

LOOSER: dict[str, Content] = {MOMENTUM: vault("momentum", capital=2000)}


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    """A node that evaluated a halt, with an Executor that adopted it."""
    made = Station(tmp_path, fund)
    made.start().tick()
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    made.start().tick()
    yield made
    made.stop()


def executor_acts(station: Station, commit: str | None = None) -> None:
    """Another journal of the node, by a service that adopted what is published."""
    published = station.reader()
    with Journal.open(
        station.memory / "trade_log.jsonl", actor="executor", clock=station.clock
    ) as journal:
        event = PolicyAdopted(published)
        policy = commit or published.provenance.commit
        journal.append([entry(event, ordinal=1, parents=(), dag_id="", policy=policy)])


def lose_journal(station: Station) -> None:
    station.stop()
    for path in station.memory.glob("governance*"):
        path.unlink()


def lose_files(station: Station) -> None:
    for name in (VAULT_FILE, OVERLAY_FILE):
        (station.memory / name).unlink()


def roll_back(fund: Fund) -> str:
    """The forge shows an older head."""
    head = fund.sim.head()
    fund.sim.point(MAIN, fund.introduction)
    return head


def refused(station: Station) -> list[str]:
    return [body["code"] for body in station.bodies("head.refused")]


def test_the_published_files_alone_keep_an_older_head_out(station: Station, fund: Fund) -> None:
    lose_journal(station)
    head = roll_back(fund)
    before = read_files(station.memory)
    controller = station.start()
    for _ in range(3):
        assert controller.tick() == ()
    assert refused(station) == ["ROLLBACK"]
    assert read_files(station.memory) == before
    assert controller.memory.published is None
    with pytest.raises(UnavailableError):
        PolicyReader(station.memory, patience=0.0)()
    fund.sim.point(MAIN, head)
    controller.tick()
    assert halted(PolicyReader(station.memory)().policy)
    assert station.published().provenance.serial == 3, "above the greatest that was seen"


def test_another_journal_alone_keeps_an_older_head_out(station: Station, fund: Fund) -> None:
    executor_acts(station)
    lose_journal(station)
    lose_files(station)
    head = roll_back(fund)
    controller = station.start()
    assert controller.tick() == ()
    assert refused(station) == ["ROLLBACK"]
    assert "trade_log.jsonl" in controller.refusals["branch"].message
    assert not (station.memory / VAULT_FILE).exists()
    fund.sim.point(MAIN, head)
    controller.tick()
    assert halted(station.published().policy)
    assert station.published().provenance.serial == 3


def test_it_is_so_over_any_number_of_restarts(station: Station, fund: Fund) -> None:
    executor_acts(station)
    lose_journal(station)
    lose_files(station)
    roll_back(fund)
    for _ in range(3):
        assert station.start().tick() == ()
    shutil.rmtree(station.mirror)
    assert station.start().tick() == ()
    assert not (station.memory / VAULT_FILE).exists()
    assert len(station.bodies("floor.found")) == 1


def test_an_old_copy_of_the_journal_put_back_loosens_nothing(station: Station, fund: Fund) -> None:
    """A restored backup knows an older anchor; the files on disk know better."""
    station.stop()
    old = station.journal.read_bytes()
    fund.change({fund.halt("two"): switch("two", kind="maintenance")}, by="olga")
    station.start().tick()
    executor_acts(station)
    station.stop()
    files = read_files(station.memory)
    station.journal.write_bytes(old)
    head = fund.sim.head()
    fund.sim.point(MAIN, fund.repository.parents(head)[0])
    controller = station.start()
    assert controller.held_back
    controller.tick()
    assert read_files(station.memory) == files
    assert refused(station) == ["ROLLBACK"]
    fund.sim.point(MAIN, head)
    controller.tick()
    published = PolicyReader(station.memory)()
    assert published.policy.overlay.everywhere.maintenance > 0
    assert published.provenance.serial == 4
    assert station.refolded() > 0


def test_a_halt_lands_on_a_node_that_is_held_back_as_soon_as_it_is_let_go(
    station: Station, fund: Fund
) -> None:
    lose_journal(station)
    head = roll_back(fund)
    controller = station.start()
    controller.tick()
    fund.lane("more", by="olga")
    controller.tick()
    fund.sim.point(MAIN, head)
    controller.tick()
    assert controller.memory.state is not None
    assert len(controller.memory.state.lane) == 1


def test_in_an_ordinary_life_there_is_nothing_to_find(station: Station, fund: Fund) -> None:
    executor_acts(station)
    for change in (LOOSER, {"README.md": "x\n"}):
        fund.change(change, by="ada", approve=True)
        station.start().tick()
        executor_acts(station)
    station.start().tick()
    assert station.bodies("floor.found") == []


def test_a_service_that_acts_by_an_older_commit_is_no_floor_above(
    station: Station, fund: Fund
) -> None:
    executor_acts(station, fund.introduction)
    lose_journal(station)
    lose_files(station)
    controller = station.start()
    controller.tick()
    assert controller.trouble == ""
    assert station.published().provenance.serial == 3


def test_an_edited_provenance_that_a_receipt_contradicts_is_an_edit_and_no_floor(
    station: Station,
) -> None:
    station.stop()

    def far(content: dict[str, Any]) -> None:
        content["provenance"].update(serial=10**6, commit="f" * 40)

    for name in (VAULT_FILE, OVERLAY_FILE):
        station.edit(name, far)
    station.start().tick()
    assert station.published().provenance.serial == 2
    assert [body["code"] for body in station.bodies("edit.reverted")] == ["EDITED_PROVENANCE"]


@pytest.mark.parametrize("content", [b"", b"\xff\n", b'{"policy":"no"}\n', b'{"policy":'])
def test_a_journal_that_cannot_be_read_says_nothing(station: Station, content: bytes) -> None:
    (station.memory / "harvest.jsonl").write_bytes(content)
    station.start().tick()
    assert station.bodies("floor.found") == []


def test_what_somebody_else_wrote_into_a_text_is_no_floor(station: Station) -> None:
    """A post on a forum may quote a record; inside a JSON string its quotes are escaped."""
    quoted = json.dumps(
        {"provenance": {"commit": "f" * 40, "tree": "", "serial": 10**9}, "policy": "f" * 40},
        separators=(",", ":"),
    )
    with Journal.open(
        station.memory / "harvest.jsonl", actor="markets", clock=station.clock
    ) as journal:
        journal.append([Entry("signal.harvested", "one", {"text": quoted})])
    station.start().tick()
    assert station.bodies("floor.found") == []


def test_what_a_record_holds_of_somebody_elses_is_no_floor(station: Station) -> None:
    """An intent names the policy of the machine that made it, and its maker may name any."""
    elsewhere = {
        "policy": "f" * 40,
        "provenance": {"commit": "f" * 40, "tree": "", "serial": 10**9},
    }
    with Journal.open(
        station.memory / "intents.jsonl", actor="executor", clock=station.clock
    ) as journal:
        body = {"intent": elsewhere, **elsewhere}
        journal.append([Entry("intent.accepted", "one", body, policy=station.fund.introduction)])
    station.start().tick()
    assert station.bodies("floor.found") == []


def test_a_trade_log_that_was_rotated_still_says_what_it_acted_by(
    station: Station, fund: Fund
) -> None:
    """Its live segment holds no record but its opening, with the book in it."""
    log = TradeLog(
        station.memory / "trade_log.jsonl", actor="executor", clock=station.clock, rotate_at=1
    )
    log.state(PolicyAdopted(station.reader()))
    log.commit()
    log.close()
    assert (station.memory / "trade_log.000001.jsonl").exists()
    lose_journal(station)
    lose_files(station)
    head = roll_back(fund)
    controller = station.start()
    assert controller.held_back == {head: "trade_log.jsonl"}
    assert controller.memory.floor.serial == 2


def test_a_journal_that_somebody_broke_still_says_what_the_rest_of_it_says(
    station: Station, fund: Fund
) -> None:
    executor_acts(station)
    path = station.memory / "trade_log.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first[: len(first) // 2] + b"\n" + b"".join(rest) + b'{"torn')
    lose_journal(station)
    lose_files(station)
    head = roll_back(fund)
    assert station.start().held_back == {head: "trade_log.jsonl"}


def test_the_floor_is_a_record_that_the_next_start_knows(station: Station, fund: Fund) -> None:
    executor_acts(station)
    lose_journal(station)
    controller = station.start()
    (body,) = station.bodies("floor.found")
    assert (body["serial"], set(body["commits"])) == (2, {fund.sim.head()})
    assert station.start().memory.floor == controller.memory.floor == Floor(2, body["commits"])


# The Executor's own side


def test_the_executor_takes_nothing_below_its_journals_serial_over_a_restart(
    station: Station, fund: Fund
) -> None:
    """Two memories of one node: the controller's is begun anew, the Executor's is not."""
    before = station.reader()
    assert halted(before.policy)
    lose_journal(station)
    shutil.rmtree(station.memory)
    station.memory.mkdir()
    roll_back(fund)
    station.start().tick()
    fresh = PolicyReader(station.memory)
    assert not halted(fresh().policy)
    assert fresh().provenance.serial == 1
    restarted = PolicyInForce(fresh, before)
    assert halted(restarted().policy)
    assert restarted() is restarted()


def test_a_running_reader_follows_a_journal_begun_anew_only_as_far_as_it_had_come(
    station: Station, fund: Fund
) -> None:
    reader = station.reader
    assert reader().provenance.serial == 2
    lose_journal(station)
    lose_files(station)
    fund.sim.point(MAIN, fund.introduction)
    station.start().tick()
    with pytest.raises(UnavailableError) as told:
        reader()
    assert told.value.code == "ROLLED_BACK"
    fund.change({MOMENTUM: vault("momentum", capital=9)}, by="ada")
    station.start().tick()
    assert capital(reader().policy) == 9
