"""What Tradier writes: the fields that are read, and its words in ours.

A list of one is written as the one, an empty one as null or as the text `null`. Numbers are binary
fractions printed in full: they are read to the nearest 10^-8.
"""

import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from vanta.domain.trading import Order, OrderState
from vanta.executor.brokers.rest.exact import unreadable

T = TypeVar("T")

OPTION = re.compile(r"([A-Z]{1,6})[0-9]{6,7}[CP][0-9]{8}\Z")
"""An OCC symbol without its spaces; adjusted contracts carry a digit before the date."""
TAG = re.compile(r"[A-Za-z0-9-]{1,255}\Z")
"""What a tag may hold."""

_OURS, _TAGGED = "ord_", "ord-"
_ALIVE = frozenset({"open", "partially_filled", "pending", "held", "accepted_for_bidding"})
_OVER = {
    "filled": OrderState.FILLED,
    "expired": OrderState.CANCELLED,
    "canceled": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
    "error": OrderState.REJECTED,
}
_SIDES = {
    ("equity", "buy", False): "buy",
    ("equity", "buy", True): "buy_to_cover",
    ("equity", "sell", False): "sell_short",
    ("equity", "sell", True): "sell",
    ("option", "buy", False): "buy_to_open",
    ("option", "buy", True): "buy_to_close",
    ("option", "sell", False): "sell_to_open",
    ("option", "sell", True): "sell_to_close",
}


class TradierOrder(msgspec.Struct, frozen=True):
    """An order of the day."""

    id: int
    symbol: str
    side: str
    quantity: Decimal
    status: str
    exec_quantity: Decimal
    avg_fill_price: Decimal
    create_date: str
    transaction_date: str
    price: Decimal = Decimal(0)
    """Its limit; 0 where it has none."""
    last_fill_price: Decimal = Decimal(0)
    last_fill_quantity: Decimal = Decimal(0)
    option_symbol: str | None = None
    reason_description: str | None = None
    tag: str | None = None


class Frame(msgspec.Struct, frozen=True):
    """What Tradier puts around a list."""

    def inside(self) -> Any:  # noqa: ANN401 - of each frame's own type
        """The list, the one, or nothing."""
        [name] = self.__struct_fields__
        return getattr(self, name)


class _OrderFrame(Frame, frozen=True):
    order: list[TradierOrder] | TradierOrder | None = None


class Orders(msgspec.Struct, frozen=True):
    """The orders of an account."""

    orders: _OrderFrame | str | None


class OneOrder(msgspec.Struct, frozen=True):
    """One of them."""

    order: TradierOrder


class Receipt(msgspec.Struct, frozen=True):
    """Of an order that was taken: its id, and nothing of what becomes of it."""

    id: int
    status: str


class _ErrorFrame(msgspec.Struct, frozen=True):
    error: list[str] | str


class _Fault(msgspec.Struct, frozen=True):
    faultstring: str


class Placed(msgspec.Struct, frozen=True):
    """The answer to a submission: a receipt, or why there is none."""

    order: Receipt | None = None
    errors: _ErrorFrame | None = None
    fault: _Fault | None = None

    @property
    def refusal(self) -> str:
        """Why there is no receipt, in the vendor's words."""
        if self.fault is not None:
            return self.fault.faultstring
        if self.errors is None:
            return ""
        return "; ".join(listed(self.errors.error))


class Position(msgspec.Struct, frozen=True):
    """What is held; `quantity` is negative when short."""

    symbol: str
    quantity: Decimal


class _PositionFrame(Frame, frozen=True):
    position: list[Position] | Position | None = None


class Positions(msgspec.Struct, frozen=True):
    """Of an account."""

    positions: _PositionFrame | str | None


class _Margin(msgspec.Struct, frozen=True):
    stock_buying_power: Decimal


class _Cash(msgspec.Struct, frozen=True):
    cash_available: Decimal


class Balance(msgspec.Struct, frozen=True):
    """What an account has; which part it has says what kind it is."""

    account_type: str
    total_cash: Decimal
    margin: _Margin | None = None
    pdt: _Margin | None = None
    cash: _Cash | None = None


class Balances(msgspec.Struct, frozen=True):
    """The money of an account."""

    balances: Balance


class Membership(msgspec.Struct, frozen=True):
    """What an account is."""

    account_number: str
    status: str
    type: str
    option_level: int = 0


class _ProfileFrame(msgspec.Struct, frozen=True):
    account: list[Membership] | Membership


class Profile(msgspec.Struct, frozen=True):
    """Whose token it is."""

    profile: _ProfileFrame


class TradierQuote(msgspec.Struct, frozen=True):
    """The market in a symbol; null where nobody quotes or trades. Dates are milliseconds."""

    symbol: str
    type: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    bid_date: int = 0
    ask_date: int = 0
    average_volume: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    contract_size: int = 1
    underlying: str = ""


class _QuoteFrame(Frame, frozen=True):
    quote: list[TradierQuote] | TradierQuote | None = None


class Quotes(msgspec.Struct, frozen=True):
    """Of the symbols that were asked for and are known."""

    quotes: _QuoteFrame | str | None


class _ClockFrame(msgspec.Struct, frozen=True):
    state: str


class Clock(msgspec.Struct, frozen=True):
    """Whether the exchange trades."""

    clock: _ClockFrame


class _Borrowable(msgspec.Struct, frozen=True):
    symbol: str


class _BorrowFrame(Frame, frozen=True):
    security: list[_Borrowable] | _Borrowable | None = None


class Borrowables(msgspec.Struct, frozen=True):
    """What is easy to borrow today."""

    securities: _BorrowFrame | str | None


def listed(value: list[T] | T | None) -> list[T]:
    """Tradier's lists as lists."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def framed(frame: Frame | str | None, place: str) -> Any:  # noqa: ANN401 - of each frame's own type
    """What is in a frame; None where it is empty.

    Raises:
        BrokerAwayError: a text that is not `null`.
    """
    if frame is None or frame == "null":
        return None
    if isinstance(frame, str):
        raise unreadable("a text where a list belongs", place)
    return frame.inside()


def state_of(order: TradierOrder) -> OrderState | None:
    """Where an order stands; None for a word that is not known."""
    if order.status in _ALIVE:
        return OrderState.PARTIALLY_FILLED if order.exec_quantity else OrderState.ACKNOWLEDGED
    return _OVER.get(order.status)


def side_of(order: Order) -> str:
    """What Tradier calls an order of ours; it wants to know what it opens or closes."""
    kind = "option" if order.asset_class == "option" else "equity"
    return _SIDES[kind, order.side, order.reducing]


def tag_of(client_order_id: str) -> str | None:
    """An order's id as a tag, which has no underscore; None for what would not come back."""
    tag = _TAGGED + client_order_id.removeprefix(_OURS)
    return tag if client_order_id.startswith(_OURS) and TAG.match(tag) else None


def name_of(order: TradierOrder) -> str:
    """The client order id of an order; one of nobody's making is called by Tradier's own."""
    if order.tag and order.tag.startswith(_TAGGED):
        return _OURS + order.tag.removeprefix(_TAGGED)
    return f"tradier:{order.id}"


def theirs(symbol: str) -> str:
    """Our symbol as Tradier writes it: `BRK.B` is `BRK/B`."""
    return symbol.replace(".", "/")


def ours(symbol: str) -> str:
    """Tradier's symbol as we write it."""
    return symbol.replace("/", ".")
