"""How a controller says it stands: conditions, the view of them, and metrics."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, Fund, vault
from tests.governance.simulator import MAIN
from tests.governance.station import Station
from tests.governance.valkey import free_port
from vanta.cli.status_text import node_status, status_lines
from vanta.domain.errors import MalformedError, UnavailableError
from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.governance.conditions import GOOD, Condition
from vanta.governance.controller import Controller
from vanta.governance.latch import set_latch
from vanta.governance.metrics import Metrics
from vanta.governance.status import STATUS_FILE, StatusView, read_status
from vanta.governance.timekeeping import Ages


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    made.stop()


class Shown:
    """A controller with its view."""

    def __init__(self, station: Station, **more: object) -> None:
        self.metrics = Metrics()
        self.controller: Controller = station.start(watcher=self.metrics, **more)  # type: ignore[arg-type]
        self.view = StatusView(station.memory, self.controller)

    def tick(self) -> None:
        self.controller.tick()
        self.metrics.show(self.controller, self.view.refresh())

    def __getitem__(self, kind: str) -> Condition:
        return next(one for one in self.view.conditions if one.type == kind)

    def bad(self) -> set[str]:
        return {one.type for one in self.view.conditions if not one.good}

    def metric(self, name: str, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(f"vanta_governance_{name}", labels)
        return -1.0 if value is None else value


def test_when_all_is_well_every_condition_says_so(station: Station) -> None:
    shown = Shown(station)
    shown.tick()
    assert [one.type for one in shown.view.conditions] == list(GOOD)
    assert shown.bad() == set()
    assert {one.reason for one in shown.view.conditions} == {"OK"}


def test_before_the_first_fetch_nothing_is_claimed(station: Station) -> None:
    shown = Shown(station)
    shown.view.refresh()
    assert shown["Fetched"].status == shown["Verified"].status == "Unknown"
    assert shown["Published"].reason == shown["Applied"].reason == "NO_POLICY"


def test_since_is_when_the_status_changed_and_not_when_it_was_looked_at(
    station: Station,
) -> None:
    shown = Shown(station)
    shown.tick()
    first = shown["Latched"].since
    station.later(MINUTE)
    shown.tick()
    assert shown["Latched"].since == first
    set_latch(station.memory, "stop", 1)
    station.later(MINUTE)
    shown.tick()
    assert shown["Latched"].status == "True"
    assert shown["Latched"].since >= first + 2 * MINUTE
    since = shown["Latched"].since
    again = Shown(station)
    station.later(MINUTE)
    again.tick()
    assert again["Latched"].since == since, "over a restart too"


def test_a_forge_that_is_away_is_not_fetched_and_says_nothing_of_what_it_holds(
    station: Station, fund: Fund
) -> None:
    shown = Shown(station)
    shown.tick()
    fund.sim.path.rename(f"{fund.sim.path}.away")
    shown.tick()
    assert shown.bad() == {"Fetched", "Verified", "LaneHeard"}
    assert shown["Fetched"].reason == "FETCH_FAILED"
    assert shown["Verified"].status == "Unknown"
    assert shown.metric("fetch_failures_total", part="branch", reason="FETCH_FAILED") == 1


def test_a_head_that_cannot_be_walked_is_fetched_and_not_verified(
    station: Station, fund: Fund
) -> None:
    shown = Shown(station)
    shown.tick()
    fund.tree({"README.md": "anew\n"}, by="mallory", parents=[])
    shown.tick()
    shown.tick()
    assert shown.bad() == {"Verified"}
    assert shown["Verified"].reason == "NOT_DESCENDANT"
    assert shown.metric("refusals_total", reason="NOT_DESCENDANT") == 1


def test_a_change_that_waits_for_approvals_is_not_applied_and_says_whose(
    station: Station, fund: Fund
) -> None:
    shown = Shown(station)
    shown.tick()
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    shown.tick()
    assert shown.bad() == {"Applied"}
    assert shown["Applied"].reason == "QUORUM_MISSING"
    assert "grace" in shown["Applied"].message
    fund.approve("grace")
    shown.tick()
    assert shown.bad() == set()


def test_halts_of_the_lane_the_latch_and_a_hand_are_named_with_what_lets_them_go(
    station: Station, fund: Fund
) -> None:
    shown = Shown(station)
    shown.tick()
    line = set_latch(station.memory, "broker on fire", 1).line
    fund.lane("stop", by="olga")
    station.overlay(maintenance=True)
    shown.tick()
    assert shown.bad() == {"Latched", "LaneHalted", "HandEdited"}
    assert "broker on fire" in shown["Latched"].message
    assert f"vanta resume --edit {line.nonce}" in shown["Latched"].message
    assert "by olga" in shown["LaneHalted"].message
    assert "vanta resume --edit" in shown["HandEdited"].message
    assert [shown.metric(name) for name in ("lane_halts", "latches", "hand_edits_held")] == [1] * 3
    assert shown.metric("condition", type="Latched") == 0
    assert shown.metric("condition", type="Fetched") == 1
    assert shown.metric("hand_edits_total", outcome="ADOPTED") == 1


def test_age_clock_and_drift_are_told(station: Station, fund: Fund) -> None:
    ages = Ages(alert_after=MINUTE, reduce_only_after=HOUR)
    shown = Shown(station, ages=ages)
    shown.tick()
    (fund.sim.path / MAIN).unlink()
    station.later(2 * MINUTE)
    shown.tick()
    assert shown["Fresh"].reason == "HEAD_OLD"
    station.later(2 * HOUR)
    station.set_clock(DAY)
    station.limit(5000)
    shown.tick()
    assert shown["Fresh"].reason == "HEAD_AGED"
    assert shown["ClockHealthy"].reason == "CLOCK_DOUBTED"
    assert (shown["Drift"].status, shown["Drift"].reason) == ("False", "LOOSENING_EDIT")
    assert (shown.metric("clock_healthy"), shown.metric("reduce_only")) == (0, 1)
    assert shown.metric("last_good_age_seconds") >= HOUR / SECOND
    assert shown.metric("hand_edits_total", outcome="LOOSENING_EDIT") == 1


def test_a_node_that_is_held_back_says_which_commit_it_waits_for(
    station: Station, fund: Fund
) -> None:
    head = fund.change({"README.md": "x\n"}, by="ada")
    station.start().tick()
    station.stop()
    for path in station.memory.glob("governance*"):
        path.unlink()
    fund.sim.point(MAIN, fund.introduction)
    shown = Shown(station)
    shown.tick()
    assert shown["Published"].reason == shown["Verified"].reason == "ROLLBACK"
    assert head[:12] in shown["Published"].message


# The view


def test_the_view_is_written_when_something_changes_and_now_and_then(station: Station) -> None:
    def written() -> int:
        status = read_status(station.memory)
        return status.written if status else 0

    shown = Shown(station)
    shown.tick()
    first = written()
    for _ in range(5):
        station.later(SECOND)
        shown.controller.settle()
        shown.view.refresh()
    assert written() == first
    station.later(15 * SECOND)
    shown.controller.settle()
    shown.view.refresh()
    second = written()
    assert second > first
    set_latch(station.memory, "stop", 1)
    shown.tick()
    assert written() > second
    status = read_status(station.memory)
    assert status is not None
    assert status.serial == shown.controller.memory.serial
    assert status.conditions == shown.view.conditions


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"data": 1}'])
def test_a_view_that_is_lost_or_broken_is_made_again(
    station: Station, content: bytes | None
) -> None:
    Shown(station).tick()
    path = station.memory / STATUS_FILE
    path.unlink() if content is None else path.write_bytes(content)
    assert read_status(station.memory) is None
    Shown(station).tick()
    assert read_status(station.memory) is not None


def test_the_command_shows_the_conditions_the_worst_first(station: Station, fund: Fund) -> None:
    fund.lane("stop", by="olga")
    shown = Shown(station)
    shown.tick()
    found = node_status(station.memory.parent)
    assert json.loads(json.dumps([one.type for one in found["conditions"]])) == list(GOOD)
    lines = status_lines(found)
    conditions = [line for line in lines if line[:2] in {"! ", "  "} and "since" in line]
    assert conditions[0].startswith("! LaneHalted")
    assert sum(line.startswith("! ") for line in conditions) == 1
    assert any("THE CONTROLLER IS NOT RUNNING" in line for line in lines), "it beats elsewhere"


# Metrics


def test_what_is_enforced_is_timed_from_the_claim_and_from_the_sight_of_it(
    station: Station, fund: Fund
) -> None:
    shown = Shown(station)
    shown.tick()
    fund.change({MOMENTUM: vault("momentum", capital=900)}, by="ada")
    fund.change({"README.md": "x\n"}, by=None)
    station.later(10 * SECOND)
    shown.tick()
    fund.lane("stop", by="olga")
    shown.tick()
    for since in ("claimed", "seen"):
        assert shown.metric("push_to_enforced_seconds_count", since=since) == 2
    assert shown.metric("push_to_enforced_seconds_sum", since="claimed") >= 10
    assert shown.metric("publish_serial") == 3


def test_they_are_served_and_written_for_a_collector(station: Station, tmp_path: Path) -> None:
    shown = Shown(station)
    shown.tick()
    port = free_port()
    shown.metrics.serve(f"127.0.0.1:{port}")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        served = answer.read().decode()
    assert "vanta_governance_publish_serial 1.0" in served
    shown.metrics.write(tmp_path / "vanta.prom")
    assert "vanta_governance_clock_healthy 1.0" in (tmp_path / "vanta.prom").read_text()
    with pytest.raises(UnavailableError) as refused:
        shown.metrics.serve(f"127.0.0.1:{port}")
    assert refused.value.code == "METRICS_ADDRESS"


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "h:99999"])
def test_what_is_no_address_is_malformed(address: str) -> None:
    with pytest.raises(MalformedError) as refused:
        Metrics().serve(address)
    assert refused.value.code == "BAD_ADDRESS"
