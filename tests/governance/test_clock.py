"""R9: a clock that was set is doubted, time goes on by the other one, and no halt ends by it."""

import pytest

from vanta.domain.instant import DAY, HOUR, MINUTE, SECOND
from vanta.governance.clock import TOLERANCE, NodeClock, Reference, boot_id, kernel_synchronised

NOON = 1_700_000_000 * SECOND


class Clocks:
    """A wall clock that can be set and a time since boot that cannot."""

    def __init__(self) -> None:
        self.wall = NOON
        self.since_boot = 5 * HOUR
        self.synchronised = False

    def pass_(self, ns: int) -> None:
        self.wall += ns
        self.since_boot += ns

    def node(self, *, boot: str = "this", sync_required: bool = False) -> NodeClock:
        return NodeClock(
            lambda: self.wall,
            lambda: self.since_boot,
            boot=boot,
            synchronised=lambda: self.synchronised,
            sync_required=sync_required,
        )


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_a_clock_nobody_sets_is_believed(clocks: Clocks) -> None:
    node = clocks.node()
    for _ in range(3):
        clocks.pass_(HOUR)
        now = node.look()
        assert now == (clocks.wall, clocks.wall, clocks.wall, "")
        assert node.now() == clocks.wall


@pytest.mark.parametrize("step", [DAY, -DAY, TOLERANCE + 1, -TOLERANCE - 1])
def test_a_clock_that_is_set_is_doubted_and_time_goes_on_by_the_other(
    clocks: Clocks, step: int
) -> None:
    node = clocks.node()
    node.look()
    before = clocks.wall
    clocks.wall += step
    clocks.pass_(MINUTE)
    now = node.look()
    assert now.doubt
    assert now.time == before + MINUTE
    assert now.halts == before
    assert now.latest == max(before, clocks.wall)


@pytest.mark.parametrize("step", [SECOND, -SECOND, TOLERANCE])
def test_a_leap_second_passes(clocks: Clocks, step: int) -> None:
    node = clocks.node()
    node.look()
    clocks.wall += step
    assert node.look().doubt == ""


def test_many_small_steps_are_one_large_one(clocks: Clocks) -> None:
    node = clocks.node()
    node.look()
    doubts = []
    for _ in range(5):
        clocks.wall += SECOND
        clocks.pass_(MINUTE)
        doubts.append(bool(node.look().doubt))
    assert doubts == [False, False, True, True, True]


def test_a_clock_set_forward_stays_doubted_until_it_is_back(clocks: Clocks) -> None:
    """Or an attacker would only have to wait for the next look."""
    node = clocks.node()
    node.look()
    clocks.wall += DAY
    for _ in range(100):
        clocks.pass_(HOUR)
        assert node.look().doubt
    clocks.wall -= DAY
    now = node.look()
    assert now.doubt == ""
    assert now.time == now.halts == clocks.wall
    assert now.latest == clocks.wall + DAY, "what loosens ended by the latest clock there was"


def test_the_kernels_word_for_an_hour_settles_it(clocks: Clocks) -> None:
    node = clocks.node()
    node.look()
    clocks.wall += DAY
    clocks.synchronised = True
    for _ in range(60):
        assert node.look().doubt
        clocks.pass_(MINUTE)
    assert node.look().doubt == ""
    assert node.look().halts == clocks.wall


def test_an_hour_begins_anew_when_the_clock_is_set_again_or_loses_its_source(
    clocks: Clocks,
) -> None:
    node = clocks.node()
    node.look()
    clocks.wall += DAY
    clocks.synchronised = True
    node.look()
    clocks.pass_(50 * MINUTE)
    clocks.wall += DAY
    assert node.look().doubt
    clocks.pass_(50 * MINUTE)
    clocks.synchronised = False
    assert node.look().doubt
    clocks.synchronised = True
    assert node.look().doubt
    clocks.pass_(50 * MINUTE)
    assert node.look().doubt
    clocks.pass_(10 * MINUTE)
    assert node.look().doubt == ""


def test_where_the_kernels_word_is_required_a_clock_without_it_is_doubted(clocks: Clocks) -> None:
    node = clocks.node(sync_required=True)
    assert "synchronised" in node.look().doubt
    assert node.look().halts == 0
    assert node.look().time == clocks.wall
    clocks.synchronised = True
    assert node.look().doubt == ""


def test_a_clock_behind_what_was_written_was_set_back(clocks: Clocks) -> None:
    written = clocks.wall + HOUR
    node = clocks.node()
    node.start(written)
    now = node.look()
    assert now.doubt
    assert (now.time, now.latest, now.halts) == (written, written, 0)
    clocks.pass_(MINUTE)
    assert node.look().time == written + MINUTE
    clocks.wall = written + MINUTE
    assert node.look().doubt == ""


def test_a_restart_does_not_make_a_set_clock_good(clocks: Clocks) -> None:
    first = clocks.node()
    first.look()
    clocks.wall += DAY
    assert first.look().doubt
    second = clocks.node()
    second.start(clocks.wall - DAY, latest=clocks.wall, reference=first.reference)
    assert second.look().doubt
    assert second.look().latest == clocks.wall


def test_after_another_boot_the_clock_is_taken_as_it_is(clocks: Clocks) -> None:
    node = clocks.node()
    node.start(NOON - HOUR, reference=Reference("another", 0))
    assert node.look().doubt == ""


def test_the_latest_time_is_kept(clocks: Clocks) -> None:
    node = clocks.node()
    node.start(NOON - HOUR, latest=NOON + DAY)
    assert node.look() == (clocks.wall, NOON + DAY, clocks.wall, "")


def test_a_steady_clock_is_never_doubted() -> None:
    times = iter([NOON, NOON, NOON + DAY, NOON + DAY, NOON + 9 * DAY, NOON + 9 * DAY])
    node = NodeClock.steady(lambda: next(times))
    assert [node.look().doubt for _ in range(3)] == [""] * 3


def test_this_machine_answers() -> None:
    node = NodeClock()
    node.start(0)
    assert node.look().doubt == ""
    assert node.reference.boot == boot_id() != ""
    assert kernel_synchronised() in {True, False}
