"""Holding the book against the broker: what the two do not agree about. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vanta.domain.exact import UNIT
from vanta.domain.trading import OrderState
from vanta.executor.book import Book
from vanta.executor.brokers.port import Account, BrokerOrder
from vanta.executor.events import Difference
from vanta.executor.rails import PEG

_UNSETTLED = frozenset({OrderState.PREPARED, OrderState.UNKNOWN})
"""Orders the broker may or may not have: nothing it says of them is a difference yet."""


@dataclass(frozen=True, slots=True)
class BrokerState:
    """What a broker says, read in one go after its executions were taken in."""

    orders: Sequence[BrokerOrder]
    positions: dict[str, int]
    account: Account


def compare(book: Book, broker: BrokerState, name: str) -> tuple[Difference, ...]:
    """Everything the book and the broker `name` differ in; empty when they agree."""
    return (
        *_orders(book, broker, name),
        *_positions(book, broker, name),
        *_money(book, broker, name),
    )


def _orders(book: Book, broker: BrokerState, name: str) -> Iterator[Difference]:
    theirs = {order.client_order_id: order for order in broker.orders}
    for client_order_id, opened in book.open.items():
        if opened.order.broker != name or opened.state in _UNSETTLED:
            continue
        order = theirs.get(client_order_id)
        if order is None:
            yield Difference("ORDER_MISSING", client_order_id, opened.state.value, None)
        elif order.filled != opened.filled:
            yield Difference("ORDER_FILLED", client_order_id, opened.filled, order.filled)
    for client_order_id, order in theirs.items():
        if client_order_id not in book.open:
            yield Difference("ORDER_NOT_OURS", client_order_id, None, order.state.value)


def _positions(book: Book, broker: BrokerState, name: str) -> Iterator[Difference]:
    venue = book.venue(name)
    held = venue.held
    for symbol in sorted(held.keys() | broker.positions.keys()):
        ours = held.get(symbol, 0)
        theirs = broker.positions.get(symbol, 0)
        # How a broker rounds what is less than a unit is its own affair; of money, a cent.
        if symbol == PEG:
            same = abs(ours - theirs) < UNIT // 100
        else:
            same = abs(ours - theirs) <= (symbol in venue.finer or symbol in venue.presumed)
        if not same:
            yield Difference("POSITION", symbol, ours, theirs)


def _money(book: Book, broker: BrokerState, name: str) -> Iterator[Difference]:
    venue, account = book.venue(name), broker.account
    if account.cash_flow is not None:
        if venue.cash_flow != account.cash_flow:
            yield Difference("CASH", "", venue.cash_flow, account.cash_flow)
    elif venue.since and account.cash is not None:
        ours = venue.before + venue.cash_flow
        # Brokers count money to the cent at the end of a day, and a fill to its last digit.
        if abs(ours - account.cash) >= UNIT // 100:
            yield Difference("CASH", "", ours, account.cash)
