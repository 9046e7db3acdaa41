"""Tradier on this machine: forms in, and its own JSON out, as its recordings show it."""

import uuid
from typing import Any
from urllib.parse import parse_qs

from tests.executor.brokers.vendor import Asked, Held, Told, VendorServer
from vanta.domain.exact import UNIT, units
from vanta.domain.instant import SECOND, show_instant

TOKEN, ACCOUNT = "tr4dier-token-of-the-account", "VA000001"
OPTION = "AAPL220225P00180000"
_STATES = {"cancelled": "canceled"}

QUOTE: dict[str, Any] = {
    "symbol": "AAPL", "description": "Apple Inc", "exch": "Q", "type": "stock", "last": 173.09,
    "change": -3.19, "volume": 64097061, "open": 174.14, "high": 175.48, "low": 172.37,
    "close": None, "bid": 173.08, "ask": 173.09, "change_percentage": -1.81,
    "average_volume": 102294360, "last_volume": 100, "trade_date": 1644524235562,
    "prevclose": 176.28, "week_52_high": 182.94, "week_52_low": 116.21, "bidsize": 3,
    "bidexch": "N", "bid_date": 1644524235000, "asksize": 9, "askexch": "Z",
    "ask_date": 1644524235000, "root_symbols": "AAPL",
}  # fmt: skip
OPTION_QUOTE: dict[str, Any] = {
    "symbol": OPTION, "description": "AAPL Feb 25 2022 $180.00 Put", "exch": "Z",
    "type": "option", "last": 8.45, "change": 0.01, "volume": 370, "open": 8.3, "high": 8.9,
    "low": 8.1, "close": None, "bid": 8.4, "ask": 8.55, "underlying": "AAPL", "strike": 180.0,
    "change_percentage": 1.0, "average_volume": 0, "last_volume": 3,
    "trade_date": 1644522438077, "prevclose": 7.1, "week_52_high": 0.0, "week_52_low": 0.0,
    "bidsize": 56, "bidexch": "W", "bid_date": 1644524232000, "asksize": 191, "askexch": "W",
    "ask_date": 1644524232000, "open_interest": 471, "contract_size": 100,
    "expiration_date": "2022-02-25", "expiration_type": "weeklys", "option_type": "put",
    "root_symbol": "AAPL",
}  # fmt: skip
QUOTES = {"AAPL": QUOTE, OPTION: OPTION_QUOTE, "BRK/B": {**QUOTE, "symbol": "BRK/B"}}


class TradierVendor(VendorServer):
    """The brokerage API on a port."""

    def __init__(self) -> None:
        super().__init__()
        self.books.number = lambda n: str(228_000 + n)
        self.headers = {"X-Ratelimit-Allowed": "60", "X-Ratelimit-Available": "58"}
        self.yesterday: set[str] = set()
        """Orders that are not listed any more."""
        self.sides: list[str] = []
        self.dates = 0
        """When its quotes are of, ms; as recorded where 0."""
        self.sessions: set[str] = set()
        """Of the stream: given out, and not used yet."""
        self.pages = True
        """Whether it knows of pages."""

    def submits(self, asked: Asked) -> bool:
        return asked.method == "POST" and asked.path.endswith("/orders")

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b"Invalid Access Token"
        parts = asked.path.strip("/").split("/")[1:]
        match asked.method, parts:
            case "POST", ["accounts", "VA000001", "orders"]:
                fields = parse_qs(asked.body.decode(), strict_parsing=True)
                return self._submit({name: values[0] for name, values in fields.items()})
            case "POST", ["accounts", "events", "session"]:
                name = str(uuid.uuid4())
                self.sessions.add(name)
                url = "https://stream.tradier.com/v1/accounts/events"
                return 200, {"stream": {"url": url, "sessionid": name}}
            case "GET", ["accounts", "VA000001", "orders"]:
                return self._list(asked.query)
            case "GET", ["accounts", "VA000001", "orders", name]:
                held = self.books.orders.get(name)
                return (200, {"order": order_json(held)}) if held else (404, b"order not found")
            case "DELETE", ["accounts", "VA000001", "orders", name]:
                return self._cancel(self.books.orders[name])
        return self._rest(parts, asked.query)

    def _rest(self, parts: list[str], query: dict[str, str]) -> Told:
        match parts:
            case ["accounts", "VA000001", "positions"]:
                found = [_position(*one) for one in self.books.positions.items() if one[1]]
                return 200, {"positions": {"position": _quirk(found)} if found else "null"}
            case ["accounts", "VA000001", "balances"]:
                return 200, BALANCES
            case ["user", "profile"]:
                return 200, PROFILE
            case ["markets", "quotes"]:
                known = [QUOTES[one] for one in query["symbols"].split(",") if one in QUOTES]
                if known:
                    at = self.priced() * 1000 // SECOND if self.ahead else self.dates
                    dates = {"bid_date": at, "ask_date": at} if at else {}
                    told = [{**one, **dates} for one in known]
                    return 200, {"quotes": {"quote": _quirk(told)}}
                return 200, {"quotes": {"unmatched_symbols": {"symbol": query["symbols"]}}}
            case ["markets", "clock"]:
                return 200, {"clock": {"date": "2022-02-10", "state": "open", "timestamp": 1}}
            case ["markets", "etb"]:
                return 200, {"securities": {"security": [{"symbol": "AAPL", "exchange": "Q"}]}}
        return 404, b"not found"

    def _submit(self, form: dict[str, str]) -> Told:
        if self.refusal:
            return self.refusal
        assert (form["type"], form["duration"]) == ("limit", "day")
        symbol = form["option_symbol"] if form["class"] == "option" else form["symbol"]
        self.sides.append(form["side"])
        side = "buy" if form["side"].startswith("buy") else "sell"
        held = self.books.take(
            form["tag"], symbol, side, units(form["quantity"]), units(form["price"])
        )
        return 200, {"order": {"id": int(held.id), "status": "ok", "partner_id": "c4998eb7"}}

    def _cancel(self, held: Held) -> Told:
        if held.state != "live":
            return 400, {"errors": {"error": "order already in finalized state"}}
        if not held.stubborn:
            self.books.end(held)
        return 200, {"order": {"id": int(held.id), "status": "ok"}}

    def _list(self, query: dict[str, str]) -> Told:
        assert query["includeTags"] == "true"
        found = [
            one
            for one in self.books.orders.values()
            if one.id not in self.yesterday and not one.unlisted
        ]
        if self.pages:
            limit, page = int(query["limit"]), int(query["page"])
            found = found[limit * (page - 1) : limit * page]
        if not found:
            return 200, {"orders": "null"}
        return 200, {"orders": {"order": _quirk([order_json(one) for one in found])}}


