"""Alpaca's trading stream on this machine, in its own frames."""

import json
import uuid
from typing import Any

from websockets.sync.server import ServerConnection

from tests.executor.brokers.alpaca_vendor import KEY, SECRET, order_json
from tests.executor.brokers.streaming import StreamServer
from tests.executor.brokers.vendor import Execution, Held
from vanta.domain.exact import show_units
from vanta.domain.instant import show_instant


class AlpacaStreamServer(StreamServer):
    """Its frames are binary, and hold JSON."""

    def update(self, held: Held, execution: Execution) -> None:
        data = {
            "event": "fill",
            "execution_id": str(uuid.uuid4()),
            "order": order_json(held),
            "timestamp": show_instant(execution.ts),
            "position_qty": show_units(self.vendor.books.positions[held.symbol]),
            "price": show_units(execution.price),
            "qty": show_units(execution.quantity),
        }
        self.send(json.dumps({"stream": "trade_updates", "data": data}).encode())

    def login(self, peer: ServerConnection, asked: dict[str, Any]) -> None:
        match asked["action"]:
            case "authenticate":
                data = asked["data"]
                good = (data["key_id"], data["secret_key"]) == (KEY, SECRET)
                self.refused += not good
                status = "authorized" if good else "unauthorized"
                told = {"action": "authenticate", "status": status}
                peer.send(json.dumps({"stream": "authorization", "data": told}).encode())
            case "listen":
                streams = {"streams": asked["data"]["streams"]}
                peer.send(json.dumps({"stream": "listening", "data": streams}).encode())
                self.listens(peer)
