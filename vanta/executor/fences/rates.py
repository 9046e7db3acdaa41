"""Fences 13 to 15: how much, over time and at once. Opening orders.

Ways out and cancels are counted and never kept in.
"""

from vanta.domain.instant import DAY, MINUTE
from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.edition import FIRST
from vanta.executor.fences.fence import at_most, fence, holds
from vanta.executor.mandate import holds as contains
from vanta.executor.tallies import REPEATED, THROTTLED, Times, repeated, since

_NONE: Times = []


@fence(
    13,
    "WITHIN_RATE",
    codes=("ORDERS_PER_MINUTE", "MESSAGES", "MESSAGES_BROKER", "MESSAGES_STRATEGY"),
    reads=("per_minute", "account_messages", "messages_per_broker", "messages_per_strategy"),
)
def rate(order: Order, case: Case, found: list[Finding]) -> None:
    """Orders accepted for the vault within the last minute, this one with them.

    And messages, which are orders and cancels: of all vaults, to the broker, of the strategy.
    """
    if order.reducing:
        return
    mandate, every = case.mandate, case.every
    # Counted only where there are enough of them at all.
    times, ago = case.book.accepted.get(order.vault, ()), case.now - MINUTE
    limit = mandate.per_minute
    if len(times) >= limit or every:
        count = sum(time > ago for time in times) + 1
        if count > limit or every:
            at_most(found, 13, "ORDERS_PER_MINUTE", count, limit, "count")
    if case.edition == FIRST:
        return
    tallies, route = case.book.tallies, case.route
    sent, limit = tallies.account, mandate.account_messages
    if len(sent) >= limit or every:
        _messages(case, found, "MESSAGES", sent, limit)
    sent = tallies.brokers.get(order.broker, _NONE)
    limit = route.messages_per_broker
    if len(sent) >= limit or every:
        _messages(case, found, "MESSAGES_BROKER", sent, limit)
    sent = tallies.strategies.get(order.strategy, _NONE)
    limit = route.messages_per_strategy
    if len(sent) >= limit or every:
        _messages(case, found, "MESSAGES_STRATEGY", sent, limit)


def _messages(case: Case, found: list[Finding], code: str, sent: Times, limit: int) -> None:
    count = since(sent, case.now - MINUTE) + 1
    if count > limit or case.every:
        at_most(found, 13, code, count, limit, "count")


@fence(
    14,
    "NOT_THROTTLED",
    codes=(REPEATED, THROTTLED),
    reads=("repeats", "repeat_window", "released"),
    since=2,
)
def throttle(order: Order, case: Case, found: list[Finding]) -> None:
    """The same thing ordered again and again, and a strategy that was shut off for that.

    The order that would be one too many shuts its strategy off in its vault. What lets it go is a
    loosening: its nonce, released by a quorum.
    """
    if order.reducing:
        return
    mandate, tallies, every = case.mandate, case.book.tallies, case.every
    by_strategy = tallies.ordered.get(order.vault)
    by_content = by_strategy.get(order.strategy) if by_strategy else None
    times = by_content.get(repeated(order), _NONE) if by_content else _NONE
    limit = mandate.repeats
    if len(times) >= limit or every:
        window = min(mandate.repeat_window, DAY)
        count = since(times, case.now - window) + 1
        if count > limit or every:
            at_most(found, 14, REPEATED, count, limit, "count")
    if tallies.throttled or every:
        nonce = tallies.throttled.get(order.vault, {}).get(order.strategy, "")
        released = not nonce or contains(mandate.released, nonce)
        if not released or every:
            holds(found, 14, THROTTLED, released, nonce)


@fence(
    15,
    "WITHIN_OPEN_ORDERS",
    codes=("OPEN_ORDERS", "OPEN_ORDERS_BROKER", "OPEN_ORDERS_ACCOUNT", "ORDERS_PER_FILL"),
    reads=("open_orders", "open_orders_per_broker", "account_open_orders", "per_fill"),
)
def open_orders(order: Order, case: Case, found: list[Finding]) -> None:
    """Orders that are not over, of the vault, the account and at the broker, this one with them.

    And what the vault has sent today, held against what of it filled.
    """
    if order.reducing:
        return
    mandate, book, every = case.mandate, case.book, case.every
    count = case.vault.open_orders + 1
    if count > mandate.open_orders or every:
        at_most(found, 15, "OPEN_ORDERS", count, mandate.open_orders, "count")
    count = book.account.open_orders + 1
    if count > mandate.account_open_orders or every:
        at_most(found, 15, "OPEN_ORDERS_ACCOUNT", count, mandate.account_open_orders, "count")
    count = book.brokers.get(order.broker, 0) + 1
    limit = case.route.open_orders_per_broker
    if count > limit or every:
        at_most(found, 15, "OPEN_ORDERS_BROKER", count, limit, "count")
    if case.edition == FIRST:
        return
    day = book.tallies.days.get(order.vault)
    count, limit = 1, mandate.per_fill
    if day is not None and day.number >= case.now // DAY:
        count, limit = day.messages + 1, limit * (day.filled + 1)
    if count > limit or every:
        at_most(found, 15, "ORDERS_PER_FILL", count, limit, "count")
