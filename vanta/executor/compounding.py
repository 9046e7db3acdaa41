"""Compounding: how much of a vault's gains its sizes grow with. Pure."""

from typing import NamedTuple

from vanta.domain.exact import PPM, part_of
from vanta.executor.mandate import Mandate


class Gains(NamedTuple):
    """What a vault has made, units; negative for a loss."""

    all: int
    """Net asset value less what was put in."""
    today: int
    """Of the market's day."""
    deployed: int
    """Exposure above the capital when that day began."""


def reinvested(gains: Gains, mandate: Mandate) -> int:
    """How much beyond its capital a vault may deploy; 0 while it has no gains.

    Of the gains the share `reinvest`, times `scale`, and never more than the gains. Where nothing
    is rolled forward, a day begins with what of it was deployed, and what the day makes is added;
    what was left idle is kept out for good.
    """
    if gains.all <= 0:
        return 0
    most = _share(gains.all, mandate)
    if mandate.roll_forward:
        return most
    return min(most, max(0, gains.deployed) + _share(max(0, gains.today), mandate))


def deployable_at_first(nav: int, mandate: Mandate) -> int:
    """What sizes were shares of in the first edition, which knew `reinvest` alone."""
    gains = nav - mandate.capital
    return mandate.capital + part_of(gains, min(mandate.reinvest, PPM)) if gains > 0 else nav


def _share(gains: int, mandate: Mandate) -> int:
    return min(gains, part_of(part_of(gains, mandate.reinvest), mandate.scale))
