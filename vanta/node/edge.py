"""One HTTP exchange with a vendor, sent once and with an end in sight.

A client that waits for ever, follows where it is sent or sends again on its own is no client for
orders, nor for what a timer starts. This one connects and reads within stated times, checks
certificates, follows nothing, reads no more than it was told to, and never sends twice.
"""

import contextlib
import http.client
import io
import ipaddress
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from vanta.domain.errors import RefusedError, UnavailableError
from vanta.domain.instant import SECOND

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 5.0
"""Seconds from the last byte sent to the last byte read, however it drips."""
MAX_BODY = 8 * 1024 * 1024
_BLOCK = 65_536

Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a vendor listens."""

    vendor: ClassVar[str] = "vendor"
    """What it is called in errors, whose codes begin with the same word."""

    host: str
    port: int
    secure: bool
    path: str
    """In front of every target; without a slash at its end."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address such as `https://api.example.com/v1`.

        Raises:
            RefusedError: no such address, or one that would send secrets in the clear.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        plain = parts.scheme == "http" and _is_here(host)
        extra = parts.query or parts.fragment or parts.username or parts.password
        if not host or extra or not (plain or parts.scheme == "https"):
            raise RefusedError(
                f"{url[:100]!r} is no address of a {cls.vendor}",
                code=f"{cls.vendor.upper()}_ENDPOINT",
                remedy="write `https://host/path`; plain http is for this machine alone",
            )
        return cls(host, port or (80 if plain else 443), not plain, parts.path.rstrip("/"))

    def __str__(self) -> str:
        """Host and port; never a path, which may name an account."""
        return f"{self.host}:{self.port}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy(endpoint: Endpoint) -> tuple[str, int] | None:
    """The node's proxy, where `HTTPS_PROXY` names one and the vendor is outside."""
    named = getproxies().get("https", "")
    if not named or _is_here(endpoint.host) or proxy_bypass(endpoint.host):
        return None
    parts = urlsplit(named)
    return parts.hostname or "", parts.port or 80


@dataclass(frozen=True, slots=True)
class Reply:
    """What a vendor answered. Its body is not in its text: it may hold what no log may."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    sent: int
    """UTC nanoseconds by the node's clock."""
    received: int

    @property
    def skew(self) -> int | None:
        """How far the node's clock is ahead of the vendor's at least, ns; None where unsaid.

        A `Date` names a second, and the answer was made some time between sending and receiving:
        what both explain is not skew.
        """
        try:
            made = int(parsedate_to_datetime(self.headers["date"]).timestamp()) * SECOND
        except (KeyError, ValueError):
            return None
        if self.sent > made + SECOND:
            return self.sent - made - SECOND
        return min(0, self.received - made)


class HttpEdge:
    """Connections to one endpoint; one thread at a time.

    Args:
        endpoint: where the vendor listens.
        clock: UTC nanoseconds.
        connect_timeout: seconds.
        read_timeout: seconds for the whole answer.
        max_body: bytes of an answer that are believed.
        authority: a file of certificates to trust instead of the system's.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Callable[[], int],
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        max_body: int = MAX_BODY,
        authority: Path | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._clock = clock
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._max_body = max_body
        self._authority = authority
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
        self._connection = None

    def exchange(
        self, method: Method, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """Send once, and read the answer whole.

        Raises:
            UnavailableError: no whole answer in time. Whether the vendor acted is not known, and
                the connection is given up: a late answer is never taken for the next one's.
        """
        deadline = time.monotonic() + self._connect_timeout + self._read_timeout
        try:
            connection = self._connected()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._away("UNREACHABLE", f"cannot be reached: {_why(error)}") from error
        try:
            sent = self._clock()
            connection.request(
                method, self.endpoint.path + target, body or None, dict(_sound(headers))
            )
            connection.response_class = _within(
                min(deadline, time.monotonic() + self._read_timeout)
            )
            with contextlib.closing(connection.getresponse()) as answer:
                data = self._whole(answer)
        except TimeoutError as error:
            self.close()
            raise self._away("TIMEOUT", "did not answer in time") from error
        except _TooLongError as error:
            self.close()
            raise self._away("TOO_LONG", "answers without an end") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._away("TORN", f"broke its answer off: {_why(error)}") from error
        if answer.will_close:
            self.close()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, data, found, sent, self._clock())

    def _connected(self) -> http.client.HTTPConnection:
        """A connection that nothing was heard on: what hung up, or speaks unasked, is left."""
        open_socket = self._connection.sock if self._connection is not None else None
        if open_socket is not None and select.select([open_socket], [], [], 0)[0]:
            self.close()
        if self._connection is None or self._connection.sock is None:
            self._connection = self._connect()
        self._connection.sock.settimeout(self._read_timeout)
        return self._connection

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self.endpoint.host, self.endpoint.port
        made: http.client.HTTPConnection
        proxy = _proxy(self.endpoint)
        if self.endpoint.secure:
            context = ssl.create_default_context(
                cafile=str(self._authority) if self._authority else None
            )
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            made = http.client.HTTPSConnection(
                *(proxy or (host, port)), timeout=self._connect_timeout, context=context
            )
            if proxy:
                # It carries bytes; whose certificate counts is the vendor's.
                made.set_tunnel(host, port)
        else:
            made = http.client.HTTPConnection(host, port, timeout=self._connect_timeout)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _whole(self, answer: http.client.HTTPResponse) -> bytes:
        data = bytearray()
        while block := answer.read(_BLOCK):
            data += block
            if len(data) > self._max_body:
                raise _TooLongError
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return bytes(data)

    def _away(self, code: str, message: str) -> UnavailableError:
        vendor = self.endpoint.vendor
        return UnavailableError(
            f"the {vendor} {message}", code=f"{vendor.upper()}_{code}", place=str(self.endpoint)
        )


def _sound(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {"Accept": "application/json", "User-Agent": "vanta", **headers}


def _why(error: Exception) -> str:
    """What a person is told of it; never what was sent or received."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if str(error).startswith("Tunnel connection failed"):
        return "the node's proxy lets nothing through to it"
    return getattr(error, "strerror", None) or type(error).__name__


class _TooLongError(http.client.HTTPException):
    """More than is read of any answer."""


class _Until(io.RawIOBase):
    """A socket's bytes, up to an instant: a vendor that drips gets no new timeout per byte."""

    def __init__(self, source: socket.socket, deadline: float) -> None:
        self._source, self._deadline = source, deadline
        # Its own hold on the socket: where the vendor will hang up, `HTTPConnection` lets go first.
        self._bytes = source.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._bytes.close()
        super().close()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's own is a private protocol
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._source.settimeout(left)
        return self._bytes.readinto(buffer) or 0


class _Source:
    """What `HTTPResponse` needs of a socket."""

    def __init__(self, source: socket.socket, deadline: float) -> None:
        self._source, self._deadline = source, deadline

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Until(self._source, self._deadline))


def _within(deadline: float) -> Any:  # noqa: ANN401 - stands where a class is expected
    def answer(source: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:  # noqa: ANN401
        timed: Any = _Source(source, deadline)
        return http.client.HTTPResponse(timed, *args, **kwargs)

    return answer
