"""The book: positions, open orders, reserved exposure and net asset value.

The book is nothing but `trade_log.jsonl`, folded: `apply` takes one event and has no other input,
so the same journal always makes the same book.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Container
from typing import Any, ClassVar

import msgspec

from vanta.domain.encoding import decode
from vanta.domain.errors import MalformedError
from vanta.domain.exact import UNIT, notional
from vanta.domain.policy import PersonaTerms, Published
from vanta.domain.trading import Fill, HeldPosition, Intent, Order, OrderState, Quote
from vanta.executor import events
from vanta.executor.edition import APART, FIRST, LOTS, RAILS
from vanta.executor.holdings import Holdings, carry_on
from vanta.executor.located import locate
from vanta.executor.positions import OpenOrder, Totals, VaultBook, proceeds, trade
from vanta.executor.purses import Converting, Purses
from vanta.executor.rails import PEG, home, in_dollars, railed
from vanta.executor.reference import reference
from vanta.executor.remembered import forget
from vanta.executor.sums import SymbolTotals, Venue
from vanta.executor.tallies import REPEATED, THROTTLED, UNKNOWN, Tallies

COIN = "crypto"
"""The asset class of which a broker may keep a part."""

CLOSED_KEPT = 4096
"""Closed orders that are remembered, for fills that come after the end."""


class BookState(msgspec.Struct, forbid_unknown_fields=True):
    """All of a book, as it stands in a snapshot; lists are in the book's own order."""

    published: Published | None
    vaults: list[tuple[str, VaultBook]]
    account: Totals
    symbols: dict[str, SymbolTotals]
    brokers: dict[str, int]
    open: list[OpenOrder]
    closed: list[OpenOrder]
    decided: list[tuple[str, int]]
    accepted: dict[str, list[int]]
    day_ends: int
    venues: dict[str, Venue]
    holdings: Holdings = {}
    wanted: list[Intent] = []
    ended: dict[str, int] = {}
    carried: dict[str, int] = {}
    tallies: Tallies = msgspec.field(default_factory=Tallies)
    former: dict[str, PersonaTerms] = {}
    peg: int = UNIT
    pegged: int = 0
    conversions: dict[str, Converting] = {}


