"""What the book remembers of a position from its first fill to its last."""

import msgspec

from vanta.domain.trading import Order


class Holding(msgspec.Struct):
    """One symbol in one vault, for as long as it is held on one side."""

    entry: str
    """Order whose fill opened it."""
    dag_id: str
    conviction: int
    band: str
    """Both of that order: what is closed counts where it was opened."""
    since: int
    """The market's time of that order."""
    best: int
    """Best price since, units: the highest where it is long, the lowest where it is short."""
    asked: int = 0
    """When a way out was last wanted, UTC nanoseconds."""
    tries: int = 0
    """How often one was."""

    def see(self, price: int, *, long: bool) -> None:
        """Take in a price."""
        self.best = max(self.best, price) if long else min(self.best, price)


Holdings = dict[str, dict[str, Holding]]
"""By vault and symbol."""


def carry_on(
    holdings: Holdings, order: Order, dag_id: str, market_time: int, change: tuple[int, int, int]
) -> None:
    """Begin, keep or end a holding with one fill.

    Args:
        holdings: to change.
        order: that filled.
        dag_id: of the order.
        market_time: of the order.
        change: signed quantity that could be closed before and after the fill, and its price.
    """
    before, after, price = change
    if after == 0:
        holdings.get(order.vault, {}).pop(order.symbol, None)
    elif before == 0 or (before > 0) != (after > 0):
        holdings.setdefault(order.vault, {})[order.symbol] = Holding(
            entry=order.client_order_id,
            dag_id=dag_id,
            conviction=order.conviction,
            band=order.band,
            since=market_time,
            best=price,
        )
