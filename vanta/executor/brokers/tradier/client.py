"""The Executor's side of Tradier: the port, over its brokerage API.

Tradier keeps a tag with an order and does not mind two orders under one tag. So nothing is ever
sent to it twice, and an order it does not show is absent only once it would have to be there.
"""

import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote as quoted
from urllib.parse import urlencode

from vanta.domain.exact import UNIT, show_units
from vanta.domain.instant import MINUTE, SECOND
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.new_york import one_day
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
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import READ_TIMEOUT, Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import counted, decode, nearest, unreadable
from vanta.executor.brokers.rest.inflight import InFlight
from vanta.executor.brokers.rest.pace import Pace
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import NoTurnError, Throttle, Urgency
from vanta.executor.brokers.tradier.market import MarketReader
from vanta.executor.brokers.tradier.orders import OrdersReader
from vanta.executor.brokers.tradier.wire import (
    OPTION,
    Balance,
    Balances,
    Membership,
    Placed,
    Positions,
    Profile,
    framed,
    listed,
    ours,
    side_of,
    tag_of,
    theirs,
)
from vanta.node.credentials import Secret

SANDBOX = "https://sandbox.tradier.com/v1"
PER_MINUTE = 60
"""Requests the vendor allows of each kind in its sandbox; twice as many outside."""
POLL_EVERY = 6 * SECOND
_PROFILE_KEPT = 10 * MINUTE
_BALANCES_KEPT = MINUTE // 2

_REFUSALS = frozenset({200, 400, 401, 403, 404, 422})
"""Statuses that may say that nothing was taken; the body must say it too."""
_INVALID = frozenset({400, 401, 403, 422})
"""Statuses that say that a request was not let in; its order is not made."""
_PLAIN = re.compile(rb"[A-Za-z][^<>{}\x00-\x1f\x7f]{3,499}")
"""Refusals that are written as plain text: a sentence, and no page of somebody in between."""


