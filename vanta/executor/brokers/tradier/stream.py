"""Tradier's stream of account events, as hints and nothing more.

A session is asked for, a websocket opened, and whatever it says of an order makes the Executor ask
at once. As at Alpaca, nothing else of it is read, and what goes wrong with it costs only time.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from vanta.domain.errors import UnavailableError, VantaError
from vanta.executor.brokers.rest.edge import Endpoint, HttpEdge
from vanta.executor.brokers.rest.exact import decode
from vanta.node.credentials import Secret

EVENTS = "wss://ws.tradier.com/v1/accounts/events"
FIRST, LONGEST = 2.0, 60.0
"""Seconds until it is tried again: twice as long each time, up to a minute."""
SESSIONS_PER_MINUTE = 4
"""Requests for sessions that may fall into one minute; they count like any other."""
_WAIT = 1.0
"""Seconds until it looks whether it is to end."""


class _Session(msgspec.Struct, frozen=True):
    sessionid: str


class _Answer(msgspec.Struct, frozen=True):
    stream: _Session


class TradierStream(threading.Thread):
    """Follows one token's account events in a thread of its own until closed.

    Args:
        token: of the API.
        url: address of the API, which gives the session.
        events: address of the websocket; never one that an answer names, for it gets the session.
        heard: called, on this thread, when something is said of an order.
        first: seconds until a second try.

    Raises:
        UnavailableError: `websockets` is not installed.
        RefusedError: an address that sends secrets in the clear.
    """

    def __init__(
        self,
        token: Secret,
        url: str,
        events: str,
        heard: Callable[[], None],
        *,
        first: float = FIRST,
    ) -> None:
        super().__init__(name="tradier stream", daemon=True)
        # Held to the same rule as the API: in the clear on this machine alone.
        Endpoint.parse(events.replace("ws", "http", 1))
        self._connect = _connect()
        self._token, self._events, self._heard = token, events, heard
        self._edge = HttpEdge(Endpoint.parse(url), time.time_ns)
        self._first, self._ended = first, threading.Event()
        self._socket: Any = None
        self.start()

    def close(self) -> None:
        """Hang up."""
        self._ended.set()
        if self._socket is not None:
            with contextlib.suppress(Exception):
                self._socket.close()
        self.join(10)

    def run(self) -> None:
        """Follow it, again and again, until closed."""
        pause = self._first
        while not self._ended.is_set():
            began = time.monotonic()
            # Whatever it was, it is tried again; that it says nothing is no error to anybody.
            with contextlib.suppress(Exception):
                self._follow()
            if time.monotonic() - began > LONGEST:
                pause = self._first
            self._ended.wait(pause)
            pause = min(2 * pause, LONGEST)
        self._edge.close()

    def _follow(self) -> None:
        session = self._session()
        with self._connect(self._events) as socket:
            self._socket = socket
            asked = {"events": ["order"], "sessionid": session, "excludeAccounts": []}
            socket.send(json.dumps(asked))
            while not self._ended.is_set():
                try:
                    frame = socket.recv(_WAIT)
                except TimeoutError:
                    continue
                if _of_order(frame):
                    self._heard()

    def _session(self) -> str:
        headers = {
            "Authorization": f"Bearer {self._token.reveal()}",
            "Accept": "application/json",
        }
        place = str(self._edge.endpoint)
        reply = self._edge.exchange("POST", "/accounts/events/session", headers, b"")
        self._edge.close()
        return decode(_Answer, reply.body, place).stream.sessionid


class _Event(msgspec.Struct, frozen=True):
    event: str = ""


def _of_order(frame: str | bytes) -> bool:
    """Whether something is said of an order; heartbeats say nothing, and garbage less."""
    try:
        return msgspec.json.decode(frame, type=_Event).event == "order"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, VantaError):
        return False


def _connect() -> Callable[[str], Any]:
    try:
        from websockets.sync.client import connect  # noqa: PLC0415 - only where it is used
    except ImportError as error:
        raise UnavailableError(
            "websockets is not installed",
            code="NO_SDK",
            place="brokers",
            remedy="install `vanta[tradier]`, or leave `stream` out",
        ) from error
    return lambda url: connect(
        url,
        open_timeout=5,
        close_timeout=1,
        ping_interval=5,
        ping_timeout=5,
        max_size=256 * 1024,
        max_queue=64,
        compression=None,
        proxy=True,
        user_agent_header="vanta",
    )
