"""The Executor's side of Alpaca: the port, over its trading API.

Alpaca takes one order under a client order id, ever, and refuses a second: so what was lost on
the way may be sent again, and a refusal as a second is answered with the first.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from vanta.domain.exact import show_units
from vanta.domain.instant import DAY, SECOND
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.alpaca.executions import ExecutionsReader
from vanta.executor.brokers.alpaca.market import MarketReader
from vanta.executor.brokers.alpaca.movements import MovementsReader
from vanta.executor.brokers.alpaca.wire import (
    AlpacaAccount,
    AlpacaOrder,
    Position,
    Problem,
    ours,
    state_of,
    theirs,
)
from vanta.executor.brokers.port import (
    Absent,
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Executions,
    Movement,
    Rejected,
    Statement,
    Unknown,
)
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import READ_TIMEOUT, Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import decode, exact, instant, unreadable, whole
from vanta.executor.brokers.rest.inflight import InFlight
from vanta.executor.brokers.rest.pace import Pace
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import NoTurnError, Throttle, Urgency
from vanta.node.credentials import Secret

PAPER = "https://paper-api.alpaca.markets"
DATA = "https://data.alpaca.markets"
PER_MINUTE = 200
"""Requests the vendor allows an account."""
POLL_EVERY = 2 * SECOND

_REFUSALS = frozenset({400, 401, 403, 404, 422})
"""Statuses that say that nothing was taken, where the body is the vendor's own."""
_SECOND = "client_order_id must be unique"
_CANCELLED = 204


@dataclass(frozen=True, slots=True)
class AlpacaKeys:
    """Of one account."""

    key: Secret
    secret: Secret

    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        return {
            "APCA-API-KEY-ID": self.key.reveal(),
            "APCA-API-SECRET-KEY": self.secret.reveal(),
        }


