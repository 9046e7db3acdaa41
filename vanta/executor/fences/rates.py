"""Fences 13 and 15: how many orders, over time and at once. Opening orders."""

from vanta.domain.instant import MINUTE
from vanta.domain.trading import Finding, Order
from vanta.executor.case import Case
from vanta.executor.fences.fence import at_most, fence


@fence(13, "WITHIN_RATE", codes=("ORDERS_PER_MINUTE",), reads=("per_minute",))
def rate(order: Order, case: Case, found: list[Finding]) -> None:
    """Orders accepted for the vault within the last minute, this one with them."""
    if order.reducing:
        return
    times = case.book.accepted.get(order.vault, ())
    count, since = len(times) + 1, case.now - MINUTE
    for time in times:
        if time > since:
            break
        count -= 1
    limit = case.mandate.per_minute
    if count > limit or case.every:
        at_most(found, 13, "ORDERS_PER_MINUTE", count, limit, "count")


@fence(
    15,
    "WITHIN_OPEN_ORDERS",
    codes=("OPEN_ORDERS", "OPEN_ORDERS_BROKER", "OPEN_ORDERS_ACCOUNT"),
    reads=("open_orders", "open_orders_per_broker", "account_open_orders"),
)
def open_orders(order: Order, case: Case, found: list[Finding]) -> None:
    """Orders that are not over, of the vault, the account and at the broker, this one with them."""
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
    limit = mandate.open_orders_per_broker.at(order.broker)
    if count > limit or every:
        at_most(found, 15, "OPEN_ORDERS_BROKER", count, limit, "count")
