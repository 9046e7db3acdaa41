"""What Interactive Brokers writes: the fields that are read, and its words in ours.

One answer mixes JSON numbers, numbers in texts and texts for people; all are read digit by digit.
"""

import re
from decimal import Decimal

import msgspec

from vanta.domain.trading import OrderState
from vanta.executor.brokers.rest.exact import exact, unreadable

MOST_ASKED = 5
"""Questions about one order, after which it is given up."""
HARMLESS = {
    "o403": "will most likely trigger and fill immediately",
    "o10153": "Confirm Mandatory Cap Price",
}
"""Questions that are answered with yes, by the vendor's number and what must be in their text: an
order that fills at once is what a marketable limit is, and a cap can only make its price better.
Every other one is about a limit somebody set, or changes what was ordered."""
DUPLICATE = "Local order ID"
"""In the refusal of a client order id that is registered already."""

_ALIVE = frozenset(
    {
        "PendingSubmit", "PreSubmitted", "Submitted", "PendingCancel", "ApiPending", "WarnState",
        # Not transmitted yet, or not taken: one word for both, so only a cancellation ends it.
        "Inactive",
    }
)  # fmt: skip
_OVER = {
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELLED,
    "ApiCancelled": OrderState.CANCELLED,
    "Rejected": OrderState.REJECTED,
}
_PRICE = re.compile(r"([CH]?)((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\Z")
"""Of market data: `C` before the close of the day before, `H` before the last one of a halt."""


class AuthStatus(msgspec.Struct, frozen=True):
    """Of the brokerage session behind the gateway."""

    authenticated: bool = False
    connected: bool = False
    competing: bool = False


class Bridge(msgspec.Struct, frozen=True, rename="camel"):
    """What a tickle says of the brokerage session."""

    auth_status: AuthStatus | None = None


class Tickle(msgspec.Struct, frozen=True):
    """The answer to a sign of life."""

    iserver: Bridge = Bridge()


class Brokerage(msgspec.Struct, frozen=True, rename="camel"):
    """Accounts the session trades for."""

    accounts: list[str]
    selected_account: str = ""


