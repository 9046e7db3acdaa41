"""Between the rails: which conversions bring a vault's money to where an order needs it. Pure.

Money lies along one line, dollars - stablecoin - coin, and only neighbours are exchanged. So there
is one way between any two, every conversion of a plan goes towards what is needed, and no plan can
go in a circle. Amounts are exact: each conversion is worked out at its limit, with its fee, in
whole lots, and brings at least what it is for.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from vanta.domain.conviction import Side
from vanta.domain.errors import RefusedError
from vanta.domain.exact import PPM, UNIT, notional
from vanta.domain.trading import Quote

USD, USDC = "USD", "USDC"
STABLECOIN = USDC
CRYPTO = "crypto"
"""The rail that has stablecoin."""
CURRENCIES = frozenset({USD, STABLECOIN})
"""What a vault can have money of."""
PEG = f"{STABLECOIN}-{USD}"
"""The market in which dollars and the stablecoin are exchanged."""


def home(symbol: str) -> str:
    """What a coin is held as, whichever of its markets it is traded in: of `BTC-USDC`, `BTC-USD`.

    Of what is not a market in the stablecoin, itself.
    """
    coin, dash, money = symbol.rpartition("-")
    return f"{coin}-{USD}" if dash and money == STABLECOIN else symbol


def away(symbol: str) -> str:
    """The coin's market in the stablecoin: of `BTC-USD`, `BTC-USDC`; empty for what has none."""
    coin, dash, money = symbol.rpartition("-")
    return f"{coin}-{STABLECOIN}" if dash and money == USD and symbol != PEG else ""


def railed(quote: Quote) -> bool:
    """Whether an order at this quote moves stablecoin: for dollars, or for a coin priced in it."""
    instrument = quote.instrument
    return instrument.rail == CRYPTO and (quote.symbol == PEG or instrument.quoted_in == STABLECOIN)


