"""The case a decision is about: intent, book, mandate, quote and instant, with what they add up to.

Everything sizing and fences look at is worked out here once. Open, pending and proposed are
always counted together, at the quote's price where there is one.
"""

from vanta.domain.conviction import Side
from vanta.domain.exact import PPM, notional, part_of
from vanta.domain.trading import Intent, Order, Quote
from vanta.executor.book import Book
from vanta.executor.compounding import Gains, deployable_at_first, reinvested
from vanta.executor.edition import APART, EDITION, FIRST, RAILS
from vanta.executor.mandate import Mandate
from vanta.executor.positions import Counted, Line, VaultBook, worth
from vanta.executor.rails import CRYPTO, PEG, dollars, in_dollars, railed
from vanta.executor.reference import reference
from vanta.executor.sums import SymbolTotals

CONVERT = "convert"
"""What conversions of the Executor's own name as their strategy."""

FEE_ALLOWANCE = 2_000
"""What is kept free for the fees of an opening order, ppm of its notional."""

UNSIZED = -1

_NO_VAULT = VaultBook()
_NO_LINE = Line("", "", 1)
_NO_SYMBOL = SymbolTotals()


class Case:
    """One intent against the book and its vault's mandate; money in units, shares in ppm."""

    __slots__ = (
        "account_loss",
        "account_net_down",
        "account_net_up",
        "account_rest",
        "account_symbol_rest",
        "available",
        "beyond",
        "book",
        "boost",
        "broker",
        "buying",
        "class_rest",
        "converting",
        "crypto",
        "cushion",
        "deployable",
        "down",
        "edition",
        "every",
        "exposed",
        "flipped",
        "held_as",
        "intent",
        "line",
        "loss",
        "mandate",
        "multiplier",
        "nav",
        "net_down",
        "net_up",
        "now",
        "paid_in_stablecoin",
        "persona_rest",
        "quote",
        "reached",
        "reference",
        "rest",
        "room",
        "route",
        "sector_rest",
        "sized",
        "terms",
        "up",
        "vault",
        "worth",
    )

    def __init__(
        self,
        intent: Intent,
        book: Book,
        mandate: Mandate,
        quote: Quote | None,
        now: int,
        broker: str,
        edition: int = EDITION,
    ) -> None:
        symbol = intent.symbol
        self.edition = edition
        """Of the fences that are asked."""
        self.intent, self.book, self.mandate, self.now = intent, book, mandate, now
        self.broker = broker
        self.vault = book.vaults.get(intent.vault, _NO_VAULT)
        self.reached = now
        """How far the node's clock has been: a flip or boost that ended stays over."""
        if book.ended:
            self.reached = max(now, book.ended.get(intent.vault, 0))
        self.boost = 0
        """The multiplier that stands in for the persona's while it is boosted, ppm; 0 for none."""
        if mandate.boost_until > self.reached and mandate.boost_multiplier > mandate.multiplier:
            self.boost = mandate.boost_multiplier
        self.route = mandate.route(broker, intent.strategy, intent.asset_class)
        self.buying = intent.side == "buy"
        self.every = False
        """Whether fences report what passed, too, with its numbers."""
        self.room = -1
        """What every cap leaves for this order, once that is worked out; -1 before."""
        self.sized = UNSIZED
        """What sizing came to, where a least order stands in for it."""
        self.converting = self.paid_in_stablecoin = False
        self.cushion = 0
        """Free stablecoin in dollars, where an order in dollars has to leave a buffer of it."""
        if quote is not None and quote.symbol == symbol:
            self.quote: Quote | None = quote
            self.reference = reference(quote)
            """The middle of the market; 0 where there is none."""
            self.multiplier = quote.instrument.multiplier
            self.crypto = quote.instrument.rail == CRYPTO
            if self.crypto and edition >= RAILS and railed(quote):
                priced = in_dollars(quote, book.peg)
                symbol, self.reference = priced.symbol, reference(priced)
                self.converting = symbol == PEG
                self.paid_in_stablecoin = not self.converting
        else:
            self.quote, self.reference, self.multiplier, self.crypto = None, 0, 1, False
        self.held_as = symbol
        """What the position is held as: its own symbol, but for a coin's market in stablecoin."""
        terms = mandate.symbols.get(symbol) or mandate.symbol(symbol)
        self.terms = terms if symbol is intent.symbol else mandate.either(intent.symbol, terms)
        self.line = self.vault.lines.get(symbol, _NO_LINE)
        self._add_up(book.symbols.get(symbol, _NO_SYMBOL))
        if self.crypto or self.vault.purse is not None:
            self._open_purse()

    def _add_up(self, symbol: SymbolTotals) -> None:
        """What the vault and the account stand at, with this symbol at the quote's price."""
        book, vault, mandate, price = self.book, self.vault, self.mandate, self.reference
        account, counted = book.account, self.line.counted
        gross = counted.gross
        self.up = counted.long + counted.buying
        """Exposure to the symbol once all its buys have filled."""
        self.down = counted.short + counted.selling
        """The same once all its sells have."""
        self.rest = vault.gross - gross
        """The vault's exposure to everything else."""
        self.account_rest = account.gross - gross
        self.account_symbol_rest = symbol.gross - gross
        self.class_rest = vault.classes.get(self.intent.asset_class, 0) - gross
        if book.sector_of.get(mandate.vault) is mandate.sectors:
            self.sector_rest = vault.sectors.get(self.terms.sector, 0) - gross
        else:
            self.sector_rest = self._sector() - gross
        published = book.published
        if published is not None and published.policy is mandate.policy:
            self.persona_rest = book.personas.get(mandate.persona, 0) - gross
            """Exposure of all vaults of the persona, but for this vault's to this symbol."""
        else:
            self.persona_rest = self._persona() - gross
        net = vault.long - vault.short
        self.net_up, self.net_down = net + vault.buying, vault.selling - net
        net = account.long - account.short
        self.account_net_up, self.account_net_down = net + account.buying, account.selling - net
        self.flipped = vault.flipped
        """What the flip branch uses."""
        # A short's proceeds are in the cash, and as much again stands behind it.
        self.available = vault.cash - vault.buying - vault.selling - 2 * vault.short
        if book.secured and not mandate.naked_options and self.edition > FIRST:
            self.available -= book.secured.get(mandate.vault, 0)
        """Money of the order's currency that nothing has a claim on, before what fees may take."""
        self.nav = vault.cash + vault.value
        """Net asset value; of a vault that was never funded, 0."""
        account_nav = account.cash + account.value
        new_day = price and self.quote is not None and self.quote.market_time >= book.day_ends
        self.loss = (self.nav if new_day else vault.day_start) - self.nav
        """Lost today, realised and unrealised; negative for a profit."""
        self.account_loss = (account_nav if new_day else account.day_start) - account_nav
        if price and price != symbol.mark:
            self._move(symbol, price)
        if self.edition == FIRST:
            self.deployable = deployable_at_first(self.nav, mandate)
            return
        self.deployable = min(self.nav, mandate.capital)
        """What sizes are a share of: the capital, and the gains that are reinvested."""
        if self.nav > vault.funded:
            carried = vault.gross if new_day else book.carried.get(mandate.vault, 0)
            gains = Gains(self.nav - vault.funded, -self.loss, carried - mandate.capital)
            self.deployable = min(self.nav, mandate.capital + reinvested(gains, mandate))

    def _open_purse(self) -> None:
        """Which of the vault's money the order is paid from, and what of it has a claim on it."""
        book, purse = self.book, self.vault.purse
        if purse is not None:
            self.available += purse.apart - purse.converting
        if not self.crypto or self.edition < RAILS:
            return
        if self.converting and self.reference not in {0, book.peg}:
            self._repeg(self.reference)
        peg = self.reference if self.converting else book.peg
        free = worth(peg, purse.free, 1) if purse is not None else 0
        if self.paid_in_stablecoin:
            self.available = free
        else:
            self.cushion = max(0, free)

    def _repeg(self, peg: int) -> None:
        """Count every vault's stablecoin at a new price, as the book will with this quote."""
        for vault in self.book.vaults.values():
            if vault.purse is None:
                continue
            line = vault.purse.line
            moved = worth(peg, line.quantity, 1) - line.counted.value
            self.account_loss -= moved
            if vault is self.vault:
                self.nav += moved
                self.loss -= moved

    def dollars(self, price: int) -> int:
        """A price in stablecoin in dollars, rounded up."""
        return dollars(price, self.book.peg)

    def _move(self, symbol: SymbolTotals, price: int) -> None:
        """Count the symbol at a new price wherever it is held, as the book will with this quote."""
        own, asked = self.line, self.held_as
        vaults, fellows, mandate = self.book.vaults, self.mandate.fellows, self.mandate
        # A vault that the policy does not have trades as nobody, as does one without a persona.
        known = mandate.policy.vaults if not mandate.persona else None
        moved = shifted = grown = of_persona = 0
        for name in symbol.vaults:
            line = vaults[name].lines[asked]
            if not line.quantity:
                continue
            before = line.counted
            gross, net, value = line.at(price)
            moved += value - before.value
            shifted += net - before.long + before.short
            if line is own:
                self._move_own(before, line.count(price))
                continue
            more = gross - before.gross
            grown += more
            if name in fellows or (known is not None and name not in known):
                of_persona += more
        self.account_loss -= moved
        self.account_net_up += shifted
        self.account_net_down -= shifted
        self.account_rest += grown
        self.account_symbol_rest += grown
        self.persona_rest += of_persona

    def _move_own(self, before: Counted, after: Counted) -> None:
        moved = after.value - before.value
        shifted = after.long - before.long - after.short + before.short
        self.up += after.long - before.long
        self.down += after.short - before.short
        self.net_up += shifted
        self.net_down -= shifted
        self.nav += moved
        self.loss -= moved
        self.available -= 2 * (after.short - before.short)
        self.flipped += after.flipped - before.flipped

    def _sector(self) -> int:
        """The vault's exposure to the symbol's sector, as this mandate draws sectors.

        For the question "what if": the book sums sectors as the policy it last adopted does.
        """
        mandate, sector = self.mandate, self.terms.sector
        return sum(
            line.counted.gross
            for symbol, line in self.vault.lines.items()
            if mandate.symbol(symbol).sector == sector
        )

    def _persona(self) -> int:
        """Exposure of every vault that this mandate's policy has trade as its persona."""
        return sum(vault.gross for name, vault in self.book.vaults.items() if self._fellow(name))

    def _fellow(self, name: str) -> bool:
        mandate = self.mandate
        # A vault that the policy does not have trades as nobody, as does one without a persona.
        return name in mandate.fellows or (
            not mandate.persona and name not in mandate.policy.vaults
        )

    def left(self, side: Side, broker: str) -> int:
        """Quantity of the position that an order on this side may still take off there."""
        line = self.line
        if (line.quantity > 0) != (side == "sell"):
            return 0
        return line.available if self.edition < APART else line.available_at(broker)

    def opposed(self) -> str:
        """Another broker where the vault has the other side of this, or may come to; else empty.

        The two would be as good as nothing to it, and nobody could close either. Coins are not sold
        short: where there are less than none, fees took them.
        """
        if self.crypto:
            return ""
        line, buying = self.line, self.buying
        for name, quantity in line.lying.items():
            if name != self.broker and (quantity > 0) != buying:
                return name
        waiting = line.selling if buying else line.buying
        if waiting and any(name != self.broker for name in self.book.brokers):
            for opened in self.book.open.values():
                order = opened.order
                if (
                    order.broker != self.broker
                    and order.vault == self.mandate.vault
                    and order.symbol == self.held_as
                    and (order.side == "buy") != buying
                    and not order.reducing
                ):
                    return order.broker
        return ""

    def banded(self, conviction: int) -> int:
        """The largest position a conviction is worth before the persona scales it."""
        deployable = self.deployable
        return deployable * self.mandate.share(conviction) // PPM if deployable > 0 else 0

    def scaled(self, banded: int, *, flip: bool) -> int:
        """A banded size as the persona takes it, boosted or not, and the flip branch if open."""
        mandate = self.mandate
        scaled = banded * (self.boost or mandate.multiplier) // PPM
        if flip:
            return scaled * min(mandate.flip_amplifier, mandate.envelope_amplifier) // PPM
        return scaled

    @property
    def slice(self) -> int:
        """What the flip branch may use altogether."""
        mandate = self.mandate
        share = min(mandate.flip_slice, mandate.envelope_slice)
        return part_of(max(0, self.deployable), share)

    def leave(self, greatest: int, *, flip: bool) -> int:
        """Work out `room`: what is left for one more order by every cap on amounts.

        Args:
            greatest: the largest position the conviction is worth.
            flip: whether the flip branch's slice bounds it too.

        Returns:
            Notional units. An order up to it breaches none of these caps; negative where one is
            passed already.
        """
        mandate, terms, nav, quote = self.mandate, self.terms, self.nav, self.quote
        if quote is None or nav <= 0:
            return -1
        if self.buying:
            own, other, net, net_other = self.up, self.down, self.net_up, self.net_down
            account_net, account_net_other = self.account_net_up, self.account_net_down
        else:
            own, other, net, net_other = self.down, self.up, self.net_down, self.net_up
            account_net, account_net_other = self.account_net_down, self.account_net_up
        alone = min(
            greatest,
            mandate.per_symbol,
            mandate.account_per_symbol - self.account_symbol_rest,
            nav * terms.per_ticker // PPM,
            nav * terms.per_sector // PPM - self.sector_rest,
            nav * self.route.per_asset_class // PPM - self.class_rest,
            mandate.gross - self.rest,
            self.deployable - self.rest,
            mandate.account_gross - self.account_rest,
        )
        if self.edition > FIRST:
            alone = min(alone, mandate.persona_gross - self.persona_rest)
        if other > alone or net_other > mandate.net or account_net_other > mandate.account_net:
            return -1
        free = self.available
        if self.crypto:
            free = min(free, free + self.cushion - part_of(nav, mandate.stablecoin_buffer))
        room = min(
            alone - own,
            mandate.max_notional,
            mandate.net - net,
            mandate.account_net - account_net,
            free * PPM // (PPM + FEE_ALLOWANCE),
            quote.adv * mandate.max_of_adv // PPM,
        )
        self.room = min(room, self.slice - self.flipped) if flip else room
        return self.room

    def weigh(self, order: Order) -> None:
        """Count `order` as proposed.

        Sets `worth`, its notional at its limit or the reference, whichever is higher; `exposed`,
        the vault's exposure to the symbol with it; and `beyond`, whether it could breach a cap
        on amounts.
        """
        if (
            order.broker is not self.broker
            or order.strategy is not self.intent.strategy
            or order.asset_class is not self.intent.asset_class
        ):
            self.route = self.mandate.route(order.broker, order.strategy, order.asset_class)
        limit = order.limit_price
        price = self.dollars(limit) if self.paid_in_stablecoin else limit
        price = max(price, self.reference)
        amount = self.worth = notional(price, order.quantity, order.multiplier)
        up, down = self.up, self.down
        if order.side == "buy":
            up += amount
        else:
            down += amount
        self.exposed = max(down, up)
        self.beyond = self.every or amount > self.room
