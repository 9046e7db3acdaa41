"""R7: a hand edit that only tightens holds until a quorum names it; every other is put back."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.governance.fund import (
    HERE,
    MOMENTUM,
    OVERLAY,
    Fund,
    capital,
    document,
    halted,
    overlay,
    switch,
    vault,
)
from tests.governance.simulator import Content
from tests.governance.station import Station
from vanta.domain.errors import RefusedError, UnavailableError, VantaError
from vanta.domain.instant import HOUR, show_instant
from vanta.governance.break_glass import tighten_overlay
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, read_files
from vanta.governance.publisher import PUBLISHED_MODE
from vanta.journal import files
from vanta.lattice.algebra import compare
from vanta.lattice.direction import Order

RELEASE = f"{HERE}halts/release.yaml"


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    made.start().tick()
    yield made
    made.stop()


def release(nonce: str) -> dict[str, Content]:
    return {RELEASE: document("Overlay", "release", f'released: ["{nonce}"]')}


def in_maintenance(station: Station) -> bool:
    return station.reader().policy.overlay.everywhere.maintenance > 0


# Tightening


def test_a_tightening_edit_holds_at_once_and_is_adopted_at_the_next_tick(station: Station) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    assert in_maintenance(station)
    controller.tick()
    (adopted,) = station.bodies("edit.adopted")
    assert controller.memory.restrained_by() == (adopted["nonce"],)
    assert in_maintenance(station)
    assert station.published() == controller.memory.published
    assert station.bodies("edit.reverted") == []


def test_an_adopted_edit_reaches_every_vault(station: Station) -> None:
    controller = station.start()
    station.overlay(full_halt=True)
    controller.tick()
    assert halted(station.reader().policy)


def test_an_edit_may_tighten_a_limit_or_one_vault(station: Station) -> None:
    controller = station.start()
    station.limit(10)
    station.edit(OVERLAY_FILE, lambda content: content["vaults"]["crypto"].update(reduce_only=True))
    controller.tick()
    policy = station.reader().policy
    assert capital(policy) == 10
    assert policy.overlay.vaults.at("crypto").reduce_only > 0
    assert policy.overlay.vaults.at("momentum").reduce_only == 0
    assert len(controller.memory.restraints) == 1


def test_an_edit_may_say_until_when(station: Station, fund: Fund) -> None:
    controller = station.start()
    ends = fund.now + HOUR
    station.overlay(orders_disabled=show_instant(ends))
    controller.tick()
    assert station.reader().policy.overlay.everywhere.orders_disabled == ends


def test_an_adopted_edit_survives_a_restart_and_every_commit(station: Station, fund: Fund) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    controller = station.start()
    assert in_maintenance(station)
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    assert capital(station.reader().policy) == 2000
    assert in_maintenance(station)
    assert len(controller.memory.restrained_by()) == 1


def test_an_edit_made_while_the_controller_was_down_is_adopted_when_it_starts(
    station: Station,
) -> None:
    station.stop()
    station.overlay(maintenance=True)
    controller = station.start()
    assert in_maintenance(station)
    assert len(controller.memory.restrained_by()) == 1
    assert len(station.bodies("edit.adopted")) == 1


@pytest.mark.parametrize("at", ["receipt", "publish"])
def test_an_edit_made_while_a_commit_is_being_published_is_not_written_over(
    station: Station, fund: Fund, at: str
) -> None:
    controller = station.start(
        crash=lambda step: station.overlay(maintenance=True) if step == at else None
    )
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    controller.tick()
    assert capital(station.reader().policy) == 500
    assert in_maintenance(station)
    assert len(controller.memory.restrained_by()) == 1


def test_one_edit_after_another_adds_up(station: Station) -> None:
    controller = station.start()
    for edit in ({"maintenance": True}, {"reduce_only": True}):
        station.overlay(**edit)
        controller.tick()
    everywhere = station.reader().policy.overlay.everywhere
    assert min(everywhere.maintenance, everywhere.reduce_only) > 0
    assert len(controller.memory.restrained_by()) == 2


def test_an_edit_of_everything_outlives_the_end_of_one_vaults_halt(
    station: Station, fund: Fund
) -> None:
    """The vault was halted by Git already, so the edit changed nothing there when it was made."""
    controller = station.start()
    stop = fund.halt("stop")
    fund.change({stop: switch("stop", scope="vault: crypto")}, by="olga", approve=True)
    controller.tick()
    station.overlay(full_halt=True)
    controller.tick()
    fund.change({stop: None}, by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    assert halted(station.reader().policy)
    assert controller.memory.published is not None
    assert halted(controller.memory.published.policy)
    controller.tick()
    assert len(controller.memory.restrained_by()) == 1


# Release


def test_only_the_quorum_that_names_it_lets_an_edit_go(station: Station, fund: Fund) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    (nonce,) = controller.memory.restrained_by()
    fund.change(release("0" * 16), by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    assert in_maintenance(station)
    fund.change(release(nonce), by="ada", approve=True)
    controller.tick()
    assert in_maintenance(station)
    fund.approve("grace")
    controller.tick()
    assert not in_maintenance(station)
    assert controller.memory.restrained_by() == ()


def test_an_edit_that_was_let_go_stays_gone_when_its_release_is_taken_away(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    (nonce,) = controller.memory.restrained_by()
    fund.change(release(nonce), by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    fund.change({RELEASE: None}, by="ada", approve=True)
    controller.tick()
    assert not in_maintenance(station)
    assert station.start().memory == controller.memory


def test_a_release_given_and_taken_away_between_two_looks_counts_all_the_same(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    (nonce,) = controller.memory.restrained_by()
    fund.change(release(nonce), by="ada", approve=True)
    fund.approve("grace")
    fund.change({RELEASE: None}, by="ada", approve=True)
    controller.tick()
    assert not in_maintenance(station)
    assert station.start().memory == controller.memory


def test_one_edit_is_let_go_and_the_other_stays(station: Station, fund: Fund) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    (first,) = controller.memory.restrained_by()
    station.overlay(reduce_only=True)
    controller.tick()
    fund.change(release(first), by="ada", approve=True)
    fund.approve("alan")
    controller.tick()
    everywhere = station.reader().policy.overlay.everywhere
    assert (everywhere.maintenance > 0, everywhere.reduce_only > 0) == (False, True)


def test_undoing_an_adopted_edit_by_hand_loosens_and_is_put_back(station: Station) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    station.overlay(maintenance=False)
    assert in_maintenance(station)
    controller.tick()
    assert in_maintenance(station)
    assert [body["code"] for body in station.bodies("edit.reverted")] == ["LOOSENING_EDIT"]


# Everything else


def _provenance(station: Station) -> None:
    for name in (OVERLAY_FILE, VAULT_FILE):
        station.edit(name, lambda content: content["provenance"].update(serial=9))


def _mixed(station: Station) -> None:
    station.overlay(maintenance=True)
    station.limit(9000)


def _relabelled(station: Station) -> None:
    station.edit(VAULT_FILE, lambda c: c["policy"]["vaults"]["momentum"].update(label="x"))


def _reformatted(station: Station) -> None:
    path = station.memory / OVERLAY_FILE
    path.write_text(path.read_text().replace("\n", "\n\n"))


def _unordered(station: Station) -> None:
    def change(content: dict[str, Any]) -> None:
        content["policy"]["vaults"]["momentum"]["compounding"]["reinvest"] = 5

    station.edit(VAULT_FILE, change)


def _invented(station: Station) -> None:
    station.edit(OVERLAY_FILE, lambda content: content.update(full_stop=True))


def _misread(station: Station) -> None:
    station.overlay(full_halt="yes")


def _numbered(station: Station) -> None:
    station.overlay(full_halt=1)


def _half(station: Station) -> None:
    path = station.memory / VAULT_FILE
    path.write_bytes(path.read_bytes()[:100])


def _empty(station: Station) -> None:
    (station.memory / OVERLAY_FILE).write_bytes(b"")


def _gone(station: Station) -> None:
    (station.memory / VAULT_FILE).unlink()


def _unbacked(station: Station) -> None:
    station.edit(VAULT_FILE, lambda content: content["derived_from"].update(size=99))


EDITS = [
    (lambda station: station.limit(2000), "LOOSENING_EDIT"),
    (lambda station: station.overlay(full_halt="2001-01-01T00:00:00Z"), None),
    (_mixed, "MIXED_EDIT"),
    (_unordered, "LOOSENING_EDIT"),
    (_relabelled, "LOOSENING_EDIT"),
    (_reformatted, "LOOSENING_EDIT"),
    (_provenance, "EDITED_PROVENANCE"),
    (_unbacked, "UNBACKED_POLICY"),
    (_invented, "MALFORMED_JSON"),
    (_misread, "TIME"),
    (_numbered, "MALFORMED_JSON"),
    (_half, "MALFORMED_JSON"),
    (_empty, "MALFORMED_JSON"),
    (_gone, "NO_POLICY"),
]
PUT_BACK = pytest.mark.parametrize(("edit", "code"), [(edit, code) for edit, code in EDITS if code])
Edit = Callable[[Station], None]


@PUT_BACK
def test_any_other_edit_is_put_back_at_the_next_tick_and_told(
    station: Station, edit: Edit, code: str
) -> None:
    controller = station.start()
    good, policy = read_files(station.memory), station.reader().policy
    edit(station)
    controller.tick()
    assert read_files(station.memory) == good
    assert station.reader().policy == policy
    (reverted,) = station.bodies("edit.reverted")
    assert reverted["code"] == code
    assert reverted["message"]
    assert controller.memory.restrained_by() == ()


def test_what_was_put_back_can_be_told_from_the_record(station: Station) -> None:
    """By its digest: whoever kept the edited file can show that it was this one."""
    controller = station.start()
    good = read_files(station.memory)
    station.limit(4000)
    edited = read_files(station.memory)
    controller.settle()
    (body,) = station.bodies("edit.reverted")
    assert body["found"] == {name: sha256(data).hexdigest() for name, data in edited.items()}
    assert body["found"][OVERLAY_FILE] == sha256(good[OVERLAY_FILE]).hexdigest()
    assert body["serial"] == station.published().provenance.serial
    assert station.refolded() > 0


def test_edits_in_a_loop_are_all_put_back_and_fill_no_journal(station: Station) -> None:
    """Each is counted, the first ones one by one: none is lost and the disk stays free."""
    controller = station.start()
    good = read_files(station.memory)
    before = station.journal.stat().st_size
    for number in range(200):
        station.limit(2000 + number)
        controller.settle()
        assert read_files(station.memory) == good
    few = station.bodies("edit.reverted")
    assert 20 <= len(few) < 30
    assert all(body["more"] == 0 for body in few[:20])
    assert station.journal.stat().st_size - before < 30_000
    station.stop()
    told = station.bodies("edit.reverted")
    assert sum(1 + body["more"] for body in told) == 200
    station.start()
    assert station.refolded() > 0


@PUT_BACK
def test_any_other_edit_made_while_it_was_down_is_put_back_when_it_starts(
    station: Station, edit: Edit, code: str
) -> None:
    station.stop()
    good = read_files(station.memory)
    edit(station)
    station.start()
    assert read_files(station.memory) == good
    assert [body["code"] for body in station.bodies("edit.reverted")] == [code]


@pytest.mark.parametrize("edit", [edit for edit, _ in EDITS])
def test_no_edit_ever_makes_a_reader_see_a_looser_policy(station: Station, edit: Edit) -> None:
    before = station.reader().policy
    station.stop()
    edit(station)
    try:
        seen = station.reader().policy
    except VantaError:
        return
    assert compare(seen, before) in {Order.EQUAL, Order.TIGHTER}


def test_an_older_pair_of_files_put_in_their_place_is_put_back(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    older = read_files(station.memory)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    controller.tick()
    for name, content in older.items():
        (station.memory / name).write_bytes(content)
    assert halted(station.reader().policy)
    controller.tick()
    assert [body["code"] for body in station.bodies("edit.reverted")] == ["STALE_PUBLICATION"]
    assert halted(station.published().policy)


def test_a_vault_taken_out_of_the_file_is_closed(station: Station) -> None:
    controller = station.start()
    station.edit(VAULT_FILE, lambda content: content["policy"]["vaults"].pop("momentum"))
    assert capital(station.reader().policy) == 0
    controller.tick()
    assert capital(station.reader().policy) == 0
    assert len(controller.memory.restrained_by()) == 1


def test_the_governed_overlay_is_no_hand_edit(station: Station, fund: Fund) -> None:
    controller = station.start()
    fund.change(
        {OVERLAY: overlay(switches="[{name: m, switch: maintenance, reason: test}]")}, by="olga"
    )
    controller.tick()
    controller.tick()
    assert in_maintenance(station)
    assert controller.memory.restrained_by() == ()


# Owner, mode and what the files are


def _writable(station: Station) -> None:
    (station.memory / VAULT_FILE).chmod(0o666)


def _given_away(station: Station) -> None:
    os.chown(station.memory / OVERLAY_FILE, 1234, 1234)


def _linked(station: Station) -> None:
    path = station.memory / OVERLAY_FILE
    aside = path.rename(station.memory.parent / "elsewhere.json")
    path.symlink_to(aside)


def _piped(station: Station) -> None:
    (station.memory / VAULT_FILE).unlink()
    os.mkfifo(station.memory / VAULT_FILE)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_writable, "EDITED_MODE"),
        (_given_away, "EDITED_MODE"),
        (_linked, "NO_POLICY"),
        (_piped, "MALFORMED_JSON"),
    ],
)
def test_a_file_of_another_owner_mode_or_kind_is_put_back(
    station: Station, harm: Edit, code: str
) -> None:
    controller = station.start()
    good = read_files(station.memory)
    harm(station)
    controller.settle()
    assert read_files(station.memory) == good
    for name in (VAULT_FILE, OVERLAY_FILE):
        found = (station.memory / name).lstat()
        assert stat.S_ISREG(found.st_mode)
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), PUBLISHED_MODE)
    assert [body["code"] for body in station.bodies("edit.reverted")] == [code]
    controller.settle()
    assert len(station.bodies("edit.reverted")) == 1


def test_a_link_is_no_policy_wherever_it_leads(station: Station) -> None:
    _linked(station)
    with pytest.raises(UnavailableError):
        station.reader()
    station.start()
    assert (station.memory.parent / "elsewhere.json").exists()


def test_a_folder_that_everybody_may_write_to_is_refused(station: Station) -> None:
    station.stop()
    station.memory.chmod(0o777)
    with pytest.raises(RefusedError) as refused:
        station.start()
    assert (refused.value.code, "chmod o-w" in refused.value.remedy) == ("MEMORY_WRITABLE", True)
    station.memory.chmod(0o750)
    station.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
@pytest.mark.parametrize(("group", "setgid", "expected"), [(4321, False, 4321), (None, True, 77)])
def test_the_files_belong_to_the_group_that_reads_them(
    station: Station, group: int | None, setgid: object, expected: int
) -> None:
    station.stop()
    if setgid:
        os.chown(station.memory, 0, 77)
        station.memory.chmod(0o2750)
    station.start(group=group).settle()
    for name in (VAULT_FILE, OVERLAY_FILE):
        assert (station.memory / name).lstat().st_gid == expected


def test_an_edit_under_the_lock_never_falls_between_look_and_writing(
    station: Station, fund: Fund
) -> None:
    """`vanta halt --now` waits while the controller replaces the files, and the other way round."""
    controller = station.start()
    halting: list[threading.Thread] = []

    def halt(step: str) -> None:
        if step.startswith("published") and not halting:
            halting.append(
                threading.Thread(target=tighten_overlay, args=(station.memory, "maintenance"))
            )
            halting[0].start()
            halting[0].join(0.1)

    controller = station.start(crash=halt)
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    controller.tick()
    halting[0].join(10)
    assert in_maintenance(station)
    controller.settle()
    assert in_maintenance(station)
    assert capital(station.reader().policy) == 500
    assert len(controller.memory.restrained_by()) == 1


@pytest.mark.parametrize("moment", ["look", "replaced"])
def test_an_edit_of_the_last_instant_by_a_hand_that_takes_no_lock_is_heard(
    station: Station, fund: Fund, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """It comes after the controller looked, or between its two files, and is not written over."""
    controller = station.start()
    replace = files._exchange
    edited: list[str] = []

    def exchange(draft: Path, path: Path) -> bool:
        if not edited and moment == "look":
            edited.append(path.name)
            station.overlay(maintenance=True)
        if not edited and path.name == VAULT_FILE:
            edited.append(path.name)
            station.overlay(maintenance=True)
        return replace(draft, path)

    monkeypatch.setattr(files, "_exchange", exchange)
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada", approve=True)
    controller.tick()
    controller.settle()
    assert edited
    assert in_maintenance(station)
    assert capital(station.reader().policy) == 500
    assert len(controller.memory.restrained_by()) == 1
    assert station.bodies("edit.reverted") == []
    assert station.refolded() > 0


def test_a_settled_node_is_settled_by_a_look_at_its_files_alone(station: Station) -> None:
    controller = station.start()
    controller.tick()
    before = station.journal.read_bytes()
    for _ in range(3):
        controller.settle()
    assert station.journal.read_bytes() == before
    station.limit(2000)
    controller.settle()
    assert station.journal.read_bytes() != before
