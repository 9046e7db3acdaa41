"""R6 at the controller: a halt beside the main line is enforced whatever comes of the main line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, Fund, capital, halted, switch, vault
from tests.governance.simulator import MAIN
from tests.governance.station import Station
from vanta.governance.bounds import Bounds
from vanta.governance.controller import Controller


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


def on(station: Station) -> bool:
    return halted(station.reader().policy)


def test_a_halt_of_the_lane_is_enforced_and_journalled_once(station: Station, fund: Fund) -> None:
    controller = station.start()
    oid = fund.lane("stop", by="olga")
    for _ in range(3):
        controller.tick()
    (body,) = station.bodies("halt.delivered")
    assert (body["commit"], body["person"], body["file"]) == (oid, "olga", fund.halt("stop"))
    assert body["published"]["provenance"]["serial"] == 2
    assert on(station)
    assert list(controller.memory.state.lane if controller.memory.state else ()) == [oid]


def test_it_holds_over_a_restart_and_without_the_lane(station: Station, fund: Fund) -> None:
    station.start()
    fund.lane("stop", by="olga")
    station.start().tick()
    (fund.sim.path / "refs/vanta/halts/stop").unlink()
    controller = station.start()
    assert on(station)
    controller.tick()
    assert on(station)
    assert len(station.bodies("halt.delivered")) == 1


def _rewritten(fund: Fund) -> None:
    fund.tree({"README.md": "anew\n"}, by="mallory", parents=[])


def _poisoned(fund: Fund) -> None:
    fund.change({MOMENTUM: "a: [\n"}, by="mallory")
    for number in range(10):
        fund.change({"README.md": f"{number}\n"}, by=None)


def _gone(fund: Fund) -> None:
    (fund.sim.path / MAIN).unlink()


def _no_commit(fund: Fund) -> None:
    fund.sim.point(MAIN, fund.sim.write("blob", b"not a commit"))


@pytest.mark.parametrize("harm", [_rewritten, _poisoned, _gone, _no_commit])
def test_nothing_the_main_line_becomes_keeps_it_out(
    station: Station, fund: Fund, harm: object
) -> None:
    controller = station.start()
    assert callable(harm)
    harm(fund)
    fund.lane("stop", by="olga")
    controller.tick()
    assert on(station)


def test_a_quorum_on_top_of_it_takes_it_back(station: Station, fund: Fund) -> None:
    controller = station.start()
    oid = fund.lane("stop", by="olga")
    controller.tick()
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="ada", approve=True, parents=[main, oid])
    controller.tick()
    assert on(station)
    fund.approve("grace")
    controller.tick()
    assert not on(station)
    for _ in range(2):
        controller.tick()
    assert not on(station), "its ref is still there, and it is over"


def test_one_that_the_main_line_merges_unseen_is_journalled_before_the_merge(
    station: Station, fund: Fund
) -> None:
    """The poll finds halt and merge at once; one signature merges it, so it stands."""
    controller = station.start()
    oid = fund.lane("stop", by="olga")
    main = fund.sim.head()
    fund.tree(fund.sim.files(main), by="ada", approve=True, parents=[main, oid])
    controller.tick()
    kinds = [record.type for record in station.records()]
    assert kinds.index("halt.delivered") < kinds.index("policy.evaluated")
    assert on(station)


def test_a_fresh_node_hears_the_lane_before_it_publishes(
    tmp_path: Path, station: Station, fund: Fund
) -> None:
    fund.lane("stop", by="olga")
    (tmp_path / "fresh").mkdir()
    seen: list[bool] = []
    fresh = Station(tmp_path / "fresh", fund)
    fresh.start(
        crash=lambda step: (
            seen.append((fresh.memory / "vault.json").exists()) if step == "receipt" else None
        )
    ).tick()
    assert not any(seen)
    assert on(fresh)
    assert fresh.refolded() > 0
    fresh.stop()
    assert not on(station)


def test_what_halts_nothing_is_told_once_for_each_reason(station: Station, fund: Fund) -> None:
    controller = station.start()
    fund.lane("unsigned", by=None)
    fund.lane("foreign", by="mallory")
    fund.lane("nothing", by="olga", text="apiVersion: [\n")
    for _ in range(3):
        controller.tick()
    (body,) = station.bodies("halts.refused")
    codes = {one["code"] for one in body["refused"]}
    assert codes == {"UNSIGNED", "UNKNOWN_SIGNER", "NO_HALT"}
    assert not on(station)
    fund.change({"README.md": "the main line moves\n"}, by="ada")
    controller.tick()
    assert len(station.bodies("halts.refused")) == 1


def test_refs_of_the_lane_that_are_no_commits_keep_no_halt_out(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    fund.sim.point("refs/vanta/halts/blob", fund.sim.write("blob", b"x"))
    fund.lane("stop", by="olga")
    controller.tick()
    assert on(station)


def test_a_push_on_top_of_a_halt_that_was_heard_takes_nothing_back(
    station: Station, fund: Fund
) -> None:
    controller = station.start()
    halt = fund.lane("stop", by="olga")
    controller.tick()
    above = fund.change({"README.md": "x\n"}, by="mallory", parents=[halt], ref=None)
    fund.sim.point("refs/vanta/halts/stop", above)
    controller.tick()
    assert on(station)
    assert [body["commit"] for body in station.bodies("halt.delivered")] == [halt]
    assert station.start().memory == controller.memory


# Floods


def test_what_nobody_foresaw_on_one_side_stops_nothing_on_the_other(
    station: Station, fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in the walk is a refusal with a code of its own; halts go on being heard."""

    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("whoever found it")

    controller = station.start()
    with monkeypatch.context() as patch:
        patch.setattr("vanta.governance.walker.take", broken)
        fund.change({MOMENTUM: vault("momentum", capital=1)}, by="ada")
        fund.lane("stop", by="olga")
        controller.tick()
        controller.tick()
        assert on(station)
        assert controller.refusals["branch"].code == "WALK_BROKEN"
        assert len(station.bodies("head.refused")) == 1
    with monkeypatch.context() as patch:
        patch.setattr("vanta.governance.walker.deliver_ahead", broken)
        fund.lane("more", by="olga")
        controller = station.start()
        controller.tick()
        assert controller.refusals["lane"].code == "WALK_BROKEN"
        assert capital(station.reader().policy) == 1
    controller.tick()
    assert len(station.bodies("halt.delivered")) == 2