def _quirk(rows: list[Any]) -> Any:  # noqa: ANN401 - a list, or the one in it
    return rows[0] if len(rows) == 1 else rows


BALANCES: dict[str, Any] = {
    "balances": {
        "option_short_value": 0, "total_equity": 17798.36, "account_number": ACCOUNT,
        "account_type": "margin", "close_pl": -4813.0, "current_requirement": 2557.0,
        "equity": 0, "long_market_value": 11434.5, "market_value": 11434.5,
        "open_pl": 546.9000000000001, "option_long_value": 8877.5, "option_requirement": 0,
        "pending_orders_count": 0, "short_market_value": 0, "stock_long_value": 2557.0,
        "total_cash": 6363.860000000000, "uncleared_funds": 0, "pending_cash": 0,
        "margin": {
            "fed_call": 0, "maintenance_call": 0, "option_buying_power": 6363.86,
            "stock_buying_power": 12727.72, "stock_short_value": 0, "sweep": 0,
        },
    }
}  # fmt: skip
PROFILE: dict[str, Any] = {
    "profile": {
        "id": "id-gcostanza", "name": "George Costanza",
        "account": {
            "account_number": ACCOUNT, "classification": "individual",
            "date_created": "2016-08-01T21:08:55.000Z", "day_trader": False, "option_level": 6,
            "status": "active", "type": "margin", "last_update_date": "2016-08-01T21:08:55.000Z",
        },
    }
}  # fmt: skip


def order_json(held: Held) -> dict[str, Any]:
    """An order as Tradier writes it: numbers as binary fractions."""
    paid = sum(one.price * one.quantity for one in held.executions)
    average = paid / held.filled / UNIT if held.filled else 0.0
    last = held.executions[-1] if held.executions else None
    state = {"live": "partially_filled" if last else "open"}.get(held.state, held.state)
    option = len(held.symbol) > 10
    made: dict[str, Any] = {
        "id": int(held.id), "type": "limit", "symbol": "AAPL" if option else held.symbol,
        "side": held.side, "quantity": held.quantity / UNIT,
        "status": _STATES.get(state, state), "duration": "day", "price": held.limit / UNIT,
        "avg_fill_price": average, "exec_quantity": held.filled / UNIT,
        "last_fill_price": last.price / UNIT if last else 0.0,
        "last_fill_quantity": last.quantity / UNIT if last else 0.0,
        "remaining_quantity": (held.quantity - held.filled) / UNIT,
        "create_date": show_instant(held.submitted), "transaction_date": show_instant(held.updated),
        "class": "option" if option else "equity", "tag": held.client_id,
    }  # fmt: skip
    if option:
        made["option_symbol"] = held.symbol
    if held.reason:
        made["reason_description"] = held.reason
    return made


def _position(symbol: str, quantity: int) -> dict[str, Any]:
    return {
        "cost_basis": 207.01, "date_acquired": "2018-08-08T14:41:11.405Z", "id": 130089,
        "quantity": quantity / UNIT, "symbol": symbol,
    }  # fmt: skip
