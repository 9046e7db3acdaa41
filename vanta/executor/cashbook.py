"""The cashbook of a broker: what moved there without an execution, taken in once.

Fees, dividends and interest are told later than what they are for, by the day. So a whole stretch
of days is read each time, and what is on record is known by its id. With them the broker's cash can
be held against the book. What lay there before nobody told of: it is noted once, while nothing
moves.
"""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from vanta.domain.exact import FINEST, PPM, UNIT, notional
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.executor.bearers import bearers
from vanta.executor.book import Book
from vanta.executor.brokers.port import Bookkeeping, Broker, Movement
from vanta.executor.events import AccountOpened, CashMoved, Difference, FeeCharged
from vanta.executor.log import TradeLog
from vanta.executor.sums import Venue

READ_EVERY = 5 * MINUTE
LOOK_EVERY = 5 * SECOND
"""Until it is noted what lies there."""
LOOK_BACK = 30 * DAY
"""How far before what was taken in last is read; less than what a book remembers."""


class Cashbook:
    """Of one broker; does nothing where the broker does not tell what moves its cash.

    Args:
        log: the trade log and its book.
        broker: the account.
        clock: UTC nanoseconds.
    """

    def __init__(self, log: TradeLog, broker: Broker, clock: Callable[[], int]) -> None:
        self._log, self._broker, self._clock = log, broker, clock
        self._read = 0
        self._still: tuple[int, int] | None = None
        """Cash as it was last seen, and what the book had moved of it by then."""
        self._parted = 0
        """Since when the two sums differ, UTC nanoseconds; 0 where they agree."""

    def step(self) -> int:
        """Take in what moved, now and then; how much it was.

        Raises:
            BrokerAwayError: the broker does not answer.
        """
        broker = self._broker
        if not isinstance(broker, Bookkeeping):
            return 0
        now = self._clock()
        if 0 <= now - self._read < READ_EVERY:
            return 0
        venue = self._log.book.venue(broker.name)
        if not venue.since:
            return self._open(broker, now)
        begin = max(venue.since, *venue.moves.values()) if venue.moves else venue.since
        moved = broker.movements_since(begin - LOOK_BACK)
        self._read = now
        new = [one for one in moved if one.id not in venue.moves]
        for one in new:
            event = stated(*netted(one, venue), self._log.book, broker.name, now)
            if self._log.book.knows_order(one.client_order_id):
                self._log.of_order(one.client_order_id, event)
            else:
                self._log.state(event)
        self._log.commit()
        return len(new)

    def _open(self, broker: Bookkeeping, now: int) -> int:
        """Note what lies there, once nothing is open and nothing moved between two looks."""
        book, name = self._log.book, self._broker.name
        self._read = now - READ_EVERY + LOOK_EVERY
        if book.brokers.get(name):
            self._still = None
            return 0
        cash = self._broker.account().cash
        seen = None if cash is None else (cash, book.venue(name).cash_flow)
        still, self._still = seen is not None and seen == self._still, seen
        if cash is None or not still:
            return 0
        known = tuple(one.id for one in broker.movements_since(now - LOOK_BACK))
        if self._broker.account().cash != cash:
            return 0
        self._log.state(AccountOpened(name, cash, known, now))
        self._log.commit()
        return 1

    def presume(self, difference: Difference) -> bool:
        """Take a position that lacks no more than the broker keeps of a purchase as that.

        It is told at the end of the day, and until then what is not there cannot be sold.
        """
        broker, book, symbol = self._broker, self._log.book, difference.subject
        ours, theirs = difference.ours, difference.theirs
        if difference.code != "POSITION" or not isinstance(broker, Bookkeeping):
            return False
        if not (isinstance(ours, int) and isinstance(theirs, int)):
            return False
        lacking, bought = ours - theirs, book.venue(broker.name).bought.get(symbol, 0)
        if not bought or not 0 < lacking <= -(-bought * broker.keeps // PPM) + 1:
            return False
        now, price = self._clock(), book.symbols[symbol].mark
        coin, worth = -lacking * FINEST, -notional(price, lacking)
        name = f"{broker.name}:{symbol}:{now}"
        moved = Movement(name, "fee", worth, now // DAY * DAY, "", symbol, coin, price)
        event = stated(moved, 0, book, broker.name, now)
        self._log.state(msgspec.structs.replace(event, presumed=True))
        self._log.commit()
        return True

    def lasts(self, difference: Difference) -> bool:
        """Whether a difference is one: of cash, longer than the broker takes to tell why."""
        broker = self._broker
        if difference.code != "CASH" or not isinstance(broker, Bookkeeping):
            return True
        now = self._clock()
        self._parted = min(self._parted or now, now)
        return now - self._parted >= broker.settles

    def agreed(self) -> None:
        """Note that the two sums agree."""
        self._parted = 0


def netted(moved: Movement, venue: Venue) -> tuple[Movement, int]:
    """What is new of something that moved, and what of it was presumed before, in 10^-18."""
    before = min(max(0, -moved.coin), venue.presumed.get(moved.symbol, 0))
    if not before:
        return moved, 0
    coin = moved.coin + before
    worth = coin * moved.price // (FINEST * UNIT)
    return replace(moved, coin=coin, amount=worth), before


def stated(
    moved: Movement, before: int, book: Book, broker: str, now: int
) -> FeeCharged | CashMoved:
    """The event that states what moved, with the parts of those whose it is.

    Args:
        moved: what is not on record.
        before: what of it is, in 10^-18 of a coin.
        book: as it is before.
        broker: where it moved.
        now: UTC nanoseconds.
    """
    shares = bearers(book, broker, moved)
    if moved.kind == "fee":
        return FeeCharged(
            moved.id,
            broker,
            -moved.amount,
            moved.day,
            moved.said,
            moved.symbol,
            moved.client_order_id,
            -moved.coin,
            moved.price,
            shares,
            now,
            before=before,
        )
    return CashMoved(
        moved.id,
        broker,
        moved.kind,
        moved.amount,
        moved.day,
        moved.said,
        moved.symbol,
        shares,
        now,
    )
