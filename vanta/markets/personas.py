"""How a persona leans: nearer to the evidence that speaks of its own horizon.

A persona's horizon is a governed field. What a model measures holds for about as long as below, and
a persona that holds for weeks makes less of what people say today.
"""

import msgspec

from vanta.domain.exact import PPM
from vanta.domain.instant import DAY

SPANS = {
    "sentiment": DAY,
    "volume": DAY,
    "options": 2 * DAY,
    "momentum": 5 * DAY,
    "insiders": 30 * DAY,
}
"""For how long each model's evidence speaks; one that is not named speaks for any time."""

TILTS = ((4, 1_100_000), (12, PPM))
"""Up to so many times apart, the weight is scaled by this much."""
FAR = 800_000


class Persona(msgspec.Struct, frozen=True):
    """What a reflection needs to know of a persona; journalled with it."""

    name: str
    horizon: int
    """Nanoseconds; 0 leans nowhere."""


def tilt(model: str, horizon: int) -> int:
    """How much a persona scales a model's weight, ppm.

    Args:
        model: name and version, such as `sentiment/1`.
        horizon: the persona's.
    """
    span = SPANS.get(model.partition("/")[0])
    if span is None or horizon <= 0:
        return PPM
    apart = max(span, horizon) // min(span, horizon)
    return next((scale for most, scale in TILTS if apart <= most), FAR)
