"""Whether what was said is about this symbol, or a list it happens to stand on."""

from vanta.domain.exact import PPM
from vanta.markets.features import Features
from vanta.markets.models.evidence import STRONGEST, Evidence, grown

NAME = "relevance/1"
WEIGHT = 200_000
HALF = 2


def evidence(features: Features) -> Evidence | None:
    """The share each text gives to the symbol: alone 1, one of two 1/2, one of ten 1/10."""
    texts = features.texts
    if not texts:
        return None
    focus = sum(PPM // text.named for text in texts) // len(texts)
    authors = len({(text.feed, text.author or text.id) for text in texts})
    nearest = sorted(texts, key=lambda text: (text.named, -text.seen, text.id))
    alone = sum(text.named == 1 for text in texts)
    return Evidence(
        model=NAME,
        value=2 * focus - PPM,
        weight=grown(WEIGHT, authors, HALF),
        text=f"{alone} of {len(texts)} texts speak of it alone",
        signals=tuple(text.id for text in nearest[:STRONGEST]),
        directed=False,
    )
