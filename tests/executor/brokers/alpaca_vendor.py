"""Alpaca on this machine: its paths, field names and number formats, as recordings show them."""

import json
import uuid
from decimal import Decimal
from typing import Any

from tests.executor.brokers.vendor import Asked, Execution, Held, Told, VendorServer
from vanta.domain.exact import UNIT, show_units, units
from vanta.domain.instant import parse_instant, show_instant

KEY, SECRET = "PKTEST0001", "s3cret-of-the-account"
_STATES = {"live": "new", "cancelled": "canceled"}
_AAPL: dict[str, Any] = {
    "id": "904837e3-3b76-47ec-b432-046db621571b",
    "class": "us_equity",
    "exchange": "NASDAQ",
    "symbol": "AAPL",
    "name": "Apple Inc. Common Stock",
    "status": "active",
    "tradable": True,
    "marginable": True,
    "shortable": True,
    "easy_to_borrow": True,
    "fractionable": True,
}
ASSETS = {
    "AAPL": _AAPL,
    "BTC/USD": {
        **_AAPL,
        "id": "276e2673-764b-4ab6-a611-caf665ca6340",
        "class": "crypto",
        "exchange": "CRYPTO",
        "symbol": "BTC/USD",
        "shortable": False,
        "easy_to_borrow": False,
        "min_order_size": "0.000026873",
        "min_trade_increment": "0.00000001",
        "price_increment": "0.01",
    },
}
OPTION = "AAPL240126P00050000"
CONTRACT = {
    "id": "00000000-0000-0000-0000-000000000000",
    "symbol": OPTION,
    "name": "AAPL Jan 26 2024 50 Put",
    "status": "active",
    "tradable": True,
    "expiration_date": "2024-01-26",
    "root_symbol": "AAPL",
    "underlying_symbol": "AAPL",
    "underlying_asset_id": _AAPL["id"],
    "type": "put",
    "style": "american",
    "strike_price": "50",
    "size": "100",
    "open_interest": "0",
    "open_interest_date": "2024-01-25",
    "close_price": None,
    "close_price_date": None,
}
QUOTE = {
    "t": "2022-03-18T14:02:43.651613184Z", "ax": "P", "ap": 161.11, "as": 13,
    "bx": "K", "bp": 161.1, "bs": 2, "c": ["R"], "z": "C",
}  # fmt: skip
TRADE = {
    "t": "2022-03-18T14:02:09.722539521Z", "x": "D", "p": 161.2958, "s": 100, "c": ["@"],
    "i": 22730, "z": "C",
}  # fmt: skip
BAR = {
    "t": "2022-03-17T04:00:00Z", "o": 158.6, "h": 161.0, "l": 157.6, "c": 160.5, "v": 75615400,
    "n": 540232, "vw": 159.6,
}  # fmt: skip


