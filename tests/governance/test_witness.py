"""Nodes sign what they saw, and a node that lost everything ends where they are."""

from pathlib import Path

import pytest

from tests.governance.fund import ENVIRONMENT, MOMENTUM, Fund, capital, vault
from tests.governance.simulator import run_git
from tests.governance.station import Station
from vanta.domain.errors import RefusedError
from vanta.domain.instant import DAY
from vanta.governance.clone import Clone
from vanta.governance.rewalk import receipts_ref
from vanta.governance.witness import (
    countersign_records,
    publish_records,
    seen_by,
    sign_records,
)

NODES = ("alpha", "executor")


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path, nodes=NODES)


def station(tmp_path: Path, fund: Fund, name: str) -> Station:
    folder = tmp_path / name
    folder.mkdir()
    return Station(folder, fund)


def key(fund: Fund, name: str) -> Path:
    return fund.sim.export_key(fund.person(name))


def test_a_node_that_lost_its_state_ends_where_its_neighbours_are(
    tmp_path: Path, fund: Fund
) -> None:
    witnesses = [station(tmp_path, fund, name) for name in NODES]
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    head = fund.approve("grace")
    for each in witnesses:
        each.start().tick()
        each.stop()
    notes = sign_records(witnesses[1].journal, ENVIRONMENT, "executor", key(fund, "executor"))
    both = countersign_records(
        notes, witnesses[0].journal, ENVIRONMENT, "alpha", key(fund, "alpha")
    )
    assert seen_by(witnesses[0].journal).keys() == seen_by(witnesses[1].journal).keys()
    assert head in seen_by(witnesses[0].journal)

    run_git(["clone", "--quiet", str(fund.sim.path), str(tmp_path / "clone")], home=tmp_path)
    publish_records(Clone(tmp_path / "clone"), both, ENVIRONMENT, "origin")
    assert receipts_ref(ENVIRONMENT) == "refs/vanta/receipts/prod"
    late = station(tmp_path, fund, "late")
    late.later(100 * DAY)
    late.start().tick()
    assert capital(late.published().policy) == 2000
    late.stop()


def test_without_a_record_a_late_node_enforces_less(tmp_path: Path, fund: Fund) -> None:
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    fund.approve("grace")
    late = station(tmp_path, fund, "late")
    late.later(100 * DAY)
    late.start().tick()
    assert capital(late.published().policy) == 1000
    late.stop()


def test_a_node_that_judged_nothing_has_nothing_to_sign(tmp_path: Path, fund: Fund) -> None:
    new = station(tmp_path, fund, "new")
    new.start().tick()
    new.stop()
    with pytest.raises(RefusedError) as refused:
        sign_records(new.journal, ENVIRONMENT, "executor", key(fund, "executor"))
    assert refused.value.code == "NOTHING_SEEN"
