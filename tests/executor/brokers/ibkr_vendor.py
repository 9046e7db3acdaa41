"""A Client Portal gateway on this machine: its paths, field names and number formats.

As recordings show them, where there are any, and as the vendor's documentation does elsewhere.
"""

import json
import ssl
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.executor.brokers.vendor import Asked, Execution, Held, Told, VendorServer
from vanta.domain.exact import UNIT, show_units, units
from vanta.domain.instant import SECOND

ACCOUNT = "DU1234567"
AAPL, SPY, BRK = 265598, 756733, 72063691
_STATES = {
    "live": "Submitted",
    "filled": "Filled",
    "cancelled": "Cancelled",
    "expired": "Cancelled",
}
_FIRST_ID = 1210386700
STOCKS: dict[str, list[dict[str, Any]]] = {
    "AAPL": [
        {
            "assetClass": "STK",
            "chineseName": "&#x82F9;&#x679C;&#x516C;&#x53F8;",
            "contracts": [
                {"conid": AAPL, "exchange": "NASDAQ", "isUS": True},
                {"conid": 38708077, "exchange": "MEXI", "isUS": False},
            ],
            "name": "APPLE INC",
        },
        {
            "assetClass": "STK",
            "chineseName": None,
            "contracts": [{"conid": 493546048, "exchange": "LSEETF", "isUS": False}],
            "name": "LS 1X AAPL",
        },
    ],
    "BRK B": [
        {
            "assetClass": "STK",
            "chineseName": None,
            "contracts": [{"conid": BRK, "exchange": "NYSE", "isUS": True}],
            "name": "BERKSHIRE HATHAWAY INC-CL B",
        }
    ],
}
NAMES = {AAPL: "AAPL", SPY: "SPY", BRK: "BRK B"}
LEDGER = {
    "acctcode": ACCOUNT, "cashbalance": 985376.94, "currency": "USD", "exchangerate": 1,
    "netliquidationvalue": 1034222.25, "secondkey": "USD", "settledcash": 985376.94,
    "stockmarketvalue": 45444.0, "timestamp": 1701198108, "unrealizedpnl": 1701.0,
}  # fmt: skip
PROFILE = {
    "accountId": ACCOUNT,
    "accountStatus": 1678852800000,
    "accountTitle": "Geralt of Rivia",
    "brokerageAccess": True,
    "clearingStatus": "O",
    "currency": "USD",
    "id": ACCOUNT,
    "noClientTrading": False,
    "tradingType": "STKMRGN",
    "type": "DEMO",
}
_NOBODY: Told = (401, {"error": "not authenticated", "statusCode": 401})
_NO_BRIDGE: Told = (400, {"error": "Bad Request: no bridge", "statusCode": 400})
_ACCOUNTS_FIRST: Told = (400, {"error": "Please query /accounts first", "statusCode": 400})

_NOTHING: Told = (404, {"error": "Resource not found", "statusCode": 404})


