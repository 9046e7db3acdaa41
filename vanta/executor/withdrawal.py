"""Orders that are taken back one by one: a person asks, a way out has to go first, or has outlived.

A way out of the Executor's own is wanted at a price of its moment. One that rests past its life is
taken back, so that what is left of the position is wanted out anew, at a price of now.

A person asks by a file in `run/cancel/`, named by the order and holding who asks. Asking is all
that anybody else does: the Executor alone speaks to the broker and writes the journal. A file lies
there until its order is over, so asking twice is asking once, and a process that is killed half-way
asks the broker again. Cancels pass every switch.
"""

import contextlib
import os
import pwd
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from vanta.domain.instant import SECOND
from vanta.domain.trading import OrderState
from vanta.executor.brokers.port import BrokerAwayError
from vanta.executor.desk import Desk
from vanta.executor.events import OrderCancelled
from vanta.executor.log import TradeLog
from vanta.executor.positions import OpenOrder
from vanta.executor.right_of_way import MAKES_WAY
from vanta.executor.stops import STRATEGY

ASKED = "ASKED"
"""Why an order was cancelled that a person asked for."""
OUTLIVED = "OUTLIVED"
"""Why a way out of the Executor's own was cancelled that did not fill in its life."""

EVERY = SECOND
"""Least time between two attempts on one order."""
_AT_ONCE = 256
_ORDER = re.compile(r"ord_[0-9a-f]{32}\Z")
_MODE = 0o770
_NAME_MOST = 64


def folder_of(run: Path) -> Path:
    """Where the files lie, below the node's `run`."""
    return run / "cancel"


def ask(run: Path, client_order_id: str, who: str = "") -> None:
    """Ask the Executor to take an order back; again is nothing, and the first who asked stays.

    Args:
        run: the node's folder of running processes.
        client_order_id: of the order.
        who: asks; beside it the Executor records whose file it is.

    Raises:
        OSError: no Executor ever ran here, or one may not ask it.
    """
    file = folder_of(run) / client_order_id
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        # Whoever may look into the folder may read it: the Executor must, as another user.
        fd = os.open(file, flags, 0o644)
    except FileExistsError:
        return
    with os.fdopen(fd, "wb") as written:
        written.write(who.encode()[:_NAME_MOST])


def asker(file: Path) -> str:
    """Who asked by a file: the user it belongs to, and whom it names where that is another."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    uid, told = os.fstat(fd).st_uid, ""
    # A folder, or a pipe that somebody holds open, asks like any other file.
    with contextlib.suppress(OSError):
        told = os.read(fd, _NAME_MOST).decode(errors="replace")
    os.close(fd)
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    named = "".join(one for one in told if one.isprintable()).strip()
    return f"{named} as {user}" if named and named != user else user


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
        """By order that is taken back: when its broker was asked last."""
        self._looked = 0
        """When ways out were last looked for that have outlived."""
        with contextlib.suppress(OSError):
            # Who has no such folder cannot be asked, and trades all the same.
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder.chmod(_MODE)

    def step(self, desks: Sequence[Desk]) -> int:
        """One attempt on every order asked for; how many there were."""
        if self._asked:
            book = self._log.book
            self._asked = {name: at for name, at in self._asked.items() if name in book.open}
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names only
        except OSError:
            names = []
        asked = [name for name in names if _ORDER.match(name)][:_AT_ONCE]
        return sum(self._one(name, desks) for name in sorted(asked)) + self._outlived(desks)

    def _outlived(self, desks: Sequence[Desk]) -> int:
        now = self._clock()
        if 0 <= now - self._looked < EVERY:
            return 0
        self._looked = now
        over = [
            opened
            for opened in self._log.book.open.values()
            if opened.order.strategy == STRATEGY and opened.expires <= now
        ]
        return sum(self._attempt(one, desks, why=OUTLIVED, who="") for one in over)

    def make_way(self, met: Iterable[tuple[OpenOrder, str]], desks: Sequence[Desk]) -> int:
        """One attempt on every order that makes way for an intent; how many there were."""
        return sum(self._attempt(one, desks, why=MAKES_WAY, who=wanted) for one, wanted in met)

    def _one(self, name: str, desks: Sequence[Desk]) -> bool:
        opened = self._log.book.open.get(name)
        if opened is None:
            # It is over, or was never ours.
            try:
                (self._folder / name).unlink()
            except OSError:
                return False
            return True
        return self._attempt(opened, desks, why=ASKED, who=asker(self._folder / name))

    def _attempt(self, opened: OpenOrder, desks: Sequence[Desk], *, why: str, who: str) -> bool:
        name, now = opened.order.client_order_id, self._clock()
        desk = next((one for one in desks if one.broker.name == opened.order.broker), None)
        lately = 0 <= now - self._asked.get(name, now - EVERY) < EVERY
        if desk is None or not desk.armed or lately:
            return False
        self._asked[name] = now
        try:
            self._take_back(name, desk, why=why, who=who)
        except BrokerAwayError as error:
            desk.away(error)
        return True

    def _take_back(self, name: str, desk: Desk, *, why: str, who: str) -> None:
        self._log.message("cancel", name, desk.broker.name, self._clock(), why=why, who=who)
        if desk.broker.cancel(name) is OrderState.CANCELLED:
            # What was filled before the cancel is taken in before the order is over.
            desk.router.poll()
            if name in self._log.book.open:
                self._log.of_order(name, OrderCancelled(name, why))
        # After the cancel: it is counted, and waits for no disk.
        self._log.commit()
