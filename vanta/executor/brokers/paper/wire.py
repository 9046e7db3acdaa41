"""How the Executor and the paper broker's process talk: JSON lines over a Unix socket.

A request is answered on the same connection, in order. The socket's directory decides who may
connect; nothing listens on a network.
"""

import os
import socket
from pathlib import Path
from typing import Literal

import msgspec

from vanta.domain.trading import Order

SOCKET = "broker.sock"
MAX_MESSAGE = 64 * 1024 * 1024

Verb = Literal[
    "submit",
    "cancel",
    "open_orders",
    "executions_since",
    "statement",
    "order_status",
    "positions",
    "account",
    "quote",
    "instrument",
]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One question; which fields count depends on `verb`."""

    verb: Verb
    order: Order | None = None
    market_time: int = 0
    client_order_id: str = ""
    watermark: int = 0
    symbol: str = ""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: the value, or why there is none."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""


def address(directory: Path) -> tuple[int, str]:
    """A descriptor of `directory`, to be closed, and a path to the socket in it.

    A socket's path has room for 107 bytes and a directory's may be longer; this one is short.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return fd, f"/proc/self/fd/{fd}/{SOCKET}"


def listen(directory: Path) -> socket.socket:
    """A listening socket in `directory`, in the place of one a crash left."""
    fd, path = address(directory)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (directory / SOCKET).unlink(missing_ok=True)
        listener.bind(path)
        (directory / SOCKET).chmod(0o660)
        listener.listen(16)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(fd)
    return listener


def connect(directory: Path, timeout: float) -> socket.socket:
    """A connection to the broker in `directory`; `timeout` in seconds holds for all that follows.

    Raises:
        OSError: nobody listens there.
    """
    fd, path = address(directory)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(fd)
    return connection
