"""Attribution: whose profit and loss it is, by vault, persona, conviction band, strategy, symbol.

A position is what several entries made of it. Each entry holds a *stake* in it: a quantity, and
what that was paid. What is closed is closed of every stake in proportion, and what comes of it,
the fees too, is the entry's: an exit is asked for because somebody entered. The book knows
positions at one average cost; the stakes split its numbers and never add their own, so that all
rows of any split add up to the book to the last unit. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from vanta.domain.exact import split
from vanta.domain.trading import Order
from vanta.executor.book import Book
from vanta.executor.events import CashMoved, Event, FeeCharged, OrderFilled
from vanta.executor.positions import Line, worth
from vanta.executor.rails import PEG

By = Literal["vault", "persona", "band", "strategy", "symbol"]


class Entry(msgspec.Struct, frozen=True):
    """What a stake is attributed to."""

    vault: str
    persona: str
    band: str
    strategy: str
    symbol: str


class Stake(msgspec.Struct):
    """One entry's part of one line, units."""

    quantity: int = 0
    """Held; never negative, for a short one too."""
    cost: int = 0
    """What the quantity held was paid, received when short; without fees."""
    realised: int = 0
    fees: int = 0


class Profit(msgspec.Struct, frozen=True):
    """One row of an attribution, units."""

    name: str
    realised: int
    """Of what was closed, before fees."""
    unrealised: int
    """Of what is held, at its mark."""
    fees: int
    total: int
    """Realised and unrealised, less fees."""


class _Holding:
    """One line of the book, by stakes."""

    def __init__(self) -> None:
        self.stakes: dict[Entry, Stake] = {}
        self.cash = 0
        """What its fills moved, before fees."""

    def fill(self, entry: Entry, before: Line, after: Line, fee: int, cash: int) -> None:
        """Take in one fill; `before` and `after` are the line around it."""
        stake = self.stakes.setdefault(entry, Stake())
        self.cash += cash
        turned = before.quantity * after.quantity < 0
        closed = abs(before.quantity) if turned else abs(before.quantity) - abs(after.quantity)
        if closed <= 0:
            stake.quantity += abs(after.quantity) - abs(before.quantity)
            stake.cost += after.cost - before.cost
            stake.fees += fee
            return
        size = abs(after.quantity - before.quantity)
        closing_fee = fee * closed // size
        out = before.cost - (0 if turned else after.cost)
        gain = after.realised - before.realised
        self._close(closed, out, gain, closing_fee, long=before.quantity > 0)
        stake.fees += fee - closing_fee
        if turned:
            stake.quantity += abs(after.quantity)
            stake.cost += after.cost

    def _close(self, quantity: int, cost: int, gain: int, fee: int, *, long: bool) -> None:
        """Close so much of every stake, in proportion; each gains over what it was paid itself."""
        stakes = list(self.stakes.values())
        held = [stake.quantity for stake in stakes]
        closed = split(quantity, held)
        if quantity == sum(held):
            costs = [stake.cost for stake in stakes]
        else:
            own = [
                max(0, stake.cost) * part // stake.quantity if stake.quantity else 0
                for stake, part in zip(stakes, closed, strict=True)
            ]
            costs = split(cost, own if any(own) else closed)
        sign = 1 if long else -1
        # What closing brought, or took for a short one: the book's own number, shared out.
        worth = split(cost + sign * gain, closed)
        gains = [sign * (part - paid) for part, paid in zip(worth, costs, strict=True)]
        fees = split(fee, closed)
        for number, stake in enumerate(stakes):
            stake.quantity -= closed[number]
            stake.cost -= costs[number]
            stake.realised += gains[number]
            stake.fees += fees[number]

    def charge(self, entry: Entry, fee: int) -> None:
        """Take in a fee that was told later: of every stake by what is held of it."""
        stakes = list(self.stakes.values()) or [self.stakes.setdefault(entry, Stake())]
        for stake, part in zip(stakes, split(fee, [one.quantity for one in stakes]), strict=True):
            stake.fees += part

    def unrealised(self, line: Line) -> dict[Entry, int]:
        """What every stake stands at, which adds up to what the line does."""
        held = {entry: stake for entry, stake in self.stakes.items() if stake.quantity}
        value = split(line.counted.value, [stake.quantity for stake in held.values()])
        sign = 1 if line.quantity > 0 else -1
        found = {
            entry: part - sign * stake.cost
            for (entry, stake), part in zip(held.items(), value, strict=True)
        }
        # Rounding is against us: what the book rounded away is the last entry's.
        whole = self.cash + line.counted.value - line.realised
        last = next(reversed(found or self.stakes))
        found[last] = found.get(last, 0) + whole - sum(found.values())
        return found


ACCOUNT = "(account)"
"""What stands for persona, band and strategy of what moved an account without a trade."""
MONEY = "with fills"
LATER = "told later"


