"""Where the price goes, against how it usually goes."""

import itertools

from vanta.domain.exact import PPM
from vanta.domain.instant import DAY
from vanta.markets.features import Features
from vanta.markets.models.evidence import Evidence, percent, ratio, saturated
from vanta.markets.series import Bar

NAME = "momentum/1"
WEIGHT = 350_000
WEEK = 5
"""Days a move is measured over."""
ROOT_WEEK = 2_236
"""Square root of five, in thousandths: what a week's move is to a day's, by chance."""
MONTH = 20
FEWEST = 12
"""Shorter bars below which a day's move is two trades."""
STALE = 4 * DAY
LEAST = 2_000
"""A usual daily move below this is taken for it: nothing is that calm."""


def _moves(bars: tuple[Bar, ...]) -> list[int]:
    return [
        ratio(after.close - before.close, before.close)
        for before, after in itertools.pairwise(bars)
    ]


def _usual(bars: tuple[Bar, ...]) -> int:
    moves = [abs(move) for move in _moves(bars)]
    return max(LEAST, sum(moves) // len(moves)) if moves else LEAST


def _week(features: Features) -> tuple[int, int, str] | None:
    """Move of the last days, in usual moves (ppm) and as it is."""
    bars = features.daily[-MONTH - 1 :]
    if len(bars) <= WEEK or features.as_of - bars[-1].at >= STALE:
        return None
    move = ratio(bars[-1].close - bars[-1 - WEEK].close, bars[-1 - WEEK].close)
    return ratio(move * 1000, _usual(bars) * ROOT_WEEK), move, bars[-1].id


def _today(features: Features) -> tuple[int, int, str] | None:
    """Move over the shorter bars of the last day, likewise."""
    bars = features.intraday
    if len(bars) < FEWEST:
        return None
    move = ratio(bars[-1].close - bars[0].open, bars[0].open)
    usual = _usual(features.daily[-MONTH - 1 :]) if len(features.daily) > WEEK else 5 * LEAST
    return ratio(move, usual), move, bars[-1].id


def evidence(features: Features) -> Evidence | None:
    """The week's and the day's move, in units of the usual one; one usual move is one half."""
    measured = [
        (name, found)
        for name, found in (("in five days", _week(features)), ("today", _today(features)))
        if found is not None
    ]
    if not measured:
        return None
    usual_moves = sum(units for _, (units, _, _) in measured) // len(measured)
    said = ", ".join(f"{percent(move)} {name}" for name, (_, move, _) in measured)
    return Evidence(
        model=NAME,
        value=saturated(usual_moves, PPM),
        weight=WEIGHT,
        text=f"the price moved {said}",
        signals=tuple(signal for _, (_, _, signal) in measured),
    )
