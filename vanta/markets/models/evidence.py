"""What a model says."""

from typing import Protocol

import msgspec

from vanta.domain.exact import PPM
from vanta.markets.features import Features

STRONGEST = 5
"""Signals a model names as being behind what it says."""


class Evidence(msgspec.Struct, frozen=True):
    """One model's measurement of one symbol."""

    model: str
    """Name and version, such as `sentiment/1`."""
    value: int
    """-1 to 1, ppm: where directed, up or down; otherwise for or against believing the rest."""
    weight: int
    """0 to 1, ppm; the more was measured, the nearer to the model's full weight."""
    text: str
    """One sentence for a person."""
    signals: tuple[str, ...] = ()
    """Ids of the strongest signals behind it, strongest first."""
    directed: bool = True
    """Whether it says which way; a model that does not can confirm or doubt, never turn."""


class Model(Protocol):
    """One way of looking at a symbol."""

    def __call__(self, features: Features, /) -> Evidence | None:
        """What it measures; None where there is nothing to measure."""
        ...


def clamp(value: int, most: int = PPM) -> int:
    """Into -most to most."""
    return max(-most, min(most, value))


def ratio(part: int, whole: int) -> int:
    """A quotient in ppm, rounded toward zero; the whole is above 0."""
    return part * PPM // whole if part >= 0 else -(-part * PPM // whole)


def share(value: int, weight: int) -> int:
    """`value` times `weight`, both ppm, rounded toward zero."""
    product = value * weight
    return product // PPM if product >= 0 else -(-product // PPM)


def saturated(value: int, half: int) -> int:
    """Into -1 to 1 with `half` as the value of one half: large values differ less and less."""
    return ratio(value, abs(value) + half)


def grown(weight: int, count: int, half: int) -> int:
    """A weight that reaches one half of itself at `half` observations."""
    return weight * count // (count + half)


def percent(value: int) -> str:
    """A ppm ratio as signed percent with one decimal."""
    tenths = value // 1000 if value >= 0 else -(-value // 1000)
    sign = "-" if tenths < 0 else "+"
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}%"
