"""The sums the book keeps, each brought up to date by one line at a time.

They are what makes a decision cost the same however many positions and orders there are.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import NamedTuple

import msgspec

from vanta.domain.exact import FINEST, notional
from vanta.domain.instant import DAY, MINUTE, show_instant
from vanta.domain.trading import Fill, Order, Quote
from vanta.executor.holdings import Holdings
from vanta.executor.positions import UNCLASSIFIED, Line, OpenOrder, Totals, VaultBook
from vanta.executor.reference import put_strike, reference


def day_of(at: int) -> str:
    """The UTC day of an instant, such as `2026-11-26`."""
    return show_instant(at)[:10]


MOVES_KEPT = 40 * DAY
"""How long what moved without an execution is remembered."""
DAYS_KEPT = 10
"""Days of which it is known who traded how much."""


class SymbolTotals(msgspec.Struct):
    """One symbol over all vaults."""

    gross: int = 0
    quantity: int = 0
    multiplier: int = 1
    mark: int = 0
    """Price its positions count at; 0 before there is one."""
    marked: int = 0
    """The market's time of that price."""
    vaults: list[str] = []
    """Vaults with a line of it."""


class Venue(msgspec.Struct):
    """What one broker account did and holds, by the executions that were taken in."""

    watermark: int = 0
    """How far its executions are known."""
    cash_flow: int = 0
    """What fills and fees moved, units; negative when spent."""
    fees: int = 0
    held: dict[str, int] = {}
    """Signed quantity by symbol, whole units of it; only what is not zero."""
    finer: dict[str, int] = {}
    """By symbol: what is held besides, less than a unit, in `FINEST`; only what is not zero."""

    since: int = 0
    """Since when its cash is held against the book, UTC nanoseconds; 0 where it is not."""
    before: int = 0
    """What lay there that no execution or movement on record brought, units."""
    moves: dict[str, int] = {}
    """What moved without an execution, lately: ids, to when it was taken in."""
    traded: dict[str, dict[str, int]] = {}
    """By UTC day, such as `2026-11-26`, and vault: notional of executions, of a few days."""

    bought: dict[str, int] = {}
    """By coin: quantity bought that day without a fee on record, since one was presumed."""
    presumed: dict[str, int] = {}
    """By coin: what was presumed to be kept and nobody told of yet, in `FINEST`."""

    def note(self, name: str, at: int) -> None:
        """Remember that something moved, for as long as it may be told again."""
        self.moves[name] = at
        horizon = max(self.moves.values()) - MOVES_KEPT
        self.moves = {one: at for one, at in self.moves.items() if at >= horizon}

    def trade(self, at: int, vault: str, amount: int) -> bool:
        """Count what a vault traded, for the fees that come later; whether that begins a day."""
        day = day_of(at)
        begins = day not in self.traded
        traded = self.traded.setdefault(day, {})
        traded[vault] = traded.get(vault, 0) + amount
        while len(self.traded) > DAYS_KEPT:
            del self.traded[min(self.traded)]
        return begins

    def keep(self, symbol: str, kept: int) -> None:
        """Take off a part of a coin, to its last digit."""
        held = self.held.pop(symbol, 0) * FINEST + self.finer.pop(symbol, 0) - kept
        whole, finer = divmod(held, FINEST)
        if whole:
            self.held[symbol] = whole
        if finer:
            self.finer[symbol] = finer

    def fill(self, symbol: str, quantity: int, cash: int, fill: Fill) -> None:
        """Take in one execution.

        Args:
            symbol: that was traded.
            quantity: signed, before what was kept of it.
            cash: what it moved, its fee taken off.
            fill: the execution.
        """
        held = self.held.pop(symbol, 0) + quantity
        if held:
            self.held[symbol] = held
        if fill.kept:
            self.keep(symbol, fill.kept)
        self.cash_flow += cash
        self.fees += fill.fee

    def move(self, symbol: str, quantity: int) -> None:
        """Take in what an execution in one symbol did to another."""
        if held := self.held.pop(symbol, 0) + quantity:
            self.held[symbol] = held


