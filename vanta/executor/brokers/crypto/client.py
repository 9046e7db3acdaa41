"""The Executor's side of a crypto exchange: the port, over a venue.

Nothing is ever sent to an exchange twice: what it makes of a second order under one client id was
not tried. An order it does not show is absent only once it would have to be there.
"""

import time
from collections.abc import Callable

from vanta.domain.errors import RefusedError
from vanta.domain.instant import DAY, MINUTE, SECOND
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.crypto.executions import ExecutionsReader
from vanta.executor.brokers.crypto.venue import STRANGE, Venue, VenueOrder
from vanta.executor.brokers.port import (
    Absent,
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Executions,
    Rejected,
    Statement,
    Unknown,
)
from vanta.executor.brokers.rest.exact import unreadable
from vanta.executor.brokers.rest.inflight import InFlight
from vanta.executor.brokers.rest.pace import Pace
from vanta.executor.brokers.rest.throttle import NoTurnError, Urgency

POLL_EVERY = 2 * SECOND
SEARCHED = 7 * DAY
"""How far back an order is searched for that is cancelled by its client id alone."""


class CryptoBroker:
    """One account at one exchange; one thread at a time.

    Args:
        venue: the exchange.
        clock: UTC nanoseconds.
        name: as vaults name it.
        poll_every: nanoseconds between two readings of executions, where nothing says otherwise.
        monotonic: nanoseconds that nobody sets.
    """

    trades = frozenset({"crypto"})
    resubmits = False

    def __init__(
        self,
        venue: Venue,
        clock: Callable[[], int],
        *,
        name: str,
        poll_every: int = POLL_EVERY,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name, self.session = name, venue.session
        self._venue, self._clock = venue, clock
        self._executions = ExecutionsReader(venue, name)
        self._inflight = InFlight(monotonic)
        self._pace = Pace(poll_every, monotonic)
        self._absent: set[str] = set()
        """Client ids that were proven absent."""

    @property
    def trouble(self) -> str:
        """Code of what keeps new orders in; empty when nothing does."""
        return self.session.trouble

    def close(self) -> None:
        """Hang up."""
        self.session.close()

    def submit(
        self,
        order: Order,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Acknowledged | Rejected | Unknown:
        try:
            instrument = self._venue.instrument(order.symbol)
            written = None if instrument is None else self._venue.write(order, instrument)
        except (NoTurnError, RefusedError) as error:
            return Rejected(error.code, error.message)
        except BrokerAwayError as error:
            if error.code == STRANGE:
                return Rejected(error.code, error.message)
            return Unknown(error.message)
        if written is None:
            why = "no such market" if instrument is None else "not to be written to the last digit"
            return Rejected("NO_MARKET" if instrument is None else "UNWRITTEN", why)
        self._inflight.sent(order.client_order_id)
        self._absent.discard(order.client_order_id)
        try:
            answer = self._venue.placed(order, self._venue.send(written, Urgency.ORDER))
        except NoTurnError as error:
            # The one failure that is certain: it never left.
            return Rejected(error.code, error.message)
        except BrokerAwayError as error:
            return Unknown(error.message)
        if isinstance(answer, Acknowledged):
            self._executions.watch(answer.broker_order_id, order.client_order_id)
        self._pace.hurry()
        return answer

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        self._pace.hurry()
        try:
            found = self._find(client_order_id, self._clock() - SEARCHED, Urgency.CANCEL)
            if found is None:
                if client_order_id in self._absent:
                    return OrderState.CANCELLED
                return Unknown("not to be found, and not proven absent")
            if not found.state.terminal:
                self._venue.ask_to_cancel(found)
                found = self._venue.order(found.id, Urgency.CANCEL) or found
            if found.state is OrderState.CANCELLED and not self._executions.told_all_of(found):
                return Unknown("its executions are not all told yet")
        except (BrokerAwayError, RefusedError) as error:
            return Unknown(error.message)
        return found.state if found.state.terminal else Unknown("its cancellation is asked for")

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(order.seen() for order in self._venue.open_orders())

    def hint(self) -> None:
        """Something may have happened: the next reading may not wait."""
        self._pace.hurry()

    def executions_since(self, watermark: int) -> Executions:
        return self._pace.read(watermark, self._executions.since)

    def statement(self, watermark: int) -> Statement:
        """What the comparison reads."""
        alive, fills, reached = self._executions.statement(watermark, self._clock())
        orders = tuple(order.seen() for order in alive)
        return Statement(orders, Executions(tuple(fills), (), reached))

    def order_status(
        self, client_order_id: str, market_time: int
    ) -> BrokerOrder | Absent | Unknown:
        if not self._pace.asks(client_order_id):
            return Unknown("asked a moment ago")
        try:
            found = self._find(client_order_id, market_time - 10 * MINUTE, Urgency.READ)
        except (BrokerAwayError, RefusedError) as error:
            return Unknown(error.message)
        if found is not None:
            self._executions.watch(found.id, client_order_id)
            return found.seen()
        if not self._inflight.landed(client_order_id):
            return Unknown("it may still be on its way")
        if self._clock() - market_time > self._venue.remembers:
            return Unknown("older than what the broker lists of orders that are over")
        self._absent.add(client_order_id)
        return Absent()

    def _find(self, client_order_id: str, since: int, urgency: Urgency) -> VenueOrder | None:
        known = self._executions.id_of(client_order_id)
        if known is not None:
            found = self._venue.order(known, urgency)
            if found is None:
                # It was acknowledged, or seen: that it is not shown proves nothing.
                raise unreadable("an order that was taken is not shown", self._venue.place)
            return found
        return self._venue.find(client_order_id, max(0, since), urgency)

    def positions(self) -> dict[str, int]:
        self._pace.hurry()
        return {symbol: held for symbol, held in self._venue.positions().items() if held}

    def account(self) -> Account:
        return self._venue.account()

    def quote(
        self,
        symbol: str,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Quote | None:
        return self._venue.quote(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._venue.instrument(symbol)
