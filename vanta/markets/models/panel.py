"""All models, in the order their reasons are given."""

from vanta.markets.features import Features
from vanta.markets.models import insiders, momentum, options, relevance, sentiment, volume
from vanta.markets.models.evidence import Evidence, Model

MODELS: tuple[Model, ...] = (
    sentiment.evidence,
    momentum.evidence,
    insiders.evidence,
    options.evidence,
    relevance.evidence,
    volume.evidence,
)

VERSIONS = tuple(
    module.NAME for module in (sentiment, momentum, insiders, options, relevance, volume)
)
"""What a reflection was made by; journalled with it."""


def evidence(features: Features) -> tuple[Evidence, ...]:
    """What each model that has something to measure says."""
    said = (model(features) for model in MODELS)
    return tuple(one for one in said if one is not None)