OPTION = "option"
"""The asset class of contracts that stand for a quantity of something else."""


class Resting(NamedTuple):
    """Limit prices of open orders in one symbol, lowest first."""

    buys: list[int]
    sells: list[int]


class Sums:
    """Vaults, symbols and brokers, as sums over lines and open orders. Amounts in units."""

    def __init__(self) -> None:
        self.vaults: dict[str, VaultBook] = {}
        self.account = Totals()
        """All vaults together."""
        self.symbols: dict[str, SymbolTotals] = {}
        self.brokers: dict[str, int] = {}
        """Open orders by broker."""
        self.venues: dict[str, Venue] = {}
        """By broker."""
        self.holdings: Holdings = {}
        self.accepted: dict[str, deque[int]] = {}
        """By vault: when orders were accepted, within the last minute."""
        self.sector_of: dict[str, dict[str, str]] = {}
        """By vault, as its policy states it."""
        self.carried: dict[str, int] = {}
        """By vault: exposure when the market's day began; only what is not zero."""
        self.persona_of: dict[str, str] = {}
        """By vault, as the policy in force has it."""
        self.personas: dict[str, int] = {}
        """Gross exposure by persona."""
        self.secured: dict[str, int] = {}
        """By vault: the cash that stands behind puts it has sold or is selling."""
        self._puts: dict[tuple[str, str], int] = {}
        self.resting: dict[str, Resting] = {}
        """By symbol: the limits of all open orders."""
        self.day_ends = 0
        """When the market's day is over, by the market's time."""

    def _vault(self, name: str) -> VaultBook:
        vault = self.vaults.get(name)
        if vault is None:
            vault = self.vaults[name] = VaultBook()
        return vault

    def venue(self, broker: str) -> Venue:
        """What was done at a broker; nothing yet at one that was never used."""
        return self.venues.get(broker) or Venue()

    def _venue(self, broker: str) -> Venue:
        venue = self.venues.get(broker)
        if venue is None:
            venue = self.venues[broker] = Venue()
        return venue

    def _line(self, order: Order, quote: Quote) -> Line:
        """The line an order is about, begun where there is none."""
        lines = self._vault(order.vault).lines
        line = lines.get(order.symbol)
        if line is None:
            symbol = self.symbols.get(order.symbol)
            if symbol is None:
                symbol = self.symbols[order.symbol] = SymbolTotals(multiplier=order.multiplier)
                symbol.mark, symbol.marked = reference(quote), quote.market_time
            symbol.vaults.append(order.vault)
            line = lines[order.symbol] = Line(
                symbol=order.symbol,
                asset_class=order.asset_class,
                multiplier=order.multiplier,
                underlying=quote.instrument.underlying,
                mark=symbol.mark,
            )
        return line

    def _count(self, order: Order, change: int) -> None:
        self.vaults[order.vault].open_orders += change
        self.account.open_orders += change
        self.brokers[order.broker] = self.brokers.get(order.broker, 0) + change

    def _accept(self, vault: str, now: int) -> None:
        times = self.accepted.setdefault(vault, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        times.append(now)

    def _reserve(self, line: Line, opened: OpenOrder, amount: int, quantity: int) -> None:
        """Reserve, or with negative numbers release, for one order."""
        order = opened.order
        if order.reducing:
            line.leave(order.broker, quantity)
            return
        if order.side == "buy":
            line.buying += amount
        else:
            line.selling += amount
            line.writing += quantity
        if order.flip:
            line.flipping += amount

    def _mark(self, quote: Quote) -> None:
        """Take a quote's price as the mark of its symbol, and begin the market's day with it."""
        price = reference(quote)
        if price == 0:
            return
        if quote.market_time >= self.day_ends:
            self._begin_day(quote.market_time)
        symbol = self.symbols.get(quote.symbol)
        if symbol is None:
            self._mark_elsewhere(quote)
            return
        if quote.market_time < symbol.marked:
            return
        symbol.marked = quote.market_time
        self._price(quote.symbol, symbol, price)

    def _mark_elsewhere(self, quote: Quote) -> None:
        """Take in the price of what no vault has a line of under that name."""

    def _begin_day(self, market_time: int) -> None:
        # At the marks of the day before, so that a gap at the open is part of the day's loss.
        self.day_ends = (market_time // DAY + 1) * DAY
        for vault in self.vaults.values():
            vault.day_start = vault.nav
        self.account.day_start = self.account.nav
        self.carried = {name: vault.gross for name, vault in self.vaults.items() if vault.gross}

    def _price(self, name: str, symbol: SymbolTotals, price: int) -> None:
        """Count every position of a symbol at a new price."""
        if symbol.mark == price:
            return
        symbol.mark = price
        for vault in symbol.vaults:
            line = self.vaults[vault].lines[name]
            line.mark = price
            if not line.quantity:
                continue
            holding = self.holdings.get(vault, {}).get(name)
            if holding is not None:
                holding.see(price, long=line.quantity > 0)
            self._restate(vault, line)

    def _restate(self, name: str, line: Line) -> None:
        """Bring every sum up to date with one line that changed."""
        vault, symbol = self.vaults[name], self.symbols[line.symbol]
        before, after = line.counted, line.count(line.mark)
        line.counted = after
        vault.recount(before, after)
        self.account.recount(before, after)
        vault.occupied += after.occupied - before.occupied
        vault.unmarked += after.unmarked - before.unmarked
        vault.flipped += after.flipped - before.flipped
        vault.high_water = max(vault.high_water, vault.nav)
        symbol.quantity += after.quantity - before.quantity
        grown = after.gross - before.gross
        if grown:
            symbol.gross += grown
            classes, sectors = vault.classes, vault.sectors
            classes[line.asset_class] = classes.get(line.asset_class, 0) + grown
            sector = self.sector_of.get(name, {}).get(line.symbol, UNCLASSIFIED)
            sectors[sector] = sectors.get(sector, 0) + grown
            persona = self.persona_of.get(name, "")
            self.personas[persona] = self.personas.get(persona, 0) + grown
        if line.asset_class == OPTION:
            self._secure(name, line)
        if after.written != before.written:
            written = vault.written.get(line.underlying, 0) + after.written - before.written
            vault.written[line.underlying] = written

    def _secure(self, name: str, line: Line) -> None:
        """Keep the strike of every put that is sold or being sold; of other lines nothing."""
        strike = put_strike(line.symbol) if line.asset_class == OPTION else 0
        if not strike:
            return
        sold = line.writing + max(0, -line.quantity)
        cash, key = notional(strike, sold, line.multiplier), (name, line.symbol)
        self.secured[name] = self.secured.get(name, 0) + cash - self._puts.get(key, 0)
        self._puts[key] = cash

    def _rest(self, order: Order) -> None:
        """An order is open: from now on it may trade with whoever comes the other way."""
        resting = self.resting.get(order.symbol)
        if resting is None:
            resting = self.resting[order.symbol] = Resting([], [])
        insort(resting.buys if order.side == "buy" else resting.sells, order.limit_price)

    def _unrest(self, order: Order) -> None:
        resting = self.resting[order.symbol]
        limits = resting.buys if order.side == "buy" else resting.sells
        del limits[bisect_left(limits, order.limit_price)]

    def _repersona(self, persona_of: dict[str, str]) -> None:
        """Sum exposure by persona anew, as a policy names them."""
        self.persona_of, self.personas = persona_of, {}
        for name, vault in self.vaults.items():
            persona = persona_of.get(name, "")
            self.personas[persona] = self.personas.get(persona, 0) + vault.gross

    def _resector(self, name: str) -> None:
        """Sum one vault's exposure by sector anew, after its map of sectors changed."""
        vault = self.vaults.get(name)
        if vault is None:
            return
        vault.sectors = {}
        for line in vault.lines.values():
            sector = self.sector_of.get(name, {}).get(line.symbol, UNCLASSIFIED)
            vault.sectors[sector] = vault.sectors.get(sector, 0) + line.counted.gross
