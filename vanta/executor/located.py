"""Where positions lie, of a snapshot whose build did not count by broker."""

from collections.abc import Iterable, Mapping

from vanta.executor.positions import Line, OpenOrder, VaultBook
from vanta.executor.sums import Venue


def locate(
    vaults: Mapping[str, VaultBook],
    venues: Mapping[str, Venue],
    opened: Iterable[tuple[Line, OpenOrder]],
) -> None:
    """Say of each position where it lies, and where it is on its way out.

    What several brokers hold stays without a place: nobody noted what each vault has where, and
    `Line.available_at` takes it to be anywhere.

    Args:
        vaults: changed, where a line has no place yet.
        venues: what the brokers hold.
        opened: open orders, each with the line it moves.
    """
    for vault in vaults.values():
        for symbol, line in vault.lines.items():
            holders = [name for name, venue in venues.items() if symbol in venue.held]
            if line.quantity and not line.lying and len(holders) == 1:
                line.lie(holders[0], line.quantity)
    unplaced = [
        (line, one)
        for line, one in opened
        if one.order.reducing and line.reducing and not line.leaving
    ]
    for line, one in unplaced:
        broker = one.order.broker
        line.leaving[broker] = line.leaving.get(broker, 0) + one.remaining
