"""What one vault holds, has reserved, and has made of it; the parts the book is folded from.

Exposure is never counted smaller than it is. A position counts at its mark; an opening order
counts in full from the moment it is decided, at its limit or the reference, whichever is higher;
a reducing order takes nothing off before it is filled. Of one symbol, whichever of "all buys
fill" and "all sells fill" is larger counts.
"""

import msgspec

from vanta.domain.conviction import Side
from vanta.domain.exact import UNIT, notional
from vanta.domain.trading import Fill, Order, OrderState
from vanta.executor.rails import PEG
from vanta.executor.reference import is_call

UNCLASSIFIED = "unclassified"
"""The sector of every symbol that no sector is stated for: together under one cap."""


class Counted(msgspec.Struct, frozen=True, gc=False):
    """What one line adds to the sums, in units."""

    gross: int = 0
    """Greatest exposure once everything open has filled or gone."""
    long: int = 0
    """Notional of the position when long, rounded up."""
    short: int = 0
    buying: int = 0
    selling: int = 0
    value: int = 0
    """Signed worth of the position, rounded down."""
    quantity: int = 0
    flipped: int = 0
    """Exposure that came from the flip branch."""
    written: int = 0
    """Quantity of the underlying that short calls could call away."""
    occupied: int = 0
    unmarked: int = 0


NOTHING = Counted()


