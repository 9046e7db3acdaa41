"""What Bybit writes: the fields that are read, and its words in ours.

Every answer says first whether it is one; numbers are text, and times milliseconds as text.
"""

import re

import msgspec

from vanta.domain.trading import OrderState

NAME = re.compile(r"[A-Za-z0-9_-]{1,36}\Z")
"""What a client order id may be; ours are just that long."""

STATES = {
    "New": OrderState.ACKNOWLEDGED,
    "Untriggered": OrderState.ACKNOWLEDGED,
    "Triggered": OrderState.ACKNOWLEDGED,
    "PartiallyFilled": OrderState.PARTIALLY_FILLED,
    "Filled": OrderState.FILLED,
    "PartiallyFilledCanceled": OrderState.CANCELLED,
    "Cancelled": OrderState.CANCELLED,
    "Deactivated": OrderState.CANCELLED,
    "Rejected": OrderState.REJECTED,
}
STRANGERS = frozenset({10003, 10004, 10007, 33004})
"""Codes of credentials that are not taken."""
LATE = 10002
"""Code of a request whose time is not within seconds of the exchange's."""
THROTTLED = frozenset({10006, 10018, 170222})
REFUSALS = STRANGERS | {
    10001, 10002, 10005, 10008, 10009, 10010, 10020, 10024, 10027, 10028, 10029,
    170010, 170011, 170019, 170031, 170033, 170034, 170036, 170037,
    170105, 170115, 170116, 170117, 170121, 170124, 170130, 170131, 170132, 170133, 170134,
    170135, 170136, 170137, 170140, 170151, 170157, 170192, 170193, 170194, 170197, 170198,
    170201, 170202, 170209, 170210, 170221, 170224, 170228, 170229, 170241, 170371, 170372,
}  # fmt: skip
"""Codes that say that nothing was taken; any other leaves an order unknown. Not among them are
its timeouts, its own failures, and that it has an order of this name."""
NO_MARKET = frozenset({10001, 170121})


class Head(msgspec.Struct, frozen=True, rename={"code": "retCode", "message": "retMsg"}):
    """Whether an answer is one."""

    code: int
    message: str
    time: int = 0
    """Milliseconds, by its clock."""


class Taken(msgspec.Struct, frozen=True, rename="camel"):
    """An order that it goes about."""

    order_id: str
    order_link_id: str


class Placed(msgspec.Struct, frozen=True):
    """The answer to a submission that was taken."""

    result: Taken


class BybitOrder(msgspec.Struct, frozen=True, rename="camel"):
    """An order."""

    order_id: str
    order_link_id: str
    symbol: str
    side: str
    qty: str
    order_status: str
    cum_exec_qty: str
    created_time: str
    updated_time: str
    cancel_type: str = ""
    reject_reason: str = ""


class BybitExecution(msgspec.Struct, frozen=True, rename="camel"):
    """One execution."""

    exec_id: str
    order_id: str
    order_link_id: str
    symbol: str
    side: str
    exec_price: str
    exec_qty: str
    exec_type: str
    exec_time: str
    exec_fee: str = ""
    fee_currency: str = ""


class _OrderList(msgspec.Struct, frozen=True, rename="camel"):
    list: list[BybitOrder]
    next_page_cursor: str = ""


class Orders(msgspec.Struct, frozen=True):
    """A page of orders, the newest first."""

    result: _OrderList


class _ExecutionList(msgspec.Struct, frozen=True, rename="camel"):
    list: list[BybitExecution]
    next_page_cursor: str = ""


class ExecutionsPage(msgspec.Struct, frozen=True):
    """A page of executions, the newest first."""

    result: _ExecutionList


class _Lot(msgspec.Struct, frozen=True, rename="camel"):
    base_precision: str


class _Price(msgspec.Struct, frozen=True, rename="camel"):
    tick_size: str


class Market(msgspec.Struct, frozen=True, rename="camel"):
    """A market."""

    symbol: str
    base_coin: str
    quote_coin: str
    status: str
    lot_size_filter: _Lot
    price_filter: _Price


class _MarketList(msgspec.Struct, frozen=True):
    list: list[Market]


class Markets(msgspec.Struct, frozen=True):
    """All of them."""

    result: _MarketList


_TICKER = {
    "bid": "bid1Price",
    "ask": "ask1Price",
    "last": "lastPrice",
    "turnover": "turnover24h",
}


class Ticker(msgspec.Struct, frozen=True, rename=_TICKER):
    """The market in one symbol; the turnover is of a day, in money."""

    symbol: str
    bid: str
    ask: str
    last: str
    turnover: str


class _TickerList(msgspec.Struct, frozen=True):
    list: list[Ticker]


class Tickers(msgspec.Struct, frozen=True):
    """Of the symbols that were asked for."""

    result: _TickerList


class Coin(msgspec.Struct, frozen=True, rename="camel"):
    """What is there of one coin, and what of it is borrowed."""

    coin: str
    wallet_balance: str
    locked: str = ""
    spot_borrow: str = ""


class _Wallet(msgspec.Struct, frozen=True):
    coin: list[Coin]


class _WalletList(msgspec.Struct, frozen=True):
    list: list[_Wallet]


class Wallets(msgspec.Struct, frozen=True):
    """The unified account."""

    result: _WalletList


class Key(msgspec.Struct, frozen=True, rename="camel"):
    """What a key may do."""

    read_only: int
    permissions: dict[str, list[str] | None]


class KeyInfo(msgspec.Struct, frozen=True):
    """Of the key that asks."""

    result: Key
