"""What a persona made of an intent, and what it will do with what comes of it.

Read off the policy that was in force at the decision, so it says what did apply, not what is
declared today.
"""

import msgspec

from vanta.domain.policy import Policy
from vanta.executor.book import Book
from vanta.executor.case import Case
from vanta.executor.edition import EDITION
from vanta.executor.events import DecisionMade
from vanta.executor.mandate import Mandate


class Bias(msgspec.Struct, frozen=True):
    """A vault's persona, boost and flip branch at one decision. Ratios in ppm."""

    persona: str
    multiplier: int
    boost: int
    """What stood in for the multiplier; 0 where nothing did."""
    conviction: int
    """Least conviction the persona acts on."""
    stop_loss: int
    trailing: int
    horizon: int
    """Nanoseconds."""
    flip_until: int
    """End of the vault's flip branch; 0 where there is none."""
    flip_open: bool
    flip_amplifier: int
    flip_slice: int
    flip_conviction: int
    deployable: int
    """What sizes are shares of, units."""
    reinvested: int
    """How much of that is gains."""


def bias(policy: Policy, made: DecisionMade, book: Book) -> Bias:
    """What applied to a decision, by the book as it was before."""
    mandate = Mandate(made.intent.vault, policy)
    edition = min(made.edition, EDITION)
    case = Case(made.intent, book, mandate, made.quote, made.now, made.broker, edition)
    reached = case.reached
    boosted = mandate.boost_until > reached and mandate.boost_multiplier > mandate.multiplier
    return Bias(
        persona=mandate.persona,
        multiplier=mandate.multiplier,
        boost=mandate.boost_multiplier if boosted else 0,
        conviction=mandate.conviction,
        stop_loss=mandate.stop_loss,
        trailing=mandate.trailing,
        horizon=mandate.horizon,
        flip_until=mandate.flip_until,
        flip_open=mandate.flip_until > reached,
        flip_amplifier=min(mandate.flip_amplifier, mandate.envelope_amplifier),
        flip_slice=min(mandate.flip_slice, mandate.envelope_slice),
        flip_conviction=mandate.flip_conviction,
        deployable=case.deployable,
        reinvested=max(0, case.deployable - mandate.capital),
    )
