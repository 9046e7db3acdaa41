"""What Alpaca writes: the fields that are read, and its words in ours.

Its numbers are texts in trading and JSON numbers in market data; both are read digit by digit.
"""

import re
from decimal import Decimal

import msgspec

from vanta.domain.trading import OrderState

MARKET_CLASSES = {"us_equity": "equity", "us_option": "option", "crypto": "crypto"}
OPTION = re.compile(r"([A-Z]{1,6})[0-9]{6}[CP][0-9]{8}\Z")
"""An OCC symbol without its spaces."""

_ALIVE = frozenset(
    {
        "new", "accepted", "pending_new", "accepted_for_bidding", "partially_filled", "held",
        "calculated", "pending_cancel", "pending_replace", "pending_review", "stopped",
        "suspended", "done_for_day",
    }
)  # fmt: skip
_OVER = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "expired": OrderState.CANCELLED,
    "replaced": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}


class AlpacaOrder(msgspec.Struct, frozen=True):
    """An order; `qty` is null where it was placed by its worth, which we never do."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    status: str
    submitted_at: str
    updated_at: str
    filled_qty: Decimal
    qty: Decimal | None = None
    asset_class: str = "us_equity"
    limit_price: Decimal | None = None


class Problem(msgspec.Struct, frozen=True):
    """A refusal."""

    message: str
    code: int | None = None


class Activity(msgspec.Struct, frozen=True):
    """One execution."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    transaction_time: str


class NonTrade(msgspec.Struct, frozen=True):
    """Something that moved the account and was no execution."""

    id: str
    activity_type: str
    date: str
    net_amount: Decimal = Decimal(0)
    symbol: str = ""
    qty: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    status: str = "executed"


class Position(msgspec.Struct, frozen=True):
    """What is held; `qty` is negative when short."""

    symbol: str
    qty: Decimal
    side: str
    asset_class: str = "us_equity"


class AlpacaAccount(msgspec.Struct, frozen=True):
    """The account."""

    status: str
    cash: Decimal
    buying_power: Decimal
    account_blocked: bool = False
    trading_blocked: bool = False
    trade_suspended_by_user: bool = False
    shorting_enabled: bool = False
    options_trading_level: int | str | None = None


class Asset(msgspec.Struct, frozen=True):
    """What the venue says of a symbol."""

    symbol: str
    status: str
    tradable: bool
    kind: str = msgspec.field(name="class", default="us_equity")
    shortable: bool = False
    easy_to_borrow: bool = False
    price_increment: Decimal | None = None
    min_trade_increment: Decimal | None = None


class Contract(msgspec.Struct, frozen=True):
    """What the venue says of an option."""

    symbol: str
    status: str
    tradable: bool
    underlying_symbol: str
    size: Decimal


class Clock(msgspec.Struct, frozen=True):
    """Whether the exchange trades."""

    is_open: bool


class Sides(msgspec.Struct, frozen=True):
    """The best of both sides."""

    bid: Decimal = msgspec.field(name="bp")
    ask: Decimal = msgspec.field(name="ap")
    at: str = msgspec.field(name="t")


class Trade(msgspec.Struct, frozen=True):
    """The last trade."""

    price: Decimal = msgspec.field(name="p")


class Snapshot(msgspec.Struct, frozen=True, rename="camel"):
    """The market in a symbol."""

    latest_quote: Sides | None = None
    latest_trade: Trade | None = None


class Snapshots(msgspec.Struct, frozen=True):
    """By symbol; equities come without the frame."""

    snapshots: dict[str, Snapshot]


class Bar(msgspec.Struct, frozen=True):
    """A day."""

    close: Decimal = msgspec.field(name="c")
    volume: Decimal = msgspec.field(name="v")


class Bars(msgspec.Struct, frozen=True):
    """By symbol."""

    bars: dict[str, list[Bar]] | None = None


def state_of(order: AlpacaOrder) -> OrderState | None:
    """Where an order stands; None for a word that is not known."""
    if order.status in _ALIVE:
        return OrderState.PARTIALLY_FILLED if order.filled_qty else OrderState.ACKNOWLEDGED
    return _OVER.get(order.status)


def class_of(symbol: str) -> str:
    """What kind of market a symbol of ours names."""
    if OPTION.match(symbol):
        return "option"
    return "crypto" if "-" in symbol else "equity"


def theirs(symbol: str) -> str:
    """Our symbol as Alpaca writes it: `BTC-USD` is `BTC/USD`."""
    return symbol.replace("-", "/")


def ours(symbol: str) -> str:
    """Alpaca's symbol as we write it."""
    return symbol.replace("/", "-")