class Attribution:
    """Folds a trade log; `rows` says at any time whose profit it is."""

    def __init__(self) -> None:
        self.book = Book()
        """The fold."""
        self.fees: dict[str, int] = {}
        """By kind: `MONEY` and `LATER` in units of money, what was kept by the coin in 10^-18."""
        self._holdings: dict[tuple[str, str], _Holding] = {}
        self._loose: dict[Entry, list[int]] = {}
        """Realised and fees of what belongs to no trade."""

    def take(self, event: Event) -> None:
        """Take the next event of a log in, from its beginning on."""
        if isinstance(event, FeeCharged | CashMoved):
            self._moved(event)
            return
        if not isinstance(event, OrderFilled):
            self.book.apply(event)
            return
        book, fill = self.book, event.fill
        name = fill.client_order_id
        opened = book.open.get(name) or book.closed.get(name)
        if opened is None or book.knows_fill(name, fill.id):
            book.apply(event)
            return
        order = opened.order
        vault, line = book.vaults[order.vault], book.line_of(opened)
        before, cash, fees = msgspec.structs.replace(line), vault.cash, vault.fees
        money = vault.purse.line if vault.purse is not None else None
        kept = msgspec.structs.replace(money) if money is not None else None
        book.apply(event)
        fee, moved = vault.fees - fees, vault.cash - cash
        if money is not None and kept is not None and money is not line:
            # What was paid in stablecoin left it at its price, and came to the coin at the same.
            spent = worth(book.peg, money.quantity - kept.quantity, 1)
            moved += spent
            self._holding(order.vault, PEG).fill(_money_of(order.vault), kept, money, 0, -spent)
        entry = msgspec.structs.replace(entry_of(order), symbol=line.symbol)
        if line is money:
            entry = _money_of(order.vault)
        self._holding(order.vault, line.symbol).fill(entry, before, line, fee, moved + fee)
        kind = fill.coin if fill.kept else MONEY
        self.fees[kind] = self.fees.get(kind, 0) + (fill.kept or fill.fee)

    def _holding(self, vault: str, symbol: str) -> _Holding:
        return self._holdings.setdefault((vault, symbol), _Holding())

    def _line(self, vault: str, symbol: str) -> Line:
        own = self.book.vaults[vault]
        purse = own.purse
        return purse.line if symbol == PEG and purse is not None else own.lines[symbol]

    def _moved(self, event: FeeCharged | CashMoved) -> None:
        """What was told without an execution: with what it was held for, where that is known."""
        book = self.book
        if event.id in book.venue(event.broker).moves:
            return
        before = {
            share.vault: msgspec.structs.replace(line)
            for share in event.shares
            if (line := book.vaults[share.vault].lines.get(event.symbol)) is not None
        }
        book.apply(event)
        for share in event.shares:
            entry = Entry(share.vault, ACCOUNT, ACCOUNT, ACCOUNT, event.symbol or ACCOUNT)
            if isinstance(event, CashMoved):
                row = self._loose.setdefault(entry, [0, 0])
                row[0] += share.amount
            elif share.vault not in before:
                row = self._loose.setdefault(entry, [0, 0])
                row[1] += share.amount
            else:
                holding = self._holdings.setdefault((share.vault, event.symbol), _Holding())
                line = book.vaults[share.vault].lines[event.symbol]
                if event.kept:
                    own = next(iter(holding.stakes), entry)
                    was = before[share.vault]
                    holding.fill(own, was, line, share.amount, share.amount)
                else:
                    holding.charge(entry, share.amount)
        if isinstance(event, FeeCharged):
            kind = event.symbol.partition("-")[0] if event.kept else LATER
            self.fees[kind] = self.fees.get(kind, 0) + (event.kept or event.amount)

    def rows(self, by: By) -> list[Profit]:
        """Profit and loss split one way; the rows add up to the book."""
        sums: dict[str, list[int]] = {}
        if by == "vault":
            sums = {name: [0, 0, 0] for name in self.book.vaults}
        for (vault, symbol), holding in self._holdings.items():
            line = self._line(vault, symbol)
            standing = holding.unrealised(line)
            for entry, stake in holding.stakes.items():
                row = sums.setdefault(getattr(entry, by), [0, 0, 0])
                row[0] += stake.realised
                row[1] += standing.get(entry, 0)
                row[2] += stake.fees
        for entry, (gained, paid) in self._loose.items():
            row = sums.setdefault(getattr(entry, by), [0, 0, 0])
            row[0] += gained
            row[2] += paid
        return [
            Profit(name, realised, unrealised, fees, realised + unrealised - fees)
            for name, (realised, unrealised, fees) in sorted(sums.items())
        ]


def attribute(events: Iterable[Event]) -> Attribution:
    """The attribution of a whole trade log.

    Args:
        events: of `trade_log.jsonl`, from its beginning.
    """
    found = Attribution()
    for event in events:
        found.take(event)
    return found


def entry_of(order: Order) -> Entry:
    """What an order that opens something is attributed to."""
    return Entry(order.vault, order.persona, order.band, order.strategy, order.symbol)


def _money_of(vault: str) -> Entry:
    """What a vault's stablecoin is attributed to: it is money, and nobody's conviction."""
    return Entry(vault, ACCOUNT, ACCOUNT, ACCOUNT, PEG)


def total(rows: Sequence[Profit]) -> Profit:
    """The sum of all rows."""
    return Profit(
        "total",
        sum(row.realised for row in rows),
        sum(row.unrealised for row in rows),
        sum(row.fees for row in rows),
        sum(row.total for row in rows),
    )
