"""Bybit v5, spot of a unified account.

A submission is answered before the order is worked on: what is acknowledged may still be rejected,
which shows as its end.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from vanta.domain.conviction import Side
from vanta.domain.exact import FINEST, UNIT
from vanta.domain.instant import DAY, HOUR, SECOND
from vanta.domain.trading import Instrument, Order
from vanta.executor.brokers.crypto.bybit_market import MONEY, MS, SPOT, BybitMarkets
from vanta.executor.brokers.crypto.bybit_wire import (
    NAME,
    REFUSALS,
    STATES,
    STRANGERS,
    THROTTLED,
    BybitExecution,
    BybitOrder,
    Coin,
    ExecutionsPage,
    Head,
    KeyInfo,
    Orders,
    Placed,
    Wallets,
)
from vanta.executor.brokers.crypto.client import POLL_EVERY, CryptoBroker
from vanta.executor.brokers.crypto.venue import Headers, VenueExecution, VenueOrder
from vanta.executor.brokers.crypto.writing import Writing, Written
from vanta.executor.brokers.port import Account, Acknowledged, Rejected, Unknown
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import READ_TIMEOUT, Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import decode, unreadable, whole
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import Throttle, Urgency
from vanta.node.credentials import Secret

TESTNET = "https://api-testnet.bybit.com"
PER_MINUTE = 300
ORDERS_A_PAGE = 50
EXECUTIONS_A_PAGE = 100
WINDOW = 7 * DAY - SECOND
"""Longest stretch of time of one question."""
FIRST_LOOK = 28 * DAY
"""How far back is read by who has no watermark yet."""


def bybit_broker(
    key: Secret,
    secret: Secret,
    clock: Callable[[], int],
    *,
    name: str = "bybit",
    url: str = TESTNET,
    per_minute: int = PER_MINUTE,
    timeout: float = READ_TIMEOUT,
    poll_every: int = POLL_EVERY,
    page: int | None = None,
    monotonic: Callable[[], int] = time.monotonic_ns,
) -> CryptoBroker:
    """The broker of one unified account at Bybit.

    Args:
        key: of the API.
        secret: its other part, HMAC.
        clock: UTC nanoseconds.
        name: as vaults name it.
        url: address of the API.
        per_minute: requests of any kind.
        timeout: seconds an answer may take.
        poll_every: nanoseconds between two readings of executions.
        page: most entries of a page; the vendor's own where None.
        monotonic: nanoseconds that nobody sets.

    Raises:
        RefusedError: an address that must not be used.
        UnavailableError: `ccxt` is not installed.
    """
    endpoint, headers = Endpoint.parse(url), Headers()
    edge = HttpEdge(endpoint, clock, read_timeout=timeout)
    session = Session(edge, Throttle(per_minute, monotonic), Breaker(clock=monotonic), headers)
    writing = Writing("bybit", url, key.reveal(), secret.reveal(), clock)
    venue = Bybit(session, headers, writing, clock, page)
    return CryptoBroker(venue, clock, name=name, poll_every=poll_every, monotonic=monotonic)


class Bybit(BybitMarkets):
    """One unified account; see `bybit_broker`."""

    remembers = 22 * HOUR
    """It may drop what was cancelled without a fill after a day."""

    def __init__(
        self,
        session: Session,
        headers: Headers,
        writing: Writing,
        clock: Callable[[], int],
        page: int | None,
    ) -> None:
        super().__init__(session, headers, writing, clock)
        self._orders_a_page = page or ORDERS_A_PAGE
        self._executions_a_page = page or EXECUTIONS_A_PAGE

    def write(self, order: Order, instrument: Instrument) -> Written | None:
        product = self._markets[order.symbol].symbol
        if not NAME.match(order.client_order_id):
            return None
        written = self.writing.order(order, instrument, product, order.client_order_id)
        body = msgspec.json.decode(written.body)
        meant = {
            **SPOT,
            "symbol": product,
            "side": order.side.capitalize(),
            "orderType": "Limit",
            "timeInForce": "GTC",
            "orderLinkId": order.client_order_id,
            "qty": body["qty"],
            "price": body["price"],
        }
        sizes = self.exact(body["qty"]), self.exact(body["price"])
        # What was written is read back: an order is sent as it was decided, or not at all.
        return written if body == meant and sizes == (order.quantity, order.limit_price) else None

    def placed(self, order: Order, reply: Reply) -> Acknowledged | Rejected | Unknown:
        if reply.status == 401:  # noqa: PLR2004 - of HTTP
            return Rejected("401", "the broker does not take these credentials")
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            return Unknown(f"answered {reply.status}")
        head = decode(Head, reply.body, self.place)
        if head.code in STRANGERS:
            # Its own words have the key in them.
            return Rejected(str(head.code), "the broker does not take these credentials")
        if head.code in REFUSALS:
            return Rejected(str(head.code), head.message[:200])
        if head.code:
            return Unknown(f"answered {head.code}")
        taken = decode(Placed, reply.body, self.place).result
        if taken.order_link_id != order.client_order_id or not taken.order_id:
            return Unknown("answered with another order")
        return Acknowledged(taken.order_id, head.time * MS)

    def ask_to_cancel(self, order: VenueOrder) -> None:
        asked = {**SPOT, "symbol": self._theirs(order.symbol), "orderId": order.id}
        reply = self.ask(["private"], "POST", "v5/order/cancel", asked, Urgency.CANCEL)
        head = decode(Head, reply.body, self.place) if reply.status == 200 else None  # noqa: PLR2004
        if head is None or head.code in STRANGERS | THROTTLED:
            self._told(Head, reply)
        # Any other refusal means that it is over: the order itself is looked at next.

    def find(
        self,
        client_order_id: str,
        since: int,  # noqa: ARG002 - it looks an order up
        urgency: Urgency,
    ) -> VenueOrder | None:
        return self._looked_up({"orderLinkId": client_order_id}, urgency)

    def order(self, name: str, urgency: Urgency = Urgency.READ) -> VenueOrder | None:
        return self._looked_up({"orderId": name}, urgency)

    def _looked_up(self, by: Mapping[str, str], urgency: Urgency) -> VenueOrder | None:
        """In what is alive or ended lately, and where not, in the history."""
        [(key, wanted)] = by.items()
        for path in ("v5/order/realtime", "v5/order/history"):
            reply = self.ask(["private"], "GET", path, {**SPOT, **by}, urgency)
            found = self._told(Orders, reply).result.list
            for one in found:
                if wanted != (one.order_id if key == "orderId" else one.order_link_id):
                    raise unreadable("another order than was asked for", self.place)
            if len({one.order_id for one in found}) > 1:
                raise unreadable("two orders under one client id", self.place)
            if found:
                return self._seen(found[0], urgency)
        return None

    def open_orders(self) -> list[VenueOrder]:
        listing = self._listed("v5/order/realtime", {"openOnly": 0})
        found = [self._seen(one) for one in listing]
        return [one for one in found if not one.state.terminal]

    def ended_orders(self, since: int) -> list[VenueOrder]:
        found = [
            self._seen(one)
            for window in self._windows(since)
            for one in self._listed("v5/order/history", window)
        ]
        return [one for one in found if one.state.terminal]

    def executions(self, since: int) -> list[VenueExecution]:
        found: dict[str, BybitExecution] = {}
        for window in self._windows(since):
            cursor = ""
            while True:
                asked: dict[str, Any] = {**SPOT, **window, "limit": self._executions_a_page}
                if cursor:
                    asked["cursor"] = cursor
                reply = self.ask(["private"], "GET", "v5/execution/list", asked)
                page = self._told(ExecutionsPage, reply).result
                found |= {f"{one.order_id}:{one.exec_id}": one for one in page.list}
                if not page.next_page_cursor or not page.list:
                    break
                if page.next_page_cursor == cursor:
                    raise unreadable("a page that follows itself", self.place)
                cursor = page.next_page_cursor
        return [
            self._execution(name, one) for name, one in found.items() if one.exec_type == "Trade"
        ]

    def _windows(self, since: int) -> Iterator[dict[str, int]]:
        now = self._clock()
        # Beyond now: its clock may be ahead of the node's.
        end = now + HOUR
        begin = since or now - FIRST_LOOK
        while begin < end:
            until = min(begin + WINDOW, end)
            yield {"startTime": begin // MS, "endTime": -(-until // MS)}
            begin = until

    def _listed(self, path: str, listing: Mapping[str, int]) -> Iterator[BybitOrder]:
        seen: set[str] = set()
        cursor = ""
        while True:
            asked: dict[str, Any] = {**SPOT, **listing, "limit": self._orders_a_page}
            if cursor:
                asked["cursor"] = cursor
            page = self._told(Orders, self.ask(["private"], "GET", path, asked)).result
            new = [one for one in page.list if one.order_id not in seen]
            seen |= {one.order_id for one in new}
            yield from new
            if not page.next_page_cursor or not page.list:
                return
            if page.next_page_cursor == cursor:
                raise unreadable("a page that follows itself", self.place)
            cursor = page.next_page_cursor

    def positions(self) -> dict[str, int]:
        return {
            f"{one.coin}-{MONEY}": whole(
                self.number(one.wallet_balance) - self.number(one.spot_borrow), self.place
            )
            for one in self._coins()
            if one.coin != MONEY
        }

    def account(self) -> Account:
        money = [one for one in self._coins() if one.coin == MONEY]
        there = sum(self.nearest(one.wallet_balance) for one in money)
        free = there - sum(self.nearest(one.locked) for one in money)
        reply = self.ask(["private"], "GET", "v5/user/query-api", {})
        key = self._told(KeyInfo, reply).result
        wallet, spot = key.permissions.get("Wallet") or [], key.permissions.get("Spot") or []
        blocked = "the key only reads" if key.read_only else ""
        if "SpotTrade" not in spot:
            blocked = blocked or "the key may not trade spot"
        able = ("transfer",) if {"Withdraw", "AccountTransfer"} & set(wallet) else ()
        return Account(None, None, there, free, blocked, able)

    def _coins(self) -> list[Coin]:
        asked = {"accountType": "UNIFIED"}
        reply = self.ask(["private"], "GET", "v5/account/wallet-balance", asked)
        return [coin for wallet in self._told(Wallets, reply).result.list for coin in wallet.coin]

    def _seen(self, one: BybitOrder, urgency: Urgency = Urgency.READ) -> VenueOrder:
        state = STATES.get(one.order_status)
        if state is None:
            raise unreadable(f"an order is {one.order_status[:40]!r}", self.place)
        why = one.reject_reason if one.reject_reason != "EC_NoError" else ""
        return VenueOrder(
            one.order_id,
            one.order_link_id or f"bybit:{one.order_id}",
            self._ours(one.symbol, urgency),
            state,
            one.order_status,
            why or one.cancel_type,
            self.exact(one.qty),
            self.exact(one.cum_exec_qty),
            self._time(one.created_time),
            self._time(one.updated_time),
        )

    def _execution(self, name: str, one: BybitExecution) -> VenueExecution:
        side: Side = "buy" if one.side == "Buy" else "sell"
        symbol, price = self._ours(one.symbol), self.exact(one.exec_price)
        fee, kept = self._fee(one, symbol, price)
        return VenueExecution(
            name,
            one.order_id,
            symbol,
            side,
            self.exact(one.exec_qty),
            price,
            fee,
            self._time(one.exec_time),
            kept,
        )

    def _fee(self, one: BybitExecution, symbol: str, price: int) -> tuple[int, int]:
        """What an execution cost in money, and what of the coin was kept for it, in 10^-18.

        A purchase is paid for in the coin, a sale in money; a rebate comes the other way round.
        What another coin paid for took neither: that coin's balance says so.
        """
        coin, _, money = symbol.partition("-")
        rebate = one.exec_fee.startswith("-")
        paid_in = one.fee_currency or (coin if (one.side == "Buy") != rebate else money)
        if paid_in == money:
            return self.nearest(one.exec_fee), 0
        if paid_in != coin:
            return 0, 0
        kept = self.finest(one.exec_fee)
        return -(-kept * price // (FINEST * UNIT)), kept
