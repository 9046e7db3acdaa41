"""Keys and time: when it is, is never for the commit itself to say, nor for one clock."""

from collections.abc import Iterable

import pytest

from tests.attacks.changes import LOOSER
from tests.attacks.door import knock
from tests.governance.fund import (
    CEILING,
    OVERLAY,
    Fund,
    capital,
    document,
    flip,
    overlay,
    switch,
)
from tests.governance.simulator import START, Content
from vanta.domain.instant import DAY, FOREVER, HOUR, MINUTE

NODES = ("alpha", "executor")


# Clocks.


@pytest.mark.parametrize("off", [-DAY, DAY], ids=["a day behind", "a day ahead"])
def test_verifier_clock_a_day_off(fund: Fund, off: int) -> None:
    """It loosens nothing that a right clock would not, and forgets no halt."""
    end = fund.now + 3 * DAY
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR))}, by="olga", approve=True)
    fund.change({fund.halt("soon"): switch("soon", scope="venue: paper", until=end)}, by="olga")
    fund.change({fund.halt("ever"): switch("ever", scope="vault: crypto")}, by="olga")
    fund.change(LOOSER, by="ada", approve=True)
    fund.approve("grace")
    right, wrong = knock(fund).policy, knock(fund, now=fund.now + off).policy
    for policy in (right, wrong):
        assert policy.overlay.venues.at("paper").full_halt == end
        assert policy.overlay.vaults.at("crypto").full_halt == FOREVER
        assert all(each.until <= START + 2 * HOUR for each in policy.overlay.flips.values())
    assert capital(wrong) <= capital(right) == 2000


@pytest.mark.parametrize("off", [-DAY, DAY], ids=["a day behind", "a day ahead"])
def test_verifier_clock_a_day_off_lets_one_person_take_nothing_back(fund: Fund, off: int) -> None:
    """By a clock ahead the halt has ended, and dropping its file would be no change at all."""
    end = fund.now + 12 * HOUR
    fund.change({fund.halt("stop"): switch("stop", until=end)}, by="olga")
    fund.change({fund.halt("stop"): None}, by="olga", approve=True)
    answer = knock(fund, now=fund.now + off)
    assert answer.exit_code in {0, 1}
    assert answer.policy.overlay.everywhere.full_halt == end


@pytest.mark.parametrize("ahead", [0, 2 * DAY])
def test_verifier_clock_far_off_makes_no_flip_longer(fund: Fund, ahead: int) -> None:
    """A clock ahead lets somebody open a flip that, set right, would last two days too long."""
    until = fund.now + ahead + HOUR
    fund.change({OVERLAY: overlay(flip(until))}, by="olga", approve=True)
    answer = knock(fund, now=fund.now + ahead)
    assert answer == ("applied", None, 0)
    right = knock(fund)
    if ahead:
        assert right == ("refused", "QUORUM_MISSING", 1)
        assert right.policy.overlay.flips == {}


def test_a_flips_ttl_renewed_by_a_restart(fund: Fund) -> None:
    """Its end is an instant, so folding it again, at any time, moves nothing."""
    end = fund.now + 2 * HOUR
    fund.change({OVERLAY: overlay(flip(end))}, by="olga", approve=True)
    assert knock(fund) == ("applied", None, 0)
    for later in (0, HOUR, 2 * HOUR, 3 * HOUR, DAY):
        flips = knock(fund, now=fund.now + later).policy.overlay.flips
        assert {each.until for each in flips.values()} <= {end}
    fund.change({OVERLAY: overlay(flip(end + MINUTE))}, by=None)
    fund.change({OVERLAY: overlay(flip(end))}, by=None)
    assert knock(fund) == ("unchanged", None, 0)


@pytest.mark.parametrize("by", [None, "olga", "ada", "carol"])
def test_a_flips_ttl_renewed_by_whoever_may_not(fund: Fund, by: str | None) -> None:
    """Beyond the envelope it takes the quorum, and without an approval it takes nobody's word."""
    end = fund.now + HOUR
    fund.change({OVERLAY: overlay(flip(end))}, by="olga", approve=True)
    longer = fund.now + (3 * HOUR if by == "olga" else 2 * HOUR)
    fund.change({OVERLAY: overlay(flip(longer))}, by=by, approve=by == "olga")
    answer = knock(fund)
    assert (answer.verdict, answer.exit_code) == ("refused", 1)
    assert answer.policy.overlay.flips["momentum"].until == end


def shorter(fund: Fund, end: int | None) -> Iterable[dict[str, Content | None]]:
    """Every way to say that a halt ends, or ends sooner."""
    stop = fund.halt("stop")
    yield {stop: switch("stop", until=fund.now + HOUR)}
    yield {stop: None, fund.halt("stop-2"): switch("stop-2", until=fund.now + HOUR)}
    yield {stop: None}
    yield {stop: switch("stop", scope="vault: crypto", until=end)}
    yield {stop: document("Overlay", "stop", "switches: []")}


@pytest.mark.parametrize("ends", [True, False], ids=["with an end", "without one"])
def test_a_halts_expiry_shortened(fund: Fund, *, ends: bool) -> None:
    """By its own author, one root person, or nobody: each is a loosening."""
    end = fund.now + 10 * DAY if ends else None
    fund.change({fund.halt("stop"): switch("stop", until=end)}, by="olga")
    halt = fund.sim.head()
    for changes in shorter(fund, end):
        for by in (None, "olga", "ada"):
            fund.sim.point("refs/heads/main", halt)
            fund.change(changes, by=by, approve=by is not None)
            answer = knock(fund)
            assert answer == ("refused", "QUORUM_MISSING" if by else "UNSIGNED", 1)
            assert answer.policy.overlay.everywhere.full_halt == (end or FOREVER)


def test_a_halts_expiry_shortened_by_another_halt_of_the_lane(fund: Fund) -> None:
    for name, until in (("stop", None), ("less", fund.now + HOUR)):
        fund.change(
            {fund.halt(name): switch(name, until=until)},
            by="olga",
            parents=[fund.introduction],
            ref=f"refs/vanta/halts/{name}",
        )
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert answer.policy.overlay.everywhere.full_halt == FOREVER


@pytest.mark.parametrize("by", ["olga", "mallory", None])
def test_a_halts_expiry_shortened_by_what_is_pushed_on_top_of_it(
    fund: Fund, by: str | None
) -> None:
    """Onto the very ref, and a fast-forward at that, so that no protection stops it."""
    ref = "refs/vanta/halts/stop"
    halt = fund.change(
        {fund.halt("stop"): switch("stop")}, by="olga", parents=[fund.introduction], ref=ref
    )
    less = switch("stop", until=fund.now + HOUR)
    fund.change({fund.halt("stop"): less}, by=by, parents=[halt], ref=ref)
    answer = knock(fund)
    assert answer == ("tightened", "HALTED", 3)
    assert answer.policy.overlay.everywhere.full_halt == FOREVER


def test_a_ceiling_that_is_lowered_ends_the_flip_it_no_longer_allows(fund: Fund) -> None:
    """The envelope a flip was opened in is asked of the policy it leads to."""
    fund.change({OVERLAY: overlay(flip(fund.now + HOUR))}, by="olga", approve=True)
    tight = document(
        "Ceiling", "prod",
        "account: {gross: 10000}\ncapital: 5000\nenvelope: {ttl: 2h, slice: 0.01, amplifier: 1}",
    )  # fmt: skip
    fund.change({CEILING: tight}, by="ada", approve=True)
    answer = knock(fund)
    assert answer == ("applied", None, 0)
    assert answer.policy.overlay.flips["momentum"].slice == 10_000
