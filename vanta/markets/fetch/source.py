"""What a source is to a turn of collecting, and how far each tier reaches back."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol

from vanta.domain.instant import DAY, HOUR, MINUTE


class Tier(StrEnum):
    """How often a turn comes, and with that how far it looks back."""

    LIGHT = "light"
    DEEP = "deep"
    WARM_UP = "warm-up"


REACH = {Tier.LIGHT: 15 * MINUTE, Tier.DEEP: 2 * HOUR, Tier.WARM_UP: DAY}
"""How far back what comes by the minute is asked for: a turn fills what the ones before missed.

The reflector takes what is up to two hours late; a day is for whoever works through it again.
"""
DAYS = {Tier.DEEP: 10, Tier.WARM_UP: 75}
"""How many days of daily bars are asked for; more than models look back before the open."""
BUDGET = {Tier.LIGHT: 45.0, Tier.DEEP: 240.0, Tier.WARM_UP: 240.0}
"""Seconds a whole turn may take."""


class Ask(NamedTuple):
    """One thing a source is asked for."""

    what: str
    """For a person: what, and of whom."""
    take: Callable[[], int]
    """Ask for it and record the answer; how many records were new."""


class Source(Protocol):
    """One vendor."""

    @property
    def name(self) -> str:
        """As `markets.collect` calls it."""
        ...

    def asks(self, tier: Tier) -> Iterable[Ask]:
        """What it is asked for in a turn of this tier; nothing where it has no part in it."""
        ...
