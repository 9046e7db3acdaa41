"""What the Executor asks of a broker, whichever it is.

Every answer to a submission is one of three: acknowledged, rejected, or unknown. Unknown is not an
error: it is what a timeout, a torn answer or a lost connection mean, and only asking settles it.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

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
    side: str = ""
    """Empty where the broker's answer does not tell it."""
    limit_price: int = 0
    """Units; 0 where it is not told."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An order that is over without having filled."""

    client_order_id: str
    state: OrderState
    """`CANCELLED` or `REJECTED`."""
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sum:
    """What an order has filled so far, of a broker that tells sums and no single executions."""

    client_order_id: str
    broker_order_id: str
    filled: int
    price: int
    """Of the last execution, or of all of them on average where it is not told, units."""
    ts: int
    amount: int = 0
    """What all of it was traded for, price times quantity, units; 0 where that is not known. Only
    from this is the price of what a book does not have yet right, whoever told of the rest."""


@dataclass(frozen=True, slots=True)
class Executions:
    """What happened at the broker since a watermark, in its order.

    A fill may be told again, under the same id; what counts is that none is left out. An order's
    end is told after everything it filled.
    """

    fills: tuple[Fill, ...]
    ended: tuple[Ended, ...]
    watermark: int
    """To ask from next time; what it counts is the broker's own affair."""
    sums: tuple[Sum, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What a broker shows whoever only looks: every order that is alive, and what happened."""

    orders: tuple[BrokerOrder, ...]
    executions: Executions
    """Since a watermark or from a little before it: what was told may be told again, and of an
    order's end nothing need be told."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money, or a part of a coin, that moved without an execution."""

    id: str
    """The broker's own, after the broker's name."""
    kind: Literal["fee", "dividend", "interest", "transfer", "other"]
    """A transfer is money that is brought in or taken out."""
    amount: int
    """Units of money, negative where it went away; of a part of a coin, what that is worth."""
    day: int
    """The day it is for, as the broker dates it: its first nanosecond, UTC."""
    said: str
    """The broker's word for it."""
    symbol: str = ""
    coin: int = 0
    """What moved of the coin instead of money, in 10^-18, negative where it went away."""
    price: int = 0
    """That the worth of the coin was counted at."""
    client_order_id: str = ""
    """Of the order it is for, where the broker says which."""


@dataclass(frozen=True, slots=True)
class Account:
    """The broker's own account of the money."""

    cash_flow: int | None
    """All that fills and fees moved since the account began, units; negative when spent. None
    where the broker keeps no such sum: its cash moves by deposits and dividends too."""
    fees: int | None
    cash: int | None = None
    """What lies there now, units."""
    buying_power: int | None = None
    blocked: str = ""
    """Why the account takes no orders, in the broker's words; empty when it does."""
    permissions: tuple[str, ...] = ()
    """What the account may do, such as `short` or `options:2`."""


class BrokerAwayError(UnavailableError):
    """The broker did not answer, or not in a way that can be read; nothing is known."""


@runtime_checkable
class Troubled(Protocol):
    """A broker that may answer and yet take no new orders of ours, by our own judgement."""

    @property
    def trouble(self) -> str:
        """Code of what keeps new orders in; empty when nothing does."""


@runtime_checkable
class Hinted(Protocol):
    """A broker that is read now and then, and may be read at once."""

    def hint(self) -> None:
        """Something may have happened: the next reading may not wait."""


class Statements(Protocol):
    """A broker account as the comparison sees it: it can ask, and not send."""

    name: str

    def statement(self, watermark: int) -> Statement:
        """Read a statement; it changes nothing there. Raises `BrokerAwayError` as a broker does."""

    def close(self) -> None:
        """Hang up."""


@runtime_checkable
class Bookkeeping(Protocol):
    """A broker that tells everything that moves its cash, if later than the executions."""

    settles: int
    """How long after it moved something it may tell of it, ns."""
    keeps: int
    """The largest share of a purchase of coins that it keeps at once and tells of later, ppm."""

    def movements_since(self, day: int) -> tuple[Movement, ...]:
        """What moved without an execution on a day, a UTC nanosecond, or later; oldest first."""


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

    def order_status(
        self, client_order_id: str, market_time: int
    ) -> BrokerOrder | Absent | Unknown:
        """What became of one order.

        Args:
            client_order_id: of the order.
            market_time: as it was submitted with. Where a broker lists only the orders of a day,
                it says that an older one is not known, never that it is absent.
        """

    def positions(self) -> dict[str, int]:
        """Signed quantity by symbol, units; only what is not zero."""

    def account(self) -> Account:
        """The broker's own account of the money."""

    def quote(self, symbol: str, market_time: int) -> Quote | None:
        """The market in a symbol; None where the broker gives none."""

    def instrument(self, symbol: str) -> Instrument | None:
        """What the venue says of a symbol; None where it does not know it."""
