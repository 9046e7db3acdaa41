"""Coinbase Advanced Trade, spot.

It lists orders and does not look one up by its client id: an order that no process followed is
searched for in the listings.
"""

import base64
import binascii
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vanta.domain.conviction import Side
from vanta.domain.errors import RefusedError
from vanta.domain.instant import DAY, show_instant
from vanta.domain.trading import Instrument, Order, OrderState
from vanta.executor.brokers.crypto.client import POLL_EVERY, CryptoBroker
from vanta.executor.brokers.crypto.coinbase_market import (
    NOT_THERE,
    PRIVATE,
    CoinbaseMarkets,
)
from vanta.executor.brokers.crypto.coinbase_wire import (
    REFUSALS,
    STATES,
    Cancellations,
    CoinbaseFill,
    CoinbaseOrder,
    Fills,
    OneOrder,
    Orders,
    Permissions,
    Placed,
    Problem,
    Wallet,
    Wallets,
    name_for,
    name_of,
)
from vanta.executor.brokers.crypto.venue import Headers, VenueExecution, VenueOrder
from vanta.executor.brokers.crypto.writing import Writing, Written
from vanta.executor.brokers.port import Account, Acknowledged, Rejected, Unknown
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import READ_TIMEOUT, Endpoint, HttpEdge, Reply
from vanta.executor.brokers.rest.exact import decode, instant, unreadable
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import Throttle, Urgency
from vanta.node.credentials import Secret

LIVE = "https://api.coinbase.com"
PER_MINUTE = 600
ORDERS_A_PAGE = 250
FILLS_A_PAGE = 100
_MONEY = "USD"


def coinbase_broker(
    key: Secret,
    secret: Secret,
    clock: Callable[[], int],
    *,
    name: str = "coinbase",
    url: str = LIVE,
    per_minute: int = PER_MINUTE,
    timeout: float = READ_TIMEOUT,
    poll_every: int = POLL_EVERY,
    page: int | None = None,
    monotonic: Callable[[], int] = time.monotonic_ns,
) -> CryptoBroker:
    """The broker of one portfolio at Coinbase.

    Args:
        key: name of the key, `organizations/.../apiKeys/...`.
        secret: its private key, ES256, as the base64 between the lines of its PEM.
        clock: UTC nanoseconds.
        name: as vaults name it.
        url: address of the API.
        per_minute: requests of any kind.
        timeout: seconds an answer may take.
        poll_every: nanoseconds between two readings of executions.
        page: most entries of a page; the vendor's own where None.
        monotonic: nanoseconds that nobody sets.

    Raises:
        RefusedError: the secret is no such key, or the address not to be used.
        UnavailableError: `ccxt` is not installed.
    """
    endpoint, headers = Endpoint.parse(url), Headers()
    edge = HttpEdge(endpoint, clock, read_timeout=timeout)
    session = Session(edge, Throttle(per_minute, monotonic), Breaker(clock=monotonic), headers)
    writing = Writing("coinbase", url, key.reveal(), _pem(secret), clock)
    venue = Coinbase(session, headers, writing, clock, page)
    return CryptoBroker(venue, clock, name=name, poll_every=poll_every, monotonic=monotonic)


def _pem(secret: Secret) -> str:
    """The key as `ccxt` signs with it."""
    try:
        found = serialization.load_der_private_key(
            base64.b64decode(secret.reveal(), validate=True), password=None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error):
        found = None
    if not isinstance(found, ec.EllipticCurvePrivateKey) or found.curve.name != "secp256r1":
        raise RefusedError(
            "not a private key of the kind ES256",
            code="CREDENTIAL_TEXT",
            place=secret.name,
            remedy="write what is between the lines of the key's PEM, as one line",
        )
    return found.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode("ascii")