class Chosen(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to choosing an account."""

    acct_id: str = ""


class Answer(msgspec.Struct, frozen=True, rename={"message_ids": "messageIds"}):
    """To a submission: a receipt, a question, or a refusal."""

    order_id: str | int | None = None
    order_status: str = ""
    id: str = ""
    message: list[str] | str = []
    message_ids: list[str] = []
    error: str = ""

    @property
    def question(self) -> str:
        """Its text, in one line."""
        said = [self.message] if isinstance(self.message, str) else self.message
        return " ".join(" ".join(said).split())

    @property
    def harmless(self) -> bool:
        """Whether all it asks is known, and may be answered with yes."""
        said = [self.message] if isinstance(self.message, str) else self.message
        return bool(said) and len(said) == len(self.message_ids) and all(
            name in HARMLESS and HARMLESS[name] in text
            for name, text in zip(self.message_ids, said, strict=True)
        )  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """An order in the listing; `order_ref` is the client order id it was submitted with."""

    order_id: int = msgspec.field(name="orderId")
    status: str
    filled: Decimal = msgspec.field(name="filledQuantity")
    size: Decimal | None = msgspec.field(name="totalSize", default=None)
    account: str = msgspec.field(name="acct", default="")
    ticker: str | None = None
    kind: str = msgspec.field(name="secType", default="")
    description: str | None = msgspec.field(name="description1", default=None)
    order_ref: str | None = None

    @property
    def client_order_id(self) -> str:
        """Of ours; of an order placed elsewhere a name that no order of ours has."""
        return self.order_ref or f"ibkr-{self.order_id}"

    @property
    def symbol(self) -> str:
        """As we name it."""
        name = self.ticker or ""
        return ours(name) if self.kind == "STK" else self.description or name


class Listing(msgspec.Struct, frozen=True):
    """Orders of the day. Until `snapshot` is true the gateway only began to gather them."""

    orders: list[Row] = []
    snapshot: bool = False


class Trade(msgspec.Struct, frozen=True):
    """One execution."""

    execution_id: str
    symbol: str
    side: str
    size: Decimal
    price: Decimal
    time: int = msgspec.field(name="trade_time_r")
    """Milliseconds since 1970."""
    account: str = ""
    kind: str = msgspec.field(name="sec_type", default="")
    description: str | None = msgspec.field(name="contract_description_1", default=None)
    commission: Decimal | None = None
    order_ref: str | None = None

    @property
    def base(self) -> str:
        """Its id without the number of its correction: `0000e0d5.6576fd38.01.02` corrects `.01`."""
        base, dot, _ = self.execution_id.rpartition(".")
        return base if dot else self.execution_id

    @property
    def client_order_id(self) -> str:
        """Of ours; of an order placed elsewhere a name that no order of ours has."""
        return self.order_ref or f"ibkr-{self.base}"

    @property
    def name(self) -> str:
        """The symbol as we name it."""
        return ours(self.symbol) if self.kind == "STK" else self.description or self.symbol


class Position(msgspec.Struct, frozen=True, rename="camel"):
    """What is held; negative when short."""

    conid: int
    position: Decimal
    asset_class: str | None = None
    ticker: str | None = None
    contract_desc: str = ""
    model: str = ""

    @property
    def symbol(self) -> str | None:
        """As we name it; None where the gateway does not know yet what it is."""
        if self.asset_class == "STK":
            return ours(self.ticker) if self.ticker else None
        return self.contract_desc or None if self.asset_class else None


class PortfolioAccount(msgspec.Struct, frozen=True, rename="camel"):
    """What the portfolio says of an account."""

    account_id: str
    clearing_status: str
    trading_type: str = ""
    brokerage_access: bool = True
    no_client_trading: bool = False


class Ledger(msgspec.Struct, frozen=True):
    """Cash of one currency."""

    cash: Decimal = msgspec.field(name="cashbalance")


class Amount(msgspec.Struct, frozen=True):
    """One value of the account's summary."""

    amount: Decimal | None = None
    currency: str | None = None


class Listed(msgspec.Struct, frozen=True, rename={"is_us": "isUS"}):
    """A company's share on one exchange."""

    conid: int
    exchange: str
    is_us: bool = False


class Company(msgspec.Struct, frozen=True, rename="camel"):
    """Whoever has the symbol somewhere."""

    asset_class: str
    contracts: list[Listed]


class PriceRule(msgspec.Struct, frozen=True, rename="camel"):
    """The price step from a price on."""

    increment: Decimal
    lower_edge: Decimal


class Definition(msgspec.Struct, frozen=True, rename="camel"):
    """What a contract id stands for."""

    conid: int
    currency: str
    asset_class: str
    ticker: str | None = None
    listing_exchange: str | None = None
    increment_rules: list[PriceRule] = []


class Definitions(msgspec.Struct, frozen=True):
    """The answer to one question about contracts."""

    secdef: list[Definition]


class Snapshot(msgspec.Struct, frozen=True):
    """The market; the first answer after a pause has no prices yet."""

    conid: int
    last: str | None = msgspec.field(name="31", default=None)
    bid: str | None = msgspec.field(name="84", default=None)
    ask: str | None = msgspec.field(name="86", default=None)
    availability: str | None = msgspec.field(name="6509", default=None)
    updated: int | None = msgspec.field(name="_updated", default=None)
    """Milliseconds since 1970."""


class Bar(msgspec.Struct, frozen=True):
    """A day."""

    close: Decimal = msgspec.field(name="c")
    volume: Decimal = msgspec.field(name="v")


class History(msgspec.Struct, frozen=True):
    """Days."""

    data: list[Bar]


class Hours(msgspec.Struct, frozen=True):
    """A session; seconds since 1970."""

    opening: int
    closing: int


class TradingDay(msgspec.Struct, frozen=True):
    """Sessions of a day."""

    liquid_hours: list[Hours] = []


class Schedule(msgspec.Struct, frozen=True):
    """Sessions by date."""

    schedules: dict[str, TradingDay]


def state_of(row: Row) -> OrderState | None:
    """Where an order stands; None for a word that is not known."""
    if row.status in _ALIVE:
        return OrderState.PARTIALLY_FILLED if row.filled else OrderState.ACKNOWLEDGED
    return _OVER.get(row.status)


def price_of(text: str, place: str) -> tuple[int, str]:
    """A price of market data in units, and the letter before it.

    Raises:
        BrokerAwayError: no price.
    """
    found = _PRICE.match(text)
    if found is None:
        raise unreadable(f"{text[:40]!r} is no price", place)
    return exact(Decimal(found[2].replace(",", "")), place), found[1]


def theirs(symbol: str) -> str:
    """Our symbol as the vendor writes it: `BRK.B` is `BRK B`."""
    return symbol.replace(".", " ")


def ours(symbol: str) -> str:
    """The vendor's symbol as we write it."""
    return symbol.replace(" ", ".")
