"""Intents, orders, fills, positions and the decision between them."""

from enum import Enum
from typing import Literal

import msgspec

from vanta.domain.conviction import Side
from vanta.domain.exact import FINEST


class Intent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What Markets asks for; the Executor decides whether, and how much."""

    id: str
    vault: str
    symbol: str
    asset_class: str
    side: Side
    reducing: bool
    """True when it can only make a position smaller."""
    conviction: int
    """ppm."""
    band: str
    conviction_id: str
    strategy: str
    flip: bool
    """Meant for the vault's flip branch, if one is open."""
    created: int
    """UTC nanoseconds by the node's clock."""
    expires: int
    market_time: int
    """The market's time it was formed for; equal to `created` but for a recorded market."""
    build: str
    policy: str
    """Governance commit in force where it was made."""
    dag_id: str


class Envelope(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An intent as it travels: the exact bytes that were signed, and who signed them."""

    payload: str
    """`encode(intent)` as text; verified and decoded as it is, never re-encoded."""
    signature: str
    """SSHSIG armour over the payload, namespace `vanta-intent`."""
    node: str


class Instrument(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What the venue says of a symbol."""

    symbol: str
    asset_class: str
    rail: str
    tick: int
    """Price step, units."""
    lot: int
    """Quantity step, units."""
    multiplier: int = 1
    shortable: bool = False
    restricted: bool = False
    underlying: str = ""
    """Of an option; empty otherwise."""
    tradable: bool = False
    """Whether the broker lets this account open positions in it."""
    quoted_in: str | msgspec.UnsetType = msgspec.UNSET
    """The currency of its prices, such as `USDC`; not set, and not written, for dollars."""


class Quote(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The market a decision was made against; journalled with it."""

    symbol: str
    bid: int
    ask: int
    last: int
    ts: int
    """When the broker gave it, UTC nanoseconds by the node's clock."""
    market_time: int
    """The market's time the prices stand for; equal to `ts` but for a recorded market."""
    adv: int
    """Average daily traded notional, units."""
    session: Literal["open", "closed", "halted"]
    instrument: Instrument


class Order(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """An order as it goes to a broker."""

    client_order_id: str
    """A pure function of the intent, so a second try is the same order."""
    intent_id: str
    vault: str
    symbol: str
    asset_class: str
    broker: str
    side: Side
    quantity: int
    limit_price: int
    multiplier: int
    reducing: bool
    flip: bool
    persona: str
    strategy: str
    conviction: int
    band: str


class OrderState(Enum):
    """Where an order stands; `UNKNOWN` keeps its exposure reserved until the broker is asked."""

    PREPARED = "prepared"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    WITHHELD = "withheld"
    """Prepared, and stopped at the gate: it never left."""

    @property
    def terminal(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.WITHHELD}
)


class Fill(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One execution."""

    id: str
    """The broker's own, after the broker's name: no two brokers' executions have one id."""
    client_order_id: str
    symbol: str
    side: Side
    quantity: int
    """Traded, before what was kept of it."""
    price: int
    fee: int
    """What it cost, units of money; negative for a rebate."""
    ts: int
    kept: int = 0
    """Of the coin that was traded, what the broker kept as its fee, in `FINEST`: then `fee` is what
    that is worth, and no money was taken. 0, and not written, where it was."""

    @property
    def taken(self) -> int:
        """What of the fee was taken in money, units."""
        return 0 if self.kept else self.fee

    @property
    def coin(self) -> str:
        """What was kept a part of: the coin of `BTC-USDT` is `BTC`."""
        return self.symbol.partition("-")[0]

    @property
    def kept_units(self) -> int:
        """What was kept, in units, rounded against us."""
        return -(-self.kept // FINEST)


class HeldPosition(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a vault holds of one symbol."""

    vault: str
    symbol: str
    quantity: int
    """Negative when short."""
    cost: int
    """What the quantity held was paid (received when short), units, without fees."""
    realised: int
    """Profit of what was closed, units, before fees."""
    fees: int


class Finding(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, array_like=True):
    """One fence's answer, with its numbers."""

    fence: int
    code: str
    passed: bool
    observed: int | str | None
    limit: int | str | None
    unit: str
    """`units`, `ppm`, `ns`, `count` or empty for names."""


class Sizing(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """How a quantity came about, each step in notional units but the quantity and the boost."""

    nav: int
    banded: int
    """NAV times the band's greatest share."""
    persona: int
    """After the persona's multiplier or its boost, and the flip's amplifier where one applies."""
    headroom: int
    """After cutting to the room every cap leaves."""
    quantity: int
    """In quantity units, rounded down to the lot."""
    boost: int = 0
    """What stood in for the persona's multiplier, ppm; 0, and not written, where nothing did."""


class Decision(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What the Executor decided, and every fence it asked."""

    id: str
    intent_id: str
    verdict: Literal["accept", "deny"]
    order: Order | None
    sizing: Sizing
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The fences that said no; empty when accepted."""
        return tuple(finding for finding in self.findings if not finding.passed)