class AlpacaBroker:
    """One Alpaca account; one thread at a time.

    Args:
        keys: of the account.
        clock: UTC nanoseconds.
        trading: address of the trading API.
        data: address of the market data API.
        per_minute: requests the vendor allows.
        timeout: seconds an answer may take.
        poll_every: nanoseconds between two readings of executions, where nothing says otherwise.
        page: most entries of a page; the vendor's own where None.
        monotonic: nanoseconds that nobody sets.
    """

    trades = frozenset({"equity", "option", "crypto"})
    resubmits = True
    settles = 4 * DAY
    """It posts at the end of a day; this is a long weekend."""
    keeps = 2_500
    """Its dearest price, of little trade."""

    def __init__(
        self,
        keys: AlpacaKeys,
        clock: Callable[[], int],
        *,
        name: str = "alpaca",
        trading: str = PAPER,
        data: str = DATA,
        per_minute: int = PER_MINUTE,
        timeout: float = READ_TIMEOUT,
        poll_every: int = POLL_EVERY,
        page: int | None = None,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name, self._clock = name, clock

        def session(url: str) -> Session:
            edge = HttpEdge(Endpoint.parse(url), clock, read_timeout=timeout)
            pace, breaker = Throttle(per_minute, monotonic), Breaker(clock=monotonic)
            return Session(edge, pace, breaker, keys.headers)

        self.session, self._data = session(trading), session(data)
        self._market = MarketReader(self.session, self._data, clock)
        self._executions = ExecutionsReader(self.session, page)
        self._movements = MovementsReader(self.session, self._market.named, page)
        self._inflight = InFlight(monotonic)
        self._pace = Pace(poll_every, monotonic)
        self._absent: set[str] = set()
        """Client ids that it was asked about and did not show."""

    @property
    def trouble(self) -> str:
        """Code of what keeps new orders in; empty when nothing does."""
        return self.session.trouble

    def close(self) -> None:
        """Hang up."""
        self.session.close()
        self._data.close()

    def submit(
        self,
        order: Order,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Acknowledged | Rejected | Unknown:
        body = {
            "symbol": theirs(order.symbol),
            "qty": show_units(order.quantity),
            "side": order.side,
            "type": "limit",
            "limit_price": show_units(order.limit_price),
            "time_in_force": "gtc" if order.asset_class == "crypto" else "day",
            "client_order_id": order.client_order_id,
        }
        self._inflight.sent(order.client_order_id)
        self._absent.discard(order.client_order_id)
        try:
            reply = self.session.ask(
                "POST",
                "/v2/orders",
                Urgency.ORDER,
                msgspec.json.encode(body),
                "application/json",
            )
            return self._submitted(order, reply)
        except NoTurnError as error:
            # The one failure that is certain: it never left.
            return Rejected(error.code, error.message)
        except BrokerAwayError as error:
            return Unknown(error.message)

    def _submitted(self, order: Order, reply: Reply) -> Acknowledged | Rejected | Unknown:
        if reply.status == 200:  # noqa: PLR2004 - of HTTP
            taken = decode(AlpacaOrder, reply.body, self.session.place)
            if taken.client_order_id != order.client_order_id:
                return Unknown("answered with another order")
            return self._acknowledged(taken)
        if reply.status not in _REFUSALS:
            return Unknown(f"answered {reply.status}")
        problem = decode(Problem, reply.body, self.session.place)
        if _SECOND in problem.message:
            first = self._find(order.client_order_id)
            return (
                Unknown("taken, and not to be found")
                if first is None
                else self._acknowledged(first)
            )
        return Rejected(str(problem.code or reply.status), problem.message[:200])

    def _acknowledged(self, taken: AlpacaOrder) -> Acknowledged | Rejected:
        if taken.status == "rejected":
            return Rejected("REJECTED", "the broker says rejected")
        self._executions.watch(taken)
        return Acknowledged(taken.id, instant(taken.submitted_at, self.session.place))

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        self._pace.hurry()
        try:
            found = self._find(client_order_id, Urgency.CANCEL)
            if found is None:
                return self._void(client_order_id)
            if not self._seen(found).state.terminal:
                reply = self.session.ask("DELETE", f"/v2/orders/{found.id}", Urgency.CANCEL)
                if reply.status in {401, 403}:
                    raise self.session.refusal(reply)
                found = self._find(client_order_id, Urgency.CANCEL) or found
            state = self._seen(found).state
            if state is OrderState.CANCELLED and not self._executions.told_all_of(found):
                return Unknown("its executions are not all told yet")
        except BrokerAwayError as error:
            return Unknown(error.message)
        return state if state.terminal else Unknown("its cancellation is asked for")

    def _void(self, client_order_id: str) -> OrderState | Unknown:
        """Nothing there: over once it can no longer be on its way.

        Only of what may never have been taken: of an order that was, it proves nothing.
        """
        if client_order_id not in self._absent:
            return Unknown("not to be found, and not proven absent")
        if self._inflight.landed(client_order_id):
            return OrderState.CANCELLED
        return Unknown("it may still be on its way")

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(self._seen(order) for order in self._executions.open_orders())

    def hint(self) -> None:
        """Something may have happened: the next reading may not wait."""
        self._pace.hurry()

    def executions_since(self, watermark: int) -> Executions:
        return self._pace.read(watermark, self._executions.since)

    def statement(self, watermark: int) -> Statement:
        """What the comparison reads."""
        alive, fills, reached = self._executions.statement(watermark, self._clock())
        orders = tuple(self._seen(order) for order in alive)
        return Statement(orders, Executions(tuple(fills), (), reached))

    def order_status(
        self,
        client_order_id: str,
        market_time: int,  # noqa: ARG002 - it forgets no order
    ) -> BrokerOrder | Absent | Unknown:
        if not self._pace.asks(client_order_id):
            return Unknown("asked a moment ago")
        try:
            found = self._find(client_order_id)
            if found is None:
                self._absent.add(client_order_id)
                return Absent()
            self._executions.watch(found)
            return self._seen(found)
        except BrokerAwayError as error:
            return Unknown(error.message)

    def _find(self, client_order_id: str, urgency: Urgency = Urgency.READ) -> AlpacaOrder | None:
        asked = urlencode({"client_order_id": client_order_id})
        reply = self.session.read(f"/v2/orders:by_client_order_id?{asked}", urgency)
        if reply.status == 404:  # noqa: PLR2004 - of HTTP
            # A page of some gateway would be no answer of the vendor's.
            decode(Problem, reply.body, self.session.place)
            return None
        return decode(AlpacaOrder, reply.body, self.session.place)

    def _seen(self, order: AlpacaOrder) -> BrokerOrder:
        state = state_of(order)
        if state is None:
            raise unreadable(f"an order is {order.status[:40]!r}", self.session.place)
        place = self.session.place
        return BrokerOrder(
            order.client_order_id,
            order.id,
            ours(order.symbol),
            state,
            0 if order.qty is None else exact(order.qty, place),
            exact(order.filled_qty, place),
            order.status.upper() if state.terminal else "",
            order.side,
            0 if order.limit_price is None else exact(order.limit_price, place),
        )

    def positions(self) -> dict[str, int]:
        self._pace.hurry()
        reply = self.session.read("/v2/positions")
        found: dict[str, int] = {}
        for one in decode(list[Position], reply.body, self.session.place):
            coin = one.asset_class == "crypto"
            # A fee takes finer parts of a coin than are traded.
            quantity = (whole if coin else exact)(one.qty.copy_abs(), self.session.place)
            symbol = self._market.named(one.symbol) if coin else one.symbol
            if quantity:
                found[symbol] = -quantity if one.side == "short" else quantity
        return found

    def account(self) -> Account:
        place = self.session.place
        found = decode(AlpacaAccount, self.session.read("/v2/account").body, place)
        blocked = [] if found.status == "ACTIVE" else [found.status]
        flags = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
        blocked += [flag for flag in flags if getattr(found, flag)]
        able = ["short"] if found.shorting_enabled else []
        if found.options_trading_level not in {None, 0, "0"}:
            able.append(f"options:{found.options_trading_level}")
        return Account(
            None,
            None,
            # Coins make them finer than a unit.
            whole(found.cash, place),
            whole(found.buying_power, place),
            ", ".join(blocked),
            tuple(able),
        )

    def movements_since(self, day: int) -> tuple[Movement, ...]:
        return self._movements.since(day)

    def quote(
        self,
        symbol: str,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Quote | None:
        return self._market.quote(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._market.instrument(symbol)
