"""The edge to a vendor, as the edge to a broker: what goes wrong there has a broker's codes."""

from typing import ClassVar

from vanta.executor.brokers.port import BrokerAwayError
from vanta.node import edge
from vanta.node.edge import READ_TIMEOUT, Method, Reply

__all__ = ["READ_TIMEOUT", "Endpoint", "HttpEdge", "Method", "Reply"]


class Endpoint(edge.Endpoint):
    """Where a broker listens."""

    __slots__ = ()
    vendor: ClassVar[str] = "broker"


class HttpEdge(edge.HttpEdge):
    """Connections to one broker; what it raises is a `BrokerAwayError`."""

    def _away(self, code: str, message: str) -> BrokerAwayError:
        return BrokerAwayError(
            f"the broker {message}",
            code=f"BROKER_{code}",
            place=str(self.endpoint),
            remedy="`vanta broker check NAME` says what works",
        )
