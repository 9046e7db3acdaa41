"""Whether more happens than usual: shares, coins and words."""

from vanta.domain.exact import PPM
from vanta.domain.instant import DAY, HOUR
from vanta.markets.features import Features
from vanta.markets.models.evidence import Evidence, clamp, percent, ratio

NAME = "volume/1"
WEIGHT = 250_000
MONTH = 20
"""Days the last one is held against."""
FEWEST = 5
"""Days, or hours, below which nothing is usual."""
STALE = 4 * DAY
"""A last day older than a long week end is no last day."""
QUIET = PPM // 2
"""The farthest quietness speaks against; noise, that it speaks for: three times the usual is 1."""


def _hours(features: Features) -> tuple[int, str] | None:
    """The last hour against the mean of the hours before it."""
    hours: dict[int, int] = {}
    last = ""
    for bar in features.intraday:
        age = (features.as_of - bar.at) // HOUR
        hours[age] = hours.get(age, 0) + bar.volume
        last = bar.id
    now = hours.pop(0, 0)
    usual = sum(hours.values())
    if not now or not usual or len(hours) < FEWEST:
        return None
    return ratio(now * len(hours), usual), last


def _days(features: Features) -> tuple[int, str] | None:
    """The last day against the mean of the month before it."""
    bars = features.daily
    if not bars or features.as_of - bars[-1].at >= STALE:
        return None
    before = [bar.volume for bar in bars[-MONTH - 1 : -1]]
    usual = sum(before)
    if len(before) < FEWEST or not usual:
        return None
    return ratio(bars[-1].volume * len(before), usual), bars[-1].id


def _words(features: Features) -> tuple[int, str] | None:
    """The texts of the last day against the mean of the days before."""
    usual = sum(features.usual)
    if not usual or not features.texts:
        return None
    return ratio(len(features.texts) * len(features.usual), usual), features.texts[-1].id


def evidence(features: Features) -> Evidence | None:
    """How far the last hour, the last day and the last day's words stand above the usual."""
    measured = [
        (name, found)
        for name, found in (
            ("this hour", _hours(features)),
            ("the last day", _days(features)),
            ("what is said", _words(features)),
        )
        if found is not None
    ]
    if not measured:
        return None
    surprises = [max(-QUIET, clamp((times - PPM) // 2)) for _, (times, _) in measured]
    said = ", ".join(f"{name} {percent(times - PPM)}" for name, (times, _) in measured)
    return Evidence(
        model=NAME,
        value=sum(surprises) // len(surprises),
        weight=WEIGHT,
        text=f"against the usual: {said}",
        signals=tuple(signal for _, (_, signal) in measured),
        directed=False,
    )
