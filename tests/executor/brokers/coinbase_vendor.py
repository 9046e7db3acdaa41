"""Coinbase on this machine: its paths, tokens, field names and formats, as recordings show them."""

import base64
import json
import uuid
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.executor.brokers.vendor import Asked, Books, Execution, Held, Told, VendorServer
from vanta.domain.exact import show_units, units
from vanta.domain.instant import SECOND, parse_instant, show_instant

KEY = "organizations/0f2c/apiKeys/7d31"
_PRIVATE = ec.derive_private_key(0x5EC2E7, ec.SECP256R1())
_OTHER = ec.derive_private_key(0x07E2, ec.SECP256R1())
_STATES = {"live": "OPEN", "filled": "FILLED", "cancelled": "CANCELLED", "expired": "EXPIRED",
           "rejected": "FAILED"}  # fmt: skip
PRODUCT = {
    "product_id": "BTC-USD",
    "price": "68923.67",
    "price_percentage_change_24h": "-0.28560028286595",
    "volume_24h": "11005.02587005",
    "base_increment": "0.00000001",
    "quote_increment": "0.01",
    "quote_min_size": "1",
    "quote_max_size": "150000000",
    "base_min_size": "0.00000001",
    "base_max_size": "3400",
    "base_name": "Bitcoin",
    "quote_name": "US Dollar",
    "watched": False,
    "is_disabled": False,
    "new": False,
    "status": "online",
    "cancel_only": False,
    "limit_only": False,
    "post_only": False,
    "trading_disabled": False,
    "auction_mode": False,
    "product_type": "SPOT",
    "quote_currency_id": "USD",
    "base_currency_id": "BTC",
    "mid_market_price": "",
    "base_display_symbol": "BTC",
    "quote_display_symbol": "USD",
    "view_only": False,
    "price_increment": "0.01",
    "display_name": "BTC-USD",
    "best_bid_price": "",
    "best_ask_price": "",
}


def _one_line(key: ec.EllipticCurvePrivateKey) -> str:
    return base64.b64encode(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    ).decode()


SECRET, STRANGE = _one_line(_PRIVATE), _one_line(_OTHER)


class CoinbaseBooks(Books):
    """Found by our client ids too, which are UUIDs there."""

    def of(self, client_id: str) -> Held:
        return super().of(str(uuid.UUID(client_id.removeprefix("ord_"))))