class Book(Purses):
    """The fold. Read freely; change only by `apply`."""

    def __init__(self) -> None:
        super().__init__()
        self.published: Published | None = None
        """The policy in force, with its provenance."""
        self.open: dict[str, OpenOrder] = {}
        """By client order id, oldest first."""
        # Ordered: in a plain dictionary the first is searched for past all that were taken away.
        self.closed = OrderedDict[str, OpenOrder]()
        self.decided = OrderedDict[str, int]()
        """Intents that were decided, to when they expire; `remembered` says for how long."""
        self.wanted: dict[str, Intent] = {}
        """Ways out of the Executor's own without a decision, oldest first."""
        self.ended: dict[str, int] = {}
        """By vault: the latest end of a flip or boost that the node's clock is known to have
        reached, wherever it is set afterwards."""
        self.tallies = Tallies()
        self.former: dict[str, PersonaTerms] = {}
        """Of vaults the policy no longer has: the terms they had last. What they hold is got out of
        by these, for nobody else looks after it."""

    def apply(self, event: events.Event) -> None:
        """Take one event in.

        Raises:
            MalformedError: `BOOK_EVENT`: an event that cannot follow what came before.
        """
        fold = self._FOLDS.get(type(event))
        if fold is None:
            raise MalformedError(f"{event.type} does not change the book", code="BOOK_EVENT")
        fold(self, event)

    def _fund(self, event: events.VaultFunded) -> None:
        vault = self._vault(event.vault)
        for sums in (vault, self.account):
            sums.cash += event.cash
            sums.day_start += event.cash
        vault.funded += event.cash
        vault.high_water += event.cash

    def _adopt(self, event: events.PolicyAdopted) -> None:
        before, now = self.published, event.published
        if before is not None and event.at:
            self.tallies.supersede(before.provenance.commit, now.provenance.commit, event.at)
        for name, vault in before.policy.vaults.items() if before is not None else ():
            if name in self.vaults:
                self.former[name] = vault.persona
        for name in now.policy.vaults.keys() & self.former.keys():
            del self.former[name]
        self._take_policy(now)

    def _take_policy(self, published: Published) -> None:
        self.published = published
        for name, policy in published.policy.vaults.items():
            self.sector_of[name] = policy.universe.sectors
            self._resector(name)
        self._repersona({name: one.persona.name for name, one in published.policy.vaults.items()})

    def _end_branch(self, event: events.BranchEnded) -> None:
        self.ended[event.vault] = max(event.until, self.ended.get(event.vault, 0))

    def _want_out(self, event: events.ExitWanted) -> None:
        intent = event.intent
        held = self.holdings.get(intent.vault, {})
        holding = held.get(intent.symbol) or held.get(home(intent.symbol))
        if holding is None:
            raise MalformedError(
                "a way out of what is not held", code="BOOK_EVENT", place=intent.id
            )
        self._mark(event.quote)
        self.wanted[intent.id] = intent
        holding.asked, holding.tries = event.now, holding.tries + 1

    def _want_conversion(self, event: events.ConversionWanted) -> None:
        intent = event.intent
        self.wanted[intent.id] = intent
        self._wait_for(intent, event.serves, event.quantity, event.now)

    def _decide(self, event: events.DecisionMade) -> None:
        intent, order, quote = event.intent, event.decision.order, event.quote
        forget(self.decided, event.now)
        self.decided[intent.id] = intent.expires
        self.wanted.pop(intent.id, None)
        if event.edition > FIRST:
            self._tally(event)
        if self.conversions:
            self._settle(intent, accepted=order is not None)
        if quote is None:
            return
        self._mark(quote)
        if order is None:
            return
        opened = OpenOrder(
            order=order,
            decision_id=event.decision.id,
            dag_id=intent.dag_id,
            price=max(order.limit_price, reference(quote)),
            market_time=intent.market_time,
            expires=intent.expires,
            paid=0 if event.edition > FIRST else -1,
        )
        self.open[order.client_order_id] = opened
        self._rest(order)
        self._count(order, 1)
        if event.edition >= RAILS and railed(quote):
            line = self._take_up(opened, quote)
            if line is None:
                self._accept(order.vault, event.now)
                return
        else:
            line = self._line(order, quote)
        if event.edition >= LOTS:
            line.lot = quote.instrument.lot
        if event.edition >= APART:
            line.lots[order.broker] = quote.instrument.lot
        self._reserve(line, opened, opened.reserved, order.quantity)
        self._accept(order.vault, event.now)
        if not order.reducing:
            self.vaults[order.vault].recent[content(order)] = event.now
        self._restate(order.vault, line)

    def _tally(self, event: events.DecisionMade) -> None:
        intent, order = event.intent, event.decision.order
        if order is not None:
            self.tallies.order(order, event.now)
            return
        denied = {finding.code for finding in event.decision.findings if not finding.passed}
        # A vault that is not there allows nothing at all, and of nothing the first is too many.
        absent = event.edition >= APART and UNKNOWN in denied
        # One that is shut off already keeps the nonce that a quorum has been told.
        if REPEATED in denied and THROTTLED not in denied and not absent:
            self.tallies.shut_off(intent.vault, intent.strategy, intent.id)

    def _message(self, event: events.MessageSent) -> None:
        self.tallies.message(event.vault, event.broker, event.strategy, event.at)

    def _go_past(self, event: events.CommitsPassed) -> None:
        self.tallies.go_past(event.commits)

    def _prepare(self, event: events.OrderPrepared) -> None:
        self._order(event.order.client_order_id).prepared = True

    def _acknowledge(self, event: events.OrderAcknowledged) -> None:
        opened = self._order(event.client_order_id)
        opened.broker_order_id, opened.reason = event.broker_order_id, ""
        opened.state = OrderState.PARTIALLY_FILLED if opened.filled else OrderState.ACKNOWLEDGED

    def _lose_sight(self, event: events.OrderUnknown) -> None:
        opened = self._order(event.client_order_id)
        opened.state, opened.reason = OrderState.UNKNOWN, event.reason

    def _fill(self, event: events.OrderFilled) -> None:
        fill = event.fill
        opened = self.open.get(fill.client_order_id) or self.closed.get(fill.client_order_id)
        if opened is None:
            raise MalformedError(
                "a fill of an order that is not in the book", code="BOOK_EVENT", place=fill.id
            )
        if fill.id in opened.fills:
            return
        order = opened.order
        if not opened.filled:
            self.tallies.fill(order.vault, fill.ts)
        if opened.quoted:
            self._fill_railed(opened, fill)
        else:
            self._fill_line(opened, fill)
        if not opened.state.terminal and opened.remaining == 0:
            self._close(opened, OrderState.FILLED, "")

    def _fill_line(self, opened: OpenOrder, fill: Fill) -> None:
        """One execution of an order in dollars."""
        order, vault = opened.order, self.vaults[opened.order.vault]
        line = vault.lines[order.symbol]
        reserved, remaining = opened.reserved, opened.remaining
        opened.take(fill)
        if not opened.state.terminal:
            self._reserve(line, opened, opened.reserved - reserved, opened.remaining - remaining)
        quantity = fill.quantity if fill.side == "buy" else -fill.quantity
        # What was kept never counts as held: it cost what the fee says, and no money.
        moved = quantity - fill.kept_units
        standing = line.standing
        gain = trade(line, moved, fill.price)
        line.lie(order.broker, moved)
        change = standing, line.standing, fill.price
        carry_on(self.holdings, order, opened.dag_id, opened.market_time, change)
        line.flip = min(line.flip + (abs(moved) if order.flip else 0), abs(line.quantity))
        line.fees += fill.fee
        vault.fees += fill.fee
        vault.realised += gain
        opened.realised += gain - fill.fee
        cash = proceeds(fill.side, fill.price, fill.quantity, order.multiplier) - fill.taken
        vault.cash += cash
        self.account.cash += cash
        venue = self._venue(order.broker)
        venue.fill(order.symbol, quantity, cash, fill)
        if line.lot:
            amount = notional(fill.price, fill.quantity, order.multiplier)
            if venue.trade(fill.ts, order.vault, amount):
                # What was kept of yesterday's purchases has shown by now.
                venue.bought.clear()
            if order.asset_class == COIN and fill.side == "buy" and not (fill.kept or fill.fee):
                bought = venue.bought.get(order.symbol, 0) + fill.quantity
                venue.bought[order.symbol] = bought
        self._price(order.symbol, self.symbols[order.symbol], fill.price)
        self._restate(order.vault, line)

    def _reject(self, event: events.OrderRejected) -> None:
        self._close(self._order(event.client_order_id), OrderState.REJECTED, event.code)

    def _cancel(self, event: events.OrderCancelled) -> None:
        self._close(self._order(event.client_order_id), OrderState.CANCELLED, event.reason)

    def _withhold(self, event: events.OrderWithheld) -> None:
        reason = " ".join(event.codes)
        self._close(self._order(event.client_order_id), OrderState.WITHHELD, reason)

    def _take_marks(self, event: events.BookMarked) -> None:
        for quote in event.quotes:
            self._mark(quote)

    def _reconcile(self, event: events.BookReconciled) -> None:
        self._venue(event.broker).watermark = event.watermark

    def _clear(self, event: events.BookCleared) -> None:
        """Every order it is about was ended by an event of its own."""

    def _close(self, opened: OpenOrder, state: OrderState, reason: str) -> None:
        """End an order: what it still reserves is free, and its exit counts in the streak."""
        order = opened.order
        vault = self.vaults[order.vault]
        if opened.quoted:
            self._release(opened, state)
        else:
            line = vault.lines[order.symbol]
            self._reserve(line, opened, -opened.reserved, -opened.remaining)
            opened.state = state
            self._restate(order.vault, line)
        opened.reason = reason
        del self.open[order.client_order_id]
        self._unrest(order)
        self.closed[order.client_order_id] = opened
        while len(self.closed) > CLOSED_KEPT:
            self.closed.popitem(last=False)
        self._count(order, -1)
        if order.reducing and opened.realised and not (opened.quoted and order.symbol == PEG):
            vault.streak = vault.streak + 1 if opened.realised < 0 else 0

    def _order(self, client_order_id: str) -> OpenOrder:
        opened = self.open.get(client_order_id)
        if opened is None:
            raise MalformedError(
                "not an open order of the book", code="BOOK_EVENT", place=client_order_id
            )
        return opened

    _FOLDS: ClassVar[dict[type[events.Event], Callable[["Book", Any], None]]] = {
        events.VaultFunded: _fund,
        events.PolicyAdopted: _adopt,
        events.CommitsPassed: _go_past,
        events.BranchEnded: _end_branch,
        events.ExitWanted: _want_out,
        events.ConversionWanted: _want_conversion,
        events.DecisionMade: _decide,
        events.OrderPrepared: _prepare,
        events.MessageSent: _message,
        events.OrderAcknowledged: _acknowledge,
        events.OrderUnknown: _lose_sight,
        events.OrderFilled: _fill,
        events.OrderRejected: _reject,
        events.OrderCancelled: _cancel,
        events.OrderWithheld: _withhold,
        **Purses.MOVES,
        events.BookMarked: _take_marks,
        events.BookReconciled: _reconcile,
        events.BookCleared: _clear,
    }

    def held(self, market_time: int) -> list[str]:
        """Symbols that some vault holds and whose mark is older than a market's time."""
        money = [PEG] if self.pegged < market_time and self.stablecoin() else []
        return money + [
            name
            for name, symbol in self.symbols.items()
            if symbol.marked < market_time
            # Two vaults can hold as much of it on either side, and each has its own loss.
            and any(self.vaults[vault].lines[name].standing for vault in symbol.vaults)
        ]

    def holding(self, symbol: str) -> list[str]:
        """Brokers where a position in a symbol can be closed; what fees left over cannot."""
        symbol = symbol if symbol in self.symbols else home(symbol)
        totals = self.symbols.get(symbol)
        lines = [self.vaults[vault].lines[symbol] for vault in totals.vaults] if totals else []
        return [
            name
            for name, venue in self.venues.items()
            if symbol in venue.held
            and abs(venue.held[symbol]) >= max((line.lot_at(name) for line in lines), default=0)
        ]

    def ways_out(self, vault: str, symbol: str) -> list[str]:
        """Brokers where a lot at least is left to close of a vault's position."""
        lines = self.vaults[vault].lines if vault in self.vaults else {}
        line = lines.get(symbol) or lines.get(home(symbol))
        if line is None:
            return []
        return [name for name in line.lying if line.available_at(name) >= max(1, line.lot_at(name))]

    def latest(self) -> int:
        """The furthest the market's time has come; 0 before there is a price."""
        marked = max((symbol.marked for symbol in self.symbols.values()), default=0)
        return max(marked, self.pegged)

    def moves(self, quote: Quote) -> bool:
        """Whether a quote would change what its symbol counts at."""
        if quote.symbol == PEG:
            return quote.market_time >= self.pegged and self.peg != reference(quote) != 0
        quote = in_dollars(quote, self.peg)
        symbol = self.symbols.get(quote.symbol)
        newer = symbol is not None and quote.market_time >= symbol.marked
        return symbol is not None and newer and symbol.mark != reference(quote) != 0

    def knows_order(self, client_order_id: str) -> bool:
        """Whether an order is open, or closed and still remembered."""
        return client_order_id in self.open or client_order_id in self.closed

    def orphans(self, vaults: Container[str]) -> dict[str, int]:
        """Vaults beyond these that hold something, and how many positions."""
        return {
            name: len(held) for name, held in self.holdings.items() if held and name not in vaults
        }

    def knows_fill(self, client_order_id: str, fill_id: str) -> bool:
        """Whether a fill is in the book already."""
        opened = self.open.get(client_order_id) or self.closed.get(client_order_id)
        return opened is not None and fill_id in opened.fills

    def knows_policy(self, commit: str) -> bool:
        """Whether a governance commit is in force here, was, or was judged since."""
        published = self.published
        in_force = published is not None and published.provenance.commit == commit
        tallies = self.tallies
        return in_force or commit in tallies.superseded or commit in tallies.passed

    def positions(self) -> list[HeldPosition]:
        """What every vault holds or has traded, by vault and symbol."""
        return [
            HeldPosition(name, symbol, line.quantity, line.cost, line.realised, line.fees)
            for name, vault in sorted(self.vaults.items())
            for symbol, line in sorted(vault.lines.items())
            if line.quantity or line.realised or line.fees
        ]

    def state(self) -> BookState:
        """All of it; encode it before the next `apply`, for it shares what it holds."""
        return BookState(
            published=self.published,
            vaults=list(self.vaults.items()),
            account=self.account,
            symbols=self.symbols,
            brokers=self.brokers,
            open=list(self.open.values()),
            closed=list(self.closed.values()),
            decided=list(self.decided.items()),
            accepted={name: list(times) for name, times in self.accepted.items()},
            day_ends=self.day_ends,
            venues=self.venues,
            holdings=self.holdings,
            wanted=list(self.wanted.values()),
            ended=self.ended,
            carried=self.carried,
            tallies=self.tallies,
            former=self.former,
            peg=self.peg,
            pegged=self.pegged,
            conversions=self.conversions,
        )

    @classmethod
    def from_state(cls, data: bytes) -> "Book":
        """The book whose encoded state this is; `null` is the empty one.

        Raises:
            MalformedError: not a state.
        """
        book = cls()
        if data == b"null":
            return book
        state = decode(BookState, data, place="the book's snapshot")
        book.vaults, book.account = dict(state.vaults), state.account
        book.symbols, book.brokers = state.symbols, state.brokers
        book.open = {opened.order.client_order_id: opened for opened in state.open}
        book.closed.update((opened.order.client_order_id, opened) for opened in state.closed)
        book.decided.update(state.decided)
        book.accepted = {name: deque(times) for name, times in state.accepted.items()}
        book.day_ends, book.venues = state.day_ends, state.venues
        book.holdings, book.ended = state.holdings, state.ended
        book.carried, book.tallies = state.carried, state.tallies
        book.former = state.former
        book.wanted = {intent.id: intent for intent in state.wanted}
        book.peg, book.pegged, book.conversions = state.peg, state.pegged, state.conversions
        for opened in state.open:
            book._rest(opened.order)
        for name, vault in book.vaults.items():
            for line in vault.lines.values():
                book._secure(name, line)
        locate(book.vaults, book.venues, [(book.line_of(one), one) for one in state.open])
        if state.published is not None:
            book._take_policy(state.published)
        return book


def content(order: Order) -> str:
    """What makes two opening orders the same request, whatever their ids, sizes and prices."""
    return f"{order.symbol} {order.side} {order.strategy}"
