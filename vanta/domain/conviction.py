"""How sure the house is, as a score that is exactly the sum of its reasons."""

from typing import Literal

import msgspec

from vanta.domain.exact import PPM

Side = Literal["buy", "sell"]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model's part of a score."""

    model: str
    """Model and version, such as `sentiment/1`."""
    part: int
    """Share of the score, ppm; negative where the model speaks against it."""
    value: int
    """What the model measured, ppm, before weighting."""
    weight: int
    """How much it counts, ppm."""
    text: str
    """One sentence for a person."""
    signals: tuple[str, ...] = ()
    """Ids of the strongest signals behind it."""


class Conviction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view on one symbol at one instant."""

    id: str
    symbol: str
    asset_class: str
    as_of: int
    """The market's time it was formed for, UTC nanoseconds."""
    side: Side
    score: int
    """0 to 1 in ppm; equal to the sum of the reasons' parts."""
    band: str
    reasons: tuple[Reason, ...]
    overlays: dict[str, int]
    """The score as each persona would hold it, ppm."""
    youngest: int
    """`seen_ts` of the youngest signal behind it."""
    audit: str
    """Where the evidence lies: journal, and its position when this was formed."""

    def __post_init__(self) -> None:
        if sum(reason.part for reason in self.reasons) != self.score:
            raise ValueError(f"{self.id}: the reasons do not sum to the score")
        if not 0 <= self.score <= PPM:
            raise ValueError(f"{self.id}: score {self.score} is outside 0 to {PPM} ppm")


BANDS = ((0, "noise"), (300_000, "watch"), (500_000, "lean"), (700_000, "strong"), (850_000, "max"))
"""Lower edge in ppm, and name."""


def band(score: int) -> str:
    """The name of the band a score falls into."""
    return next(name for edge, name in reversed(BANDS) if score >= edge)
