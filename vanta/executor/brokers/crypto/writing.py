"""Requests as `ccxt` writes and signs them; nothing is sent here, and nothing of an answer read.

`ccxt` knows how each exchange wants an order put and a request signed. Its transport logs whole
requests, follows redirects and waits anew for every byte, and what it makes of an answer are
floats and errors of its own. So what it wrote is taken from it just before it would send.
"""

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.exact import show_units
from vanta.domain.instant import SECOND
from vanta.domain.trading import Instrument, Order
from vanta.executor.brokers.rest.edge import Method

PATIENCE = 5.0
"""Seconds `ccxt` would wait; said all the same, for it never sends."""
_TAKEN = frozenset({"Authorization", "Content-Type"})
_TAKEN_FROM = ("X-BAPI-",)


@dataclass(frozen=True, slots=True)
class Written:
    """A request, whole and signed. What it carries is in no text of it."""

    method: Method
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Writing:
    """Writes the requests of one account at one exchange.

    Args:
        exchange: its name at `ccxt`.
        url: address of the API, without a path.
        key: public part of the credentials.
        secret: the other part, as `ccxt` signs with it.
        clock: UTC nanoseconds.

    Raises:
        UnavailableError: `ccxt` is not installed.
        RefusedError: nothing can be signed with the secret.
    """

    def __init__(
        self,
        exchange: Literal["coinbase", "bybit"],
        url: str,
        key: str,
        secret: str,
        clock: Callable[[], int],
    ) -> None:
        self._url = url.rstrip("/")
        self._exchange = _speaking(exchange, self._url, key, secret, clock)

    def request(
        self, api: list[str], method: Method, path: str, params: Mapping[str, Any]
    ) -> Written:
        """One request.

        Args:
            api: the part of the API, as `ccxt` names it.
            method: of HTTP.
            path: as `ccxt` has it, with its `{names}` out of `params`.
            params: the rest is the query, or the body.
        """
        return self._of(_quietly(lambda: self._exchange.sign(path, api, method, dict(params))))

    def order(self, order: Order, instrument: Instrument, product: str, name: str) -> Written:
        """A limit order that stays until it is cancelled.

        Args:
            order: what to write.
            instrument: whose steps `ccxt` cuts to.
            product: the exchange's own name of the symbol.
            name: client order id as the exchange takes it.
        """
        base, _, quote = order.symbol.partition("-")
        market = {
            "id": product,
            "symbol": f"{base}/{quote}",
            "base": base,
            "quote": quote,
            "baseId": base,
            "quoteId": quote,
            "type": "spot",
            "spot": True,
            "active": True,
            "contract": False,
            "precision": {
                "amount": show_units(instrument.lot),
                "price": show_units(instrument.tick),
            },
        }

        def write() -> Mapping[str, Any]:
            speaking = self._exchange
            speaking.set_markets([speaking.safe_market_structure(market)])
            speaking.written = None
            called = {"clientOrderId": name, "timeInForce": "GTC"}
            if speaking.id == "coinbase":
                # It takes no notice of `clientOrderId` there, and makes one up.
                called["client_order_id"] = name
            with contextlib.suppress(_UnsentError):
                speaking.create_order(
                    market["symbol"],
                    "limit",
                    order.side,
                    show_units(order.quantity),
                    show_units(order.limit_price),
                    called,
                )
            if speaking.written is None:
                raise LookupError
            return cast("Mapping[str, Any]", speaking.written)

        return self._of(_quietly(write))

    def _of(self, written: Mapping[str, Any]) -> Written:
        headers = {
            name: value
            for name, value in (written["headers"] or {}).items()
            if name in _TAKEN or name.startswith(_TAKEN_FROM)
        }
        url, body = str(written["url"]), written["body"]
        if not url.startswith(self._url + "/"):
            raise _unwritten()
        if body is None:
            headers.pop("Content-Type", None)
        return Written(
            written["method"],
            url[len(self._url) :],
            headers,
            b"" if body is None else body.encode(),
        )


class _UnsentError(Exception):
    """Stands where `ccxt` would send."""


def _quietly(write: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return write()
    except Exception:  # noqa: BLE001 - whatever it was, nothing was sent
        # Not told on: what `ccxt` says of a key it cannot use may have the key in it.
        raise _unwritten() from None


def _unwritten() -> RefusedError:
    return RefusedError(
        "the request could not be written or signed",
        code="BROKER_UNWRITTEN",
        remedy="look at the account's credentials; nothing was sent",
    )


def _speaking(
    name: Literal["coinbase", "bybit"], url: str, key: str, secret: str, clock: Callable[[], int]
) -> Any:  # noqa: ANN401 - ccxt has no types
    try:
        import ccxt  # noqa: PLC0415 - takes a second, and only a node that trades there has it
    except ImportError as error:
        raise UnavailableError(
            "ccxt is not installed",
            code="NO_CCXT",
            remedy="install the node with `vanta[executor,ccxt]`",
        ) from error
    kind = ccxt.coinbase if name == "coinbase" else ccxt.bybit

    class Speaking(kind):  # type: ignore[misc,valid-type]
        written: Mapping[str, Any] | None = None

        def fetch(
            self,
            url: str,
            method: str = "GET",
            headers: object = None,
            body: object = None,
        ) -> None:
            self.written = {"url": url, "method": method, "headers": headers, "body": body}
            raise _UnsentError

        def milliseconds(self) -> int:
            return clock() * 1000 // SECOND

        def seconds(self) -> int:
            return math.floor(clock() / SECOND)

        def nonce(self) -> int:
            return self.milliseconds()

        def __repr__(self) -> str:
            return f"<{name}>"

        __str__ = __repr__

    # Everything is said: what is not, it would find out by asking.
    speaking = Speaking(
        {
            "apiKey": key,
            "secret": secret,
            # Ours counts the requests, for it lets a cancellation through that theirs would keep.
            "enableRateLimit": False,
            "timeout": int(PATIENCE * 1000),
            "verbose": False,
            "options": {
                "enableUnifiedMargin": False,
                "enableUnifiedAccount": True,
                "adjustForTimeDifference": False,
                "maxRetriesOnFailure": 0,
                "recvWindow": 5000,
            },
        }
    )
    speaking.number = str
    speaking.urls["api"] = dict.fromkeys(speaking.urls["api"], url)
    return speaking