class IbkrVendor(VendorServer):
    """One gateway, with one user logged in."""

    def __init__(self) -> None:
        super().__init__()
        self.books.number = lambda n: str(_FIRST_ID + n)
        self.logged_in = True
        self.status = {"authenticated": True, "competing": False, "connected": True}
        self.accounts = [ACCOUNT]
        self.selected = ACCOUNT
        self.questions: list[tuple[str, str]] = []
        """Numbers and texts that every submission is asked."""
        self.waiting: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {}
        """Orders that are not sent yet, by the id of the question about them."""
        self.replies: list[tuple[str, bool]] = []
        self.rolled: dict[str, int] = {}
        """Order ids that were given out before, by the order that has them now."""
        self.gathered = True
        """Whether the listing of orders is together; it is once it was asked for."""
        self.subscribed: set[str] = set()
        self.market: dict[str, Any] = dict(MARKET)
        self.hours = (-3600, 3600)
        """Of the session, seconds from the vendor's now."""
        self.page = 100
        self.corrected = False
        self.definitions: dict[int, dict[str, Any]] = {}
        """Changes of what a contract is said to be."""
        self.commission: str | None = "1.01"
        self.position: dict[str, Any] = {}
        """Changes of what a position is said to be."""
        self.belongs: dict[str, str] = {}
        """Another account that orders and executions are of."""
        self.unnamed = False
        """Whether orders and executions come without the client order id."""
        self._asked_accounts = self._asked_portfolio = False
        self._secure = False

    def secure(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._secure = True

    @property
    def api(self) -> str:
        url = f"{self.url}/v1/api"
        return url.replace("http:", "https:") if self._secure else url

    def lose(self, *, gateway: bool) -> None:
        """End the session of the gateway, or of the brokerage behind it."""
        self.logged_in, self.status["connected"] = not gateway, gateway
        self._asked_accounts = self._asked_portfolio = False

    def submits(self, asked: Asked) -> bool:
        return asked.method == "POST" and asked.path.endswith("/orders")

    def answer(self, asked: Asked) -> Told:
        assert asked.path.startswith("/v1/api/"), asked.path
        assert asked.headers["user-agent"], "the gateway refuses requests without one"
        parts = asked.path.removeprefix("/v1/api/").strip("/").split("/")
        if not self.logged_in:
            return _NOBODY
        match parts:
            case ["tickle"]:
                assert asked.method == "POST"
                return 200, tickle_json(self.status)
            case ["iserver", *rest]:
                return self._brokerage(asked, rest)
            case ["portfolio", *rest]:
                return self._portfolio(asked.method, rest)
        return self._reference(parts, asked.query)

    def _brokerage(self, asked: Asked, parts: list[str]) -> Told:
        """What needs the brokerage session, and the accounts first."""
        if not self.status["connected"]:
            return _NO_BRIDGE
        if parts == ["accounts"]:
            self._asked_accounts = True
            return 200, {"accounts": self.accounts, "selectedAccount": self.selected}
        if not self._asked_accounts:
            return _ACCOUNTS_FIRST
        return self._market(parts, asked.query) or self._orders(asked, parts)

    def _orders(self, asked: Asked, parts: list[str]) -> Told:
        match asked.method, parts:
            case "POST", ["account"]:
                self.selected = json.loads(asked.body)["acctId"]
                return 200, {"set": True, "acctId": self.selected}
            case "POST", ["account", account, "orders"]:
                return self._submit(account, asked.body)
            case "POST", ["reply", name]:
                return self._reply(name, json.loads(asked.body)["confirmed"])
            case "DELETE", ["account", account, "order", name]:
                assert account == ACCOUNT
                return self._cancel(name)
            case "GET", ["account", "orders"]:
                return self._list()
            case "GET", ["account", "trades"]:
                return self._trades(asked.query)
        return _NOTHING

    def _market(self, parts: list[str], query: dict[str, str]) -> Told | None:
        if parts == ["marketdata", "snapshot"]:
            return self._snapshot(query)
        if parts == ["marketdata", "history"]:
            assert (query["bar"], query["period"]) == ("1d", "1m")
            return 200, {"symbol": "AAPL", "volumeFactor": 1, "data": [BAR, BAR]}
        return None

    def _portfolio(self, method: str, parts: list[str]) -> Told:
        if parts == ["accounts"]:
            self._asked_portfolio = True
            return 200, [PROFILE]
        if not self._asked_portfolio:
            return _ACCOUNTS_FIRST
        assert parts[0] == ACCOUNT
        match method, parts[1:]:
            case "POST", ["positions", "invalidate"]:
                return 200, {"message": "success"}
            case "GET", ["positions", page]:
                return self._positions(int(page))
            case "GET", ["ledger"]:
                return 200, {"BASE": {**LEDGER, "secondkey": "BASE"}, "USD": LEDGER}
            case "GET", ["summary"]:
                return 200, {"buyingpower": amount_json(3941507.76), "accountcode": NO_AMOUNT}
        return _NOTHING

    def _positions(self, page: int) -> Told:
        held = [one for one in sorted(self.books.positions.items()) if one[1]]
        begin = page * self.page
        shown = held[begin : begin + self.page]
        return 200, [position_json(*one) | self.position for one in shown]

    def _reference(self, parts: list[str], query: dict[str, str]) -> Told:
        match parts:
            case ["trsrv", "stocks"]:
                symbol = query["symbols"]
                return 200, {symbol: STOCKS.get(symbol, [])}
            case ["trsrv", "secdef"]:
                conid = int(query["conids"])
                return 200, {"secdef": [definition_json(conid) | self.definitions.get(conid, {})]}
            case ["contract", "trading-schedule"]:
                now = self.books.now // SECOND
                opening, closing = (now + one for one in self.hours)
                day = {"liquid_hours": [{"opening": opening, "closing": closing}]}
                return 200, {"exchange_time_zone": "US/Eastern", "schedules": {"20231114": day}}
        return _NOTHING

    def _submit(self, account: str, body: bytes) -> Told:
        if self.refusal:
            return self.refusal
        [order] = json.loads(body, parse_float=str, parse_int=str)["orders"]
        assert account == order["acctId"] == ACCOUNT
        assert (order["orderType"], order["tif"]) == ("LMT", "DAY")
        return self._asked_about(order, list(self.questions))

    def _asked_about(self, order: dict[str, Any], left: list[tuple[str, str]]) -> Told:
        if left:
            name = f"07a13a5a-4a48-44a5-bb25-{len(self.replies):012d}"
            number, text = left[0]
            self.waiting[name] = (order, left[1:])
            question = {"id": name, "message": [text], "isSuppressed": False}
            return 200, [{**question, "messageIds": [number]}]
        held = self.books.take(
            order["cOID"],
            NAMES[int(order["conid"])].replace(" ", "."),
            order["side"].lower(),
            units(order["quantity"]),
            units(order["price"]),
        )
        return 200, [
            {
                "order_id": str(self._shown(held)),
                "local_order_id": held.client_id,
                "order_status": "PreSubmitted",
                "encrypt_message": "1",
            }
        ]

    def _reply(self, name: str, confirmed: bool) -> Told:  # noqa: FBT001 - a field of the body
        self.replies.append((name, confirmed))
        order, left = self.waiting.pop(name)
        return self._asked_about(order, left) if confirmed else (200, {"msg": "declined"})

    def _shown(self, held: Held) -> int:
        return self.rolled.get(held.client_id, int(held.id))

    def _cancel(self, name: str) -> Told:
        same = [one for one in self.books.orders.values() if str(self._shown(one)) == name]
        live = [one for one in same if one.state == "live"]
        if not live:
            return 200, {"error": f"OrderID {name} doesn't exist"}
        if not live[0].stubborn:
            self.books.end(live[0])
        return 200, {"msg": "Request was submitted", "order_id": int(name), "conid": AAPL}

    def _list(self) -> Told:
        if not self.gathered:
            self.gathered = True
            return 200, {"orders": [], "snapshot": False}
        bare = self.belongs | ({"order_ref": None} if self.unnamed else {})
        found = [
            order_json(one, self._shown(one)) | bare
            for one in self.books.orders.values()
            if not one.unlisted
        ]
        return 200, {"orders": found, "snapshot": True}

    def _trades(self, query: dict[str, str]) -> Told:
        days = int(query["days"])
        assert 1 <= days <= 7
        since = self.books.now - days * 24 * 3600 * SECOND
        return 200, [
            trade_json(one, held, self.commission)
            | ({"execution_id": f"0000e0d5.{one.id}.01.02"} if self.corrected else {})
            | ({"order_ref": None} if self.unnamed else {})
            | self.belongs
            for held in self.books.orders.values()
            for one in held.executions
            if one.ts >= since and not one.hidden
        ]

    def _snapshot(self, query: dict[str, str]) -> Told:
        conid = query["conids"]
        bare = {"conid": int(conid), "conidEx": conid}
        if conid not in self.subscribed:
            self.subscribed.add(conid)
            return 200, [bare]
        at = {"_updated": self.priced() * 1000 // SECOND, "server_id": "q0"}
        asked = {name: value for name, value in self.market.items() if name in query["fields"]}
        return 200, [{**bare, **at, **asked}]


MARKET = {"31": "193.18", "84": "193.06", "86": "193.14", "6509": "RpB"}
BAR = {"c": 189.37, "h": 192.93, "l": 170.12, "o": 171.05, "t": 1698796800000, "v": 694298.04}
NO_AMOUNT = {"amount": 0.0, "currency": None, "isNull": False, "value": ACCOUNT, "severity": 0}


def amount_json(value: float) -> dict[str, Any]:
    return {"amount": value, "currency": "USD", "isNull": False, "value": None, "severity": 0}


def tickle_json(status: dict[str, bool]) -> dict[str, Any]:
    """The answer to a sign of life."""
    return {
        "collission": False,
        "hmds": {"error": "no bridge"},
        "iserver": {"authStatus": {**status, "MAC": "F4:03:43:CD:BD:C0", "message": ""}},
        "session": "ce109cbeb462a76dc3f6f4182c830cc1",
        "ssoExpires": 585695,
        "userId": 99996016,
    }


def order_json(held: Held, order_id: int) -> dict[str, Any]:
    """An order of the listing."""
    ticker = held.symbol.replace(".", " ")
    return {
        "account": ACCOUNT,
        "acct": ACCOUNT,
        "cashCcy": "USD",
        "conid": AAPL,
        "conidex": str(AAPL),
        "description1": ticker,
        "filledQuantity": number(held.filled),
        "lastExecutionTime": "240103201041",
        "lastExecutionTime_r": held.updated * 1000 // SECOND,
        "listingExchange": "NASDAQ.NMS",
        "orderId": order_id,
        "orderType": "Limit",
        "order_ref": held.client_id,
        "origOrderType": "LIMIT",
        "price": show_units(held.limit),
        "remainingQuantity": number(held.quantity - held.filled),
        "secType": "STK",
        "side": held.side.upper(),
        "status": _STATES.get(held.state, held.state),
        "ticker": ticker,
        "timeInForce": "CLOSE",
        "totalSize": number(held.quantity),
    }


def trade_json(one: Execution, held: Held, commission: str | None) -> dict[str, Any]:
    """An execution."""
    ticker = held.symbol.replace(".", " ")
    told = {} if commission is None else {"commission": commission}
    return told | {
        "execution_id": f"0000e0d5.{one.id}.01.01",
        "symbol": ticker,
        "supports_tax_opt": "1",
        "side": "B" if held.side == "buy" else "S",
        "order_description": "Bot 5 @ 192.26 on ISLAND",
        "trade_time": "20231211-18:00:49",
        "trade_time_r": one.ts * 1000 // SECOND,
        "size": number(one.quantity),
        "price": show_units(one.price),
        "order_ref": held.client_id,
        "exchange": "ISLAND",
        "net_amount": 961.3,
        "account": ACCOUNT,
        "accountCode": ACCOUNT,
        "company_name": "APPLE INC",
        "contract_description_1": ticker,
        "sec_type": "STK",
        "listing_exchange": "NASDAQ.NMS",
        "conid": AAPL,
        "conidEx": str(AAPL),
    }


def definition_json(conid: int) -> dict[str, Any]:
    """What a contract is; the portfolio writes the same fields with a position."""
    return {
        "conid": conid,
        "currency": "USD",
        "name": "APPLE INC",
        "assetClass": "STK",
        "ticker": NAMES[conid],
        "listingExchange": "NASDAQ",
        "countryCode": "US",
        "multiplier": 0.0,
        "strike": "0",
        "undConid": 0,
        "incrementRules": [{"lowerEdge": 0.0, "increment": 0.01}],
        "type": "COMMON",
        "isUS": True,
        "isEventContract": False,
    }


def position_json(symbol: str, quantity: int) -> dict[str, Any]:
    """A position."""
    ticker = symbol.replace(".", " ")
    conid = next(
        (one for one, name in NAMES.items() if name == ticker),
        int.from_bytes(symbol.encode(), "big"),
    )
    return {
        "acctId": ACCOUNT,
        "assetClass": "STK",
        "avgCost": 437.43,
        "avgPrice": 437.43,
        "conid": conid,
        "contractDesc": ticker,
        "currency": "USD",
        "mktPrice": 454.44000245,
        "mktValue": 45444.0,
        "model": "",
        "multiplier": 0.0,
        "pageSize": 100,
        "position": number(quantity),
        "realizedPnl": 0.0,
        "ticker": ticker,
        "unrealizedPnl": 1701.0,
    }


def number(value: int) -> float:
    """As the vendor writes quantities: with a point."""
    return float(Decimal(value) / UNIT)