def dollars(amount: int, peg: int) -> int:
    """Stablecoin in dollars at a price, rounded up."""
    return -(-amount * peg // UNIT)


def in_dollars(quote: Quote, peg: int) -> Quote:
    """A coin's market in the stablecoin, as one in dollars; any other as it is.

    Args:
        quote: of any instrument.
        peg: dollars for one of the stablecoin, units.
    """
    if quote.instrument.quoted_in != STABLECOIN:
        return quote
    return msgspec.structs.replace(
        quote,
        symbol=home(quote.symbol),
        bid=quote.bid * peg // UNIT,
        ask=dollars(quote.ask, peg),
        last=dollars(quote.last, peg),
    )


class Market(NamedTuple):
    """Where two neighbours are exchanged; prices in units of `quote` for one `base`."""

    symbol: str
    base: str
    """The one further from dollars."""
    quote: str
    buy_at: int
    """The limit a buy would have."""
    sell_at: int
    """The limit a sell would have."""
    lot: int
    fee: int
    """Greatest fee, ppm of the notional; paid in `quote`."""


class Conversion(NamedTuple):
    """One order of a plan."""

    symbol: str
    side: Side
    quantity: int
    """Of the base, whole lots."""
    limit_price: int
    gives: str
    most: int
    """Most of it that is given, fee included."""
    takes: str
    least: int
    """Least of it that is got, fee taken off."""


class ShortError(RefusedError):
    """There is not enough along the line, whatever is converted."""


def plan(
    purse: Mapping[str, int], wanted: str, amount: int, buffer: int, line: tuple[Market, ...]
) -> tuple[Conversion, ...]:
    """The conversions after which a vault can spend `amount` and still has its buffer.

    Dollars are used before coin. The buffer is never spent, and is made up where it is short.
    Each market is used once at most.

    Args:
        purse: what is free of each currency, units; none is 0.
        wanted: the currency the order is paid in.
        amount: what it costs at most, units.
        buffer: least stablecoin that must be left, units.
        line: the markets from dollars outward; each one's quote is the base of the one before.

    Returns:
        In the order to send them; each waits for the one before. Empty where
        nothing has to be converted.

    Raises:
        ShortError: `SHORT_OF_MONEY`: with how much is missing.
        RefusedError: `RAIL_UNKNOWN`: no market of the line knows the currency.
    """
    names = _names(line)
    if wanted not in names or amount < 0 or buffer < 0:
        raise RefusedError(
            f"{amount} {wanted[:40]} cannot be converted to along {' - '.join(names)}",
            code="RAIL_UNKNOWN",
            place=wanted[:40],
            remedy="give the vault a rail that reaches it",
        )
    needs = [0] * len(names)
    needs[names.index(wanted)] += amount
    if STABLECOIN in names:
        needs[names.index(STABLECOIN)] += buffer
    return _Walk(names, [purse.get(name, 0) for name in names], needs, line).plan()


def _names(line: tuple[Market, ...]) -> list[str]:
    return [*(market.quote for market in line[:1]), *(market.base for market in line)]


class _Walk:
    """What each place of the line has and needs, and what it passes on to its neighbours."""

    def __init__(
        self, names: list[str], has: list[int], needs: list[int], line: tuple[Market, ...]
    ) -> None:
        self.names, self.has, self.needs, self.line = names, has, needs, line

    def plan(self) -> tuple[Conversion, ...]:
        """Meet every need from the dollars' side first, then from the other."""
        made = (*self._outward(), *self._inward())
        for name, has, needs in zip(self.names, self.has, self.needs, strict=True):
            if has < needs:
                raise ShortError(
                    f"{needs - has} units of {name} are missing",
                    code="SHORT_OF_MONEY",
                    place=name,
                    remedy="order less, or put more in",
                )
        return made

    def _outward(self) -> Iterator[Conversion]:
        """Buy at each place what it lacks, and what those beyond it ask of it."""
        lots, asked = [0] * len(self.line), 0
        for at in range(len(self.line) - 1, -1, -1):
            market = self.line[at]
            lacking = self.needs[at + 1] + asked - self.has[at + 1]
            lots[at] = max(0, -(-lacking // market.lot))
            asked = cost(market, lots[at] * market.lot)
        for at, market in enumerate(self.line):
            found = min(lots[at], _affordable(market, self.has[at] - self.needs[at]))
            if found:
                quantity = found * market.lot
                paid = cost(market, quantity)
                self.has[at] -= paid
                self.has[at + 1] += quantity
                yield Conversion(
                    market.symbol, "buy", quantity, market.buy_at,
                    market.quote, paid, market.base, quantity,
                )  # fmt: skip

    def _inward(self) -> Iterator[Conversion]:
        """Sell for each place what it still lacks, and what those before it ask of it."""
        lots, asked = [0] * len(self.line), 0
        for at, market in enumerate(self.line):
            lacking = self.needs[at] + asked - self.has[at]
            lots[at] = _enough(market, lacking) if lacking > 0 else 0
            asked = lots[at] * market.lot
        for at in range(len(self.line) - 1, -1, -1):
            market = self.line[at]
            free = max(0, self.has[at + 1] - self.needs[at + 1])
            found = min(lots[at], free // market.lot)
            if found:
                quantity = found * market.lot
                got = proceeds(market, quantity)
                self.has[at + 1] -= quantity
                self.has[at] += got
                yield Conversion(
                    market.symbol, "sell", quantity, market.sell_at,
                    market.base, quantity, market.quote, got,
                )  # fmt: skip


def cost(market: Market, quantity: int) -> int:
    """Most that buying a quantity takes, fee included; rounded up."""
    worth = notional(market.buy_at, quantity)
    return worth - (-worth * market.fee // PPM)


def proceeds(market: Market, quantity: int) -> int:
    """Least that selling a quantity brings, fee taken off; rounded down."""
    worth = market.sell_at * quantity // UNIT
    return worth + (-worth * market.fee // PPM)


def _affordable(market: Market, money: int) -> int:
    """Most lots whose cost is within the money."""
    low, high = 0, max(0, money) * UNIT // max(1, market.buy_at * market.lot) + 1
    while low < high:
        middle = (low + high + 1) // 2
        if cost(market, middle * market.lot) <= money:
            low = middle
        else:
            high = middle - 1
    return low


def _enough(market: Market, money: int) -> int:
    """Fewest lots that bring the money."""
    low, high = 0, 1
    while proceeds(market, high * market.lot) < money:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        if proceeds(market, middle * market.lot) >= money:
            high = middle
        else:
            low = middle + 1
    return low
