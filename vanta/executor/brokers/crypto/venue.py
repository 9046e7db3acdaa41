"""What the broker asks of an exchange, and what every exchange answers it with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from vanta.domain.conviction import Side
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.crypto.writing import Writing, Written
from vanta.executor.brokers.port import (
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Rejected,
    Unknown,
)
from vanta.executor.brokers.rest.edge import Method, Reply
from vanta.executor.brokers.rest.exact import (
    exact,
    finest,
    nearest,
    number,
    step,
    unreadable,
    whole,
)
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import Urgency

STRANGE = "BROKER_CREDENTIALS"
"""Code of an exchange that does not take the credentials."""


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as an exchange holds it. Units and UTC ns."""

    id: str
    client_order_id: str
    symbol: str
    state: OrderState
    said: str
    """The exchange's own word for the state."""
    reason: str
    quantity: int
    filled: int
    created: int
    updated: int
    """When it is last known to have changed."""
    dated: bool = True
    """Whether the exchange says when it ended."""

    def seen(self) -> BrokerOrder:
        """As the port tells it."""
        return BrokerOrder(
            self.client_order_id,
            self.id,
            self.symbol,
            self.state,
            self.quantity,
            self.filled,
            (self.reason or self.said.upper()) if self.state.terminal else "",
        )


@dataclass(frozen=True, slots=True)
class VenueExecution:
    """One execution. Units and UTC ns."""

    id: str
    order_id: str
    symbol: str
    side: Side
    quantity: int
    price: int
    fee: int
    ts: int
    kept: int = 0
    """What of the coin was kept as the fee, in 10^-18; `fee` is then what that is worth."""


class Headers:
    """What the next request carries; every one is signed anew."""

    def __init__(self) -> None:
        self._next: Mapping[str, str] = {}

    def carry(self, headers: Mapping[str, str]) -> None:
        """Of the request that goes out next."""
        self._next = headers

    def __call__(self) -> Mapping[str, str]:
        return self._next


class Venue(ABC):
    """One account at one exchange. Everything that asks raises `BrokerAwayError` for no answer."""

    remembers: int
    """How long the exchange shows an order that ended without a fill, ns."""

    def __init__(self, session: Session, headers: Headers, writing: Writing) -> None:
        self.session, self._headers, self.writing = session, headers, writing

    @property
    def place(self) -> str:
        """Host and port."""
        return self.session.place

    @abstractmethod
    def write(self, order: Order, instrument: Instrument) -> Written | None:
        """A submission; None where the exchange cannot be told this order to the last digit."""

    @abstractmethod
    def placed(self, order: Order, reply: Reply) -> Acknowledged | Rejected | Unknown:
        """What the answer to a submission says."""

    @abstractmethod
    def ask_to_cancel(self, order: VenueOrder) -> None:
        """Ask for the end of an order; whether it ended, only looking says."""

    @abstractmethod
    def find(self, client_order_id: str, since: int, urgency: Urgency) -> VenueOrder | None:
        """The order under a client id, submitted at `since` or later."""

    @abstractmethod
    def order(self, name: str, urgency: Urgency = Urgency.READ) -> VenueOrder | None:
        """An order by the exchange's id."""

    @abstractmethod
    def open_orders(self) -> list[VenueOrder]:
        """All that are alive."""

    @abstractmethod
    def ended_orders(self, since: int) -> list[VenueOrder]:
        """Those that are over, of all that were submitted at `since` or later."""

    @abstractmethod
    def executions(self, since: int) -> list[VenueExecution]:
        """All at `since` or later."""

    @abstractmethod
    def positions(self) -> dict[str, int]:
        """Balances by symbol, but for the money they are counted in."""

    @abstractmethod
    def account(self) -> Account:
        """The money, and what the key may do."""

    @abstractmethod
    def quote(self, symbol: str) -> Quote | None:
        """The market now."""

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument | None:
        """What the exchange says of a symbol."""

    def send(self, written: Written, urgency: Urgency) -> Reply:
        """Send what was written, once."""
        self._headers.carry(written.headers)
        kind = "application/json" if written.body else ""
        return self.session.ask(written.method, written.target, urgency, written.body, kind)

    def ask(
        self,
        api: list[str],
        method: Method,
        path: str,
        params: Mapping[str, Any],
        urgency: Urgency = Urgency.READ,
    ) -> Reply:
        """Write and send."""
        return self.send(self.writing.request(api, method, path, params), urgency)

    def away(self, code: str, message: str, remedy: str = "") -> BrokerAwayError:
        """An answer that says no more than that there is none."""
        return BrokerAwayError(
            message,
            code=code,
            place=self.place,
            remedy=remedy or "it is asked again by itself; `vanta broker check NAME` says more",
        )

    def strange(self) -> BrokerAwayError:
        """The exchange does not take the credentials. What it said may have them in it."""
        return self.away(
            STRANGE,
            "the broker does not take these credentials",
            "put the account's current keys into the unit's LoadCredential files",
        )

    def number(self, text: str | None) -> Decimal:
        """A number as exchanges write it; nothing is zero."""
        try:
            made = Decimal(text or "0")
        except InvalidOperation as error:
            raise unreadable("a text where a number belongs", self.place) from error
        return number(made, self.place)

    def exact(self, text: str | None) -> int:
        """A number in units, every digit of it."""
        return exact(self.number(text), self.place)

    def nearest(self, text: str | None) -> int:
        """A number in units, of something that is only told or only compared."""
        return nearest(self.number(text), self.place)

    def whole(self, text: str | None) -> int:
        """A number in units, what is less than one left out."""
        return whole(self.number(text), self.place)

    def finest(self, text: str | None) -> int:
        """A number in 10^-18, every digit of it."""
        return finest(self.number(text), self.place)

    def step(self, text: str) -> int | None:
        """A market's step in units; None for one that is finer.

        What is executed there may be finer too, and could not be told.
        """
        return step(self.number(text), self.place)
