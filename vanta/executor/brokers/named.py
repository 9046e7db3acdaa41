"""From a name in the node's configuration to the broker it is."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from vanta.domain.errors import RefusedError
from vanta.executor.brokers.alpaca.client import AlpacaBroker, AlpacaKeys
from vanta.executor.brokers.alpaca.stream import AlpacaStream, stream_of
from vanta.executor.brokers.crypto.bybit import bybit_broker
from vanta.executor.brokers.crypto.client import CryptoBroker
from vanta.executor.brokers.crypto.coinbase import coinbase_broker
from vanta.executor.brokers.ibkr.client import IbkrBroker
from vanta.executor.brokers.paper.client import PaperBroker
from vanta.executor.brokers.port import Statements
from vanta.executor.brokers.tradier.client import TradierBroker
from vanta.executor.brokers.tradier.stream import SESSIONS_PER_MINUTE, TradierStream
from vanta.node.config import (
    PAPER,
    AlpacaConfig,
    BybitConfig,
    CoinbaseConfig,
    IbkrConfig,
    NodeConfig,
    TradierConfig,
)
from vanta.node.credentials import read_secret


class Stream(Protocol):
    """Something that hints until it is closed."""

    def close(self) -> None:
        """Hang up."""


def open_streams(config: NodeConfig, heard: Callable[[str], None]) -> list[Stream]:
    """Every stream that hints at what happens at a broker, as far as the node wants them.

    Args:
        config: of the node.
        heard: called with the broker's name, on the stream's thread.

    Raises:
        RefusedError, UnavailableError: as `open_broker`; `NO_SDK` where that is not installed.
    """
    found: list[Stream] = []
    for name in config.executor.brokers:
        account = config.brokers.get(name)
        if isinstance(account, AlpacaConfig) and account.stream:
            keys = AlpacaKeys(read_secret(account.key), read_secret(account.secret))
            found.append(AlpacaStream(keys, stream_of(account.trading), partial(heard, name)))
        elif isinstance(account, TradierConfig) and account.stream:
            token = read_secret(account.token)
            hint = partial(heard, name)
            found.append(TradierStream(token, account.url, account.events, hint))
    return found


_EVERY = {PAPER: 0.25, "alpaca": 3.0, "tradier": 3.0, "coinbase": 3.0, "bybit": 3.0}
"""Seconds between two statements."""


class Compared(NamedTuple):
    """An account that is compared."""

    statements: Statements
    every: float
    """Seconds between two readings."""


AnyBroker = PaperBroker | AlpacaBroker | TradierBroker | IbkrBroker | CryptoBroker


def open_brokers(config: NodeConfig, clock: Callable[[], int]) -> list[AnyBroker]:
    """Every broker the Executor trades at, the first choice first; nothing is sent yet.

    Raises:
        RefusedError, UnavailableError: as `open_broker`, of any of them, or there is none.
    """
    if not config.executor.brokers:
        raise RefusedError(
            "the Executor has no broker",
            code="NO_BROKER",
            place="etc/node.yaml",
            remedy="name some under `executor`, `brokers`",
        )
    return [open_broker(name, config, clock) for name in config.executor.brokers]


def open_statements(config: NodeConfig, clock: Callable[[], int]) -> list[Compared]:
    """Every account that the comparison reads, over a session of its own.

    What it may ask is taken off what the Executor may, so that both together stay within the
    vendor's pace and no order or cancel waits for a statement.

    Raises:
        RefusedError, UnavailableError: as `open_broker`, of any of them.
    """
    found = []
    for name in config.executor.brokers:
        if name not in config.uncompared:
            broker = open_broker(name, config, clock, comparing=True)
            if not isinstance(broker, IbkrBroker):
                found.append(Compared(broker, _EVERY[_vendor(name, config)]))
    return found


def _vendor(name: str, config: NodeConfig) -> str:
    return config.brokers[name].vendor if name in config.brokers else PAPER


def open_broker(
    name: str, config: NodeConfig, clock: Callable[[], int], *, comparing: bool = False
) -> AnyBroker:
    """The broker `name`; nothing is sent yet.

    Args:
        name: `paper`, or one under `brokers`.
        config: of the node.
        clock: UTC nanoseconds.
        comparing: whether it is for the comparison, which only reads and has a pace of its own.

    Raises:
        RefusedError: the node has no such broker, or an address or a credential that must not be
            used.
        UnavailableError: systemd gave no such credential, or what the broker needs is not
            installed.
    """
    if name == PAPER and config.broker:
        return PaperBroker(Path(config.broker))
    account = config.brokers.get(name)
    if account is None:
        known = ", ".join([*([PAPER] if config.broker else []), *config.brokers])
        raise RefusedError(
            f"the node has no broker {name!r}",
            code="NO_BROKER",
            place="etc/node.yaml",
            remedy=f"name one of: {known}" if known else "add `broker: <folder>` or `brokers`",
        )
    timeout = account.timeout_ms / 1000
    statements = account.statements_per_minute
    pace = statements if comparing else account.per_minute - statements
    if isinstance(account, TradierConfig) and account.stream and not comparing:
        pace -= SESSIONS_PER_MINUTE
    if isinstance(account, AlpacaConfig):
        return AlpacaBroker(
            AlpacaKeys(read_secret(account.key), read_secret(account.secret)),
            clock,
            name=name,
            trading=account.trading,
            data=account.data,
            per_minute=pace,
            timeout=timeout,
        )
    if isinstance(account, IbkrConfig):
        return IbkrBroker(
            account.account,
            clock,
            name=name,
            url=account.url,
            certificate=Path(account.certificate),
            per_minute=pace,
            timeout=timeout,
        )
    if isinstance(account, CoinbaseConfig | BybitConfig):
        opened = coinbase_broker if isinstance(account, CoinbaseConfig) else bybit_broker
        return opened(
            read_secret(account.key),
            read_secret(account.secret),
            clock,
            name=name,
            url=account.url,
            per_minute=pace,
            timeout=timeout,
        )
    return TradierBroker(
        read_secret(account.token),
        account.account,
        clock,
        name=name,
        url=account.url,
        per_minute=pace,
        timeout=timeout,
    )
