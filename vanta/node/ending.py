"""When a service ends: what it waits on, and what a signal sets."""

import os
import select
import signal
from typing import Protocol


class Ending(Protocol):
    """What a service looks at, and waits on between two looks."""

    def is_set(self) -> bool:
        """Whether it is to end."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until then, or for so many seconds; whether it is to end."""


class Told:
    """An ending that a signal may tell of at any instruction.

    A `threading.Event` is not: the wait that a signal interrupts may hold the very lock that
    setting it takes, and the service neither goes on nor ends.
    """

    def __init__(self) -> None:
        self._told = False
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def tell(self) -> None:
        """From a signal handler or any thread."""
        self._told = True
        os.eventfd_write(self._wake, 1)

    def is_set(self) -> bool:
        """Whether it is to end."""
        return self._told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until then, or for so many seconds; whether it is to end."""
        if not self._told:
            waiting = select.poll()
            waiting.register(self._wake, select.POLLIN)
            waiting.poll(None if timeout is None else timeout * 1000)
        return self._told


def until_told() -> Told:
    """Told when somebody says to end, as systemd does, or a keyboard."""
    told = Told()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _got, _frame: told.tell())
    return told
