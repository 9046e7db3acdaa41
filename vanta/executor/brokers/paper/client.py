"""The Executor's side of the paper broker: the port, over its socket."""

import contextlib
import socket
from pathlib import Path
from typing import TypeVar

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import MalformedError
from vanta.domain.trading import Instrument, Order, OrderState, Quote
from vanta.executor.brokers.paper.wire import MAX_MESSAGE, Answer, Request, connect
from vanta.executor.brokers.port import (
    Absent,
    Account,
    Acknowledged,
    BrokerAwayError,
    BrokerOrder,
    Executions,
    Rejected,
    Statement,
    Unknown,
)

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds one answer may take."""
TOLD_AGAIN = 64
"""Fills and ends that a statement tells once more."""


class _Answered(msgspec.Struct):
    """Either answer to a submission, told apart by its fields."""

    broker_order_id: str = ""
    ts: int = 0
    code: str = ""
    reason: str = ""


class PaperBroker:
    """Speaks to the paper broker in `directory`; one thread at a time."""

    name = "paper"
    trades: frozenset[str] = frozenset()
    resubmits = True

    def __init__(self, directory: Path, *, timeout: float = TIMEOUT) -> None:
        self._directory = directory
        self._timeout = timeout
        self._connection: socket.socket | None = None
        self._rest = b""

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection, self._rest = None, b""

    def submit(self, order: Order, market_time: int) -> Acknowledged | Rejected | Unknown:
        request = Request(verb="submit", order=order, market_time=market_time)
        try:
            answered = self._ask(request, _Answered)
        except BrokerAwayError as error:
            return Unknown(error.message)
        if answered.broker_order_id:
            return Acknowledged(answered.broker_order_id, answered.ts)
        return Rejected(answered.code, answered.reason)

    def cancel(self, client_order_id: str) -> OrderState | Unknown:
        try:
            return self._ask(Request(verb="cancel", client_order_id=client_order_id), OrderState)
        except BrokerAwayError as error:
            return Unknown(error.message)

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        return self._ask(Request(verb="open_orders"), tuple[BrokerOrder, ...])

    def executions_since(self, watermark: int) -> Executions:
        return self._ask(Request(verb="executions_since", watermark=watermark), Executions)

    def statement(self, watermark: int) -> Statement:
        """What the comparison reads: once more what it was told last, in case that changed."""
        request = Request(verb="statement", watermark=max(0, watermark - TOLD_AGAIN))
        return self._ask(request, Statement)

    def order_status(
        self,
        client_order_id: str,
        market_time: int,  # noqa: ARG002 - it forgets no order
    ) -> BrokerOrder | Absent | Unknown:
        request = Request(verb="order_status", client_order_id=client_order_id)
        try:
            found: BrokerOrder | None = self._ask(request, BrokerOrder | None)  # type: ignore[arg-type]
        except BrokerAwayError as error:
            return Unknown(error.message)
        return Absent() if found is None else found

    def positions(self) -> dict[str, int]:
        return self._ask(Request(verb="positions"), dict[str, int])

    def account(self) -> Account:
        return self._ask(Request(verb="account"), Account)

    def quote(self, symbol: str, market_time: int) -> Quote | None:
        request = Request(verb="quote", symbol=symbol, market_time=market_time)
        return self._ask(request, Quote | None)  # type: ignore[arg-type]

    def instrument(self, symbol: str) -> Instrument | None:
        return self._ask(Request(verb="instrument", symbol=symbol), Instrument | None)  # type: ignore[arg-type]

    def _ask(self, request: Request, kind: type[T]) -> T:
        """One question, asked once.

        Raises:
            BrokerAwayError: no answer in time. The connection is given up: a late answer must
                never be taken for the answer to the next question.
        """
        try:
            if self._connection is None:
                self._connection = connect(self._directory, self._timeout)
            self._connection.sendall(encode(request) + b"\n")
            line = self._line(self._connection)
        except OSError as error:
            self.close()
            raise _away(str(error) or type(error).__name__, self._directory) from error
        try:
            answer = decode(Answer, line)
            if answer.error:
                raise _away(answer.error, self._directory)
            return decode(kind, bytes(answer.value))
        except MalformedError as error:
            raise _away(error.message, self._directory) from error

    def _line(self, connection: socket.socket) -> bytes:
        while b"\n" not in self._rest:
            block = connection.recv(65_536)
            if not block:
                raise ConnectionResetError("the paper broker hung up")
            self._rest += block
            if len(self._rest) > MAX_MESSAGE:
                raise ConnectionAbortedError("an answer without an end")
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _away(why: str, directory: Path) -> BrokerAwayError:
    return BrokerAwayError(
        f"the paper broker does not answer: {why}",
        code="BROKER_UNAVAILABLE",
        place=str(directory),
        remedy="start `vanta broker paper`",
    )