class TradierBroker:
    """One Tradier account; one thread at a time.

    Args:
        token: of the API.
        account: its number.
        clock: UTC nanoseconds.
        url: address of the API.
        per_minute: requests the vendor allows of each kind.
        timeout: seconds an answer may take.
        poll_every: nanoseconds between two readings of executions, where nothing says otherwise.
        page: most entries of a page; the vendor's own where None.
        monotonic: nanoseconds that nobody sets.
    """

    trades = frozenset({"equity", "option"})
    resubmits = False

    def __init__(
        self,
        token: Secret,
        account: str,
        clock: Callable[[], int],
        *,
        name: str = "tradier",
        url: str = SANDBOX,
        per_minute: int = PER_MINUTE,
        timeout: float = READ_TIMEOUT,
        poll_every: int = POLL_EVERY,
        page: int | None = None,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self._clock = clock
        self._account = account

        def headers() -> Mapping[str, str]:
            return {"Authorization": f"Bearer {token.reveal()}"}

        def session() -> Session:
            edge = HttpEdge(Endpoint.parse(url), clock, read_timeout=timeout)
            pace, breaker = Throttle(per_minute, monotonic), Breaker(clock=monotonic)
            return Session(edge, pace, breaker, headers)

        # Trading and market data are counted apart by the vendor, so they are here.
        self.session, self._markets = session(), session()
        self._path = f"/accounts/{quoted(account, safe='')}"
        self._orders = OrdersReader(self.session, self._path, page)
        self._market = MarketReader(self._markets, clock)
        self._inflight, self._monotonic = InFlight(monotonic), monotonic
        self._pace = Pace(poll_every, monotonic)
        self._mine: tuple[int, Membership] | None = None
        self._money: tuple[int, Balance] | None = None
        self._absent: set[str] = set()
        """Client ids that were proven absent."""

    @property
    def trouble(self) -> str:
        """Code of what keeps new orders in; empty when nothing does."""
        return self.session.trouble

    def close(self) -> None:
        """Hang up."""
        self.session.close()
        self._markets.close()

    def submit(
        self,
        order: Order,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Acknowledged | Rejected | Unknown:
        tag = tag_of(order.client_order_id)
        if tag is None or order.quantity % UNIT:
            what = "an id that fits no tag" if tag is None else "a quantity that is not whole"
            return Rejected("TAG" if tag is None else "LOT", f"Tradier does not take {what}")
        form = {
            "class": "equity",
            "symbol": theirs(order.symbol),
            "side": side_of(order),
            "quantity": show_units(order.quantity),
            "type": "limit",
            "duration": "day",
            "price": show_units(order.limit_price),
            "tag": tag,
        }
        if order.asset_class == "option":
            matched = OPTION.match(order.symbol)
            root = matched.group(1) if matched else order.symbol
            form |= {"class": "option", "symbol": root, "option_symbol": order.symbol}
        self._inflight.sent(order.client_order_id)
        self._absent.discard(order.client_order_id)
        try:
            reply = self.session.ask(
                "POST",
                f"{self._path}/orders",
                Urgency.ORDER,
                urlencode(form).encode(),
                "application/x-www-form-urlencoded",
            )
            return self._submitted(reply)
        except NoTurnError as error:
            # The one failure that is certain: it never left.
            return Rejected(error.code, error.message)
        except BrokerAwayError as error:
            return Unknown(error.message)

    def _submitted(self, reply: Reply) -> Acknowledged | Rejected | Unknown:
        if reply.status not in _REFUSALS:
            return Unknown(f"answered {reply.status}")
        if reply.status in _INVALID and _PLAIN.fullmatch(reply.body.strip()):
            return Rejected(str(reply.status), reply.body[:200].decode("utf-8", "replace").strip())
        placed = decode(Placed, reply.body, self.session.place)
        if reply.status == 200 and placed.order is not None:  # noqa: PLR2004 - of HTTP
            if placed.order.status.lower() != "ok":
                return Unknown(f"its order is {placed.order.status[:40]!r}")
            self._orders.watch(placed.order.id)
            return Acknowledged(str(placed.order.id), self._clock())
        if placed.order is None and placed.refusal:
            return Rejected(str(reply.status), placed.refusal[:200])
        return Unknown("neither a receipt nor a refusal")

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        self._pace.hurry()
        try:
            found = self._orders.find(client_order_id, Urgency.CANCEL)
            if found is None:
                return self._void(client_order_id)
            state = self._orders.seen(found).state
            if not state.terminal:
                target = f"{self._path}/orders/{found.id}"
                reply = self.session.ask("DELETE", target, Urgency.CANCEL)
                if reply.status in {401, 403}:
                    raise self.session.refusal(reply)
                found = self._orders.one(found.id, Urgency.CANCEL) or found
                state = self._orders.seen(found).state
            if state is OrderState.CANCELLED and not self._orders.told_all_of(found):
                return Unknown("what it filled is not all told yet")
        except BrokerAwayError as error:
            return Unknown(error.message)
        return state if state.terminal else Unknown("its cancellation is asked for")

    def _void(self, client_order_id: str) -> OrderState | Unknown:
        """Nothing there: over where it is proven absent."""
        if client_order_id in self._absent:
            return OrderState.CANCELLED
        return Unknown("not among the orders of the day, and not proven absent")

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        found = [self._orders.seen(order) for order in self._orders.listed()]
        return tuple(one for one in found if not one.state.terminal)

    def hint(self) -> None:
        """Something may have happened: the next reading may not wait."""
        self._pace.hurry()

    def executions_since(self, watermark: int) -> Executions:
        return self._pace.read(watermark, self._orders.since)

    def statement(self, watermark: int) -> Statement:
        """What the comparison reads: the whole day, whatever the watermark."""
        alive, sums = self._orders.statement()
        orders = tuple(self._orders.seen(order) for order in alive)
        return Statement(orders, Executions((), (), watermark, tuple(sums)))

    def order_status(
        self, client_order_id: str, market_time: int
    ) -> BrokerOrder | Absent | Unknown:
        if not self._pace.asks(client_order_id):
            return Unknown("asked a moment ago")
        try:
            found = self._orders.find(client_order_id)
            if found is not None:
                self._orders.watch(found.id)
                return self._orders.seen(found)
        except BrokerAwayError as error:
            return Unknown(error.message)
        if not self._inflight.landed(client_order_id):
            return Unknown("it may still be on its way")
        if not one_day(market_time, self._clock()):
            return Unknown("of another day, whose orders Tradier does not list")
        self._absent.add(client_order_id)
        return Absent()

    def positions(self) -> dict[str, int]:
        self._pace.hurry()
        place = self.session.place
        reply = self.session.read(f"{self._path}/positions")
        found: dict[str, int] = {}
        for one in listed(framed(decode(Positions, reply.body, place).positions, place)):
            symbol = ours(one.symbol)
            found[symbol] = found.get(symbol, 0) + counted(one.quantity, place)
        return {symbol: quantity for symbol, quantity in found.items() if quantity}

    def account(self) -> Account:
        place = self.session.place
        mine = self._membership()
        money = self._balances()
        margin = money.pdt or money.margin
        power = margin.stock_buying_power if margin else None
        if power is None and money.cash is not None:
            power = money.cash.cash_available
        able = ["short"] if margin else []
        if mine.option_level:
            able.append(f"options:{mine.option_level}")
        return Account(
            None,
            None,
            nearest(money.total_cash, place),
            None if power is None else nearest(power, place),
            "" if mine.status == "active" else mine.status,
            tuple(able),
        )

    def _balances(self) -> Balance:
        """Its money; the Executor compares no cash here and asks every few seconds."""
        now = self._monotonic()
        if self._money is None or now - self._money[0] > _BALANCES_KEPT:
            reply = self.session.read(f"{self._path}/balances")
            self._money = (now, decode(Balances, reply.body, self.session.place).balances)
        return self._money[1]

    def _membership(self) -> Membership:
        """What the account is; it changes seldom, and requests are few."""
        now = self._monotonic()
        if self._mine is None or now - self._mine[0] > _PROFILE_KEPT:
            place = self.session.place
            profile = decode(Profile, self.session.read("/user/profile").body, place).profile
            found = [one for one in listed(profile.account) if one.account_number == self._account]
            if not found:
                raise unreadable("the token is not of this account", place)
            self._mine = (now, found[0])
        return self._mine[1]

    def quote(
        self,
        symbol: str,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Quote | None:
        return self._market.quote(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._market.instrument(symbol)
