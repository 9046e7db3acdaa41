"""The paper broker's process: answers requests one at a time until it is told to stop."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from vanta.domain.encoding import decode, encode
from vanta.domain.errors import VantaError
from vanta.executor.brokers.paper.exchange import PaperExchange, PaperTerms
from vanta.executor.brokers.paper.tape import Tape
from vanta.executor.brokers.paper.wire import Answer, Request, Verb, listen

JOURNAL = "paper.jsonl"
MAX_REQUEST = 64 * 1024


def _submit(exchange: PaperExchange, request: Request) -> object:
    if request.order is None:
        raise ValueError("a submission without an order")
    return exchange.submit(request.order, request.market_time)


_VERBS: dict[Verb, Callable[[PaperExchange, Request], object]] = {
    "submit": _submit,
    "cancel": lambda exchange, request: exchange.cancel(request.client_order_id),
    "open_orders": lambda exchange, _: exchange.open_orders(),
    "executions_since": lambda exchange, request: exchange.executions_since(request.watermark),
    "statement": lambda exchange, request: exchange.statement(request.watermark),
    "order_status": lambda exchange, request: exchange.order_status(request.client_order_id),
    "positions": lambda exchange, _: exchange.positions(),
    "account": lambda exchange, _: exchange.ledger.account,
    "quote": lambda exchange, request: exchange.quote(request.symbol, request.market_time),
    "instrument": lambda exchange, request: exchange.instrument(request.symbol),
}


def _reply(exchange: PaperExchange, line: bytes) -> bytes:
    try:
        request = decode(Request, line)
        value = _VERBS[request.verb](exchange, request)
    except (VantaError, ValueError) as error:
        return encode(Answer(error=str(error)))
    return encode(Answer(value=msgspec.Raw(encode(value))))


async def _converse(
    exchange: PaperExchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
        while line := await reader.readline():
            writer.write(_reply(exchange, line) + b"\n")
            await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _serve(exchange: PaperExchange, directory: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await asyncio.start_unix_server(
        lambda reader, writer: _converse(exchange, reader, writer),
        sock=listen(directory),
        limit=MAX_REQUEST,
    )
    async with server:
        await stop.wait()


def serve(
    directory: Path,
    tape: Path,
    *,
    terms: PaperTerms | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> None:
    """Run the paper broker until SIGTERM.

    Args:
        directory: of its socket and its journal; it exists.
        tape: the market, as Markets writes it.
        terms: how orders are treated.
        clock: UTC nanoseconds.

    Raises:
        UnavailableError: no tape, or another paper broker holds the journal.
    """
    exchange = PaperExchange(directory / JOURNAL, Tape(tape), clock, terms)
    try:
        asyncio.run(_serve(exchange, directory))
    finally:
        exchange.close()
