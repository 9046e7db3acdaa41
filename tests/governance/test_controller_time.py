"""R9 at the controller: loosenings end by the latest clock, halts only by one that is believed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, OVERLAY, Fund, capital, flip, overlay, switch, vault
from tests.governance.station import Station
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND, show_instant
from vanta.domain.switches import Switches
from vanta.executor.adoption import PolicyInForce
from vanta.governance.bearings import BEARINGS, read_bearings
from vanta.governance.clock import boot_id
from vanta.governance.heartbeat import HEARTBEAT, Silence
from vanta.governance.published import VAULT_FILE, PolicyReader
from vanta.governance.timekeeping import Ages


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    assert made.refolded() > 0
    made.stop()


def everywhere(station: Station) -> Switches:
    return station.reader().policy.overlay.everywhere


def halt_for(fund: Fund, ns: int) -> int:
    until = fund.now + ns
    fund.change({fund.halt("stop"): switch("stop", until=until)}, by="olga")
    return until


# Ends of halts


def test_a_halt_with_an_end_is_on_and_says_when_it_may_end(station: Station, fund: Fund) -> None:
    until = halt_for(fund, HOUR)
    station.start().tick()
    assert everywhere(station).full_halt == until
    station.later(50 * MINUTE)
    station.start().settle()
    assert everywhere(station).full_halt == until


def test_the_controller_publishes_the_end_with_a_receipt_of_its_own(
    station: Station, fund: Fund
) -> None:
    until = halt_for(fund, HOUR)
    controller = station.start()
    controller.tick()
    serial = station.reader().provenance.serial
    station.later(HOUR)
    controller.settle()
    assert everywhere(station).full_halt == 0
    (body,) = station.bodies("term.ended")
    assert "everywhere.full_halt" in body["what"]
    assert body["halts"] >= until
    assert station.reader().provenance.serial == serial + 1
    controller.settle()
    assert len(station.bodies("term.ended")) == 1
    assert station.start().memory == controller.memory


def test_while_nobody_publishes_its_end_a_halt_goes_on(station: Station, fund: Fund) -> None:
    halt_for(fund, HOUR)
    station.start().tick()
    station.stop()
    station.later(30 * DAY)
    assert everywhere(station).full_halt > 0


@pytest.mark.parametrize("step", [DAY, -DAY])
def test_a_clock_that_was_set_ends_no_halt(station: Station, fund: Fund, step: int) -> None:
    halt_for(fund, HOUR)
    controller = station.start()
    controller.tick()
    station.set_clock(step)
    for _ in range(5):
        station.later(HOUR)
        controller.settle()
    assert everywhere(station).full_halt > 0
    assert [record.type for record in station.records()].count("clock.doubted") == 1
    station.set_clock(-step)
    controller.settle()
    assert everywhere(station).full_halt == 0
    assert len(station.records("clock.trusted")) == 1


def test_a_restart_and_a_tick_do_not_make_a_set_clock_good(station: Station, fund: Fund) -> None:
    halt_for(fund, HOUR)
    station.start().tick()
    station.set_clock(DAY)
    for _ in range(3):
        station.later(10 * SECOND)
        controller = station.start()
        controller.tick()
        assert controller.time.now.doubt
    assert everywhere(station).full_halt > 0


def test_what_ended_stays_ended_when_the_clock_goes_back(station: Station, fund: Fund) -> None:
    halt_for(fund, HOUR)
    controller = station.start()
    controller.tick()
    station.later(2 * HOUR)
    controller.settle()
    station.set_clock(-DAY)
    station.start(boot="another").tick()
    fund.change({"README.md": "x\n"}, by="ada")
    station.start(boot="another").tick()
    assert everywhere(station).full_halt == 0


def test_a_halt_whose_end_came_before_it_was_seen_is_over_at_once(
    station: Station, fund: Fund
) -> None:
    halt_for(fund, HOUR)
    station.later(2 * HOUR)
    controller = station.start()
    controller.tick()
    controller.settle()
    assert everywhere(station).full_halt == 0


def test_a_hand_edit_with_an_end_ends(station: Station, fund: Fund) -> None:
    controller = station.start()
    controller.tick()
    station.overlay(maintenance=show_instant(fund.now + HOUR))
    controller.settle()
    assert everywhere(station).maintenance > 0
    station.later(2 * HOUR)
    controller.settle()
    assert everywhere(station).maintenance == 0


# Ends of what loosens


def test_a_flip_is_gone_by_the_latest_clock_and_comes_back_by_none(
    station: Station, fund: Fund
) -> None:
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR))}, by="olga", approve=True)
    controller = station.start()
    controller.tick()
    assert "momentum" in station.reader().policy.overlay.flips
    station.set_clock(DAY)
    controller.settle()
    assert station.reader().policy.overlay.flips == {}
    station.set_clock(-DAY)
    for _ in range(2):
        controller.settle()
        controller = station.start()
        controller.tick()
    assert station.reader().policy.overlay.flips == {}
    (body,) = station.bodies("term.ended")
    assert body["what"] == ["flips.momentum"]


def test_an_approval_that_had_run_out_by_the_latest_clock_counts_for_nothing(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    controller.tick()
    station.set_clock(4 * DAY)
    controller.settle()
    station.set_clock(-4 * DAY)
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    fund.approve("grace")
    controller.tick()
    assert capital(station.reader().policy) == 1000


# Age


AGES = Ages(alert_after=MINUTE, reduce_only_after=HOUR)


def forge_away(fund: Fund) -> Path:
    moved = Path(f"{fund.sim.path}.away")
    fund.sim.path.rename(moved)
    return moved


def test_without_a_confirmed_head_the_node_goes_reduce_only_and_comes_back(
    station: Station, fund: Fund
) -> None:
    controller = station.start(ages=AGES)
    controller.tick()
    moved = forge_away(fund)
    station.later(59 * MINUTE)
    controller.tick()
    assert everywhere(station).reduce_only == 0
    station.later(2 * MINUTE)
    controller.tick()
    assert everywhere(station).reduce_only > 0
    serial = station.reader().provenance.serial
    controller.tick()
    assert len(station.bodies("head.aged")) == 1
    moved.rename(fund.sim.path)
    controller.tick()
    assert everywhere(station).reduce_only == 0
    assert station.reader().provenance.serial == serial + 1
    assert len(station.bodies("head.confirmed")) == 1


def test_a_head_that_is_refused_confirms_nothing(station: Station, fund: Fund) -> None:
    controller = station.start(ages=AGES)
    controller.tick()
    fund.tree({"README.md": "anew\n"}, by="mallory", parents=[])
    for _ in range(3):
        station.later(HOUR)
        controller.tick()
    assert everywhere(station).reduce_only > 0


def test_a_restart_does_not_make_an_old_head_young(station: Station, fund: Fund) -> None:
    station.start(ages=AGES).tick()
    forge_away(fund)
    for _ in range(4):
        station.later(20 * MINUTE)
        station.start(ages=AGES).tick()
    assert everywhere(station).reduce_only > 0


@pytest.mark.parametrize("left", [None, b"", b"{", b'{"confirmed": 99999999999999999999}'])
def test_bearings_that_are_lost_or_forged_make_it_no_younger_than_the_journal(
    station: Station, fund: Fund, left: bytes | None
) -> None:
    station.start(ages=AGES).tick()
    forge_away(fund)
    station.stop()
    path = station.memory / BEARINGS
    path.unlink() if left is None else path.write_bytes(left)
    station.later(2 * HOUR)
    station.start(ages=AGES).tick()
    assert everywhere(station).reduce_only > 0


def test_a_limit_of_never_is_none(station: Station, fund: Fund) -> None:
    controller = station.start(ages=Ages(None, None, None))
    controller.tick()
    forge_away(fund)
    station.later(400 * DAY)
    controller.tick()
    assert everywhere(station).reduce_only == 0


def test_a_clock_set_forward_does_not_make_a_head_old(station: Station, fund: Fund) -> None:
    controller = station.start(ages=AGES)
    controller.tick()
    forge_away(fund)
    station.set_clock(DAY)
    controller.tick()
    assert everywhere(station).reduce_only == 0
    assert read_bearings(station.memory).confirmed < controller.time.now.latest


# Silence


def test_readers_of_a_controller_that_is_gone_allow_only_reductions(
    station: Station, fund: Fund
) -> None:
    """And come back by a new serial: whoever adopted the tighter policy must see it end."""
    reader = PolicyReader(station.memory, silence=60 * SECOND)
    controller = station.start(boot="elsewhere")
    controller.tick()
    quiet = reader()
    assert quiet.policy.overlay.everywhere.reduce_only > 0
    assert reader() is quiet
    assert station.reader().policy.overlay.everywhere.reduce_only == 0
    fund.change({MOMENTUM: vault("momentum", capital=500)}, by="ada")
    controller.tick()
    assert capital(reader().policy) == 500


def test_a_controller_that_comes_back_publishes_anew(station: Station) -> None:
    ages = Ages(silent_after=MINUTE)
    controller = station.start(ages=ages)
    controller.tick()
    serial = station.reader().provenance.serial
    station.later(30 * SECOND)
    controller.settle()
    assert station.reader().provenance.serial == serial
    station.stop()
    station.later(2 * MINUTE)
    controller = station.start(ages=ages)
    assert station.reader().provenance.serial == serial + 1
    station.later(2 * MINUTE)
    controller.settle()
    assert station.reader().provenance.serial == serial + 2
    assert [body["lasted"] >= MINUTE for body in station.bodies("silence.ended")] == [True] * 2
    controller.settle()
    assert station.reader().provenance.serial == serial + 2


def listening(station: Station) -> PolicyReader:
    """A reader that hears the station's heart, by the station's time since boot."""
    reader = PolicyReader(station.memory)
    reader._silence = Silence(station.memory, MINUTE, None, station.since_boot)
    return reader


@pytest.mark.parametrize("gone", ["another boot", "no file"])
def test_an_executor_that_began_before_the_controller_comes_out_of_the_silence(
    station: Station, gone: str
) -> None:
    """After a reboot nothing says which of the two is first; who waits must not wait for ever."""
    ages = Ages(silent_after=MINUTE)
    station.start(boot="elsewhere" if gone == "another boot" else boot_id(), ages=ages).tick()
    station.stop()
    if gone == "no file":
        (station.memory / HEARTBEAT).unlink()
    in_force = PolicyInForce(listening(station))
    assert in_force().policy.overlay.everywhere.reduce_only > 0
    controller = station.start(boot=boot_id(), ages=ages)
    assert in_force().policy.overlay.everywhere.reduce_only == 0
    for _ in range(3):
        controller.tick()
    assert len(station.bodies("silence.ended")) == 1
    assert station.bodies("edit.reverted") == []
    assert station.refolded() > 0


def test_nobody_reads_the_serial_that_ends_a_silence_while_it_lasts(station: Station) -> None:
    """A reader keeps what tightens for as long as a serial lasts: it must see the two apart."""
    ages = Ages(silent_after=MINUTE)
    station.start(boot="elsewhere", ages=ages).tick()
    station.stop()
    in_force = PolicyInForce(listening(station))
    assert in_force().policy.overlay.everywhere.reduce_only > 0
    looked: list[str] = []

    def look(step: str) -> None:
        looked.append(step)
        with contextlib.suppress(UnavailableError):
            # Of two files the one is replaced before the other.
            in_force()

    station.start(boot=boot_id(), ages=ages, crash=look)
    assert {"receipt", "publish", f"published {VAULT_FILE}"} <= set(looked)
    assert in_force().policy.overlay.everywhere.reduce_only == 0
