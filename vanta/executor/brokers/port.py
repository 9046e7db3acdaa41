"""What the Executor asks of a broker, whichever it is.

Every answer to a submission is one of three: acknowledged, rejected, or unknown. Unknown is not an
error: it is what a timeout, a torn answer or a lost connection mean, and only asking settles it.
"""

from dataclasses import dataclass
from typing import Protocol

from vanta.domain.errors import UnavailableError
from vanta.domain.trading import Fill, Instrument, Order, OrderState, Quote


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has the order."""

    broker_order_id: str
    ts: int
    """UTC nanoseconds by the broker's clock."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker refused the order; nothing of it is alive there."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say; ask by client order id."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The broker answered, and has never seen this client order id."""


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker sees it."""

    client_order_id: str
    broker_order_id: str
    symbol: str
    state: OrderState
    quantity: int
    filled: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """An order that is over without having filled."""

    client_order_id: str
    state: OrderState
    """`CANCELLED` or `REJECTED`."""
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Executions:
    """What happened at the broker since a watermark, in its order."""

    fills: tuple[Fill, ...]
    ended: tuple[Ended, ...]
    watermark: int
    """To ask from next time; fills before it never come again."""


@dataclass(frozen=True, slots=True)
class Account:
    """The broker's own account of the money."""

    cash_flow: int
    """All that fills and fees moved since the account began, units; negative when spent."""
    fees: int


class BrokerAwayError(UnavailableError):
    """The broker did not answer, or not in a way that can be read; nothing is known."""


class Broker(Protocol):
    """One broker account. Reads raise `BrokerAwayError` when it does not answer in time."""

    name: str
    trades: frozenset[str]
    """Asset classes it trades; empty for all of them."""
    resubmits: bool
    """Whether a client order id submitted twice is one order there, and the second is answered
    with the first. Only then may an order that is absent be sent once more."""

    def submit(self, order: Order, market_time: int) -> Acknowledged | Rejected | Unknown:
        """Send an order, once. Never raises and never retries.

        Args:
            order: what to send.
            market_time: the market's time it acts at, for a recorded market; a live one ignores it.
        """

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        """Cancel what is left of an order; again is nothing.

        Of an order the broker never saw, it makes sure that it will never be taken either.
        Returns the state the order ended in.
        """

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Every order that is alive there."""

    def executions_since(self, watermark: int) -> Executions:
        """Fills and ends after `watermark`; 0 is from the beginning."""

    def order_status(self, client_order_id: str) -> BrokerOrder | Absent | Unknown:
        """What became of one order."""

    def positions(self) -> dict[str, int]:
        """Signed quantity by symbol, units; only what is not zero."""

    def account(self) -> Account:
        """The broker's own account of the money."""

    def quote(self, symbol: str, market_time: int) -> Quote | None:
        """The market in a symbol; None where the broker gives none."""

    def instrument(self, symbol: str) -> Instrument | None:
        """What the venue says of a symbol; None where it does not know it."""
