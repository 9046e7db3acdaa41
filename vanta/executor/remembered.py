"""For how long an intent is remembered that was let in, or decided.

As long as it is valid, whatever that takes. Later it would be refused for its age anyway, but a
clock may be set back: by no more than seconds before it is doubted, and to a mistaken hand a day is
left. What is remembered is in every snapshot, which is one line; so of very many that day is not
kept.
"""

from collections import OrderedDict

from vanta.domain.instant import DAY, MINUTE

CROWD = 65_536
"""So many, and again as many, are looked through for what has expired."""

SOON = 5 * MINUTE
"""In a crowd an intent is forgotten when it has been expired for so long."""


def forget(expiries: OrderedDict[str, int], now: int) -> None:
    """Let go of intents; called before each that is added, so that a crowd is noticed.

    Args:
        expiries: by intent, to when it expires, in the order they came.
        now: UTC nanoseconds.
    """
    while expiries and expiries[first := next(iter(expiries))] <= now - DAY:
        del expiries[first]
    if expiries and not len(expiries) % CROWD:
        for name in [name for name, expires in expiries.items() if expires <= now - SOON]:
            del expiries[name]
