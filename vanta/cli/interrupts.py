"""What a command does that somebody stops: from the keyboard, by a signal, by hanging up."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""Exit code of a command that was stopped and has put everything back."""


class Stops:
    """Signals that stop a command; each raises `KeyboardInterrupt`, until they are held off."""

    def __init__(self) -> None:
        self._held_off = False

    def hold_off(self) -> None:
        """From now on nothing stops it: it puts back what it began."""
        self._held_off = True

    def heard(self, _number: int, _frame: FrameType | None) -> None:
        """A signal came."""
        if not self._held_off:
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stops]:
    """Hear every way of being stopped inside.

    Handlers and no ignored signals: those would be handed on to services that are started inside.
    """
    stops = Stops()
    before = {number: signal.signal(number, stops.heard) for number in _STOPS}
    try:
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
