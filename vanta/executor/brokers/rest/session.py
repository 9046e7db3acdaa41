"""A vendor as one conversation: breaker, pace, edge, and what the answers say beside the answer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vanta.domain.instant import SECOND
from vanta.executor.brokers.port import BrokerAwayError
from vanta.executor.brokers.rest.breaker import Breaker
from vanta.executor.brokers.rest.edge import HttpEdge, Method, Reply
from vanta.executor.brokers.rest.throttle import Throttle, Urgency

SERVER_FAILED = 500
TOO_MANY = 429
SKEW = 2 * SECOND
"""Furthest the node's clock may be from the vendor's."""
REDIRECTS = range(300, 400)
_FINE = 200
_OPENING = 256
"""How much of an answer is looked at to tell what it is."""
_LEFT = ("x-ratelimit-remaining", "x-ratelimit-available")


@dataclass(frozen=True, slots=True)
class Observed:
    """What the last answers said beside what they were asked."""

    skew: int | None = None
    """How far the node's clock is ahead of the vendor's, ns; negative when behind."""
    left: int | None = None
    """Requests the vendor still allows."""
    latency: int = 0
    """Of the last exchange, ns."""


class Session:
    """Everything that is sent to one vendor's endpoint goes through here; one thread at a time."""

    def __init__(
        self,
        edge: HttpEdge,
        throttle: Throttle,
        breaker: Breaker | None = None,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._edge, self._throttle = edge, throttle
        self._breaker = breaker or Breaker()
        self._headers = headers
        self.observed = Observed()

    @property
    def place(self) -> str:
        """Host and port."""
        return str(self._edge.endpoint)

    @property
    def trouble(self) -> str:
        """`CLOCK_SKEW` where our clock and the vendor's are too far apart; empty otherwise."""
        return "CLOCK_SKEW" if abs(self.observed.skew or 0) > SKEW else ""

    @property
    def circuit(self) -> str:
        """Of the breaker: `closed`, `open` or `probing`."""
        return self._breaker.state

    def close(self) -> None:
        """Hang up."""
        self._edge.close()

    def ask(
        self,
        method: Method,
        target: str,
        urgency: Urgency = Urgency.READ,
        body: bytes = b"",
        content_type: str = "",
    ) -> Reply:
        """Send once; the answer is the vendor's own, whether it agrees or refuses.

        A cancellation is sent whatever is known of the vendor: it can only help.

        Raises:
            BrokerAwayError: no answer, or one that only says that the vendor cannot now.
        """
        if urgency is not Urgency.CANCEL:
            self._breaker.admit()
        self._throttle.take(urgency)
        headers = dict(self._headers())
        if content_type:
            headers["Content-Type"] = content_type
        started = time.monotonic_ns()
        try:
            reply = self._edge.exchange(method, target, headers, body)
        except BrokerAwayError:
            self._breaker.failed()
            raise
        self._observe(reply, time.monotonic_ns() - started)
        if reply.status >= SERVER_FAILED or reply.status in REDIRECTS:
            self._breaker.failed()
            raise self._cannot("BROKER_FAILED", f"answered {reply.status}")
        if reply.status == _FINE and _is_page(reply):
            # Somebody in front of the vendor answers in its place: it cannot now, whatever it says.
            self._breaker.failed()
            raise self._cannot("BROKER_PAGE", "answered with a page for people")
        self._breaker.succeeded()
        if reply.status == TOO_MANY:
            self._throttle.pause(_pause(reply))
            raise self._cannot("BROKER_THROTTLED", "asks for fewer requests")
        return reply

    def read(self, target: str, urgency: Urgency = Urgency.READ) -> Reply:
        """Ask for something; the answer is there, or that it does not exist.

        Args:
            target: path and query.
            urgency: `CANCEL` for what must be known to cancel.

        Raises:
            BrokerAwayError: no answer, or a refusal.
        """
        reply = self.ask("GET", target, urgency)
        if reply.status not in {200, 404}:
            raise self.refusal(reply)
        return reply

    def refusal(self, reply: Reply) -> BrokerAwayError:
        """What a read that was refused is told as."""
        if reply.status in {401, 403}:
            return BrokerAwayError(
                f"the broker does not take these credentials ({reply.status})",
                code="BROKER_CREDENTIALS",
                place=self.place,
                remedy="put the account's current keys into the unit's LoadCredential files",
            )
        return self._cannot("BROKER_REFUSED", f"refused to answer ({reply.status})")

    def _observe(self, reply: Reply, latency: int) -> None:
        left = next((reply.headers[name] for name in _LEFT if name in reply.headers), "")
        skew = reply.skew
        self.observed = Observed(
            self.observed.skew if skew is None else skew,
            int(left) if left.isdecimal() and len(left) < 10 else self.observed.left,  # noqa: PLR2004
            latency,
        )

    def _cannot(self, code: str, message: str) -> BrokerAwayError:
        return BrokerAwayError(
            f"the broker {message}",
            code=code,
            place=self.place,
            remedy="it is asked again by itself; `vanta broker check NAME` says what works",
        )


def to_come(at: int, now: int) -> bool:
    """Whether a price is of a time that no clock has reached: nobody knows how old it is.

    Taken for one of now it would be live however old, and the market's day would end with it.
    """
    return at - now > SKEW


def _is_page(reply: Reply) -> bool:
    """Whether an answer is HTML, by what it says of itself or by how it begins."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    begins = reply.body[:_OPENING].lstrip(b"\xef\xbb\xbf \t\r\n")
    return kind == "text/html" or begins.startswith(b"<")


def _pause(reply: Reply) -> int:
    """Nanoseconds the vendor asks to wait; a second where it does not say how many."""
    text = reply.headers.get("retry-after", "")
    return int(text) * SECOND if text.isdecimal() and len(text) < 6 else SECOND  # noqa: PLR2004