@pytest.mark.slow
def test_a_forge_that_is_bad_in_ever_new_ways_fills_no_disk(station: Station, fund: Fund) -> None:
    controller = station.start()
    for number in range(120):
        fund.tree({"README.md": f"{number}\n"}, by=None, parents=[])
        fund.lane(f"bad-{number}", by=None)
        controller.tick()
    assert 50 <= len(station.bodies("head.refused")) < 60
    refused = station.bodies("halts.refused")
    assert 20 <= len(refused) < 30
    assert controller.refusals["branch"].code == "NOT_DESCENDANT"


def flood(fund: Fund, count: int) -> None:
    oid = fund.change({"README.md": "flood\n"}, by="mallory", ref=None)
    for number in range(count):
        fund.sim.point(f"refs/vanta/halts/flood-{number:04d}", oid)


def flooded(station: Station, fund: Fund) -> Controller:
    controller = station.start(bounds=Bounds(refs_per_fetch=20))
    flood(fund, 40)
    return controller


def test_a_flooded_lane_does_not_keep_the_main_line_out(station: Station, fund: Fund) -> None:
    controller = flooded(station, fund)
    fund.change({MOMENTUM: vault("momentum", capital=7)}, by="ada")
    controller.tick()
    assert capital(station.reader().policy) == 7
    assert controller.trouble == ""
    assert controller.refusals["lane"].code == "TOO_MANY_REFS"
    (body,) = station.bodies("head.refused")
    assert (body["part"], body["code"]) == ("lane", "TOO_MANY_REFS")
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    controller.tick()
    assert on(station)
    assert len(station.bodies("head.refused")) == 1


def test_a_lane_that_was_flooded_is_heard_again_when_it_is_cleared(
    station: Station, fund: Fund
) -> None:
    controller = flooded(station, fund)
    controller.tick()
    for ref in (fund.sim.path / "refs/vanta/halts").iterdir():
        ref.unlink()
    fund.lane("stop", by="olga")
    controller.tick()
    assert on(station)
    assert controller.refusals == {}
    controller.tick()
    assert controller.refusals == {}


def test_a_branch_too_large_to_fetch_does_not_keep_the_lane_out(
    station: Station, fund: Fund
) -> None:
    controller = station.start(bounds=Bounds(fetch_objects=30))
    fund.change({f"junk/{n}.txt": f"{n}\n" for n in range(40)}, by="mallory")
    fund.lane("stop", by="olga")
    controller.tick()
    assert on(station)
    assert controller.refusals["branch"].code == "TOO_MANY_OBJECTS"
    assert "lane" not in controller.refusals


def test_a_flood_of_known_refs_does_not_make_the_branch_be_fetched_from_its_start(
    station: Station, fund: Fund
) -> None:
    """Only so many commits are offered to the other side; the branch's is among them."""
    controller = station.start()
    for number in range(80):
        oid = fund.change({"README.md": f"{number}\n"}, by="mallory", ref=None)
        fund.sim.point(f"refs/vanta/halts/flood-{number:04d}", oid)
    controller.tick()
    known = station.mirror / "refs/vanta/fetched"
    newest = max(known.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert newest.read_text().strip() == fund.sim.head()
