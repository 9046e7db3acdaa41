"""Flips and boosts at their end: over by the node's clock, whoever is still there to say so."""

from collections.abc import Iterator, Mapping

from vanta.domain.policy import OverlayPolicy
from vanta.executor.events import BranchEnded


def ended(overlay: OverlayPolicy, known: Mapping[str, int], now: int) -> Iterator[BranchEnded]:
    """The branches that reached their end, and of which that is not on record.

    Args:
        overlay: of the policy in force; it may be old, as nothing of it is needed at the end.
        known: by vault, the latest end that is on record.
        now: UTC nanoseconds by the node's clock.
    """
    latest = dict(known)
    for name, flip in sorted(overlay.flips.items()):
        if latest.get(name, 0) < flip.until <= now:
            latest[name] = flip.until
            yield BranchEnded(name, "flip", flip.until, now)
    for name, boost in sorted(overlay.boosts.items()):
        if latest.get(name, 0) < boost.until <= now:
            latest[name] = boost.until
            yield BranchEnded(name, "boost", boost.until, now)
