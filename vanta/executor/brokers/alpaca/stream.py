"""Alpaca's stream of trade updates, through its own SDK, as hints and nothing more.

An update only makes the Executor ask at once; what it says is not read. So whatever the stream
does, drop, lie, repeat itself or say nothing for ever, costs time or a question, never a fill.
"""

import asyncio
import contextlib
import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any

from vanta.domain.errors import UnavailableError
from vanta.executor.brokers.alpaca.client import AlpacaKeys
from vanta.executor.brokers.rest.edge import Endpoint

PARAMETERS = {
    "open_timeout": 5,
    "close_timeout": 1,
    "ping_interval": 5,
    "ping_timeout": 5,
    "max_size": 256 * 1024,
    "max_queue": 64,
}
"""Of its websocket. The SDK itself would wait three minutes for a peer that is gone."""
AGAIN = 5.0
"""Seconds until it is tried again when the SDK gave up."""


def stream_of(trading: str) -> str:
    """The address of the stream beside a trading API.

    Raises:
        RefusedError: as for the API itself: no address, or one that sends secrets in the clear.
    """
    endpoint = Endpoint.parse(trading)
    scheme = "wss" if endpoint.secure else "ws"
    return f"{scheme}://{endpoint}{endpoint.path}/stream"


class AlpacaStream:
    """Follows one account's stream in a thread of its own until closed.

    Args:
        keys: of the account.
        url: of the stream.
        heard: called, on the stream's thread, when it says that something happened.

    Raises:
        UnavailableError: `alpaca-py` is not installed.
    """

    def __init__(self, keys: AlpacaKeys, url: str, heard: Callable[[], None]) -> None:
        made = _sdk()(
            keys.key.reveal(),
            keys.secret.reveal(),
            raw_data=True,
            url_override=url,
            websocket_params=dict(PARAMETERS),
        )

        async def update(_: Any) -> None:  # noqa: ANN401 - whatever it is
            heard()

        made.subscribe_trade_updates(update)
        self._stream = made
        self._loop = asyncio.new_event_loop()
        self._ended = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="alpaca stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        self._ended.set()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(2 * AGAIN)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._follow())
        finally:
            self._loop.close()

    async def _follow(self) -> None:
        while not self._ended.is_set():
            self._task = asyncio.ensure_future(self._stream._run_forever())  # noqa: SLF001 - `run` takes a loop nobody else can end
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._task
            with contextlib.suppress(Exception):
                await self._stream.close()
            if not self._ended.is_set():
                self._task = asyncio.ensure_future(asyncio.sleep(AGAIN))
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task


def _sdk() -> Any:  # noqa: ANN401 - the SDK's class
    try:
        with warnings.catch_warnings():
            # Of the websockets it uses, whose newer ones it does not know yet.
            warnings.simplefilter("ignore", DeprecationWarning)
            from alpaca.trading.stream import TradingStream  # noqa: PLC0415 - only where it is used
    except ImportError as error:
        raise UnavailableError(
            "alpaca-py is not installed",
            code="NO_SDK",
            place="brokers",
            remedy="install `vanta[alpaca]`, or leave `stream` out",
        ) from error
    # It logs every frame it cannot read, with a traceback: a flood would fill the disk.
    log = logging.getLogger("alpaca.trading.stream")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return TradingStream
