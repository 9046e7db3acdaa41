"""Orders that a person asks to be taken back: a file each in `run/cancel/`, named by the order.

Asking is all that anybody else does: the Executor alone speaks to the broker and writes the
journal. A file lies there until its order is over, so asking twice is asking once, and a process
that is killed half-way asks the broker again. Cancels pass every switch.
"""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from vanta.domain.instant import SECOND
from vanta.domain.trading import OrderState
from vanta.executor.brokers.port import BrokerAwayError
from vanta.executor.desk import Desk
from vanta.executor.events import OrderCancelled
from vanta.executor.log import TradeLog

ASKED = "ASKED"
"""Why an order was cancelled that a person asked for."""
EVERY = SECOND
"""Least time between two attempts on one order."""
_AT_ONCE = 256
_ORDER = re.compile(r"ord_[0-9a-f]{32}\Z")
_MODE = 0o770


def folder_of(run: Path) -> Path:
    """Where the files lie, below the node's `run`."""
    return run / "cancel"


def ask(run: Path, client_order_id: str) -> None:
    """Ask the Executor to take an order back; again is nothing.

    Raises:
        OSError: no Executor ever ran here, or one may not ask it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    os.close(os.open(folder_of(run) / client_order_id, flags, 0o640))


class Withdrawals:
    """The Executor's side.

    Args:
        run: the node's folder of running processes.
        log: the trade log and its book.
        clock: UTC nanoseconds.
    """

    def __init__(self, run: Path, log: TradeLog, clock: Callable[[], int]) -> None:
        self._folder, self._log, self._clock = folder_of(run), log, clock
        self._asked: dict[str, int] = {}
        with contextlib.suppress(OSError):
            # Who has no such folder cannot be asked, and trades all the same.
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(_MODE)

    def step(self, desks: Sequence[Desk]) -> int:
        """One attempt on every order asked for; how many there were."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names only
        except OSError:
            return 0
        asked = [name for name in names if _ORDER.match(name)][:_AT_ONCE]
        return sum(self._one(name, desks) for name in sorted(asked))

    def _one(self, name: str, desks: Sequence[Desk]) -> bool:
        opened, now = self._log.book.open.get(name), self._clock()
        if opened is None:
            # It is over, or was never ours.
            self._asked.pop(name, None)
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
            return True
        desk = next((one for one in desks if one.broker.name == opened.order.broker), None)
        if desk is None or not desk.armed or now - self._asked.get(name, now - EVERY) < EVERY:
            return False
        self._asked[name] = now
        try:
            self._take_back(name, desk)
        except BrokerAwayError as error:
            desk.away(error)
        return True

    def _take_back(self, name: str, desk: Desk) -> None:
        self._log.message("cancel", name, desk.broker.name, self._clock())
        if desk.broker.cancel(name) is OrderState.CANCELLED:
            # What was filled before the cancel is taken in before the order is over.
            desk.router.poll()
            if name in self._log.book.open:
                self._log.of_order(name, OrderCancelled(name, ASKED))
        # After the cancel: it is counted, and waits for no disk.
        self._log.commit()
