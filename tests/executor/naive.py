"""A second book, as somebody would write it who has all the time in the world.

It keeps every order and every fill as it happened and nothing else, and adds up anew whatever it is
asked. It shares no arithmetic with the Executor's book, so that the two can be wrong only apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from vanta.domain.exact import PPM, UNIT
from vanta.domain.instant import DAY, MINUTE
from vanta.domain.policy import Policy, VaultPolicy
from vanta.domain.trading import Order, Quote

Place = tuple[str, str]
"""A vault and a symbol."""

PEG, COIN, HELD_AS = "USDC-USD", "BTC-USDC", "BTC-USD"
"""Where stablecoin is exchanged; a coin's market in it; and what that coin is held as."""


def held_as(symbol: str) -> str:
    return HELD_AS if symbol == COIN else symbol


def worth(price: int, quantity: int, order: Order) -> Fraction:
    """Price times quantity, exact, in units."""
    return Fraction(price * quantity * order.multiplier, UNIT)


@dataclass
class Placed:
    """An order that was accepted."""

    order: Order
    at: int
    price: int
    """What it is reserved at."""
    filled: int = 0
    open: bool = True
    gained: Fraction = Fraction(0)
    quoted: int = 0
    """The same in stablecoin, where it is paid in that."""

    @property
    def left(self) -> int:
        return self.order.quantity - self.filled if self.open else 0

    @property
    def converts(self) -> bool:
        return self.order.symbol == PEG

    @property
    def reserved(self) -> int:
        """Dollars' worth of exposure."""
        if self.order.reducing or self.converts:
            return 0
        return ceil(worth(self.price, self.left, self.order))

    @property
    def dollars(self) -> int:
        """Dollars it may spend."""
        if self.converts:
            return 0 if self.order.reducing else ceil(worth(self.price, self.left, self.order))
        return 0 if self.quoted and self.order.side == "buy" else self.reserved

    @property
    def stablecoin(self) -> int:
        """Stablecoin it may spend."""
        if self.converts:
            return self.left if self.order.reducing else 0
        if self.order.reducing or self.order.side == "sell":
            return 0
        return ceil(worth(self.quoted, self.left, self.order))


