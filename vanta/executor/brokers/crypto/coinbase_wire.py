"""What Coinbase writes: the fields that are read, and its words in ours.

Numbers are text, and empty where there is nothing to say.
"""

import re
import uuid

import msgspec

from vanta.domain.trading import OrderState

_OURS = re.compile(r"ord_([0-9a-f]{32})\Z")
STATES = {
    "PENDING": OrderState.ACKNOWLEDGED,
    "OPEN": OrderState.ACKNOWLEDGED,
    "QUEUED": OrderState.ACKNOWLEDGED,
    "CANCEL_QUEUED": OrderState.ACKNOWLEDGED,
    "EDIT_QUEUED": OrderState.ACKNOWLEDGED,
    "FILLED": OrderState.FILLED,
    "CANCELLED": OrderState.CANCELLED,
    "EXPIRED": OrderState.CANCELLED,
    "FAILED": OrderState.REJECTED,
}
REFUSALS = frozenset(
    {
        "COMMANDER_REJECTED_NEW_ORDER",
        "GEOFENCING_RESTRICTION",
        "INELIGIBLE_PAIR",
        "INSUFFICIENT_FUND",
        "INSUFFICIENT_FUNDS",
        "INVALID_ARGUMENT",
        "INVALID_LEDGER_BALANCE",
        "INVALID_LIMIT_PRICE",
        "INVALID_LIMIT_PRICE_POST_ONLY",
        "INVALID_PRICE_PRECISION",
        "INVALID_PRODUCT_ID",
        "INVALID_REQUEST",
        "INVALID_SIDE",
        "INVALID_SIZE_PRECISION",
        "ORDER_ENTRY_DISABLED",
        "PERMISSION_DENIED",
        "UNSUPPORTED_ORDER_CONFIGURATION",
        "UNTRADABLE_PRODUCT",
    }
)
"""Its reasons that say that nothing was taken; any other leaves the order unknown."""


class _Limit(msgspec.Struct, frozen=True):
    base_size: str = ""


class _Configuration(msgspec.Struct, frozen=True):
    limit_limit_gtc: _Limit | None = None


class CoinbaseOrder(msgspec.Struct, frozen=True):
    """An order; of one that is no limit order only what it filled is known."""

    order_id: str
    client_order_id: str
    product_id: str
    side: str
    status: str
    created_time: str
    filled_size: str = ""
    last_fill_time: str | None = None
    last_update_time: str | None = None
    order_configuration: _Configuration | None = None
    reject_reason: str = ""
    reject_message: str = ""
    cancel_message: str = ""


class OneOrder(msgspec.Struct, frozen=True):
    """One of them."""

    order: CoinbaseOrder


class Orders(msgspec.Struct, frozen=True):
    """A page of them, the newest first."""

    orders: list[CoinbaseOrder]
    has_next: bool = False
    cursor: str = ""


class CoinbaseFill(msgspec.Struct, frozen=True):
    """One execution."""

    entry_id: str
    order_id: str
    trade_time: str
    trade_type: str
    price: str
    size: str
    product_id: str
    side: str
    commission: str = ""
    size_in_quote: bool = False


class Fills(msgspec.Struct, frozen=True):
    """A page of them, the newest first."""

    fills: list[CoinbaseFill]
    cursor: str = ""


class _Taken(msgspec.Struct, frozen=True):
    order_id: str
    client_order_id: str = ""


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""
    message: str = ""
    error_details: str = ""
    preview_failure_reason: str = ""
    new_order_failure_reason: str = ""


class Placed(msgspec.Struct, frozen=True):
    """The answer to a submission."""

    success: bool
    success_response: _Taken | None = None
    error_response: _Refused | None = None


class Problem(msgspec.Struct, frozen=True):
    """Why there is no answer."""

    error: str
    message: str = ""


class _Cancelled(msgspec.Struct, frozen=True):
    success: bool
    order_id: str
    failure_reason: str = ""


class Cancellations(msgspec.Struct, frozen=True):
    """The answer to a cancellation, per order."""

    results: list[_Cancelled]


class _Money(msgspec.Struct, frozen=True):
    value: str


class Wallet(msgspec.Struct, frozen=True):
    """What is there of one currency."""

    currency: str
    available_balance: _Money
    hold: _Money


class Wallets(msgspec.Struct, frozen=True):
    """A page of them."""

    accounts: list[Wallet]
    has_next: bool = False
    cursor: str = ""


class Permissions(msgspec.Struct, frozen=True):
    """What a key may do."""

    can_view: bool
    can_trade: bool
    can_transfer: bool


class Product(msgspec.Struct, frozen=True):
    """A market."""

    product_id: str
    price: str
    volume_24h: str
    base_increment: str
    quote_increment: str
    status: str
    product_type: str
    price_increment: str = ""
    is_disabled: bool = False
    cancel_only: bool = False
    limit_only: bool = False
    post_only: bool = False
    trading_disabled: bool = False
    auction_mode: bool = False
    view_only: bool = False


class _Level(msgspec.Struct, frozen=True):
    price: str
    size: str


class Pricebook(msgspec.Struct, frozen=True):
    """The best of either side."""

    product_id: str
    bids: list[_Level]
    asks: list[_Level]
    time: str


class Pricebooks(msgspec.Struct, frozen=True):
    """Of the products that were asked for."""

    pricebooks: list[Pricebook]


def name_for(client_order_id: str) -> str | None:
    """A client order id as Coinbase takes it, a UUID; None for what would not come back."""
    ours = _OURS.match(client_order_id)
    return str(uuid.UUID(hex=ours.group(1))) if ours else None


def name_of(order: CoinbaseOrder) -> str:
    """The client order id of an order; one that is no UUID is nobody's of ours."""
    try:
        found = uuid.UUID(order.client_order_id)
    except ValueError:
        return f"coinbase:{order.order_id}"
    return f"ord_{found.hex}"
