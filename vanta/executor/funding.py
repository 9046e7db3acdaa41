"""Seeing to it that money lies where an order needs it: what waits for a conversion, and sweeps.

What is converted, and when, is worked out by `converting`; here its quotes are asked for and its
wishes are stated. An intent that waits is not decided; it is looked at again when the conversion of
its vault is over, or when it expires.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from vanta.domain.instant import SECOND
from vanta.domain.trading import Intent, Quote
from vanta.executor.brokers.port import BrokerAwayError
from vanta.executor.converting import RETRY, lacking, reaches, short_of_buffer, sweep
from vanta.executor.desk import Desk, choose
from vanta.executor.events import ConversionWanted
from vanta.executor.gate import Gate
from vanta.executor.log import TradeLog
from vanta.executor.mandate import Mandates
from vanta.executor.rails import CRYPTO, PEG, STABLECOIN
from vanta.executor.stops import Seen

LOOK_EVERY = SECOND
"""Time between two looks at the buffers."""

Quotes = dict[tuple[str, str, int], Quote | None]
"""By broker, symbol and the market's time."""

Asking = Callable[[Desk, str, int], Quote | None]
"""A broker's quote of a symbol at the market's time; raises `BrokerAwayError`."""


class Funding:
    """What one node converts.

    Args:
        log: the trade log and its book.
        gate: a halt of it wants nothing.
        desks: every broker of the node.
        clock: UTC nanoseconds.
        ask: for a quote.
    """

    def __init__(
        self,
        log: TradeLog,
        gate: Gate,
        desks: Sequence[Desk],
        clock: Callable[[], int],
        ask: Asking,
    ) -> None:
        self._log, self._gate, self._desks = log, gate, desks
        self._clock, self._ask = clock, ask
        self._waiting: dict[str, int] = {}
        """By intent that lacks money: the conversion of its vault it waits for."""
        self._looked = 0
        self._swept: dict[str, int] = {}
        """By vault whose buffer was short: when its stablecoin was last priced."""

    def waits(self, intent: Intent) -> bool:
        """Whether an intent need not be looked at: what it waits for is not over."""
        pending = self._log.book.converting(intent.vault)
        if pending is None or intent.expires <= self._clock():
            return False
        return intent.id == pending.serves or self._waiting.get(intent.id) == pending.serial

    def pegs(
        self, waiting: Iterable[tuple[Intent, Desk]], quotes: Quotes, mandates: Mandates
    ) -> dict[str, Seen]:
        """By intent that may lack money: dollars for one of the stablecoin, where it is converted.

        A broker that is away is left out, and so is one that exchanges none.
        """
        found: dict[str, Seen] = {}
        asked: dict[tuple[str, int], Quote | None] = {}
        for intent, to in waiting:
            quote = quotes.get((to.broker.name, intent.symbol, intent.market_time))
            if quote is None or not self._may_lack(intent, quote, mandates):
                continue
            buying = quote.instrument.quoted_in == STABLECOIN
            desk = self._desk(intent, mandates, buying=buying)
            market = (desk.broker.name, intent.market_time)
            if market not in asked:
                asked[market] = self._peg(desk, intent.market_time)
            peg = asked[market]
            if peg is not None:
                found[intent.id] = Seen(desk.broker.name, peg)
        return found

    def _may_lack(self, intent: Intent, quote: Quote, mandates: Mandates) -> bool:
        vault = self._log.book.vaults.get(intent.vault)
        if quote.instrument.quoted_in != STABLECOIN and (vault is None or vault.purse is None):
            return False
        own = intent.reducing or not intent.conviction_id
        return not own and reaches(mandates.of(intent.vault))

    def _desk(self, intent: Intent, mandates: Mandates, *, buying: bool) -> Desk:
        """Where the stablecoin would be converted: like any order in it."""
        conversion = msgspec.structs.replace(
            intent, symbol=PEG, asset_class=CRYPTO, reducing=not buying
        )
        holding = self._log.book.holding(PEG)
        return choose(conversion, mandates.of(intent.vault), self._desks, holding)

    def _peg(self, desk: Desk, market_time: int) -> Quote | None:
        if not desk.taking:
            return None
        try:
            return self._ask(desk, PEG, market_time)
        except BrokerAwayError as error:
            desk.away(error)
            return None

    def first(
        self, intent: Intent, broker: str, quote: Quote | None, peg: Seen | None, mandates: Mandates
    ) -> bool:
        """Whether an intent waits for a conversion, which is wanted unless its vault has one."""
        self._waiting.pop(intent.id, None)
        if peg is None or quote is None or self._gate.halted():
            return False
        book, market = self._log.book, Seen(broker, quote)
        wanted = lacking(intent, book, mandates, market, peg, self._clock())
        if wanted is None:
            return False
        if book.converting(intent.vault) is None:
            self._want(wanted)
        pending = book.converting(intent.vault)
        if pending is not None:
            self._waiting[intent.id] = pending.serial
        return True

    def sweep(self, mandates: Mandates) -> int:
        """Want what makes up buffers that have run short; how many conversions."""
        now, book = self._clock(), self._log.book
        market_time = book.latest()
        if 0 <= now - self._looked < LOOK_EVERY or not market_time or self._gate.halted():
            return 0
        self._looked = now
        wanted = 0
        for name in list(short_of_buffer(book, mandates, now)):
            if 0 <= now - self._swept.get(name, 0) < RETRY:
                continue
            # Vendors count what they are asked: nor again where nothing could be wanted.
            self._swept[name] = now
            mandate = mandates.of(name)
            allowed = (one for one in self._desks if one.broker.name in mandate.brokers)
            desk = next(filter(_converts, allowed), None)
            peg = self._peg(desk, market_time) if desk is not None else None
            if desk is None or peg is None:
                continue
            event = sweep(name, book, mandates, Seen(desk.broker.name, peg), self._clock())
            if event is not None:
                self._want(event)
                wanted += 1
        self._log.commit()
        return wanted

    def _want(self, event: ConversionWanted) -> None:
        self._log.state(event, dag_id=event.intent.dag_id)


def _converts(desk: Desk) -> bool:
    trades = desk.broker.trades
    return not trades or CRYPTO in trades
