"""Tradier's account events on this machine, in its own frames."""

import json
from typing import Any

from websockets.sync.server import ServerConnection

from tests.executor.brokers.streaming import StreamServer
from tests.executor.brokers.tradier_vendor import ACCOUNT, TradierVendor
from tests.executor.brokers.vendor import Execution, Held
from vanta.domain.exact import UNIT
from vanta.domain.instant import show_instant


class TradierStreamServer(StreamServer):
    """It takes a session once, and soon after the vendor gave it."""

    vendor: TradierVendor

    def update(self, held: Held, execution: Execution) -> None:
        event = {
            "id": int(held.id),
            "event": "order",
            "status": held.state,
            "type": "limit",
            "price": held.limit / UNIT,
            "stop_price": 0.0,
            "avg_fill_price": execution.price / UNIT,
            "executed_quantity": held.filled / UNIT,
            "last_fill_quantity": execution.quantity / UNIT,
            "last_fill_price": execution.price / UNIT,
            "remaining_quantity": (held.quantity - held.filled) / UNIT,
            "transaction_date": show_instant(execution.ts),
            "create_date": show_instant(held.submitted),
            "account": ACCOUNT,
        }
        self.send(json.dumps(event))

    def heartbeat(self) -> None:
        self.send(json.dumps({"event": "heartbeat", "status": "active", "timestamp": 1}))

    def login(self, peer: ServerConnection, asked: dict[str, Any]) -> None:
        if asked["sessionid"] in self.vendor.sessions and "order" in asked["events"]:
            self.vendor.sessions.remove(asked["sessionid"])
            self.listens(peer)
        else:
            self.refused += 1
            peer.close(1008)