class CoinbaseVendor(VendorServer):
    """Its Advanced Trade API."""

    def __init__(self) -> None:
        super().__init__()
        self.books = CoinbaseBooks(number=lambda n: str(uuid.UUID(int=n)))
        self.product = dict(PRODUCT)
        self.commission = "0"
        self.wallets = {"USD": ("10000.50", "450")}
        self.permissions = {"can_view": True, "can_trade": True, "can_transfer": False}
        self.tokens: set[str] = set()
        self.unshown: set[str] = set()
        """Orders that are not shown when they are asked for."""
        self.stuck = False
        """Whether every page is followed by itself."""
        self.trade_type = "FILL"
        self.queued: set[str] = set()
        """Orders whose cancellation waits, which is a state of its own."""

    def submits(self, asked: Asked) -> bool:
        return (asked.method, asked.path) == ("POST", "/api/v3/brokerage/orders")

    def answer(self, asked: Asked) -> Told:
        if not self._known(asked):
            return 401, b"Unauthorized\n"
        parts = asked.path.removeprefix("/api/v3/brokerage/").split("/")
        match asked.method, parts:
            case "POST", ["orders"]:
                return self._submit(json.loads(asked.body))
            case "POST", ["orders", "batch_cancel"]:
                return self._cancel(json.loads(asked.body)["order_ids"])
            case "GET", ["orders", "historical", "batch"]:
                return self._orders(asked.query)
            case "GET", ["orders", "historical", "fills"]:
                return self._fills(asked.query)
            case "GET", ["orders", "historical", name]:
                held = None if name in self.unshown else self.books.orders.get(name)
                return (200, {"order": self._json(held)}) if held else _MISSING
        return self._rest(asked, parts)

    def _rest(self, asked: Asked, parts: list[str]) -> Told:
        match asked.method, parts:
            case "GET", ["accounts"]:
                return self._accounts()
            case "GET", ["key_permissions"]:
                return 200, {**self.permissions, "portfolio_uuid": "p", "portfolio_type": "DEFAULT"}
            case "GET", ["products", name]:
                return (200, self.product) if name == self.product["product_id"] else _MISSING
            case "GET", ["best_bid_ask"]:
                return 200, {"pricebooks": [self._book(asked.query["product_ids"])]}
        return _MISSING

    def _known(self, asked: Asked) -> bool:
        """Whether the token is of this key, for this request, of now, and new."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        head, claims, signature = [*token.split("."), "", "", ""][:3]
        if scheme != "Bearer" or token in self.tokens:
            return False
        self.tokens.add(token)
        said, claimed, raw = json.loads(_plain(head)), json.loads(_plain(claims)), _plain(signature)
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        try:
            _PRIVATE.public_key().verify(
                encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            return False
        now = self.now() // SECOND + self.skew
        uri = f"{asked.method} {asked.headers['host']}{asked.path}"
        return (
            said["alg"] == "ES256"
            and said["kid"] == claimed["sub"] == KEY
            and bool(said["nonce"])
            and claimed["iss"] == "coinbase-cloud"
            and claimed["uri"].replace("http://", "") == uri
            and claimed["nbf"] <= now < claimed["exp"] <= claimed["nbf"] + 120
        )

    def _submit(self, body: dict[str, Any]) -> Told:
        if self.refusal:
            return self.refusal
        limits = body["order_configuration"]["limit_limit_gtc"]
        quantity, side = units(limits["base_size"]), body["side"].lower()
        if side == "sell" and self.books.positions[body["product_id"]] < quantity:
            return 200, refused("INSUFFICIENT_FUND")
        first = [
            one for one in self.books.orders.values() if one.client_id == body["client_order_id"]
        ]
        held = first[0] if first else self.books.take(
            body["client_order_id"], body["product_id"], side, quantity,
            units(limits["limit_price"]),
        )  # fmt: skip
        return 200, {
            "success": True,
            "success_response": {
                "order_id": held.id,
                "product_id": held.symbol,
                "side": held.side.upper(),
                "client_order_id": held.client_id,
                "attached_order_id": "",
            },
            "order_configuration": body["order_configuration"],
        }

    def _cancel(self, names: list[str]) -> Told:
        results = []
        for name in names:
            held = self.books.orders[name]
            fine = held.state == "live"
            if held.stubborn:
                self.queued.add(name)
            else:
                self.books.end(held)
            why = "UNKNOWN_CANCEL_FAILURE_REASON" if fine else "DUPLICATE_CANCEL_REQUEST"
            results.append({"success": fine, "failure_reason": why, "order_id": name})
        return 200, {"results": results}

    def _json(self, held: Held) -> dict[str, Any]:
        waits = held.state == "live" and held.id in self.queued
        return order_json(held) | ({"status": "CANCEL_QUEUED"} if waits else {})

    def _orders(self, query: dict[str, str]) -> Told:
        after = parse_instant(query["start_date"]) if "start_date" in query else 0
        found = [
            one
            for one in self.books.orders.values()
            if one.submitted >= after
            and not one.unlisted
            and ("order_status" not in query or query["order_status"] == self._json(one)["status"])
        ]
        found.sort(key=lambda one: -one.submitted)
        page, cursor = paged(found, query)
        cursor = "again" if self.stuck else cursor
        orders = [self._json(one) for one in page]
        return 200, {"orders": orders, "has_next": bool(cursor), "cursor": cursor, "sequence": "0"}

    def _fills(self, query: dict[str, str]) -> Told:
        after = parse_instant(query["start_sequence_timestamp"])
        found = [
            (one, held)
            for held in self.books.orders.values()
            for one in held.executions
            if one.ts >= after and not one.hidden
        ]
        found.sort(key=lambda row: (-row[0].ts, row[0].id))
        page, cursor = paged(found, query)
        cursor = "again" if self.stuck else cursor
        kind = {"trade_type": self.trade_type}
        fills = [fill_json(one, held, self.commission) | kind for one, held in page]
        return 200, {"fills": fills, "cursor": cursor}

    def _accounts(self) -> Told:
        held = {
            name.partition("-")[0]: (show_units(many), "0")
            for name, many in self.books.positions.items()
        }
        found = [account_json(name, *two) for name, two in {**self.wallets, **held}.items()]
        return 200, {"accounts": found, "has_next": False, "cursor": "", "size": len(found)}

    def _book(self, name: str) -> dict[str, Any]:
        return {
            "product_id": name,
            "bids": [{"price": "68923.66", "size": "0.5"}],
            "asks": [{"price": "68923.67", "size": "0.25"}],
            "time": show_instant(self.priced()),
        }


def _plain(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def paged(found: list[Any], query: dict[str, str]) -> tuple[list[Any], str]:
    """A page, and the cursor of the next, which begins with the last of this one."""
    text, limit = query.get("cursor", ""), int(query["limit"])
    begin = int(text) if text.isdecimal() else 0
    more = begin + limit < len(found)
    return found[begin : begin + limit], str(begin + limit - 1) if more else ""


_MISSING: Told = (404, {"error": "NOT_FOUND", "error_details": "", "message": "not found"})


def refused(reason: str) -> dict[str, Any]:
    """The answer to a submission that is not taken."""
    return {
        "success": False,
        "error_response": {
            "error": reason,
            "message": "said by the vendor",
            "error_details": "",
            "preview_failure_reason": "",
            "new_order_failure_reason": reason,
        },
        "order_configuration": None,
    }


def order_json(held: Held) -> dict[str, Any]:
    """An order as Coinbase writes it."""
    last = max((one.ts for one in held.executions), default=0)
    return {
        "order_id": held.id,
        "product_id": held.symbol,
        "user_id": "2222-000000-000000",
        "order_configuration": {
            "limit_limit_gtc": {
                "base_size": show_units(held.quantity),
                "limit_price": show_units(held.limit),
                "post_only": False,
            }
        },
        "side": held.side.upper(),
        "client_order_id": held.client_id,
        "status": _STATES[held.state],
        "time_in_force": "GOOD_UNTIL_CANCELLED",
        "created_time": show_instant(held.submitted),
        "completion_percentage": str(held.filled * 100 // held.quantity),
        "filled_size": show_units(held.filled),
        "average_filled_price": "0",
        "fee": "",
        "number_of_fills": str(len(held.executions)),
        "filled_value": "0",
        "pending_cancel": held.stubborn,
        "size_in_quote": False,
        "total_fees": "0",
        "size_inclusive_of_fees": False,
        "total_value_after_fees": "0",
        "trigger_status": "INVALID_ORDER_TYPE",
        "order_type": "LIMIT",
        "reject_reason": "",
        "settled": held.state == "filled",
        "product_type": "SPOT",
        "reject_message": held.reason if held.state == "rejected" else "",
        "cancel_message": held.reason if held.state != "rejected" else "",
        "order_placement_source": "RETAIL_ADVANCED",
        "outstanding_hold_amount": "0",
        "is_liquidation": False,
        "last_fill_time": show_instant(last) if last else None,
        "leverage": "",
        "margin_type": "",
        "retail_portfolio_id": "",
        "originating_order_id": "",
        "attached_order_id": "",
    }


def fill_json(one: Execution, held: Held, commission: str) -> dict[str, Any]:
    return {
        "entry_id": f"22222-2222222-{one.id}",
        "trade_id": f"1111-11111-{one.id}",
        "order_id": held.id,
        "trade_time": show_instant(one.ts),
        "trade_type": "FILL",
        "price": show_units(one.price),
        "size": show_units(one.quantity),
        "commission": commission,
        "product_id": held.symbol,
        "sequence_timestamp": show_instant(one.ts),
        "liquidity_indicator": "MAKER",
        "size_in_quote": False,
        "user_id": "3333-333333-3333333",
        "side": held.side.upper(),
        "retail_portfolio_id": "",
    }


def account_json(currency: str, free: str, held: str) -> dict[str, Any]:
    return {
        "uuid": "8bfc20d7-f7c6-4422-bf07-8243ca4169fe",
        "name": f"{currency} Wallet",
        "currency": currency,
        "available_balance": {"value": free, "currency": currency},
        "default": True,
        "active": True,
        "created_at": "2021-05-31T09:59:59Z",
        "updated_at": "2024-01-15T10:30:00Z",
        "deleted_at": None,
        "type": "CRYPTO",
        "ready": True,
        "hold": {"value": held, "currency": currency},
        "retail_portfolio_id": "portfolio-001",
    }
