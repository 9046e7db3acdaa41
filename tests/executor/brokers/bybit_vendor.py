"""Bybit on this machine: its paths, signatures, names and formats, as recordings show them."""

import hashlib
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.executor.brokers.coinbase_vendor import paged
from tests.executor.brokers.vendor import Asked, Execution, Held, Told, VendorServer
from vanta.domain.exact import show_units, units
from vanta.domain.instant import DAY, SECOND

KEY, SECRET = "bybit-key-0001", "s3cret-of-the-account"
MS = SECOND // 1000
_STATES = {"live": "New", "filled": "Filled", "cancelled": "Cancelled", "expired": "Cancelled",
           "rejected": "Rejected"}  # fmt: skip
MARKET = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "innovation": "0",
    "status": "Trading",
    "marginTrading": "utaOnly",
    "lotSizeFilter": {
        "basePrecision": "0.0001",
        "quotePrecision": "0.01",
        "minOrderQty": "0.001",
        "maxOrderQty": "100.0",
        "minOrderAmt": "10",
        "maxOrderAmt": "1000000",
    },
    "priceFilter": {"tickSize": "0.01"},
}
TICKER = {
    "symbol": "BTCUSDT",
    "bid1Price": "20517.96",
    "bid1Size": "2",
    "ask1Price": "20527.77",
    "ask1Size": "1.862172",
    "lastPrice": "20533.13",
    "prevPrice24h": "20393.48",
    "price24hPcnt": "0.0068",
    "highPrice24h": "21128.12",
    "lowPrice24h": "20318.89",
    "turnover24h": "243765620.65899866",
    "volume24h": "11801.27771",
    "usdIndexPrice": "20784.12009279",
}
PERMISSIONS = {"Spot": ["SpotTrade"], "Wallet": [], "Options": []}


