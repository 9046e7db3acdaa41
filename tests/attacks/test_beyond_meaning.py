"""Not on the list: documents that mean more, later or elsewhere, than they seem to."""

from tests.attacks.door import knock
from tests.governance.fund import CRYPTO, MOMENTUM, OVERLAY, Fund, halted, overlay, switch, vault
from vanta.domain.instant import DAY, HOUR


def stop(scope: str = "", name: str = "stop") -> str:
    where = f"scope: {{{scope}}}, " if scope else ""
    return f"{{name: {name}, switch: full_halt, {where}reason: test}}"


def test_nobody_can_release_every_restraint_there_will_ever_be(fund: Fund) -> None:
    """Had a quorum let everything go, naming one nonce would be fewer, and so "tighten"."""
    fund.change({OVERLAY: overlay(released=["*"])}, by="ada", approve=True)
    fund.approve("grace")
    fund.change({OVERLAY: overlay(released=["deadbeefdeadbeef"])}, by="olga", approve=True)
    assert "deadbeefdeadbeef" not in knock(fund).policy.released


def test_a_clock_a_day_ahead_forgets_no_halt_that_has_not_ended(fund: Fund) -> None:
    """By that clock the halt has ended; when the clock is set right, it must be there still."""
    end = fund.now + 12 * HOUR
    fund.change({fund.halt("stop"): switch("stop", until=end)}, by="olga", approve=True)
    less = {CRYPTO: vault("crypto", capital=5, persona="athena")}
    fund.change({fund.halt("stop"): None, **less}, by="ada", approve=True)
    assert knock(fund).policy.overlay.everywhere.full_halt == end
    assert knock(fund, now=fund.now + DAY).policy.overlay.everywhere.full_halt == end


def test_a_switch_somebody_pretended_to_can_still_be_switched_on(fund: Fund) -> None:
    """The tree says halted by nobody's word; whoever means it adds their own entry."""
    fund.change({OVERLAY: overlay(switches=f"[{stop()}]")}, by=None)
    both = f"[{stop()}, {stop(name='really')}]"
    fund.change({OVERLAY: overlay(switches=both)}, by="olga")
    assert halted(knock(fund).policy)


def test_a_persona_is_halted_where_it_trades_though_somebody_moved_the_vault(fund: Fund) -> None:
    """In force `momentum` trades as ares; nobody's commit says otherwise."""
    fund.change({MOMENTUM: vault("momentum", persona="athena")}, by=None)
    fund.change({OVERLAY: overlay(switches=f"[{stop('persona: ares')}]")}, by="olga")
    assert knock(fund).policy.overlay.vaults.at("momentum").full_halt > 0
