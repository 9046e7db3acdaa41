"""The controller's loop: it settles often, fetches when a poll or a hint says so, and ends well.

A fetch runs in a thread of its own, so that a forge that hangs delays neither a latch nor the
repair of a published file. Only a failed fetch makes it wait longer; a head that is refused never
delays the next one.
"""

import os
import random
import select
import threading
import time
from collections.abc import Callable

from vanta.domain.errors import UnavailableError
from vanta.governance.controller import Controller
from vanta.governance.fetcher import Fetched
from vanta.governance.hints import Allowance, HintSocket
from vanta.governance.notify import Watchdog, notify
from vanta.governance.walk import Step

SETTLE_EVERY = 0.1
"""Seconds between two looks at the node itself."""

DEAF_FOR = 0.05
"""Seconds after a hint in which no other one is heard, so that a flood wakes nobody."""

LONGEST_DELAY = 3.0
"""Seconds between two fetches while the forge cannot be reached."""

_UNREACHABLE = frozenset({"FETCH_FAILED", "FETCH_TIMEOUT"})


class Backoff:
    """How long to wait for the next fetch.

    Args:
        poll: seconds between two fetches while all is well.
        jitter: a factor, so that many nodes do not come back at once.
    """

    def __init__(
        self,
        poll: float,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 - no secret
    ) -> None:
        self._poll = poll
        self._jitter = jitter
        self._failures = 0

    def after(self, fetched: Fetched) -> float:
        """Seconds from the start of this fetch to the next."""
        error = fetched.head
        if not isinstance(error, UnavailableError) or error.code not in _UNREACHABLE:
            self._failures = 0
            return self._poll
        self._failures += 1
        longest = max(self._poll, LONGEST_DELAY)
        return float(min(longest, self._poll * 2**self._failures) * self._jitter())

    def reset(self) -> None:
        """Something says that it is worth trying now."""
        self._failures = 0


class Loop:
    """Runs a controller until it is told to stop.

    Args:
        controller: what to run; closed by whoever made it.
        poll: seconds between two fetches.
        hints: the node's own socket for hints.
        told: given the steps of each fetch that brought some.
        refresh: called after every round, to show how things stand.
        ready: called once the first fetch came to something.
    """

    def __init__(
        self,
        controller: Controller,
        poll: float,
        *,
        hints: HintSocket | None = None,
        told: Callable[[tuple[Step, ...]], None] = lambda _steps: None,
        refresh: Callable[[], None] = lambda: None,
        ready: Callable[[], object] = lambda: notify("READY=1"),
    ) -> None:
        self._controller = controller
        self._hints = hints
        self._told = told
        self._refresh = refresh
        self._announce = ready
        self._backoff = Backoff(poll)
        self._allowance = Allowance()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._deaf_until = 0.0
        self._stopping = False
        self._hinted = False
        self._due = time.monotonic()
        self._began = self._due
        self._thread: threading.Thread | None = None
        self._came: list[Fetched | BaseException] = []
        self._ready = False
        self._watchdog = Watchdog()

    def stop(self) -> None:
        """End after this round; from a signal handler or any thread."""
        self._stopping = True
        os.eventfd_write(self._wake, 1)

    def hint(self) -> None:
        """Fetch as soon as may be; from any thread."""
        self._hinted = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Run until `stop`.

        Raises:
            UnavailableError: the journal or the folder takes nothing: end the process.
        """
        try:
            while not self._stopping:
                self._controller.settle()
                self._take_in()
                self._fetch_if_due()
                self._refresh()
                self._watchdog.bark()
                self._wait()
        finally:
            notify("STOPPING=1")
            self._end()

    def _take_in(self) -> None:
        """Hand over what a fetch brought, once it is there."""
        if self._thread is None or self._thread.is_alive():
            return
        self._thread.join()
        self._thread = None
        came = self._came.pop()
        if isinstance(came, BaseException):
            raise came
        steps = self._controller.absorb(came)
        if steps:
            self._told(steps)
        # A hint that came meanwhile may be of something this fetch was too early for.
        self._due = min(self._due, self._began + self._backoff.after(came))
        if not self._ready:
            self._ready = True
            self._announce()

    def _fetch_if_due(self) -> None:
        if self._hinted:
            self._hinted = False
            self._backoff.reset()
            self._due = 0.0
        now = time.monotonic()
        if self._thread is None and now >= self._due and self._allowance.wait() == 0:
            self._allowance.take()
            self._began, self._due = now, float("inf")
            self._thread = threading.Thread(target=self._fetch, name="fetch", daemon=True)
            self._thread.start()

    def _fetch(self) -> None:
        try:
            self._came.append(self._controller.fetcher.fetch())
        except BaseException as error:  # noqa: BLE001 - raised again where somebody hears it
            self._came.append(error)
        os.eventfd_write(self._wake, 1)

    def _wait(self) -> None:
        now = time.monotonic()
        left = SETTLE_EVERY
        if self._thread is None:
            left = min(left, max(self._due - now, self._allowance.wait(), 0.0))
        listening: list[int | HintSocket] = [self._wake]
        if self._hints is not None and now >= self._deaf_until:
            listening.append(self._hints)
        for ready in select.select(listening, [], [], left)[0]:
            if ready is self._hints and self._hints is not None:
                self._hinted |= self._hints.drain()
                self._deaf_until = time.monotonic() + DEAF_FOR
            else:
                os.eventfd_read(self._wake)

    def _end(self) -> None:
        """Give up what is being fetched; nothing of it is lost but time."""
        self._controller.fetcher.abort()
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake)