class BybitVendor(VendorServer):
    """Its v5 API, of a unified account that trades spot."""

    def __init__(self) -> None:
        super().__init__()
        self.books.number = lambda n: f"{1_000_000_000_000_000_000 + n}"
        self.market: dict[str, Any] = dict(MARKET)
        self.fee = ("0", "")
        """What an execution costs, and in which coin."""
        self.rate = Decimal(0)
        """What it costs instead, as a share: of the coin when it is bought, of the money when it is
        sold."""
        self.key: dict[str, Any] = {"readOnly": 0, "permissions": PERMISSIONS}
        self.dropped: set[str] = set()
        """Orders that are no longer among those that ended lately, after it was restarted."""
        self.unshown: set[str] = set()
        """Orders that are not shown at all."""
        self.stuck = False
        """Whether every page is followed by itself."""
        self.trade_type = "Trade"
        self.mistaken = False
        """Whether it answers with another order than was asked for."""
        self.borrowed: dict[str, str] = {}
        self.busy = False
        """Whether it wants fewer requests, which it says inside an answer."""

    def submits(self, asked: Asked) -> bool:
        return asked.path == "/v5/order/create"

    def answer(self, asked: Asked) -> Told:
        if "x-bapi-api-key" in asked.headers:
            wrong = self._wrong(asked)
            if wrong:
                return self.told({}, *wrong)
        elif not asked.path.startswith("/v5/market/"):
            return self.told({}, 10007, "User authentication failed.")
        if self.busy:
            return self.told({"list": []}, 10006, "Too many visits!")
        body = json.loads(asked.body) if asked.body else {}
        assert {**asked.query, **body}.get("category", "spot") == "spot"
        match asked.path:
            case "/v5/order/create":
                return self._submit(body)
            case "/v5/order/cancel":
                return self._cancel(self.books.orders[body["orderId"]])
            case "/v5/order/realtime" | "/v5/order/history":
                return self._orders(asked.path, asked.query)
            case "/v5/execution/list":
                return self._executions(asked.query)
        return self._rest(asked.path)

    def _rest(self, path: str) -> Told:
        known: dict[str, Callable[[], Told]] = {
            "/v5/account/wallet-balance": self._wallet,
            "/v5/user/query-api": lambda: self.told(self.key),
            "/v5/market/instruments-info": lambda: self.told({"list": [self.market]}),
            "/v5/market/tickers": lambda: self.told({"list": [TICKER]}),
        }
        return known[path]() if path in known else (404, b"")

    def told(self, result: object, code: int = 0, message: str = "OK") -> Told:
        """An answer in its frame."""
        return 200, {
            "retCode": code,
            "retMsg": message,
            "result": result,
            "retExtInfo": {},
            "time": (self.priced() + self.skew * SECOND) // MS,
        }

    def _wrong(self, asked: Asked) -> tuple[int, str] | None:
        """What is wrong with the signature of a request."""
        headers = asked.headers
        at, window = headers["x-bapi-timestamp"], headers["x-bapi-recv-window"]
        payload = asked.body.decode() if asked.method == "POST" else urlencode(asked.query)
        signed = f"{at}{headers['x-bapi-api-key']}{window}{payload}"
        if headers["x-bapi-api-key"] != KEY:
            return 10003, "API key is invalid."
        made = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made, headers["x-bapi-sign"]):
            return 10004, f"error sign! origin_string[{signed}]"
        now = (self.now() + self.skew * SECOND) // MS
        if not now - int(window) <= int(at) < now + 1000:
            return 10002, "invalid request, please check your server timestamp"
        return None

    def _submit(self, body: dict[str, Any]) -> Told:
        if self.refusal:
            return self.refusal
        quantity, side = units(body["qty"]), body["side"].lower()
        there = Decimal(show_units(self.books.positions[body["symbol"]]))
        if side == "sell" and there - self._taken(body["symbol"]) < Decimal(body["qty"]):
            return self.told({}, 170131, "Insufficient balance.")
        if any(one.client_id == body["orderLinkId"] for one in self.books.orders.values()):
            return self.told({}, 170141, "Duplicate clientOrderId.")
        held = self.books.take(
            body["orderLinkId"], body["symbol"], side, quantity, units(body["price"])
        )
        return self.told({"orderId": held.id, "orderLinkId": held.client_id})

    def _cancel(self, held: Held) -> Told:
        if held.state != "live":
            return self.told({}, 170213, "Order does not exist.")
        if not held.stubborn:
            self.books.end(held)
        return self.told({"orderId": held.id, "orderLinkId": held.client_id})

    def _orders(self, path: str, query: dict[str, str]) -> Told:
        history = path.endswith("history")
        named = query.get("orderId"), query.get("orderLinkId")
        found = [
            one
            for one in self.books.orders.values()
            if one.id not in self.unshown
            and (any(named) or not one.unlisted)
            and (self.mistaken or self._named(one, named) if any(named) else self._in(one, query))
            and (history or one.state == "live" or (any(named) and one.id not in self.dropped))
            and not (history and one.state == "live")
        ]
        found.sort(key=lambda one: -one.submitted)
        page, cursor = paged(found, {"limit": "20", **query})
        cursor = "again" if self.stuck else cursor
        return self.told({"list": [order_json(one) for one in page], "nextPageCursor": cursor})

    @staticmethod
    def _named(one: Held, named: tuple[str | None, ...]) -> bool:
        return one.id in named or one.client_id in named

    @staticmethod
    def _in(one: Held, query: dict[str, str]) -> bool:
        if "startTime" not in query:
            return True
        begin, end = int(query["startTime"]) * MS, int(query["endTime"]) * MS
        assert end - begin <= 7 * DAY
        return begin <= one.submitted <= end

    def _executions(self, query: dict[str, str]) -> Told:
        begin, end = int(query["startTime"]) * MS, int(query["endTime"]) * MS
        assert end - begin <= 7 * DAY
        found = [
            (one, held)
            for held in self.books.orders.values()
            for one in held.executions
            if begin <= one.ts <= end and not one.hidden
        ]
        found.sort(key=lambda row: (-row[0].ts, row[0].id))
        page, cursor = paged(found, query)
        cursor = "again" if self.stuck else cursor
        kind = {"execType": self.trade_type}
        told = [execution_json(one, held, self.fee_of(one, held)) | kind for one, held in page]
        return self.told({"category": "spot", "list": told, "nextPageCursor": cursor})

    def _wallet(self) -> Told:
        held = {
            name.removesuffix("USDT"): Decimal(show_units(many)) - self._taken(name)
            for name, many in self.books.positions.items()
        }
        coins = [coin_json("USDT", "1000.5", "450"), coin_json("DOGE", "", "")]
        coins += [coin_json(name, f"{many:f}", "0") for name, many in held.items()]
        coins += [
            coin_json(name, "0", "0") | {"spotBorrow": many} for name, many in self.borrowed.items()
        ]
        return self.told({"list": [{"accountType": "UNIFIED", "coin": coins}]})

    def fee_of(self, one: Execution, held: Held) -> tuple[str, str]:
        """What an execution cost, and in which coin."""
        if not self.rate:
            return self.fee
        quantity = Decimal(show_units(one.quantity))
        if held.side == "buy":
            return f"{quantity * self.rate:f}", held.symbol.removesuffix("USDT")
        return f"{quantity * Decimal(show_units(one.price)) * self.rate:f}", "USDT"

    def _taken(self, symbol: str) -> Decimal:
        """What fees took out of a coin."""
        fees = [
            self.fee_of(one, held)
            for held in self.books.orders.values()
            for one in held.executions
            if held.symbol == symbol
        ]
        return sum((Decimal(fee) for fee, coin in fees if f"{coin}USDT" == symbol), Decimal(0))


