"""R7 at the controller: each halt of the latch has a record, and goes only when it is released."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import Fund, document, halted
from tests.governance.station import Station
from vanta.domain.errors import MalformedError, RefusedError, UnavailableError
from vanta.governance.break_glass import tighten_overlay
from vanta.governance.conditions import conditions
from vanta.governance.controller import Controller
from vanta.governance.latch import LATCH, LatchLine, append, latched, set_latch
from vanta.governance.latch_lines import read_latch
from vanta.governance.policy_log import of_node
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE
from vanta.governance.status import facts_of


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    made.start().tick()
    yield made
    assert made.refolded() > 0
    made.stop()


def release(fund: Fund, *nonces: str, stem: str = "release") -> None:
    named = ", ".join(f'"{nonce}"' for nonce in nonces)
    text = document("Overlay", stem, f"released: [{named}]")
    fund.change({fund.halt(stem): text}, by="ada", approve=True)
    fund.approve("grace")


def nonces(station: Station) -> list[str]:
    return [body["nonce"] for body in station.bodies("latch.set")]


def on(station: Station) -> bool:
    return halted(station.reader().policy)


def test_a_halt_in_the_latch_has_a_record_and_halts_the_policy_too(station: Station) -> None:
    controller = station.start()
    line = set_latch(station.memory, "broker on fire", 7).line
    for _ in range(3):
        controller.settle()
    (body,) = station.bodies("latch.set")
    assert (body["nonce"], body["reason"], body["at"]) == (line.nonce, "broker on fire", 7)
    assert controller.memory.latched_by() == (line.nonce,)
    assert on(station)
    assert controller.memory.restrained_by() == ()


def test_only_the_quorum_that_names_it_takes_the_latch_away(station: Station, fund: Fund) -> None:
    controller = station.start()
    nonce = set_latch(station.memory, "stop", 7).line.nonce
    controller.tick()
    release(fund, "0" * 16)
    controller.tick()
    assert latched(station.memory)
    text = document("Overlay", "one", f'released: ["{nonce}"]')
    fund.change({fund.halt("one"): text}, by="ada", approve=True)
    controller.tick()
    assert latched(station.memory)
    assert on(station)
    fund.approve("grace")
    controller.tick()
    assert not latched(station.memory)
    assert not on(station)
    assert controller.memory.latches == {}
    assert [body["nonces"] for body in station.bodies("latch.lifted")] == [[nonce]]


def test_the_files_say_so_before_the_latch_goes(station: Station, fund: Fund) -> None:
    nonce = set_latch(station.memory, "stop", 7).line.nonce
    station.start().tick()
    release(fund, nonce)
    seen: list[bool] = []
    station.start(
        crash=lambda step: (
            seen.append(halted(station.published().policy)) if step == "lift" else None
        )
    ).tick()
    assert seen == [False]


def test_it_stays_while_one_halt_in_it_is_not_released(station: Station, fund: Fund) -> None:
    controller = station.start()
    first, second = (set_latch(station.memory, "stop", n).line.nonce for n in range(2))
    controller.tick()
    release(fund, first)
    controller.tick()
    assert latched(station.memory)
    assert on(station)
    assert controller.memory.latched_by() == (second,)
    release(fund, second, stem="second")
    controller.tick()
    assert not latched(station.memory)
    assert station.start().memory == controller.memory


def test_a_release_that_was_forgotten_again_counts_all_the_same(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    nonce = set_latch(station.memory, "stop", 7).line.nonce
    controller.tick()
    release(fund, nonce)
    fund.change({fund.halt("release"): None}, by="ada", approve=True)
    controller.tick()
    assert not latched(station.memory)


def test_a_latch_somebody_takes_away_is_put_back_and_nothing_trades_meanwhile(
    station: Station,
) -> None:
    controller = station.start()
    line = set_latch(station.memory, "stop", 7).line
    controller.settle()
    (station.memory / LATCH).unlink()
    assert on(station)
    controller.settle()
    found = read_latch(station.memory)
    assert found is not None
    assert found.lines == (line,)
    assert [body["nonces"] for body in station.bodies("latch.restored")] == [[line.nonce]]
    assert len(nonces(station)) == 1


def test_a_line_somebody_takes_out_is_put_back(station: Station) -> None:
    controller = station.start()
    first, second = (set_latch(station.memory, "stop", n).line for n in range(2))
    controller.settle()
    (station.memory / LATCH).unlink()
    append(station.memory, [second])
    controller.settle()
    found = read_latch(station.memory)
    assert found is not None
    assert set(found.lines) == {first, second}


@pytest.mark.parametrize("content", ["", "stop it now\n", '{"nonce": ""}\n', "\0\0"])
def test_a_latch_without_a_nonce_gets_one_of_its_own_and_can_be_released(
    station: Station, fund: Fund, content: str
) -> None:
    controller = station.start()
    (station.memory / LATCH).write_text(content)
    for _ in range(3):
        controller.settle()
    (nonce,) = nonces(station)
    assert on(station)
    assert station.start().memory.latched_by() == (nonce,)
    controller = station.start()
    release(fund, nonce)
    controller.tick()
    assert not latched(station.memory)
    assert not on(station)


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_latch_that_is_no_file_can_be_released_too(
    station: Station, fund: Fund, kind: str
) -> None:
    controller = station.start()
    path = station.memory / LATCH
    path.mkdir() if kind == "folder" else path.symlink_to("/nowhere")
    controller.settle()
    (nonce,) = nonces(station)
    release(fund, nonce)
    controller.tick()
    assert not latched(station.memory)


def test_a_halt_that_joins_one_without_a_nonce_has_its_own(station: Station, fund: Fund) -> None:
    controller = station.start()
    (station.memory / LATCH).touch()
    controller.settle()
    line = set_latch(station.memory, "stop", 7).line
    controller.settle()
    own, named = nonces(station)
    assert named == line.nonce
    release(fund, own)
    controller.tick()
    assert latched(station.memory)
    release(fund, named, stem="named")
    controller.tick()
    assert not latched(station.memory)


def test_an_old_latch_put_back_is_a_new_halt(station: Station, fund: Fund) -> None:
    controller = station.start()
    set_latch(station.memory, "stop", 7)
    old = (station.memory / LATCH).read_bytes()
    controller.tick()
    release(fund, nonces(station)[0])
    controller.tick()
    (station.memory / LATCH).write_bytes(old)
    for _ in range(2):
        controller.settle()
    first, second = nonces(station)
    assert first != second
    assert on(station)
    release(fund, second, stem="again")
    controller.tick()
    assert not latched(station.memory)


def test_a_latch_set_before_the_first_start_halts_the_first_publication(
    tmp_path: Path, station: Station, fund: Fund
) -> None:
    (tmp_path / "fresh").mkdir()
    fresh = Station(tmp_path / "fresh", fund)
    set_latch(fresh.memory, "stop", 7)
    controller = fresh.start()
    assert len(nonces(fresh)) == 1
    controller.tick()
    assert on(fresh)
    assert fresh.refolded() > 0
    fresh.stop()
    assert not on(station)


def test_a_latch_set_while_the_controller_is_down_is_journalled_when_it_starts(
    station: Station,
) -> None:
    station.stop()
    set_latch(station.memory, "stop", 7)
    station.start()
    assert len(nonces(station)) == 1
    assert on(station)


def test_a_halt_that_comes_while_the_latch_is_lifted_stays(station: Station, fund: Fund) -> None:
    nonce = set_latch(station.memory, "stop", 7).line.nonce
    station.start().tick()
    release(fund, nonce)
    more: list[LatchLine] = []

    def halt(step: str) -> None:
        if step == "lift" and not more:
            more.append(set_latch(station.memory, "again", 8).line)

    controller = station.start(crash=halt)
    controller.tick()
    assert latched(station.memory)
    controller.settle()
    assert controller.memory.latched_by() == (more[0].nonce,)
    assert on(station)


# One scope


def adopted(controller: Controller, station: Station) -> str:
    controller.settle()
    (body,) = station.bodies("edit.adopted")
    return str(body["nonce"])


@pytest.mark.parametrize(
    ("scope", "table"),
    [
        (("vault", "crypto"), "vaults"),
        (("venue", "alpaca"), "venues"),
        (("strategy", "reflect"), "strategies"),
        (("follower", "zoe"), "followers"),
    ],
)
def test_a_halt_of_one_scope_holds_at_once_and_is_adopted(
    station: Station, scope: tuple[str, str], table: str
) -> None:
    controller = station.start()
    assert tighten_overlay(station.memory, "full_halt", scope)
    for _ in range(2):
        overlay = station.reader().policy.overlay
        assert getattr(overlay, table).at(scope[1]).full_halt > 0
        assert getattr(overlay, table).at("another").full_halt == 0
        assert adopted(controller, station) in controller.memory.restrained_by()


def test_a_switch_everywhere_may_be_turned_on_too(station: Station) -> None:
    controller = station.start()
    assert tighten_overlay(station.memory, "reduce_only")
    assert station.reader().policy.overlay.vaults.at("crypto").reduce_only > 0
    assert adopted(controller, station)


def test_what_is_on_already_is_said_so_and_not_adopted_twice(station: Station) -> None:
    controller = station.start()
    assert tighten_overlay(station.memory, "full_halt", ("vault", "crypto"))
    assert adopted(controller, station)
    assert not tighten_overlay(station.memory, "full_halt", ("vault", "crypto"))
    assert adopted(controller, station)


def test_a_name_nobody_has_is_refused_and_changes_nothing(station: Station) -> None:
    before = (station.memory / OVERLAY_FILE).read_bytes()
    for switch, scope, code in (
        ("full_halt", ("vault", "cryptoo"), "NO_SUCH_VAULT"),
        ("fullhalt", ("vault", "crypto"), "NO_SUCH_SWITCH"),
    ):
        with pytest.raises(RefusedError) as refused:
            tighten_overlay(station.memory, switch, scope)
        assert refused.value.code == code
        assert refused.value.remedy.startswith("use one of")
    assert (station.memory / OVERLAY_FILE).read_bytes() == before


def test_without_a_policy_there_is_nothing_to_tighten(station: Station) -> None:
    content = (station.memory / VAULT_FILE).read_bytes()
    (station.memory / VAULT_FILE).write_bytes(content[:50])
    with pytest.raises(MalformedError):
        tighten_overlay(station.memory, "full_halt")
    (station.memory / VAULT_FILE).unlink()
    with pytest.raises(UnavailableError):
        tighten_overlay(station.memory, "full_halt")


def test_a_halt_of_one_scope_keeps_its_reason(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked to release it reads why it was set."""
    monkeypatch.setenv("SUDO_USER", "grace")
    controller = station.start()
    assert tighten_overlay(station.memory, "reduce_only", ("vault", "crypto"), reason="late quotes")
    assert tighten_overlay(station.memory, "full_halt", ("venue", "paper"), reason="and\nfills")
    controller.tick()
    (body,) = station.bodies("edit.adopted")
    assert (body["who"], body["reason"]) == ("grace", "late quotes; and fills")
    shown = {one.type: one for one in conditions(facts_of(controller), (), station.clock())}
    assert shown["HandEdited"].message.startswith(
        f"{body['nonce']} by grace: late quotes; and fills; release it with"
    )
    controller = station.start()
    (held,) = controller.memory.restraints.values()
    assert held.reason == "late quotes; and fills"
    assert "reason" not in json.loads((station.memory / OVERLAY_FILE).read_text())
    (told,) = (one for one in of_node(station.journal) if one.what == "edit.adopted")
    assert told.message.startswith("grace edited the overlay")
    assert told.message.endswith(": late quotes; and fills")


def test_a_reason_alone_is_no_edit(station: Station) -> None:
    """Nothing is enforced by it, and so there is nothing to adopt."""
    controller = station.start()
    station.overlay(reason="because")
    controller.tick()
    assert [body["code"] for body in station.bodies("edit.reverted")] == ["LOOSENING_EDIT"]
    assert controller.memory.restraints == {}


def test_a_latch_taken_away_in_a_loop_comes_back_each_time_and_fills_no_journal(
    station: Station,
) -> None:
    controller = station.start()
    set_latch(station.memory, "stop", station.clock())
    controller.settle()
    before = station.journal.stat().st_size
    for _ in range(100):
        (station.memory / LATCH).unlink()
        controller.settle()
        assert latched(station.memory)
    assert 20 <= len(station.bodies("latch.restored")) < 25
    assert station.journal.stat().st_size - before < 20_000
    station.stop()
    assert sum(1 + body["more"] for body in station.bodies("latch.restored")) == 100
    station.start()
