"""Who gives way where a way out would meet an order of our own.

No two orders of ours may trade with each other (fence 16), and a stop loss may not be kept in by
what somebody else would like to open. So a way out that nothing but an order of ours denies is not
denied: it waits, undecided, while what is in its way is taken back. An opening order gives way at
once. Of two ways out the one that is open goes first; once the other has waited for `PATIENCE` it
gives way, too, and is wanted anew, so neither keeps the other in.
"""

from dataclasses import dataclass

from vanta.domain.conviction import Side
from vanta.domain.instant import SECOND
from vanta.domain.trading import Decision, Intent
from vanta.executor.book import Book
from vanta.executor.fences.resting import SELF_MATCH
from vanta.executor.positions import OpenOrder

MAKES_WAY = "MAKES_WAY"
"""Why an order was taken back that was in the way of a way out."""

AGAIN = SECOND // 5
"""Least time between two decisions on one that waits: each asks the broker for a quote."""

PATIENCE = 30 * SECOND
"""How long one way out waits for another: less than an intent of the Executor's own is valid."""


def waits(intent: Intent, decision: Decision) -> bool:
    """Whether an order of our own is all that denies a way out: then there is no decision yet."""
    return intent.reducing and [one.code for one in decision.reasons] == [SELF_MATCH]


def in_the_way(intent: Intent, decision: Decision, book: Book) -> tuple[OpenOrder, ...]:
    """The open orders that what `waits` would trade with, oldest first."""
    [limit] = [one.observed for one in decision.reasons if isinstance(one.observed, int)]
    return tuple(
        one
        for one in book.open.values()
        if one.order.symbol == intent.symbol
        and one.order.side == other(intent.side)
        and (
            one.order.limit_price <= limit
            if intent.side == "buy"
            else one.order.limit_price >= limit
        )
    )


def gives_way(opened: OpenOrder, waited: int) -> bool:
    """Whether an open order is taken back for a way out that has waited so long, nanoseconds."""
    return not opened.order.reducing or waited >= PATIENCE


@dataclass(slots=True)
class _Waiting:
    intent: Intent
    since: int
    asked: int = 0


class RightOfWay:
    """The ways out that wait, and what they keep free.

    One that waits is nowhere in the book, so without this whatever is opened meanwhile would come
    in its way again and again. It lasts as long as the process: after it everything is asked anew.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        """By intent."""
        self._met: list[tuple[OpenOrder, str]] = []

    def turn(self, intent: Intent, now: int) -> bool:
        """Whether an intent may be decided now.

        Not what opens on a side that a way out has to pass, nor a way out just asked about.
        """
        waiting = self._waiting
        if not waiting:
            return True
        if intent.id in waiting:
            return not 0 <= now - waiting[intent.id].asked < AGAIN
        return intent.reducing or not any(
            (one.intent.symbol, one.intent.side) == (intent.symbol, other(intent.side))
            for one in waiting.values()
        )

    def hindered(self, intent: Intent, decision: Decision, book: Book, now: int) -> bool:
        """Whether an intent waits for its way; if not, this is its decision."""
        if not waits(intent, decision):
            self._waiting.pop(intent.id, None)
            return False
        one = self._waiting.setdefault(intent.id, _Waiting(intent, now))
        one.asked, one.since = now, min(one.since, now)
        waited = now - one.since
        met = in_the_way(intent, decision, book)
        self._met += [(opened, intent.id) for opened in met if gives_way(opened, waited)]
        return True

    def met(self) -> list[tuple[OpenOrder, str]]:
        """What makes way since this was last asked, each with the intent it makes way for."""
        met, self._met = self._met, []
        return met


def other(side: Side) -> Side:
    """Whom an order trades with."""
    return "sell" if side == "buy" else "buy"