class AlpacaVendor(VendorServer):
    """The trading and the market data API on one port."""

    def __init__(self) -> None:
        super().__init__()
        self.books.number = lambda n: str(uuid.UUID(int=n))
        self.headers = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "187"}
        self.open = True
        self.account = dict(ACCOUNT)
        self.quote = dict(QUOTE)
        self.moved: list[dict[str, Any]] = []
        """What it posted that was no execution, oldest first."""
        self.rate = Decimal(0)
        """What it keeps of a coin that is bought, at once."""
        self.taken = "0"
        """What moved its cash, and was not posted."""
        self.posted: set[str] = set()
        """Executions whose fee was posted."""

    def submits(self, asked: Asked) -> bool:
        return asked.method == "POST"

    def answer(self, asked: Asked) -> Told:
        given = asked.headers.get("apca-api-key-id"), asked.headers.get("apca-api-secret-key")
        if given != (KEY, SECRET):
            return 401, {"code": 40110000, "message": "request is not authorized"}
        parts = asked.path.strip("/").split("/")
        match asked.method, parts:
            case "POST", ["v2", "orders"]:
                return self._submit(json.loads(asked.body))
            case "GET", ["v2", "orders"]:
                return self._list(asked.query)
            case "GET", ["v2", "orders:by_client_order_id"]:
                found = [
                    one
                    for one in self.books.orders.values()
                    if one.client_id == asked.query["client_order_id"]
                ]
                return (200, order_json(found[0])) if found else _MISSING
            case "GET", ["v2", "orders", name]:
                held = self.books.orders.get(name)
                return (200, order_json(held)) if held else _MISSING
            case "DELETE", ["v2", "orders", name]:
                return self._cancel(self.books.orders[name])
            case "GET", ["v2", "account", "activities", "FILL"]:
                return self._activities(asked.query)
            case "GET", ["v2", "account", "activities"]:
                return self._moved(asked.query)
        return self._rest(parts, asked.query)

    def _rest(self, parts: list[str], query: dict[str, str]) -> Told:
        symbol = query.get("symbols", "")
        match parts:
            case ["v2", "account"]:
                return 200, {**self.account, "cash": f"{self.cash():f}"}
            case ["v2", "positions"]:
                return 200, [
                    position_json(symbol, quantity)
                    | {"qty": f"{self.left(symbol, quantity).normalize():f}"}
                    for symbol, quantity in self.books.positions.items()
                    if quantity
                ]
            case ["v2", "assets", name]:
                known = {**ASSETS, "BTC%2FUSD": ASSETS["BTC/USD"], "BTCUSD": ASSETS["BTC/USD"]}
                return (200, known[name]) if name in known else _NO_ASSET
            case ["v2", "options", "contracts", name]:
                return (200, CONTRACT) if name == OPTION else _NO_ASSET
            case ["v2", "clock"]:
                return 200, {**CLOCK, "is_open": self.open}
            case ["v2", "stocks", "snapshots"]:
                return 200, {symbol: self._snapshot()} if symbol in ASSETS else {}
            case ["v1beta1", "options", "snapshots"] | ["v1beta3", "crypto", "us", "snapshots"]:
                return 200, {"snapshots": {symbol: self._snapshot()}}
            case [*_, "bars"]:
                return 200, {"bars": {symbol: [BAR, BAR]}, "next_page_token": None}
        return 404, {"message": "endpoint not found."}

    def _snapshot(self) -> dict[str, Any]:
        at = {"t": show_instant(self.priced())} if self.ahead else {}
        return {"latestTrade": TRADE, "latestQuote": {**self.quote, **at}, "dailyBar": BAR}

    def _submit(self, body: dict[str, Any]) -> Told:
        if self.refusal:
            return self.refusal
        if any(one.client_id == body["client_order_id"] for one in self.books.orders.values()):
            return 422, {"code": 40010001, "message": "client_order_id must be unique"}
        held = self.books.take(
            body["client_order_id"],
            body["symbol"],
            body["side"],
            units(str(body["qty"])),
            units(str(body["limit_price"])),
        )
        return 200, order_json(held)

    def _cancel(self, held: Held) -> Told:
        if held.state != "live":
            return 422, {"code": 42210000, "message": f'order is already in "{held.state}" state'}
        if not held.stubborn:
            self.books.end(held)
        return 204, None

    def _list(self, query: dict[str, str]) -> Told:
        after = parse_instant(query["after"]) if "after" in query else 0
        found = [
            one
            for one in self.books.orders.values()
            if query["status"] in {"all", "open" if one.state == "live" else "closed"}
            and not one.unlisted
            and one.submitted > after
        ]
        found.sort(key=lambda one: one.submitted)
        return 200, [order_json(one) for one in found[: int(query.get("limit", "50"))]]

    def post(self, kind: str, amount: str = "0", **more: str) -> dict[str, Any]:
        """Post something that moved the account, dated today."""
        day = show_instant(self.books.tick())[:10]
        stamp = f"{day.replace('-', '')}000000000"
        made = {
            "id": f"{stamp}::{uuid.UUID(int=len(self.moved))}",
            "activity_type": kind,
            "date": day,
            "net_amount": amount,
            "description": "",
            "status": "executed",
            **more,
        }
        self.moved.append(made)
        return made

    def cash(self) -> Decimal:
        """What lies there: what did at first, what executions and what was posted moved."""
        there = Decimal("-23140.2") + Decimal(self.taken)
        for held in self.books.orders.values():
            for one in held.executions:
                paid = Decimal(one.price * one.quantity) / UNIT**2
                there += -paid if held.side == "buy" else paid
        return there + sum(Decimal(one["net_amount"]) for one in self.moved)

    def left(self, symbol: str, quantity: int) -> Decimal:
        """What of a position is there after what fees took of the coin."""
        name = symbol.replace("/", "")
        taken = [
            Decimal(one["qty"])
            for one in self.moved
            if (one["activity_type"], one.get("symbol")) == ("CFEE", name)
        ]
        return Decimal(show_units(quantity)) + sum(taken, Decimal(0)) - self.untold(symbol)

    def untold(self, symbol: str) -> Decimal:
        """What was kept of a coin and not posted yet."""
        kept = [
            Decimal(show_units(one.quantity)) * self.rate
            for held in self.books.orders.values()
            for one in held.executions
            if (held.symbol, held.side) == (symbol, "buy") and one.id not in self.posted
        ]
        return sum(kept, Decimal(0)) if "/" in symbol else Decimal(0)

    def end_of_day(self) -> None:
        """Post what was kept of every purchase of the day."""
        for held in list(self.books.orders.values()):
            for one in held.executions:
                if "/" in held.symbol and held.side == "buy" and one.id not in self.posted:
                    self.posted.add(one.id)
                    qty = -Decimal(show_units(one.quantity)) * self.rate
                    name = held.symbol.replace("/", "")
                    self.post("CFEE", symbol=name, qty=f"{qty:f}", price=show_units(one.price))

    def _moved(self, query: dict[str, str]) -> Told:
        assert query["category"] == "non_trade_activity"
        after, token = query["after"], query.get("page_token", "")
        found = sorted(self.moved, key=lambda one: str(one["id"]))
        rest = [one for one in found if f"{one['date']}T99" > after and str(one["id"]) > token]
        return 200, rest[: int(query["page_size"])]

    def _activities(self, query: dict[str, str]) -> Told:
        after = parse_instant(query["after"]) if "after" in query else 0
        found = [
            (_activity_id(one), one, held)
            for held in self.books.orders.values()
            for one in held.executions
            if one.ts > after and not one.hidden
        ]
        found.sort(key=lambda row: row[0])
        token = query.get("page_token", "")
        rest = [row for row in found if row[0] > token]
        return 200, [activity_json(*row) for row in rest[: int(query["page_size"])]]


