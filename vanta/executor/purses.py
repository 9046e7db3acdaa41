"""Every vault's purse: dollars and stablecoin, folded from the orders that move either.

A conversion moves money between the two and is no position. A coin that is paid in stablecoin is a
position like any other, held under one name whichever market it was bought in, and counted in
dollars at the stablecoin's price.
"""

from typing import NamedTuple

import msgspec

from vanta.domain.exact import UNIT, notional
from vanta.domain.trading import Fill, Intent, OrderState, Quote
from vanta.executor.accounts import Accounts
from vanta.executor.holdings import carry_on
from vanta.executor.positions import Line, OpenOrder, Purse, proceeds, trade
from vanta.executor.rails import PEG, STABLECOIN, dollars, home, in_dollars
from vanta.executor.reference import reference


class Converting(msgspec.Struct):
    """The latest conversion of a vault; there is one at a time."""

    intent_id: str
    serves: str
    """The intent it finds money for; empty for the buffer."""
    quantity: int
    """Of the stablecoin."""
    asked: int
    """When it was wanted, UTC nanoseconds."""
    serial: int
    """How many conversions the vault has wanted."""
    over: bool = False
    idle: int = 0
    """How many in a row moved nothing."""
    rounds: dict[str, int] = {}
    """By intent that waits: conversions wanted for it."""


class _Claims(NamedTuple):
    """What an open order may still take of a purse."""

    reserved: int = 0
    converting: int = 0
    apart: int = 0


