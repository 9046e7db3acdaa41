"""From evidence to conviction: a score that is exactly the sum of its reasons.

Models that say which way are added first, and their sign is the side. Models that say only how far
to believe the rest come after: they can at most double what the others found, or cancel it, and
never turn it. What the bounds take away, or a cancelled score no longer holds, is a reason too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from vanta.domain.conviction import Conviction, Reason, Side, band
from vanta.domain.encoding import content_id, encode
from vanta.domain.exact import PPM
from vanta.markets.features import Features
from vanta.markets.models import panel
from vanta.markets.models.evidence import Evidence, share
from vanta.markets.personas import Persona, tilt

CLIP = "clip/1"
LEAST_TEXTS = 2
"""Texts that make a symbol worth a view where nothing but words speaks of it."""
MOST_SYMBOLS = 120
"""Symbols of one reflection; those most is said of come first."""


class _Sum(NamedTuple):
    side: Side
    parts: tuple[int, ...]
    score: int


def _sum(evidence: Sequence[Evidence], weights: Sequence[int], side: Side | None = None) -> _Sum:
    """Signed parts toward the side, and what they come to within the bounds."""
    moved = [share(one.value, weight) for one, weight in zip(evidence, weights, strict=True)]
    pull = sum(part for one, part in zip(evidence, moved, strict=True) if one.directed)
    chosen: Side = side or ("buy" if pull >= 0 else "sell")
    sign = 1 if chosen == "buy" else -1
    parts = tuple(
        part * sign if one.directed else part for one, part in zip(evidence, moved, strict=True)
    )
    directed = max(0, pull * sign)
    score = max(0, min(sum(parts), 2 * directed, PPM))
    return _Sum(chosen, parts, score)


def _overlay(evidence: Sequence[Evidence], side: Side, persona: Persona) -> int:
    weights = [share(one.weight, tilt(one.model, persona.horizon)) for one in evidence]
    return _sum(evidence, weights, side).score


def _clip(total: int, score: int) -> Reason:
    if total > PPM:
        text = "nobody is surer than sure"
    elif total > score:
        text = "what only confirms cannot say more than what points"
    else:
        text = "doubts cancel a view and do not turn it"
    return Reason(CLIP, score - total, 0, 0, text)


def youngest(features: Features) -> int:
    """`seen_ts` of the youngest signal of a feed; reference bars age nothing."""
    groups = (features.texts, features.flow, features.dealings)
    ages = [group[-1].seen for group in groups if group]
    if features.asset_class == "crypto":
        ages += [bars[-1].at for bars in (features.daily, features.intraday) if bars]
    return max(ages, default=0)


def conviction(
    features: Features,
    evidence: Sequence[Evidence],
    personas: Iterable[Persona],
    *,
    audit: str,
    after: str = "",
) -> Conviction | None:
    """The view these come to; None where nothing points either way.

    Args:
        features: what the evidence was measured on.
        evidence: what the models said.
        personas: whose overlays to add.
        audit: journal and position the evidence lies in.
        after: id of the ranking before, which tells two reflections of one instant apart.
    """
    found = _sum(evidence, [one.weight for one in evidence])
    if found.score == 0:
        return None
    reasons = [
        Reason(one.model, part, one.value, one.weight, one.text, one.signals)
        for one, part in zip(evidence, found.parts, strict=True)
    ]
    total = sum(found.parts)
    if total != found.score:
        reasons.append(_clip(total, found.score))
    overlays = {persona.name: _overlay(evidence, found.side, persona) for persona in personas}
    identity = (features.symbol, features.as_of, found.side, reasons, overlays, audit, after)
    return Conviction(
        id=content_id("conviction", encode(identity)),
        symbol=features.symbol,
        asset_class=features.asset_class,
        as_of=features.as_of,
        side=found.side,
        score=found.score,
        band=band(found.score),
        reasons=tuple(reasons),
        overlays=overlays,
        youngest=youngest(features),
        audit=audit,
    )


def _worth_a_view(features: Features) -> bool:
    only_words = not (features.dealings or features.flow or features.asset_class == "crypto")
    return not only_words or len(features.texts) >= LEAST_TEXTS


def convictions(
    aligned: Mapping[str, Features], personas: Sequence[Persona], *, audit: str, after: str = ""
) -> list[Conviction]:
    """A view on every symbol something is said of, by symbol."""
    worth = [features for features in aligned.values() if _worth_a_view(features)]
    worth.sort(key=lambda one: (-len(one.texts), -len(one.flow), one.symbol))
    views = (
        conviction(features, panel.evidence(features), personas, audit=audit, after=after)
        for features in worth[:MOST_SYMBOLS]
    )
    return sorted((view for view in views if view), key=lambda view: view.symbol)


def parents(view: Conviction) -> tuple[str, ...]:
    """Ids of the signals behind a conviction, each once, strongest reason first."""
    strongest = sorted(view.reasons, key=lambda reason: (-abs(reason.part), reason.model))
    return tuple(dict.fromkeys(signal for reason in strongest for signal in reason.signals))
