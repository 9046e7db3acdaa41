"""The Web API as `ibind` speaks it, over our own wire, and the session behind it.

`ibind` knows the paths, the parameters and the names; its transport would send an order again on
a timeout, reads numbers as floats and writes what it sends to files. So the transport is ours.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from vanta.domain.errors import UnavailableError
from vanta.domain.instant import SECOND
from vanta.executor.brokers.ibkr.wire import Brokerage, Chosen, Tickle
from vanta.executor.brokers.port import BrokerAwayError
from vanta.executor.brokers.rest.edge import Method, Reply
from vanta.executor.brokers.rest.exact import decode, unreadable
from vanta.executor.brokers.rest.session import Session
from vanta.executor.brokers.rest.throttle import Urgency

KEEP = 45 * SECOND
"""Longest between two signs of life; the vendor gives a session up after some minutes."""

T = TypeVar("T")


class Portal:
    """One gateway, and the session of one account behind it; one thread at a time.

    Args:
        session: to the gateway.
        account: its id.
        clock: monotonic nanoseconds.
        keep: longest between two signs of life, nanoseconds.
    """

    def __init__(
        self,
        session: Session,
        account: str,
        clock: Callable[[], int],
        keep: int = KEEP,
    ) -> None:
        self.session, self.account = session, account
        self._clock, self._keep = clock, keep
        self._alive: int | None = None
        """When the session was last known to be there."""
        self.urgent = False
        """Whether what is asked is for a cancellation."""
        self.api = _speaking(self._send, account)
        """Every method of `ibind`, answered with a `Reply` as its data."""

    @property
    def place(self) -> str:
        """Host and port."""
        return self.session.place

    def ready(self) -> None:
        """Make sure of the session, and keep it alive.

        Raises:
            BrokerAwayError: nobody is logged in, the brokerage is not connected, or not for this
                account.
        """
        now = self._clock()
        if self._alive is not None and now - self._alive < self._keep:
            return
        self._alive = None
        status = self.told(Tickle, self.api.tickle()).iserver.auth_status
        if status is None or not (status.authenticated and status.connected):
            raise self._no_session("the gateway has no brokerage session")
        if status.competing:
            raise self._no_session("the same user trades from another place")
        # The vendor serves neither orders nor prices before it was asked for the accounts.
        found = self.told(Brokerage, self.api.receive_brokerage_accounts())
        if self.account not in found.accounts:
            raise self._no_session("the gateway's session is not of this account")
        if found.selected_account not in {"", self.account}:
            chosen = self.api.post("iserver/account", {"acctId": self.account})
            if self.told(Chosen, chosen).acct_id != self.account:
                raise self._no_session("the gateway stays with another account")
        self._alive = now

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """All that is asked within is for a cancellation, and waits for nothing."""
        self.urgent = True
        try:
            yield
        finally:
            self.urgent = False

    def told(self, kind: type[T], result: Any) -> T:  # noqa: ANN401 - ibind has no types
        """What a read was answered with.

        Raises:
            BrokerAwayError: a refusal, or nothing that can be read.
        """
        reply: Reply = result.data
        if reply.status in {401, 403}:
            raise BrokerAwayError(
                f"nobody is logged in at the gateway ({reply.status})",
                code="BROKER_CREDENTIALS",
                place=self.place,
                remedy="log in at the gateway's own page, as the account's user",
            )
        if reply.status != 200:  # noqa: PLR2004 - of HTTP
            if b"no bridge" in reply.body[:500]:
                self._alive = None
                raise self._no_session("the gateway has no brokerage session")
            raise self.session.refusal(reply)
        return decode(kind, reply.body, self.place)

    def until(self, ask: Callable[[], T], whole: Callable[[T], bool], tries: int = 4) -> T | None:
        """Ask again a little later while the gateway only began to gather; None when it stays so.

        Raises:
            BrokerAwayError: no answer.
        """
        for attempt in range(tries):
            if attempt:
                time.sleep(0.1 * attempt)
            found = ask()
            if whole(found):
                return found
        return None

    def _send(self, method: Method, path: str, query: Mapping[str, str] | None, body: Any) -> Reply:  # noqa: ANN401
        target = f"{path}?{urlencode(query)}" if query else path
        urgency = Urgency.READ
        if self.urgent:
            urgency = Urgency.CANCEL
        elif method == "POST" and path.endswith("/orders"):
            urgency = Urgency.ORDER
        encoded = b"" if body is None else msgspec.json.encode(body)
        kind = "application/json" if encoded else ""
        reply = self.session.ask(method, target, urgency, encoded, kind)
        if reply.status in {401, 403}:
            self._alive = None
        return reply

    def _no_session(self, why: str) -> BrokerAwayError:
        return BrokerAwayError(
            why,
            code="BROKER_SESSION",
            place=self.place,
            remedy="log in at the gateway's own page, as a user of this account alone",
        )

    def unready(self, what: str) -> BrokerAwayError:
        """The gateway still gathers something."""
        return unreadable(f"the gateway does not have the {what} together", self.place)


_Send = Callable[[Method, str, Mapping[str, str] | None, Any], Reply]


def _speaking(send: _Send, account: str) -> Any:  # noqa: ANN401 - ibind has no types
    """An `ibind` client whose every request goes through `send`.

    Raises:
        UnavailableError: `ibind` is not installed.
    """
    try:
        import ibind  # noqa: PLC0415 - only a node that trades there has it
    except ImportError as error:
        raise UnavailableError(
            "ibind is not installed",
            code="NO_IBIND",
            remedy="install the node with `vanta[executor,ibkr]`",
        ) from error

    class Speaking(ibind.IbkrClient):  # type: ignore[misc]
        def _make_logger(self) -> None:
            # It logs requests with all that is in them.
            self._logger = logging.getLogger("vanta.ibind")
            self._logger.disabled = True

        def _request(
            self,
            method: Method,
            endpoint: str,
            base_url: str | None = None,  # noqa: ARG002 - there is one address
            extra_headers: object = None,  # noqa: ARG002 - and no secrets
            log: bool = True,  # noqa: ARG002, FBT001, FBT002 - and no log
            **kwargs: Any,  # noqa: ANN401
        ) -> Any:  # noqa: ANN401
            path = "/" + endpoint.lstrip("/")
            reply = send(method, path, kwargs.get("params"), kwargs.get("json"))
            return ibind.Result(data=reply)

    # Everything is said: what is not, it takes from the environment.
    return Speaking(
        account_id=account,
        url="https://gateway.invalid/",
        cacert=True,
        max_retries=0,
        use_session=False,
        auto_recreate_session=False,
        auto_register_shutdown=False,
        log_responses=False,
        verbose_retries=False,
        use_oauth=False,
    )
