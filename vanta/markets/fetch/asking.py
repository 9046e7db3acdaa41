"""Asking one vendor: at its pace, within the time that is left, and only while it is allowed.

Nothing it answers is believed before it is read: a refusal, a page for people or half an answer
is an error with a code, and never data.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from vanta.domain.errors import UnavailableError
from vanta.node.edge import CONNECT_TIMEOUT, Endpoint, HttpEdge, Method, Reply

READ_TIMEOUT = 8.0
"""Seconds for the whole of one answer."""
PATIENCE = 15.0
"""Longest pause a vendor may ask for before it is asked a second and last time, seconds."""
_PAUSE = 1.0
"""Where it does not say how long."""
_AGAIN = frozenset({429, 503})
_KEYS = frozenset({401, 403})
_LOOKED_AT = 256

T = TypeVar("T")


class NoAnswerError(UnavailableError):
    """A vendor answered nothing that may be recorded.

    Attributes:
        over: whether asking it for anything else in this turn is of no use either.
        reply: what it said instead; None where nothing came.
    """

    def __init__(
        self, message: str, *, code: str, place: str, over: bool, reply: Reply | None = None,
        remedy: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message, code=code, place=place, remedy=remedy)
        self.over = over
        self.reply = reply


@dataclass(frozen=True)
class Terms:
    """What every vendor is asked under, in one turn.

    Attributes:
        now: UTC nanoseconds the turn began at.
        ends: when it must be over, by `monotonic`.
        agent: who asks, as vendors are told.
        permit: raises where nothing may be asked any more.
        endings: hangs up on everybody when the turn is over.
    """

    now: int
    ends: float
    agent: str
    permit: Callable[[], None]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    endings: ExitStack = field(default_factory=ExitStack)


class Conversation:
    """All that is asked of one vendor in a turn.

    Args:
        url: such as `https://api.example.com`.
        terms: of the turn.
        pace: seconds between two requests, at least.
        headers: beside `User-Agent`; asked for with each request, for they may hold a secret.
    """

    def __init__(
        self,
        url: str,
        terms: Terms,
        *,
        pace: float = 0.0,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._edge = HttpEdge(Endpoint.parse(url), time.time_ns, read_timeout=READ_TIMEOUT)
        terms.endings.callback(self._edge.close)
        self._terms, self._pace, self._headers = terms, pace, headers
        self._turn = 0.0
        """When the next request may be sent, by the monotonic clock."""

    @property
    def place(self) -> str:
        """Host and port."""
        return str(self._edge.endpoint)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Ask for something; what comes back is an answer of status 200 and no page.

        Raises:
            NoAnswerError: refused, or not to be had; `UnavailableError` where nothing came whole.
            CollectorsHaltedError: it may not be asked any more.
        """
        target = quote(path) + ("?" + urlencode(query) if query else "")
        return self._sound(self._ask("GET", target))

    def post(self, path: str, form: Mapping[str, str]) -> Reply:
        """The same, with a form; see `get`."""
        return self._sound(self._ask("POST", quote(path), urlencode(form).encode()))

    def read(self, kind: type[T], reply: Reply) -> T:
        """The answer as JSON of a known shape, numbers with every digit.

        Raises:
            NoAnswerError: `VENDOR_UNREADABLE`: torn, or not what the vendor promises.
        """
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
            # The message names a field and a type, never what was in it.
            raise self.unreadable(str(error)) from error

    def unreadable(self, why: str) -> NoAnswerError:
        """What an answer that came whole and says nothing is told as."""
        return NoAnswerError(
            f"an answer that cannot be read: {why[:200]}",
            code="VENDOR_UNREADABLE",
            place=self.place,
            over=False,
        )

    def _ask(self, method: Method, target: str, body: bytes = b"") -> Reply:
        reply = self._exchange(method, target, body)
        if reply.status in _AGAIN:
            pause = _asked_pause(reply)
            if pause <= PATIENCE and self._left() > pause + CONNECT_TIMEOUT + READ_TIMEOUT:
                self._terms.sleep(pause)
                reply = self._exchange(method, target, body)
        return reply

    def _left(self) -> float:
        return self._terms.ends - self._terms.monotonic()

    def _exchange(self, method: Method, target: str, body: bytes) -> Reply:
        wait = max(0.0, self._turn - self._terms.monotonic())
        if self._left() < wait + CONNECT_TIMEOUT + READ_TIMEOUT:
            raise NoAnswerError(
                "the turn has no time left for it",
                code="NO_TIME",
                place=self.place,
                over=True,
                remedy="ask for less, or wait for the next turn: it goes on",
            )
        if wait:
            self._terms.sleep(wait)
        self._terms.permit()
        headers = {"User-Agent": self._terms.agent, **self._headers()}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return self._edge.exchange(method, target, headers, body)
        finally:
            self._turn = self._terms.monotonic() + self._pace

    def _sound(self, reply: Reply) -> Reply:
        status = reply.status
        if status == 200 and not _is_page(reply):  # noqa: PLR2004
            return reply
        code, message, over, remedy = _told(status)
        raise NoAnswerError(
            f"the vendor {message}", code=code, place=self.place, over=over, reply=reply,
            remedy=remedy,
        )  # fmt: skip


def _told(status: int) -> tuple[str, str, bool, str]:
    """Code, message, whether it is over, and remedy, of an answer that is not to be read."""
    if status in _KEYS:
        remedy = "put current keys into the unit's LoadCredential files; check who asks (`contact`)"
        return "VENDOR_CREDENTIALS", f"does not let us in ({status})", True, remedy
    if status == 429:  # noqa: PLR2004
        return "VENDOR_THROTTLED", "asks for fewer requests (429)", True, "ask for less"
    if 400 <= status < 500:  # noqa: PLR2004
        remedy = "see whether it knows what `markets.collect` names"
        return "VENDOR_REFUSED", f"refused to answer ({status})", False, remedy
    if 300 <= status < 400:  # noqa: PLR2004
        return "VENDOR_REDIRECTS", f"sends us elsewhere ({status}), and nobody follows", True, ""
    if status == 200:  # noqa: PLR2004
        return "VENDOR_PAGE", "answered with a page for people", True, ""
    return "VENDOR_FAILED", f"failed to answer ({status})", True, ""


def _is_page(reply: Reply) -> bool:
    """Whether an answer is HTML, by what it says of itself or by how it begins."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    begins = reply.body[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind == "text/html" or begins.startswith((b"<!doctype html", b"<html"))


def _asked_pause(reply: Reply) -> float:
    """Seconds the vendor asks to wait; a date counts as too long."""
    text = reply.headers.get("retry-after", "")
    if not text:
        return _PAUSE
    return float(text) if text.isascii() and text.isdecimal() else PATIENCE + 1