class Line(msgspec.Struct):
    """One symbol in one vault. Money and quantities in units."""

    symbol: str
    asset_class: str
    multiplier: int
    underlying: str = ""
    mark: int = 0
    """Price the position counts at; 0 before there is one."""
    quantity: int = 0
    """Negative when short."""
    cost: int = 0
    """What the quantity was paid (received when short), without fees."""
    realised: int = 0
    fees: int = 0
    flip: int = 0
    """Quantity that came from the flip branch; the base's is taken to be sold first."""
    buying: int = 0
    """Notional reserved by opening buys."""
    selling: int = 0
    """Notional reserved by opening sells."""
    flipping: int = 0
    """Notional reserved by opening orders of the flip branch."""
    writing: int = 0
    """Quantity of opening sells."""
    reducing: int = 0
    """Quantity of reducing orders."""
    lot: int = 0
    """Quantity step of its market, as the last order saw it; 0 before edition `LOTS`."""
    counted: Counted = NOTHING
    """What the sums hold of this line."""
    lying: dict[str, int] = {}
    """By broker: what of the quantity lies there; only what is not zero."""
    leaving: dict[str, int] = {}
    """By broker: quantity of the reducing orders there; only what is not zero."""
    lots: dict[str, int] = {}
    """By broker: the same step, as the last order there saw it; none before edition `APART`."""

    def lie(self, broker: str, quantity: int) -> None:
        """Take in what was moved at a broker, signed."""
        _add(self.lying, broker, quantity)

    def leave(self, broker: str, quantity: int) -> None:
        """Take in that a reducing order there is open, or with a negative quantity is not."""
        self.reducing += quantity
        _add(self.leaving, broker, quantity)

    def available_at(self, broker: str) -> int:
        """Quantity a reducing order may still take off at one broker."""
        here = self.lying.get(broker, 0)
        if (here > 0) != (self.quantity > 0):
            return 0
        return max(0, min(abs(here) - self.leaving.get(broker, 0), self.available))

    @property
    def available(self) -> int:
        """Quantity a reducing order may still take off."""
        return max(0, abs(self.quantity) - self.reducing)

    @property
    def standing(self) -> int:
        """The quantity that can be closed; what fees left over, less than a lot, is not open.

        What one broker trades only in whole can be closed at another that trades parts of it.
        """
        if not self.lots:
            return self.quantity if abs(self.quantity) >= self.lot else 0
        for broker, there in self.lying.items():
            if abs(there) >= self.lot_at(broker) and (there > 0) == (self.quantity > 0):
                return self.quantity
        return 0

    def lot_at(self, broker: str) -> int:
        """Quantity step of its market at one broker, as far as it is known."""
        return self.lots.get(broker, self.lot)

    def count(self, mark: int) -> Counted:
        """What the line adds to every sum, at this mark."""
        quantity, multiplier = self.quantity, self.multiplier
        gross = max(self.buying, self.selling)
        net = value = flipped = written = 0
        if quantity:
            gross, net, value = self.at(mark)
            flipped = notional(mark, self.flip, multiplier) if self.flip else 0
        long, short = (net, 0) if quantity > 0 else (0, -net)
        if self.underlying and is_call(self.symbol):
            written = (self.writing + max(0, -quantity)) * multiplier
        return Counted(
            gross,
            long,
            short,
            self.buying,
            self.selling,
            value,
            quantity,
            flipped + self.flipping,
            written,
            int(bool(self.standing or self.buying or self.selling)),
            int(bool(quantity) and not mark),
        )

    def at(self, mark: int) -> tuple[int, int, int]:
        """Gross, net and worth of the line at a mark: of `count`, what others than its vault ask.

        Only for a line with a position: nothing else of a line depends on the mark.
        """
        quantity = self.quantity
        # One product is both: what it is worth is rounded down, and exposure up.
        product = mark * quantity * self.multiplier
        value = product // UNIT
        if quantity > 0:
            held = -(-product // UNIT) if mark else self.cost
            return max(held + self.buying, self.selling), held, value
        held = -value if mark else self.cost
        return max(self.buying, held + self.selling), -held, value


class Totals(msgspec.Struct):
    """Sums over lines, in units."""

    gross: int = 0
    long: int = 0
    short: int = 0
    buying: int = 0
    selling: int = 0
    value: int = 0
    """What the positions are worth, and the stablecoin."""
    cash: int = 0
    """Dollars."""
    day_start: int = 0
    """Net asset value when the market's day began."""
    open_orders: int = 0

    @property
    def nav(self) -> int:
        """Net asset value: cash and what the positions are worth."""
        return self.cash + self.value

    def recount(self, before: Counted, after: Counted) -> None:
        """Take in that one line's part changed."""
        self.gross += after.gross - before.gross
        self.long += after.long - before.long
        self.short += after.short - before.short
        self.buying += after.buying - before.buying
        self.selling += after.selling - before.selling
        self.value += after.value - before.value


class Purse(msgspec.Struct):
    """A vault's money beside its dollars: its stablecoin, and what open orders may take of both."""

    line: Line
    """What it has of the stablecoin, at cost and mark, though it is no position: no sum of
    exposure has it."""
    reserved: int = 0
    """Stablecoin that open orders may spend."""
    converting: int = 0
    """Dollars that open conversions may spend."""
    apart: int = 0
    """Dollars' worth of opening buys that are paid in stablecoin: reserved, and no claim on
    dollars."""

    @property
    def free(self) -> int:
        """Stablecoin that no open order may spend."""
        return self.line.quantity - self.reserved


class VaultBook(Totals):
    """One vault: its sums, its lines, and how it has done."""

    funded: int = 0
    high_water: int = 0
    """Highest net asset value so far."""
    streak: int = 0
    """Losing exits in a row."""
    occupied: int = 0
    """Symbols with a position or an opening order."""
    unmarked: int = 0
    """Positions without a mark: while there are any, nobody knows the profit or loss."""
    flipped: int = 0
    realised: int = 0
    fees: int = 0
    lines: dict[str, Line] = {}
    classes: dict[str, int] = {}
    """Gross exposure by asset class."""
    sectors: dict[str, int] = {}
    """Gross exposure by sector, as the policy in force draws sectors."""
    written: dict[str, int] = {}
    """By underlying: the quantity that short calls could call away."""
    recent: dict[str, int] = {}
    """When the same content was last accepted."""
    purse: Purse | None = None
    """None for a vault that never had stablecoin."""


class OpenOrder(msgspec.Struct, gc=False):
    """An order that was decided and is not over, or a closed one that may still hear a fill."""

    order: Order
    decision_id: str
    dag_id: str
    price: int
    """What it is reserved at: its limit or the reference, whichever is higher."""
    market_time: int
    """The market's time it acts at."""
    expires: int
    """Of its intent."""
    prepared: bool = False
    """Whether `order.prepared` is on disk."""
    state: OrderState = OrderState.PREPARED
    broker_order_id: str = ""
    reason: str = ""
    filled: int = 0
    paid: int = -1
    """Sum of price times quantity of its fills, exact: in units of units; below 0 where it is not
    counted, for an order of a build that did not."""
    realised: int = 0
    """What its fills realised, after their fees."""
    fills: tuple[str, ...] = ()
    """Ids of its fills."""
    quoted: int = 0
    """What it is reserved at by its market's own price, of an order that moves stablecoin; 0 of any
    other."""

    @property
    def in_stablecoin(self) -> bool:
        """Whether its prices are in the stablecoin."""
        return self.quoted > 0 and self.order.symbol != PEG

    def take(self, fill: Fill) -> None:
        """Count one fill in; what it moves is the book's affair."""
        self.fills = (*self.fills, fill.id)
        self.filled += fill.quantity
        if self.paid >= 0:
            self.paid += fill.price * fill.quantity
        if not self.state.terminal:
            self.state = OrderState.PARTIALLY_FILLED

    @property
    def remaining(self) -> int:
        """Quantity not filled."""
        return max(0, self.order.quantity - self.filled)

    @property
    def reserved(self) -> int:
        """Notional an opening order still reserves."""
        if self.order.reducing or self.state.terminal:
            return 0
        return notional(self.price, self.remaining, self.order.multiplier)


def _add(sums: dict[str, int], name: str, amount: int) -> None:
    if total := sums.pop(name, 0) + amount:
        sums[name] = total


def trade(line: Line, quantity: int, price: int) -> int:
    """Move a line by a signed quantity at a price; returns the profit this realised, before fees.

    Costs are averages. Rounding is against us: profits down, costs of what is left up.
    """
    held, size = line.quantity, abs(quantity)
    line.quantity = held + quantity
    if held == 0 or (held > 0) == (quantity > 0):
        line.cost += notional(price, size, line.multiplier)
        return 0
    closing = min(abs(held), size)
    kept = line.cost * (abs(held) - closing)
    if held > 0:
        line.cost, out = -(-kept // held), line.cost
        gain = worth(price, closing, line.multiplier) - (out - line.cost)
    else:
        line.cost, received = kept // -held, line.cost
        gain = received - line.cost - notional(price, closing, line.multiplier)
    if size > closing:
        line.cost = notional(price, size - closing, line.multiplier)
    line.realised += gain
    return gain


def worth(price: int, quantity: int, multiplier: int) -> int:
    """Price times signed quantity times multiplier in units, rounded down."""
    return price * quantity * multiplier // UNIT


def proceeds(side: Side, price: int, quantity: int, multiplier: int) -> int:
    """What a fill does to the cash, before its fee; rounded against us."""
    return worth(price, quantity if side == "sell" else -quantity, multiplier)