class Coinbase(CoinbaseMarkets):
    """One portfolio; see `coinbase_broker`."""

    remembers = 90 * DAY
    """It lists what was cancelled like the rest; older than this nothing is asked for."""

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
        self._fills_a_page = page or FILLS_A_PAGE

    def write(self, order: Order, instrument: Instrument) -> Written | None:
        name = name_for(order.client_order_id)
        if name is None:
            return None
        written = self.writing.order(order, instrument, order.symbol, name)
        body = msgspec.json.decode(written.body)
        limits = body["order_configuration"]["limit_limit_gtc"]
        meant = {
            "client_order_id": name,
            "product_id": order.symbol,
            "side": order.side.upper(),
            "order_configuration": {
                "limit_limit_gtc": {
                    "base_size": limits["base_size"],
                    "limit_price": limits["limit_price"],
                    "post_only": False,
                }
            },
        }
        sizes = self.exact(limits["base_size"]), self.exact(limits["limit_price"])
        # What was written is read back: an order is sent as it was decided, or not at all.
        return written if body == meant and sizes == (order.quantity, order.limit_price) else None

    def placed(self, order: Order, reply: Reply) -> Acknowledged | Rejected | Unknown:
        if reply.status == 401:  # noqa: PLR2004 - of HTTP; its body is plain text
            return Rejected("401", "the broker does not take these credentials")
        if reply.status in {400, 403, 404, 422}:
            problem = decode(Problem, reply.body, self.place)
            if problem.error in REFUSALS:
                return Rejected(problem.error, problem.message[:200])
            return Unknown(f"answered {reply.status}, {problem.error[:40]!r}")
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            return Unknown(f"answered {reply.status}")
        placed = decode(Placed, reply.body, self.place)
        taken, refused = placed.success_response, placed.error_response
        if placed.success and taken is not None and taken.order_id:
            if taken.client_order_id != name_for(order.client_order_id):
                return Unknown("answered with another order")
            return Acknowledged(taken.order_id, self._clock())
        if placed.success or refused is None:
            return Unknown("neither an order nor a refusal")
        reasons = (refused.error, refused.new_order_failure_reason, refused.preview_failure_reason)
        code = next((reason for reason in reasons if reason in REFUSALS), "")
        if not code:
            return Unknown(f"did not take it, and says {refused.error[:40]!r}")
        return Rejected(code, (refused.message or refused.error_details or code)[:200])

    def ask_to_cancel(self, order: VenueOrder) -> None:
        asked = {"order_ids": [order.id]}
        path = "brokerage/orders/batch_cancel"
        reply = self.ask(PRIVATE, "POST", path, asked, Urgency.CANCEL)
        # Whatever it says of this one, the order itself is looked at next.
        self._told(Cancellations, reply)

    def find(self, client_order_id: str, since: int, urgency: Urgency) -> VenueOrder | None:
        for listing in ({"order_status": "OPEN"}, {"start_date": show_instant(since)}):
            for one in self._listed(listing, urgency):
                if name_of(one) == client_order_id:
                    return self._seen(one)
        return None

    def order(self, name: str, urgency: Urgency = Urgency.READ) -> VenueOrder | None:
        path = "brokerage/orders/historical/{order_id}"
        reply = self.ask(PRIVATE, "GET", path, {"order_id": name}, urgency)
        if reply.status == NOT_THERE:
            decode(Problem, reply.body, self.place)
            return None
        return self._seen(self._told(OneOrder, reply).order)

    def open_orders(self) -> list[VenueOrder]:
        # `OPEN` is not all that is alive: what waits to be taken or cancelled has other words, and
        # it lists only one of them, or all of some time.
        lately = show_instant(max(0, self._clock() - DAY))
        found = {
            one.order_id: self._seen(one)
            for listing in ({"order_status": "OPEN"}, {"start_date": lately})
            for one in self._listed(listing, Urgency.READ)
        }
        return [one for one in found.values() if not one.state.terminal]

    def ended_orders(self, since: int) -> list[VenueOrder]:
        listing = self._listed({"start_date": show_instant(since)}, Urgency.READ)
        found = [self._seen(one) for one in listing]
        return [one for one in found if one.state.terminal]

    def executions(self, since: int) -> list[VenueExecution]:
        found: dict[str, CoinbaseFill] = {}
        cursor = ""
        while True:
            asked: dict[str, Any] = {
                "start_sequence_timestamp": show_instant(since),
                "limit": self._fills_a_page,
            }
            if cursor:
                asked["cursor"] = cursor
            path = "brokerage/orders/historical/fills"
            page = self._told(Fills, self.ask(PRIVATE, "GET", path, asked))
            found |= {one.entry_id: one for one in page.fills}
            if not page.cursor or not page.fills:
                return [self._execution(one) for one in found.values() if one.trade_type == "FILL"]
            if page.cursor == cursor:
                raise unreadable("a page that follows itself", self.place)
            cursor = page.cursor

    def positions(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for wallet in self._wallets():
            if wallet.currency != _MONEY:
                symbol = f"{wallet.currency}-{_MONEY}"
                held = self.nearest(wallet.available_balance.value) + self.nearest(
                    wallet.hold.value
                )
                found[symbol] = found.get(symbol, 0) + held
        return found

    def account(self) -> Account:
        money = [one for one in self._wallets() if one.currency == _MONEY]
        free = sum(self.nearest(one.available_balance.value) for one in money)
        held = sum(self.nearest(one.hold.value) for one in money)
        reply = self.ask(PRIVATE, "GET", "brokerage/key_permissions", {})
        able = self._told(Permissions, reply)
        return Account(
            None,
            None,
            free + held,
            free,
            "" if able.can_trade else "the key may not trade",
            ("transfer",) if able.can_transfer else (),
        )

    def _wallets(self) -> list[Wallet]:
        found: list[Wallet] = []
        cursor = ""
        while True:
            asked: dict[str, Any] = {"limit": self._orders_a_page}
            if cursor:
                asked["cursor"] = cursor
            page = self._told(Wallets, self.ask(PRIVATE, "GET", "brokerage/accounts", asked))
            found += page.accounts
            if not page.has_next:
                return found
            if not page.cursor or page.cursor == cursor:
                raise unreadable("a page that follows itself", self.place)
            cursor = page.cursor

    def _listed(self, listing: dict[str, str], urgency: Urgency) -> Iterator[CoinbaseOrder]:
        seen: set[str] = set()
        cursor = ""
        while True:
            asked: dict[str, Any] = {**listing, "limit": self._orders_a_page}
            if cursor:
                asked["cursor"] = cursor
            path = "brokerage/orders/historical/batch"
            page = self._told(Orders, self.ask(PRIVATE, "GET", path, asked, urgency))
            new = [one for one in page.orders if one.order_id not in seen]
            seen |= {one.order_id for one in new}
            yield from new
            if not page.has_next:
                return
            if not page.cursor or page.cursor == cursor:
                raise unreadable("a page that follows itself", self.place)
            cursor = page.cursor

    def _seen(self, one: CoinbaseOrder) -> VenueOrder:
        state, filled = STATES.get(one.status), self.exact(one.filled_size)
        if state is None:
            raise unreadable(f"an order is {one.status[:40]!r}", self.place)
        if filled and not state.terminal:
            state = OrderState.PARTIALLY_FILLED
        limits = one.order_configuration and one.order_configuration.limit_limit_gtc
        times = (one.created_time, one.last_fill_time, one.last_update_time)
        known = [instant(text, self.place) for text in times if text]
        if not known:
            raise unreadable("an order without a time", self.place)
        return VenueOrder(
            one.order_id,
            name_of(one),
            one.product_id,
            state,
            one.status,
            (one.reject_message or one.cancel_message)[:200],
            self.exact(limits.base_size) if limits else filled,
            filled,
            known[0],
            max(known),
            dated=bool(one.last_update_time),
        )

    def _execution(self, one: CoinbaseFill) -> VenueExecution:
        if one.size_in_quote:
            raise unreadable("an execution counted in money", self.place)
        side: Side = "buy" if one.side == "BUY" else "sell"
        return VenueExecution(
            one.entry_id,
            one.order_id,
            one.product_id,
            side,
            self.exact(one.size),
            self.exact(one.price),
            self.nearest(one.commission),
            instant(one.trade_time, self.place),
        )
