"""Why a position is to be closed that nobody asked to close: what its persona means by enough."""

from typing import Literal

import msgspec


class ExitCause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a position was bought at, what it did since, and which term of the persona that met.

    Prices are units for one of it; of a short position, "bought" is sold and "fell" is rose.
    """

    kind: Literal["stop_loss", "trailing", "horizon"]
    persona: str
    entry: str
    """Order whose fill opened the position."""
    since: int
    """The market's time of that order."""
    cost: int
    """Average price paid, rounded down."""
    best: int
    """Best price since."""
    price: int
    """The price that was too far, or was there when it had been too long."""
    observed: int
    """How far it fell (from the cost, or the best price), ppm; or how long it was held, ns."""
    limit: int
    """The persona's, in the same unit."""