def order_json(held: Held) -> dict[str, Any]:
    """An order as Bybit writes it."""
    state = "PartiallyFilled" if held.state == "live" and held.filled else _STATES[held.state]
    return {
        "orderId": held.id,
        "orderLinkId": held.client_id,
        "blockTradeId": None,
        "symbol": held.symbol,
        "price": show_units(held.limit),
        "qty": show_units(held.quantity),
        "side": held.side.capitalize(),
        "isLeverage": "0",
        "positionIdx": 0,
        "orderStatus": state,
        "cancelType": "CancelByUser" if held.state == "cancelled" else "",
        "rejectReason": held.reason or "EC_NoError",
        "avgPrice": None,
        "leavesQty": show_units(held.quantity - held.filled),
        "leavesValue": "0",
        "cumExecQty": show_units(held.filled),
        "cumExecValue": "0",
        "cumExecFee": "0",
        "timeInForce": "GTC",
        "orderType": "Limit",
        "stopOrderType": "",
        "orderIv": None,
        "triggerPrice": "0",
        "takeProfit": "0",
        "stopLoss": "0",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "createdTime": str(held.submitted // MS),
        "updatedTime": str(held.updated // MS),
    }


def execution_json(one: Execution, held: Held, fee: tuple[str, str]) -> dict[str, Any]:
    return {
        "symbol": held.symbol,
        "orderId": held.id,
        "orderLinkId": held.client_id,
        "side": held.side.capitalize(),
        "orderPrice": show_units(held.limit),
        "orderQty": show_units(held.quantity),
        "leavesQty": "0",
        "createType": "CreateByUser",
        "orderType": "Limit",
        "stopOrderType": "",
        "execFee": fee[0],
        "execId": f"e0cbe81d-{one.id}",
        "execPrice": show_units(one.price),
        "execQty": show_units(one.quantity),
        "execType": "Trade",
        "execValue": "0",
        "execTime": str(one.ts // MS),
        "feeCurrency": fee[1],
        "isMaker": True,
        "feeRate": "0.0003",
        "tradeIv": "",
        "markIv": "",
        "markPrice": "0",
        "indexPrice": "0",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "",
        "seq": 4688002127,
    }


def coin_json(coin: str, there: str, locked: str) -> dict[str, Any]:
    return {
        "availableToBorrow": "3",
        "bonus": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "equity": there,
        "usdValue": "0",
        "unrealisedPnl": "0",
        "borrowAmount": "0.0",
        "walletBalance": there,
        "cumRealisedPnl": "0",
        "locked": locked,
        "collateralSwitch": True,
        "marginCollateral": True,
        "coin": coin,
        "spotBorrow": "0",
    }
