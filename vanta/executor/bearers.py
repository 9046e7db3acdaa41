"""Whose what moved without an execution is: the rule by which it is shared out. Pure.

1. Of an order the broker names: its vault's.
2. Money brought in or taken out, and what nobody can name: nobody's. It is the account's.
3. A fee: of the vaults that traded at that broker on the day it is for, by how much they traded;
   where none did, on the last day before on which one did. Where it names a symbol, only of vaults
   that have had it; of those by what they hold where none traded.
4. A dividend: of the vaults by what they hold of the symbol; where none holds it any more, of
   those that did, in equal parts.
5. What is left, interest above all: of the vaults that traded at that broker lately, and where
   there are none of all, by what they were funded with.

Parts are whole units and add up; what cannot be shared goes to the largest remainders.
"""

from vanta.domain.exact import split
from vanta.executor.book import Book
from vanta.executor.brokers.port import Movement
from vanta.executor.events import Share
from vanta.executor.sums import Venue, day_of


def bearers(book: Book, broker: str, moved: Movement) -> tuple[Share, ...]:
    """The parts of what moved, by vault in alphabetical order.

    Args:
        book: as it is before.
        broker: where it moved.
        moved: what did.
    """
    weights = {name: one for name, one in sorted(_weights(book, broker, moved).items()) if one}
    if not weights:
        return ()
    amounts = split(abs(moved.amount), [*weights.values()])
    coins = split(abs(moved.coin), [*weights.values()])
    # A fee is told as what it cost: the other way round than the money goes.
    sign = -1 if (moved.amount < 0) != (moved.kind == "fee") else 1
    kept = -1 if moved.coin > 0 else 1
    return tuple(
        Share(name, sign * amount, kept * coin)
        for name, amount, coin in zip(weights, amounts, coins, strict=True)
    )


def _weights(book: Book, broker: str, moved: Movement) -> dict[str, int]:
    name = moved.client_order_id
    opened = book.open.get(name) or book.closed.get(name)
    if opened is not None:
        return {opened.order.vault: 1}
    if moved.kind in {"transfer", "other"}:
        return {}
    venue, symbol = book.venue(broker), book.symbols.get(moved.symbol)
    having = symbol.vaults if symbol is not None else []
    held = {one: abs(book.vaults[one].lines[moved.symbol].quantity) for one in having}
    if moved.kind == "dividend" or (moved.kind == "fee" and moved.symbol):
        traded = _traded(venue, moved.day) if moved.kind == "fee" else {}
        own = {one: traded[one] for one in having if one in traded}
        if any(own.values()):
            return own
        return held if any(held.values()) else dict.fromkeys(having, 1)
    if moved.kind == "fee" and (traded := _traded(venue, moved.day)):
        return traded
    lately = {one for day in venue.traded.values() for one in day} or book.vaults.keys()
    return {one: book.vaults[one].funded for one in lately}


def _traded(venue: Venue, day: int) -> dict[str, int]:
    """Who traded how much on a day, or on the last before it on which somebody did."""
    known = [one for one in venue.traded if one <= day_of(day)]
    return venue.traded[max(known)] if known else {}
