"""A controller that dies anywhere: the files end as the receipts say, and no halt is lost.

The process is killed at the n-th step it is about to take, for every n there is; then a new one
starts over the same folder, and must end where one that was never killed ends.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.governance.fund import MOMENTUM, Fund, capital, document, halted, switch, vault
from tests.governance.station import Killed, Station
from vanta.domain.errors import UnavailableError
from vanta.domain.instant import DAY, HOUR
from vanta.governance.controller import Controller
from vanta.governance.latch import LATCH, latched, set_latch
from vanta.governance.published import OVERLAY_FILE, VAULT_FILE, read_files, render
from vanta.governance.receipts import published_by
from vanta.journal.verify import verify
from vanta.lattice.algebra import compare
from vanta.lattice.direction import Order


class Fuse:
    """Kills at the n-th step; `blown` names it."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.blown = ""

    def __call__(self, step: str) -> None:
        if self._left == 0:
            self.blown = step
            raise Killed(step)
        self._left -= 1


@pytest.fixture
def fund(tmp_path: Path) -> Fund:
    return Fund(tmp_path)


@pytest.fixture
def station(tmp_path: Path, fund: Fund) -> Iterator[Station]:
    made = Station(tmp_path, fund)
    yield made
    made.stop()


def begin(_station: Station, fund: Fund) -> None:
    """A first boot, of a fund that is halted already."""
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")


def halt(station: Station, fund: Fund) -> None:
    """A halt arrives."""
    station.start().tick()
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")


def loosen(station: Station, fund: Fund) -> None:
    """A quorum raises a limit."""
    station.start().tick()
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    fund.approve("grace")


def adopt(station: Station, _fund: Fund) -> None:
    """A hand halts everything."""
    station.start().tick()
    station.overlay(full_halt=True)


def revert(station: Station, _fund: Fund) -> None:
    """A hand raises a limit."""
    station.start().tick()
    station.limit(4000)


def adopt_beside_a_commit(station: Station, fund: Fund) -> None:
    """A hand halts everything while a quorum raises a limit."""
    loosen(station, fund)
    station.overlay(full_halt=True)


def release(station: Station, fund: Fund) -> None:
    """A quorum lets a hand edit go."""
    controller = station.start()
    controller.tick()
    station.overlay(full_halt=True)
    controller.tick()
    (nonce,) = controller.memory.restrained_by()
    text = document("Overlay", "release", f'released: ["{nonce}"]')
    fund.change({fund.halt("release"): text}, by="ada", approve=True)
    fund.approve("grace")


def lane(station: Station, fund: Fund) -> None:
    """A halt arrives beside a main line that was rewritten."""
    station.start().tick()
    fund.lane("stop", by="olga")
    fund.tree({MOMENTUM: vault("momentum", capital=1)}, by="ada", parents=[])


def latch(station: Station, _fund: Fund) -> None:
    """Somebody on the node halts on the spot."""
    station.start().tick()
    set_latch(station.memory, "broker is on fire", 1)


def touched_latch(station: Station, _fund: Fund) -> None:
    """Somebody on the node halts with what is at hand."""
    station.start().tick()
    (station.memory / LATCH).touch()


def stolen_latch(station: Station, _fund: Fund) -> None:
    """Somebody takes a latch away."""
    set_latch(station.memory, "broker is on fire", 1)
    station.start().tick()
    (station.memory / LATCH).unlink()


def lifted_latch(station: Station, fund: Fund) -> None:
    """A quorum lets a latch go."""
    nonce = set_latch(station.memory, "broker is on fire", 1).line.nonce
    station.start().tick()
    text = document("Overlay", "release", f'released: ["{nonce}"]')
    fund.change({fund.halt("release"): text}, by="ada", approve=True)
    fund.approve("grace")


def end(station: Station, fund: Fund) -> None:
    """A halt has an end, which comes."""
    text = switch("stop", until=fund.now + HOUR)
    fund.change({fund.halt("stop"): text}, by="olga")
    station.start().tick()
    station.later(2 * HOUR)


def age(station: Station, _fund: Fund) -> None:
    """No head for a day, and then one."""
    station.start().tick()
    station.later(2 * DAY)


def lost_journal(station: Station, fund: Fund) -> None:
    """The journal is gone, and the files are not."""
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.start().tick()
    station.stop()
    station.journal.unlink()