CLOCK = {
    "timestamp": "2022-03-18T10:02:44-04:00",
    "next_open": "2022-03-21T09:30:00-04:00",
    "next_close": "2022-03-18T16:00:00-04:00",
}
_MISSING: Told = (404, {"code": 40410000, "message": "order not found"})
_NO_ASSET: Told = (404, {"code": 40410000, "message": "asset not found"})
ACCOUNT = {
    "account_blocked": False,
    "account_number": "010203ABCD",
    "buying_power": "262113.632",
    "cash": "-23140.2",
    "created_at": "2019-06-12T22:47:07.99658Z",
    "currency": "USD",
    "daytrade_count": 0,
    "equity": "103820.56",
    "id": "e6fe16f3-64a4-4921-8928-cadf02f92f98",
    "multiplier": "4",
    "options_approved_level": "1",
    "options_trading_level": "1",
    "pattern_day_trader": False,
    "portfolio_value": "103820.56",
    "shorting_enabled": True,
    "status": "ACTIVE",
    "trade_suspended_by_user": False,
    "trading_blocked": False,
    "transfers_blocked": False,
}


def order_json(held: Held) -> dict[str, Any]:
    """An order as Alpaca writes it."""
    partly = held.state == "live" and held.executions
    status = "partially_filled" if partly else _STATES.get(held.state, held.state)
    return {
        "id": held.id,
        "client_order_id": held.client_id,
        "created_at": show_instant(held.submitted),
        "updated_at": show_instant(held.updated),
        "submitted_at": show_instant(held.submitted),
        "filled_at": None,
        "expired_at": None,
        "canceled_at": None,
        "failed_at": None,
        "replaced_at": None,
        "replaced_by": None,
        "replaces": None,
        "asset_id": "904837e3-3b76-47ec-b432-046db621571b",
        "symbol": held.symbol,
        "asset_class": "crypto" if "/" in held.symbol else "us_equity",
        "notional": None,
        "qty": show_units(held.quantity),
        "filled_qty": show_units(held.filled),
        "filled_avg_price": None,
        "order_class": "simple",
        "order_type": "limit",
        "type": "limit",
        "side": held.side,
        "time_in_force": "day",
        "limit_price": show_units(held.limit),
        "stop_price": None,
        "status": status,
        "extended_hours": False,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }


def _activity_id(one: Execution) -> str:
    stamp = "".join(filter(str.isdigit, show_instant(one.ts)))[:17].ljust(17, "0")
    return f"{stamp}::{one.id}"


def activity_json(name: str, one: Execution, held: Held) -> dict[str, Any]:
    return {
        "id": name,
        "activity_type": "FILL",
        "transaction_time": show_instant(one.ts),
        "type": "fill",
        "price": show_units(one.price),
        "qty": show_units(one.quantity),
        "side": "sell_short" if held.side == "sell" else held.side,
        "symbol": held.symbol,
        "leaves_qty": "0",
        "order_id": held.id,
        "cum_qty": show_units(held.filled),
        "order_status": "filled",
    }


def position_json(symbol: str, quantity: int) -> dict[str, Any]:
    return {
        "asset_id": "904837e3-3b76-47ec-b432-046db621571b",
        "symbol": symbol.replace("/", ""),
        "exchange": "NASDAQ",
        "asset_class": "crypto" if "/" in symbol else "us_equity",
        "avg_entry_price": "100.0",
        "qty": show_units(quantity),
        "qty_available": show_units(quantity),
        "side": "short" if quantity < 0 else "long",
        "market_value": "600.0",
        "cost_basis": "500.0",
        "unrealized_pl": "100.0",
        "unrealized_plpc": "0.20",
        "unrealized_intraday_pl": "10.0",
        "unrealized_intraday_plpc": "0.0084",
        "current_price": "120.0",
        "lastday_price": "119.0",
        "change_today": "0.0084",
    }
