"""Convictions in an order that does not flicker: a place is lost to somebody clearly better."""

from collections.abc import Sequence

import msgspec

from vanta.domain.conviction import Conviction, Side
from vanta.domain.encoding import content_id, encode

HOLD = 40_000
"""What an incumbent is given over a newcomer, ppm."""
TURNED_FROM = 300_000
"""A view at least this strong that turns is looked at twice."""
SURE = 700_000
"""A view at least this strong may turn at once."""


class Ranked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One conviction's place."""

    symbol: str
    conviction_id: str
    asset_class: str
    side: Side
    score: int
    """ppm."""
    rank: int
    """From 1."""
    was: int
    """Place in the ranking before; 0 for none."""
    streak: int
    """Rankings in a row on this side, this one included."""
    turned: bool
    """It was held the other way a moment ago, and is not yet sure: acted on when it stays."""


class Ranking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All convictions of one instant, best first."""

    id: str
    as_of: int
    entries: tuple[Ranked, ...]
    personas: dict[str, tuple[str, ...]]
    """Conviction ids as each persona would order them."""


def _ranked(view: Conviction, rank: int, before: Ranked | None) -> Ranked:
    same = before is not None and before.side == view.side
    held = before is not None and (before.score >= TURNED_FROM or before.turned)
    return Ranked(
        symbol=view.symbol,
        conviction_id=view.id,
        asset_class=view.asset_class,
        side=view.side,
        score=view.score,
        rank=rank,
        was=before.rank if before else 0,
        streak=before.streak + 1 if before and same else 1,
        turned=held and not same and view.score < SURE,
    )


def rank(views: Sequence[Conviction], as_of: int, previous: Ranking | None) -> Ranking:
    """The order of `views`, given the order before."""
    before = {entry.symbol: entry for entry in previous.entries} if previous else {}

    def held(view: Conviction, score: int) -> tuple[int, str]:
        entry = before.get(view.symbol)
        bonus = HOLD if entry is not None and entry.side == view.side else 0
        return -(score + bonus), view.symbol

    ordered = sorted(views, key=lambda view: held(view, view.score))
    names = sorted({name for view in views for name in view.overlays})
    personas = {
        name: tuple(
            view.id for view in sorted(views, key=lambda view: held(view, view.overlays[name]))
        )
        for name in names
    }
    entries = tuple(
        _ranked(view, place, before.get(view.symbol)) for place, view in enumerate(ordered, start=1)
    )
    identity = encode((as_of, entries, personas, previous.id if previous else ""))
    return Ranking(content_id("ranking", identity), as_of, entries, personas)