# What happens, in how many steps, whether everything is halted after it, and momentum's capital.
STORIES: dict[str, tuple[Callable[[Station, Fund], None], int, bool, int]] = {
    "begin": (begin, 4, True, 1000),
    "halt": (halt, 4, True, 1000),
    "loosen": (loosen, 4, False, 2000),
    "adopt": (adopt, 4, True, 1000),
    "revert": (revert, 3, False, 1000),
    "adopt beside a commit": (adopt_beside_a_commit, 8, True, 2000),
    "release": (release, 4, False, 1000),
    "lane": (lane, 6, True, 1000),
    "latch": (latch, 4, True, 1000),
    "touched latch": (touched_latch, 4, True, 1000),
    "stolen latch": (stolen_latch, 3, True, 1000),
    "lifted latch": (lifted_latch, 8, False, 1000),
    "end": (end, 4, False, 1000),
    "age": (age, 8, False, 1000),
    "lost journal": (lost_journal, 6, True, 1000),
}
STEPS = [(story, at) for story, (_, steps, _, _) in STORIES.items() for at in range(steps)]


def as_receipts_say(station: Station, controller: Controller) -> bool:
    memory = controller.memory
    if memory.published is None or memory.at is None:
        return not (station.memory / VAULT_FILE).exists()
    return read_files(station.memory) == render(memory.published, memory.at, "governance")


@pytest.mark.slow
@pytest.mark.parametrize(("story", "at"), STEPS)
def test_killed_at_any_step_it_ends_where_it_would_have(
    station: Station, fund: Fund, story: str, at: int
) -> None:
    happens, _, is_halted, limit = STORIES[story]
    happens(station, fund)
    station.stop()
    with contextlib.suppress(Killed):
        station.start(crash=Fuse(at)).tick()
    station.stop()
    controller = station.start()
    assert as_receipts_say(station, controller) or controller.held_back
    controller.tick()
    assert as_receipts_say(station, controller)
    policy = station.reader().policy
    assert (halted(policy), capital(policy)) == (is_halted, limit)
    assert policy.overlay.everywhere.reduce_only == 0
    assert latched(station.memory) is (story.endswith("latch") and is_halted)
    assert verify(station.journal).position.size > 0
    assert station.start().memory == controller.memory
    stated = [published_by(record) for record in station.records()]
    serials = [published.provenance.serial for published in stated if published]
    assert serials == sorted(serials)
    assert station.refolded() > 0


@pytest.mark.parametrize("story", STORIES)
def test_every_step_of_a_story_is_one_the_test_above_dies_at(
    station: Station, fund: Fund, story: str
) -> None:
    STORIES[story][0](station, fund)
    station.stop()
    taken: list[str] = []
    station.start(crash=taken.append).tick()
    assert len(taken) == STORIES[story][1], taken


@pytest.mark.parametrize(
    ("story", "at"), [step for step in STEPS if step[0] not in {"begin", "lost journal"}]
)
def test_a_reader_never_sees_more_than_a_receipt_allows_while_it_is_dead(
    station: Station, fund: Fund, story: str, at: int
) -> None:
    STORIES[story][0](station, fund)
    station.stop()
    by_hand = station.reader().policy
    fuse = Fuse(at)
    with contextlib.suppress(Killed):
        station.start(crash=fuse).tick()
    station.stop()
    try:
        seen = station.reader().policy
    except UnavailableError:
        # Torn in two: nothing may trade on it.
        assert fuse.blown == f"published {OVERLAY_FILE}"
        return
    stated = [published_by(record) for record in station.records()]
    allowed = [by_hand, *(published.policy for published in stated if published)]
    assert any(compare(seen, policy) in {Order.EQUAL, Order.TIGHTER} for policy in allowed)
    if halted(by_hand) and story not in {"release", "lifted latch", "end"}:
        assert halted(seen)


def test_a_batch_of_receipts_cut_short_is_walked_again(station: Station, fund: Fund) -> None:
    """Several commits, of which only the first receipt reached the disk."""
    station.start().tick()
    fund.change({MOMENTUM: vault("momentum", capital=2000)}, by="ada", approve=True)
    fund.change({fund.halt("stop"): switch("stop")}, by="olga")
    station.stop()
    with contextlib.suppress(Killed):
        station.start(crash=Fuse(1)).tick()
    station.stop()
    lines = station.journal.read_bytes().splitlines(keepends=True)
    station.journal.write_bytes(b"".join(lines[:-1]))
    controller = station.start()
    assert not halted(station.reader().policy)
    controller.tick()
    assert halted(station.reader().policy)
    assert as_receipts_say(station, controller)
    ids = [record.id for record in station.records()]
    assert len(set(ids)) == len(ids)