@dataclass
class Naive:
    """What happened, in order."""

    cash: dict[str, int]
    placed: list[Placed] = field(default_factory=list)
    messages: list[tuple[int, str, str, str]] = field(default_factory=list)
    """When, and by which vault, to which broker, by which strategy."""
    fills: list[tuple[int, str]] = field(default_factory=list)
    """When an order of which vault filled for the first time."""
    throttled: dict[Place, tuple[int, str]] = field(default_factory=dict)
    """By vault and strategy: how many orders there were by then, and its nonce."""
    held: dict[Place, int] = field(default_factory=dict)
    there: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """By vault, symbol and broker: what of it lies there."""
    cost: dict[Place, Fraction] = field(default_factory=dict)
    flipped: dict[Place, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    lots: dict[str, int] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    """Some order of each symbol: what kind of thing it is."""
    start: dict[str, int] = field(default_factory=dict)
    top: dict[str, int] = field(default_factory=dict)
    streak: dict[str, int] = field(default_factory=dict)
    stablecoin: dict[str, int] = field(default_factory=dict)
    """By vault that has, or had, or ordered some."""
    peg: int = UNIT
    day: int = -1

    def __post_init__(self) -> None:
        self.start, self.top = dict(self.cash), dict(self.cash)

    # What happens

    def quoted(self, quote: Quote) -> None:
        """A price is known, and a day begins with the first one of it."""
        if quote.market_time // DAY > self.day:
            self.day = quote.market_time // DAY
            self.start = {vault: self.nav(vault) for vault in self.cash}
        if quote.symbol == PEG:
            if self.stablecoin:
                self.peg = (quote.bid + quote.ask) // 2
        elif held_as(quote.symbol) in self.orders:
            self.marks[held_as(quote.symbol)] = self.middle(quote)
        self._look()

    def middle(self, quote: Quote) -> int:
        """Of a market, in dollars."""
        if quote.symbol != COIN:
            return (quote.bid + quote.ask) // 2
        low, high = Fraction(quote.bid * self.peg, UNIT), Fraction(quote.ask * self.peg, UNIT)
        return (floor(low) + ceil(high)) // 2

    def accepted(self, order: Order, quote: Quote, at: int) -> None:
        middle, limit, quoted = self.middle(quote), order.limit_price, 0
        if order.symbol in {PEG, COIN}:
            self.stablecoin.setdefault(order.vault, 0)
        if order.symbol == PEG:
            self.peg = middle
        else:
            self.orders[held_as(order.symbol)] = order
            self.lots[held_as(order.symbol)] = quote.instrument.lot
            self.marks[held_as(order.symbol)] = middle
        if order.symbol == COIN:
            quoted = max(limit, (quote.bid + quote.ask) // 2)
            limit = ceil(Fraction(limit * self.peg, UNIT))
        self.placed.append(Placed(order, at, max(limit, middle), quoted=quoted))
        self.messages.append((at, order.vault, order.broker, order.strategy))
        self._look()

    def filled(
        self, placed: Placed, quantity: int, price: int, fee: int, at: int, kept: int = 0
    ) -> None:
        """Something was executed; of a coin the broker may have kept a part, in 10^-18."""
        order = placed.order
        place = (order.vault, held_as(order.symbol))
        if not placed.filled:
            self.fills.append((at, order.vault))
        placed.filled += quantity
        signed = quantity if order.side == "buy" else -quantity
        more = signed - ceil(Fraction(kept, 10**10))
        moved = floor(worth(price, -signed, order)) - (0 if kept else fee)
        if placed.converts:
            self.stablecoin[order.vault] += more
            self.cash[order.vault] += moved
            self._done(placed)
            return
        if order.symbol == COIN:
            self.stablecoin[order.vault] += moved
            exact = Fraction(price * self.peg, UNIT)
            price = ceil(exact) if order.side == "buy" else floor(exact)
            fee = ceil(Fraction(fee * self.peg, UNIT))
        else:
            self.cash[order.vault] += moved
        placed.gained += self._trade(place, more, price, order) - fee
        self._lie(place, order.broker, more)
        flipped = self.flipped.get(place, 0) + (abs(more) if order.flip else 0)
        self.flipped[place] = min(flipped, abs(self.held[place]))
        self.marks[place[1]] = price
        self._done(placed)

    def _done(self, placed: Placed) -> None:
        self._look()
        if placed.filled == placed.order.quantity:
            self.ended(placed)

    def charged(
        self, vault: str, broker: str, amount: int, symbol: str, kept: int, price: int
    ) -> None:
        """A fee was told later, in money or as a part of a coin."""
        if kept:
            taken = -ceil(Fraction(kept, 10**10))
            self._trade((vault, symbol), taken, price, self.orders[symbol])
            self._lie((vault, symbol), broker, taken)
        else:
            self.cash[vault] -= amount
        self._look()

    def stands(self, vault: str, symbol: str) -> bool:
        """Whether there is something that can be closed, or may come to be."""
        opening = any(not one.order.reducing and one.left for one in self.open(vault, symbol))
        there = [
            quantity
            for (name, held, _), quantity in self.there.items()
            if (name, held) == (vault, symbol)
        ]
        side = self.held.get((vault, symbol), 0) > 0
        lot = self.lots[symbol]
        return opening or any(abs(one) >= lot and (one > 0) == side for one in there if one)

    def _trade(self, place: Place, signed: int, price: int, order: Order) -> Fraction:
        held, cost = self.held.get(place, 0), self.cost.get(place, Fraction(0))
        self.held[place] = held + signed
        if held * signed >= 0:
            self.cost[place] = cost + worth(price, signed, order)
            return Fraction(0)
        closing = min(abs(held), abs(signed)) * (1 if held > 0 else -1)
        self.cost[place] = cost * (held - closing) / held
        if abs(signed) > abs(held):
            self.cost[place] = worth(price, held + signed, order)
        return worth(price, closing, order) - cost * closing / held

    def _lie(self, place: Place, broker: str, more: int) -> None:
        self.there[*place, broker] = self.there.get((*place, broker), 0) + more

    def ended(self, placed: Placed) -> None:
        placed.open = False
        order = placed.order
        if order.reducing and placed.gained and not placed.converts:
            lost = placed.gained < 0
            self.streak[order.vault] = self.streak.get(order.vault, 0) + 1 if lost else 0

    def _look(self) -> None:
        for vault in self.cash:
            self.top[vault] = max(self.top[vault], self.nav(vault))

    # What it adds up to

    def nav(self, vault: str) -> int:
        values = [
            floor(worth(self.marks[symbol], quantity, self.orders[symbol]))
            for (name, symbol), quantity in self.held.items()
            if name == vault
        ]
        return self.cash[vault] + sum(values) + self.in_dollars(self.stablecoin.get(vault, 0))

    def in_dollars(self, stablecoin: int) -> int:
        return floor(Fraction(stablecoin * self.peg, UNIT))

    def open(self, vault: str = "", symbol: str = "", side: str = "") -> Iterator[Placed]:
        """Orders that are not over."""
        for one in self.placed:
            order = one.order
            asked = vault in {"", order.vault} and symbol in {"", held_as(order.symbol)}
            if one.open and asked and side in {"", order.side}:
                yield one

    def reserved(self, vault: str, symbol: str, side: str) -> int:
        return sum(one.reserved for one in self.open(vault, symbol, side))

    def position(self, vault: str, symbol: str) -> int:
        """Signed notional of what is held, away from zero."""
        quantity = self.held.get((vault, symbol), 0)
        if not quantity:
            return 0
        size = ceil(worth(self.marks[symbol], abs(quantity), self.orders[symbol]))
        return size if quantity > 0 else -size

    def gross(self, vault: str, symbol: str) -> int:
        """Exposure at its worst: every buy fills, or every sell."""
        held = self.position(vault, symbol)
        return max(
            max(held, 0) + self.reserved(vault, symbol, "buy"),
            max(-held, 0) + self.reserved(vault, symbol, "sell"),
        )

    def whole(self, vault: str) -> int:
        return sum(self.gross(vault, symbol) for symbol in self.orders)

    def net(self, vaults: list[str]) -> int:
        held = sum(self.position(vault, symbol) for vault in vaults for symbol in self.orders)
        buys = sum(self.reserved(vault, "", "buy") for vault in vaults)
        sells = sum(self.reserved(vault, "", "sell") for vault in vaults)
        return max(held + buys, sells - held)

    def secured(self, vault: str) -> int:
        """Cash that puts call for."""
        return sum(
            ceil(worth(strike(symbol), self._short(vault, symbol), self.orders[symbol]))
            for symbol in self.orders
            if strike(symbol)
        )

    def _short(self, vault: str, symbol: str) -> int:
        selling = sum(
            one.left for one in self.open(vault, symbol, "sell") if not one.order.reducing
        )
        return max(0, -self.held.get((vault, symbol), 0)) + selling

    def free(self, vault: str) -> int:
        """Cash with no claim on it."""
        shorts = sum(max(0, -self.position(vault, symbol)) for symbol in self.orders)
        reserved = sum(one.dollars for one in self.open(vault))
        return self.cash[vault] - reserved - 2 * shorts - self.secured(vault)

    def free_stablecoin(self, vault: str) -> int:
        reserved = sum(one.stablecoin for one in self.open(vault))
        return self.in_dollars(self.stablecoin.get(vault, 0) - reserved)

    def called(self, vault: str, underlying: str) -> int:
        """Shares that calls could call away."""
        return sum(
            self._short(vault, symbol) * self.orders[symbol].multiplier
            for symbol in self.orders
            if symbol.startswith(underlying) and symbol[-9:-8] == "C"
        )

    def flips(self, vault: str) -> int:
        """Exposure of the flip branch."""
        held = sum(
            ceil(worth(self.marks[symbol], quantity, self.orders[symbol]))
            for (name, symbol), quantity in self.flipped.items()
            if name == vault
        )
        return held + sum(one.reserved for one in self.open(vault) if one.order.flip)

    def deployable(self, vault: str, rules: VaultPolicy) -> int:
        gains = self.nav(vault) - rules.capital
        if gains <= 0:
            return self.nav(vault)
        return rules.capital + gains * min(rules.compounding.reinvest, PPM) // PPM

    def sent(self, since: int, vault: str = "", broker: str = "", strategy: str = "") -> int:
        return sum(
            at > since and vault in {"", by} and broker in {"", to} and strategy in {"", of}
            for at, by, to, of in self.messages
        )

    def repeats(self, order: Order, since: int) -> int:
        began, _ = self.throttled.get((order.vault, order.strategy), (0, ""))
        return sum(same(one.order, order) and one.at > since for one in self.placed[began:])


def breaches_of_conversion(
    book: Naive, rules: Policy, last: Placed, quote: Quote, now: int
) -> list[str]:
    """Every cap that stands broken just after a conversion was accepted."""
    order, vault = last.order, last.order.vault
    of, account = rules.vaults[vault], rules.account
    middle = (quote.bid + quote.ask) // 2
    buffer = -(-book.nav(vault) * of.stablecoin_buffer // PPM)
    caps: dict[str, tuple[int, int]] = {
        "collar": (
            abs(order.limit_price - middle) * PPM, max(of.orders.collar, 10_000) * middle
        ),
    }  # fmt: skip
    if order.reducing:
        caps["buffer"] = buffer - 1, book.free_stablecoin(vault)
        caps["stablecoin"] = 0, book.free_stablecoin(vault)
    else:
        caps |= {
            "notional": (last.dollars, of.orders.max_notional),
            "dollars": (0, book.free(vault)),
            "adv": (last.dollars * PPM, of.liquidity.max_of_adv * quote.adv),
            "daily loss": (book.start[vault] - book.nav(vault), of.losses.daily),
            "per minute": (
                sum(one.order.vault == vault and one.at > now - MINUTE for one in book.placed),
                of.orders.per_minute,
            ),
            "messages": (book.sent(now - MINUTE), account.messages),
            "open orders": (len(list(book.open(vault))), of.concurrency.open_orders),
            "repeats": (book.repeats(order, now - of.throttle.window), of.throttle.repeats),
        }
    return [name for name, (amount, limit) in caps.items() if amount > limit]


def same(a: Order, b: Order) -> bool:
    """Whether two orders open the same thing."""
    if a.reducing or b.reducing:
        return False
    return (a.vault, a.symbol, a.side, a.strategy) == (b.vault, b.symbol, b.side, b.strategy)


def strike(symbol: str) -> int:
    """Of a put by its OCC symbol; 0 of anything else."""
    return int(symbol[-8:]) * UNIT // 1000 if symbol[-9:-8] == "P" and len(symbol) > 15 else 0


def breaches(book: Naive, rules: Policy, last: Placed, quote: Quote, now: int) -> list[str]:
    """Every cap that stands broken just after an opening order was accepted."""
    order = last.order
    vault, symbol = order.vault, held_as(order.symbol)
    of, account = rules.vaults[vault], rules.account
    nav, deployable = book.nav(vault), book.deployable(vault, of)
    gross, whole = book.gross(vault, symbol), book.whole(vault)
    names = list(book.cash)
    fellows = [name for name in names if rules.vaults[name].persona.name == of.persona.name]
    sectors = of.universe.sectors
    sector = sectors.get(symbol, "unclassified")
    alike = [one for one in book.orders if sectors.get(one, "unclassified") == sector]
    of_class = [one for one in book.orders if book.orders[one].asset_class == order.asset_class]
    share = max((size for edge, size in of.bands if edge <= order.conviction), default=0)
    boost = rules.overlay.boosts.get(vault)
    multiplier = of.persona.multiplier
    if boost is not None and boost.until > now:
        multiplier = max(multiplier, boost.multiplier)
    size = deployable * share // PPM * multiplier // PPM
    flip = rules.overlay.flips.get(vault)
    if order.flip:
        assert flip is not None
        assert flip.until > now
        size = size * min(flip.amplifier, of.envelope.amplifier) // PPM
    cost = last.reserved
    today = now // DAY * DAY
    middle = (quote.bid + quote.ask) // 2
    crypto = quote.instrument.rail == "crypto"
    free, cushion = book.free(vault), max(0, book.free_stablecoin(vault))
    if order.symbol == COIN:
        free, cushion = book.free_stablecoin(vault), 0
    caps: dict[str, tuple[int, int]] = {
        "quantity": (order.quantity, of.orders.max_quantity),
        "notional": (cost, of.orders.max_notional),
        "collar": (abs(order.limit_price - middle) * PPM, of.orders.collar * middle),
        "per symbol": (gross, of.positions.per_symbol),
        "account per symbol": (sum(book.gross(n, symbol) for n in names), account.per_symbol),
        "persona": (sum(book.whole(name) for name in fellows), of.persona.gross),
        "positions": (
            sum(book.stands(vault, one) for one in book.orders), of.concurrency.positions
        ),
        "gross": (whole, of.exposure.gross),
        "capital": (whole, deployable),
        "account gross": (sum(book.whole(name) for name in names), account.gross),
        "net": (book.net([vault]), of.exposure.net),
        "account net": (book.net(names), account.net),
        "ticker": (gross * PPM, of.exposure.per_ticker.at(symbol) * nav),
        "sector": (
            sum(book.gross(vault, one) for one in alike) * PPM,
            of.exposure.per_sector.at(sector) * nav,
        ),
        "class": (
            sum(book.gross(vault, one) for one in of_class) * PPM,
            of.exposure.per_asset_class.at(order.asset_class) * nav,
        ),
        "buying power": (0, free),
        "stablecoin": (
            -(-nav * of.stablecoin_buffer // PPM) if crypto else 0,
            free + cushion if crypto else 0,
        ),
        "daily loss": (book.start[vault] - nav, of.losses.daily),
        "account daily loss": (
            sum(book.start[name] - book.nav(name) for name in names), account.daily_loss
        ),
        "drawdown": ((book.top[vault] - nav) * PPM, of.losses.drawdown * book.top[vault]),
        "streak": (book.streak.get(vault, 0), of.losses.streak),
        "conviction": (gross, size),
        "slice": (
            book.flips(vault) if order.flip else 0,
            deployable * min(flip.slice, of.envelope.slice) // PPM if flip else 0,
        ),
        "adv": (cost * PPM, of.liquidity.max_of_adv * quote.adv),
        "per minute": (
            sum(one.order.vault == vault and one.at > now - MINUTE for one in book.placed),
            of.orders.per_minute,
        ),
        "messages": (book.sent(now - MINUTE), account.messages),
        "messages to the broker": (
            book.sent(now - MINUTE, broker=order.broker),
            account.messages_per_broker.at(order.broker),
        ),
        "messages of the strategy": (
            book.sent(now - MINUTE, strategy=order.strategy),
            account.messages_per_strategy.at(order.strategy),
        ),
        "repeats": (book.repeats(order, now - of.throttle.window), of.throttle.repeats),
        "per fill": (
            book.sent(today - 1, vault=vault),
            of.orders.per_fill
            * (1 + sum(by == vault and at >= today for at, by in book.fills)),
        ),
        "open orders": (len(list(book.open(vault))), of.concurrency.open_orders),
        "account open orders": (len(list(book.open())), account.open_orders),
        "broker open orders": (
            sum(one.order.broker == order.broker for one in book.open()),
            of.concurrency.open_orders_per_broker.at(order.broker),
        ),
    }  # fmt: skip
    found = [name for name, (amount, limit) in caps.items() if amount > limit]
    before = [one.at for one in book.placed if one is not last and same(one.order, order)]
    if before and now - max(before) < of.orders.duplicate_window:
        found.append("duplicate")
    _, nonce = book.throttled.get((vault, order.strategy), (0, ""))
    if nonce and nonce not in rules.released:
        found.append("throttled")
    return found