class Purses(Accounts):
    """The sums, and what the vaults have of the stablecoin."""

    def __init__(self) -> None:
        super().__init__()
        self.peg = UNIT
        """Dollars for one of the stablecoin; par before it was ever priced."""
        self.pegged = 0
        """The market's time of that price."""
        self.conversions: dict[str, Converting] = {}
        """By vault."""

    def converting(self, vault: str) -> Converting | None:
        """The conversion of a vault that is not over."""
        latest = self.conversions.get(vault)
        return None if latest is None or latest.over else latest

    def stablecoin(self) -> int:
        """What all vaults have of it."""
        return sum(one.purse.line.quantity for one in self.vaults.values() if one.purse)

    def _purse(self, name: str) -> Purse:
        vault = self._vault(name)
        if vault.purse is None:
            vault.purse = Purse(Line(PEG, "crypto", 1, mark=self.peg))
        return vault.purse

    def _mark_elsewhere(self, quote: Quote) -> None:
        if quote.symbol == PEG:
            held = any(vault.purse for vault in self.vaults.values())
            if held and quote.market_time >= self.pegged:
                self.pegged = quote.market_time
                self._repeg(reference(quote))
        elif quote.instrument.quoted_in == STABLECOIN:
            priced = in_dollars(quote, self.peg)
            if priced.symbol in self.symbols:
                self._mark(priced)

    def _repeg(self, price: int) -> None:
        if price == self.peg:
            return
        self.peg = price
        for name, vault in self.vaults.items():
            if vault.purse is not None:
                self._revalue(name)

    def _revalue(self, name: str) -> None:
        """Bring the sums up to date with a purse that changed."""
        vault, purse = self.vaults[name], self._purse(name)
        line = purse.line
        line.mark, before = self.peg, line.counted.value
        line.counted = line.count(self.peg)
        change = line.counted.value - before
        vault.value += change
        self.account.value += change
        vault.high_water = max(vault.high_water, vault.nav)

    def line_of(self, opened: OpenOrder) -> Line:
        """What an order moves: a position, or what the vault has of the stablecoin."""
        order = opened.order
        if not opened.quoted:
            return self.vaults[order.vault].lines[order.symbol]
        if order.symbol == PEG:
            return self._purse(order.vault).line
        return self.vaults[order.vault].lines[home(order.symbol)]

    def _wait_for(self, intent: Intent, serves: str, quantity: int, now: int) -> None:
        """A conversion is wanted: the vault's latest."""
        before = self.conversions.get(intent.vault)
        latest = Converting(intent.id, serves, quantity, now, 1)
        if before is not None:
            latest.serial, latest.idle = before.serial + 1, before.idle
            latest.rounds = before.rounds
        latest.idle += 1
        if serves:
            latest.rounds[serves] = latest.rounds.get(serves, 0) + 1
        self.conversions[intent.vault] = latest

    def _settle(self, intent: Intent, *, accepted: bool) -> None:
        """An intent was decided: it waits no more, and a conversion that is denied is over."""
        latest = self.conversions.get(intent.vault)
        if latest is None:
            return
        latest.rounds.pop(intent.id, None)
        if latest.intent_id == intent.id and not accepted:
            latest.over = True

    def _take_up(self, opened: OpenOrder, quote: Quote) -> Line | None:
        """Reserve the money of an order that moves stablecoin; its line where it has a position."""
        order = opened.order
        opened.quoted = max(order.limit_price, reference(quote))
        if quote.symbol == PEG:
            self._claim(opened, _Claims())
            self._mark_elsewhere(quote)
            return None
        priced = in_dollars(quote, self.peg)
        opened.price = max(dollars(order.limit_price, self.peg), reference(priced))
        self._claim(opened, _Claims())
        return self._line(msgspec.structs.replace(order, symbol=priced.symbol), priced)

    def _claim(self, opened: OpenOrder, before: _Claims) -> None:
        """Take in that an order's claims on the purse changed."""
        purse, after = self._purse(opened.order.vault), _claims(opened)
        purse.reserved += after.reserved - before.reserved
        purse.converting += after.converting - before.converting
        purse.apart += after.apart - before.apart

    def _fill_railed(self, opened: OpenOrder, fill: Fill) -> None:
        """One execution of an order that moves stablecoin."""
        before, reserved, remaining = _claims(opened), opened.reserved, opened.remaining
        opened.take(fill)
        if opened.order.symbol == PEG:
            self._convert(opened, fill)
        else:
            if not opened.state.terminal:
                more = opened.reserved - reserved, opened.remaining - remaining
                self._reserve(self.line_of(opened), opened, *more)
            self._trade_coin(opened, fill)
        self._claim(opened, before)

    def _convert(self, opened: OpenOrder, fill: Fill) -> None:
        """Dollars against stablecoin: no position, and what the peg lost is realised."""
        name, quantity = opened.order.vault, _signed(fill)
        vault, line = self.vaults[name], self._purse(name).line
        gain = trade(line, quantity - fill.kept_units, fill.price)
        cash = proceeds(fill.side, fill.price, fill.quantity, 1) - fill.taken
        self._gained(opened, line, gain, fill.fee)
        vault.cash += cash
        self.account.cash += cash
        self._venue(opened.order.broker).fill(PEG, quantity, cash, fill)
        self._revalue(name)
        latest = self.conversions.get(name)
        if latest is not None and latest.intent_id == opened.order.intent_id:
            latest.idle = 0

    def _trade_coin(self, opened: OpenOrder, fill: Fill) -> None:
        """A coin against stablecoin: its position in dollars at the stablecoin's price."""
        order, line = opened.order, self.line_of(opened)
        money, quantity = self._purse(order.vault).line, _signed(fill)
        price = (
            fill.price * self.peg // UNIT if fill.side == "sell" else dollars(fill.price, self.peg)
        )
        # What was kept never counts as held: it cost what the fee says, and no money.
        standing, more = line.standing, quantity - fill.kept_units
        gain = trade(line, more, price)
        line.lie(order.broker, more)
        change = standing, line.standing, price
        held_as = msgspec.structs.replace(order, symbol=line.symbol)
        carry_on(self.holdings, held_as, opened.dag_id, opened.market_time, change)
        line.flip = min(line.flip + (abs(more) if order.flip else 0), abs(line.quantity))
        self._gained(opened, line, gain, dollars(fill.fee, self.peg))
        moved = proceeds(fill.side, fill.price, fill.quantity, order.multiplier) - fill.taken
        # What the stablecoin has gained or lost since is the vault's, and not this order's.
        self.vaults[order.vault].realised += trade(money, moved, self.peg)
        venue = self._venue(order.broker)
        venue.fill(line.symbol, quantity, 0, fill)
        venue.move(PEG, moved)
        # What is less comes first: no net asset value on the way is higher than the last.
        if moved < 0:
            self._revalue(order.vault)
        self._price(line.symbol, self.symbols[line.symbol], price)
        self._restate(order.vault, line)
        self._revalue(order.vault)

    def _gained(self, opened: OpenOrder, line: Line, gain: int, fee: int) -> None:
        vault = self.vaults[opened.order.vault]
        line.fees += fee
        vault.fees += fee
        vault.realised += gain
        opened.realised += gain - fee

    def _release(self, opened: OpenOrder, state: OrderState) -> None:
        """Free what an order that is over still reserved."""
        order, before = opened.order, _claims(opened)
        if order.symbol == PEG:
            opened.state = state
            latest = self.conversions.get(order.vault)
            if latest is not None and latest.intent_id == order.intent_id:
                latest.over = True
        else:
            line = self.line_of(opened)
            self._reserve(line, opened, -opened.reserved, -opened.remaining)
            opened.state = state
            self._restate(order.vault, line)
        self._claim(opened, before)


def _signed(fill: Fill) -> int:
    """What a fill adds to what is held."""
    return fill.quantity if fill.side == "buy" else -fill.quantity


def _claims(opened: OpenOrder) -> _Claims:
    order, remaining = opened.order, opened.remaining
    if opened.state.terminal:
        return _Claims()
    if order.symbol == PEG:
        if order.side == "sell":
            return _Claims(reserved=remaining)
        return _Claims(converting=notional(opened.quoted, remaining))
    if order.reducing or order.side == "sell":
        return _Claims()
    paid = notional(opened.quoted, remaining, order.multiplier)
    return _Claims(reserved=paid, apart=opened.reserved)
