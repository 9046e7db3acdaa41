"""What if the documents had said something else: what stood beside them stands all the same."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.governance.fund import Fund
from tests.governance.station import Station
from vanta.domain.policy import Policy
from vanta.governance.latch import set_latch
from vanta.governance.receipts import published_by
from vanta.governance.standing_beside import standing_beside
from vanta.journal.reader import read

NAME = "momentum"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path, Fund(tmp_path))
    made.start().tick()
    yield made
    made.stop()


def documents(station: Station) -> Policy:
    """What the main line says."""
    state = station.start().memory.state
    assert state is not None
    return state.policy


def smaller(rules: Policy) -> Policy:
    """A proposal that has nothing to do with any halt."""
    momentum = msgspec.structs.replace(rules.vaults[NAME], capital=1)
    return msgspec.structs.replace(rules, vaults={**rules.vaults, NAME: momentum})


def published(station: Station) -> dict[int, Policy]:
    """By serial, as it was published."""
    found = [published_by(record) for record in read(station.journal)]
    return {one.provenance.serial: one.policy for one in found if one is not None}


def stopped(station: Station) -> None:
    """A hand edit, a halt of the lane and one of the latch, one after the other."""
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    station.fund.lane("stop", by="olga")
    controller.tick()
    set_latch(station.memory, "broker on fire", 1)
    controller.tick()


def test_the_documents_that_were_in_force_give_what_was_published(station: Station) -> None:
    stopped(station)
    was = published(station)
    assert len(was) == 3, "the latch adds nothing to the lane's full halt"
    assert standing_beside(read(station.journal), documents(station)) == was


def test_a_proposal_lets_no_halt_go(station: Station) -> None:
    rules = smaller(documents(station))
    stopped(station)
    found = standing_beside(read(station.journal), rules)
    assert {one.vaults[NAME].capital for one in found.values()} == {1}
    was = published(station)
    assert [found[n].overlay for n in sorted(was)] == [was[n].overlay for n in sorted(was)]
    assert len({str(one.overlay) for one in found.values()}) > 1


def test_but_what_it_releases(station: Station) -> None:
    controller = station.start()
    station.overlay(maintenance=True)
    controller.tick()
    [nonce] = controller.memory.restrained_by()
    rules = documents(station)
    free = msgspec.structs.replace(rules, released=frozenset({nonce}))
    last = max(published(station))
    held = standing_beside(read(station.journal), rules)[last]
    gone = standing_beside(read(station.journal), free)[last]
    assert (held.overlay.everywhere.maintenance > 0, gone.overlay == rules.overlay) == (True, True)


def test_and_a_latch_it_releases(station: Station) -> None:
    rules = documents(station)
    controller = station.start()
    line = set_latch(station.memory, "broker on fire", 1).line
    controller.tick()
    [nonce] = controller.memory.latched_by()
    assert nonce == line.nonce
    last = max(published(station))
    free = msgspec.structs.replace(rules, released=frozenset({nonce}))
    assert standing_beside(read(station.journal), rules)[last].overlay != rules.overlay
    assert standing_beside(read(station.journal), free)[last].overlay == rules.overlay
