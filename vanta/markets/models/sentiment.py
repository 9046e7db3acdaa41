"""What people say of it: VADER with the trade's own words, one vote per author.

VADER: C.J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text", ICWSM 2014.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from vanta.domain.exact import PPM
from vanta.markets.features import TEXTS, Features, Text
from vanta.markets.models.evidence import STRONGEST, Evidence, grown, percent, ratio, saturated
from vanta.markets.models.finance_terms import PHRASES, WORDS

NAME = "sentiment/1"
WEIGHT = 450_000
CLEAR = 250_000
"""A mean view that is half of what can be said: people hedge, so means stay near the middle."""
HALF = 2
"""Authors at which it has half its weight."""
NEUTRAL = 50_000
"""Polarity up to which a text says nothing either way; it then counts a quarter."""
_CHARS = 1_000
"""Of a text that are read; the view stands at its beginning, and VADER's time grows with it."""


def _token(phrase: str) -> str:
    return "phrase" + re.sub(r"[^a-z0-9]", "", phrase)


_PHRASE = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(re.escape(phrase) for phrase in sorted(PHRASES, key=len, reverse=True))
    + r")(?![\w-])"
)


@cache
def _compound() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import (  # noqa: PLC0415 - a lexicon of 7,500 words
        SentimentIntensityAnalyzer,
    )

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(WORDS)
    analyzer.lexicon.update({_token(phrase): value for phrase, value in PHRASES.items()})
    return lambda text: float(analyzer.polarity_scores(text)["compound"])


@lru_cache(maxsize=65_536)
def polarity(text: str) -> int:
    """-1 to 1 in ppm, from VADER's compound, which has four decimals."""
    words = text[:_CHARS]
    if _PHRASE.search(words.lower()):
        words = _PHRASE.sub(lambda match: _token(match[0]), words.lower())
    return round(_compound()(words) * PPM)


def _weight(text: Text, as_of: int) -> int:
    """Fresh and about this symbol alone weighs one."""
    freshness = ratio(TEXTS - (as_of - text.seen), TEXTS)
    return freshness // text.named


def evidence(features: Features) -> Evidence | None:
    """The mean view of the authors of the last day."""
    votes: dict[str, list[tuple[int, int, str]]] = {}
    for text in features.texts:
        author = f"{text.feed}:{text.author or text.id}"
        vote = (_weight(text, features.as_of), polarity(text.words), text.id)
        votes.setdefault(author, []).append(vote)
    total = weights = 0
    spoken: list[tuple[int, str]] = []
    for given in votes.values():
        heaviest = max(given)[0]
        whole = sum(weight for weight, _, _ in given)
        if not whole:
            continue
        mean = sum(weight * value for weight, value, _ in given) // whole
        counted = heaviest if abs(mean) > NEUTRAL else heaviest // 4
        total += counted * mean
        weights += counted
        spoken += [(abs(weight * value), signal) for weight, value, signal in given]
    if not weights:
        return None
    mean = total // weights
    spoken.sort(key=lambda one: (-one[0], one[1]))
    authors = len(votes)
    return Evidence(
        model=NAME,
        value=saturated(mean, CLEAR),
        weight=grown(WEIGHT, authors, HALF),
        text=f"{authors} authors of the last day, mean view {percent(mean)}",
        signals=tuple(signal for strength, signal in spoken[:STRONGEST] if strength),
    )
