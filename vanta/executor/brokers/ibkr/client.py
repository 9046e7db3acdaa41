"""The Executor's side of Interactive Brokers: the port, over the Web API of a gateway on the node.

What the vendor does with a second order under one `cOID` is not established. So nothing is ever
sent to it twice, and an order it does not show is absent only once it would have to be there.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec

from vanta.domain.exact import UNIT, show_units
from vanta.domain.instant import SECOND
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.ibkr.contracts import Contract, Contracts
from vanta.executor.brokers.ibkr.holdings import HoldingsReader
from vanta.executor.brokers.ibkr.market import MarketReader
from vanta.executor.brokers.ibkr.orders import LISTING_EVERY, OrdersReader
from vanta.executor.brokers.ibkr.portal import Portal
from vanta.executor.brokers.ibkr.wire import DUPLICATE, MOST_ASKED, Answer, Row, theirs
from vanta.executor.brokers.new_york import one_day
from vanta.executor.brokers.port import (
    Absent,
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Executions,
    Rejected,
    Unknown,
)
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import READ_TIMEOUT, Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import decode
from vanta.executor.brokers.rest.inflight import InFlight
from vanta.executor.brokers.rest.pace import Pace
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import NoTurnError, Throttle

GATEWAY = "https://localhost:5000/v1/api"
PER_MINUTE = 300
"""Half of what the vendor allows a session, ten in a second: people use it too."""

_REFUSALS = frozenset({200, 400, 401, 403})
"""Statuses that may say that nothing was taken; the body must say it too."""


class IbkrBroker:
    """One account at Interactive Brokers; one thread at a time.

    Args:
        account: its id.
        clock: UTC nanoseconds.
        url: address of the gateway's Web API.
        certificate: file with the gateway's own certificate, the only one that is trusted.
        per_minute: requests of any kind.
        timeout: seconds an answer may take.
        listing_every: least nanoseconds between two requests for orders, or for executions.
        monotonic: nanoseconds that nobody sets.

    Raises:
        RefusedError: no address, or one in the clear that is not of this machine.
        UnavailableError: `ibind` is not installed.
    """

    trades = frozenset({"equity"})
    resubmits = False

    def __init__(
        self,
        account: str,
        clock: Callable[[], int],
        *,
        name: str = "ibkr",
        url: str = GATEWAY,
        certificate: Path | None = None,
        per_minute: int = PER_MINUTE,
        timeout: float = READ_TIMEOUT,
        listing_every: int = LISTING_EVERY,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self._clock = clock
        edge = HttpEdge(Endpoint.parse(url), clock, read_timeout=timeout, authority=certificate)
        pace, breaker = Throttle(per_minute, monotonic), Breaker(clock=monotonic)
        self.session = Session(edge, pace, breaker)
        self._portal = Portal(self.session, account, monotonic)
        self._contracts = Contracts(self._portal, clock)
        self._market = MarketReader(self._portal, self._contracts, clock)
        self._orders = OrdersReader(self._portal, name, clock, monotonic, listing_every)
        self._holdings = HoldingsReader(self._portal, monotonic)
        self._inflight, self._pace = InFlight(monotonic), Pace(listing_every, monotonic)
        self._absent: set[str] = set()
        """Client ids that were proven absent."""

    @property
    def trouble(self) -> str:
        """Code of what keeps new orders in; empty when nothing does."""
        return self.session.trouble

    def close(self) -> None:
        """Hang up; the gateway's session stays."""
        self.session.close()

    def submit(
        self,
        order: Order,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Acknowledged | Rejected | Unknown:
        if order.quantity % UNIT:
            return Rejected("LOT", "shares are traded whole")
        try:
            self._portal.ready()
            contract = self._contracts.find(order.symbol)
        except NoTurnError as error:
            return Rejected(error.code, error.message)
        except BrokerAwayError as error:
            if error.code == "BROKER_CREDENTIALS":
                return Rejected(error.code, error.message)
            return Unknown(error.message)
        if contract is None:
            return Rejected("NO_CONTRACT", f"no US share, or more than one, is {order.symbol}")
        self._inflight.sent(order.client_order_id)
        self._absent.discard(order.client_order_id)
        try:
            return self._asked(order, contract)
        except BrokerAwayError as error:
            return Unknown(error.message)

    def _asked(self, order: Order, contract: Contract) -> Acknowledged | Rejected | Unknown:
        """Send it, and answer what is asked about it."""
        portal = self._portal
        body = {"orders": [_request(order, contract, portal.account)]}
        try:
            result = portal.api.post(f"iserver/account/{portal.account}/orders", body)
        except NoTurnError as error:
            # The one failure that is certain: it never left. Of a question it is not.
            return Rejected(error.code, error.message)
        for _ in range(MOST_ASKED):
            reply: Reply = result.data
            if reply.status not in _REFUSALS:
                return Unknown(f"answered {reply.status}")
            answer = _answer(reply, portal.place)
            if answer is None:
                return Unknown("neither a receipt, nor a question, nor a refusal")
            if answer.error:
                if DUPLICATE in answer.error:
                    return Unknown(f"there may be a first one: {answer.error[:150]}")
                return Rejected(str(reply.status), answer.error[:200])
            if answer.order_id is not None:
                return self._taken(order, answer, reply)
            if not answer.harmless:
                return self._declined(answer)
            result = portal.api.reply(answer.id, confirmed=True)
        return Unknown("asked more than anybody answers")

    def _taken(self, order: Order, answer: Answer, reply: Reply) -> Acknowledged | Rejected:
        if answer.order_status == "Rejected":
            return Rejected("REJECTED", "the broker says Rejected")
        name = str(answer.order_id)
        if name.isdecimal():
            row = Row(
                int(name),
                "PendingSubmit",
                Decimal(0),
                Decimal(show_units(order.quantity)),
                ticker=theirs(order.symbol),
                kind="STK",
                order_ref=order.client_order_id,
            )
            self._orders.submitted(row)
        return Acknowledged(name, _when(reply))

    def _declined(self, answer: Answer) -> Rejected:
        """Say no, so that nothing waits there for a yes of somebody else's.

        Raises:
            BrokerAwayError: the no may not have been heard.
        """
        result = self._portal.api.reply(answer.id, confirmed=False)
        self._portal.told(msgspec.Raw, result)
        code = ",".join(answer.message_ids)[:40] or "QUESTION"
        return Rejected(code, answer.question[:200])

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        try:
            with self._portal.cancelling():
                self._portal.ready()
                rows = self._cancelled(client_order_id)
                states = [self._orders.state(one) for one in rows]
        except BrokerAwayError as error:
            return Unknown(error.message)
        if not states:
            return self._void(client_order_id)
        if not all(one.terminal for one in states):
            return Unknown("its cancellation is asked for")
        if OrderState.FILLED in states:
            return OrderState.FILLED
        if not self._orders.told_all_of(rows):
            return Unknown("its executions are not all told yet")
        return states[-1]

    def _cancelled(self, client_order_id: str) -> list[Row]:
        """Every order under that id once the live ones were to be cancelled."""
        portal = self._portal
        rows = self._orders.find(client_order_id)
        alive = [one for one in rows if not self._orders.state(one).terminal]
        for one in alive:
            asked = portal.api.cancel_order(str(one.order_id), account_id=portal.account)
            if asked.data.status in {401, 403}:
                portal.told(msgspec.Raw, asked)
        if alive:
            rows = self._orders.find(client_order_id) or rows
        return rows

    def _void(self, client_order_id: str) -> OrderState | Unknown:
        """Nothing there: over where it is proven absent."""
        if client_order_id in self._absent:
            return OrderState.CANCELLED
        return Unknown("not among the orders of the day, and not proven absent")

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        self._portal.ready()
        found = [self._orders.seen(row) for row in self._orders.listed()]
        return tuple(one for one in found if not one.state.terminal)

    def executions_since(self, watermark: int) -> Executions:
        return self._pace.read(watermark, self._news)

    def _news(self, watermark: int) -> Executions:
        self._portal.ready()
        return self._orders.since(watermark)

    def order_status(
        self, client_order_id: str, market_time: int
    ) -> BrokerOrder | Absent | Unknown:
        try:
            self._portal.ready()
            rows = self._orders.find(client_order_id)
            if len(rows) > 1:
                return Unknown("several orders under one id")
            if rows:
                return self._orders.seen(rows[0])
            if self._orders.executed(client_order_id):
                return Unknown("executed, and not among the orders that are listed")
        except BrokerAwayError as error:
            return Unknown(error.message)
        if not self._inflight.landed(client_order_id):
            return Unknown("it may still be on its way")
        if not one_day(market_time, self._clock()):
            return Unknown("of another day, whose orders are not listed")
        self._absent.add(client_order_id)
        return Absent()

    def positions(self) -> dict[str, int]:
        self._portal.ready()
        return self._holdings.positions()

    def account(self) -> Account:
        self._portal.ready()
        return self._holdings.account()

    def quote(
        self,
        symbol: str,
        market_time: int,  # noqa: ARG002 - the market is live
    ) -> Quote | None:
        self._portal.ready()
        return self._market.quote(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        self._portal.ready()
        found = self._contracts.find(symbol)
        return None if found is None else found.instrument


def _request(order: Order, contract: Contract, account: str) -> dict[str, Any]:
    """What is ordered; numbers as their digits, which no float has touched."""
    return {
        "acctId": account,
        "conid": contract.conid,
        "secType": f"{contract.conid}:STK",
        "cOID": order.client_order_id,
        "orderType": "LMT",
        "price": msgspec.Raw(show_units(order.limit_price).encode()),
        "side": order.side.upper(),
        "tif": "DAY",
        "quantity": msgspec.Raw(show_units(order.quantity).encode()),
        "outsideRTH": False,
    }


def _answer(reply: Reply, place: str) -> Answer | None:
    listed = reply.body if reply.body.lstrip().startswith(b"[") else b"[" + reply.body + b"]"
    found = decode(list[Answer], listed, place)
    if len(found) != 1:
        return None
    one = found[0]
    spoke = one.error or one.order_id is not None or (one.id and one.message)
    return one if spoke else None


def _when(reply: Reply) -> int:
    """The vendor's second of the answer; by the node's clock where it is not said."""
    try:
        return int(parsedate_to_datetime(reply.headers["date"]).timestamp()) * SECOND
    except (KeyError, ValueError):
        return reply.received
