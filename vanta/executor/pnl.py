"""Profit and loss by vault and by order, from the book and the events it is folded from."""

from collections.abc import Iterable

import msgspec

from vanta.executor.book import Book
from vanta.executor.events import Event, OrderFilled
from vanta.executor.positions import VaultBook


class VaultProfit(msgspec.Struct, frozen=True):
    """What a vault has made since it was funded, units."""

    vault: str
    realised: int
    """Of what was closed, before fees."""
    unrealised: int
    """Of what is held, at its mark."""
    fees: int
    total: int
    """Net asset value less what was put in: realised and unrealised, less fees."""
    today: int
    """Of the market's day."""


class OrderProfit(msgspec.Struct):
    """What one order did, units."""

    client_order_id: str
    vault: str
    symbol: str
    quantity: int = 0
    """Filled."""
    paid: int = 0
    """Money it moved, before fees; negative when spent."""
    realised: int = 0
    """Profit of what it closed, before fees."""
    fees: int = 0


def by_vault(book: Book) -> list[VaultProfit]:
    """Every vault's profit, by name."""
    return [
        VaultProfit(
            vault=name,
            realised=vault.realised,
            unrealised=vault.nav - vault.funded - vault.realised + vault.fees,
            fees=vault.fees,
            total=vault.nav - vault.funded,
            today=vault.nav - vault.day_start,
        )
        for name, vault in sorted(book.vaults.items())
    ]


def by_order(events: Iterable[Event]) -> dict[str, OrderProfit]:
    """Every filled order's part, by client order id.

    Args:
        events: a trade log from its beginning.
    """
    book, found = Book(), dict[str, OrderProfit]()
    for event in events:
        if not isinstance(event, OrderFilled):
            book.apply(event)
            continue
        fill = event.fill
        name = fill.client_order_id
        if book.knows_fill(name, fill.id):
            continue
        order = (book.open.get(name) or book.closed[name]).order
        vault = book.vaults[order.vault]
        realised, cash, fees = vault.realised, _money(vault), vault.fees
        book.apply(event)
        profit = found.setdefault(name, OrderProfit(name, order.vault, order.symbol))
        profit.quantity += fill.quantity
        fee = vault.fees - fees
        profit.paid += _money(vault) - cash + (0 if fill.kept else fee)
        profit.realised += vault.realised - realised
        profit.fees += fee
    return found


def _money(vault: VaultBook) -> int:
    """Dollars, and stablecoin at its price."""
    return vault.cash + (vault.purse.line.counted.value if vault.purse is not None else 0)
